// What a replay refuses before anything is simulated: a service that is not there, and traces that outgrow the simulated machine.
import { printable } from "../traces/diagnostic.ts";
import { walk, type Trace } from "../traces/trace.ts";
import type { Diagnostic } from "../isa/diagnostic.ts";
import { LIMITS } from "../kernel/process/objects.ts";
import { busiestProcess } from "./build.ts";
import type { Deployment } from "./deploy/deployment.ts";
import type { Assumptions, Work } from "./schedule.ts";

/** What is to be replayed, as far as a refusal depends on it. */
export interface Intent {
  readonly trace: Trace;
  /** The trace's name. */
  readonly file: string;
  readonly assumptions: Assumptions;
  readonly requests: number;
  readonly warmup: number;
  readonly ramBytes: number;
}

export function unknownService({ trace, file }: Intent, name: string): Diagnostic {
  return {
    file,
    message: `no service of this trace is named '${printable(name)}'`,
    hint: `its services are ${trace.services.map((s) => printable(s.name)).join(", ")}`,
  };
}

/** Guest bytes that a call takes at most, beyond its payloads: plan, call entries, result. */
const BYTES_A_CALL = 512;
/** Object graphs with 16-byte pointers against their encoding: 1.9 to 3.2 on generated payloads of 100 B to 50 kB, rounded up. */
const GRAPH_FACTOR = 4;

/** Refuses, before anything is built, a trace whose payloads cannot fit the guest's memory. */
export function exceedsMemory(intent: Intent): Diagnostic | undefined {
  const { payload } = intent.assumptions;
  const mean = payload.kind === "fixed" ? payload.bytes : payload.medianBytes * Math.exp(payload.sigma ** 2 / 2);
  const distinct = Math.max(intent.requests, intent.warmup);
  const calls = [...walk({ requests: intent.trace.requests.slice(0, distinct) })].length;
  const bytes = calls * (BYTES_A_CALL + 2 * GRAPH_FACTOR * mean);
  return bytes > intent.ramBytes ? needsMemory(intent, bytes) : undefined;
}

/** Says that an image of `bytes` does not fit. */
export function needsMemory({ trace, file, requests, warmup, ramBytes }: Intent, bytes: number): Diagnostic {
  const mebibytes = (n: number): number => Math.ceil(n / 2 ** 20);
  return {
    file,
    message:
      `replaying ${Math.min(trace.requests.length, Math.max(requests, warmup))} requests of this trace needs about ` +
      `${mebibytes(bytes)} MiB of simulated memory; the machine has ${mebibytes(ramBytes)} MiB`,
    hint: "replay fewer with --requests N, shrink --payload, or give more with --set ramBytes=N",
  };
}

/** Refuses calls nested so deeply that a process would run out of descriptors: each activation has its own streams. */
export function exceedsDescriptors(
  intent: Intent,
  deployments: readonly Deployment[],
  work: Work,
): Diagnostic | undefined {
  const between = deployments.find((d) => d.kernel === "process" && !d.oneProcess);
  const { name, descriptors } = busiestProcess(work);
  if (between === undefined || descriptors <= LIMITS.DESCRIPTORS_max) return undefined;
  return {
    file: intent.file,
    message:
      `under ${between.name}, service '${printable(name)}' needs ${descriptors} stream descriptors ` +
      `(activations that one request nests, times callees and callers); a process has ${LIMITS.DESCRIPTORS_max}`,
    hint: "replay requests that nest less with --requests N, or name other --deployments",
  };
}
