// What cores of Rocket's generator have in common: its branch predictor, scoreboard, store pipeline and page-table walker.
//
// Sources as in rocket.ts, which names them; Scala files are those of rocket. Presets cite it and never change: a correction
// is a new version beside this one.

export const rocketCorev1 = {
  predictor: {
    direction: "gshare", // BTB.scala, BHT
    entries: 512, // e31 (its manual of 2018): 512-entry BHT, 28-entry BTB, 6-entry RAS; rocket: BHTParams
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
  walker: {
    stepCycles: 2, // derived: PTW.scala, s_req and s_wait1 before the cache answers
    cacheEntries: 8, // rocket: nPTECacheEntries
  },
} as const;
