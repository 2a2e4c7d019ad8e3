// Where the work of `meshsim run` lies: host time before the simulation, and simulated instructions of each deployment.
// npm run bench:replay -- TRACE [ENGINE]
import { readFileSync } from "node:fs";
import { GUEST_ISA } from "../../kernel/image.ts";
import { resolveMachine } from "../../sim/config/machine.ts";
import { ENGINES, type EngineName } from "../../sim/engine/engine.ts";
import { createMachine, type Machine } from "../../sim/machine/machine.ts";
import { grouped, table } from "../../sim/cli/text.ts";
import type { Counters } from "../../sim/stats/counters.ts";
import { readTrace } from "../../traces/read.ts";
import { buildDeployment, type BuiltDeployment } from "../../workloads/build.ts";
import { calibration } from "../../workloads/calibrate.ts";
import { DEPLOYMENTS } from "../../workloads/deploy/deployment.ts";
import { scheduleWork, type Assumptions, type ComputeRate } from "../../workloads/schedule.ts";

/** The defaults of `meshsim run`. */
const ASSUMPTIONS: Assumptions = {
  seed: 1,
  payload: { kind: "lognormal", medianBytes: 1500, sigma: 0.5 },
  cpuFraction: 1,
  touch: 1,
  workingSetBytes: 16_384,
  computeLimitCycles: 50_000,
};
/** What `run` is to take on so many cores. */
const GOAL_SECONDS = 5;
const CORES = 2;

const [file, engine = "reference"] = process.argv.slice(2);
if (file === undefined || !ENGINES.includes(engine as EngineName)) throw new Error("usage: TRACE [reference|turbo]");
const resolved = resolveMachine({ sets: [] });
if (resolved.kind === "diagnostics") throw new Error("the default machine is not valid");
const { config } = resolved;

/** Runs an image to its end; a snapshot at each mark of its meter, and one at the end. */
function run(image: BuiltDeployment["image"], isa: string): Counters[] {
  const snapshots: Counters[] = [];
  const machine: Machine = createMachine({
    ...{ isa, ramBytes: config.ramBytes, image, engine: engine as EngineName, core: config },
    onMeter: () => snapshots.push(machine.core!.snapshot()),
  });
  const stop = machine.run();
  if (stop.kind !== "exit" || stop.status !== 0) throw new Error(JSON.stringify(stop));
  return [...snapshots, machine.core!.snapshot()];
}

const times: (readonly [string, number])[] = [];
/** CPU time of this process, all its threads. */
function timed<T>(what: string, work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  times.push([what, (user + system) / 1000]);
  return result;
}

const trace = timed("read the trace", () => {
  const imported = readTrace(readFileSync(file), { file });
  if (imported.kind === "diagnostics") throw new Error(imported.diagnostics[0]!.message);
  return imported.trace;
});
const rate = timed("calibrate (beside reading, in a thread)", (): ComputeRate => {
  const { image, iterations } = calibration(8, ASSUMPTIONS.workingSetBytes);
  const [before, after] = run(image, GUEST_ISA[8]);
  return { cycles: after!.now - before!.now, iterations, byCause: {} };
});
const requests = trace.requests.length;
const work = timed("plan, make payloads", () =>
  scheduleWork(trace, {
    ...{ assumptions: ASSUMPTIONS, clockMhz: config.clockMhz, rate, requests, warmup: requests, faultyService: -1 },
  }),
);
const built = DEPLOYMENTS.map((d) =>
  timed(`build ${d.name}`, () => buildDeployment(d, work, ASSUMPTIONS.workingSetBytes)),
);

const total = (c: Counters): number => c.instructions.reduce((a, b) => a + b, 0);
const rows = built.map((b) => {
  const snapshots = timed(`run ${b.deployment.name}`, () => run(b.image, b.deployment.isa));
  const [first, measured, last] = [snapshots[0]!, snapshots[2 * requests]!, snapshots.at(-1)!];
  return {
    name: b.deployment.name,
    boot: total(first),
    warmup: total(measured) - total(first),
    measured: total(last) - total(measured),
    compute: last.instructions[b.image.categories.indexOf("compute")]!,
    all: total(last),
  };
});

const columns = ["boot", "warmup", "measured", "compute", "all"] as const;
/** Deployments go to the first core that is free, in order. */
const cores = rows.reduce<number[]>((busy, row) => {
  busy[busy.indexOf(Math.min(...busy))]! += row.all;
  return busy;
}, new Array<number>(CORES).fill(0));
const prepared = times.filter(([what]) => !/^(run|calibrate)/.test(what)).reduce((sum, [, ms]) => sum + ms, 0);
const needed = Math.max(...cores) / (GOAL_SECONDS - prepared / 1000) / 1e6;
const lines = [
  ...table([["host CPU time", "ms"], ...times.map(([what, ms]) => [what, grouped(Math.round(ms))])]),
  "",
  ...table([
    ["instructions", "boot", "warm-up", "measured", "of all: compute", "all"],
    ...rows.map((row) => [row.name, ...columns.map((column) => grouped(row[column]))]),
  ]),
  "",
  `${GOAL_SECONDS} s on ${CORES} cores: ${grouped(Math.max(...cores))} instructions on the busier one, ` +
    `${needed.toFixed(1)} million a second after ${(prepared / 1000).toFixed(1)} s of preparation`,
];
process.stdout.write(`${lines.join("\n")}\n`);
