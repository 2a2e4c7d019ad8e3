// Turns a trace's call trees into work: which service runs which plan, with which payloads, how long, in what order.
import type { Call, Trace } from "../traces/trace.ts";
import { spanChecksum } from "./checksum.ts";
import type { Payload } from "./messages.ts";
import { makePayload } from "./payloads.ts";
import { Random } from "./random.ts";

/** What the trace does not carry and the result depends on: declared, seeded, named in every report. */
export interface Assumptions {
  readonly seed: number;
  readonly payload: PayloadSize;
  /** Share of application self time that the CPU was busy, in (0, 1]. */
  readonly cpuFraction: number;
  /** Share of each payload that its receiver reads, in [0, 1]. */
  readonly touch: number;
  /** Bytes that a service's compute loop walks; a power of two. */
  readonly workingSetBytes: number;
  /** Compute executed per call, in cycles of the steady loop; the rest is extrapolated. */
  readonly computeLimitCycles: number;
}

/** Encoded size of a request or reply payload. */
export type PayloadSize =
  | { readonly kind: "fixed"; readonly bytes: number }
  | { readonly kind: "lognormal"; readonly medianBytes: number; readonly sigma: number };

/** The steady speed of the compute loop, measured on the machine at hand: `cycles` for `iterations`. */
export interface ComputeRate {
  readonly cycles: number;
  readonly iterations: number;
  readonly byCause: Readonly<Record<string, number>>;
}

export interface Work {
  /** The traced services, then the client that plays the load. */
  readonly services: readonly ServiceWork[];
  /** The client's plans, one a request. */
  readonly requests: readonly RequestWork[];
  /** Requests in the order they are sent: the warm-up ones, then the measured ones. */
  readonly schedule: readonly number[];
  readonly warmup: number;
}

export interface ServiceWork {
  readonly name: string;
  readonly plans: readonly PlanWork[];
  /** Callees by service number. */
  readonly imports: readonly number[];
  /** How many activations of this service one request can nest: 1 without re-entrancy. */
  readonly nesting: number;
}

/** What a service does for one call of the trace. */
export interface PlanWork {
  readonly touchBytes: number;
  readonly iterations: number;
  readonly calls: readonly CallWork[];
  readonly reply: Payload;
  /** The service dereferences outside every object it has, and its caller gets an error. */
  readonly fault: boolean;
  /** What the guest must compute for this plan; 0 where it faults before it has one. */
  readonly checksum: bigint;
}

export interface CallWork {
  /** Index into the caller's imports. */
  readonly slot: number;
  /** Service number, and index of the plan there. */
  readonly service: number;
  readonly plan: number;
  readonly request: Payload;
  readonly touchBytes: number;
}

export interface RequestWork {
  /** Calls under the client, the root's own included. */
  readonly calls: number;
  /** How many of them fail: those of a service that was made to fault. */
  readonly failures: number;
  /** Deepest nesting of calls. */
  readonly depth: number;
  /** Iterations of the compute loop that are not executed but extrapolated. */
  readonly skippedIterations: number;
  /** What the calls took between services in the traced system, in nanoseconds. */
  readonly observedHopNs: number;
  readonly observedHops: number;
  /** Encoded payload bytes of all requests and replies. */
  readonly payloadBytes: number;
}

export interface ScheduleOptions {
  readonly assumptions: Assumptions;
  readonly clockMhz: number;
  readonly rate: ComputeRate;
  /** Measured and warm-up requests; a trace with fewer is played again from its start. */
  readonly requests: number;
  readonly warmup: number;
  /** A service whose every call faults, to show how a deployment contains it; -1 for none. */
  readonly faultyService: number;
}

/** Plans the work. The same trace and options give the same work, whatever else is measured. */
export function scheduleWork(trace: Trace, options: ScheduleOptions): Work {
  const distinct = Math.min(trace.requests.length, Math.max(options.requests, options.warmup));
  const planner = new Planner(trace, options);
  const requests = trace.requests.slice(0, distinct).map((root, index) => planner.planRequest(root, index));
  const order = (count: number): number[] => Array.from({ length: count }, (_, i) => i % distinct);
  return {
    services: planner.services(),
    requests,
    schedule: [...order(options.warmup), ...order(options.requests)],
    warmup: options.warmup,
  };
}

interface MutableService {
  readonly name: string;
  readonly plans: PlanWork[];
  readonly imports: number[];
  nesting: number;
}

/** A call whose plan is being built, once its own calls have theirs. */
interface Frame {
  readonly call: Call;
  readonly caller: number;
  readonly children: readonly Call[];
  readonly done: CallWork[];
  next: number;
}

class Planner {
  readonly #services: MutableService[];
  readonly #client: number;
  readonly #options: ScheduleOptions;

  constructor(trace: Trace, options: ScheduleOptions) {
    const names = [...trace.services.map((s) => s.name), "client"];
    this.#services = names.map((name) => ({ name, plans: [], imports: [], nesting: 1 }));
    this.#client = names.length - 1;
    this.#options = options;
  }

