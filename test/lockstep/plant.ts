// npm run plant: plants the seeded bugs of test/mutate in a copy of HEAD and has random programs look for each, in lockstep.
//
// It tells how many programs it takes until the engine with the bug differs from the second model. What was found is kept in
// meshsim-out/planted.json; a later run goes on where that one stopped.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";
import type { Mutation } from "../mutate/mutation.ts";
import { MUTATIONS } from "../mutate/table.ts";

interface Planted {
  /** The first program that differs, and in what; "none", or that the text to change is not there. */
  readonly shown: string;
  readonly programs: number;
  readonly commit: string;
}

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const KNOWN = join(ROOT, "meshsim-out", "planted.json");
const COMMAND = ["test/lockstep/campaign.js", "--first", "--seed", "1"];
const TIMEOUT_MS = 300_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const git = (...args: string[]): string => execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).trim();

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "3000" },
    only: { type: "string", default: "" },
    table: { type: "boolean", default: false },
  },
});
/** Bugs of the machine; the kernel's are not for random programs to find. */
const BUGS = MUTATIONS.filter((m) => /^(isa|sim)\//.test(m.file) && `${m.file} ${m.name}`.includes(values.only));

const known = (existsSync(KNOWN) ? JSON.parse(readFileSync(KNOWN, "utf8")) : {}) as Record<string, Planted>;
if (!values.table) plantAll(BUGS.filter((m) => known[m.name] === undefined));
say(table());

function plantAll(due: readonly Mutation[]): void {
  const commit = git("rev-parse", "--short", "HEAD");
  const folder = mkdtempSync(join(tmpdir(), "meshsim-plant-"));
  try {
    const archive = execFileSync("git", ["-C", ROOT, "archive", "HEAD"], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const path of git("ls-files", "isa", "sim", "test")
      .split("\n")
      .filter((f) => f.endsWith(".ts"))) {
      compile(join(folder, path), readFileSync(join(folder, path), "utf8"));
    }
    for (const [i, bug] of due.entries()) {
      const shown = plant(folder, bug);
      known[bug.name] = { shown, programs: Number(values.programs), commit };
      mkdirSync(join(ROOT, "meshsim-out"), { recursive: true });
      writeFileSync(KNOWN, JSON.stringify(known, undefined, 1));
      say(`${i + 1}/${due.length} ${bug.file}: ${bug.name}: ${shown}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(folder: string, bug: Mutation): string {
  const path = join(folder, bug.file);
  const source = readFileSync(path, "utf8");
  if (source.split(bug.find).length !== 2) return "the text to change is not there once";
  try {
    compile(
      path,
      source.replace(bug.find, () => bug.replace),
    );
    const options = { cwd: folder, encoding: "utf8", timeout: TIMEOUT_MS } as const;
    const { stdout, status } = spawnSync(process.execPath, [...COMMAND, "--programs", values.programs], options);
    const found = /^first divergence: (.*)$/m.exec(stdout)?.[1];
    return found ?? (status === null ? "the run does not end" : "the engine does not load");
  } finally {
    compile(path, source);
  }
}

/** Puts the JavaScript of a source beside it: a run that begins needs to compile nothing. */
function compile(path: string, source: string): void {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
    fileName: path,
  });
  writeFileSync(path.replace(/\.ts$/, ".js"), outputText);
}

function table(): string {
  const row = (m: Mutation): string => {
    const { shown, programs } = known[m.name] ?? { shown: "not tried", programs: 0 };
    const [, index, what] = /^(\d+) (.*)$/.exec(shown) ?? [];
    const text =
      index === undefined ? (shown === "none" ? `not by ${programs}` : shown) : `${Number(index) + 1}: ${what}`;
    return `| ${m.file} | ${m.name} | ${text} |`;
  };
  return ["| file | the bug | shown by program |", "|---|---|---|", ...BUGS.map(row)].join("\n");
}
