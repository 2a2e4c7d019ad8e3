// cva6@1: CVA6, single issue, in its CHERI build, with Cheshire's last-level cache and DDR3.
//
// Sources, by the names used below:
// - cheri: Capabilities-Limited/cheri-cva6 79650cd9, core/include/cv64a6_imafdczcheri_sv39_hpdcache_wb_config_pkg.sv unless
//   another file is named. (That file also switches dual issue on; this preset is the single-issue core of CVA6's manual.)
// - rtl, docs, perf-model: openhwgroup/cva6 6cb20010. Its perf-model is within 0.8 % of the RTL on CoreMark (Allart et al.,
//   CF '24 Companion, doi 10.1145/3637543.3652871).
// - hpdcache: openhwgroup/cv-hpdcache e5f66714. llc: pulp-platform/cheshire 2d40a3bd, hw/cheshire_pkg.sv, and axi_llc 0c581eda.
// - tags: CTSRD-CHERI/TagController 9c18b37b.
// "Derived" says what follows from a source by counting stages; "assumed" what follows from none.
import { ddr3v1 } from "./dram.ts";
import type { Preset } from "./preset.ts";

export const cva6v1: Preset = {
  name: "cva6@1",
  title: "CVA6 with CHERI: 6 stages, in order, single issue, scoreboard of 8; 32 KiB L1s, 128 KiB last-level cache",
  values: {
    clockMhz: 1000, // assumed; 1.7 GHz reported in 22FDX (Zaruba and Benini, TVLSI 27(11), 2019)
    ramBytes: 268435456, // any: what the runs need
    frontend: {
      queueEntries: 8, // rtl: FETCH_FIFO_DEPTH 4 (ariane_pkg.sv), one queue for each of 2 halfwords of a 32-bit fetch
      takenCycles: 1, // perf-model IqLen.jump: a taken transfer loses one fetch cycle
      predecodeCycles: 1, // the same: targets of direct jumps come from the fetched instruction (docs, cva6_frontend.adoc)
      mispredictCycles: 5, // derived: perf-model flushes the queue until 6 cycles after the branch's issue
      flushCycles: 6, // derived: restarts come from commit, one stage after execute resolves branches
      trapCycles: 6, // the same
    },
    predictor: {
      direction: "bimodal", // cheri: BPType BHT
      entries: 128, // cheri: BHTEntries
      counterBits: 2, // rtl: bht.sv
      historyBits: 1, // without effect
      cold: "backward-taken", // rtl: frontend.sv falls back to the sign of the offset where the BHT is not valid
      granuleBytes: 2, // rtl: bht.sv, btb.sv index by halfwords with C
      btbEntries: 32, // cheri: BTBEntries
      btbWays: 1, // rtl: btb.sv, indexed
      btbHolds: "indirect", // docs, cva6_frontend.adoc: the BTB predicts jumps to a register
      rasEntries: 2, // cheri: RASDepth
      // The RTL clears its predictor on every trap and trap return (controller.sv, flush_bp_o), against speculative fetches in
      // M-mode, with a note to remove it once memory attributes are checked. Not followed: it would tax deployments that trap
      // for a passing defect of one core. `--set predictor.clearsOnTrap=true` shows what it would cost them.
      clearsOnTrap: false,
    },
    scoreboard: {
      capCycles: 1, // cheri: ex_stage.sv, the capability unit (clu) is one of the one-cycle units
      csrCycles: 3, // derived: read at commit, two stages after issue
      mulCycles: 2, // docs, cva6_issue_stage.adoc
      mulBusyCycles: 1, // the same: pipelined
      divCycles: 18, // assumed: 2 + bits of the quotient (rtl: serdiv.sv, 2 to 66), for a quotient of 16 bits
      atomicCycles: 16, // derived: performed beyond the cache (hpdcache, amo.rst) after commit: 2 + l2.hitCycles
      narrowLoadCycles: 0, // perf-model: all loads alike
      entries: 8, // cheri: NrScoreboardEntries
      ordersWrites: false, // perf-model: renaming
      sharedBus: true, // docs, cva6_issue_stage.adoc: ALU, branch, CSR and multiplier share a result bus
    },
    storeBuffer: {
      entries: 8, // rtl: ariane_pkg.sv, DEPTH_SPEC 4 and DEPTH_COMMIT 4
      drainCycles: 4, // derived: execute, commit, commit queue, cache
      onOverlap: "wait", // rtl: store_buffer.sv, page_offset_matches_o; cheri compares offsets from bit 4 up, as portBytes
    },
    l1i: {
      sizeBytes: 32768, // cheri: IcacheByteSize
      ways: 8, // cheri: IcacheSetAssoc
      lineBytes: 64, // cheri: IcacheLineWidth 512
      replacement: "random", // rtl: cva6_icache.sv, an LFSR
    },
    l1d: {
      sizeBytes: 32768, // cheri: DcacheByteSize
      ways: 8, // cheri: DcacheSetAssoc
      lineBytes: 64, // cheri: DcacheLineWidth 512
      replacement: "random", // rtl: cva6_hpdcache_subsystem.sv, HPDCACHE_VICTIM_RANDOM
      hitCycles: 3, // docs, intro.rst
      mshrs: 8, // rtl: cva6_hpdcache_subsystem.sv, mshrWays = NrLoadBufEntries; cheri: 8
      portBytes: 16, // cheri: cva6_hpdcache_subsystem.sv, wordWidth = CLEN: a capability in one access
    },
    l2: {
      sizeBytes: 131072, // llc: 8 ways of 256 lines of 8 blocks of 64 bits
      ways: 8,
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 14, // derived: tag and data cycle (axi_llc.md), about 4 registers on the way, 8 beats of 64 bits
      mshrs: 16, // llc: LlcMaxReadTxns
    },
    tagCache: {
      present: true, // cheri: corev_apu builds with a tag controller
      sizeBytes: 4096, // tags, TagController.bsv: 32 Ki tags
      ways: 4, // tags, MultiLevelTagLookup.bsv: CacheCore#(4, ...)
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 2, // assumed; hidden behind DRAM
    },
    dram: ddr3v1,
    itlb: { entries: 16, ways: 16, superEntries: 0 }, // cheri: InstrTlbEntries, fully associative, all page sizes (cva6_tlb.sv)
    dtlb: { entries: 16, ways: 16, superEntries: 0 }, // cheri: DataTlbEntries
    l2tlb: { entries: 0, ways: 1, superEntries: 0, hitCycles: 0 }, // cheri: UseSharedTlb 0
    walker: {
      stepCycles: 1, // derived: cva6_ptw.sv, WAIT_GRANT before each PTE_LOOKUP
      cacheEntries: 0, // rtl: none
    },
    bus: { deviceCycles: 20 }, // assumed
  },
};
