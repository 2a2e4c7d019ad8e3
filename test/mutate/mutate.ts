// npm run mutate: plants the seeded bugs one by one in a copy of the repository and asks whether the tests notice.
//
// The copy holds what HEAD holds, so that unfinished work counts neither for nor against. What was found is kept in
// meshsim-out; a later run goes on where that one stopped. Test files run one by one up to the first that fails,
// the one that killed the bug last time in front.
import { parseArgs } from "node:util";
import { Bench, git, places, testFiles } from "./bench.ts";
import { bugTable, Findings, type Finding, type Verdict } from "./findings.ts";
import { lawTable, WITNESSES, type Witness } from "./laws.ts";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./table.ts";

const USAGE = `usage: npm run mutate -- [--only TEXT] [--from TEXT] [--limit N] [--again] [--laws] [--check | --table | --list]
  --only TEXT   mutations whose name or file contains the text
  --from TEXT   from the first mutation whose name or file contains the text
  --limit N     stop after so many that were due
  --again       try those, too, that earlier runs saw killed
  --laws        show that each law can fail: its own test alone against the bug that names it
  --check       only ask whether each bug still has its one place in the source, and end
  --table       print what is known as Markdown, and end
  --list        print the mutations, and end`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const commit = git("rev-parse", "--short", "HEAD");

/** The text to change must stand in the source exactly once. */
function unplaced(count: number): Omit<Finding, "digest"> | undefined {
  const by = `the text to change is there ${count} times`;
  return count === 1 ? undefined : { verdict: "no match", file: "", by, commit };
}

function check(chosen: readonly Mutation[]): number {
  const gone = chosen.filter((m) => places(m) !== 1);
  for (const m of gone) say(`no match: ${m.file}: ${m.name}`);
  say(`${chosen.length - gone.length} of ${chosen.length} have their place`);
  return gone.length === 0 ? 0 : 1;
}

/** Which of these files pass without a bug, and how long they take. */
async function sound(bench: Bench, files: readonly string[]): Promise<Set<string>> {
  const passing = new Set<string>();
  for (const file of files) {
    const start = performance.now();
    const { result, by } = await bench.run(file);
    bench.milliseconds.set(file, performance.now() - start);
    if (result === "passed") passing.add(file);
    else say(`left out: ${file} fails without any bug planted: ${by}`);
  }
  return passing;
}

/** Runs test files against a planted bug up to the first that fails. */
async function attempt(bench: Bench, mutation: Mutation, files: readonly string[]): Promise<Omit<Finding, "digest">> {
  return bench.with(mutation, async () => {
    let verdict: Verdict = "survived";
    for (const file of files) {
      const { result, by } = await bench.run(file);
      if (result === "failed") return { verdict: "killed", file, by, commit };
      // A file that does not even load says nothing about its tests; another may tell.
      if (result === "broken") verdict = "broken";
    }
    return { verdict, file: "", by: "", commit };
  });
}

/** Tries bugs; false where a test file had to be left out. */
async function tryBugs(due: readonly Mutation[], findings: Findings): Promise<boolean> {
  const bench = new Bench();
  try {
    const all = testFiles(due.flatMap((m) => m.tests));
    const passing = await sound(bench, all);
    for (const [i, mutation] of due.entries()) {
      const before = findings.of(mutation)?.file;
      const files = testFiles([...(before ? [before] : []), ...mutation.tests]).filter((f) => passing.has(f));
      const found = unplaced(bench.places(mutation)) ?? (await attempt(bench, mutation, files));
      findings.keep(mutation, found);
      say(`${i + 1}/${due.length} ${found.verdict}: ${mutation.name} (${found.file}${found.by && `: ${found.by}`})`);
    }
    return passing.size === all.length;
  } finally {
    bench.close();
  }
}

async function tryLaws(due: readonly Witness[], findings: Findings): Promise<void> {
  const bench = new Bench();
  try {
    const passing = new Map<string, boolean>();
    for (const { law, file, mutation, titles } of due) {
      if (!passing.has(law)) passing.set(law, (await bench.run(file, titles)).result === "passed");
      const after = unplaced(bench.places(mutation)) ?? (await bench.with(mutation, () => bench.run(file, titles)));
      const verdict = passing.get(law) === true && "result" in after && after.result === "failed";
      findings.keep(mutation, { verdict: verdict ? "killed" : "survived", file, by: after.by, commit }, `${law}: `);
      say(`${law} ${verdict ? "kills" : "DOES NOT KILL"}: ${mutation.name} (${after.by})`);
    }
  } finally {
    bench.close();
  }
}

const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = {
  only: { type: "string", default: "" },
  from: { type: "string", default: "" },
  limit: { type: "string", default: "Infinity" },
  ...{ again: FLAG, laws: FLAG, check: FLAG, table: FLAG, list: FLAG, help: FLAG },
} as const;

async function main(): Promise<number> {
  const { only, from, limit, again, laws, ...print } = parseArgs({ options: OPTIONS }).values;
  const names = (text: string, m: Mutation): boolean => m.name.includes(text) || m.file.includes(text);
  const first = MUTATIONS.findIndex((m) => names(from, m));
  const chosen = MUTATIONS.slice(first < 0 ? MUTATIONS.length : first).filter((m) => names(only, m));
  const bugs = new Findings("mutations.json");
  const witnessed = new Findings("mutated-laws.json");
  if (print.help) say(USAGE);
  else if (print.table) say(`${bugTable(MUTATIONS, bugs)}\n\n${lawTable(witnessed)}`);
  else if (print.list) say(chosen.map((m) => `${m.file}: ${m.name}`).join("\n"));
  if (print.help || print.table || print.list) return 0;
  if (print.check) return check(MUTATIONS);
  if (laws) {
    const killed = (w: Witness): boolean => witnessed.of(w.mutation, `${w.law}: `)?.verdict === "killed";
    await tryLaws(
      WITNESSES.filter((w) => again || !killed(w)),
      witnessed,
    );
    return WITNESSES.every(killed) ? 0 : 1;
  }
  const killed = (m: Mutation): boolean => bugs.of(m)?.verdict === "killed";
  const whole = await tryBugs(chosen.filter((m) => again || !killed(m)).slice(0, Number(limit)), bugs);
  for (const m of chosen.filter((m) => !killed(m))) say(`  ${bugs.of(m)?.verdict ?? "not run"}: ${m.name}`);
  say(`${chosen.filter(killed).length} of ${chosen.length} killed`);
  return whole && chosen.every(killed) ? 0 : 1;
}

process.exitCode = await main();
