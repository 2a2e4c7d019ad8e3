// Replays a trace under deployments and measures it; the one file here that hands images to the simulator.
import { type MachineConfig, type ResolvedMachine } from "../sim/config/machine.ts";
import { runJobs, type Job } from "../sim/pool.ts";
import type { SessionResult } from "../sim/session.ts";
import { CAUSES } from "../sim/stats/causes.ts";
import { difference, type Counters } from "../sim/stats/counters.ts";
import {
  byCategoryAndCause,
  byCause as causesOf,
  events as eventsOf,
  retiredInstructions,
} from "../sim/stats/cpi-stack.ts";
import { SERVICE, type PointerBytes } from "../kernel/abi.ts";
import { GUEST_ISA } from "../kernel/image.ts";
import { LIMITS, STATUS as PROCESS_STATUS } from "../kernel/process/objects.ts";
import { STATUS as SASOS_STATUS } from "../kernel/sasos/objects.ts";
import { exceptionName } from "../isa/cause.ts";
import type { Diagnostic } from "../isa/diagnostic.ts";
import { printable } from "../traces/diagnostic.ts";
import { walk, type Trace } from "../traces/trace.ts";
import { buildDeployment, busiestProcess, globalsBytes, type BuiltDeployment } from "./build.ts";
import { calibration } from "./calibrate.ts";
import { reportedCategory } from "./categories.ts";
import { DEPLOYMENTS, type Deployment } from "./deploy/deployment.ts";
import {
  apportion,
  checkResult,
  percentiles,
  sum,
  type DeploymentResult,
  type Manifest,
  type RequestCycles,
  type Result,
} from "./result.ts";
import { scheduleWork, type Assumptions, type ComputeRate, type Work } from "./schedule.ts";

export interface ReplayOptions {
  readonly version: string;
  readonly trace: Trace;
  /** Where the trace came from, for the manifest. */
  readonly source: {
    readonly file: string;
    readonly format: string;
    readonly hash: string;
    readonly spans: number;
    readonly rules: unknown;
    readonly repairs: unknown;
  };
  readonly machine: ResolvedMachine;
  readonly deployments: readonly Deployment[];
  readonly assumptions: Assumptions;
  readonly requests: number;
  readonly warmup: number;
  /** Name of a service whose every call is to fault. */
  readonly faultyService?: string;
  readonly workers: number;
  readonly onProgress: (piece: string, share: number, note: string) => void;
}

export type ReplayOutcome =
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] }
  /** The guest did not come to its orderly end. */
  | { readonly kind: "stopped"; readonly message: string };

/** Plans, builds, runs and verifies. */
export async function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  const tooLarge = exceedsMemory(options);
  if (tooLarge !== undefined) return { kind: "diagnostics", diagnostics: [tooLarge] };
  const faultyService = options.trace.services.findIndex((s) => s.name === options.faultyService);
  if (options.faultyService !== undefined && faultyService < 0) {
    return { kind: "diagnostics", diagnostics: [unknownService(options, options.faultyService)] };
  }
  const rates = await measureRates(options);
  const work = scheduleWork(options.trace, {
    assumptions: options.assumptions,
    clockMhz: options.machine.config.clockMhz,
    rate: rates.get(8)!,
    requests: options.requests,
    warmup: options.warmup,
    faultyService,
  });
  const tooNested = exceedsDescriptors(options, work);
  if (tooNested !== undefined) return { kind: "diagnostics", diagnostics: [tooNested] };
  const built = options.deployments.map((d) => buildDeployment(d, work, options.assumptions.workingSetBytes));
  const outgrown = built.find((b) => b.end > ramEnd(options.machine.config));
  if (outgrown !== undefined) {
    return { kind: "diagnostics", diagnostics: [memoryDiagnostic(options, outgrown.end - RAM_BASE)] };
  }
  const results = await runJobs(
    built.map((b) => sessionOf(b, work, options.machine.config)),
    options.workers,
    (name, _instructions, readings) => {
      const done = Math.floor(readings / 2);
      options.onProgress(name, done / work.schedule.length, `${done}/${work.schedule.length}`);
    },
  );
  const stopped = results.findIndex((r) => r.stop.kind !== "exit" || r.stop.status !== 0);
  if (stopped >= 0)
    return { kind: "stopped", message: stopMessage(built[stopped]!, results[stopped]!, options.faultyService) };
  built.forEach((b, i) => checkGuest(b, results[i]!, work));
  const result: Result = {
    schema: "meshsim.result/1",
    manifest: manifestOf(options, work, rates),
    deployments: built.map((b, i) => deploymentResult(b, results[i]!, work, rates.get(b.deployment.pointerBytes)!)),
  };
  checkResult(result);
  return { kind: "result", result };
}

