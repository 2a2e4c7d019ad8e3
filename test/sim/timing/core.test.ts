// The core as a whole: what each kind of wait costs, to the cycle, and what it is charged to.
import { describe, expect, test } from "vitest";
import type { CauseName } from "../../../sim/stats/causes.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";

/** A driver on ideal@1 with some settings, the line of its first instruction fetched. */
const driver = (...sets: string[]): CoreDriver => new CoreDriver(machine(sets)).warm();

/** The causes beside `base` that have cycles. */
function waits(d: CoreDriver): Partial<Record<CauseName, number>> {
  return Object.fromEntries(Object.entries(d.causes).filter(([name, cycles]) => name !== "base" && cycles > 0));
}

const DATA = RAM + 0x10000;
const taken = (d: CoreDriver, to: number): number => d.step(op("beq", { rs1: 1, rs2: 2, imm: 64n }), { nextPc: to });

describe("operands", () => {
  test("a load that hits is ready after hitCycles", () => {
    for (const hitCycles of [0, 1, 2, 3, 7]) {
      const d = driver(`l1d.hitCycles=${hitCycles}`);
      d.load(5, DATA);
      for (let i = 0; i < 10; i += 1) d.step(op("addi"));
      const before = d.causes;
      d.load(5, DATA);
      expect(d.use(5)).toBe(Math.max(1, hitCycles));
      expect(d.causes.dependency - before.dependency).toBe(Math.max(0, hitCycles - 1));
    }
  });

  test("independent instructions fill the time of a load", () => {
    const d = driver("l1d.hitCycles=3");
    d.load(5, DATA);
    for (let i = 0; i < 5; i += 1) d.step(op("addi"));
    d.load(5, DATA);
    expect([d.use(6), d.use(7), d.use(5)]).toEqual([1, 1, 1]);
  });

  test("each class has its latency, and its cause", () => {
    const cases: [string, string, number, CauseName][] = [
      ["mul", "mulCycles=4", 4, "muldiv"],
      ["div", "divCycles=20", 20, "muldiv"],
      ["csrrs", "csrCycles=3", 3, "dependency"],
      ["yaddi", "capCycles=2", 2, "dependency"],
    ];
    for (const [name, set, cycles, cause] of cases) {
      const d = driver(`scoreboard.${set}`);
      expect(d.step(op(name, { rd: 5, rs1: 1 }))).toBe(1);
      expect(d.use(5)).toBe(cycles);
      expect(waits(d)).toEqual({ [cause]: cycles - 1 });
    }
  });

  test("both source registers are waited for, one after the other", () => {
    const d = driver("scoreboard.mulCycles=4", "scoreboard.divCycles=10");
    d.step(op("div", { rd: 5 }));
    d.step(op("csrrs", { rd: 6, rs1: 0 }));
    expect(d.step(op("add", { rd: 7, rs1: 6, rs2: 5 }))).toBe(9);
  });

  test("an unpipelined multiplier keeps the next multiplication waiting, a pipelined one does not", () => {
    for (const [busy, cycles] of [
      [1, 1],
      [4, 4],
    ] as const) {
      const d = driver("scoreboard.mulCycles=4", `scoreboard.mulBusyCycles=${busy}`);
      d.step(op("mul", { rd: 5 }));
      expect(d.step(op("mul", { rd: 6 }))).toBe(cycles);
    }
  });

  test("a shared result bus keeps ALU instructions waiting for a product, loads not", () => {
    const d = driver("scoreboard.mulCycles=2", "scoreboard.sharedBus=true");
    d.load(9, DATA);
    d.step(op("mul", { rd: 5 }));
    expect(d.load(6, DATA)).toBe(1);
    d.step(op("mul", { rd: 5 }));
    expect(d.use(7)).toBe(2);
    expect(waits(d)).toEqual({ muldiv: 1 });
  });

  test("a register is written in order where there is no renaming", () => {
    for (const [orders, cycles] of [
      ["true", 20],
      ["false", 1],
    ] as const) {
      const d = driver("scoreboard.divCycles=20", `scoreboard.ordersWrites=${orders}`);
      d.step(op("div", { rd: 5 }));
      expect(d.step(op("addi", { rd: 5, rs1: 1 }))).toBe(cycles);
    }
  });

  test("the window lets so many instructions pass an unfinished one, and then waits for it", () => {
    const d = driver("scoreboard.divCycles=20", "scoreboard.entries=4");
    d.step(op("div", { rd: 5 }));
    expect([6, 7, 8, 9, 10].map((r) => d.use(r))).toEqual([1, 1, 1, 17, 1]);
    expect(waits(d)).toEqual({ muldiv: 16 });
  });
});

