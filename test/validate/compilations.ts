// Dhrystone and CoreMark, compiled as published figures of them were: flags, types and string functions of each.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Checkouts of the benchmarks' sources, fetched by the reader. */
export interface Sources {
  /** eembc/coremark. */
  readonly coremark?: string | undefined;
  /** riscv-software-src/riscv-tests, with its submodule env. */
  readonly tests?: string | undefined;
  /** riscvarchive/riscv-newlib. */
  readonly newlib?: string | undefined;
}

interface Recipe {
  readonly benchmark: "Dhrystone" | "CoreMark";
  readonly isa: string;
  readonly flags: readonly string[];
  readonly strings: "tests" | "newlib" | "port";
  readonly words: string;
}

const GCC = "riscv64-unknown-elf-gcc";
const PORT = join(import.meta.dirname, "port");
const COREMARK_ITERATIONS = 3;
/** Dhrystones a second of a VAX 11/780, by which DMIPS are counted. */
const VAX_DHRYSTONES = 1757;

const RV64IMA = "rv64ima_zicsr";
const RV64IMAC = "rv64imac_zicsr";
/** Loops that copy are left as they are: the string functions below would call themselves. Messages are not printed. */
const ALWAYS = ["-mabi=lp64", "-mcmodel=medany", "-static", "-w", "-fno-common", "-fno-builtin-printf"];
const NO_CALLS = "-fno-tree-loop-distribute-patterns";
/** Makefile of riscv-tests' benchmarks. */
const TESTS_FLAGS = ["-std=gnu99", "-O2", "-ffast-math"];
/** openhwgroup/cva6 f8867137, verif/regress/dhrystone.sh and coremark.sh. */
const CVA6_DHRYSTONE = ["-O3", "-fno-inline", NO_CALLS];
const CVA6_COREMARK = ["-O3", NO_CALLS, "-fvisibility=hidden", "-funroll-all-loops"];
/** sifive/freedom-e-sdk 4518a229, scripts/standalone.mk ("Ground rules") and software/dhrystone/Makefile. */
const SIFIVE_DHRYSTONE = ["-O3", "-fno-inline", "-mexplicit-relocs", "-falign-functions=4"];
/** The same, with a gcc of 10 or later: for a 64-bit core not of the 7 series, and for one of it. */
const SIFIVE_GCC_10 = [NO_CALLS, "--param", "fsm-scale-path-stmts=3"];
const SIFIVE_COREMARK = [
  ...["-O2", "-funroll-loops", "-finline-functions", "-falign-functions=16", "-falign-jumps=4", "-falign-loops=4"],
  ...["-finline-limit=1000", "-fno-if-conversion2", "-fselective-scheduling", "-fno-tree-dominator-opts"],
  ...SIFIVE_GCC_10,
];
const SIFIVE_7_COREMARK = [
  ...["-O2", "-funroll-loops", "-finline-functions", "-funroll-all-loops", "-finline-limit=1000"],
  ...["-falign-functions=8", "-falign-jumps=8", "-falign-loops=8", "-mtune=sifive-7-series", "-ffast-math"],
  ...SIFIVE_GCC_10,
];

const RECIPES = {
  "dhrystone-own-strings": {
    benchmark: "Dhrystone",
    isa: RV64IMAC,
    flags: TESTS_FLAGS,
    strings: "tests",
    words: "riscv-tests' makefile and string functions",
  },
  "dhrystone-newlib": {
    benchmark: "Dhrystone",
    isa: RV64IMA,
    flags: TESTS_FLAGS,
    strings: "newlib",
    words: "riscv-tests' makefile, newlib",
  },
  "dhrystone-sifive": {
    benchmark: "Dhrystone",
    isa: RV64IMAC,
    flags: SIFIVE_DHRYSTONE,
    strings: "newlib",
    words: "SiFive's ground rules, newlib",
  },
  "dhrystone-cva6": {
    benchmark: "Dhrystone",
    isa: RV64IMAC,
    flags: CVA6_DHRYSTONE,
    strings: "tests",
    words: "CVA6's CI, riscv-tests' string functions",
  },
  "coremark-sifive": {
    benchmark: "CoreMark",
    isa: RV64IMAC,
    flags: SIFIVE_COREMARK,
    strings: "port",
    words: "SiFive's flags and types",
  },
  "coremark-sifive-7": {
    benchmark: "CoreMark",
    isa: RV64IMAC,
    flags: SIFIVE_7_COREMARK,
    strings: "port",
    words: "SiFive's flags for the 7 series, and types",
  },
  "coremark-cva6": {
    benchmark: "CoreMark",
    isa: "rv64ima_zicsr_zba_zbb_zbs", // without C, whose RV64 part CVA6's performance model does not read
    flags: CVA6_COREMARK,
    strings: "port",
    words: "CVA6's CI, in RV64",
  },
} as const satisfies Record<string, Recipe>;

