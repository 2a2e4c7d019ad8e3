// What parts declare as their fast path is one: whoever takes it by itself gets what the part gives, and leaves what it leaves.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cache, FRESH, type CacheFastPath, type FillsFastPath } from "../../../sim/timing/cache.ts";
import { LineInHand } from "../../../sim/timing/frontend.ts";
import { heapStorage, type Storage } from "../../../sim/timing/part.ts";
import { BranchPredictor, Outcome, type PredictorFastPath } from "../../../sim/timing/predictor/predictor.ts";
import { NO_RETURN } from "../../../sim/timing/predictor/ras.ts";
import { StoreBlocks } from "../../../sim/timing/store-blocks.ts";
import { NO_OVERLAP } from "../../../sim/timing/storebuffer.ts";
import { Tlb } from "../../../sim/timing/tlb.ts";
import { packTraits } from "../../../sim/timing/traits.ts";
import { machine, MockPart, MockTranslator, noWalk, op, RAM } from "./harness.ts";

/** Storage that can tell everything it holds. */
class Recorded implements Storage {
  readonly #arrays: (Int32Array | Float64Array)[] = [];

  int32(length: number, fill = 0): Int32Array {
    return this.#note(heapStorage.int32(length, fill));
  }

  float64(length: number, fill = 0): Float64Array {
    return this.#note(heapStorage.float64(length, fill));
  }

  /** Every word, but for those of one array. */
  contents(except: Float64Array): number[] {
    return this.#arrays.filter((a) => a.buffer !== except.buffer).flatMap((a) => Array.from(a));
  }

  #note<T extends Int32Array | Float64Array>(array: T): T {
    this.#arrays.push(array);
    return array;
  }
}

/** Counts how often a property has met what it is about. */
function expectOften(times: number): void {
  expect(times).toBeGreaterThan(100);
}

describe("a cache's fast path", () => {
  const config = fc.record({
    sizeBytes: fc.constant(512),
    lineBytes: fc.constant(64),
    ways: fc.constantFrom(1, 2, 4),
    replacement: fc.constantFrom("lru" as const, "plru" as const, "random" as const),
    hitCycles: fc.constantFrom(0, 3),
    mshrs: fc.constantFrom(0, 1, 4),
    mshrTargets: fc.constantFrom(0, 1),
    prefetch: fc.constantFrom("none" as const, "next-line" as const, "stride" as const),
    prefetchLines: fc.constantFrom(1, 2),
  });
  const accesses = fc.array(
    fc.record({ line: fc.oneof(fc.nat(1), fc.nat(12)), store: fc.boolean(), later: fc.nat(60) }),
    { minLength: 20, maxLength: 80 },
  );
  const isFast = (f: CacheFastPath, phys: number, store: boolean, at: number): boolean => {
    const line = Math.floor(phys / f.lineBytes);
    const word = f.words[(line & f.setMask) * f.ways]!;
    const hits = word >> 1 === line && (!store || word % 2 === 1);
    return hits && (f.fills !== undefined || at >= f.busy[0]!);
  };
  /** Nobody asks at an earlier cycle any more. */
  const settle = (f: CacheFastPath, phys: number, at: number): void => {
    const line = (phys / f.lineBytes) | 0;
    const base = (line & f.setMask) * f.ways;
    if (f.fills !== undefined && (f.words[base]! & ~FRESH) >> 1 === line && !isOnItsWay(f.fills, line, at))
      f.words[base]! &= ~FRESH;
  };
  const isOnItsWay = ({ at, lines, earliest }: FillsFastPath, line: number, cycle: number): boolean => {
    const latestFirst = Array.from(at, (_, n) => (earliest[0]! + 2 * at.length - 1 - n) % at.length);
    const arrived = latestFirst.findIndex((i) => at[i]! < cycle + 1);
    return (arrived < 0 ? latestFirst : latestFirst.slice(0, arrived)).some((i) => lines[i] === line);
  };

  test("is a hit that changes nothing but the count of lookups", () => {
    let met = 0;
    let metBesideMisses = 0;
    fc.assert(
      fc.property(config, accesses, (c, stream) => {
        const storage = new Recorded();
        const cache = new Cache("c", c, new MockPart(30), storage);
        const { fastPath } = cache;
        let at = 0;
        for (const { line, store, later } of stream) {
          at += later;
          const phys = RAM + 64 * line;
          settle(fastPath, phys, at);
          const fast = isFast(fastPath, phys, store, at);
          const besideMisses = at < fastPath.busy[0]!;
          const [before, lookups] = [storage.contents(fastPath.lookups), fastPath.lookups[0]!];
          const ready = store ? cache.store(phys, at) : cache.read(phys, 8, at);
          if (!fast) continue;
          met += 1;
          if (besideMisses) metBesideMisses += 1;
          expect([ready, fastPath.lookups[0]]).toEqual([at + c.hitCycles, lookups + 1]);
          expect(storage.contents(fastPath.lookups)).toEqual(before);
        }
      }),
    );
    expectOften(met);
    expectOften(metBesideMisses);
  });

  test("may be taken at any later time where a cache says that it holds a line", () => {
    let met = 0;
    fc.assert(
      fc.property(config, accesses, fc.nat(60), (c, stream, wait) => {
        const cache = new Cache("c", c, new MockPart(30), heapStorage);
        let at = 0;
        for (const { line, store, later } of stream) {
          at += later;
          const phys = RAM + 64 * line;
          const held = cache.holds(phys, at);
          if (held) at += wait;
          const ready = store ? cache.store(phys, at) : cache.read(phys, 8, at);
          if (!held) continue;
          met += 1;
          expect(ready).toBe(at + c.hitCycles);
        }
      }),
    );
    expectOften(met);
  });
});