const RAM_BASE = 0x8000_0000;
const ramEnd = (machine: MachineConfig): number => RAM_BASE + machine.ramBytes;

function unknownService(options: ReplayOptions, name: string): Diagnostic {
  return {
    file: options.source.file,
    message: `no service of this trace is named '${printable(name)}'`,
    hint: `its services are ${options.trace.services.map((s) => printable(s.name)).join(", ")}`,
  };
}

/** Guest bytes that a call takes at most, beyond its payloads: plan, call entries, result. */
const BYTES_A_CALL = 512;
/** Object graphs with 16-byte pointers against their encoding: 1.9 to 3.2 on generated payloads of 100 B to 50 kB, rounded up. */
const GRAPH_FACTOR = 4;

/** Refuses, before anything is built, a trace whose payloads cannot fit the guest's memory. */
function exceedsMemory(options: ReplayOptions): Diagnostic | undefined {
  const { payload } = options.assumptions;
  const mean = payload.kind === "fixed" ? payload.bytes : payload.medianBytes * Math.exp(payload.sigma ** 2 / 2);
  const distinct = Math.max(options.requests, options.warmup);
  const calls = [...walk({ requests: options.trace.requests.slice(0, distinct) })].length;
  const bytes = calls * (BYTES_A_CALL + 2 * GRAPH_FACTOR * mean);
  return bytes > options.machine.config.ramBytes ? memoryDiagnostic(options, bytes) : undefined;
}

function memoryDiagnostic(options: ReplayOptions, bytes: number): Diagnostic {
  const mebibytes = (n: number): number => Math.ceil(n / 2 ** 20);
  return {
    file: options.source.file,
    message:
      `replaying ${Math.min(options.trace.requests.length, Math.max(options.requests, options.warmup))} requests of this trace needs about ${mebibytes(bytes)} MiB of simulated memory; ` +
      `the machine has ${mebibytes(options.machine.config.ramBytes)} MiB`,
    hint: "replay fewer with --requests N, shrink --payload, or give more with --set ramBytes=N",
  };
}

/** Refuses calls nested so deeply that a process would run out of descriptors: each activation has its own streams. */
function exceedsDescriptors(options: ReplayOptions, work: Work): Diagnostic | undefined {
  const between = options.deployments.find((d) => d.kernel === "process" && !d.oneProcess);
  const { name, descriptors } = busiestProcess(work);
  if (between === undefined || descriptors <= LIMITS.DESCRIPTORS_max) return undefined;
  return {
    file: options.source.file,
    message:
      `under ${between.name}, service '${printable(name)}' needs ${descriptors} stream descriptors ` +
      `(activations that one request nests, times callees and callers); a process has ${LIMITS.DESCRIPTORS_max}`,
    hint: "replay requests that nest less with --requests N, or name other --deployments",
  };
}

/** Measures the steady compute loop on this machine, in each pointer form that a deployment uses (and always as integers). */
async function measureRates(options: ReplayOptions): Promise<ReadonlyMap<PointerBytes, ComputeRate>> {
  const forms = [...new Set<PointerBytes>([8, ...options.deployments.map((d) => d.pointerBytes)])];
  const calibrations = forms.map((form) => calibration(form, options.assumptions.workingSetBytes));
  const jobs = forms.map((form, i): Job => ({
    name: "calibrate",
    spec: { image: calibrations[i]!.image, isa: GUEST_ISA[form], machine: options.machine.config, reads: [] },
  }));
  const results = await runJobs(jobs, options.workers, (name, instructions) =>
    options.onProgress(name, 0, `${Math.round(instructions / 1e6)} M instructions`),
  );
  return new Map(
    forms.map((form, i) => {
      const { stop, readings } = results[i]!;
      const { iterations } = calibrations[i]!;
      if (stop.kind !== "exit" || readings.length !== 2)
        throw new Error(`calibration did not end: ${JSON.stringify(stop)}`);
      const [before, after] = readings;
      const steady = difference(after!.counters, before!.counters);
      return [form, { cycles: steady.now, iterations, byCause: causesOf(steady) }];
    }),
  );
}

/** Far beyond any sane run: a guest that loops for ever ends with a message. */
const INSTRUCTIONS_A_CALL = 1e8;

