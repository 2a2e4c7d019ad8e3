// `meshsim run`: replays a trace under several deployments and shows where every cycle went.
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Argv } from "yargs";
import type { Rules } from "../../traces/rules.ts";
import type { Deployment } from "../../workloads/deploy/deployment.ts";
import type { ReplayInput } from "../../workloads/replay.ts";
import type { Assumptions } from "../../workloads/schedule.ts";
import type { ResolvedMachine } from "../config/machine.ts";
import { DEFAULT_ENGINE, ENGINES, type EngineName } from "../engine/engine.ts";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { Failure, invalidInput, invalidUsage } from "./failure.ts";
import { checkOutput, readInput, writeOutput, writeStdout } from "./files.ts";
import { chosenMachine, machineOptions, type MachineOptions } from "./machine-option.ts";
import { Progress, type ProgressChoice } from "./progress.ts";
import { fraction, payloadSize, powerOfTwo, whole } from "./values.ts";
import { VERSION } from "./version.ts";

interface RunOptions extends MachineOptions {
  readonly trace: string;
  readonly deployments: string;
  readonly requests: string | undefined;
  readonly warmup: string | undefined;
  readonly seed: string;
  readonly payload: string;
  readonly cpuFraction: string;
  readonly touch: string;
  readonly workingSet: string;
  readonly computeLimit: string;
  readonly clock: string | undefined;
  readonly rule: readonly string[] | undefined;
  readonly fault: string | undefined;
  readonly strict: boolean;
  readonly engine: EngineName;
  readonly json: string | undefined;
  readonly workers: string;
  readonly progress: ProgressChoice;
  readonly quiet: boolean;
}

const DEFAULT_DEPLOYMENTS = "monolith,process-socket,capability";
const MAX_SEED = 2 ** 53 - 1;
const MAX_REQUESTS = 1_000_000;

export const runCommand: Command<RunOptions> = {
  usage: "run <trace>",
  summary: "replay a trace under several deployments and show the tax",
  options: (y: Argv) =>
    machineOptions(y)
      .positional("trace", { type: "string", demandOption: true, describe: "trace file, or - for stdin" })
      .option("deployments", { type: "string", default: DEFAULT_DEPLOYMENTS, describe: "which, comma separated" })
      .option("requests", { type: "string", describe: "measured requests (default: each of the trace once)" })
      .option("warmup", { type: "string", describe: "requests before them (default: each measured one once)" })
      .option("seed", { type: "string", default: "1", describe: "seed of everything that is drawn" })
      .option("payload", {
        type: "string",
        default: "lognormal:1500,0.5",
        describe: "encoded bytes: N, or lognormal:MEDIAN,SIGMA",
      })
      .option("cpu-fraction", { type: "string", default: "1", describe: "share of self time that is CPU time" })
      .option("touch", { type: "string", default: "1", describe: "share of a payload that its receiver reads" })
      .option("working-set", {
        type: "string",
        default: "16384",
        describe: "bytes a service computes over (power of two)",
      })
      .option("compute-limit", {
        type: "string",
        default: "50000",
        describe: "compute cycles executed a call; the rest is extrapolated",
      })
      .option("clock", { type: "string", describe: "core clock in MHz (same as --set clockMhz=N)" })
      .option("rule", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "what a span's time means: name=setting (meshsim help rules)",
      })
      .option("fault", { type: "string", describe: "let every call of this service fault, to see it contained" })
      .option("strict", { type: "boolean", default: false, describe: "repairs to the trace are errors" })
      .option("engine", {
        choices: ENGINES,
        default: DEFAULT_ENGINE,
        describe: "what executes instructions; results do not depend on it",
      })
      .option("json", { type: "string", describe: "write the result as JSON to a file, or - for stdout" })
      .option("workers", { type: "string", default: "auto", describe: "worker threads" })
      .option("progress", { choices: ["auto", "bar", "plain", "none"] as const, default: "auto" as ProgressChoice })
      .option("quiet", { type: "boolean", default: false, describe: "the table only" })
      .example("meshsim run traces/samples/social-network.json", "three deployments side by side")
      .example(
        "meshsim run t.json --payload 3000 --json - | jq .",
        "twice the payload, as JSON",
      ) as unknown as Argv<RunOptions>,
  run: async (options, interruption): Promise<Exit> => {
    const { Pool } = await import("../pool.ts");
    const pool = new Pool(threads(options.workers), interruption);
    const progress = new Progress(options.quiet ? "none" : options.progress);
    try {
      pool.prepare(options.deployments.split(",").length);
      const settings = await readSettings(options);
      checkOutput("--json", options.json, options.trace);
      const { Replayer } = await import("../../workloads/replay.ts");
      const { summary } = await import("./summary.ts");
      const onProgress = (piece: string, share: number, note: string): void => progress.update(piece, share, note);
      const replayer = new Replayer({ ...settings, onProgress }, pool);
      const input = await importTrace(options.trace, settings);
      const requests = settings.requests ?? input.trace.requests.length;
      const outcome = await replayer.play({
        version: VERSION,
        ...input,
        requests,
        warmup: settings.warmup ?? Math.min(requests, input.trace.requests.length),
        ...(options.fault === undefined ? {} : { faultyService: options.fault }),
      });
      progress.done();
      if (outcome.kind === "diagnostics") throw invalidUsage(outcome.diagnostics, "nothing simulated");
      if (outcome.kind === "stopped") throw new Failure("guest", outcome.message);
      const { result } = outcome;
      if (options.json !== undefined) writeOutput(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
      if (options.json !== "-") writeStdout(`${summary(result, { quiet: options.quiet }).join("\n")}\n`);
      return result.complete ? "ok" : "interrupted";
    } finally {
      progress.done();
      await pool.end();
    }
  },
};

