// Remembered transitions: a core that goes through them piece by piece gives what the core gives that goes step by step.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveMachine, type MachineConfig } from "../../../sim/config/machine.ts";
import { PRESETS } from "../../../sim/config/presets/table.ts";
import { heapStorage, linearStorage } from "../../../sim/timing/part.ts";
import { PipelineMemo } from "../../../sim/timing/memo.ts";
import type { Outcomes } from "../../../sim/timing/pipeline.ts";
import { stepWord } from "../../../sim/timing/step.ts";
import { NO_OVERLAP } from "../../../sim/timing/storebuffer.ts";
import { Slot } from "../../../sim/timing/transitions.ts";
import { packTraits } from "../../../sim/timing/traits.ts";
import { Core } from "../../../sim/timing/core.ts";
import { Interner } from "../../../sim/timing/intern.ts";
import { MemoCore } from "../../../sim/timing/memo-core.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";
import { CATEGORIES, stream, type Step } from "./streams.ts";

/** Settings that make rare outcomes frequent. */
const SETTINGS = [
  "storeBuffer.onOverlap=wait",
  "storeBuffer.onOverlap=forward",
  "storeBuffer.entries=2",
  "storeBuffer.drainCycles=9",
  "scoreboard.entries=4",
  "scoreboard.ordersWrites=true",
  "scoreboard.sharedBus=true",
  "issue.width=2",
  "issue.pastTransfers=true",
  "issue.lateAluCycles=2",
  "l1d.mshrs=0",
  "l1d.mshrs=2",
  "l1d.portBytes=8",
  "l1d.ways=2",
  "l1d.sizeBytes=4KiB",
  "frontend.queueEntries=2",
  "frontend.mispredictCycles=7",
  "dram.controllerNs=40",
  "predictor.clearsOnTrap=true",
  "tagCache.present=true",
  "dtlb.entries=4 dtlb.ways=4",
  "l1d.prefetch=stride",
  "l2.prefetch=next-line",
  "l1i.prefetch=next-line",
  "l1d.replacement=plru",
  "l1d.mshrTargets=2",
  "llc.present=true",
  "tagCache.table=root-and-leaves",
];

const machines = fc
  .tuple(fc.constantFrom(...PRESETS.map((p) => p.name)), fc.subarray(SETTINGS))
  .map(([preset, sets]) => resolveMachine({ preset, sets: sets.flatMap((s) => s.split(" ")) }))
  .filter((m) => m.kind === "machine")
  .map((m) => m.config);

/** Accesses to few lines, and what may share a cycle with them; each ends a piece or does not. */
const pairs = fc.array(
  fc
    .record({ kind: fc.nat(2), register: fc.integer({ min: 5, max: 8 }), line: fc.nat(7), category: fc.nat(1) })
    .map(({ kind, register, line, category }): Step => {
      const at = RAM + 64 * line;
      const data = { access: "load", dataPhys: at, dataVirt: at, dataBytes: 8, category } as const;
      if (kind === 0) return { insn: op("ld", { rd: register, rs1: 2 }), fields: data };
      if (kind === 1) return { insn: op("add", { rd: 9, rs1: register }), fields: { category } };
      return { insn: op("addi", { rd: 10 }), fields: { category } };
    }),
  { minLength: 5, maxLength: 30 },
);

function play(driver: CoreDriver, steps: readonly Step[]): CoreDriver {
  for (const { insn, fields } of steps) driver.put(insn, fields);
  return driver;
}

const plainly = (config: MachineConfig): CoreDriver =>
  new CoreDriver(config, CATEGORIES, new Core(config, { categories: CATEGORIES }));
const remembering = (config: MachineConfig): CoreDriver =>
  new CoreDriver(config, CATEGORIES, new MemoCore(config, { categories: CATEGORIES }));

const CVA6 = machine([], "cva6@1");

/** Outcomes of a load of RAM that are late by so many cycles. */
function lateBy({ translate = 0, blocked = 0, access = 0, tags = 0 }): Outcomes {
  let translated = 0;
  return {
    translate: (at) => (translated = at + translate),
    device: () => false,
    blockedUntil: () => translated + blocked,
    overlapAge: () => NO_OVERLAP,
    read: (at) => at + access + CVA6.l1d.hitCycles,
    write: (at) => at,
    tagCycles: () => tags,
  };
}