function sessionOf(built: BuiltDeployment, work: Work, machine: MachineConfig): Job {
  const bytes = globalsBytes(built.deployment);
  return {
    name: built.deployment.name,
    spec: {
      image: built.image,
      isa: GUEST_ISA[built.deployment.pointerBytes],
      machine,
      maxInstructions: INSTRUCTIONS_A_CALL * (1 + sum(work.schedule.map((r) => work.requests[r]!.calls))),
      reads: built.services.flatMap((s, i) => [
        { name: `globals ${i}`, address: s.globals, bytes },
        { name: `results ${i}`, address: s.results, bytes: 8 * work.services[i]!.plans.length },
      ]),
    },
  };
}

function stopMessage(built: BuiltDeployment, result: SessionResult, faultyService?: string): string {
  const { name, oneProcess } = built.deployment;
  const how = describeStop(result.stop);
  const output = result.output === "" ? "" : `\n${result.output.trimEnd()}`;
  const hint =
    faultyService === undefined || !oneProcess
      ? ""
      : `\n  hint: in ${name} nothing isolates services, so the fault of '${printable(faultyService)}' ends them all; ` +
        `see it contained with --deployments ${isolating.join(",")}`;
  return `meshsim: ${name} stopped after ${result.readings.length >> 1} requests: ${how} (status 4)${output}${hint}`;
}

const isolating = DEPLOYMENTS.filter((d) => !d.oneProcess).map((d) => d.name);

/** What the kernels' codes mean, for people. */
const ENDINGS: Readonly<Record<number, string>> = {
  [SASOS_STATUS.refused]: "the kernel refused the manifest",
  [PROCESS_STATUS.clientFault]: "the process of the client faulted, and nobody is left to report to",
  [PROCESS_STATUS.kernelTrap]: "the kernel trapped",
  [PROCESS_STATUS.machineTrap]: "M-mode got a trap that nobody expects",
  [PROCESS_STATUS.deadlock]: "every thread waits for another",
};

function describeStop(stop: SessionResult["stop"]): string {
  switch (stop.kind) {
    case "exit":
      return ENDINGS[stop.status] ?? `the guest reported status ${stop.status}`;
    case "wedge":
      return `trap ${stop.origin.cause} (${exceptionName(stop.origin.cause)}) at pc ${stop.origin.pc}, value ${stop.origin.tval}`;
    case "asleep":
      return `it waits at pc ${stop.pc} and nothing will wake it`;
    case "limit":
      return `the limit of ${stop.limit} was reached`;
  }
}

function manifestOf(options: ReplayOptions, work: Work, rates: ReadonlyMap<PointerBytes, ComputeRate>): Manifest {
  const hops = sum(work.requests.map((r) => r.observedHops));
  const hopNs = sum(work.requests.map((r) => r.observedHopNs));
  const { seed, ...assumptions } = options.assumptions;
  return {
    meshsim: options.version,
    machine: { preset: options.machine.name, hash: options.machine.hash, config: options.machine.config },
    trace: {
      name: options.source.file,
      format: options.source.format,
      hash: options.source.hash,
      spans: options.source.spans,
      requests: options.trace.requests.length,
      services: options.trace.services.length,
      rules: options.source.rules,
      repairs: options.source.repairs,
    },
    seed,
    assumptions,
    requests: { warmup: options.warmup, measured: options.requests },
    faultyService: options.faultyService ?? null,
    payloadBytesPerRequest: Math.round(sum(work.requests.map((r) => r.payloadBytes)) / work.requests.length),
    observedHop: { hops, meanNs: hops === 0 ? 0 : Math.round(hopNs / hops) },
    computeRate: Object.fromEntries(
      [...rates].map(([form, { cycles, iterations }]) => [
        form === 16 ? "capability" : "integer",
        { cycles, iterations },
      ]),
    ),
  };
}

