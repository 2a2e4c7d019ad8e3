// Numbers the services and operations of a trace in the order they are first met.
import type { Operation, Service } from "./trace.ts";

/** Services and operations under construction. */
export class NameTable {
  readonly #services = new Map<string, { index: number; kind: Service["kind"] }>();
  /** Per service: operation name → index. */
  readonly #operationIndex: Map<string, number>[] = [];
  readonly #operations: Operation[] = [];

  /** Index of an operation; a service that was seen once is observed, whoever else inferred it. */
  operation(serviceName: string, kind: Service["kind"], name: string): number {
    let service = this.#services.get(serviceName);
    if (service === undefined) {
      service = { index: this.#services.size, kind };
      this.#services.set(serviceName, service);
      this.#operationIndex.push(new Map());
    }
    if (kind === "observed") service.kind = kind;
    const known = this.#operationIndex[service.index]!;
    let index = known.get(name);
    if (index === undefined) {
      index = this.#operations.length;
      known.set(name, index);
      this.#operations.push({ service: service.index, name });
    }
    return index;
  }

  serviceOf(operation: number): number {
    return this.#operations[operation]!.service;
  }

  tables(): { services: Service[]; operations: Operation[] } {
    const services = [...this.#services].map(([name, { kind }]) => ({ name, kind }));
    return { services, operations: this.#operations };
  }
}
