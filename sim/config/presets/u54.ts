// u54@1: SiFive's U54 as in the FU540-C000 of the HiFive Unleashed. seL4's published IPC figures are of this core.
//
// Sources, by the names used below:
// - dts: torvalds/linux, arch/riscv/boot/dts/sifive/fu540-c000.dtsi 0aea30a0 (FU740: fu740-c000.dtsi 0e11f207).
// - linley: L. Gwennap, "RISC-V U54 Runs Linux", Linley Newsletter, 2017-10-10: Rocket's pipeline, 1.5 GHz, 2 MiB L2.
// - mpfs: Microchip, PolarFire SoC documentation, "U54 application cores" and "Branch prediction".
// - sel4: seL4/website, _data/benchmarks.json.
// - rocket, l2, e31, tags: as in rocket.ts. What the U54 shares with its generator is taken from there.
// "Derived" and "assumed" as in rocket.ts. The U54 has no CHERI build.
import { ddr4x2400v1 } from "./dram.ts";
import { noLlc } from "./llc.ts";
import type { Preset } from "./preset.ts";
import { rocketCorev1 } from "./rocket-core.ts";

export const u54v1: Preset = {
  name: "u54@1",
  title: "SiFive U54 as in the FU540: Rocket's pipeline at 1.5 GHz, blocking 32 KiB L1s, 2 MiB L2, DDR4",
  values: {
    clockMhz: 1500, // sel4: its HiFive runs at 1.5 GHz; linley
    ramBytes: 268435456, // any: what the runs need
    frontend: {
      queueEntries: 5, // rocket: Frontend.scala, ShiftQueue of 5
      takenCycles: 0, // mpfs: "no penalty"
      // derived: Frontend.scala redirects fetch in s2 where the BTB misses in s1 (predicted_npc), one fetch cycle later
      predecodeCycles: 1,
      mispredictCycles: 3, // mpfs: "three-cycle latency"; e31 the same
      flushCycles: 4, // derived: restarts come from write-back, one stage after branches resolve
      trapCycles: 4, // the same
    },
    ...rocketCorev1, // predictor, scoreboard, storeBuffer, walker
    issue: { width: 1, aluPorts: 1 }, // linley: "a single instruction per cycle"
    l1i: {
      sizeBytes: 32768, // dts: 64 sets of 64 bytes, so 8 ways; mpfs: 8-way
      ways: 8,
      lineBytes: 64,
      replacement: "random", // rocket: ICache.scala
      prefetch: "none",
      prefetchLines: 1, // without effect
    },
    l1d: {
      sizeBytes: 32768, // dts: 64 sets of 64 bytes
      ways: 8, // mpfs: 8-way
      lineBytes: 64,
      replacement: "random", // HellaCache.scala
      hitCycles: 2, // e31: LW
      mshrs: 0, // rocket: the blocking DCache.scala, as in its big cores; that the U54 has it too is assumed
      mshrTargets: 0, // without effect
      prefetch: "none", // DCache.scala has none
      prefetchLines: 1, // without effect
      portBytes: 8, // rocket: 64-bit rows and data path
    },
    l2: {
      sizeBytes: 2097152, // dts, linley: 2 MiB
      ways: 16, // dts of the FU740, 2048 sets (that of the FU540 says 1024, which would be 32 ways)
      lineBytes: 64,
      replacement: "random", // rocket-chip-inclusive-cache, Directory.scala: an LFSR
      hitCycles: 10, // "10-cycles of latency between refill-request and refill-completion" (ucb-bar/chipyard#602)
      mshrs: 8, // assumed; more than one blocking core fills
      mshrTargets: 0, // assumed
      prefetch: "none", // assumed
      prefetchLines: 1, // without effect
    },
    llc: noLlc,
    tagCache: {
      present: true, // assumed, as in cva6@1
      sizeBytes: 4096, // tags, TagController.bsv: 32 Ki tags
      ways: 4, // tags, MultiLevelTagLookup.bsv
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 2, // assumed; hidden behind DRAM
      table: "flat", // assumed
      groupBytes: 8192, // without effect
    },
    dram: ddr4x2400v1,
    itlb: { entries: 32, ways: 32, superEntries: 4 }, // dts: one set of 32; rocket: nTLBSuperpages
    dtlb: { entries: 32, ways: 32, superEntries: 4 }, // the same
    // rocket: nL2TLBEntries 0. Rocket hard-wires ASIDs to 0; they are honoured here, which favours deployments with page tables.
    l2tlb: { entries: 0, ways: 1, superEntries: 0, hitCycles: 0 },
    bus: { deviceCycles: 20 }, // assumed
  },
};
