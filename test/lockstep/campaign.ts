// npm run campaign -- --programs N --seed S --workers W --state FILE: random programs in lockstep with the second model.
//
// With --engine turbo, or turbo:PRESET for a timed run, the turbo engine is held against the reference engine.
// It goes on where the state file says an earlier run stopped. A divergence is shrunk, printed, and kept in test/regress
// (not with --discard), where it becomes a test once its final state is written beside it (`.expected`). Each worker is a
// process of its own: what it has done counts once all that comes before it is done, too.
import { fork } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { programText } from "./assembly.ts";
import { CONTESTS, type Contest } from "./contests.ts";
import { describe, minimise } from "./report.ts";

/** What some programs have shown; the programs are those before number `programs`. */
interface Progress {
  readonly seed: number;
  readonly engine: string;
  programs: number;
  instructions: number;
  traps: number;
  translated: number;
  divergences: number;
}

/** Programs [from, to) of a campaign. */
interface Chunk {
  readonly from: number;
  readonly to: number;
}

interface Result extends Chunk {
  readonly instructions: number;
  readonly traps: number;
  readonly translated: number;
  /** For each divergence, what to print and what to keep. */
  readonly found: readonly { readonly report: string; readonly file: string; readonly text: string }[];
}

/** The state is written every so many programs. */
const CHUNK = 1000;
const REGRESS = new URL("../regress/", import.meta.url);
const IS_WORKER = process.argv.includes("--worker");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "1" },
    state: { type: "string" },
    engine: { type: "string", default: CONTESTS[0]!.name },
    discard: { type: "boolean", default: false },
    worker: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
  },
});
const [programs, seed, workers] = [values.programs, values.seed, values.workers].map(Number) as [
  number,
  number,
  number,
];
const contest = CONTESTS.find((c) => c.name === values.engine);

if (contest === undefined || ![programs, seed, workers].every(Number.isSafeInteger) || workers < 1) {
  say(`usage: --programs N --seed S --workers W --state FILE --engine ${CONTESTS.map((c) => c.name).join("|")}`);
  process.exitCode = 2;
} else if (values.first) say(`first divergence: ${firstDivergence(contest)}`);
else if (IS_WORKER) work(contest);
else await campaign(contest);

async function campaign(engine: Contest): Promise<void> {
  const progress = resume(engine);
  const done = new Map<number, Result>();
  let handedOut = progress.programs;
  const next = (): Chunk | undefined => {
    if (handedOut >= programs) return undefined;
    const from = handedOut;
    handedOut = Math.min(programs, from + CHUNK);
    return { from, to: handedOut };
  };
  const take = (result: Result): void => {
    done.set(result.from, result);
    for (let ready = done.get(progress.programs); ready !== undefined; ready = done.get(progress.programs)) {
      done.delete(ready.from);
      count(progress, ready);
      save(progress);
      report(progress);
    }
  };
  if (workers === 1) for (let chunk = next(); chunk !== undefined; chunk = next()) take(run(engine, chunk));
  else await Promise.all(Array.from({ length: workers }, () => worker(next, take)));
  process.exitCode = progress.divergences === 0 ? 0 : 1;
}

/** A process that runs chunk after chunk. */
function worker(next: () => Chunk | undefined, take: (result: Result) => void): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--worker"], {
    execArgv: process.execArgv,
  });
  return new Promise((resolve, reject) => {
    const hand = (): void => {
      const chunk = next();
      if (chunk === undefined) child.disconnect();
      else child.send(chunk);
    };
    child.on("message", (result: Result) => {
      take(result);
      hand();
    });
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    hand();
  });
}

function work(engine: Contest): void {
  process.on("message", (chunk: Chunk) => process.send!(run(engine, chunk)));
}

/** --first: the number of the first program that shows a divergence, or none; nothing is shrunk or kept. */
function firstDivergence(engine: Contest): string {
  for (let index = 0; index < programs; index += 1) {
    const { divergence } = engine.hold(engine.program(seed, index), index, false);
    if (divergence !== undefined) return `${index} ${divergence.what}`;
  }
  return "none";
}

function run(engine: Contest, chunk: Chunk): Result {
  const found: Result["found"][number][] = [];
  const sums = { instructions: 0, traps: 0, translated: 0 };
  for (let index = chunk.from; index < chunk.to; index += 1) {
    const program = engine.program(seed, index);
    const { divergence, instructions, traps = 0, translated = 0 } = engine.hold(program, index, false);
    sums.instructions += instructions;
    sums.traps += traps;
    sums.translated += translated;
    if (divergence === undefined) continue;
    const small = minimise(engine, program, index);
    const lines = describe(small.program, small.divergence);
    const text = programText(small.program, lines.slice(0, 3));
    found.push({ report: [`seed ${seed}, program ${index}:`, ...lines].join("\n"), file: `${seed}-${index}.S`, text });
  }
  return { ...chunk, ...sums, found };
}

function count(progress: Progress, result: Result): void {
  progress.programs = result.to;
  progress.instructions += result.instructions;
  progress.traps += result.traps;
  progress.translated += result.translated;
  progress.divergences += result.found.length;
  for (const { report, file, text } of result.found) {
    say(report);
    if (!values.discard) writeFileSync(new URL(file, REGRESS), text);
  }
}

function resume(engine: Contest): Progress {
  const fresh = { seed, engine: engine.name, programs: 0, instructions: 0, traps: 0, translated: 0, divergences: 0 };
  if (values.state === undefined || !existsSync(values.state)) return fresh;
  const known = JSON.parse(readFileSync(values.state, "utf8")) as Progress;
  if (known.seed === seed && known.engine === engine.name) return { ...fresh, ...known };
  throw new Error(`${values.state} is of seed ${known.seed} and engine ${known.engine}`);
}

/** A file half written would lose a campaign: it is written beside, then renamed. */
function save(progress: Progress): void {
  if (values.state === undefined) return;
  writeFileSync(`${values.state}.new`, `${JSON.stringify(progress)}\n`);
  renameSync(`${values.state}.new`, values.state);
}

function report(p: Progress): void {
  const [number, what] = p.engine.startsWith("turbo") ? [p.translated, "translated"] : [p.traps, "traps"];
  say(`${p.programs} programs, ${p.instructions} instructions, ${number} ${what}, ${p.divergences} divergences`);
}
