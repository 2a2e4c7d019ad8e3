// rocket@1: Rocket as in Chipyard's RocketConfig, with its inclusive L2 and DDR3.
//
// Sources, by the names used below:
// - rocket: chipsalliance/rocket-chip c1dda582, src/main/scala/rocket/; huge: its Configs.scala, WithNHugeCores, which
//   ucb-bar/chipyard e602d917 uses for RocketConfig.
// - l2: chipsalliance/rocket-chip-inclusive-cache 85420cf2, Configs.scala, which Chipyard's AbstractConfig includes.
// - e31: SiFive FE310-G000 Manual, 3.2 and 3.3, of a core from the same generator.
// - u54: Microchip, PolarFire SoC U54 documentation, "MMU": a 64-bit core from the same generator.
// - tags: CTSRD-CHERI/TagController 9c18b37b.
// "Derived" says what follows from a source by counting stages; "assumed" what follows from none. Rocket has no CHERI build:
// what concerns capabilities is assumed, with its 64-bit data path kept, so that a capability takes two accesses.
import { ddr3v1 } from "./dram.ts";
import type { Preset } from "./preset.ts";

export const rocketv1: Preset = {
  name: "rocket@1",
  title: "Rocket: 5 stages, in order, single issue; blocking 32 KiB L1s, 512 KiB L2",
  values: {
    clockMhz: 1000, // assumed
    ramBytes: 268435456, // any: what the runs need
    frontend: {
      queueEntries: 5, // rocket: Frontend.scala, ShiftQueue of 5
      takenCycles: 0, // e31: correctly predicted transfers cost nothing
      predecodeCycles: 2, // derived: Frontend.scala redirects from its third stage where the BTB misses
      mispredictCycles: 3, // e31: "three-cycle penalty"
      flushCycles: 4, // derived: restarts come from write-back, one stage after branches resolve
      trapCycles: 4, // the same
    },
    predictor: {
      direction: "gshare", // rocket: BTB.scala, BHT
      entries: 512, // BHTParams
      counterBits: 1, // BHTParams
      historyBits: 3, // BHTParams: 3 index bits (hashed there from a history of 8; here the last 3 outcomes)
      cold: "not-taken", // BTB.scala: counters start at 0
      granuleBytes: 4, // BTB.scala: indexed by fetch packet of 4 bytes
      btbEntries: 28, // BTBParams
      btbWays: 28, // BTB.scala: fully associative
      btbHolds: "all", // BTB.scala
      rasEntries: 6, // BTBParams
      clearsOnTrap: false, // no flush on traps in RocketCore.scala
    },
    scoreboard: {
      capCycles: 1, // assumed
      csrCycles: 3, // e31
      mulCycles: 5, // e31, for 32 bits at 8 a cycle (huge: mulUnroll 8); 2 to 9 with early out for 64 (Multiplier.scala)
      mulBusyCycles: 5, // e31: one operation at a time
      divCycles: 18, // assumed: e31, one bit a cycle with early out, for a quotient of 16 bits
      atomicCycles: 1, // derived: DCache.scala, read, AMOALU, write in its store pipeline
      narrowLoadCycles: 1, // e31: LH and LB have three cycles, LW two
      entries: 0, // rocket: RocketCore.scala, a bit a register and no limit
      ordersWrites: true, // RocketCore.scala: RAW and WAW hazards stall
      sharedBus: false, // RocketCore.scala: a write port of its own for long-latency results
    },
    storeBuffer: {
      entries: 2, // rocket: DCache.scala, pstore1 and pstore2
      drainCycles: 2, // derived: the same, a cycle each
      onOverlap: "wait", // DCache.scala: s1_raw_hazard is refused
    },
    l1i: { sizeBytes: 32768, ways: 8, lineBytes: 64, replacement: "random" }, // huge: 64 sets of 8; ICache.scala
    l1d: {
      sizeBytes: 32768, // huge: 64 sets of 8
      ways: 8,
      lineBytes: 64,
      replacement: "random", // HellaCache.scala
      hitCycles: 2, // e31: LW
      mshrs: 0, // huge: nMSHRs 0; DCache.scala takes no request until the grant
      portBytes: 8, // rocket: 64-bit rows and data path
    },
    l2: {
      sizeBytes: 524288, // l2: 512 KiB
      ways: 8, // l2
      lineBytes: 64,
      replacement: "random", // rocket-chip-inclusive-cache, Directory.scala: an LFSR
      hitCycles: 10, // "10-cycles of latency between refill-request and refill-completion" (ucb-bar/chipyard#602)
      mshrs: 8, // assumed; more than one blocking core fills
    },
    tagCache: {
      present: true, // assumed, as in cva6@1
      sizeBytes: 4096, // tags, TagController.bsv: 32 Ki tags
      ways: 4, // tags, MultiLevelTagLookup.bsv
      lineBytes: 64,
      replacement: "lru", // assumed
      hitCycles: 2, // assumed; hidden behind DRAM
    },
    dram: ddr3v1,
    itlb: { entries: 32, ways: 32, superEntries: 4 }, // u54; rocket: ICacheParams, nTLBWays and nTLBSuperpages
    dtlb: { entries: 32, ways: 32, superEntries: 4 }, // u54; rocket: DCacheParams
    // rocket: nL2TLBEntries 0. Rocket hard-wires ASIDs to 0; they are honoured here, which favours deployments with page tables.
    l2tlb: { entries: 0, ways: 1, superEntries: 0, hitCycles: 0 },
    walker: {
      stepCycles: 2, // derived: PTW.scala, s_req and s_wait1 before the cache answers
      cacheEntries: 8, // rocket: nPTECacheEntries
    },
    bus: { deviceCycles: 20 }, // assumed
  },
};
