// npm run campaign -- --programs N --seed S --state FILE: runs random programs in lockstep with the second model.
//
// It goes on where the state file says an earlier run stopped. A divergence is shrunk, printed, and kept in test/regress
// (not with --discard), where it becomes a test once its final state is written beside it (`.expected`).
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { randomProgram } from "../arbitrary/program.ts";
import { programText, runOf } from "./assembly.ts";
import { CONTESTANTS, lockstep } from "./lockstep.ts";
import { describe, minimise } from "./report.ts";

interface Progress {
  readonly seed: number;
  readonly engine: string;
  programs: number;
  instructions: number;
  traps: number;
  divergences: number;
}

/** The state is written every so many programs. */
const CHUNK = 1000;
const REGRESS = new URL("../regress/", import.meta.url);

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    state: { type: "string" },
    engine: { type: "string", default: CONTESTANTS[0]!.name },
    discard: { type: "boolean", default: false },
  },
});
const programs = Number(values.programs);
const seed = Number(values.seed);
const contestant = CONTESTANTS.find((c) => c.name === values.engine);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (contestant === undefined || !Number.isSafeInteger(programs) || !Number.isSafeInteger(seed)) {
  say(`usage: --programs N --seed S --state FILE --engine ${CONTESTANTS.map((c) => c.name).join("|")}`);
  process.exitCode = 2;
} else {
  const progress = resume();
  while (progress.programs < programs) {
    chunk(progress, Math.min(programs, progress.programs + CHUNK));
    save(progress);
    report(progress);
  }
  process.exitCode = progress.divergences === 0 ? 0 : 1;
}

function resume(): Progress {
  const fresh = { seed, engine: contestant!.name, programs: 0, instructions: 0, traps: 0, divergences: 0 };
  if (values.state === undefined || !existsSync(values.state)) return fresh;
  const known = JSON.parse(readFileSync(values.state, "utf8")) as Progress;
  if (known.seed === seed && known.engine === contestant!.name) return known;
  throw new Error(`${values.state} is of seed ${known.seed} and engine ${known.engine}`);
}

/** A file half written would lose a campaign: it is written beside, then renamed. */
function save(progress: Progress): void {
  if (values.state === undefined) return;
  writeFileSync(`${values.state}.new`, `${JSON.stringify(progress)}\n`);
  renameSync(`${values.state}.new`, values.state);
}

function report(p: Progress): void {
  say(`${p.programs} programs, ${p.instructions} instructions, ${p.traps} traps, ${p.divergences} divergences`);
}

function chunk(progress: Progress, until: number): void {
  for (; progress.programs < until; progress.programs += 1) {
    const program = randomProgram(seed, progress.programs);
    const outcome = lockstep(contestant!, runOf(program));
    progress.instructions += outcome.instructions;
    progress.traps += outcome.traps;
    if (outcome.divergence === undefined) continue;
    progress.divergences += 1;
    const small = minimise(contestant!, program);
    const lines = describe(small.program, small.divergence);
    say([`seed ${seed}, program ${progress.programs}:`, ...lines].join("\n"));
    if (values.discard) continue;
    const name = `seed-${seed}-program-${progress.programs}.S`;
    writeFileSync(new URL(name, REGRESS), programText(small.program, lines.slice(0, 3)));
  }
}
