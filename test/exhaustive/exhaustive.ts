// npm run exhaustive -- [TASK …] [--from A --to B]: compares our capability format with the standard's, case by case.
//
// The C that judges is compiled from this repository each time; nothing else is needed but gcc or clang. Progress goes to
// stderr. With --state FILE a run that was stopped goes on where it stood.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { compiler, Judge, TASKS, type Judgement, type Task } from "./program.ts";

const USAGE = `usage: npm run exhaustive -- [TASK ...] [--from A] [--to B] [--jobs N] [--state FILE]
  TASK          ${Object.keys(TASKS).join(", ")}; all where none is named
  --from, --to  cases A <= i < B alone (of one task)
  --jobs N      processes at once (${availableParallelism()})
  --state FILE  remember what is done, and go on from there`;

/** Cases that one process judges at a time: a few seconds of work. */
const CHUNK: Readonly<Record<Task, number>> = {
  ...{ printer: TASKS.printer, bounds: 2 ** 22, lengths: 2 ** 22, moves: 2 ** 21, permissions: 2 ** 10 },
};

/** What a state file keeps of a task and its range. */
interface Progress {
  done: number;
  cases: number;
  differences: number;
  milliseconds: number;
}
type State = Record<string, Progress>;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ from: { type: "string" }, to: { type: "string" }, jobs: { type: "string" }, state: { type: "string" } },
  },
});
const isTask = (name: string): name is Task => Object.hasOwn(TASKS, name);
const number = (text: string | undefined, otherwise: number): number => {
  const n = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(n) && n >= 0 ? n : fail(USAGE);
};
const tasks = (positionals.length === 0 ? Object.keys(TASKS) : positionals).map((name) =>
  isTask(name) ? name : fail(USAGE),
);
if ((values.from !== undefined || values.to !== undefined) && tasks.length !== 1) fail(USAGE);
if (compiler === undefined) fail("the exhaustive judge is compiled from C: it needs gcc or clang on the PATH");

const jobs = Math.max(1, number(values.jobs, availableParallelism()));
const stateFile = values.state;
const state: State =
  stateFile !== undefined && existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, "utf8")) as State) : {};
const judge = new Judge(compiler, true);
try {
  const results = [];
  for (const task of tasks) results.push(await judgeTask(task));
  process.exitCode = results.every((p) => p.differences === 0) ? 0 : 1;
} finally {
  judge.close();
}

async function judgeTask(task: Task): Promise<Progress> {
  const [from, to] = [number(values.from, 0), Math.min(number(values.to, TASKS[task]), TASKS[task])];
  const p = (state[`${task} ${from} ${to}`] ??= { done: from, cases: 0, differences: 0, milliseconds: 0 });
  while (p.done < to) {
    const start = Date.now();
    const ranges = Array.from({ length: jobs }, (_, k) => p.done + k * CHUNK[task]).filter((at) => at < to);
    const chunks = ranges.map((at) => judge.run(task, at, Math.min(at + CHUNK[task], to)));
    for (const chunk of await Promise.all(chunks)) count(p, chunk);
    p.done = Math.min(p.done + jobs * CHUNK[task], to);
    p.milliseconds += Date.now() - start;
    save();
    process.stderr.write(`${task}: ${p.done - from} of ${to - from} cases, ${p.differences} differences\n`);
  }
  const seconds = (p.milliseconds / 1000).toFixed(1);
  process.stdout.write(`${task}: ${p.cases} cases, ${p.differences} differences, ${seconds} s\n`);
  return p;
}

function count(p: Progress, chunk: Judgement): void {
  p.cases += chunk.cases;
  p.differences += chunk.differences;
  for (const line of chunk.lines) process.stdout.write(`${line}\n`);
}

/** Written beside and renamed: a file half written would lose the run. */
function save(): void {
  if (stateFile === undefined) return;
  writeFileSync(`${stateFile}.new`, `${JSON.stringify(state)}\n`);
  renameSync(`${stateFile}.new`, stateFile);
}
