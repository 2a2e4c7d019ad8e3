// The simulator beside plain QEMU on the same ELF files, in turns: `npm run bench:qemu`. Needs qemu-system-riscv64.
//
// QEMU's speed is that of the difference between a long run and one of a single turn, so that its start does not count.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeElf } from "../../isa/elf.ts";
import { geometricMean, measure, median } from "../../sim/cli/bench.ts";
import { resolveMachine } from "../../sim/config/machine.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { buildKernel, isaOf, KERNELS, type Kernel } from "../../workloads/micro/kernels.ts";

const QEMU = process.env["QEMU"] ?? "qemu-system-riscv64";
const ROUNDS = 3;
/** Measured of ours in each round. */
const INSTRUCTIONS = Number(process.argv[2] ?? 200e6);
/** With timing the reference engine runs, a hundred and more times slower. */
const TIMED_INSTRUCTIONS = INSTRUCTIONS / 100;
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
  if (run.error !== undefined) throw new Error(`${QEMU}: ${run.error.message} (set QEMU to its path)`);
  if (run.status !== 0) throw new Error(`${QEMU} ${elf}: status ${String(run.status)}\n${String(run.stderr)}`);
  return Number(process.hrtime.bigint() - at) / 1e9;
}

/** Turns that keep QEMU busy long enough. */
function longTurns(kernel: Kernel, perTurn: number, folder: string): number {
  let turns = Math.ceil(FIRST_INSTRUCTIONS / perTurn);
  while (seconds(kernel, turns, folder) < LEAST_SECONDS) turns *= 2;
  return turns;
}

const resolved = resolveMachine({});
if (resolved.kind !== "machine") throw new Error("the default machine does not resolve");
const folder = mkdtempSync(join(tmpdir(), "meshsim-qemu-"));
const rows: { readonly kernel: string; readonly qemu: number; readonly none: number; readonly full: number }[] = [];
try {
  for (const kernel of KERNELS) {
    const perTurn = instructionsATurn(kernel);
    const turns = longTurns(kernel, perTurn, folder);
    const ours = { kernel, form: "integer", config: resolved.config } as const;
    const ways = [
      { timing: "none", engine: "turbo", instructions: INSTRUCTIONS },
      { timing: "full", engine: "reference", instructions: TIMED_INSTRUCTIONS },
    ] as const;
    const speeds = { qemu: [] as number[], none: [] as number[], full: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = seconds(kernel, 1, folder);
      speeds.qemu.push(((turns - 1) * perTurn) / MILLION / (seconds(kernel, turns, folder) - start));
      for (const way of ways) speeds[way.timing].push((await measure({ ...ours, ...way }))!.mips);
    }
    rows.push({
      ...{ kernel: kernel.name, qemu: median(speeds.qemu) },
      ...{ none: median(speeds.none), full: median(speeds.full) },
    });
    const { qemu, none, full } = rows.at(-1)!;
    const ratio = (mips: number): string =>
      `${mips.toFixed(mips < 10 ? 1 : 0).padStart(6)} (${(mips / qemu).toFixed(2)}x)`;
    process.stdout.write(
      `${kernel.name.padEnd(14)} QEMU ${qemu.toFixed(0).padStart(6)}  functional ${ratio(none)}  full timing ${ratio(full)}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const means = {
  qemu: geometricMean(rows.map((r) => r.qemu)),
  none: geometricMean(rows.map((r) => r.none)),
  full: geometricMean(rows.map((r) => r.full)),
};
process.stdout.write(
  `geometric mean QEMU ${means.qemu.toFixed(0).padStart(6)}  functional ${means.none.toFixed(0)} (${(means.none / means.qemu).toFixed(2)}x)` +
    `  full timing ${means.full.toFixed(0)} (${(means.full / means.qemu).toFixed(2)}x)  million instructions/s\n`,
);
