// A cache's hits, misses, victims and outstanding misses, to the cycle, against a memory of set latency.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cache, type CacheConfig } from "../../../sim/timing/cache.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { MockPart, RAM } from "./harness.ts";

const ONE_MISS = { mshrs: 1, mshrTargets: 0, prefetch: "none", prefetchLines: 1 } as const;
const SMALL: CacheConfig = { sizeBytes: 256, lineBytes: 64, ways: 2, replacement: "lru", hitCycles: 3, ...ONE_MISS };
const MEMORY_CYCLES = 100;
/** Lines of one set of SMALL lie two lines apart. */
const sameSet = (n: number): number => RAM + n * 128;

function make(config: Partial<CacheConfig> = {}): { cache: Cache; memory: MockPart; count: (event: string) => number } {
  const memory = new MockPart(MEMORY_CYCLES);
  const cache = new Cache("c", { ...SMALL, ...config }, memory, heapStorage);
  const count = (event: string): number => cache.events.values[cache.events.names.indexOf(event)]!;
  return { cache, memory, count };
}

describe("a cache", () => {
  test("asks for the whole line after hitCycles on a miss, and has it when memory does", () => {
    const { cache, memory } = make();
    expect(cache.read(RAM + 8, 8, 10)).toBe(10 + 3 + MEMORY_CYCLES);
    expect(memory.reads).toEqual([{ phys: RAM, bytes: 64, at: 13 }]);
  });

  test("answers a hit after hitCycles", () => {
    const { cache, memory, count } = make();
    cache.read(RAM, 8, 0);
    expect(cache.read(RAM + 56, 8, 1000)).toBe(1003);
    expect(cache.read(RAM + 64, 8, 1000)).toBe(1000 + 3 + MEMORY_CYCLES);
    expect(memory.reads).toHaveLength(2);
    expect([count("lookups"), count("misses")]).toEqual([3, 2]);
  });

  test("gives up the least recently used way", () => {
    const { cache, memory } = make();
    for (const n of [0, 1, 0, 2]) cache.read(sameSet(n), 8, 10_000 * n);
    expect(cache.read(sameSet(0), 8, 90_000)).toBe(90_003);
    expect(cache.read(sameSet(1), 8, 91_000)).toBe(91_003 + MEMORY_CYCLES);
    expect(memory.reads.map((r) => r.phys)).toEqual([sameSet(0), sameSet(1), sameSet(2), sameSet(1)]);
  });

  test("writes a dirty victim back when its successor is asked for, and a clean one not", () => {
    const { cache, memory, count } = make();
    cache.store(sameSet(0), 0);
    cache.read(sameSet(1), 8, 1000);
    cache.read(sameSet(2), 8, 2000);
    expect(memory.writes).toEqual([{ phys: sameSet(0), bytes: 64, at: 2003 }]);
    cache.read(sameSet(3), 8, 3000);
    expect(memory.writes).toHaveLength(1);
    expect(count("writebacks")).toBe(1);
  });

  test("makes a line dirty that was read before it is stored to", () => {
    const { cache, memory } = make({ ways: 1, sizeBytes: 64 });
    cache.read(RAM, 8, 0);
    cache.store(RAM, 500);
    cache.read(RAM + 64, 8, 1000);
    expect(memory.writes).toHaveLength(1);
  });

  test("takes a line written whole without fetching it, and holds it dirty", () => {
    const { cache, memory } = make({ ways: 1, sizeBytes: 64 });
    cache.write(RAM, 64, 0);
    expect(memory.reads).toEqual([]);
    expect(cache.read(RAM, 8, 10)).toBe(13);
    cache.read(RAM + 64, 8, 20);
    expect(memory.writes).toHaveLength(1);
  });

  test("fetches the rest of a line that is written in part", () => {
    const { cache, memory } = make();
    cache.write(RAM + 16, 16, 0);
    expect(memory.reads).toEqual([{ phys: RAM, bytes: 64, at: 3 }]);
  });

  test("forgets all lines when invalidated", () => {
    const { cache } = make();
    cache.read(RAM, 8, 0);
    cache.invalidate();
    expect(cache.read(RAM, 8, 1000)).toBe(1003 + MEMORY_CYCLES);
  });
});