  services(): readonly ServiceWork[] {
    return this.#services;
  }

  /** Plans one request, callees before callers, without recursion: a trace may be deeper than our stack. */
  planRequest(root: Call, index: number): RequestWork {
    const totals = {
      calls: 0,
      failures: 0,
      depth: 0,
      skippedIterations: 0,
      observedHopNs: 0,
      observedHops: 0,
      payloadBytes: 0,
    };
    const active = new Map<number, number>();
    const frames: Frame[] = [];
    const open = (call: Call, caller: number): void => {
      const children = call.service === this.#options.faultyService ? [] : call.groups.flat();
      frames.push({ call, caller, children, done: [], next: 0 });
      const nesting = (active.get(call.service) ?? 0) + 1;
      active.set(call.service, nesting);
      const service = this.#services[call.service]!;
      service.nesting = Math.max(service.nesting, nesting);
      totals.depth = Math.max(totals.depth, frames.length);
    };
    open(root, this.#client);
    for (;;) {
      const frame = frames.at(-1)!;
      const child = frame.children[frame.next];
      if (child !== undefined) {
        frame.next += 1;
        open(child, frame.call.service);
        continue;
      }
      frames.pop();
      active.set(frame.call.service, active.get(frame.call.service)! - 1);
      const random = Random.at(this.#options.assumptions.seed, index, totals.calls);
      const made = this.#planCall(frame, random, totals);
      const parent = frames.at(-1);
      if (parent !== undefined) parent.done.push(made);
      else {
        this.#planClient({ ...made, touchBytes: 0 });
        return totals;
      }
    }
  }

  #planCall(frame: Frame, random: Random, totals: Mutable<RequestWork>): CallWork {
    const { assumptions } = this.#options;
    const request = makePayload(random, frame.call.requestBytes ?? sizeOf(assumptions.payload, random));
    const reply = makePayload(random, frame.call.replyBytes ?? sizeOf(assumptions.payload, random));
    const touch = (payload: Payload): number => Math.round(payload.encodedBytes * assumptions.touch);
    const fault = frame.call.service === this.#options.faultyService;
    const compute = this.#iterations(fault ? 0 : frame.call.applicationNs);
    const touchBytes = touch(request);
    const plans = this.#services[frame.call.service]!.plans;
    plans.push({
      touchBytes,
      iterations: compute.executed,
      calls: frame.done,
      reply,
      fault,
      checksum: fault ? 0n : this.#checksum(request, touchBytes, frame.done),
    });
    totals.calls += 1;
    totals.failures += fault ? 1 : 0;
    totals.skippedIterations += compute.skipped;
    totals.observedHopNs += frame.call.hopNs;
    totals.observedHops += frame.call.hopNs > 0 ? 1 : 0;
    totals.payloadBytes += request.encodedBytes + reply.encodedBytes;
    return {
      slot: this.#slot(frame.caller, frame.call.service),
      service: frame.call.service,
      plan: plans.length - 1,
      request,
      touchBytes: touch(reply),
    };
  }

  #checksum(request: Payload | undefined, touchBytes: number, calls: readonly CallWork[]): bigint {
    return spanChecksum(
      request,
      touchBytes,
      calls.map((call) => {
        const callee = this.#services[call.service]!.plans[call.plan]!;
        if (callee.fault) return { kind: "error" };
        return { kind: "reply", checksum: callee.checksum, payload: callee.reply, touchBytes: call.touchBytes };
      }),
    );
  }

  /** The client computes nothing and reads no payload: its one call is the request that arrives. */
  #planClient(call: CallWork): void {
    const checksum = this.#checksum(undefined, 0, [call]);
    const plan = { touchBytes: 0, iterations: 0, calls: [call], reply: NOTHING, fault: false, checksum };
    this.#services[this.#client]!.plans.push(plan);
  }

  /** Loop iterations for some self time, split at the limit of what is executed. */
  #iterations(applicationNs: number): { executed: number; skipped: number } {
    const { assumptions, clockMhz, rate } = this.#options;
    const perIteration = rate.cycles / rate.iterations;
    const wanted = Math.round((applicationNs * assumptions.cpuFraction * clockMhz) / 1000 / perIteration);
    const limit = Math.floor(assumptions.computeLimitCycles / perIteration);
    const executed = Math.min(wanted, limit);
    return { executed, skipped: wanted - executed };
  }

  #slot(caller: number, callee: number): number {
    const imports = this.#services[caller]!.imports;
    const found = imports.indexOf(callee);
    return found >= 0 ? found : imports.push(callee) - 1;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NOTHING: Payload = makePayload(Random.at(0, 0, 0), 0);

/** Sizes beyond this are cut: one message must fit the buffers that carry it. */
export const MAX_PAYLOAD_BYTES = 1 << 20;

function sizeOf(size: PayloadSize, random: Random): number {
  const bytes = size.kind === "fixed" ? size.bytes : random.lognormal(size.medianBytes, size.sigma);
  return Math.min(MAX_PAYLOAD_BYTES, Math.max(0, Math.round(bytes)));
}
