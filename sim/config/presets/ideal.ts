// ideal@1: no part ever makes anyone wait, so that every instruction takes one cycle: a floor, and a check of the model.
import type { Preset } from "./preset.ts";

const largeTlb = { entries: 128, ways: 128, superEntries: 0 };

export const idealv1: Preset = {
  name: "ideal@1",
  title: "One cycle an instruction: every latency one, every penalty nothing",
  values: {
    clockMhz: 1000,
    frontend: {
      queueEntries: 0,
      takenCycles: 0,
      predecodeCycles: 0,
      mispredictCycles: 0,
      flushCycles: 0,
      trapCycles: 0,
    },
    predictor: { clearsOnTrap: false },
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
    l1d: { hitCycles: 0, mshrs: 64, portBytes: 64 },
    l2: { hitCycles: 0, mshrs: 64 },
    tagCache: { present: false },
    dram: { controllerNs: 0, casNs: 0, rcdNs: 0, rpNs: 0, bandwidthMBps: 0 },
    itlb: largeTlb,
    dtlb: largeTlb,
    l2tlb: { entries: 0 },
    walker: { stepCycles: 0, cacheEntries: 0 },
  },
};
