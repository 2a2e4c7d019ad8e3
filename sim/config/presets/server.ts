// server@1: a dual-issue in-order core with the memory system of a server: large L1s and L2, a slice of a last-level cache, DDR4-3200.
//
// It stands for no product. Cores of servers are out of order; an in-order core with their memory system overlaps less, so memory
// weighs more here than there. Its pipeline is that of SiFive's 7 series, the documented dual-issue RISC-V; its memory, from the
// data port and the store buffer on, that of Neoverse N1, from which Morello, the CHERI server prototype, is made.
//
// Sources, by the names used below:
// - s7: F. Riemenschneider, "From microcontroller to multicore processor", elektroniknet.de, 2021-11-10 (the S7's pipeline).
// - u74: SiFive, "U74-MC Core Complex Manual", 21G1.01.00, 4.2.6 (branch prediction) and 4.3 (execution pipeline, Table 18).
// - gcc: gcc-mirror/gcc 1af2c40d, gcc/config/riscv/sifive-7.md: a load, product or ALU result is there for an address after 3
//   cycles, and by its define_bypass after 1 for an ALU instruction, a branch and the data of a store.
// - llvm: llvm/llvm-project 00df6250, RISCVSchedSiFive7.td: the same, as SiFive7AnyToGPRBypass; D153666 explains it, and
//   pull request 86454 has stores' data read late.
// - gem5: gem5/gem5 1db206b9, gem5/prebuilt/riscvmatched/riscvmatched_core.py, which cites the manual of the FU740; its U74 has
//   larger tables of targets than u74's (16 branches, 8 jumps, 6 returns).
// - n1: WikiChip, "Neoverse N1", 2019; Arm Learning Paths, "Cache hierarchy": Graviton2's caches.
// - a76: Arm, Cortex-A76 Technical Reference Manual, A5.2: the TLBs of the core that N1 is made from.
// - graviton2: A. Frumusanu, "Amazon's Arm-based Graviton2 Against AMD and Intel", AnandTech, 2020-03-10, "Memory Subsystem &
//   Latency": L1D 4 cycles, L2 11, DRAM 81 ns (Arm's own figure of N1: 83 ns).
// - tags: CTSRD-CHERI/TagController 9c18b37b; Joannou et al., ICCD 2017.
// "Derived" says what follows from a source; "assumed" what follows from none.
import { ddr4x3200v1 } from "./dram.ts";
import type { Preset } from "./preset.ts";