describe("a TLB's fast path", () => {
  test("is a translation at once that changes nothing but the count of lookups", () => {
    let met = 0;
    const looks = fc.array(fc.record({ page: fc.nat(6), asid: fc.nat(1), global: fc.boolean(), large: fc.boolean() }), {
      minLength: 20,
    });
    fc.assert(
      fc.property(looks, fc.constantFrom(1, 2, 4), fc.constantFrom(0, 2), (stream, ways, superEntries) => {
        const storage = new Recorded();
        const next = new MockTranslator(50);
        const tlb = new Tlb("t", { entries: 4, ways, superEntries }, 0, next, storage);
        const f = tlb.fastPath;
        for (const { page, asid, global, large } of stream) {
          next.page = { valid: true, pageBits: large ? 21 : 12, global };
          const base = (page & f.setMask) * f.ways;
          const owner = f.asids[base]!;
          const fast = (page & f.masks[base]!) === f.pages[base] && (owner === asid || owner === -1);
          const [before, lookups] = [storage.contents(f.lookups), f.lookups[0]!];
          const ready = tlb.translate(page * 4096 + 8, asid, 7, noWalk);
          if (!fast) continue;
          met += 1;
          expect([ready, f.lookups[0]]).toEqual([7, lookups + 1]);
          expect(storage.contents(f.lookups)).toEqual(before);
        }
      }),
    );
    expectOften(met);
  });
});

