// The normal form of a trace: per request a tree of calls between services, each with its work and its groups of calls.

/** A trace as the simulator replays it, whatever format it came from. */
export interface Trace {
  readonly schema: "meshsim.trace/1";
  readonly name: string;
  readonly services: readonly Service[];
  readonly operations: readonly Operation[];
  /** The first call of each request, in the order the requests began. */
  readonly requests: readonly Call[];
}

/** A service that appears in the trace. */
export interface Service {
  readonly name: string;
  /** `inferred`: it left no span; a client span without a recorded callee tells of it (a database, a cache). */
  readonly kind: "observed" | "inferred";
}

/** An operation of a service. */
export interface Operation {
  /** Index into {@link Trace.services}. */
  readonly service: number;
  readonly name: string;
}

/** One call received by a service, with everything under it. */
export interface Call {
  /** Index into {@link Trace.services}. */
  readonly service: number;
  /** Index into {@link Trace.operations}; that operation is one of `service`. */
  readonly operation: number;
  /** Self time of server and local spans in nanoseconds: application work, before any CPU fraction. */
  readonly applicationNs: number;
  /** The traced system's own hop to reach this callee (client-span self time) in nanoseconds; 0 for a root. */
  readonly hopNs: number;
  /** Spans folded into this call: the callee's server and local spans, and the client span that made the call. */
  readonly spans: number;
  /** Size of the request message, where the trace tells it. */
  readonly requestBytes?: number;
  /** Size of the reply message, where the trace tells it. */
  readonly replyBytes?: number;
  /** Groups run one after another; calls inside one group overlapped in time. */
  readonly groups: readonly (readonly Call[])[];
}

/** The name of the normal form and its version, as files carry it. */
export const TRACE_SCHEMA = "meshsim.trace/1";

/** A call met on a walk. */
export interface Visit {
  readonly call: Call;
  /** 1 for the first call of a request. */
  readonly depth: number;
  readonly caller: Call | undefined;
  /** Which group of the caller it is in; 0 for the first call of a request. */
  readonly group: number;
}

/** All calls of all requests, callers before callees. It keeps its own stack: a trace can be deeper than JavaScript's. */
export function* walk(trace: Pick<Trace, "requests">): Generator<Visit, void, undefined> {
  for (const request of trace.requests) {
    const pending: Visit[] = [{ call: request, depth: 1, caller: undefined, group: 0 }];
    for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
      yield visit;
      const { call, depth } = visit;
      for (let group = call.groups.length - 1; group >= 0; group -= 1) {
        const calls = call.groups[group]!;
        for (let i = calls.length - 1; i >= 0; i -= 1) {
          pending.push({ call: calls[i]!, depth: depth + 1, caller: call, group });
        }
      }
    }
  }
}

/** `service operation` of a call, for messages. */
export function nameOfCall(trace: Trace, call: Call): string {
  return `${trace.services[call.service]!.name} ${trace.operations[call.operation]!.name}`;
}
