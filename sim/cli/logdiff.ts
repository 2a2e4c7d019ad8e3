// `meshsim logdiff`: finds the first difference of two commit logs, ours or Spike's.
import { createReadStream, fstatSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Argv } from "yargs";
import type { CommitField, CommitFieldKind, CommitLine } from "./commit-line.ts";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { Failure } from "./failure.ts";
import { writeStdout } from "./files.ts";
import { grouped } from "./text.ts";

interface LogdiffOptions {
  readonly a: string;
  readonly b: string;
  readonly ignore: string | undefined;
  readonly from: string | undefined;
}

const CONTEXT_LINES = 5;
const IGNORABLE: readonly CommitFieldKind[] = ["csr", "mem", "cap"];

export const logdiffCommand: Command<LogdiffOptions> = {
  usage: "logdiff <a> <b>",
  summary: "find the first difference of two commit logs",
  options: (y: Argv) =>
    y
      .positional("a", { type: "string", demandOption: true, describe: "log of exec --log-commits, or of Spike" })
      .positional("b", { type: "string", demandOption: true, describe: "the same" })
      .option("ignore", { type: "string", describe: `fields not compared, of: ${IGNORABLE.join(",")}` })
      .option("from", { type: "string", describe: "begin where each log first has this pc: passes over a boot ROM" })
      .example("meshsim logdiff ours.log spike.log --ignore csr --from 0x80000000", "")
      .example("meshsim logdiff before.log after.log", "") as unknown as Argv<LogdiffOptions>,
  run: async (options): Promise<Exit> => {
    const result = await compareLogs(options.a, options.b, options);
    writeStdout(`${result.lines.join("\n")}\n`);
    return result.equal ? "ok" : "difference";
  },
};

/** Compares two logs to their first difference; `ignore` and `from` as on the command line. */
export async function compareLogs(
  a: string,
  b: string,
  options: { readonly ignore?: string | undefined; readonly from?: string | undefined } = {},
): Promise<Comparison> {
  const ignored = ignoredKinds(options.ignore);
  const from = options.from === undefined ? undefined : pcOf(options.from);
  // A log of plain Spike says nothing of capabilities; then ours need not match.
  const both = (await hasCapabilities(a)) && (await hasCapabilities(b));
  if (!both) ignored.add("cap");
  return compare(a, b, ignored, from);
}

function ignoredKinds(text: string | undefined): Set<CommitFieldKind> {
  const kinds = (text ?? "").split(",").filter(Boolean);
  const unknown = kinds.find((kind) => !IGNORABLE.some((known) => known === kind));
  if (unknown === undefined) return new Set(kinds as CommitFieldKind[]);
  throw new Failure("usage", `meshsim: --ignore ${unknown}: expected some of ${IGNORABLE.join(",")} (status 2)`);
}

function pcOf(text: string): bigint {
  if (/^(0x[\da-f]+|\d+)$/i.test(text)) return BigInt(text);
  throw new Failure("usage", `meshsim: --from ${text}: expected an address such as 0x80000000 (status 2)`);
}

/** A commit with its text and its place. */
interface Commit extends CommitLine {
  readonly text: string;
  readonly line: number;
}

/** The commits of a log, one at a time, however long it is. */
async function* commits(path: string, from?: bigint): AsyncGenerator<Commit, undefined> {
  const { parseCommit } = await import("./commit-line.ts");
  let line = 0;
  let begun = from === undefined;
  for await (const text of linesOf(path)) {
    line += 1;
    const commit = parseCommit(text);
    if (commit === undefined) continue;
    begun ||= BigInt(commit.pc) === from;
    if (begun) yield { ...commit, text, line };
  }
}

function linesOf(path: string): AsyncIterable<string> {
  try {
    const file = openSync(path, "r");
    if (fstatSync(file).isDirectory()) throw new Error("is a directory");
    return createInterface({ input: createReadStream(path, { fd: file }), crlfDelay: Infinity });
  } catch (error) {
    throw new Failure("input", `${path}: error: cannot read the file: ${(error as Error).message} (status 3)`);
  }
}

