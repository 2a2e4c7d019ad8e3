// Sums up a trace: how many, how deep, how wide, how long.
import type { Call, Trace } from "./trace.ts";
import { walk } from "./trace.ts";

/** Nearest-rank percentiles: each is a value that occurs. All 0 where there are no values. */
export interface Percentiles {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** All calls from one service to another. */
export interface ServiceEdge {
  /** Indices into {@link Trace.services}. */
  readonly caller: number;
  readonly callee: number;
  readonly calls: number;
  /** Sum of the traced system's own hops. */
  readonly hopNs: number;
}

/** What {@link traceStatistics} finds. */
export interface TraceStatistics {
  readonly services: { readonly observed: number; readonly inferred: number };
  readonly operations: number;
  readonly requests: number;
  /** Calls, the first one of each request included. */
  readonly calls: number;
  readonly spans: number;
  readonly callsPerRequest: Percentiles;
  /** Calls on the longest path of a request. */
  readonly depth: Percentiles;
  /** Calls made by one call, over the calls that make any. */
  readonly fanOut: Percentiles;
  /** Calls that overlapped with another call of their caller. */
  readonly concurrentCalls: number;
  /** Application work of one call. */
  readonly applicationNs: Percentiles & { readonly total: number };
  /** The traced system's hop, over the calls where it was observed. */
  readonly hopNs: Percentiles & { readonly total: number; readonly calls: number };
  /** Calls whose request or reply size the trace tells. */
  readonly sizedCalls: number;
  /** Who calls whom, most calls first. */
  readonly edges: readonly ServiceEdge[];
}

/** Statistics of a trace. */
export function traceStatistics(trace: Trace): TraceStatistics {
  const depths: number[] = [];
  const callsPerRequest: number[] = [];
  const fanOuts: number[] = [];
  const application: number[] = [];
  const hops: number[] = [];
  const edges = new Map<number, { caller: number; callee: number; calls: number; hopNs: number }>();
  let [spans, concurrentCalls, sizedCalls] = [0, 0, 0];
  for (const { call, depth, caller, group } of walk(trace)) {
    if (caller === undefined) {
      depths.push(0);
      callsPerRequest.push(0);
    } else {
      const key = caller.service * trace.services.length + call.service;
      let edge = edges.get(key);
      if (edge === undefined)
        edges.set(key, (edge = { caller: caller.service, callee: call.service, calls: 0, hopNs: 0 }));
      edge.calls += 1;
      edge.hopNs += call.hopNs;
      if (caller.groups[group]!.length > 1) concurrentCalls += 1;
    }
    depths[depths.length - 1] = Math.max(depths.at(-1)!, depth);
    callsPerRequest[callsPerRequest.length - 1]! += 1;
    const callees = calleesOf(call);
    if (callees > 0) fanOuts.push(callees);
    application.push(call.applicationNs);
    if (call.hopNs > 0) hops.push(call.hopNs);
    if (call.requestBytes !== undefined || call.replyBytes !== undefined) sizedCalls += 1;
    spans += call.spans;
  }
  const observed = trace.services.filter(({ kind }) => kind === "observed").length;
  return {
    services: { observed, inferred: trace.services.length - observed },
    operations: trace.operations.length,
    requests: trace.requests.length,
    calls: application.length,
    spans,
    callsPerRequest: percentiles(callsPerRequest),
    depth: percentiles(depths),
    fanOut: percentiles(fanOuts),
    concurrentCalls,
    applicationNs: { ...percentiles(application), total: sum(application) },
    hopNs: { ...percentiles(hops), total: sum(hops), calls: hops.length },
    sizedCalls,
    edges: [...edges.values()].sort((a, b) => b.calls - a.calls || a.caller - b.caller || a.callee - b.callee),
  };
}

function calleesOf({ groups }: Call): number {
  let callees = 0;
  for (const group of groups) callees += group.length;
  return callees;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Nearest-rank percentiles of any values, in any order. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? 0;
  return { p10: at(10), p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}
