// How fast the timing model takes what generated code cannot answer by itself: `npm run build && node test/bench/timing-misses.js
// [preset ...]`. Never run in CI, nor under vitest. Prints, for each pattern of accesses, user-CPU nanoseconds a turn (an access,
// two instructions that use it, a branch), the median of some rounds; through each way to take them.
import { resolveMachine } from "../../dist/sim/config/machine.js";
import { PATTERNS, WAYS } from "./timing-patterns.js";

const TURNS = 200_000;
const ROUNDS = 7;
const WARM_ROUNDS = 2;

const named = process.argv.slice(2);
const presets = named.length > 0 ? named : ["cva6@1", "rocket@1", "server@1"];

function configOf(preset) {
  const machine = resolveMachine({ preset });
  if (machine.kind !== "machine") throw new Error(machine.diagnostics[0].message);
  return machine.config;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

function measured(run, pattern) {
  const times = [];
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round += 1) {
    const before = process.cpuUsage().user;
    run(pattern, TURNS);
    if (round >= WARM_ROUNDS) times.push(((process.cpuUsage().user - before) * 1000) / TURNS);
  }
  return median(times);
}

const heads = WAYS.map(([name]) => name.padStart(10)).join("");
for (const preset of presets) {
  const config = configOf(preset);
  const runs = WAYS.map(([, make]) => make(config));
  process.stdout.write(`${preset.padEnd(28)}${heads}   ns a turn\n`);
  for (const pattern of PATTERNS) {
    const figures = runs.map((run) => measured(run, pattern).toFixed(0).padStart(10)).join("");
    process.stdout.write(`${pattern.name.padEnd(28)}${figures}\n`);
  }
}
