// Stores whose times are kept apart from the memo's states: whatever waits for them, waits as long as in a core that remembers nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MachineConfig } from "../../../sim/config/machine.ts";
import { Core } from "../../../sim/timing/core.ts";
import { BufferUses, FarStores, PASSED, Use } from "../../../sim/timing/far-stores.ts";
import { MemoCore, type MemoLimits } from "../../../sim/timing/memo-core.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { NO_OVERLAP } from "../../../sim/timing/storebuffer.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";
import type { Step } from "./streams.ts";

const CATEGORIES = 2;
/** Lines that the cache never holds long; in different rows and banks, so that each is late by another time. */
const SMALL = ["l1d.sizeBytes=256", "l1d.ways=1", "l2.sizeBytes=512", "l2.ways=1", "l1d.prefetch=none"];

const SETTINGS = [
  "storeBuffer.entries=1",
  "storeBuffer.entries=2",
  "storeBuffer.entries=64",
  "storeBuffer.drainCycles=1",
  "storeBuffer.drainCycles=30",
  "storeBuffer.onOverlap=wait",
  "storeBuffer.onOverlap=forward",
  "l1d.mshrs=0",
  "l1d.mshrs=2",
  "l1d.portBytes=8",
  "l1d.hitCycles=1",
  "issue.width=1",
  "issue.width=2",
  "scoreboard.entries=4",
  "scoreboard.ordersWrites=true",
  "dtlb.entries=4 dtlb.ways=4",
  "llc.present=true",
  "dram.controllerNs=300",
  "tagCache.present=true",
];

const machines = fc
  .tuple(fc.constantFrom("cva6@1", "rocket@1", "server@1"), fc.subarray(SETTINGS, { maxLength: 5 }))
  .map(([preset, sets]) => machine([...SMALL, ...sets.flatMap((s) => s.split(" "))], preset));

const register = fc.integer({ min: 5, max: 8 });
/** A line that is hit, or one of many. */
const line = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(40).map((n) => n * 0x2040) },
);
const category = fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });

const step = fc
  .record({ kind: fc.nat(24), register, line, offset: fc.nat(3), translatedData: fc.boolean(), category })
  .map(({ kind, register: r, line: l, offset, translatedData, category: c }): Step => {
    const at = RAM + 0x10000 + l + 8 * offset;
    const data = { dataPhys: at, dataVirt: at, dataBytes: 8, category: c, translatedData: translatedData && kind > 12 };
    const device = { ...data, dataPhys: 0x1000, dataVirt: 0x1000 };
    if (kind < 14) return { insn: op("sd", { rs1: 2, rs2: r }), fields: { ...data, access: "store" } };
    if (kind < 17) return { insn: op("ld", { rd: r, rs1: 2 }), fields: { ...data, access: "load" } };
    if (kind < 20) return { insn: op("add", { rd: 9, rs1: r }), fields: { category: c } };
    if (kind === 20) return { insn: op("amoadd.d", { rd: r, rs1: 2 }), fields: { ...data, access: "atomic" } };
    if (kind === 21) return { insn: op("fence"), fields: { category: c } };
    if (kind === 22) return { insn: op("sd", { rs1: 2, rs2: r }), fields: { ...device, access: "store" } };
    if (kind === 23) return { insn: op("ld", { rd: r, rs1: 2 }), fields: { ...device, access: "load" } };
    return { insn: op("mul", { rd: r, rs1: 9 }), fields: { category: c } };
  });
const steps = fc.array(step, { minLength: 5, maxLength: 60 });

function play(core: CoreDriver["core"], config: MachineConfig, all: readonly Step[]): CoreDriver {
  const driver = new CoreDriver(config, CATEGORIES, core);
  for (const { insn, fields } of all) driver.put(insn, fields);
  return driver;
}

const plainly = (config: MachineConfig, all: readonly Step[]): CoreDriver =>
  play(new Core(config, { categories: CATEGORIES }), config, all);
const remembering = (config: MachineConfig, all: readonly Step[], limits: MemoLimits): CoreDriver =>
  play(new MemoCore(config, { categories: CATEGORIES, ...limits }), config, all);

describe("a core that keeps late stores apart", () => {
  test.each([0, 3])(
    "goes through stores that miss as one that remembers nothing, %i of them kept in its states",
    (n) => {
      fc.assert(
        fc.property(machines, steps, (config, all) => {
          const looped = Array.from({ length: 4 }, () => all).flat();
          const core = remembering(config, looped, { nearStores: n }).core;
          expect(core.snapshot()).toEqual(plainly(config, looped).core.snapshot());
        }),
        { numRuns: 400 },
      );
    },
  );

  test("may forget, and may remember now and then", () => {
    const limits = fc.record({
      mostTransitions: fc.integer({ min: 1, max: 30 }),
      mostScripts: fc.nat(10),
      cyclesATransition: fc.constantFrom(1, 10, 1e9),
      allowed: fc.nat(30),
      nearStores: fc.nat(2),
    });
    fc.assert(
      fc.property(machines, steps, limits, (config, all, o) => {
        const looped = [...all, ...all, ...all];
        expect(remembering(config, looped, o).core.snapshot()).toEqual(plainly(config, looped).core.snapshot());
      }),
      { numRuns: 300 },
    );
  });
});

test("the stores of a piece that is not taken after all leave no trace among as many that wait as the buffer holds", () => {
  const entries = 64;
  const far = new FarStores({ entries, drainCycles: 4, onOverlap: "wait" }, 16, heapStorage);
  for (let cycle = 1; cycle <= entries; cycle += 1) far.push(1000 + cycle);
  const uses = new BufferUses();
  for (let place = 0; place < 40; place += 1) uses.step(Use.store, 1100 + place, 1100 + place, 4);
  const [first, waiting] = [far.next[0]!, far.timesAt(0)];
  expect(far.pass(far.note(uses), 0, 0, () => NO_OVERLAP)).toBe(PASSED);
  expect(far.timesAt(1100)).toHaveLength(40);
  far.next[0] = first;
  expect(far.timesAt(0)).toEqual(waiting);
});