export const serverv1: Preset = {
  name: "server@1",
  title: "Dual issue in order with a server's memory: 64 KiB L1s, 1 MiB L2, 32 MiB LLC, DDR4-3200",
  values: {
    clockMhz: 2500, // graviton2: 2.5 GHz
    ramBytes: 268435456, // any: what the runs need
    frontend: {
      queueEntries: 8, // assumed
      takenCycles: 0, // u74: "no penalty", of targets at multiples of 8 bytes; here of all
      predecodeCycles: 1, // u74: "direct jumps that miss in the BTB result in a one-cycle fetch bubble"
      mispredictCycles: 4, // u74: "usually"; six of what is resolved late, and of jumps to registers (s7's five count the branch's slot)
      flushCycles: 7, // u74, of CSR writes: "a seven-cycle penalty" (there most flush, here those that change translation)
      trapCycles: 7, // derived: the same, restart from the last of 8 stages
    },
    predictor: {
      direction: "gshare", // u74: "a correlating predictor that supports long branch histories"; which one is assumed
      entries: 16384, // gem5; u74: a table of 3.6 KiB
      counterBits: 2, // assumed
      historyBits: 12, // assumed
      cold: "not-taken", // assumed
      granuleBytes: 2, // assumed
      btbEntries: 32, // gem5
      btbWays: 32, // assumed
      btbHolds: "all", // u74 has one table for branches and direct jumps, another for jumps to registers; one for all is assumed
      rasEntries: 12, // gem5
      clearsOnTrap: false, // assumed
    },
    issue: {
      width: 2, // u74, s7, llvm
      aluPorts: 2, // u74: of a pair one may access memory, one be a transfer, one multiply or divide; s7: two slots with an ALU each
      pastTransfers: true, // u74: "at most one instruction is a branch or jump", whichever
      lateAluCycles: 2, // u74: "can execute in either the AG or M2 pipeline stage", which lie two apart; s7: stages 5 and 7; gcc, llvm
    },
    scoreboard: {
      capCycles: 1, // assumed: as cva6@1
      csrCycles: 3, // u74: "CSR accesses execute in the M2 stage"
      mulCycles: 3, // u74, gcc, llvm
      mulBusyCycles: 1, // u74: "fully pipelined"
      divCycles: 18, // derived: u74: 2 and the bits of the quotient, at least 6 and at most 68; sixteen bits, as in rocket@1
      atomicCycles: 8, // assumed
      narrowLoadCycles: 0, // u74: LH and LB as LW
      entries: 0, // u74: "only interlocks on read-after-write and write-after-write hazards"
      ordersWrites: true, // u74: the same
      sharedBus: false, // s7: two slots
    },
    storeBuffer: {
      entries: 16, // assumed
      drainCycles: 4, // assumed
      onOverlap: "forward", // assumed
    },
    l1i: {
      sizeBytes: 65536, // n1: 64 KiB, 4-way
      ways: 4,
      lineBytes: 64, // n1
      replacement: "plru", // assumed
      prefetch: "next-line", // assumed
      prefetchLines: 1, // assumed
    },
    l1d: {
      sizeBytes: 65536, // n1: 64 KiB, 4-way
      ways: 4,
      lineBytes: 64, // n1
      replacement: "plru", // assumed
      hitCycles: 4, // n1, graviton2: 4-cycle load to use
      mshrs: 8, // assumed
      mshrTargets: 4, // assumed
      portBytes: 16, // assumed: a capability in one access, as Morello's
      prefetch: "stride", // assumed
      prefetchLines: 2, // assumed
    },
    l2: {
      sizeBytes: 1048576, // n1: Graviton2's 1 MB
      ways: 8, // n1
      lineBytes: 64,
      replacement: "plru", // assumed
      hitCycles: 7, // derived: n1, graviton2: 11 cycles load to use, 4 of them the L1's
      mshrs: 16, // assumed
      mshrTargets: 0, // assumed
      prefetch: "none", // assumed
      prefetchLines: 1, // without effect
    },
    llc: {
      present: true,
      sizeBytes: 33554432, // n1: Graviton2's 32 MB, shared by 64 cores; here one core's
      ways: 16, // n1: 16-way
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 65, // assumed: about 30 ns in all, mostly the mesh
      mshrs: 32, // assumed
      mshrTargets: 0, // assumed
      prefetch: "none", // assumed
      prefetchLines: 1, // without effect
    },
    tagCache: {
      present: true, // assumed: tags in a table, as in the other presets
      sizeBytes: 32768, // assumed
      ways: 4, // tags, MultiLevelTagLookup.bsv
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 2, // assumed; hidden behind DRAM
      table: "root-and-leaves", // tags: the paper's hierarchical table
      groupBytes: 8192, // derived: a line of 64 bytes of leaves
    },
    dram: ddr4x3200v1,
    itlb: { entries: 48, ways: 48, superEntries: 0 }, // a76: 48, fully associative
    dtlb: { entries: 48, ways: 48, superEntries: 0 }, // a76: the same
    l2tlb: { entries: 1280, ways: 5, superEntries: 0, hitCycles: 3 }, // a76: 1280, 5-way; "usually takes three cycles"
    walker: {
      stepCycles: 2, // assumed: as rocket@1
      cacheEntries: 8, // assumed: as rocket@1
    },
    bus: { deviceCycles: 100 }, // assumed
  },
};
