// Replays a trace under deployments and measures it; the one file here that hands images to the simulator.
import type { ResolvedMachine } from "../sim/config/machine.ts";
import type { EngineName } from "../sim/engine/engine.ts";
import { Interruption } from "../sim/interruption.ts";
import { Pool } from "../sim/pool.ts";
import type { SessionResult, SessionSpec } from "../sim/session.ts";
import { CAUSES } from "../sim/stats/causes.ts";
import {
  byCategoryAndCause,
  byCause as causesOf,
  events as eventsOf,
  retiredInstructions,
} from "../sim/stats/cpi-stack.ts";
import { SERVICE, type PointerBytes } from "../kernel/abi.ts";
import { GUEST_ISA } from "../kernel/image.ts";
import { STATUS as PROCESS_STATUS } from "../kernel/process/objects.ts";
import { STATUS as SASOS_STATUS } from "../kernel/sasos/objects.ts";
import { exceptionName } from "../isa/cause.ts";
import type { Diagnostic } from "../isa/diagnostic.ts";
import { printable } from "../traces/diagnostic.ts";
import type { Trace } from "../traces/trace.ts";
import { buildDeployment, globalsBytes, type ServicePlacement } from "./build.ts";
import { calibration } from "./calibrate.ts";
import { reportedCategory } from "./categories.ts";
import { DEPLOYMENTS, type Deployment } from "./deploy/deployment.ts";
import { exceedsDescriptors, exceedsMemory, needsMemory, unknownService, type Intent } from "./refusals.ts";
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

/** What does not depend on the trace. */
export interface ReplaySetup {
  readonly machine: ResolvedMachine;
  readonly deployments: readonly Deployment[];
  readonly assumptions: Assumptions;
  /** Nothing but speed depends on it. */
  readonly engine: EngineName;
  readonly onProgress: (piece: string, share: number, note: string) => void;
}

/** The trace, and how much of it. */
export interface ReplayInput {
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
  readonly requests: number;
  readonly warmup: number;
  /** Name of a service whose every call is to fault. */
  readonly faultyService?: string;
}

export interface ReplayOptions extends ReplaySetup, ReplayInput {
  /** Threads to simulate in, at most. */
  readonly workers: number;
  /** Ends the simulation early, with a result of the requests measured until then. */
  readonly interruption?: Interruption;
}

export type ReplayOutcome =
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] }
  /** The guest did not come to its orderly end. */
  | { readonly kind: "stopped"; readonly message: string };

/** Plans, builds, runs and verifies. */
export async function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  const pool = new Pool(options.workers, options.interruption ?? new Interruption());
  try {
    return await new Replayer(options, pool).play(options);
  } finally {
    await pool.end();
  }
}

/** A deployment that runs or has run; its image is the worker's. */
interface Running {
  readonly deployment: Deployment;
  readonly services: readonly ServicePlacement[];
  readonly categories: readonly string[];
  /** Undefined where an interrupt came before its begin. */
  readonly outcome: Promise<SessionResult | undefined>;
}

/** What has been run of a deployment, to its end or to an interrupt. */
type Ran = Omit<Running, "outcome"> & { readonly run: SessionResult };

type Rates = ReadonlyMap<PointerBytes, ComputeRate>;

/** Measures the compute rate from its construction on, while the caller reads the trace; then plays that. Ending the pool ends it. */
export class Replayer {
  readonly #setup: ReplaySetup;
  readonly #pool: Pool;
  readonly #rates: ReadonlyMap<PointerBytes, Promise<ComputeRate>>;

