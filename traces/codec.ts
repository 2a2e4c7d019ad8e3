// Writes traces in meshsim's own format, as JSON and as MessagePack.
import { Buffer } from "node:buffer";
import { encode } from "@msgpack/msgpack";
import type { Call, Operation, Service, Trace } from "./trace.ts";
import { walk } from "./trace.ts";

/**
 * The MessagePack form: the calls as a flat table in pre-order. Nested as in JSON, a deep trace would overflow the
 * stack of recursive encoders and decoders (ours among them), and a table is a quarter of the size.
 */
export interface PackedTrace {
  readonly schema: Trace["schema"];
  readonly name: string;
  readonly services: readonly Service[];
  readonly operations: readonly Operation[];
  readonly calls: PackedCalls;
}

/** Parallel columns, one row a call; `null` where a size is not known. The service of a call is that of its operation. */
export interface PackedCalls {
  /** 0 for the first call of a request. */
  readonly depth: readonly number[];
  /** Which group of its caller a call is in. */
  readonly group: readonly number[];
  readonly operation: readonly number[];
  readonly applicationNs: readonly number[];
  readonly hopNs: readonly number[];
  readonly spans: readonly number[];
  readonly requestBytes: readonly (number | null)[];
  readonly replyBytes: readonly (number | null)[];
}

/** Encodes a trace; {@link readTrace} reads both forms back to an equal trace. */
export function writeTrace(trace: Trace, form: "json" | "msgpack"): Uint8Array {
  return form === "json" ? writeJson(trace) : encode(pack(trace));
}

function pack(trace: Trace): PackedTrace {
  const { schema, name, services, operations } = trace;
  const visits = [...walk(trace)];
  const column = <T>(value: (call: Call) => T): T[] => visits.map(({ call }) => value(call));
  return {
    schema,
    name,
    services: services.map(({ name, kind }) => ({ name, kind })),
    operations: operations.map(({ service, name }) => ({ service, name })),
    calls: {
      depth: visits.map(({ depth }) => depth - 1),
      group: visits.map(({ group }) => group),
      operation: column((call) => call.operation),
      applicationNs: column((call) => call.applicationNs),
      hopNs: column((call) => call.hopNs),
      spans: column((call) => call.spans),
      requestBytes: column((call) => call.requestBytes ?? null),
      replyBytes: column((call) => call.replyBytes ?? null),
    },
  };
}

/** One request a line, so that two traces can be compared by diff. */
function writeJson(trace: Trace): Uint8Array {
  const out = new TextWriter();
  const list = (items: readonly unknown[]): string =>
    `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`;
  out.write(`{\n  "schema": ${JSON.stringify(trace.schema)},\n  "name": ${JSON.stringify(trace.name)},\n`);
  out.write(`  "services": ${list(trace.services.map(({ name, kind }) => ({ name, kind })))},\n`);
  out.write(`  "operations": ${list(trace.operations.map(({ service, name }) => ({ service, name })))},\n`);
  out.write(`  "requests": [\n`);
  trace.requests.forEach((request, i) => {
    out.write(i === 0 ? "    " : ",\n    ");
    writeCall(out, request);
  });
  out.write("\n  ]\n}\n");
  return out.bytes();
}

/** Writes a call with all below it, with a stack of its own: JSON.stringify recurses. */
function writeCall(out: TextWriter, request: Call): void {
  const open: { call: Call; group: number; next: number }[] = [];
  const begin = (call: Call): void => {
    const { service, operation, applicationNs, hopNs, spans, requestBytes, replyBytes } = call;
    // Undefined members are left out.
    const own = JSON.stringify({ service, operation, applicationNs, hopNs, spans, requestBytes, replyBytes });
    out.write(`${own.slice(0, -1)},"groups":[`);
    open.push({ call, group: 0, next: 0 });
  };
  begin(request);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const group = top.call.groups[top.group];
    if (group === undefined) {
      out.write("]}");
      open.pop();
    } else if (top.next === group.length) {
      out.write("]");
      top.group += 1;
      top.next = 0;
    } else {
      if (top.next > 0) out.write(",");
      else out.write(top.group > 0 ? ",[" : "[");
      begin(group[top.next++]!);
    }
  }
}

/** Text to UTF-8 in pieces: a whole file can be longer than a V8 string. */
class TextWriter {
  readonly #pieces: Buffer[] = [];
  #pending = "";

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length > 1 << 16) this.#flush();
  }

  bytes(): Uint8Array {
    this.#flush();
    const all = Buffer.concat(this.#pieces);
    return new Uint8Array(all.buffer, all.byteOffset, all.byteLength);
  }

  #flush(): void {
    this.#pieces.push(Buffer.from(this.#pending, "utf8"));
    this.#pending = "";
  }
}