describe("data", () => {
  const L2 = ["l1d.hitCycles=2", "l2.hitCycles=10", "dram.controllerNs=50"];

  test("a load that misses is waited for by its user, hit time as dependency and the rest as dcache", () => {
    const d = driver(...L2);
    expect(d.load(5, DATA)).toBe(1);
    expect(d.use(5)).toBe(2 + 10 + 50);
    expect(waits(d)).toEqual({ dependency: 1, dcache: 60 });
  });

  test("a load that misses the first level only waits for the second", () => {
    const d = driver(...L2, "l1d.sizeBytes=64", "l1d.ways=1");
    for (const phys of [DATA, DATA + 64]) {
      d.load(5, phys);
      d.use(5);
    }
    d.load(5, DATA);
    expect(d.use(5)).toBe(12);
  });

  test("a blocking cache keeps the next access waiting until its line is there, whatever it wants", () => {
    const d = driver(...L2, "l1d.mshrs=0");
    d.load(9, DATA + 512);
    d.use(9);
    d.load(5, DATA);
    expect(d.use(6)).toBe(1);
    expect(d.load(7, DATA + 512)).toBe(2 + 10 + 50 - 2 + 1);
  });

  test("a late tag is charged to the tag cache, from the cycle in which the data are there", () => {
    const d = driver("dram.controllerNs=50", "tagCache.present=true", "tagCache.hitCycles=80", "l1d.hitCycles=2");
    d.load(5, DATA);
    // The table's line is itself asked for after hitCycles: 80 + 50 against 50.
    expect(d.use(5)).toBe(2 + 80 + 50);
    expect(waits(d)).toEqual({ dependency: 1, dcache: 50, "tag-cache": 80 });
  });

  test("tags of data nearby are in the tag cache, and come no later than the data", () => {
    const d = driver("dram.controllerNs=50", "tagCache.present=true", "tagCache.hitCycles=5");
    d.load(5, DATA);
    d.use(5);
    const before = d.causes;
    d.load(5, DATA + 4096);
    d.use(5);
    expect(d.causes["tag-cache"] - before["tag-cache"]).toBe(0);
    expect(d.causes.dcache - before.dcache).toBe(49);
  });

  test("an access wider than the port takes it for as many cycles, and its value comes as much later", () => {
    const d = driver("l1d.portBytes=8", "l1d.hitCycles=2");
    d.load(9, DATA, 16);
    d.use(9);
    d.load(5, DATA, 16);
    expect(d.load(6, DATA + 32, 8)).toBe(2);
    expect(d.causes.port).toBe(1);
    d.step(op("addi"));
    d.step(op("addi"));
    d.load(5, DATA, 16);
    expect(d.use(5)).toBe(3);
  });

  test("a capability moves in one access where the port is as wide", () => {
    const d = driver("l1d.portBytes=16", "l1d.hitCycles=2");
    d.load(9, DATA, 16);
    d.use(9);
    d.load(5, DATA, 16);
    expect([d.load(6, DATA, 16), d.causes.port]).toEqual([1, 0]);
  });

  test("loads of a byte or two take narrowLoadCycles more", () => {
    const d = driver("l1d.hitCycles=2", "scoreboard.narrowLoadCycles=1");
    d.load(9, DATA);
    d.use(9);
    d.load(5, DATA, 2);
    expect(d.use(5)).toBe(3);
    d.load(5, DATA, 4);
    expect(d.use(5)).toBe(2);
  });

  test("an access that straddles lines needs both", () => {
    const d = driver("dram.controllerNs=50");
    d.load(5, DATA + 60);
    expect(d.use(5)).toBe(50);
    expect(d.events["l1d.misses"]).toBe(2);
  });

  test("a device answers past the caches", () => {
    const d = driver("bus.deviceCycles=30");
    d.load(5, 0x1000_0000);
    expect(d.use(5)).toBe(30);
    expect(d.store(0x1000_0000)).toBe(1);
    expect(d.events["l1d.lookups"]).toBe(0);
  });
});

