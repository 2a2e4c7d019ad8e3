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
import { rocketCorev1 } from "./rocket-core.ts";

export const rocketv1: Preset = {
  name: "rocket@1",
  title: "Rocket: 5 stages, in order, single issue; blocking 32 KiB L1s, 512 KiB L2",
  values: {
    clockMhz: 1000, // assumed
    ramBytes: 268435456, // any: what the runs need
    frontend: {
      queueEntries: 5, // rocket: Frontend.scala, ShiftQueue of 5
      takenCycles: 0, // e31: correctly predicted transfers cost nothing
      // derived: Frontend.scala redirects fetch in s2 where the BTB misses in s1 (predicted_npc), one fetch cycle later
      predecodeCycles: 1,
      mispredictCycles: 3, // e31: "three-cycle penalty"
      flushCycles: 4, // derived: restarts come from write-back, one stage after branches resolve
      trapCycles: 4, // the same
    },
    ...rocketCorev1, // predictor, scoreboard, storeBuffer, walker
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
    bus: { deviceCycles: 20 }, // assumed
  },
};
