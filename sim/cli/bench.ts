// `meshsim bench`: how many million instructions a second the simulator executes, kernel by kernel.
import type { Argv } from "yargs";
import type { MachineConfig } from "../config/machine.ts";
import type { Form, Kernel } from "../../workloads/micro/kernels.ts";
import { ENGINES, type EngineName } from "../engine/engine.ts";
import { Interruption, runInterruptibly } from "../interruption.ts";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { Failure } from "./failure.ts";
import { checkOutput, writeOutput, writeStderr, writeStdout } from "./files.ts";
import { chosenMachine, machineOptions, type MachineOptions } from "./machine-option.ts";
import { table, WIDTH } from "./text.ts";
import { whole } from "./values.ts";

interface BenchOptions extends MachineOptions {
  readonly kernels: string;
  readonly forms: string;
  readonly engines: string;
  readonly timing: string;
  readonly instructions: string | undefined;
  readonly json: string | undefined;
}

const TIMINGS = ["none", "full"] as const;
type TimingChoice = (typeof TIMINGS)[number];

/** The speed of one kernel. Host time is in `mips` and `warmUpMs` alone; the rest is the same on every host. */
export interface BenchResult {
  readonly kernel: string;
  readonly form: Form;
  readonly engine: EngineName;
  readonly timing: TimingChoice;
  /** Million simulated instructions a second of host time: the median of ROUNDS rounds, after the warm-up. */
  readonly mips: number;
  /** Assembling the kernel, building the machine, and the first WARM_UP_SHARE of the instructions, translation included. */
  readonly warmUpMs: number;
  /** Measured, and the cycles they took; null without a timing model. */
  readonly instructions: number;
  readonly cycles: number | null;
}

const ROUNDS = 5;
const WARM_UP_SHARE = 0.2;
const RAM_BYTES = 2 ** 24;
/** No kernel comes to its end. */
const TURNS = 2 ** 40;
/** About a second's: what is fast takes a second to be at its fastest, too. */
const INSTRUCTIONS: Readonly<Record<EngineName, number>> = { reference: 2_000_000, turbo: 50_000_000 };
const LEAST_INSTRUCTIONS = 100_000;
const MOST_INSTRUCTIONS = 1e12;