describe("stores", () => {
  test("nobody waits for a store that misses, until the buffer is full", () => {
    const d = driver("storeBuffer.entries=2", "storeBuffer.drainCycles=1", "dram.controllerNs=50");
    expect([d.store(DATA), d.store(DATA + 64), d.store(DATA + 128)]).toEqual([1, 1, 50]);
    expect(waits(d)).toEqual({ "store-buffer": 49 });
  });

  test("a fence and an atomic operation wait until all stores are written", () => {
    for (const name of ["fence", "amoadd.d"]) {
      const d = driver("storeBuffer.drainCycles=10");
      d.load(9, DATA);
      d.store(DATA);
      const access = name === "fence" ? {} : { access: "atomic" as const, dataPhys: DATA, dataBytes: 8 };
      expect(d.step(op(name, { rd: 5, rs1: 1 }), access)).toBe(10);
    }
  });

  test("an atomic operation gives its value atomicCycles after a load would have", () => {
    const d = driver("l1d.hitCycles=3", "scoreboard.atomicCycles=4");
    d.load(9, DATA);
    d.use(9);
    d.step(op("amoadd.d", { rd: 5, rs1: 1 }), { access: "atomic", dataPhys: DATA, dataBytes: 8 });
    expect(d.use(5)).toBe(7);
  });

  test("an atomic operation keeps the port until it is done", () => {
    const d = driver("l1d.hitCycles=3", "scoreboard.atomicCycles=4");
    d.load(9, DATA);
    d.step(op("amoadd.d", { rd: 5, rs1: 1 }), { access: "atomic", dataPhys: DATA, dataBytes: 8 });
    expect([d.load(6, DATA), d.causes.port]).toEqual([5, 4]);
  });

  test("a failed store-conditional touches no cache", () => {
    const d = driver();
    d.step(op("sc.d", { rd: 5, rs1: 1 }));
    expect(d.events["l1d.lookups"]).toBe(0);
  });

  test("CBO.ZERO writes a whole line without fetching it, over the port's width", () => {
    const d = driver("l1d.portBytes=16", "dram.controllerNs=50");
    const reads = d.events["dram.reads"];
    d.step(op("cbo.zero", { rs1: 1 }), { access: "store", dataPhys: DATA, dataBytes: 64 });
    expect(d.events["dram.reads"]).toBe(reads);
    expect(d.load(5, DATA)).toBe(4);
    expect([d.use(5), d.causes.port]).toEqual([1, 3]);
  });

  test("CBO.ZERO of a block longer than a line writes each of its lines", () => {
    const d = driver("l1d.lineBytes=16", "l1d.sizeBytes=4096", "l1d.ways=4", "dram.controllerNs=50");
    const reads = d.events["dram.reads"];
    d.step(op("cbo.zero", { rs1: 1 }), { access: "store", dataPhys: DATA, dataBytes: 64 });
    for (let i = 0; i < 4; i += 1) d.load(5 + i, DATA + 16 * i);
    expect(d.events["dram.reads"]).toBe(reads);
  });

  test("a load waits for a store to its block where the buffer does not forward", () => {
    const d = driver("storeBuffer.drainCycles=6", "storeBuffer.onOverlap=wait");
    d.load(9, DATA);
    d.store(DATA);
    expect(d.load(5, DATA)).toBe(6);
    expect(waits(d)).toEqual({ "store-buffer": 5 });
  });
});

