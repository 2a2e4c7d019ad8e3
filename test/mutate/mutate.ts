// npm run mutate: plants the seeded bugs one by one in a copy of the repository and asks whether the tests notice.
//
// The copy holds what HEAD holds, so that unfinished work counts neither for nor against. What was found is kept in
// meshsim-out/mutations.json; a later run goes on where that one stopped.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./table.ts";

type Verdict = "killed" | "survived" | "no match" | "broken";

interface Finding {
  readonly verdict: Verdict;
  /** The first test that failed, or how the run ended. */
  readonly by: string;
  /** What HEAD was. */
  readonly commit: string;
  readonly seconds: number;
}

const USAGE = `usage: npm run mutate -- [--only TEXT] [--limit N] [--without TEXT] [--fresh] [--table] [--list]
  --only TEXT   mutations whose name or file contains the text
  --limit N     stop after so many that were not known
  --without TEXT  leave out test files whose name contains the text (they fail without any bug planted, say)
  --fresh       forget what earlier runs found
  --table       print what is known as Markdown and end
  --list        print the mutations and end`;

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const KNOWN = join(ROOT, "meshsim-out", "mutations.json");
const REPORT = "mutation-report.json";
/** A mutant that loops for ever is killed, too. */
const TIMEOUT_MS = 300_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const git = (...args: string[]): string => execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).trim();

/** HEAD in a new folder, with the repository's own node_modules. */
function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), "meshsim-mutate-"));
  const archive = execFileSync("git", ["-C", ROOT, "archive", "HEAD"], { maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests in the copy up to the first failure; what failed, or undefined. */
async function failure(folder: string, tests: readonly string[]): Promise<Pick<Finding, "verdict" | "by">> {
  rmSync(join(folder, REPORT), { force: true });
  const runner = join("node_modules", "vitest", "vitest.mjs");
  const args = [runner, "run", "--bail=1", "--reporter=json", `--outputFile=${REPORT}`, ...tests];
  const shared = process.env["MESHSIM_SHARED"] ?? resolve(ROOT, "../shared");
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, MESHSIM_SHARED: shared },
  });
  const ended = await new Promise<boolean>((done) => {
    const timer = setTimeout(() => {
      process.kill(-child.pid!, "SIGKILL");
      done(false);
    }, TIMEOUT_MS);
    child.on("exit", () => {
      clearTimeout(timer);
      done(true);
    });
  });
  if (!ended) return { verdict: "killed", by: "(the tests never end)" };
  const path = join(folder, REPORT);
  if (!existsSync(path)) return { verdict: "broken", by: "vitest left no report" };
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  if (report.success) return { verdict: "survived", by: "" };
  const failed = report.testResults.flatMap((f) => f.assertionResults).find((t) => t.status === "failed");
  // A file that does not even load says nothing about its tests.
  return failed ? { verdict: "killed", by: failed.fullName } : { verdict: "broken", by: "no test ran" };
}

async function attempt(
  folder: string,
  mutation: Mutation,
  tests: readonly string[],
): Promise<Pick<Finding, "verdict" | "by">> {
  const path = join(folder, mutation.file);
  const source = readFileSync(path, "utf8");
  const places = source.split(mutation.find).length - 1;
  if (places !== 1) return { verdict: "no match", by: `the text to change is there ${places} times` };
  try {
    writeFileSync(
      path,
      source.replace(mutation.find, () => mutation.replace),
    );
    return await failure(folder, tests);
  } finally {
    writeFileSync(path, source);
  }
}

function table(known: Readonly<Record<string, Finding>>): string {
  const row = (m: Mutation): string => {
    const { verdict, by } = known[m.name] ?? { verdict: "not run", by: "" };
    return `| ${m.file} | ${m.name} | ${verdict} | ${by.replaceAll("|", "\\|")} |`;
  };
  return ["| file | the bug | | the test that notices |", "|---|---|---|---|", ...MUTATIONS.map(row)].join("\n");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...{
        only: { type: "string" },
        limit: { type: "string" },
        without: { type: "string" },
        help: { type: "boolean" },
      },
      ...{ fresh: { type: "boolean" }, table: { type: "boolean" }, list: { type: "boolean" } },
    },
  });
  const known: Record<string, Finding> =
    values.fresh || !existsSync(KNOWN) ? {} : (JSON.parse(readFileSync(KNOWN, "utf8")) as Record<string, Finding>);
  if (values.help || values.list || values.table) {
    say(values.help ? USAGE : values.table ? table(known) : MUTATIONS.map((m) => `${m.file}: ${m.name}`).join("\n"));
    return 0;
  }
  const only = values.only ?? "";
  const chosen = MUTATIONS.filter((m) => m.name.includes(only) || m.file.includes(only));
  const heard = (m: Mutation): string[] =>
    m.tests.filter((t) => values.without === undefined || !t.includes(values.without));
  const due = chosen.filter((m) => known[m.name]?.verdict !== "killed").slice(0, Number(values.limit ?? Infinity));
  const commit = git("rev-parse", "--short", "HEAD");
  const folder = copy();
  try {
    const tests = [...new Set(due.flatMap(heard))];
    if (due.length > 0) {
      const unchanged = await failure(folder, tests);
      if (unchanged.verdict !== "survived") throw new Error(`the tests fail without any bug planted: ${unchanged.by}`);
    }
    for (const [i, mutation] of due.entries()) {
      const start = performance.now();
      const found = await attempt(folder, mutation, heard(mutation));
      known[mutation.name] = { ...found, commit, seconds: Math.round((performance.now() - start) / 1000) };
      mkdirSync(join(ROOT, "meshsim-out"), { recursive: true });
      writeFileSync(KNOWN, JSON.stringify(known, undefined, 1));
      say(`${i + 1}/${due.length} ${found.verdict}: ${mutation.name}${found.by && ` (${found.by})`}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const killed = chosen.filter((m) => known[m.name]?.verdict === "killed").length;
  say(`${killed} of ${chosen.length} killed`);
  const bad = chosen.filter((m) => known[m.name] !== undefined && known[m.name]!.verdict !== "killed");
  for (const m of bad) say(`  ${known[m.name]!.verdict}: ${m.name}`);
  return bad.length === 0 ? 0 : 1;
}

process.exitCode = await main();