const LOAD = stepWord(packTraits(op("ld", { rd: 5, rs1: 2 })), 8, 0);

const memory = (pages: number): { readonly buffer: ArrayBuffer } => ({ buffer: new ArrayBuffer(65536 * pages) });

describe("linear storage", () => {
  test("lays arrays at multiples of 8, one after another, and says where it ends", () => {
    const storage = linearStorage(memory(1), 12);
    const [a, b, c] = [storage.int32(3, 7), storage.float64(2, 1.5), storage.int32(1)];
    expect([a.byteOffset, b.byteOffset, c.byteOffset, storage.end]).toEqual([16, 32, 48, 56]);
    expect([[...a], [...b], [...c]]).toEqual([[7, 7, 7], [1.5, 1.5], [0]]);
  });

  test("fills a memory to its last byte, and not beyond", () => {
    const storage = linearStorage(memory(1), 0);
    storage.float64(8192);
    expect(() => storage.int32(1)).toThrow("8 bytes of storage are missing");
  });
});

describe("numbers of sequences", () => {
  test("are equal where the sequences are, and tell what they stand for", () => {
    const sequences = fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 6 }), { maxLength: 600 });
    fc.assert(
      fc.property(sequences, (all) => {
        const interner = new Interner(heapStorage, { sequences: 4, words: 16 });
        const numbers = all.map((s) => interner.intern(Int32Array.from(s), s.length));
        expect(numbers.map((n) => [...interner.wordsOf(n)])).toEqual(all);
        expect(interner.size).toBe(new Set(all.map(String)).size);
      }),
    );
  });
});

