// The table of trace formats. To add one: write its importer beside this file and put it in the table.
import type { Complaints, Source } from "../diagnostic.ts";
import { InputError } from "../diagnostic.ts";
import type { JsonReader } from "../json-reader.ts";
import type { RepairLog } from "../repair.ts";
import type { SpanTable } from "../span-table.ts";
import type { Trace } from "../trace.ts";
import { jaeger } from "./jaeger.ts";
import { meshsimJson, meshsimMessagePack } from "./meshsim.ts";
import type { Outline } from "./outline.ts";
import { firstNonSpace } from "./outline.ts";

/** What an importer reads from and reports to. */
export interface Input {
  readonly source: Source;
  /** At the start of the document; of use for JSON only. */
  readonly reader: JsonReader;
  /** Where an importer of spans puts them. */
  readonly spans: SpanTable;
  readonly log: RepairLog;
  /** What is wrong and cannot be repaired; where anything is in it, the import has failed. */
  readonly complaints: Complaints;
}

/** What an importer found: spans to be folded, or a trace in normal form. */
export type Found =
  { readonly kind: "spans"; readonly spans: SpanTable } | { readonly kind: "trace"; readonly trace: Trace };

/** One format. */
export interface Importer {
  readonly name: string;
  readonly title: string;
  /** Decided from content alone, never from the name of the file. */
  recognise(outline: Outline): boolean;
  /** Throws {@link InputError} where the input cannot be read any further. */
  import(input: Input): Found;
}

/** A format that is known but not read: its files get a polite answer. */
function known(name: string, title: string, recognise: (outline: Outline) => boolean, hint: string): Importer {
  return {
    name,
    title,
    recognise,
    import: ({ source }) => {
      throw new InputError(
        `this looks like ${title}, which meshsim does not read yet`,
        firstNonSpace(source.bytes),
        hint,
      );
    },
  };
}

const FROM_JAEGER = "export the trace from Jaeger (UI: Trace JSON; API: /api/traces/<id>) and give that file";
const columns =
  (...names: string[]) =>
  (outline: Outline) => {
    const header = outline.header.split(/[,;\t]/).map((name) => name.trim().replaceAll('"', ""));
    return outline.encoding === "text" && names.every((name) => header.includes(name));
  };

/** Every format, in the order in which they are asked. */
export const IMPORTERS: readonly Importer[] = [
  meshsimJson,
  meshsimMessagePack,
  jaeger,
  known(
    "otlp",
    "an OpenTelemetry (OTLP/JSON) trace",
    ({ has }) =>
      ["resourceSpans", "resource_spans", "scopeSpans", "batches", "trace.resourceSpans", "result.resourceSpans"].some(
        has,
      ),
    `send it to Jaeger over OTLP, then ${FROM_JAEGER}`,
  ),
  known("zipkin", "a Zipkin v2 trace", ({ has }) => has("traceId") && has("id"), FROM_JAEGER),
  known(
    "jaeger-elasticsearch",
    "Jaeger spans as Elasticsearch stores them",
    ({ has, complete }) => has("hits.hits[]._source") || has("_source") || (complete && has("spanID")),
    FROM_JAEGER,
  ),
  known("chrome", "a Chrome trace-event file", ({ has }) => has("traceEvents"), "it holds no calls between services"),
  known(
    "alibaba",
    "an Alibaba cluster-trace table of calls",
    (outline) => columns("traceid", "rpcid")(outline) || columns("traceid", "rpc_id")(outline),
    "Alibaba call graphs come with a later version",
  ),
  known(
    "azure",
    "an Azure Functions trace",
    (outline) => columns("hashowner")(outline) || columns("app", "func", "end_timestamp")(outline),
    "Azure Functions traces come with a later version; they hold arrivals, no calls between services",
  ),
  known(
    "csv",
    "a CSV table",
    ({ encoding, header }) => encoding === "text" && /^[^{[<]*[,;\t]/.test(header),
    FROM_JAEGER,
  ),
];
