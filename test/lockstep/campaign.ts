// npm run campaign -- --programs N --seed S --workers W --state FILE: random programs in lockstep with the second model.
//
// It goes on where the state file says an earlier run stopped. A divergence is shrunk, printed, and kept in test/regress
// (not with --discard), where it becomes a test once its final state is written beside it (`.expected`). Each worker is a
// process of its own: what it has done counts once all that comes before it is done, too.
import { fork } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PROGRAM_RAM_BYTES, randomProgram } from "../arbitrary/program.ts";
import { programText, runOf } from "./assembly.ts";
import { CONTESTANTS, lockstep, type Contestant } from "./lockstep.ts";
import { describe, minimise } from "./report.ts";

/** What some programs have shown; the programs are those before number `programs`. */
interface Progress {
  readonly seed: number;
  readonly engine: string;
  programs: number;
  instructions: number;
  traps: number;
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
    engine: { type: "string", default: CONTESTANTS[0]!.name },
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
const contestant = CONTESTANTS.find((c) => c.name === values.engine);

if (contestant === undefined || ![programs, seed, workers].every(Number.isSafeInteger) || workers < 1) {
  say(`usage: --programs N --seed S --workers W --state FILE --engine ${CONTESTANTS.map((c) => c.name).join("|")}`);
  process.exitCode = 2;
} else if (values.first) say(`first divergence: ${firstDivergence(contestant)}`);
else if (IS_WORKER) work(contestant);
else await campaign(contestant);

async function campaign(engine: Contestant): Promise<void> {
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

function work(engine: Contestant): void {
  process.on("message", (chunk: Chunk) => process.send!(run(engine, chunk)));
}

/** --first: the number of the first program that shows a divergence, or none; nothing is shrunk or kept. */
function firstDivergence(engine: Contestant): string {
  const ram = new Uint8Array(PROGRAM_RAM_BYTES);
  for (let index = 0; index < programs; index += 1) {
    const { divergence } = lockstep(engine, { ...runOf(randomProgram(seed, index)), ram });
    if (divergence !== undefined) return `${index} ${divergence.what}`;
  }
  return "none";
}

function run(engine: Contestant, chunk: Chunk): Result {
  const ram = new Uint8Array(PROGRAM_RAM_BYTES);
  const found: Result["found"][number][] = [];
  let instructions = 0;
  let traps = 0;
  for (let index = chunk.from; index < chunk.to; index += 1) {
    const program = randomProgram(seed, index);
    const outcome = lockstep(engine, { ...runOf(program), ram });
    instructions += outcome.instructions;
    traps += outcome.traps;
    if (outcome.divergence === undefined) continue;
    const small = minimise(engine, program);
    const lines = describe(small.program, small.divergence);
    const text = programText(small.program, lines.slice(0, 3));
    found.push({ report: [`seed ${seed}, program ${index}:`, ...lines].join("\n"), file: `${seed}-${index}.S`, text });
  }
  return { ...chunk, instructions, traps, found };
}

function count(progress: Progress, result: Result): void {
  progress.programs = result.to;
  progress.instructions += result.instructions;
  progress.traps += result.traps;
  progress.divergences += result.found.length;
  for (const { report, file, text } of result.found) {
    say(report);
    if (!values.discard) writeFileSync(new URL(file, REGRESS), text);
  }
}

function resume(engine: Contestant): Progress {
  const fresh = { seed, engine: engine.name, programs: 0, instructions: 0, traps: 0, divergences: 0 };
  if (values.state === undefined || !existsSync(values.state)) return fresh;
  const known = JSON.parse(readFileSync(values.state, "utf8")) as Progress;
  if (known.seed === seed && known.engine === engine.name) return known;
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