  constructor(setup: ReplaySetup, pool: Pool) {
    this.#setup = setup;
    this.#pool = pool;
    this.#rates = measureRates(setup, pool);
    for (const rate of this.#rates.values()) rate.catch(() => undefined); // reported by play, if it comes to that
  }

  async play(input: ReplayInput): Promise<ReplayOutcome> {
    const { machine, assumptions, deployments } = this.#setup;
    const { trace, requests, warmup } = input;
    const { ramBytes, clockMhz } = machine.config;
    const intent: Intent = { trace, file: input.source.file, assumptions, requests, warmup, ramBytes };
    const refused = (diagnostic: Diagnostic): ReplayOutcome => ({ kind: "diagnostics", diagnostics: [diagnostic] });
    const tooLarge = exceedsMemory(intent);
    if (tooLarge !== undefined) return refused(tooLarge);
    const faultyService = trace.services.findIndex((s) => s.name === input.faultyService);
    if (input.faultyService !== undefined && faultyService < 0)
      return refused(unknownService(intent, input.faultyService));
    const rate = await this.#rates.get(8)!;
    const work = scheduleWork(trace, { assumptions, clockMhz, rate, requests, warmup, faultyService });
    const tooNested = exceedsDescriptors(intent, deployments, work);
    if (tooNested !== undefined) return refused(tooNested);
    const running: Running[] = [];
    for (const deployment of deployments) {
      await heardThreads();
      const started = this.#start(deployment, work);
      if (typeof started === "number") return refused(needsMemory(intent, started));
      running.push(started);
    }
    const rates = new Map<PointerBytes, ComputeRate>();
    for (const [form, measured] of this.#rates) rates.set(form, await measured);
    this.#pool.interruption.answer();
    const ran = await allRan(running);
    const message = stopMessage(ran, input.faultyService);
    if (message !== undefined) return { kind: "stopped", message };
    const complete = ran.length === running.length && ran.every((r) => r.run.stop.kind === "exit");
    for (const r of ran) checkGuest(r, work, complete);
    const result: Result = {
      schema: "meshsim.result/1",
      complete,
      manifest: manifestOf(this.#setup, input, work, rates),
      deployments: ran
        .filter((r) => r.run.windows.cycles.length > 0)
        .map((r) => deploymentResult(r, work, rates.get(r.deployment.pointerBytes)!)),
    };
    checkResult(result);
    return { kind: "result", result };
  }

  /** Builds a deployment and lets it run while the next one is built; the bytes it needs, if RAM has fewer. */
  #start(deployment: Deployment, work: Work): Running | number {
    const { machine, engine, assumptions, onProgress } = this.#setup;
    const { image, services, end } = buildDeployment(deployment, work, assumptions.workingSetBytes);
    if (end > RAM_BASE + machine.config.ramBytes) return end - RAM_BASE;
    const bytes = globalsBytes(deployment);
    const spec: SessionSpec = {
      ...{ image, isa: GUEST_ISA[deployment.pointerBytes], machine: machine.config, engine },
      maxInstructions: INSTRUCTIONS_A_CALL * (1 + sum(work.schedule.map((r) => work.requests[r]!.calls))),
      skippedWindows: work.warmup,
      reads: services.flatMap((s, i) => [
        { name: `globals ${i}`, address: s.globals, bytes },
        { name: `results ${i}`, address: s.results, bytes: 8 * work.services[i]!.plans.length },
      ]),
    };
    const outcome = this.#pool.run(spec, (_, done) =>
      onProgress(deployment.name, done / work.schedule.length, `${done}/${work.schedule.length}`),
    );
    outcome.catch(() => undefined); // reported by allRan, if it comes to that
    return { deployment, services, categories: image.categories, outcome };
  }
}

/** Gives the threads that have ended something a turn to say so: else the next one waits for a free thread until all is built. */
const heardThreads = (): Promise<void> => new Promise((heard) => setTimeout(heard));

async function allRan(running: readonly Running[]): Promise<Ran[]> {
  const outcomes = await Promise.all(running.map((r) => r.outcome));
  return running.flatMap(({ deployment, services, categories }, i) => {
    const run = outcomes[i];
    return run === undefined ? [] : [{ deployment, services, categories, run }];
  });
}

const RAM_BASE = 0x8000_0000;

/** Measures the steady compute loop on this machine, in each pointer form that a deployment uses (and always as integers). */
function measureRates(setup: ReplaySetup, pool: Pool): ReadonlyMap<PointerBytes, Promise<ComputeRate>> {
  const { machine, engine, assumptions, deployments, onProgress } = setup;
  const forms = [...new Set<PointerBytes>([8, ...deployments.map((d) => d.pointerBytes)])];
  const measure = async (form: PointerBytes): Promise<ComputeRate> => {
    const { image, iterations } = calibration(form, assumptions.workingSetBytes);
    const spec = { image, isa: GUEST_ISA[form], machine: machine.config, engine, skippedWindows: 0, reads: [] };
    const run = await pool.run(spec, (instructions) =>
      onProgress("calibrate", 0, `${Math.round(instructions / 1e6)} M instructions`),
    );
    const steady = run?.windows.counters;
    if (run?.stop.kind !== "exit" || steady === undefined)
      throw new Error(`calibration did not end: ${JSON.stringify(run?.stop)}`);
    return { cycles: steady.now, iterations, byCause: causesOf(steady) };
  };
  return new Map(forms.map((form) => [form, measure(form)]));
}

/** Far beyond any sane run: a guest that loops for ever ends with a message. */
const INSTRUCTIONS_A_CALL = 1e8;

/** How a guest failed that did not come to its orderly end, the first of them; undefined where none did. */
function stopMessage(ran: readonly Ran[], faultyService?: string): string | undefined {
  const failed = ran.find(
    ({ run: { stop } }) => stop.kind !== "interrupted" && !(stop.kind === "exit" && stop.status === 0),
  );
  if (failed === undefined) return undefined;
  const { deployment, run } = failed;
  const { name, oneProcess } = deployment;
  const output = run.output === "" ? "" : `\n${run.output.trimEnd()}`;
  const hint =
    faultyService === undefined || !oneProcess
      ? ""
      : `\n  hint: in ${name} nothing isolates services, so the fault of '${printable(faultyService)}' ends them all; ` +
        `see it contained with --deployments ${isolating.join(",")}`;
  return `meshsim: ${name} stopped after ${run.windows.ended} requests: ${describeStop(run.stop)} (status 4)${output}${hint}`;
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
    case "interrupted":
      return "it was interrupted";
  }
}