interface Settings {
  readonly deployments: readonly Deployment[];
  readonly machine: ResolvedMachine;
  readonly assumptions: Assumptions;
  readonly rules: Partial<Rules>;
  readonly strict: boolean;
  readonly requests: number | undefined;
  readonly warmup: number | undefined;
  readonly engine: EngineName;
}

function threads(workers: string): number {
  return workers === "auto" ? availableParallelism() : whole("workers", workers, 1, 256);
}

/** Checks every option before a file is opened: a typing error should not cost the reading of a large trace. */
async function readSettings(options: RunOptions): Promise<Settings> {
  const { deploymentsNamed } = await import("../../workloads/deploy/deployment.ts");
  const { readRules } = await import("../../traces/rules.ts");
  const optional = (name: string, text: string | undefined, least: number): number | undefined =>
    text === undefined ? undefined : whole(name, text, least, MAX_REQUESTS);
  const rules = readRules(options.rule ?? []);
  if (typeof rules === "string") throw new Failure("usage", `meshsim: --rule: ${rules} (status 2)`);
  const clock = options.clock === undefined ? [] : [`clockMhz=${options.clock}`];
  const found = deploymentsNamed(options.deployments.split(","));
  if (found.kind === "diagnostics") throw invalidUsage(found.diagnostics, "nothing simulated");
  return {
    deployments: found.deployments,
    assumptions: {
      seed: whole("seed", options.seed, 0, MAX_SEED),
      payload: payloadSize(options.payload),
      cpuFraction: fraction("cpu-fraction", options.cpuFraction, false),
      touch: fraction("touch", options.touch, true),
      workingSetBytes: powerOfTwo("working-set", options.workingSet, 1024, 1 << 24),
      computeLimitCycles: whole("compute-limit", options.computeLimit, 0, 1e12),
    },
    rules,
    strict: options.strict,
    requests: optional("requests", options.requests, 1),
    warmup: optional("warmup", options.warmup, 0),
    engine: options.engine,
    machine: await chosenMachine({ ...options, set: [...(options.set ?? []), ...clock] }, "nothing simulated"),
  };
}

/** Reads a trace; nothing else of the file is kept. */
async function importTrace(file: string, settings: Settings): Promise<Pick<ReplayInput, "trace" | "source">> {
  const input = readInput(file);
  const { readTrace } = await import("../../traces/read.ts");
  const imported = readTrace(input, { file, strict: settings.strict, rules: settings.rules });
  if (imported.kind === "diagnostics") throw invalidInput(imported.diagnostics, "nothing simulated", imported.total);
  const { trace, format, spans, rules, repairs } = imported;
  const hash = createHash("sha256").update(input).digest("hex");
  return { trace, source: { file: file === "-" ? "stdin" : basename(file), format, hash, spans, rules, repairs } };
}
