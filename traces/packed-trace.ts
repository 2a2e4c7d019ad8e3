// Turns the decoded MessagePack form back into a trace, checking each value: a file may hold anything.
import type { Complain, DraftCall } from "./check.ts";
import { TableCheck, checkKind, checkNumber, checkSchema } from "./check.ts";
import type { PackedCalls } from "./codec.ts";
import type { Complaints } from "./diagnostic.ts";
import { InputError, printable, quote } from "./diagnostic.ts";
import type { RepairLog } from "./repair.ts";
import type { Call, Trace } from "./trace.ts";
import { TRACE_SCHEMA } from "./trace.ts";

const COLUMNS = [
  "depth",
  "group",
  "operation",
  "applicationNs",
  "hopNs",
  "spans",
  "requestBytes",
  "replyBytes",
] as const;

/** The trace that a decoded document holds; what is wrong with it goes to `complaints`, named by its path. */
export function unpackTrace(document: unknown, complaints: Complaints, log: RepairLog): Trace {
  const name = (value: unknown, path: string): string => {
    if (typeof value !== "string") throw new InputError(`expected ${path} as a string`);
    const clean = printable(value);
    if (clean !== value) log.add("unprintable-name", undefined, () => `${path} is ${quote(value)}`);
    return clean;
  };
  const root = record(document, "the document");
  checkSchema(typeof root["schema"] === "string" ? root["schema"] : "", (m, hint) =>
    complaints.add(m, undefined, hint),
  );
  const tables = new TableCheck();
  list(root["services"], "services").forEach((item, i) => {
    const path = `services[${i}]`;
    const complain = complainAt(complaints, path);
    const service = record(item, path);
    const kind = checkKind(typeof service["kind"] === "string" ? service["kind"] : "", complain);
    tables.service({ name: name(service["name"], `${path}.name`), kind }, complain);
  });
  list(root["operations"], "operations").forEach((item, i) => {
    const path = `operations[${i}]`;
    const complain = complainAt(complaints, path);
    const operation = record(item, path);
    const service = checkNumber(operation["service"], "service", complain);
    tables.operation({ service, name: name(operation["name"], `${path}.name`) }, complain);
  });
  const requests = unpackCalls(columns(root["calls"]), tables, complaints);
  const { services, operations } = tables;
  return { schema: TRACE_SCHEMA, name: name(root["name"], "name"), services, operations, requests };
}

function columns(value: unknown): PackedCalls {
  const calls = record(value, "calls");
  const lengths = COLUMNS.map((column) => list(calls[column], `calls.${column}`).length);
  if (lengths.some((length) => length !== lengths[0])) {
    throw new InputError(`the columns of calls differ in length: ${lengths.join(", ")}`);
  }
  return calls as unknown as PackedCalls;
}

function unpackCalls(calls: PackedCalls, tables: TableCheck, complaints: Complaints): Call[] {
  const requests: Call[] = [];
  /** Callers of the current row, outermost first. */
  const callers: DraftCall[] = [];
  calls.depth.forEach((_, row) => {
    const complain = complainAt(complaints, `calls[${row}]`);
    const number = (column: (typeof COLUMNS)[number]): number => checkNumber(calls[column][row], column, complain);
    const size = (column: "requestBytes" | "replyBytes"): { [C in typeof column]?: number } =>
      (calls[column][row] ?? null) === null ? {} : { [column]: number(column) };
    const depth = number("depth");
    const group = number("group");
    const operation = number("operation");
    const service = tables.operations[operation]?.service ?? 0;
    tables.call(service, operation, complain);
    const [applicationNs, hopNs, spans] = [number("applicationNs"), number("hopNs"), number("spans")];
    const call = {
      service,
      operation,
      applicationNs,
      hopNs,
      spans,
      ...size("requestBytes"),
      ...size("replyBytes"),
      groups: [],
    };
    const siblings = depth === 0 && group === 0 ? requests : groupOf(callers[depth - 1], group);
    if (siblings === undefined) {
      complain(`depth ${depth} and group ${group} do not follow the call before it`);
      return;
    }
    siblings.push(call);
    callers.length = depth;
    callers.push(call);
  });
  if (requests.length === 0) complaints.add("the trace has no requests");
  return requests;
}

/** The group a call goes to: the last one of its caller, or the one after it. */
function groupOf(caller: DraftCall | undefined, group: number): Call[] | undefined {
  if (caller === undefined) return undefined;
  if (group === caller.groups.length) caller.groups.push([]);
  return group === caller.groups.length - 1 ? caller.groups[group] : undefined;
}

function complainAt(complaints: Complaints, path: string): Complain {
  return (message, hint) => complaints.add(`${path}: ${message}`, undefined, hint);
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InputError(`not a meshsim trace in MessagePack: expected ${path} as a map`);
}

function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InputError(`not a meshsim trace in MessagePack: expected ${path} as an array`);
}