describe("fetch", () => {
  test("a line that is not there is waited for once, and what follows in it is free", () => {
    const d = new CoreDriver(machine(["l2.hitCycles=10", "dram.controllerNs=50"]));
    expect(d.step(op("addi"))).toBe(61);
    for (let i = 1; i < 16; i += 1) expect(d.step(op("addi"))).toBe(1);
    expect(d.step(op("addi"))).toBe(61);
    expect(waits(d)).toEqual({ icache: 120 });
  });

  test("the tags of code are waited for like those of data", () => {
    const d = new CoreDriver(machine(["dram.controllerNs=50", "tagCache.present=true", "tagCache.hitCycles=10"]));
    expect(d.step(op("addi"))).toBe(1 + 10 + 50);
    expect(waits(d)).toEqual({ icache: 50, "tag-cache": 10 });
  });

  test("an instruction that straddles lines needs both", () => {
    const d = new CoreDriver(machine(["dram.controllerNs=50"]));
    d.pc = RAM + 62;
    expect(d.step(op("addi"))).toBe(101);
    expect(d.step(op("addi"))).toBe(1);
  });

  test("cycles that issue waits fill the queue, which hides as many of a fetch stall", () => {
    const d = driver("frontend.queueEntries=4", "scoreboard.divCycles=4", "dram.controllerNs=50");
    d.step(op("div", { rd: 5 }));
    expect(d.use(5)).toBe(4);
    expect(d.step(op("addi"), { pc: RAM + 64, fetchPhys: RAM + 64, nextPc: RAM + 68 })).toBe(51 - 3);
  });

  test("FENCE.I forgets the instruction cache, and restarts the front end", () => {
    const d = driver("frontend.flushCycles=6", "dram.controllerNs=50", "l2.hitCycles=10");
    expect(d.step(op("fence.i"), { flush: true })).toBe(7);
    expect(d.step(op("addi"))).toBe(11);
    expect(d.causes.flush).toBe(6);
  });
});

describe("translation", () => {
  const SLOW = ["walker.stepCycles=10", "l1d.hitCycles=2"];

  test("a page walk stops issue: three reads through the data cache, charged to dtlb", () => {
    const d = driver(...SLOW);
    const cycles = d.load(5, DATA, 8, { translatedData: true });
    expect(cycles).toBe(1 + 3 * (10 + 2));
    expect(waits(d)).toEqual({ dtlb: 36 });
    d.use(5);
    expect(d.load(5, DATA + 8, 8, { translatedData: true })).toBe(1);
  });

  test("an untranslated access asks no TLB", () => {
    const d = driver(...SLOW);
    d.load(5, DATA);
    expect(d.events["dtlb.lookups"]).toBe(0);
  });

  test("a page walk for an instruction is charged to itlb", () => {
    const d = new CoreDriver(machine(SLOW));
    expect(d.step(op("addi"), { translatedFetch: true })).toBe(37);
    expect(waits(d)).toEqual({ itlb: 36 });
  });

  test("a second-level TLB answers after hitCycles what the first has displaced", () => {
    const d = driver(...SLOW, "dtlb.entries=1", "dtlb.ways=1", "l2tlb.entries=8", "l2tlb.ways=8", "l2tlb.hitCycles=5");
    const at = (page: number): number => d.load(5 + page, DATA + 4096 * page, 8, { translatedData: true });
    expect([at(0), at(1), at(0)]).toEqual([1 + 5 + 36, 1 + 5 + 36, 1 + 5]);
  });

  test("SFENCE.VMA forgets translations on both sides", () => {
    const d = driver(...SLOW);
    d.load(5, DATA, 8, { translatedData: true });
    const fence = { page: undefined, asid: undefined };
    d.step(op("sfence.vma"), { flush: true, fence });
    expect(d.load(6, DATA, 8, { translatedData: true })).toBe(37);
  });

  test("address spaces have entries of their own", () => {
    const d = driver(...SLOW);
    for (const asid of [1, 2]) expect(d.load(5 + asid, DATA, 8, { translatedData: true, asid })).toBe(37);
  });
});