describe("outstanding misses", () => {
  test("a second access to a line on its way gets it when it arrives, and asks for nothing", () => {
    const { cache, memory } = make({ mshrs: 2 });
    const arrives = cache.read(RAM, 8, 0);
    expect(cache.read(RAM + 8, 8, 5)).toBe(arrives);
    expect(cache.read(RAM + 8, 8, arrives)).toBe(arrives + 3);
    expect(memory.reads).toHaveLength(1);
  });

  test("hits pass a miss", () => {
    const { cache } = make();
    cache.read(RAM + 64, 8, 0);
    cache.read(RAM, 8, 1000);
    expect(cache.read(RAM + 64, 8, 1001)).toBe(1004);
  });

  test("with one MSHR a second miss starts when the first is filled, with two at once", () => {
    for (const [mshrs, starts] of [
      [1, 103 + 3],
      [2, 10 + 3],
    ] as const) {
      const { cache, memory } = make({ mshrs });
      cache.read(RAM, 8, 0);
      expect(cache.read(RAM + 64, 8, 10)).toBe(starts + MEMORY_CYCLES);
      expect(memory.reads[1]!.at).toBe(starts);
    }
  });

  test("without MSHRs nobody is answered until the line is filled", () => {
    const { cache } = make({ mshrs: 0 });
    cache.read(RAM + 64, 8, 0);
    const filled = cache.read(RAM, 8, 1000);
    expect(cache.blockedUntil).toBe(filled);
    expect(cache.read(RAM + 64, 8, 1001)).toBe(filled + 3);
    expect(make({ mshrs: 1 }).cache.blockedUntil).toBe(0);
  });
});

describe("accesses that wait for one miss", () => {
  const line = [RAM, RAM + 8, RAM + 16, RAM + 24];

  test("get their data when it is filled, as many as it has targets; others come again then", () => {
    for (const [mshrTargets, answers] of [
      [0, [103, 103, 103, 103]],
      [4, [103, 103, 103, 103]],
      [3, [103, 103, 103, 106]],
      [1, [103, 106, 106, 106]],
    ] as const) {
      const { cache } = make({ mshrs: 2, mshrTargets });
      expect(line.map((phys, i) => cache.read(phys, 8, i))).toEqual(answers);
    }
  });

  test("are counted for each miss apart", () => {
    const { cache } = make({ mshrs: 2, mshrTargets: 2 });
    cache.read(RAM, 8, 0);
    cache.read(RAM + 64, 8, 1);
    expect([cache.read(RAM + 8, 8, 2), cache.read(RAM + 72, 8, 3)]).toEqual([103, 104]);
    expect([cache.read(RAM + 16, 8, 4), cache.read(RAM + 80, 8, 5)]).toEqual([106, 107]);
  });
});

describe("tree pseudo-LRU", () => {
  const ways4 = { ways: 4, sizeBytes: 256, replacement: "plru" } as const;
  const at = (n: number): number => RAM + 64 * n;

  test("gives up the way that the bits point to, which need not be the least recently used", () => {
    // Filled in the order 0 1 2 3 and 0 used again: the tree points to the pair of 2 and 3, and in it to 2, used before 3.
    const { cache, memory } = make(ways4);
    for (const n of [0, 1, 2, 3, 0]) cache.read(at(n), 8, 1000 * memory.reads.length);
    cache.read(at(4), 8, 10_000);
    expect([0, 1, 3, 4].map((n) => cache.read(at(n), 8, 20_000))).toEqual([20_003, 20_003, 20_003, 20_003]);
    expect(cache.read(at(2), 8, 30_000)).toBe(30_003 + MEMORY_CYCLES);
  });

  test("differs from LRU where a pair was used last in turn", () => {
    // LRU would give up 1; the root points away from 3, used last, to the pair of 0 and 1, whose bit points away from 0.
    const stream = [0, 1, 2, 3, 0, 2, 1, 3, 0];
    const { cache } = make(ways4);
    stream.forEach((n, i) => cache.read(at(n), 8, 1000 * i));
    cache.read(at(4), 8, 20_000);
    const held = [0, 1, 2, 3].filter((n) => cache.holds(at(n), 30_000));
    expect(held).toEqual([0, 1, 3]);
  });

  test("with two ways is LRU", () => {
    fc.assert(
      fc.property(accesses, (stream) => {
        expect(misses({ replacement: "plru", mshrs: 8 }, stream)).toBe(misses({ mshrs: 8 }, stream));
      }),
    );
  });

  test("never gives up the way used last", () => {
    fc.assert(
      fc.property(accesses, fc.constantFrom(2, 4, 8), (stream, ways) => {
        const { cache } = make({ ways, sizeBytes: 64 * ways, replacement: "plru", mshrs: 8 });
        let last: number | undefined;
        for (const a of stream) {
          cache.read(at(a.line), 8, 0);
          if (last !== undefined) expect(cache.holds(at(last), 1e9)).toBe(true);
          last = a.line;
        }
      }),
    );
  });
});

