// Reads meshsim's own trace format from JSON, with the place of everything that is wrong in it.
import type { CallNumber, Complain, DraftCall } from "./check.ts";
import { CALL_NUMBERS, OPTIONAL_CALL_NUMBERS, TableCheck, checkKind, checkNumber, checkSchema } from "./check.ts";
import type { Complaints } from "./diagnostic.ts";
import { printable, quote } from "./diagnostic.ts";
import type { JsonReader } from "./json-reader.ts";
import type { RepairLog } from "./repair.ts";
import type { Call, Service, Trace } from "./trace.ts";
import { TRACE_SCHEMA } from "./trace.ts";

/** Members by name, each with what reads its value. */
type Members = Readonly<Record<string, () => void>>;

/** A call whose members are being read. */
interface OpenCall {
  readonly draft: DraftCall;
  readonly offset: number;
  /** It has had its member `groups`. */
  grouped: boolean;
}

/** Reads one document; what is wrong goes to the complaints of the input, or ends the reading by an InputError. */
export class JsonTraceReader {
  readonly #reader: JsonReader;
  readonly #complaints: Complaints;
  readonly #log: RepairLog;
  readonly #tables = new TableCheck();
  /** Complains about the value read last. */
  readonly #complain: Complain;

  constructor({ reader, complaints, log }: { reader: JsonReader; complaints: Complaints; log: RepairLog }) {
    this.#reader = reader;
    this.#complaints = complaints;
    this.#log = log;
    this.#complain = (message, hint) => complaints.add(message, reader.offset, hint);
  }

  document(): Trace {
    const reader = this.#reader;
    let name = "";
    const marks = { services: -1, operations: -1, requests: -1 };
    const later = (part: keyof typeof marks) => () => {
      marks[part] = reader.mark();
      reader.skip();
    };
    this.#object("the trace", ["schema", "name", "services", "operations", "requests"], {
      $schema: () => reader.skip(),
      schema: () => checkSchema(reader.string(), this.#complain),
      name: () => (name = this.#name()),
      services: later("services"),
      operations: later("operations"),
      requests: later("requests"),
    });
    reader.end();
    // Members come in any order, but calls can be checked only when services and operations are known.
    this.#at(marks.services, "services", () => this.#service());
    this.#at(marks.operations, "operations", () => this.#operation());
    const requests: Call[] = [];
    this.#at(marks.requests, "requests", () => requests.push(this.#call()));
    const { services, operations } = this.#tables;
    return { schema: TRACE_SCHEMA, name, services, operations, requests };
  }

  /** Reads the items of a marked array, of which there must be one at least. */
  #at(mark: number, what: string, item: () => void): void {
    if (mark < 0) return;
    const reader = this.#reader;
    reader.seek(mark);
    if (!reader.firstItem()) return this.#complaints.add(`the trace has no ${what}`, mark);
    do item();
    while (reader.nextItem());
  }

  #service(): void {
    let name = "";
    let kind: Service["kind"] = "observed";
    const offset = this.#object("a service", ["name", "kind"], {
      name: () => (name = this.#name()),
      kind: () => (kind = checkKind(this.#reader.string(), this.#complain)),
    });
    this.#tables.service({ name, kind }, (message) => this.#complaints.add(message, offset));
  }

  #operation(): void {
    let service = 0;
    let name = "";
    const offset = this.#object("an operation", ["service", "name"], {
      service: () => (service = this.#number("service")),
      name: () => (name = this.#name()),
    });
    this.#tables.operation({ service, name }, (message) => this.#complaints.add(message, offset));
  }

  /** A call with all below it. The stack is an array, since a trace can be deeper than JavaScript's. */
  #call(): Call {
    const reader = this.#reader;
    const callers: OpenCall[] = [];
    let at: "call" | "members" | "group" = "call";
    let current: OpenCall = { draft: { groups: [] }, offset: 0, grouped: false };
    let key: string | undefined;
    const afterGroup = (): void => {
      if (reader.nextItem()) at = "group";
      else {
        at = "members";
        key = reader.nextKey();
      }
    };
    for (;;) {
      if (at === "call") {
        reader.peek();
        current = { draft: { groups: [] }, offset: reader.offset, grouped: false };
        key = reader.firstKey();
        at = "members";
      } else if (at === "group") {
        if (reader.firstItem()) {
          current.draft.groups.push([]);
          callers.push(current);
          at = "call";
        } else {
          this.#complaints.add("a group without calls", reader.offset);
          afterGroup();
        }
      } else if (key === undefined) {
        const call = this.#finish(current);
        const caller = callers.pop();
        if (caller === undefined) return call;
        caller.draft.groups.at(-1)!.push(call);
        current = caller;
        if (!reader.nextItem()) afterGroup();
        else {
          callers.push(caller);
          at = "call";
        }
      } else if (key === "groups") {
        current.grouped = true;
        if (reader.firstItem()) at = "group";
        else key = reader.nextKey();
      } else {
        this.#member(current.draft, key);
        key = reader.nextKey();
      }
    }
  }

  #member(draft: DraftCall, key: string): void {
    if ((CALL_NUMBERS as readonly string[]).includes(key)) draft[key as CallNumber] = this.#number(key);
    else this.#unknown("a call", key, [...CALL_NUMBERS, "groups"]);
  }

  #finish({ draft, offset, grouped }: OpenCall): Call {
    const complain: Complain = (message) => this.#complaints.add(message, offset);
    if (!grouped) complain("a call has no groups");
    for (const name of CALL_NUMBERS) {
      if (draft[name] === undefined && !OPTIONAL_CALL_NUMBERS.has(name)) complain(`a call has no ${name}`);
    }
    const { service = 0, operation = 0 } = draft;
    this.#tables.call(service, operation, complain);
    const { applicationNs = 0, hopNs = 0, spans = 0, requestBytes, replyBytes, groups } = draft;
    return {
      ...{ service, operation, applicationNs, hopNs, spans },
      ...(requestBytes === undefined ? {} : { requestBytes }),
      ...(replyBytes === undefined ? {} : { replyBytes }),
      groups,
    };
  }

  /** Reads an object of known members; gives where it begins. */
  #object(what: string, required: readonly string[], members: Members): number {
    const reader = this.#reader;
    reader.peek();
    const offset = reader.offset;
    const byName = new Map(Object.entries(members));
    const seen = new Set<string>();
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      seen.add(key);
      const read = byName.get(key);
      if (read === undefined) this.#unknown(what, key, [...byName.keys()]);
      else read();
    }
    for (const name of required) if (!seen.has(name)) this.#complaints.add(`${what} has no ${name}`, offset);
    return offset;
  }

  #unknown(what: string, key: string, names: readonly string[]): void {
    this.#complain(`${what} has no member ${quote(key)}`, `its members are ${names.join(", ")}`);
    this.#reader.skip();
  }

  #number(name: string): number {
    return checkNumber(this.#reader.scalar() ?? null, name, this.#complain);
  }

  #name(): string {
    const raw = this.#reader.string();
    const name = printable(raw);
    if (name !== raw) this.#log.add("unprintable-name", this.#reader.offset, () => quote(raw));
    return name;
  }
}
