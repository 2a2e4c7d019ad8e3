// Reads Jaeger JSON in every shape met in practice: query API, UI download, bare trace, `{data: {...}}`, arrays of those.
//
// Fields: the query service's JSON model, jaegertracing/jaeger internal/uimodel/model.go. The UI's download repeats the
// whole chain of ancestors inside each reference and adds fields of its own (85 % of the bytes of a DeathStarBench file);
// both are passed over unread.
import type { Complaints } from "../diagnostic.ts";
import { printable, quote } from "../diagnostic.ts";
import type { JsonReader } from "../json-reader.ts";
import type { RepairLog } from "../repair.ts";
import type { CalleeHint, SpanKind, SpanTable } from "../span-table.ts";
import { canonicalId, sameTrace } from "../ids.ts";
import type { Importer, Input } from "./index.ts";
import type { Outline } from "./outline.ts";

const UNKNOWN_SERVICE = "unknown_service"; // as OpenTelemetry calls a service without a name
const UNNAMED = "unnamed";
/** Wrappers around traces: `[{data: [trace]}]` is the deepest one met. */
const MAX_WRAPPERS = 4;
/** 2^52 us after 1970 is the year 2112, and sums of two times stay exact. */
const MAX_START_US = 2 ** 52;
/** 104 days: its nanoseconds are still exact in a double. */
const MAX_DURATION_US = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
const MICROSECONDS = "Jaeger times are in microseconds";

// OpenTracing and OpenTelemetry (old and stable) names.
const SERVICE_TAGS = new Set(["peer.service"]);
const STORE_TAGS = new Set(["db.system", "db.system.name", "db.type"]);
const HOST_TAGS = new Set(["server.address", "net.peer.name", "peer.hostname", "http.host"]);
const URL_TAGS = new Set(["http.url", "url.full"]);
const REQUEST_TAGS = new Set(["http.request.body.size", "http.request_content_length", "rpc.request.size"]);
const REPLY_TAGS = new Set(["http.response.body.size", "http.response_content_length", "rpc.response.size"]);
const KINDS = new Set(["server", "client", "producer", "consumer", "internal"]);
const TAGS = new Set([
  "span.kind",
  ...[SERVICE_TAGS, STORE_TAGS, HOST_TAGS, URL_TAGS, REQUEST_TAGS, REPLY_TAGS].flatMap((tags) => [...tags]),
]);

/** The importer of Jaeger JSON. */
export const jaeger: Importer = {
  name: "jaeger",
  title: "Jaeger JSON",
  recognise: ({ has, complete }: Outline): boolean =>
    has("spans[].spanID") || has("spans[].operationName") || has("processes") || (complete && has("data")),
  import: (input: Input) => {
    new JaegerImport(input).document();
    return { kind: "spans", spans: input.spans };
  },
};

interface Reference {
  type: string;
  traceId: string;
  spanId: string;
}

/** What the tags of one span say. */
interface Tags {
  kind?: SpanKind;
  service?: string;
  store?: string;
  host?: string;
  requestBytes?: number | undefined;
  replyBytes?: number | undefined;
}

class JaegerImport {
  readonly #reader: JsonReader;
  readonly #spans: SpanTable;
  readonly #log: RepairLog;
  readonly #complaints: Complaints;
  readonly #hints = new Map<string, CalleeHint>();
  #serverMessage: string | undefined;

  constructor({ reader, spans, log, complaints }: Input) {
    this.#reader = reader;
    this.#spans = spans;
    this.#log = log;
    this.#complaints = complaints;
  }

  document(): void {
    this.#traces(0);
    this.#reader.end();
    if (this.#spans.length > 0 || this.#complaints.total > 0) return;
    const hint = this.#serverMessage === undefined ? undefined : `Jaeger answered: ${quote(this.#serverMessage)}`;
    this.#complaints.add("no spans in this Jaeger file", undefined, hint);
  }

  /** A trace, an answer of the query API, or an array of either. */
  #traces(wrappers: number): void {
    const reader = this.#reader;
    const kind = reader.peek();
    if (kind === "null") return reader.skip();
    if (kind !== "array") return this.#object(wrappers);
    if (wrappers === MAX_WRAPPERS) throw reader.error("expected a Jaeger trace, found arrays in arrays");
    for (let more = reader.firstItem(); more; more = reader.nextItem()) this.#traces(wrappers + 1);
  }