describe("a prefetcher", () => {
  const BIG = { sizeBytes: 4096, ways: 4, mshrs: 4 } as const;
  const at = (n: number): number => RAM + 64 * n;
  const asked = (memory: MockPart): number[] => memory.reads.map((r) => (r.phys - RAM) / 64);

  test("fetches the next lines with a miss, and when they are first used, and not again", () => {
    const { cache, memory, count } = make({ ...BIG, prefetch: "next-line", prefetchLines: 2 });
    cache.read(at(0), 8, 0);
    expect(asked(memory)).toEqual([0, 1, 2]);
    expect(cache.read(at(1), 8, 1000)).toBe(1003);
    expect(asked(memory)).toEqual([0, 1, 2, 3]);
    cache.read(at(1), 8, 2000);
    expect(asked(memory)).toHaveLength(4);
    expect([count("misses"), count("prefetches"), count("prefetchHits")]).toEqual([1, 3, 1]);
  });

  test("leaves a demand no later than it was", () => {
    expect(make({ ...BIG, prefetch: "next-line" }).cache.read(at(0), 8, 7)).toBe(7 + 3 + MEMORY_CYCLES);
  });

  test("makes a line on its way arrive when it does", () => {
    const { cache } = make({ ...BIG, prefetch: "next-line" });
    cache.read(at(0), 8, 0);
    expect(cache.read(at(1), 8, 50)).toBe(103);
  });

  test("needs an outstanding miss to spare, and stays in the page", () => {
    const busy = make({ ...BIG, mshrs: 2, prefetch: "next-line", prefetchLines: 3 });
    busy.cache.read(at(0), 8, 0);
    expect(asked(busy.memory)).toEqual([0, 1]);
    const last = make({ ...BIG, prefetch: "next-line", prefetchLines: 3 });
    last.cache.read(at(62), 8, 0);
    expect(asked(last.memory)).toEqual([62, 63]);
  });

  test("of strides fetches on when a distance has been seen twice, in either direction, page by page", () => {
    for (const [first, stride] of [
      [3, 5],
      [60, -7],
    ] as const) {
      const { cache, memory } = make({ ...BIG, prefetch: "stride" });
      for (const n of [0, 1, 2]) {
        cache.read(at(first + n * stride), 8, 1000 * n);
        cache.read(at(64 + 9 * n * n), 8, 1000 * n + 500);
      }
      expect(asked(memory)).toContain(first + 3 * stride);
      expect(memory.reads).toHaveLength(7);
    }
  });

  test("lets nobody take the first use of its lines for one that changes nothing", () => {
    const { cache } = make({ ...BIG, prefetch: "next-line" });
    cache.read(at(0), 8, 0);
    expect([cache.holds(at(0), 1000), cache.holds(at(1), 1000)]).toEqual([true, false]);
    cache.read(at(1), 8, 1000);
    expect(cache.holds(at(1), 5000)).toBe(true);
  });
});

/** Line numbers of a small memory, reads and stores mixed. */
const accesses = fc.array(fc.record({ line: fc.nat(40), store: fc.boolean() }), { maxLength: 300 });
type Access = { readonly line: number; readonly store: boolean };

function misses(config: Partial<CacheConfig>, stream: readonly Access[]): number {
  const { cache, count } = make(config);
  stream.forEach((a, i) => (a.store ? cache.store(RAM + 64 * a.line, i) : cache.read(RAM + 64 * a.line, 8, i)));
  return count("misses");
}

describe("laws", () => {
  test("under LRU, more ways at equal sets never miss more", () => {
    fc.assert(
      fc.property(accesses, fc.integer({ min: 1, max: 6 }), fc.constantFrom(1, 2, 4), (stream, ways, sets) => {
        const of = (n: number): number => misses({ ways: n, sizeBytes: 64 * sets * n, mshrs: 8 }, stream);
        expect(of(ways + 1)).toBeLessThanOrEqual(of(ways));
      }),
    );
  });

  test("a set holds the last lines used, as many as it has ways", () => {
    fc.assert(
      fc.property(accesses, fc.integer({ min: 1, max: 4 }), (stream, ways) => {
        const { cache } = make({ ways, sizeBytes: 64 * ways, mshrs: 8 });
        for (const a of stream) cache.read(RAM + 64 * a.line, 8, 0);
        const last = [...new Set(stream.map((a) => a.line).reverse())].slice(0, ways);
        const held = last.filter((line) => cache.read(RAM + 64 * line, 8, 1e9) === 1e9 + 3);
        expect(held.sort()).toEqual(last.sort());
      }),
    );
  });

  test("repeating an access to the most recently used line changes nothing that follows", () => {
    fc.assert(
      fc.property(accesses, fc.constantFrom("lru", "plru", "random"), (stream, replacement) => {
        const once = make({ replacement, mshrs: 2 });
        const twice = make({ replacement, mshrs: 2 });
        for (const [i, a] of stream.entries()) {
          const at = 1000 * i;
          const phys = RAM + 64 * a.line;
          const first = a.store ? once.cache.store(phys, at) : once.cache.read(phys, 8, at);
          expect(a.store ? twice.cache.store(phys, at) : twice.cache.read(phys, 8, at)).toBe(first);
          twice.cache.read(phys, 8, at + 500);
        }
        expect(twice.memory.reads).toEqual(once.memory.reads);
        expect(twice.memory.writes).toEqual(once.memory.writes);
      }),
    );
  });

  test("random replacement is the same in every run", () => {
    fc.assert(
      fc.property(accesses, (stream) => {
        expect(misses({ replacement: "random" }, stream)).toBe(misses({ replacement: "random" }, stream));
      }),
    );
  });
});
