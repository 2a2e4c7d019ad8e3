// What is published of the cores that presets are named after, and as what each figure was compiled and run.
import type { Compilation } from "./compilations.ts";

export interface Published {
  readonly preset: string;
  /** Where the core of the figure was another than the preset's: parameters that make it so, and in words. */
  readonly sets?: readonly string[];
  readonly as?: string;
  readonly compilation: Compilation;
  readonly score: number;
  readonly source: string;
}

const PREDICTOR_OF_2014 = {
  // chipsalliance/rocket-chip 7bb72990, btb.scala and its configuration: 62 targets, 128 counters, a history of 7
  sets: ["entries=128", "counterBits=2", "historyBits=7", "btbEntries=62", "btbWays=62", "rasEntries=2"].map(
    (set) => `predictor.${set}`,
  ),
  as: "the predictor of 2014",
};
const BTB_OF_2017 = {
  // chipsalliance/rocket-chip a7f47f3c, of 2016-09-07, chosen "to fit the dhrystone working set"; SiFive FE310-G000 Manual, 3.2
  sets: ["predictor.btbEntries=40", "predictor.btbWays=40"],
  as: "40 branch targets, as in 2017",
};
/** openhwgroup/cva6's continuous integration has no register behind the load unit (NrLoadPipeRegs=0), the preset's build one. */
const SHORT_LOADS = { sets: ["l1d.hitCycles=2"], as: "NrLoadPipeRegs=0" };

/** SiFive U74-MC Core Complex Manual 21G1.01.00, Table 18: loads three cycles from an address. */
const U74_LOADS = { sets: ["l1d.hitCycles=3"], as: "loads as the U74's" };

const E51 = "SiFive E51, sifive/freedom#35";
const U74 = "SiFive U7 series, linuxgizmos.com, 2020-09-15";

export const PUBLISHED: readonly Published[] = [
  {
    preset: "rocket@1",
    compilation: "dhrystone-own-strings",
    score: 1.18,
    source: "241,070 cycles, 199,268 instructions: chipsalliance/rocket-chip#2202",
  },
  { preset: "rocket@1", compilation: "dhrystone-newlib", score: 1.72, source: "riscv.org, 2014-10-07" },
  {
    preset: "rocket@1",
    ...PREDICTOR_OF_2014,
    compilation: "dhrystone-newlib",
    score: 1.72,
    source: "riscv.org, 2014-10-07",
  },
  { preset: "u54@1", compilation: "dhrystone-sifive", score: 1.8, source: E51 },
  { preset: "u54@1", ...BTB_OF_2017, compilation: "dhrystone-sifive", score: 1.8, source: E51 },
  { preset: "u54@1", compilation: "coremark-sifive", score: 2.76, source: E51 },
  {
    preset: "cva6@1",
    ...SHORT_LOADS,
    compilation: "dhrystone-cva6",
    score: 1.306,
    source: "217,900 cycles of 500 runs: openhwgroup/cva6 f8867137, report_benchmark.py",
  },
  {
    preset: "cva6@1",
    compilation: "dhrystone-newlib",
    score: 1.65,
    source: "Zaruba and Benini, TVLSI 27(11), 2019; not reproduced by others, openhwgroup/cva6#1035",
  },
  {
    preset: "cva6@1",
    ...SHORT_LOADS,
    compilation: "coremark-cva6",
    score: 3.1,
    source:
      "of RV32 code: Allart et al., arXiv 2410.01442; openhwgroup/cva6 7859400c, 1,294,524 cycles of 4 iterations",
  },
  { preset: "server@1", compilation: "dhrystone-sifive", score: 2.5, source: U74 },
  { preset: "server@1", ...U74_LOADS, compilation: "dhrystone-sifive", score: 2.5, source: U74 },
  { preset: "server@1", compilation: "coremark-sifive-7", score: 4.9, source: U74 },
  { preset: "server@1", ...U74_LOADS, compilation: "coremark-sifive-7", score: 4.9, source: U74 },
];