async function hasCapabilities(path: string): Promise<boolean> {
  for await (const { fields } of commits(path)) if (fields.some((f) => f.kind === "cap")) return true;
  return false;
}

export interface Comparison {
  readonly equal: boolean;
  /** What the command prints. */
  readonly lines: readonly string[];
}

async function compare(
  pathA: string,
  pathB: string,
  ignored: ReadonlySet<CommitFieldKind>,
  from: bigint | undefined,
): Promise<Comparison> {
  const [inA, inB] = [commits(pathA, from), commits(pathB, from)];
  const context: string[] = [];
  for (let count = 0; ; count += 1) {
    const [a, b] = [(await inA.next()).value, (await inB.next()).value];
    const different = differences(a, b, ignored);
    if (count === 0) requireBoth(pathA, a, pathB, b);
    if (a === undefined && b === undefined) return { equal: true, lines: [`equal: ${grouped(count)} instructions`] };
    if (different.length > 0) {
      await Promise.all([inA.return(undefined), inB.return(undefined)]);
      const [atA, atB] = [place(pathA, a), place(pathB, b)];
      const title = `first difference after ${grouped(count)} equal instructions: ${atA} and ${atB}`;
      return { equal: false, lines: [title, ...context, ...side("<", a), ...side(">", b), ...different] };
    }
    context.push(`  ${a!.text}`);
    if (context.length > CONTEXT_LINES) context.shift();
  }
}

function requireBoth(pathA: string, a: Commit | undefined, pathB: string, b: Commit | undefined): void {
  const without = a === undefined ? pathA : b === undefined ? pathB : undefined;
  if (without === undefined) return;
  const expected = "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000";
  throw new Failure(
    "input",
    `${without}: error: no commits to compare\n  hint: a line looks like: ${expected} (status 3)`,
  );
}

const place = (path: string, at: Commit | undefined): string => `${path}:${at?.line ?? "end"}`;
const side = (mark: string, at: Commit | undefined): string[] => [`${mark} ${at?.text ?? "(the log ends)"}`];

/** A line for each field that differs; none where the commits are the same. */
function differences(
  a: Commit | undefined,
  b: Commit | undefined,
  ignored: ReadonlySet<CommitFieldKind>,
): readonly string[] {
  if (a === undefined || b === undefined) return a === b ? [] : ["one log ends before the other"];
  const same = (what: string, inA: string, inB: string): string[] =>
    sameNumbers(inA, inB) ? [] : [`${what}: ${inA} and ${inB}`];
  const fieldsA = named(a.fields, ignored);
  const fieldsB = named(b.fields, ignored);
  const names = [...new Set([...fieldsA.keys(), ...fieldsB.keys()])];
  return [
    ...same("mode", a.mode, b.mode),
    ...same("pc", a.pc, b.pc),
    ...same("instruction", a.word, b.word),
    ...names.flatMap((name) => same(name, fieldsA.get(name) ?? "nothing", fieldsB.get(name) ?? "nothing")),
  ];
}

/** Fields by their names; what has one name twice (an atomic's load and store) is counted, and order does not matter. */
function named(fields: readonly CommitField[], ignored: ReadonlySet<CommitFieldKind>): Map<string, string> {
  const map = new Map<string, string>();
  for (const f of fields) {
    if (ignored.has(f.kind)) continue;
    const access = f.kind === "mem" ? `${f.name} ${f.value === "" ? "loaded" : "stored"}` : f.name;
    map.set(map.has(access) ? `${access} again` : access, f.value === "" ? "read" : f.value);
  }
  return map;
}

/** Equal as text, or as numbers whose leading zeros differ. */
function sameNumbers(a: string, b: string): boolean {
  if (a === b) return true;
  const short = (text: string): string => text.replaceAll(/0x0+(?=[\da-f])/g, "0x");
  return short(a) === short(b);
}
