// Spike as a judge: the same program in both machines, and the commit logs compared line by line.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "../../isa/image.ts";
import { parseCommit, plainCommit, type CommitLine } from "../../sim/cli/commit-line.ts";
import { createMachine, RAM_BASE } from "../../sim/machine/machine.ts";
import { inFolder } from "../isa/asm/gnu.ts";
import { SPIKE_ISA } from "./spike-program.ts";

const RAM_MIB = 16;
const RESET = `0x${RAM_BASE.toString(16).padStart(16, "0")}`;
const MAX_INSTRUCTIONS = 1_000_000;
const TIMEOUT_MS = 60_000;
/** Spike's own name for what we do: misaligned accesses by hardware; and what we have beside the ISA string. */
const SPIKE_EXTRAS = "_zicntr_zihpm_sstc_zicclsm";

export interface SpikeVerdict {
  /** Instructions found equal. */
  readonly instructions: number;
  /** The first difference as lines; empty where the logs are equal. */
  readonly difference: readonly string[];
  /** Why nothing was compared. */
  readonly unjudged?: string;
}

/** Runs an ELF file in both machines. `ignore`: CSRs whose written value is not compared, `c836_mip`. */
export function judgeBySpike(spike: string, path: string, image: Image, ignore: ReadonlySet<string>): SpikeVerdict {
  const ours: string[] = [];
  const onCommit = (line: string): void => void ours.push(plainCommit(line));
  const machine = createMachine({ isa: SPIKE_ISA, ramBytes: RAM_MIB << 20, image, onCommit });
  const stop = machine.run({ maxInstructions: MAX_INSTRUCTIONS });
  // Spike would fill the disk with a program that has no end.
  if (stop.kind !== "exit") return { instructions: 0, difference: [], unjudged: `our run ends with ${stop.kind}` };
  return compareCommits(ours, spikeLog(spike, path, ours.length), ignore);
}

/** So many of Spike's commits from the program's first instruction on; behind its end it spins until its host looks. */
function spikeLog(spike: string, path: string, length: number): string[] {
  return inFolder((folder) => {
    const log = join(folder, "spike.log");
    const options = [`--isa=${SPIKE_ISA}${SPIKE_EXTRAS}`, `-m${RAM_MIB}`, "--triggers=0"];
    const { error } = spawnSync(spike, [...options, "--log-commits", `--log=${log}`, path], { timeout: TIMEOUT_MS });
    if (error !== undefined && (error as NodeJS.ErrnoException).code !== "ETIMEDOUT") throw error;
    const commits = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => /^core +0: \d 0x/.test(line));
    const first = commits.findIndex((line) => parseCommit(line)?.pc === RESET);
    return commits.slice(first, first + length);
  });
}

/** Two logs, line by line; fields in any order. */
export function compareCommits(
  ours: readonly string[],
  theirs: readonly string[],
  ignore: ReadonlySet<string>,
): SpikeVerdict {
  const at = ours.findIndex((line, i) => differ(line, theirs[i], ignore));
  if (at < 0) return { instructions: ours.length, difference: [] };
  const context = ours.slice(Math.max(0, at - 3), at).map((line) => `  ${line}`);
  return { instructions: at, difference: [...context, `< ${ours[at]}`, `> ${theirs[at] ?? "(Spike's log ends)"}`] };
}

function differ(ours: string, theirs: string | undefined, ignore: ReadonlySet<string>): boolean {
  if (theirs === undefined) return true;
  if (ours === theirs.trimEnd()) return false;
  const [a, b] = [parseCommit(ours), parseCommit(theirs)];
  return a === undefined || b === undefined || text(a, ignore) !== text(b, ignore);
}

/** A commit as text in which the order of fields does not matter. */
function text({ mode, pc, word, fields }: CommitLine, ignore: ReadonlySet<string>): string {
  const compared = fields.filter((f) => !(f.kind === "csr" && ignore.has(f.name)));
  return [mode, pc, word, ...compared.map((f) => `${f.name} ${f.value}`).sort()].join(" ");
}