export const benchCommand: Command<BenchOptions> = {
  usage: "bench",
  summary: "measure how fast the simulator executes",
  options: (y: Argv) =>
    machineOptions(y)
      .option("kernels", { type: "string", default: "all", describe: "names, separated by commas" })
      .option("forms", { type: "string", default: "all", describe: "integer, capability" })
      .option("engines", { type: "string", default: "all", describe: "reference, turbo" })
      .option("timing", { type: "string", default: "all", describe: "none, full" })
      .option("instructions", {
        type: "string",
        describe: `measured in each kernel [default: ${INSTRUCTIONS.reference} on reference, ${INSTRUCTIONS.turbo} on turbo]`,
      })
      .option("json", { type: "string", describe: "write the results as JSON to a file, or - for stdout" })
      .example("meshsim bench", "all kernels")
      .example("meshsim bench --kernels calls,hash --timing full --json -", "") as unknown as Argv<BenchOptions>,
  run: async (options, interruption): Promise<Exit> => {
    const { KERNELS, FORMS } = await import("../../workloads/micro/kernels.ts");
    const machine = await chosenMachine(options, "nothing measured");
    checkOutput("--json", options.json);
    const names = chosen(
      "kernels",
      options.kernels,
      KERNELS.map((k) => k.name),
    );
    const forms = chosen("forms", options.forms, FORMS);
    const timings = chosen("timing", options.timing, TIMINGS);
    const engines = chosen("engines", options.engines, ENGINES);
    const instructions =
      options.instructions === undefined
        ? INSTRUCTIONS
        : forEngines(whole("instructions", options.instructions, LEAST_INSTRUCTIONS, MOST_INSTRUCTIONS));
    const requests = KERNELS.filter((k) => names.includes(k.name)).flatMap((kernel) =>
      forms.flatMap((form) =>
        engines.flatMap((engine) =>
          timings.map((timing) => ({
            ...{ kernel, form, engine, timing, config: machine.config },
            instructions: instructions[engine],
          })),
        ),
      ),
    );
    const results: BenchResult[] = [];
    interruption.answer();
    for (const request of requests) {
      writeStderr(`${request.kernel.name}, ${request.form}, ${request.engine}, timing ${request.timing}\n`);
      const result = await measure(request, interruption);
      if (result === undefined) break;
      results.push(result);
    }
    const complete = results.length === requests.length;
    if (options.json !== undefined) {
      const report = { schema: "meshsim.bench/1", complete, node: process.version, machine: machine.name, results };
      writeOutput(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    if (options.json !== "-") {
      const partial = [`PARTIAL: interrupted after ${results.length} of ${requests.length} measurements`, ""];
      writeStdout(`${[...(complete ? [] : partial), ...benchText(results)].join("\n")}\n`);
    }
    return complete ? "ok" : "interrupted";
  },
};

const forEngines = (instructions: number): typeof INSTRUCTIONS => ({ reference: instructions, turbo: instructions });

export interface BenchRequest {
  readonly kernel: Kernel;
  readonly form: Form;
  readonly engine: EngineName;
  readonly timing: TimingChoice;
  readonly instructions: number;
  readonly config: MachineConfig;
}

/** Measures one kernel in this thread; undefined where an interrupt came first. */
export async function measure(
  { kernel, form, engine, timing, instructions, config }: BenchRequest,
  interruption: Interruption = new Interruption(),
): Promise<BenchResult | undefined> {
  const { buildKernel, isaOf } = await import("../../workloads/micro/kernels.ts");
  const { createMachine } = await import("../machine/machine.ts");
  const warmUp = Math.round(instructions * WARM_UP_SHARE);
  const round = Math.round(instructions / ROUNDS);
  const started = process.hrtime.bigint();
  const image = buildKernel(kernel, form, TURNS);
  const machine = createMachine({
    ...{ isa: isaOf(form), ramBytes: RAM_BYTES, image, engine },
    ...(timing === "full" ? { core: config } : {}),
  });
  runInterruptibly(machine, { maxInstructions: warmUp }, interruption);
  const warmUpMs = millisecondsSince(started);
  const [fromInstructions, fromCycles] = [machine.instructions, machine.cycles];
  const speeds: number[] = [];
  for (let i = 1; i <= ROUNDS; i += 1) {
    const before = machine.instructions;
    const at = process.hrtime.bigint();
    const stop = runInterruptibly(machine, { maxInstructions: warmUp + i * round }, interruption);
    if (stop.kind === "interrupted") return undefined;
    if (stop.kind !== "limit") throw new Error(`kernel ${kernel.name} (${form}) ended: ${JSON.stringify(stop)}`);
    speeds.push((machine.instructions - before) / millisecondsSince(at) / 1000);
  }
  machine.core?.check();
  return {
    ...{ kernel: kernel.name, form, engine, timing },
    mips: median(speeds),
    warmUpMs,
    instructions: machine.instructions - fromInstructions,
    cycles: timing === "none" ? null : machine.cycles - fromCycles,
  };
}

/** Host time since a reading of `process.hrtime.bigint`. */
export const millisecondsSince = (at: bigint): number => Number(process.hrtime.bigint() - at) / 1e6;

/** The middle one; of an even number the upper of both. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);

/** A comma-separated choice among `known`, in their order. */
export function chosen<Name extends string>(option: string, text: string, known: readonly Name[]): readonly Name[] {
  if (text === "all") return known;
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(known as readonly string[]).includes(name));
  if (unknown === undefined) return known.filter((name) => names.includes(name));
  throw new Failure(
    "usage",
    `meshsim: --${option}: '${unknown}' is not known\n  hint: all, or some of: ${known.join(", ")} (status 2)`,
  );
}

function benchText(results: readonly BenchResult[]): string[] {
  const speed = (mips: number): string => mips.toFixed(mips < 10 ? 2 : 0);
  const rows = results.map((r) => [
    ...[r.kernel, r.form, r.engine, r.timing, speed(r.mips)],
    r.cycles === null ? "-" : (r.cycles / r.instructions).toFixed(2),
    r.warmUpMs.toFixed(0),
  ]);
  const header = ["kernel", "form", "engine", "timing", "M instr/s", "CPI", "warm-up ms"];
  const groups = [...new Set(results.map((r) => `${r.form}, ${r.engine}, timing ${r.timing}`))];
  const means = groups.map((group) => {
    const mips = results.filter((r) => `${r.form}, ${r.engine}, timing ${r.timing}` === group).map((r) => r.mips);
    return [group, speed(geometricMean(mips))];
  });
  return [...table([header, ...rows]), "-".repeat(WIDTH), ...table([["geometric means", "M instr/s"], ...means])];
}