function manifestOf(setup: ReplaySetup, input: ReplayInput, work: Work, rates: Rates): Manifest {
  const hops = sum(work.requests.map((r) => r.observedHops));
  const hopNs = sum(work.requests.map((r) => r.observedHopNs));
  const { machine } = setup;
  const { seed, ...assumptions } = setup.assumptions;
  return {
    meshsim: input.version,
    machine: { preset: machine.name, hash: machine.hash, config: machine.config },
    trace: {
      name: input.source.file,
      format: input.source.format,
      hash: input.source.hash,
      spans: input.source.spans,
      requests: input.trace.requests.length,
      services: input.trace.services.length,
      rules: input.source.rules,
      repairs: input.source.repairs,
    },
    seed,
    assumptions,
    deployments: setup.deployments.map((d) => d.name),
    requests: { warmup: input.warmup, measured: input.requests },
    faultyService: input.faultyService ?? null,
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
function deploymentResult(ran: Ran, work: Work, rate: ComputeRate): DeploymentResult {
  const { cycles, counters } = ran.run.windows;
  const measured = work.schedule.slice(work.warmup, work.warmup + cycles.length).map((r) => work.requests[r]!);
  const requests = measured.map(({ skippedIterations }, i): RequestCycles => ({
    executed: cycles[i]!,
    extrapolated: Math.round((skippedIterations * rate.cycles) / rate.iterations),
  }));
  const executed = sum(requests.map((r) => r.executed));
  const extrapolated = sum(requests.map((r) => r.extrapolated));
  const stacks: Record<string, Record<string, number>> = {};
  const count = (category: string, causes: Readonly<Record<string, number>>): void => {
    for (const [cause, cycles] of Object.entries(causes)) {
      if (cycles > 0) accumulate((stacks[reportedCategory(category)] ??= {}), cause, cycles);
    }
  };
  for (const [category, causes] of byCategoryAndCause(counters!, ran.categories)) count(category, causes);
  if (extrapolated > 0) count("compute", apportion(extrapolated, rate.byCause));
  const byCause: Record<string, number> = {};
  for (const cause of CAUSES) {
    const cycles = sum(Object.values(stacks).map((stack) => stack[cause] ?? 0));
    if (cycles > 0) byCause[cause] = cycles;
  }
  return {
    name: ran.deployment.name,
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
    instructions: retiredInstructions(counters!),
    checksums: verify(ran, work),
    events: eventsOf(counters!),
  };
}

/** Compares the checksum of every plan of the requests that have ended with the host's. */
function verify(ran: Ran, work: Work): DeploymentResult["checksums"] {
  let checked = 0;
  let matched = 0;
  let digest = 0n;
  plansOf(work, new Set(work.schedule.slice(0, ran.run.windows.ended))).forEach((plans, service) => {
    const bytes = ran.run.memory.get(`results ${service}`)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    work.services[service]!.plans.forEach((plan, index) => {
      if (!plans.has(index)) return;
      const found = view.getBigUint64(8 * index, true);
      checked += 1;
      matched += found === plan.checksum ? 1 : 0;
      digest = BigInt.asUintN(64, digest * 0x100000001b3n + found);
    });
  });
  return { checked, matched, digest: `0x${digest.toString(16).padStart(16, "0")}` };
}

/** Which plans some requests run, by service; a request's own number is that of its plan in the client. */
function plansOf(work: Work, requests: ReadonlySet<number>): ReadonlySet<number>[] {
  const plans = work.services.map(() => new Set<number>());
  const pending = [...requests].map((plan) => ({ service: work.services.length - 1, plan }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    plans[next.service]!.add(next.plan);
    for (const call of work.services[next.service]!.plans[next.plan]!.calls) pending.push(call);
  }
  return plans;
}

/** Throws (our bug) unless the guest computed what the host did and, if it was not interrupted, made and failed the calls planned. */
function checkGuest(ran: Ran, work: Work, complete: boolean): void {
  const complain = (what: string, found: number, expected: number): void => {
    if (found !== expected) throw new Error(`${ran.deployment.name}: ${found} ${what}, expected ${expected}`);
  };
  const { checked, matched } = verify(ran, work);
  complain("checksums match", matched, checked);
  if (!complete) return;
  const sent = work.schedule.map((request) => work.requests[request]!);
  complain("requests were sent", ran.run.windows.ended, sent.length);
  complain("calls were served", counterSum(ran, "served"), sum(sent.map((r) => r.calls + 1))); // the client serves itself
  complain("calls failed", counterSum(ran, "failures"), sum(sent.map((r) => r.failures)));
}

/** A counter of the guest's, over all services. */
function counterSum({ deployment, services, run }: Ran, field: "failures" | "served"): number {
  const offset = SERVICE.layout(deployment.pointerBytes).at[field];
  return sum(
    services.map((_, i) => {
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