/** The measured part of a run: what its windows counted, and what is extrapolated on top. */
function deploymentResult(built: BuiltDeployment, run: SessionResult, work: Work, rate: ComputeRate): DeploymentResult {
  const windows = measuredWindows(run, work);
  const requests = windows.map((window, i): RequestCycles => {
    const { skippedIterations } = work.requests[work.schedule[work.warmup + i]!]!;
    return { executed: window.now, extrapolated: Math.round((skippedIterations * rate.cycles) / rate.iterations) };
  });
  const executed = sum(requests.map((r) => r.executed));
  const extrapolated = sum(requests.map((r) => r.extrapolated));
  const stacks: Record<string, Record<string, number>> = {};
  const events: Record<string, number> = {};
  const count = (category: string, causes: Readonly<Record<string, number>>): void => {
    for (const [cause, cycles] of Object.entries(causes)) {
      if (cycles > 0) accumulate((stacks[reportedCategory(category)] ??= {}), cause, cycles);
    }
  };
  for (const window of windows) {
    for (const [category, causes] of byCategoryAndCause(window, built.image.categories)) count(category, causes);
    for (const [event, number] of Object.entries(eventsOf(window))) accumulate(events, event, number);
  }
  if (extrapolated > 0) count("compute", apportion(extrapolated, rate.byCause));
  const byCause: Record<string, number> = {};
  for (const cause of CAUSES) {
    const cycles = sum(Object.values(stacks).map((stack) => stack[cause] ?? 0));
    if (cycles > 0) byCause[cause] = cycles;
  }
  const measured = work.schedule.slice(work.warmup).map((request) => work.requests[request]!);
  return {
    name: built.deployment.name,
    requests: requests.length,
    calls: sum(measured.map((r) => r.calls)),
    failures: sum(measured.map((r) => r.failures)),
    cycles: {
      total: executed + extrapolated,
      perRequest: percentiles(requests.map((r) => r.executed + r.extrapolated)),
      byCategory: mapValues(stacks, (stack) => sum(Object.values(stack))),
      byCause,
      byCategoryAndCause: stacks,
      executed,
      modelled: 0,
      extrapolated,
    },
    instructions: sum(windows.map(retiredInstructions)),
    checksums: verify(built, run, work),
    events,
  };
}

/** The counters between the begin and the end mark of each measured request. */
function measuredWindows(run: SessionResult, work: Work): Counters[] {
  const expected = 2 * work.schedule.length;
  if (run.readings.length !== expected) throw new Error(`${run.readings.length} meter marks, expected ${expected}`);
  return work.schedule.slice(work.warmup).map((_, i) => {
    const [begin, end] = run.readings.slice(2 * (work.warmup + i));
    if (begin!.value !== 2 * (work.warmup + i) || end!.value !== begin!.value + 1)
      throw new Error("meter marks out of order");
    return difference(end!.counters, begin!.counters);
  });
}

/** Compares the checksum of every plan that ran with the host's. */
function verify(built: BuiltDeployment, run: SessionResult, work: Work): DeploymentResult["checksums"] {
  let checked = 0;
  let matched = 0;
  let digest = 0n;
  const client = work.services.length - 1;
  const ran = new Set(work.schedule);
  built.services.forEach((_, i) => {
    const bytes = run.memory.get(`results ${i}`)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    work.services[i]!.plans.forEach((plan, index) => {
      if (i === client && !ran.has(index)) return;
      const found = view.getBigUint64(8 * index, true);
      checked += 1;
      matched += found === plan.checksum ? 1 : 0;
      digest = BigInt.asUintN(64, digest * 0x100000001b3n + found);
    });
  });
  return { checked, matched, digest: `0x${digest.toString(16).padStart(16, "0")}` };
}

/** Throws (our bug) unless the guest computed what the host did, and made and failed as many calls as planned. */
function checkGuest(built: BuiltDeployment, run: SessionResult, work: Work): void {
  const { checked, matched } = verify(built, run, work);
  const sent = work.schedule.map((request) => work.requests[request]!);
  const served = sum(sent.map((r) => r.calls + 1)); // the client serves itself
  const failures = sum(sent.map((r) => r.failures));
  const complain = (what: string, found: number, expected: number): void => {
    if (found !== expected) throw new Error(`${built.deployment.name}: ${found} ${what}, expected ${expected}`);
  };
  complain("checksums match", matched, checked);
  complain("calls were served", counterSum(built, run, "served"), served);
  complain("calls failed", counterSum(built, run, "failures"), failures);
}

/** A counter of the guest's, over all services. */
function counterSum(built: BuiltDeployment, run: SessionResult, field: "failures" | "served"): number {
  const offset = SERVICE.layout(built.deployment.pointerBytes).at[field];
  return sum(
    built.services.map((_, i) => {
      const bytes = run.memory.get(`globals ${i}`)!;
      return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true));
    }),
  );
}

function accumulate(into: Record<string, number>, key: string, value: number): void {
  into[key] = (into[key] ?? 0) + value;
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
