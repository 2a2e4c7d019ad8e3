// npm run campaign:timing -- --runs N --seed S --from I: random programs on random machines, timed by both engines in lockstep.
import { parseArgs } from "node:util";
import { compareTimed } from "../sim/engine/turbo/timing.ts";
import { hotRun, randomRun } from "../sim/engine/turbo/timing-programs.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
  },
});
const [runs, seed, from] = [values.runs, values.seed, values.from].map(Number) as [number, number, number];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let [instructions, translated, divergences] = [0, 0, 0];
for (let index = from; index < from + runs; index += 1) {
  const { run, machine } = index % 2 === 0 ? randomRun(seed, index) : hotRun(seed, index);
  const compared = compareTimed(run);
  instructions += compared.instructions;
  translated += compared.translated;
  if (compared.found !== undefined) {
    divergences += 1;
    const { preset, sets } = machine;
    say(`run ${index}: ${compared.found}\n  ${run.isa} ${preset} ${sets.join(" ")}`);
    say(`  ${JSON.stringify({ after: run.translateAfter, limits: run.memoLimits, slices: run.slices })}`);
  }
}
say(`${runs} runs, ${instructions} instructions, ${translated} of them by generated code, ${divergences} divergences`);
process.exitCode = divergences === 0 ? 0 : 1;
