// `npm run corebench -- [--coremark DIR] [--riscv-tests DIR] [--newlib DIR] [--machine PRESET]`: CoreMark and Dhrystone per MHz of
// the presets, beside what is published of the cores they are named after, compiled as that was. The sources are fetched by the
// reader; docs/validation.md says which, with versions.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadProgram } from "../../sim/cli/program.ts";
import { resolveMachine } from "../../sim/config/machine.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { byCause, type CpiStack } from "../../sim/stats/cpi-stack.ts";
import { difference, type Counters } from "../../sim/stats/counters.ts";
import { Core } from "../../sim/timing/core.ts";
import { build, type Built, type Compilation, type Sources } from "./compilations.ts";
import { PUBLISHED, type Published } from "./published.ts";

const ISA = "rv64imac_zicsr_zba_zbb_zbs";
const Mark = { begin: 1, end: 2, valid: 3 } as const;

interface Run {
  readonly cycles: number;
  readonly instructions: number;
  readonly causes: CpiStack;
}

/** Runs a program, and takes what lies between its marks. */
function run({ program, checksItself }: Built, { preset, sets = [] }: Published): Run {
  const machine = resolveMachine({ preset, sets });
  if (machine.kind !== "machine") throw new Error(machine.diagnostics[0]!.message);
  const image = loadProgram({ program, isa: ISA, loadAddress: undefined });
  const core = new Core(machine.config, { categories: image.categories.length });
  const marks = new Map<number, { readonly counters: Counters; readonly instructions: number }>();
  const hart = createMachine({
    isa: ISA,
    ramBytes: machine.config.ramBytes,
    image,
    timing: core,
    onMeter: ({ value, instructions }) => marks.set(value, { counters: core.snapshot(), instructions }),
  });
  const stop = hart.run({ maxInstructions: 1e8 });
  if (stop.kind !== "exit" || stop.status !== 0) throw new Error(`${program} on ${preset}: ${JSON.stringify(stop)}`);
  if (checksItself && !marks.has(Mark.valid)) throw new Error(`${program} on ${preset}: its results are wrong`);
  const [begin, end] = [marks.get(Mark.begin)!, marks.get(Mark.end)!];
  const between = difference(end.counters, begin.counters);
  return { cycles: between.now, instructions: end.instructions - begin.instructions, causes: byCause(between) };
}

/** The causes that take at least a hundredth of the cycles, in the order of a CPI stack, in percent. */
function largeCauses({ cycles, causes }: Run): string {
  const shares = Object.entries(causes).map(([name, n]): [string, number] => [name, (100 * n) / cycles]);
  return shares
    .filter(([, share]) => share >= 1)
    .map(([name, share]) => `${name} ${share.toFixed(0)}`)
    .join(", ");
}

function row(published: Published, built: Built): string {
  const r = run(built, published);
  const score = built.score(r.cycles);
  const deviation = 100 * (score / published.score - 1);
  const cells = [
    published.as === undefined ? published.preset : `${published.preset}, ${published.as}`,
    built.words,
    `${score.toFixed(2)} ${built.unit}`,
    published.score,
    `${deviation < 0 ? "−" : "+"}${Math.abs(deviation).toFixed(1)} %`,
    (r.instructions / r.cycles).toFixed(2),
    largeCauses(r),
    published.source,
  ];
  return `| ${cells.join(" | ")} |\n`;
}

const { values } = parseArgs({
  options: {
    coremark: { type: "string" },
    "riscv-tests": { type: "string" },
    newlib: { type: "string" },
    machine: { type: "string", multiple: true },
    keep: { type: "string" },
  },
});
const sources: Sources = { coremark: values.coremark, tests: values["riscv-tests"], newlib: values.newlib };
const given = Object.values(sources).filter((folder) => folder !== undefined);
if (given.length === 0 || !given.every((folder) => existsSync(folder))) {
  process.stderr.write(
    "usage: npm run corebench -- [--coremark DIR] [--riscv-tests DIR] [--newlib DIR] [--machine PRESET] [--keep DIR]\n" +
      "checkouts of eembc/coremark, of riscv-software-src/riscv-tests with its submodule, of riscvarchive/riscv-newlib\n" +
      "--keep: where the programs are left\n",
  );
  process.exit(2);
}
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "meshsim-corebench-"));
try {
  process.stdout.write(
    "| machine | compiled with | here | published | deviation | IPC | cycles by cause, percent | source |\n",
  );
  process.stdout.write("|---|---|---:|---:|---:|---:|---|---|\n");
  const programs = new Map<Compilation, Built | undefined>();
  for (const published of PUBLISHED.filter(({ preset }) => values.machine?.includes(preset) ?? true)) {
    const { compilation } = published;
    if (!programs.has(compilation)) programs.set(compilation, build(compilation, sources, folder));
    const built = programs.get(compilation);
    if (built !== undefined) process.stdout.write(row(published, built));
  }
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true });
}