describe("a core that remembers transitions", () => {
  test("gives every stream the cycles, causes, categories and events of one that does not", () => {
    fc.assert(
      fc.property(machines, stream, (config, steps) => {
        const looped = [...steps, ...steps, ...steps];
        expect(play(remembering(config), looped).core.snapshot()).toEqual(
          play(plainly(config), looped).core.snapshot(),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("does so where memory takes longer than a word tells cycles", () => {
    const slow = ["controller", "cas", "rcd", "rp"].map((name) => `dram.${name}Ns=1000000`);
    const sets = [...slow, "clockMhz=100000", "dram.bandwidthMBps=1", "l1i.sizeBytes=256", "l1i.ways=1"];
    const slowMachines = fc
      .tuple(fc.constantFrom("cva6@1", "rocket@1", "server@1"), fc.subarray(["l1d.mshrs=2", "tagCache.present=false"]))
      .map(([preset, more]) => machine([...sets, ...more], preset));
    fc.assert(
      fc.property(slowMachines, stream, (config, steps) => {
        const looped = [...steps, ...steps];
        expect(play(remembering(config), looped).core.snapshot()).toEqual(
          play(plainly(config), looped).core.snapshot(),
        );
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a cache that answers nobody during a miss", "l1d.mshrs=0", "l1d.prefetch=none"],
    ["few that may wait for a miss", "l1d.mshrs=2", "l1d.mshrTargets=1"],
  ])("does so with two instructions a cycle, and %s", (_, ...sets) => {
    const config = machine(
      ["l1d.sizeBytes=256", "l1d.ways=4", "l1d.hitCycles=1", "l2.hitCycles=1", ...sets],
      "server@1",
    );
    const near = pairs.map((steps) => Array.from({ length: 8 }, () => steps).flat());
    fc.assert(
      fc.property(near, (steps) => {
        expect(play(remembering(config), steps).core.snapshot()).toEqual(play(plainly(config), steps).core.snapshot());
      }),
      { numRuns: 100 },
    );
  });

  test("has the same clock whenever it is read", () => {
    fc.assert(
      fc.property(machines, stream, fc.infiniteStream(fc.boolean()), (config, steps, reads) => {
        const [a, b] = [remembering(config), plainly(config)];
        for (const step of steps) {
          for (const driver of [a, b]) driver.put(step.insn, step.fields);
          if (reads.next().value === true) expect(a.core.now).toBe(b.core.now);
        }
        expect(a.core.now).toBe(b.core.now);
      }),
    );
  });

  test("computes nothing more where a loop repeats itself", () => {
    const config = resolveMachine({ preset: "cva6@1" });
    if (config.kind !== "machine") throw new Error("no cva6@1");
    const core = new MemoCore(config.config, { categories: 1 });
    const d = new CoreDriver(config.config, 1, core);
    const turn = (): void => {
      d.load(5, RAM + 0x1000);
      d.step(op("mul", { rd: 6, rs1: 5 }));
      d.store(RAM + 0x1008);
      d.step(op("bne", { rs1: 6, rs2: 0, imm: -12n }), { nextPc: RAM });
    };
    for (let i = 0; i < 50; i += 1) turn();
    const { now, computed } = core;
    for (let i = 0; i < 1000; i += 1) turn();
    expect([core.now > now, core.computed]).toEqual([true, computed]);
  });

  test("may forget all it remembers at any time", () => {
    fc.assert(
      fc.property(machines, stream, fc.integer({ min: 1, max: 30 }), fc.nat(10), (config, steps, most, mostScripts) => {
        const options = { categories: CATEGORIES, mostTransitions: most, mostScripts, cyclesATransition: 1 };
        const forgetful = play(new CoreDriver(config, CATEGORIES, new MemoCore(config, options)), [...steps, ...steps]);
        expect(forgetful.core.snapshot()).toEqual(play(plainly(config), [...steps, ...steps]).core.snapshot());
      }),
    );
  });

  test("may remember now and then", () => {
    fc.assert(
      fc.property(machines, stream, fc.constantFrom(1, 10, 100, 1e9), (config, steps, cyclesATransition) => {
        const core = new MemoCore(config, { categories: CATEGORIES, cyclesATransition, allowed: 5 });
        const rarely = play(new CoreDriver(config, CATEGORIES, core), [...steps, ...steps]);
        expect(rarely.core.snapshot()).toEqual(play(plainly(config), [...steps, ...steps]).core.snapshot());
      }),
    );
  });

  test("computes no more transitions than allowed, and those that one instruction needs", () => {
    const memo = new PipelineMemo(CVA6, { categories: 1, allowed: 3, cyclesATransition: 1e12 });
    const start = memo.start();
    for (let access = 1; access < 100; access += 1) memo.step(start, LOAD, 0, lateBy({ access }), 0);
    expect(memo.computed).toBe(4);
  });

  test.each(["translate", "blocked", "access", "tags"])("tells instructions apart by late %s alone", (name) => {
    const memo = new PipelineMemo(CVA6, { categories: 1, cyclesATransition: 1e-3 });
    const start = memo.start();
    let now = 0;
    const transitions = (): number[] =>
      Array.from({ length: 6000 }, (_, late) => {
        const slot = memo.step(start, LOAD, 0, lateBy({ access: 8000, [name]: late }), (now += 1));
        return memo.slots[slot + Slot.transition]!;
      });
    const first = transitions();
    expect(new Set(first).size).toBe(first.length);
    expect(transitions()).toEqual(first);
  });

  test("may keep all its state in linear memory", () => {
    fc.assert(
      fc.property(machines, stream, (config, steps) => {
        const storage = linearStorage(memory(800), 12);
        const core = new MemoCore(config, { categories: CATEGORIES, storage });
        const linear = play(new CoreDriver(config, CATEGORIES, core), steps);
        expect(linear.core.snapshot()).toEqual(play(plainly(config), steps).core.snapshot());
      }),
      { numRuns: 20 },
    );
  });

  test("sleeps as long, and wakes in the same state", () => {
    fc.assert(
      fc.property(machines, stream, fc.nat(2 ** 33), (config, steps, cycles) => {
        const end = [remembering(config), plainly(config)].map((driver) => {
          play(driver, steps).core.idle(driver.core.now + cycles, 1);
          return play(driver, steps).core.snapshot();
        });
        expect(end[0]).toEqual(end[1]);
      }),
    );
  });
});
