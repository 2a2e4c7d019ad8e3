// `npm run corebench -- [--coremark DIR] [--dhrystone DIR] [--machine PRESET]`: CoreMark and Dhrystone per MHz of the presets,
// beside what is published of the cores they are named after. The sources are fetched by the reader: eembc/coremark, and
// benchmarks/dhrystone of riscv-software-src/riscv-tests. docs/validation.md says with which versions.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadProgram } from "../../sim/cli/program.ts";
import { resolveMachine } from "../../sim/config/machine.ts";
import { PRESETS } from "../../sim/config/presets/table.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { byCause, type CpiStack } from "../../sim/stats/cpi-stack.ts";
import { difference, type Counters } from "../../sim/stats/counters.ts";
import { Core } from "../../sim/timing/core.ts";

const GCC = "riscv64-unknown-elf-gcc";
const ISA = "rv64imac_zicsr";
const PORT = join(import.meta.dirname, "port");
const COREMARK_ITERATIONS = 10;
/** Dhrystones a second of a VAX 11/780, by which DMIPS are counted. */
const VAX_DHRYSTONES = 1757;
/** One set of flags a program, the same for every preset: CoreMark's are common in reported runs, Dhrystone's its makefile's. */
const FLAGS = ["-march=rv64ima_zicsr", "-mabi=lp64", "-mcmodel=medany", "-nostdlib", "-static", "-w", "-fno-common"];
const COREMARK_FLAGS = [
  ...["-O3", "-funroll-loops", "-finline-functions", "-finline-limit=1000", "-fselective-scheduling"],
  ...["-falign-functions=16", "-falign-jumps=4", "-falign-loops=4", "-fno-tree-loop-distribute-patterns"],
];
const DHRYSTONE_FLAGS = [
  ...["-std=gnu99", "-O2", "-ffast-math", "-fno-builtin-printf", "-fno-tree-loop-distribute-patterns"],
];
const Mark = { begin: 1, end: 2, valid: 3 } as const;

interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  /** From the cycles of the measured stretch. */
  readonly score: (cycles: number) => number;
  readonly checksItself: boolean;
  readonly published: Readonly<Record<string, string>>;
}

interface Run {
  readonly cycles: number;
  readonly instructions: number;
  readonly causes: CpiStack;
}

function coremark(folder: string): Benchmark {
  const names = ["core_list_join.c", "core_main.c", "core_matrix.c", "core_state.c", "core_util.c"];
  return {
    name: "CoreMark",
    unit: "CoreMark/MHz",
    sources: [...names.map((name) => join(folder, name)), join(PORT, "core_portme.c")],
    flags: [...COREMARK_FLAGS, `-DITERATIONS=${COREMARK_ITERATIONS}`, `-I${folder}`],
    score: (cycles) => (COREMARK_ITERATIONS * 1e6) / cycles,
    checksItself: true,
    published: {},
  };
}

function dhrystone(folder: string): Benchmark {
  const header = readFileSync(join(folder, "dhrystone.h"), "latin1");
  const runs = Number(/#define\s+NUMBER_OF_RUNS\s+(\d+)/.exec(header)?.[1]);
  return {
    name: "Dhrystone",
    unit: "DMIPS/MHz",
    sources: ["dhrystone.c", "dhrystone_main.c"].map((name) => join(folder, name)),
    flags: DHRYSTONE_FLAGS,
    score: (cycles) => (runs * 1e6) / cycles / VAX_DHRYSTONES,
    checksItself: false,
    published: {
      "cva6@1": "1.65 (Zaruba and Benini, TVLSI 2019); 1.3 in its own CI (openhwgroup/cva6#1035)",
      "rocket@1": "1.72 (riscv.org, 2014-10-07)",
    },
  };
}

function build(benchmark: Benchmark, folder: string): string {
  const program = join(folder, benchmark.name);
  const own = [
    join(PORT, "start.S"),
    join(PORT, "strings.c"),
    "-T",
    join(PORT, "link.ld"),
    "-Wl,--no-warn-rwx-segments",
    "-lgcc",
  ];
  execFileSync(GCC, [...FLAGS, ...benchmark.flags, `-I${PORT}`, "-o", program, ...benchmark.sources, ...own]);
  return program;
}

/** Runs a program, and takes what lies between its marks. */
function run(program: string, preset: string, checksItself: boolean): Run {
  const machine = resolveMachine({ preset });
  if (machine.kind !== "machine") throw new Error(`no preset ${preset}`);
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
  const stop = hart.run({ maxInstructions: 1e9 });
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

const { values } = parseArgs({
  options: { coremark: { type: "string" }, dhrystone: { type: "string" }, machine: { type: "string", multiple: true } },
});
const missing = [values.coremark, values.dhrystone].filter((folder) => folder !== undefined && !existsSync(folder));
if ((values.coremark ?? values.dhrystone) === undefined || missing.length > 0) {
  process.stderr.write(
    "usage: npm run corebench -- [--coremark DIR] [--dhrystone DIR] [--machine PRESET]\n" +
      "DIR: a checkout of eembc/coremark; benchmarks/dhrystone of riscv-software-src/riscv-tests\n",
  );
  process.exit(2);
}
const benchmarks = [
  ...(values.coremark === undefined ? [] : [coremark(values.coremark)]),
  ...(values.dhrystone === undefined ? [] : [dhrystone(values.dhrystone)]),
];
const presets = values.machine ?? PRESETS.map((p) => p.name);
const folder = mkdtempSync(join(tmpdir(), "meshsim-corebench-"));
try {
  process.stdout.write("| preset | benchmark | score | instructions/cycle | cycles by cause, percent | published |\n");
  process.stdout.write("|---|---|---:|---:|---|---|\n");
  for (const benchmark of benchmarks) {
    const program = build(benchmark, folder);
    for (const preset of presets) {
      const r = run(program, preset, benchmark.checksItself);
      const score = `${benchmark.score(r.cycles).toFixed(2)} ${benchmark.unit}`;
      const ipc = (r.instructions / r.cycles).toFixed(2);
      const row = [preset, benchmark.name, score, ipc, largeCauses(r), benchmark.published[preset] ?? ""];
      process.stdout.write(`| ${row.join(" | ")} |\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
