// Judges files of vectors that outside machines recorded: capabilities, single instructions, whole programs retire by retire.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { disassemble } from "../../isa/disasm.ts";
import { decoderFor } from "../../isa/table.ts";
import { VectorMachine, type Difference, type Vector } from "../drivers/instruction-vectors.ts";
import { readJsonLines } from "../drivers/vectors.ts";
import {
  capabilityDifferences,
  capabilitySubject,
  isCapabilityKind,
  type CapabilityVector,
} from "./capability-vectors.ts";
import { Tally, type Verdict, type VectorFailure } from "./verdict.ts";

const VECTORS = /\.jsonl(\.gz)?$/;
const TRACE = /\.trace\.jsonl(\.gz)?$/;
/** The exit of a program, behind its last recorded instruction. */
const INSTRUCTIONS_TO_EXIT = 10;
const GLOBAL = 1n << 43n;

/** Differences that the vectors cannot settle, as their README says. */
const CORNERS = {
  corrupt: "untagged corrupt operand of which only the tag compares",
  outside: "access where the two machines have different devices",
} as const;

/** Every file below a folder, in order of its name; nothing where the folder is absent. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : [path]));
}

/** Judges one file, whose content says what it holds; programs are judged with their trace, and other files skipped. */
export function judgeFile(path: string, name: string = basename(path)): Verdict {
  const tally = new Tally();
  if (!VECTORS.test(path))
    tally.skip(path.endsWith(".bin") ? "program: judged with its trace" : "not a file of vectors");
  else {
    const vectors = readable(path, tally).map(parsed);
    if (TRACE.test(path)) judgeProgram(path.replace(TRACE, ".bin"), vectors, isaOf(path, vectors), tally);
    else judgeEach(vectors, isaOf(path, vectors), tally);
  }
  return tally.verdict(name);
}

/** The lines of a file; one that is cut short or no gzip at all is a failure of that file alone. */
function readable(path: string, tally: Tally): string[] {
  try {
    return readJsonLines(path);
  } catch (error) {
    const differences = [{ what: "file", expected: "JSON lines, plain or gzip", found: (error as Error).message }];
    tally.fail({ line: 0, subject: "unreadable", differences });
    return [];
  }
}

type Line = Vector | CapabilityVector | "blank" | "other" | "malformed";

/** A line as a vector; fields that we do not know stay unread. */
function parsed(line: string): Line {
  if (line.trim() === "") return "blank";
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return "malformed";
    if (isInstruction(value)) return value as Vector;
    return "k" in value && typeof value.k === "string" ? (value as CapabilityVector) : "other";
  } catch {
    return "malformed";
  }
}

const isInstruction = (line: object): line is Vector => "pc" in line && "w" in line && "s1" in line && "s2" in line;

/** With Zylevels1 a tagged capability may be global; without, its GL is reserved and 0. A file that has none says it by its name. */
function isaOf(path: string, lines: readonly Line[]): string {
  const number = /^(0x[\da-f]+|\d+)$/i;
  const global = (t: Vector["d"]): boolean =>
    t?.[0] === 1 && number.test(String(t[1])) && (BigInt(t[1]) & GLOBAL) !== 0n;
  const levels = lines.some((v) => typeof v === "object" && isInstruction(v) && [v.s1, v.s2, v.d].some(global));
  return levels || /zylevels1|lv1/.test(basename(path)) ? "rv64y_zylevels1" : "rv64y";
}

function judgeEach(lines: readonly Line[], isa: string, tally: Tally): void {
  const machine = new VectorMachine(isa);
  lines.forEach((v, i) => {
    if (typeof v === "string") return judgeOther(v, i + 1, tally);
    if (!isInstruction(v)) return judgeCapability(v, i + 1, tally);
    if ((Number(v.w) & 3) !== 3) return tally.skip("compressed instruction: its registers are not in the vector");
    const differences = guarded(() => machine.runAlone(v));
    const corner = differences.length === 0 ? undefined : cornerOf(machine, v, differences);
    if (corner !== undefined) tally.skip(corner);
    else judged(tally, { line: i + 1, subject: subjectOf(isa, v), differences });
  });
}

function judgeCapability(v: CapabilityVector, line: number, tally: Tally): void {
  if (!isCapabilityKind(v.k)) return tally.skip(`of unknown kind '${v.k}'`);
  const differences = guarded(() => capabilityDifferences(v));
  judged(tally, { line, subject: capabilitySubject(v), differences });
}

function judgeOther(v: string, line: number, tally: Tally): void {
  if (v === "other") tally.skip("of unknown shape");
  if (v !== "malformed") return;
  const differences = [{ what: "line", expected: "a JSON object", found: "something else" }];
  judged(tally, { line, subject: "unreadable", differences });
}

/** Runs a program along its trace, to the first failure; what follows that is not judged. */
function judgeProgram(program: string, lines: readonly Line[], isa: string, tally: Tally): void {
  if (!existsSync(program)) return tally.skip(`trace without its program ${basename(program)}`);
  const machine = new VectorMachine(isa, readFileSync(program));
  if (lines.length === 0) return;
  const retires = lines.flatMap((v, i) => (typeof v === "object" && isInstruction(v) ? [{ v, line: i + 1 }] : []));
  lines.forEach((v, i) => {
    if (typeof v === "string") judgeOther(v, i + 1, tally);
  });
  for (const [i, { v, line }] of retires.entries()) {
    const differences = guarded(() => machine.step(v));
    const corner = differences.length === 0 ? undefined : cornerOf(machine, v, differences);
    if (corner === undefined) judged(tally, { line, subject: subjectOf(isa, v), differences });
    else tally.skip(corner);
    if (corner !== undefined) machine.adopt(v);
    else if (differences.length > 0) return skipRest(tally, retires.length - i - 1);
  }
  judgeExit(machine, lines.length, tally);
}

function skipRest(tally: Tally, count: number): void {
  if (count > 0) tally.skip("behind the first failure of the program", count);
}

/** A program ends by telling the finisher device that it passes; that alone is no vector, but failing to is a failure. */
function judgeExit({ machine }: VectorMachine, line: number, tally: Tally): void {
  const stop = machine.run({ maxInstructions: machine.instructions + INSTRUCTIONS_TO_EXIT });
  if (stop.kind === "exit" && stop.status === 0) return;
  const found = stop.kind === "exit" ? `exit ${stop.status}` : stop.kind;
  tally.fail({ line, subject: "the end of the program", differences: [{ what: "stop", expected: "exit 0", found }] });
}

/** Why a difference is no failure; undefined where it is one. */
function cornerOf(machine: VectorMachine, v: Vector, differences: readonly Difference[]): string | undefined {
  if (machine.outsideRam(v)) return CORNERS.outside;
  const inResult = differences.every((d) => d.what === `x${v.rd}`);
  return inResult && machine.knownCorner(v) ? CORNERS.corrupt : undefined;
}

/** A vector whose values cannot even be read is a failure of that vector, not of the run. */
function guarded(run: () => Difference[]): Difference[] {
  try {
    return run();
  } catch (error) {
    return [{ what: "vector", expected: "values as the README describes", found: String(error) }];
  }
}

function judged(tally: Tally, failure: VectorFailure): void {
  if (failure.differences.length === 0) tally.pass();
  else tally.fail(failure);
}

function subjectOf(isa: string, v: Vector): string {
  const decoded = decoderFor(isa)(Number(v.w));
  const text = decoded === undefined ? "illegal instruction" : disassemble(decoded, Number(v.pc)).replace("\t", " ");
  return `${text} (${v.w} at ${v.pc})`;
}
