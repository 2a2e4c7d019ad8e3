// Writes Jaeger JSON for tests from a few words a span, and reads it.
import type { Diagnostics } from "../../traces/diagnostic.ts";
import type { Imported, ReadOptions } from "../../traces/read.ts";
import { readTrace } from "../../traces/read.ts";
import type { Call, Trace } from "../../traces/trace.ts";
import { nameOfCall } from "../../traces/trace.ts";

/** A span in short; times in microseconds. */
export interface Span {
  readonly id: string;
  readonly parent?: string;
  readonly service: string;
  readonly name?: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: string;
  readonly tags?: Readonly<Record<string, string | number>>;
  readonly traceId?: string;
  readonly follows?: boolean;
}

/** One trace object as the query API has it. */
export function jaegerTrace(spans: readonly Span[], traceID: string = "1"): Record<string, unknown> {
  const services = [...new Set(spans.map(({ service }) => service))];
  const tags = ({ kind, tags }: Span): object[] =>
    Object.entries({ ...(kind === undefined ? {} : { "span.kind": kind }), ...tags }).map(([key, value]) => ({
      key,
      value,
    }));
  return {
    traceID,
    spans: spans.map((span) => ({
      traceID: span.traceId ?? traceID,
      spanID: span.id,
      operationName: span.name ?? `op-${span.id}`,
      references:
        span.parent === undefined
          ? []
          : [
              {
                refType: span.follows ? "FOLLOWS_FROM" : "CHILD_OF",
                traceID: span.traceId ?? traceID,
                spanID: span.parent,
              },
            ],
      startTime: span.start,
      duration: span.end - span.start,
      tags: tags(span),
      processID: `p${services.indexOf(span.service) + 1}`,
    })),
    processes: Object.fromEntries(services.map((serviceName, i) => [`p${i + 1}`, { serviceName }])),
  };
}

export function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
}

/** Reads a document that must be a trace. */
export function read(document: unknown, options: Partial<ReadOptions> = {}): Imported {
  const result = readTrace(document instanceof Uint8Array ? document : bytesOf(document), {
    file: "test.json",
    ...options,
  });
  if (result.kind !== "trace") throw new Error(`not read: ${JSON.stringify(result.diagnostics, null, 2)}`);
  return result;
}

/** Reads a document that must be refused. */
export function refuse(document: unknown, options: Partial<ReadOptions> = {}): Diagnostics {
  const result = readTrace(document instanceof Uint8Array ? document : bytesOf(document), {
    file: "test.json",
    ...options,
  });
  if (result.kind !== "diagnostics") throw new Error("read, but should have been refused");
  return result;
}

/** A small trace as text, a line a call: indent by depth, `+` before a call that overlaps the one before it. */
export function outlineOf(trace: Trace): string[] {
  const lines: string[] = [];
  const show = (call: Call, depth: number, concurrent: boolean): void => {
    const hop = call.hopNs > 0 ? ` hop ${call.hopNs / 1000}` : "";
    const work = `work ${call.applicationNs / 1000}`;
    lines.push(`${"  ".repeat(depth)}${concurrent ? "+ " : ""}${nameOfCall(trace, call)}: ${work}${hop}`);
    for (const group of call.groups) group.forEach((callee, i) => show(callee, depth + 1, i > 0));
  };
  for (const request of trace.requests) show(request, 0, false);
  return lines;
}