export type Compilation = keyof typeof RECIPES;

/** A benchmark, built. */
export interface Built {
  readonly program: string;
  readonly words: string;
  readonly checksItself: boolean;
  readonly unit: string;
  /** From the cycles of the measured stretch. */
  readonly score: (cycles: number) => number;
}

/** Builds into a folder; gives undefined where sources are missing. */
export function build(compilation: Compilation, sources: Sources, folder: string): Built | undefined {
  const recipe: Recipe = RECIPES[compilation];
  const needed = recipe.benchmark === "CoreMark" ? [sources.coremark] : [sources.tests];
  if (recipe.strings === "newlib") needed.push(sources.newlib);
  if (needed.includes(undefined)) return undefined;
  const program = join(folder, compilation);
  const object = (name: string, source: string, flags: readonly string[]): string => {
    const path = join(folder, `${compilation}-${name}.o`);
    execFileSync(GCC, [`-march=${recipe.isa}`, ...ALWAYS, ...flags, "-c", "-o", path, source]);
    return path;
  };
  const objects = [
    ...(recipe.benchmark === "CoreMark" ? coremark(recipe, sources.coremark!, object) : []),
    ...(recipe.benchmark === "Dhrystone" ? dhrystone(recipe, sources.tests!, object) : []),
    ...stringFunctions(recipe, sources, object),
    object("start", join(PORT, "start.S"), []),
    object("host", join(PORT, "host.c"), []),
  ];
  const link = ["-nostdlib", "-Wl,--gc-sections,--no-warn-rwx-segments", "-T", join(PORT, "link.ld")];
  execFileSync(GCC, [`-march=${recipe.isa}`, ...ALWAYS, ...link, "-o", program, ...objects, "-lgcc"]);
  return { program, words: recipe.words, ...scoring(recipe, sources) };
}

type Compile = (name: string, source: string, flags: readonly string[]) => string;

function dhrystone(recipe: Recipe, tests: string, object: Compile): string[] {
  const flags = [...recipe.flags, "-DPREALLOCATE=1", `-I${PORT}`];
  const folder = join(tests, "benchmarks", "dhrystone");
  return ["dhrystone", "dhrystone_main"].map((name) => object(name, join(folder, `${name}.c`), flags));
}

/** With 32-bit integers that are signed, as in SiFive's port: RV64 then need not clear upper halves, nor need RV32. */
function coremark(recipe: Recipe, folder: string, object: Compile): string[] {
  const flags = [...recipe.flags, "-DSIGNED_U32", `-DITERATIONS=${COREMARK_ITERATIONS}`, `-I${folder}`, `-I${PORT}`];
  const names = ["core_list_join", "core_main", "core_matrix", "core_state", "core_util"];
  const files = [...names.map((name) => join(folder, `${name}.c`)), join(PORT, "core_portme.c")];
  return files.map((file, i) => object(`coremark${i}`, file, flags));
}

function stringFunctions(recipe: Recipe, { tests, newlib }: Sources, object: Compile): string[] {
  switch (recipe.strings) {
    case "port":
      return [object("strings", join(PORT, "strings.c"), ["-O2", NO_CALLS])];
    case "tests": {
      // Of the file with the string functions, what this machine has otherwise is renamed, and left out by the linker.
      const unused = ["-DsetStats=unused_setStats", "-Dprintf=unused_printf", "-ffunction-sections"];
      const common = join(tests!, "benchmarks", "common");
      const include = [`-I${common}`, `-I${join(tests!, "env")}`, `-I${PORT}`];
      return [
        object("syscalls", join(common, "syscalls.c"), [...recipe.flags, "-ffreestanding", ...unused, ...include]),
      ];
    }
    case "newlib": {
      const libc = join(newlib!, "newlib", "libc");
      const machine = join(libc, "machine", "riscv");
      const flags = ["-O2", NO_CALLS, `-I${machine}`, `-I${join(libc, "include")}`, `-I${PORT}`];
      return ["strcmp.S", "strcpy.c", "memcpy.c"].map((file) => object(file, join(machine, file), flags));
    }
  }
}

function scoring({ benchmark }: Recipe, { tests }: Sources): Pick<Built, "score" | "unit" | "checksItself"> {
  if (benchmark === "CoreMark") {
    const score = (cycles: number): number => (COREMARK_ITERATIONS * 1e6) / cycles;
    return { score, unit: "CoreMark/MHz", checksItself: true };
  }
  const header = readFileSync(join(tests!, "benchmarks", "dhrystone", "dhrystone.h"), "latin1");
  const runs = Number(/#define\s+NUMBER_OF_RUNS\s+(\d+)/.exec(header)?.[1]);
  return { score: (cycles) => (runs * 1e6) / cycles / VAX_DHRYSTONES, unit: "DMIPS/MHz", checksItself: false };
}
