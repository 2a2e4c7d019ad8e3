// Small C programs with the timing of a machine and without: `npm run bench:programs`; USAGE says with what options. Needs
// riscv64-unknown-elf-gcc.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "../../isa/image.ts";
import { chosen, geometricMean, median, millisecondsSince } from "../../sim/cli/bench.ts";
import { EXIT } from "../../sim/cli/exit.ts";
import { chosenMachine } from "../../sim/cli/machine-option.ts";
import { whole } from "../../sim/cli/values.ts";
import type { MachineConfig } from "../../sim/config/machine.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { compareTimed } from "../sim/engine/turbo/timing.ts";
import { compileProgram, needGcc, PROGRAM_ISA, PROGRAM_RAM_BYTES, PROGRAMS } from "./c-programs.ts";
import { columns, optionValues, runCommand } from "./command.ts";

const USAGE = `usage: npm run bench:programs [-- OPTIONS]
  --machine PRESET   whose timing (default cva6@1)
  --programs A,B     some of the files of test/bench/programs (default all)
  --instructions N   measured in each program (default 30000000)
  --check N          compares both engines after N instructions (setting up takes up to 2 million); status 1 if
                     anything differs`;

const MILLION = 1e6;
/** Executed before, from reset on: what is executed is translated, and what it asks of the timing is learnt. */
const WARM_UP_INSTRUCTIONS = 4 * MILLION;
const ROUNDS = 3;

interface Speed {
  /** Million instructions a second of host time, after WARM_UP_INSTRUCTIONS: the median of ROUNDS rounds. */
  readonly mips: number;
  readonly cyclesPerInstruction: number;
}

/** Runs a program, timed by a machine or functionally. */
function speed(image: Image, core: MachineConfig | undefined, instructions: number): Speed {
  const machine = createMachine({
    isa: PROGRAM_ISA,
    ramBytes: PROGRAM_RAM_BYTES,
    image,
    engine: "turbo",
    ...(core && { core }),
  });
  const millisecondsOf = (more: number): number => {
    const at = process.hrtime.bigint();
    const stop = machine.run({ maxInstructions: machine.instructions + more });
    if (stop.kind !== "limit") throw new Error(`a program ended: ${JSON.stringify(stop)}`);
    return millisecondsSince(at);
  };
  millisecondsOf(WARM_UP_INSTRUCTIONS);
  const [fromInstructions, fromCycles] = [machine.instructions, machine.cycles];
  const round = Math.round(instructions / ROUNDS);
  const speeds = Array.from({ length: ROUNDS }, () => round / millisecondsOf(round) / 1000);
  machine.core?.check();
  const cyclesPerInstruction = (machine.cycles - fromCycles) / (machine.instructions - fromInstructions);
  return { mips: median(speeds), cyclesPerInstruction };
}

/** What the engines differ in after so many instructions: clock, registers, memory, all counters of the timing. */
function engineDifference(image: Image, core: MachineConfig, instructions: number): string | undefined {
  const parts = Math.ceil(instructions / MILLION);
  const slices = Array.from({ length: parts }, (_, i) => ({
    instructions: Math.min(MILLION, instructions - i * MILLION),
  }));
  const compared = compareTimed({ isa: PROGRAM_ISA, ramBytes: PROGRAM_RAM_BYTES, image, core, slices });
  if (compared.found === undefined && compared.instructions < instructions) return `it ends in ${compared.ended}`;
  return compared.found;
}

const WIDTHS = [16, 10, 12, 8, 9];
const writeRow = (cells: readonly string[]): boolean => process.stdout.write(columns(WIDTHS, cells));
const shown = (mips: number): string => mips.toFixed(mips < 10 ? 1 : 0);

interface Options {
  readonly core: MachineConfig;
  readonly names: readonly string[];
  readonly instructions: number;
  /** Instructions after which the engines are compared. */
  readonly check: number | undefined;
}

async function readOptions(): Promise<Options> {
  const values = optionValues(["machine", "programs", "instructions", "check"], USAGE);
  const { config } = await chosenMachine({ machine: values.machine, set: undefined }, "nothing measured");
  return {
    core: config,
    names: chosen("programs", values.programs ?? "all", PROGRAMS),
    instructions: whole("instructions", values.instructions ?? "30000000", 300_000, 1e12),
    check: values.check === undefined ? undefined : whole("check", values.check, 1, 1e9),
  };
}

/** Prints the table; do the engines agree? */
function bench({ core, names, instructions, check }: Options, folder: string): boolean {
  const rows: (readonly [timed: Speed, functional: Speed])[] = [];
  let equal = true;
  const heads = ["million inst/s", "timed", "functional", "CPI"];
  writeRow(check === undefined ? heads : [...heads, "engines"]);
  for (const name of names) {
    process.stderr.write(`${name}\n`);
    const image = compileProgram(name, folder);
    const found = check === undefined ? undefined : engineDifference(image, core, check);
    if (found !== undefined) process.stderr.write(`${name}: turbo against reference: ${found}\n`);
    equal &&= found === undefined;
    const [timed, functional] = [speed(image, core, instructions), speed(image, undefined, instructions)];
    rows.push([timed, functional]);
    const cells = [shown(timed.mips), shown(functional.mips)];
    const verdict = check === undefined ? [] : [found === undefined ? "equal" : "DIFFER"];
    writeRow([name, ...cells, timed.cyclesPerInstruction.toFixed(2), ...verdict]);
  }
  const mean = (of: (row: (typeof rows)[number]) => number): number => geometricMean(rows.map(of));
  const means = [shown(mean(([t]) => t.mips)), shown(mean(([, f]) => f.mips))];
  writeRow(["geometric mean", ...means, mean(([t]) => t.cyclesPerInstruction).toFixed(2)]);
  return equal;
}

async function main(): Promise<number> {
  const options = await readOptions();
  needGcc();
  const folder = mkdtempSync(join(tmpdir(), "meshsim-programs-"));
  try {
    return bench(options, folder) ? EXIT.ok.status : EXIT.difference.status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runCommand(main);
