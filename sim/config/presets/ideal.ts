// ideal@1: no part ever makes anyone wait, so that every instruction takes one cycle: a floor, and a check of the model.
import type { Preset } from "./preset.ts";

const lines = { sizeBytes: 32768, lineBytes: 64, ways: 8, replacement: "lru" } as const;
const largeTlb = { entries: 128, ways: 128, superEntries: 0 };

export const idealv1: Preset = {
  name: "ideal@1",
  title: "One cycle an instruction: every latency one, every penalty nothing",
  values: {
    clockMhz: 1000,
    ramBytes: 268435456,
    frontend: {
      queueEntries: 0,
      takenCycles: 0,
      predecodeCycles: 0,
      mispredictCycles: 0,
      flushCycles: 0,
      trapCycles: 0,
    },
    predictor: {
      direction: "bimodal",
      entries: 512,
      counterBits: 2,
      historyBits: 8,
      cold: "not-taken",
      granuleBytes: 2,
      btbEntries: 64,
      btbWays: 1,
      btbHolds: "all",
      rasEntries: 4,
      clearsOnTrap: false,
    },
    scoreboard: {
      capCycles: 1,
      csrCycles: 1,
      mulCycles: 1,
      mulBusyCycles: 1,
      divCycles: 1,
      atomicCycles: 0,
      narrowLoadCycles: 0,
      entries: 0,
      ordersWrites: false,
      sharedBus: false,
    },
    storeBuffer: { entries: 64, drainCycles: 1, onOverlap: "forward" },
    l1i: lines,
    l1d: { ...lines, hitCycles: 0, mshrs: 64, portBytes: 64 },
    l2: { ...lines, hitCycles: 0, mshrs: 64 },
    tagCache: { ...lines, present: false, hitCycles: 0 },
    dram: { banks: 8, rowBytes: 8192, controllerNs: 0, casNs: 0, rcdNs: 0, rpNs: 0, bandwidthMBps: 0 },
    itlb: largeTlb,
    dtlb: largeTlb,
    l2tlb: { entries: 0, ways: 1, superEntries: 0, hitCycles: 0 },
    walker: { stepCycles: 0, cacheEntries: 0 },
    bus: { deviceCycles: 1 },
  },
};
