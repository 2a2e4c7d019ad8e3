// What a trace in meshsim's own format must keep to, in whichever encoding it comes.
import { quote } from "./diagnostic.ts";
import type { Call, Operation, Service } from "./trace.ts";
import { TRACE_SCHEMA } from "./trace.ts";

/** A call under construction. */
export type DraftCall = { -readonly [K in Exclude<keyof Call, "groups">]?: Call[K] } & { groups: Call[][] };

/** The members of a call that are numbers. */
export const CALL_NUMBERS = [
  "service",
  "operation",
  "applicationNs",
  "hopNs",
  "spans",
  "requestBytes",
  "replyBytes",
] as const;
/** One of them. */
export type CallNumber = (typeof CALL_NUMBERS)[number];
/** Those that a call may lack. */
export const OPTIONAL_CALL_NUMBERS: ReadonlySet<string> = new Set(["requestBytes", "replyBytes"]);

/** Receives what is wrong. */
export type Complain = (message: string, hint?: string) => void;

/** The document must be of the one schema that this version reads. */
export function checkSchema(schema: string, complain: Complain): void {
  if (schema === TRACE_SCHEMA) return;
  complain(
    `expected schema ${quote(TRACE_SCHEMA)}, found ${quote(schema)}`,
    "this version of meshsim reads that schema only",
  );
}

/** Counts, indices and nanoseconds are integers that a double holds exactly. */
export function checkNumber(value: unknown, name: string, complain: Complain): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value + 0; // + 0 makes -0 plain
  const found = typeof value === "number" ? String(value) : value === null ? "null" : `a ${typeof value}`;
  complain(`expected ${name} as a whole number from 0 to 2^53 - 1, found ${found}`);
  return 0;
}

/** A service is observed or inferred. */
export function checkKind(kind: string, complain: Complain): Service["kind"] {
  if (kind === "observed" || kind === "inferred") return kind;
  complain(`expected kind "observed" or "inferred", found ${quote(kind)}`);
  return "observed";
}

/** Finds services and operations that occur twice, and indices that lead nowhere. */
export class TableCheck {
  readonly #services: Service[] = [];
  readonly #serviceNames = new Set<string>();
  readonly #operations: Operation[] = [];
  readonly #operationNames = new Set<string>();

  get services(): readonly Service[] {
    return this.#services;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  service(service: Service, complain: Complain): void {
    if (service.name === "") complain("a service has an empty name");
    else if (this.#serviceNames.has(service.name)) complain(`service ${quote(service.name)} occurs twice`);
    this.#serviceNames.add(service.name);
    this.#services.push(service);
  }

  operation(operation: Operation, complain: Complain): void {
    const { service, name } = operation;
    const key = `${service} ${name}`;
    if (service >= this.#services.length) complain(outside("service", service, this.#services.length));
    else if (this.#operationNames.has(key)) complain(`operation ${quote(name)} of service ${service} occurs twice`);
    this.#operationNames.add(key);
    this.#operations.push(operation);
  }

  call(service: number, operation: number, complain: Complain): void {
    const named = this.#operations[operation];
    if (named === undefined) complain(outside("operation", operation, this.#operations.length));
    else if (named.service !== service) {
      complain(`operation ${operation} (${quote(named.name)}) is one of service ${named.service}, not of ${service}`);
    }
  }
}

function outside(what: string, index: number, count: number): string {
  return `${what} ${index} does not exist; there ${count === 1 ? "is 1" : `are ${count}`}, counted from 0`;
}
