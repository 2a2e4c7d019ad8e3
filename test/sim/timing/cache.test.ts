// A cache's hits, misses, victims and outstanding misses, to the cycle, against a memory of set latency.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cache, type CacheConfig } from "../../../sim/timing/cache.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { MockPart, RAM } from "./harness.ts";

const SMALL: CacheConfig = { sizeBytes: 256, lineBytes: 64, ways: 2, replacement: "lru", hitCycles: 3, mshrs: 1 };
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
      fc.property(accesses, fc.constantFrom("lru", "random"), (stream, replacement) => {
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
