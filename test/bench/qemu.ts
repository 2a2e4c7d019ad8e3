// The simulator beside plain QEMU, in turns: `npm run bench:qemu`; USAGE says with what options. Needs qemu-system-riscv64.
//
// QEMU runs the ELF files of the integer forms, and has no time. The capability forms, which it cannot run, stand beside the integer
// form of the same kernel. Its speed is that of the difference between a long run and one of a single turn, so that its start does
// not count.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeElf } from "../../isa/elf.ts";
import { geometricMean, measure, median } from "../../sim/cli/bench.ts";
import { EXIT } from "../../sim/cli/exit.ts";
import { Failure } from "../../sim/cli/failure.ts";
import { whole } from "../../sim/cli/values.ts";
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { buildKernel, FORMS, isaOf, KERNELS, type Kernel } from "../../workloads/micro/kernels.ts";
import { optionValues, runCommand } from "./command.ts";

const USAGE = `usage: npm run bench:qemu [-- OPTIONS]
  --instructions N   measured of ours in each round (default 800000000); of timed runs half as many
  --rounds N         in turns, of which the medians are shown (default 3)
QEMU names the program that is run in place of qemu-system-riscv64.`;

const QEMU = process.env["QEMU"] ?? "qemu-system-riscv64";
const MILLION = 1e6;
/** How long a run of QEMU has to be, so that its start is little of it. */
const LEAST_SECONDS = 1.5;
const FIRST_INSTRUCTIONS = 20 * MILLION;

/** Instructions of a kernel's turn, once it has settled. */
function instructionsATurn(kernel: Kernel): number {
  const count = (turns: number): number => {
    const machine = createMachine({
      ...{ isa: isaOf("integer"), ramBytes: 2 ** 24, image: buildKernel(kernel, "integer", turns) },
    });
    machine.run();
    return machine.instructions;
  };
  return (count(20) - count(10)) / 10;
}

/** Seconds that QEMU takes for so many turns. */
function seconds(kernel: Kernel, turns: number, folder: string): number {
  const elf = join(folder, `${kernel.name}.elf`);
  writeFileSync(elf, writeElf(buildKernel(kernel, "integer", turns)));
  const at = process.hrtime.bigint();
  const run = spawnSync(QEMU, ["-machine", "virt", "-bios", "none", "-m", "64M", "-display", "none", "-kernel", elf]);
  if (run.error !== undefined)
    throw new Failure("usage", `${QEMU}: ${run.error.message}\n  hint: set QEMU to its path (status 2)`);
  if (run.status !== 0) throw new Error(`${QEMU} ${elf}: status ${String(run.status)}\n${String(run.stderr)}`);
  return Number(process.hrtime.bigint() - at) / 1e9;
}

/** Turns that keep QEMU busy long enough. */
function longTurns(kernel: Kernel, perTurn: number, folder: string): number {
  let turns = Math.ceil(FIRST_INSTRUCTIONS / perTurn);
  while (seconds(kernel, turns, folder) < LEAST_SECONDS) turns *= 2;
  return turns;
}

/** What is measured of ours: a timed run is of half the instructions, so that like QEMU's, most of them take a second or more. */
const WAYS = FORMS.flatMap((form) => [
  { form, timing: "none", share: 1 } as const,
  { form, timing: "full", share: 1 / 2 } as const,
]);

interface Options {
  readonly instructions: number;
  readonly rounds: number;
}

function readOptions(): Options {
  const values = optionValues(["instructions", "rounds"], USAGE);
  return {
    instructions: whole("instructions", values.instructions ?? "800000000", 1_000_000, 1e12),
    rounds: whole("rounds", values.rounds ?? "3", 1, 1000),
  };
}

interface Row {
  readonly qemu: number;
  /** In the order of WAYS. */
  readonly ours: readonly number[];
}

async function measured(kernel: Kernel, config: MachineConfig, options: Options, folder: string): Promise<Row> {
  const perTurn = instructionsATurn(kernel);
  const turns = longTurns(kernel, perTurn, folder);
  const [qemu, ours]: [number[], number[][]] = [[], WAYS.map(() => [])];
  for (let round = 0; round < options.rounds; round += 1) {
    const start = seconds(kernel, 1, folder);
    qemu.push(((turns - 1) * perTurn) / MILLION / (seconds(kernel, turns, folder) - start));
    for (const [i, { form, timing, share }] of WAYS.entries()) {
      const instructions = options.instructions * share;
      ours[i]!.push((await measure({ form, timing, instructions, kernel, config, engine: "turbo" }))!.mips);
    }
  }
  return { qemu: median(qemu), ours: ours.map(median) };
}

function line(name: string, { qemu, ours }: Row): string {
  const speed = (mips: number): string => mips.toFixed(mips < 10 ? 1 : 0).padStart(7);
  const cells = ours.map((mips) => `${speed(mips)} (${(mips / qemu).toFixed(2).padStart(5)}x)`);
  return `${name.padEnd(16)}${speed(qemu)}${cells.join("")}\n`;
}

async function main(): Promise<number> {
  const options = readOptions();
  const resolved = resolveMachine({});
  if (resolved.kind !== "machine") throw new Error("the default machine does not resolve");
  const folder = mkdtempSync(join(tmpdir(), "meshsim-qemu-"));
  const rows: Row[] = [];
  try {
    const heads = WAYS.map(({ form, timing }) => `${form} ${timing}`.padStart(16));
    process.stdout.write(`million inst/s  ${"QEMU".padStart(7)}${heads.join("")}\n`);
    for (const kernel of KERNELS) {
      process.stderr.write(`${kernel.name}\n`);
      rows.push(await measured(kernel, resolved.config, options, folder));
      process.stdout.write(line(kernel.name, rows.at(-1)!));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const qemu = geometricMean(rows.map((row) => row.qemu));
  const ours = WAYS.map((_, i) => geometricMean(rows.map((row) => row.ours[i]!)));
  process.stdout.write(line("geometric mean", { qemu, ours }));
  return EXIT.ok.status;
}

await runCommand(main);