describe("control transfer", () => {
  test("a mispredicted branch costs mispredictCycles", () => {
    const d = driver("frontend.mispredictCycles=5", "predictor.cold=not-taken");
    expect(taken(d, RAM + 32)).toBe(6);
    expect(waits(d)).toEqual({ branch: 5 });
  });

  test("a taken transfer costs takenCycles from the target buffer, predecodeCycles from the instruction", () => {
    const d = driver("frontend.takenCycles=1", "frontend.predecodeCycles=2", "predictor.btbHolds=all");
    const jump = (): number => d.step(op("jal", { imm: 64n }), { pc: RAM, fetchPhys: RAM, nextPc: RAM + 32 });
    expect([jump(), jump()]).toEqual([3, 2]);
  });

  test("the queue hides the bubble of a taken transfer", () => {
    const d = driver("frontend.predecodeCycles=2", "frontend.queueEntries=4", "scoreboard.divCycles=2");
    d.step(op("div", { rd: 5 }));
    d.use(5);
    expect(d.step(op("jal", { imm: 64n }), { nextPc: RAM + 32 })).toBe(2);
    expect(d.step(op("jal", { imm: 64n }), { nextPc: RAM })).toBe(3);
  });

  test("nothing in the queue survives a mispredicted branch", () => {
    const d = driver("frontend.predecodeCycles=2", "frontend.queueEntries=4", "scoreboard.divCycles=4");
    d.step(op("div", { rd: 5 }));
    d.use(5);
    taken(d, RAM + 32);
    expect(d.step(op("jal", { imm: 64n }), { nextPc: RAM })).toBe(3);
  });
});

describe("traps", () => {
  test("a trapping instruction takes its slot and trapCycles, and does not retire", () => {
    const d = driver("frontend.trapCycles=7");
    expect(d.step(op("ecall"), { trap: true, flush: true })).toBe(8);
    expect(waits(d)).toEqual({ trap: 8 });
    expect(d.core.snapshot().instructions[0]).toBe(1);
  });

  test("an interrupt takes trapCycles", () => {
    const d = driver("frontend.trapCycles=7");
    expect(d.step(undefined, { trap: true, flush: true, fetchPhys: -1 })).toBe(7);
  });

  test("with a window, a trap is taken when older instructions have finished", () => {
    const d = driver("frontend.trapCycles=7", "scoreboard.entries=4", "scoreboard.divCycles=20");
    d.step(op("div", { rd: 5 }));
    expect(d.step(op("ecall"), { trap: true, flush: true })).toBe(19 + 8);
    expect(waits(d)).toEqual({ muldiv: 19, trap: 8 });
  });

  test("the predictor survives traps unless it is told to be cleared", () => {
    for (const [clears, cycles] of [
      ["false", 1],
      ["true", 6],
    ] as const) {
      const d = driver(`predictor.clearsOnTrap=${clears}`, "predictor.counterBits=1", "frontend.mispredictCycles=5");
      taken(d, d.pc);
      d.step(undefined, { trap: true, flush: true });
      expect(taken(d, d.pc)).toBe(cycles);
    }
  });

  test("waiting for an interrupt is idle time of the category that waits", () => {
    const d = new CoreDriver(machine([]), 3);
    d.core.idle(500, 2);
    d.core.idle(400, 1);
    expect(d.core.now).toBe(500);
    expect(d.causes.idle).toBe(500);
  });
});