describe("a predictor's fast path", () => {
  const branch = packTraits(op("bne", { rs1: 1, rs2: 2, imm: 64n }));
  const sets = ["predictor.entries=16", "predictor.btbEntries=4", "predictor.btbWays=2"];

  /** What a branch's own words say of it, its history as before. */
  function isFast(f: PredictorFastPath, pc: number, target: number, taken: boolean): boolean {
    const { counters, mask, granuleBytes, highest, history, shift = 0 } = f.direction!;
    const index = (Math.floor(pc / granuleBytes) ^ ((history?.[0] ?? 0) << shift)) & mask;
    if (counters[index] !== (taken ? highest : 0)) return false;
    const base = (Math.floor(pc / f.btb.granuleBytes) & f.btb.setMask) * f.btb.ways;
    return !taken || !f.btbHoldsAll || (f.btb.sources[base] === pc && f.btb.targets[base] === target);
  }

  test("is a branch predicted that changes nothing but counts and the history", () => {
    let met = 0;
    const branches = fc.array(fc.record({ at: fc.nat(3), taken: fc.boolean(), times: fc.integer({ min: 1, max: 6 }) }));
    const settings = fc.record({
      direction: fc.constantFrom("bimodal", "gshare"),
      btbHolds: fc.constantFrom("all", "indirect"),
    });
    fc.assert(
      fc.property(branches, settings, (stream, { direction, btbHolds }) => {
        const own = [`predictor.direction=${direction}`, `predictor.btbHolds=${btbHolds}`, "predictor.historyBits=2"];
        const storage = new Recorded();
        const predictor = new BranchPredictor(machine([...sets, ...own]).predictor, storage);
        const f = predictor.fastPath;
        const history = f.direction!.history;
        const words = (): number[] => {
          const now = history?.[0] ?? 0;
          if (history !== undefined) history[0] = 0;
          const all = storage.contents(predictor.events.values);
          if (history !== undefined) history[0] = now;
          return all;
        };
        for (const { at, taken, times } of stream) {
          for (let i = 0; i < times; i += 1) {
            const pc = RAM + 8 * at;
            const target = taken ? pc + 64 : pc + 4;
            const fast = isFast(f, pc, target, taken);
            const [before, past] = [words(), history?.[0] ?? 0];
            const outcome = predictor.resolve(branch, pc, pc + 4, target);
            if (!fast) continue;
            met += 1;
            expect(outcome).toBe(
              !taken ? Outcome.fallThrough : f.btbHoldsAll ? Outcome.remembered : Outcome.predecoded,
            );
            expect(words()).toEqual(before);
            if (history !== undefined) {
              expect(history[0]).toBe(((past << 1) | Number(taken)) & f.direction!.historyMask!);
            }
          }
        }
      }),
    );
    expectOften(met);
  });

  test("pushes and pops return addresses as the part does", () => {
    const call = packTraits(op("jal", { rd: 1, imm: 64n }));
    const ret = packTraits(op("jalr", { rd: 0, rs1: 1 }));
    fc.assert(
      fc.property(fc.array(fc.boolean()), (calls) => {
        const part = new BranchPredictor(machine(["predictor.rasEntries=3"]).predictor, heapStorage);
        const mirror = new BranchPredictor(machine(["predictor.rasEntries=3"]).predictor, heapStorage).fastPath.ras;
        calls.forEach((isCall, i) => {
          const pc = RAM + 16 * i;
          if (isCall) {
            part.resolve(call, pc, pc + 4, pc + 64);
            mirror.latest[0] = (mirror.latest[0]! + 8) % mirror.returns.byteLength;
            mirror.returns[mirror.latest[0] / 8] = pc + 4;
          } else {
            part.resolve(ret, pc, pc + 4, RAM);
            mirror.returns[mirror.latest[0]! / 8] = NO_RETURN;
            mirror.latest[0] = (mirror.latest[0]! || mirror.returns.byteLength) - 8;
          }
          expect(part.fastPath.ras).toEqual(mirror);
        });
      }),
    );
  });
});

describe("the store blocks' fast path", () => {
  test("gives an age that is the part's wherever a load could wait", () => {
    const accesses = fc.array(fc.record({ block: fc.nat(7), store: fc.boolean() }));
    fc.assert(
      fc.property(accesses, fc.constantFrom(1, 2, 4), (stream, entries) => {
        const { storeBuffer } = machine([`storeBuffer.entries=${entries}`, "storeBuffer.onOverlap=wait"]);
        const part = new StoreBlocks(storeBuffer, 8, heapStorage);
        const { lastStore, youngest, blockShift, blockMask, forwards } = new StoreBlocks(storeBuffer, 8, heapStorage)
          .fastPath;
        expect(forwards).toBe(false);
        for (const { block, store } of stream) {
          const phys = RAM + 8 * block;
          const i = (phys >> blockShift) & blockMask;
          if (store) {
            part.push(phys, 8);
            lastStore[i] = youngest[0]! += 1;
          } else {
            const age = youngest[0]! - lastStore[i]!;
            expect(age < entries ? age : NO_OVERLAP).toBe(part.overlapAge(phys, 8));
          }
        }
      }),
    );
  });
});

describe("the line in hand's fast path", () => {
  test("says of an instruction whether it is there", () => {
    const places = fc.tuple(fc.integer({ min: -70, max: 140 }), fc.constantFrom(2, 4), fc.constantFrom(0, 4096));
    fc.assert(
      fc.property(places, ([offset, bytes, elsewhere]) => {
        const part = new LineInHand(64, heapStorage);
        part.take(0x1010, RAM + 0x10);
        const { line, lineBytes } = part.fastPath;
        const [pc, phys] = [0x1000 + offset, RAM + offset + elsewhere];
        const there = pc - line[0]! >= 0 && pc - line[0]! <= lineBytes - bytes && phys - pc === line[1];
        expect(part.holdsBytes(pc, phys, bytes)).toBe(there);
      }),
    );
  });
});