  #object(wrappers: number): void {
    const reader = this.#reader;
    const firstRow = this.#spans.length;
    const processIds: string[] = [];
    const processes = new Map<string, string>();
    let traceId = "";
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      if (key === "data" && wrappers < MAX_WRAPPERS) this.#traces(wrappers + 1);
      else if (key === "spans") this.#array(() => this.#span(processIds));
      else if (key === "processes") this.#processes(processes);
      else if (key === "traceID") traceId = this.#text();
      else if (key === "errors") this.#errors();
      else reader.skip();
    }
    // Only now are all processes and the trace id known: keys come in any order.
    if (processIds.length > 0) this.#finish(firstRow, processIds, processes, traceId);
  }

  #finish(firstRow: number, processIds: string[], processes: Map<string, string>, traceId: string): void {
    const { traceIds, services, offsets } = this.#spans;
    processIds.forEach((processId, i) => {
      const row = firstRow + i;
      if (traceIds[row] === "") traceIds[row] = traceId;
      const described = processes.get(processId);
      if (described !== undefined) services[row] = described;
      if (services[row] !== "") return;
      services[row] = UNKNOWN_SERVICE;
      this.#log.add("missing-process", offsets[row]!, () => `span has no described process (${quote(processId)})`);
    });
  }

  #span(processIds: string[]): void {
    const reader = this.#reader;
    if (reader.peek() !== "object") throw reader.error("expected a span, which is an object");
    const offset = reader.offset;
    let id = "";
    let traceId = "";
    let parentSpanId = "";
    let service = "";
    let operation = "";
    let processId = "";
    let startUs: number | undefined;
    let durationUs: number | undefined;
    const references: Reference[] = [];
    const tags: Tags = {};
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      if (key === "spanID") id = this.#text();
      else if (key === "traceID") traceId = this.#text();
      else if (key === "parentSpanID") parentSpanId = this.#text();
      else if (key === "operationName") operation = this.#name();
      else if (key === "processID") processId = this.#text();
      else if (key === "startTime") startUs = this.#time("startTime", MAX_START_US);
      else if (key === "duration") durationUs = this.#time("duration", MAX_DURATION_US);
      else if (key === "references") this.#array(() => references.push(this.#reference()));
      else if (key === "tags") this.#array(() => this.#tag(tags));
      else if (key === "process") service = this.#process();
      else reader.skip();
    }
    if (canonicalId(id) === "") this.#complaints.add("span has no spanID", offset);
    if (startUs === undefined) this.#complaints.add(`span ${quote(id)} has no startTime`, offset, MICROSECONDS);
    if (durationUs === undefined) this.#complaints.add(`span ${quote(id)} has no duration`, offset, MICROSECONDS);
    if ((durationUs ?? 0) < 0) {
      this.#log.add("negative-duration", offset, () => `span ${quote(id)} lasts ${durationUs} us`);
    }
    if (operation === "") {
      operation = UNNAMED;
      this.#log.add("missing-operation", offset, () => `span ${quote(id)} has no operation name`);
    }
    const parent = this.#parent(references, traceId, parentSpanId, offset);
    processIds.push(processId);
    this.#spans.add({
      traceId,
      id,
      ...parent,
      service,
      operation,
      kind: tags.kind,
      startUs: startUs ?? 0,
      durationUs: Math.max(0, durationUs ?? 0),
      hint: this.#hint(tags),
      requestBytes: tags.requestBytes,
      replyBytes: tags.replyBytes,
      offset,
    });
  }

  /** The first CHILD_OF of the same trace. OpenTelemetry writes its links as further FOLLOWS_FROM references. */
  #parent(
    all: Reference[],
    traceId: string,
    parentSpanId: string,
    offset: number,
  ): { parentId: string; follows: boolean } {
    const named = all.filter(({ spanId }) => canonicalId(spanId) !== "");
    const here = (r: Reference): boolean => r.traceId === "" || traceId === "" || sameTrace(r.traceId, traceId);
    const childOf = named.filter(({ type }) => type !== "FOLLOWS_FROM");
    const chosen = childOf.find(here) ?? childOf[0];
    if (childOf.length > 1) {
      this.#log.add(
        "extra-parent",
        offset,
        () => `span has ${childOf.length} parents, ${quote(chosen!.spanId)} is kept`,
      );
    }
    if (chosen !== undefined) return { parentId: chosen.spanId, follows: false };
    const followed = named.find(here);
    if (followed !== undefined) return { parentId: followed.spanId, follows: true };
    return { parentId: canonicalId(parentSpanId) === "" ? "" : parentSpanId, follows: false };
  }

  #reference(): Reference {
    const reader = this.#reader;
    const reference: Reference = { type: "CHILD_OF", traceId: "", spanId: "" };
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      if (key === "refType") reference.type = this.#text();
      else if (key === "traceID") reference.traceId = this.#text();
      else if (key === "spanID") reference.spanId = this.#text();
      else reader.skip();
    }
    return reference;
  }

  #processes(processes: Map<string, string>): void {
    const reader = this.#reader;
    if (reader.peek() === "null") return reader.skip();
    for (let id = reader.firstKey(); id !== undefined; id = reader.nextKey()) {
      const service = this.#process();
      if (service !== "") processes.set(id, service);
    }
  }

  /** The service name of a process. */
  #process(): string {
    const reader = this.#reader;
    let service = "";
    if (reader.peek() !== "object") {
      reader.skip();
      return service;
    }
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      if (key === "serviceName") service = this.#name();
      else reader.skip();
    }
    return service;
  }

  #tag(tags: Tags): void {
    const reader = this.#reader;
    let name = "";
    let value: unknown;
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      if (key === "key") name = this.#text();
      else if (key === "value" && (name === "" || TAGS.has(name))) value = reader.scalar();
      else reader.skip();
    }
    if (name === "span.kind" && KINDS.has(String(value).toLowerCase())) {
      tags.kind = String(value).toLowerCase() as SpanKind;
    } else if (SERVICE_TAGS.has(name)) tags.service ??= printable(String(value ?? ""));
    else if (STORE_TAGS.has(name)) tags.store ??= printable(String(value ?? ""));
    else if (HOST_TAGS.has(name)) tags.host ??= printable(String(value ?? ""));
    else if (URL_TAGS.has(name)) tags.host ??= printable(/^[a-z]+:\/\/([^/?#]+)/i.exec(String(value))?.[1] ?? "");
    else if (REQUEST_TAGS.has(name)) tags.requestBytes ??= byteCount(value);
    else if (REPLY_TAGS.has(name)) tags.replyBytes ??= byteCount(value);
  }

  #hint({ service, store, host }: Tags): CalleeHint | undefined {
    const kind = service ? "service" : store ? "store" : "host";
    const name = service || store || host;
    if (!name) return undefined;
    const key = `${kind} ${name}`;
    let hint = this.#hints.get(key);
    if (hint === undefined) this.#hints.set(key, (hint = { kind, name }));
    return hint;
  }

  /** Each item of an array; null stands for an empty one. */
  #array(item: () => void): void {
    const reader = this.#reader;
    if (reader.peek() === "null") return reader.skip();
    for (let more = reader.firstItem(); more; more = reader.nextItem()) item();
  }

  /** A text field; exporters differ on absent, null and numeric ids. */
  #text(): string {
    const value = this.#reader.scalar();
    return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  }

  #name(): string {
    const raw = this.#text();
    const name = printable(raw);
    if (name !== raw) this.#log.add("unprintable-name", this.#reader.offset, () => `${quote(raw)}`);
    return name;
  }

  #time(field: string, limitUs: number): number | undefined {
    const value = this.#reader.scalar();
    const time = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof time === "number" && Math.abs(time) <= limitUs) return time;
    const found = typeof time === "number" ? `${time}` : typeof time === "string" ? quote(time) : typeNameOf(time);
    this.#complaints.add(
      `expected ${field} as a number of microseconds up to ${limitUs}, found ${found}`,
      this.#reader.offset,
      MICROSECONDS,
    );
    return 0;
  }

  /** The query API's own report, such as "trace not found". */
  #errors(): void {
    const reader = this.#reader;
    if (reader.peek() !== "array") return reader.skip();
    for (let more = reader.firstItem(); more; more = reader.nextItem()) {
      if (reader.peek() !== "object") reader.skip();
      else {
        for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
          if (key === "msg") this.#serverMessage ??= this.#text();
          else reader.skip();
        }
      }
    }
  }
}

function byteCount(value: unknown): number | undefined {
  const bytes = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

function typeNameOf(value: unknown): string {
  return value === undefined ? "an object or an array" : value === null ? "null" : `a ${typeof value}`;
}
