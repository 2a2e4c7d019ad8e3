// Builds the exhaustive judge: prints our definitions as C, compiles them beside the standard's, and runs ranges of cases.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { boundsSource, instructionSource, PRELUDE } from "./c-source.ts";
import { sampleTables } from "./samples.ts";

/** The machines whose capability format differs. */
const ISAS = ["rv64y", "rv64y_zylevels1", "rv64y_zyhybrid", "rv64y_zylevels1_zyhybrid"];
/** What of theirs is judged; all compute with registers alone. */
const INSTRUCTIONS = ["yadd", "yaddrw", "ypermc", "ypermr", "ybndsw", "ybndsrw", "yamask", "ybaser", "ytopr", "ylenr"];
const HYBRID_INSTRUCTIONS = ["ymodew", "ymoder"];

const isHybrid = (isa: string): boolean => isa.includes("zyhybrid");
const instructionsIn = (isa: string): string[] => [...INSTRUCTIONS, ...(isHybrid(isa) ? HYBRID_INSTRUCTIONS : [])];

const FIELDS = 2 ** 27;
const DENSE_LENGTHS = 2 ** 23;
const RANDOM = 100_000_000;
const TABLES = sampleTables(ISAS.map((isa) => ({ isa, names: instructionsIn(isa) })));

/** The tasks, and how many cases each has in all; what a case is, judge.c says. */
export const TASKS = {
  printer: TABLES.count,
  bounds: FIELDS,
  lengths: DENSE_LENGTHS + RANDOM,
  moves: RANDOM,
  permissions: ISAS.length * 2 ** 15,
} as const;
export type Task = keyof typeof TASKS;

export interface Judgement {
  readonly cases: number;
  readonly differences: number;
  /** The first differences, each a line. */
  readonly lines: readonly string[];
}

/** A C compiler that knows 128-bit integers; undefined where there is none. */
export const compiler: string | undefined = ["gcc", "clang"].find((cc) => spawnSync(cc, ["--version"]).status === 0);

/** A machine as a value of judge.c's struct: its extensions of the format, then its functions. */
function machine(isa: string): string {
  const options = `.options = {${[isa.includes("zylevels1"), isHybrid(isa)].map(Number).join(", ")}}`;
  const functions = ["bounds", ...instructionsIn(isa)].map((name) => `.${name} = ${isa}_${name}`);
  return `{${[options, ...functions].join(", ")}}`;
}

/** Our definitions as a C header. */
export function definitions(): string {
  return [
    PRELUDE,
    ...ISAS.flatMap((isa) => [boundsSource(isa), ...instructionsIn(isa).map((name) => instructionSource(isa, name))]),
    `#define MACHINES_OF_MESHSIM ${ISAS.map(machine).join(", ")}`,
    TABLES.source,
  ].join("\n");
}

/** The compiled judge, in a folder of its own. */
export class Judge {
  readonly #folder = mkdtempSync(join(tmpdir(), "meshsim-exhaustive-"));
  readonly #program = join(this.#folder, "judge");

  /** `optimise`: worth its seconds where the cases are many. */
  constructor(cc: string, optimise: boolean) {
    writeFileSync(join(this.#folder, "meshsim.h"), definitions());
    const source = fileURLToPath(new URL("judge.c", import.meta.url));
    const flags = ["-std=gnu11", "-Wall", "-Wno-unused-variable", "-Wno-unused-function"];
    execFileSync(cc, [optimise ? "-O2" : "-O0", ...flags, "-I", this.#folder, "-o", this.#program, source]);
  }

  /** Judges the cases `from` to `to` (not itself) of a task. */
  async run(task: Task, from: number, to: number): Promise<Judgement> {
    const child = spawn(this.#program, [task, String(from), String(to)], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (data: Buffer) => (text += data.toString()));
    await new Promise((done, fail) => child.on("close", done).on("error", fail));
    const lines = text.trimEnd().split("\n");
    const [, cases, differences] = /^cases (\d+) differences (\d+)$/.exec(lines.pop() ?? "") ?? [];
    if (cases === undefined) throw new Error(`the judge ended without a verdict on ${task} ${from} to ${to}`);
    return { cases: Number(cases), differences: Number(differences), lines };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
