// TLBs and the page-table walker: hits, page sizes, address spaces, fences, and reads through the data cache.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heapStorage } from "../../../sim/timing/part.ts";
import { Tlb, type TlbConfig } from "../../../sim/timing/tlb.ts";
import { Walker } from "../../../sim/timing/walker.ts";
import { MockPart, MockTranslator, noWalk, RAM } from "./harness.ts";

const PAGE = 4096;
const MEGAPAGE = 2 ** 21;
const WALK_CYCLES = 50;

function make(
  config: Partial<TlbConfig> = {},
  hitCycles = 0,
): { tlb: Tlb; next: MockTranslator; misses: () => number } {
  const next = new MockTranslator(WALK_CYCLES);
  const tlb = new Tlb("t", { entries: 4, ways: 4, superEntries: 0, ...config }, hitCycles, next, heapStorage);
  return { tlb, next, misses: () => next.asked.length };
}

const look = (tlb: Tlb, page: number, asid = 1): number => tlb.translate(page * PAGE + 8, asid, 0, noWalk);

describe("a TLB", () => {
  test("takes a miss to the next level and answers the page from then on at once", () => {
    const { tlb } = make();
    expect(tlb.translate(5 * PAGE, 1, 100, noWalk)).toBe(100 + WALK_CYCLES);
    expect(tlb.translate(5 * PAGE + 4095, 1, 200, noWalk)).toBe(200);
    expect(tlb.translate(6 * PAGE, 1, 300, noWalk)).toBe(300 + WALK_CYCLES);
  });

  test("of the second level answers after hitCycles, and asks the walker as late", () => {
    const { tlb } = make({}, 4);
    expect(tlb.translate(0, 1, 0, noWalk)).toBe(4 + WALK_CYCLES);
    expect(tlb.translate(0, 1, 100, noWalk)).toBe(104);
  });

  test("displaces the least recently used entry", () => {
    const { tlb, misses } = make({ entries: 2, ways: 2 });
    for (const page of [1, 2, 1, 3]) look(tlb, page);
    expect(misses()).toBe(3);
    look(tlb, 1);
    expect(misses()).toBe(3);
    look(tlb, 2);
    expect(misses()).toBe(4);
  });

  test("keeps address spaces apart, and shares global pages between them", () => {
    const { tlb, next, misses } = make();
    look(tlb, 1, 1);
    look(tlb, 1, 2);
    expect(misses()).toBe(2);
    next.page = { valid: true, pageBits: 12, global: true };
    look(tlb, 9, 1);
    look(tlb, 9, 2);
    expect(misses()).toBe(3);
  });

  test("holds nothing where the walk found nothing", () => {
    const { tlb, next, misses } = make();
    next.page = { valid: false, pageBits: 12, global: false };
    look(tlb, 1);
    look(tlb, 1);
    expect(misses()).toBe(2);
  });

  test("covers a whole large page with one entry, where it is fully associative or has entries for them", () => {
    for (const config of [{}, { ways: 1, superEntries: 1 }]) {
      const { tlb, next, misses } = make(config);
      next.page = { valid: true, pageBits: 21, global: false };
      tlb.translate(3 * MEGAPAGE, 1, 0, noWalk);
      tlb.translate(4 * MEGAPAGE - 1, 1, 0, noWalk);
      expect(misses()).toBe(1);
      tlb.translate(4 * MEGAPAGE, 1, 0, noWalk);
      expect(misses()).toBe(2);
    }
  });

  test("holds pieces of a large page where it is set-associative without entries for them", () => {
    const { tlb, next, misses } = make({ ways: 1 });
    next.page = { valid: true, pageBits: 21, global: false };
    look(tlb, 512);
    look(tlb, 513);
    expect(misses()).toBe(2);
  });

  test.each([2, 0])("tells the level above what page it has found, in %i cycles", (hitCycles) => {
    const { tlb, next } = make({}, hitCycles);
    next.page = { valid: true, pageBits: 30, global: true };
    look(tlb, 0);
    next.page = { valid: true, pageBits: 12, global: false };
    look(tlb, 2 ** 18);
    look(tlb, 1);
    expect(tlb.found).toEqual({ valid: true, pageBits: 30, global: true });
  });

  test("tells pages of the two halves of Sv39 apart", () => {
    const { tlb, misses } = make();
    look(tlb, 0);
    look(tlb, 2 ** 36 - 2 ** 26);
    expect(misses()).toBe(2);
  });
});

describe("SFENCE.VMA", () => {
  /** Pages 1 (space 1), 1 (space 2), 2 (space 1), and page 3, global. */
  const filled = (): ReturnType<typeof make> => {
    const made = make();
    look(made.tlb, 1, 1);
    look(made.tlb, 1, 2);
    look(made.tlb, 2, 1);
    made.next.page = { valid: true, pageBits: 12, global: true };
    look(made.tlb, 3, 1);
    made.next.page = { valid: true, pageBits: 12, global: false };
    return made;
  };
  const held = ({ tlb, misses }: ReturnType<typeof make>): boolean[] =>
    [
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 1],
    ].map(([page, asid]) => {
      const before = misses();
      look(tlb, page!, asid!);
      return misses() === before;
    });

  test("without operands forgets everything", () => {
    const made = filled();
    made.tlb.fence({ page: undefined, asid: undefined });
    expect(held(made)).toEqual([false, false, false, false]);
  });

  test("with a page forgets it in every address space, and global ones", () => {
    const made = filled();
    made.tlb.fence({ page: 1, asid: undefined });
    expect(held(made)).toEqual([false, false, true, true]);
    made.tlb.fence({ page: 3, asid: undefined });
    expect(held(made).at(-1)).toBe(false);
  });

  test("with an address space forgets its pages and keeps global ones", () => {
    const made = filled();
    made.tlb.fence({ page: undefined, asid: 1 });
    expect(held(made)).toEqual([false, true, false, true]);
  });

  test("leaves room that is taken before any entry is displaced", () => {
    const made = filled();
    made.tlb.fence({ page: 2, asid: 1 });
    look(made.tlb, 7, 1);
    const before = made.misses();
    for (const [page, asid] of [
      [1, 1],
      [1, 2],
      [3, 1],
      [7, 1],
    ])
      look(made.tlb, page!, asid!);
    expect(made.misses()).toBe(before);
  });

  test("with both forgets one page of one space", () => {
    const made = filled();
    made.tlb.fence({ page: 1, asid: 2 });
    expect(held(made)).toEqual([true, false, true, true]);
    made.tlb.fence({ page: 3, asid: 1 });
    expect(held(made).at(-1)).toBe(true);
  });

  test("forgets a large page for any address in it", () => {
    const { tlb, next, misses } = make();
    next.page = { valid: true, pageBits: 21, global: false };
    look(tlb, 512);
    tlb.fence({ page: 700, asid: undefined });
    look(tlb, 512);
    expect(misses()).toBe(2);
  });
});

describe("the walker", () => {
  const walk = { entries: [RAM, RAM + 64, RAM + 128], pageBits: 12, global: true };

  test("reads one entry after another through the data cache, with its own work before each", () => {
    const memory = new MockPart(10);
    const walker = new Walker({ stepCycles: 2, cacheEntries: 0 }, memory, heapStorage);
    expect(walker.translate(0, 1, 100, () => walk)).toBe(100 + 3 * (2 + 10));
    expect(memory.reads.map((r) => [r.phys, r.at])).toEqual([
      [RAM, 102],
      [RAM + 64, 114],
      [RAM + 128, 126],
    ]);
    expect(walker.found).toEqual({ valid: true, pageBits: 12, global: true });
  });

  test("reads fewer entries for a large page", () => {
    const memory = new MockPart(10);
    const walker = new Walker({ stepCycles: 2, cacheEntries: 0 }, memory, heapStorage);
    expect(walker.translate(0, 1, 0, () => ({ ...walk, entries: [RAM], pageBits: 30 }))).toBe(12);
  });

  test("does not read remembered non-leaf entries again, and leaves always", () => {
    const memory = new MockPart(10);
    const walker = new Walker({ stepCycles: 2, cacheEntries: 2 }, memory, heapStorage);
    walker.translate(0, 1, 0, () => walk);
    expect(walker.translate(0, 1, 100, () => walk)).toBe(100 + 2 + 2 + 2 + 10);
    walker.fence();
    expect(walker.translate(0, 1, 200, () => walk)).toBe(200 + 36);
  });

  test("displaces the least recently used remembered entry", () => {
    const memory = new MockPart(10);
    const walker = new Walker({ stepCycles: 0, cacheEntries: 2 }, memory, heapStorage);
    const via = (a: number): void => void walker.translate(0, 1, 0, () => ({ ...walk, entries: [a, RAM + 999] }));
    for (const entry of [1, 2, 1, 3, 1, 2]) via(entry);
    expect(memory.reads.map((r) => r.phys).filter((phys) => phys < RAM)).toEqual([1, 2, 3, 2]);
  });

  test("takes no time where there is no translation", () => {
    const walker = new Walker({ stepCycles: 2, cacheEntries: 2 }, new MockPart(10), heapStorage);
    expect(walker.translate(0, 1, 7, noWalk)).toBe(7);
    expect(walker.found.valid).toBe(false);
  });
});

describe("laws", () => {
  const pages = fc.array(fc.record({ page: fc.nat(30), asid: fc.nat(2) }), { maxLength: 200 });

  test("more ways at equal sets never miss more", () => {
    fc.assert(
      fc.property(pages, fc.integer({ min: 1, max: 6 }), fc.constantFrom(1, 2, 4), (stream, ways, sets) => {
        const missesOf = (n: number): number => {
          const { tlb, misses } = make({ ways: n, entries: n * sets });
          for (const { page, asid } of stream) look(tlb, page, asid);
          return misses();
        };
        expect(missesOf(ways + 1)).toBeLessThanOrEqual(missesOf(ways));
      }),
    );
  });

  test("repeating the last translation changes nothing that follows", () => {
    fc.assert(
      fc.property(pages, (stream) => {
        const once = make({ ways: 2 });
        const twice = make({ ways: 2 });
        for (const { page, asid } of stream) {
          look(once.tlb, page, asid);
          look(twice.tlb, page, asid);
          look(twice.tlb, page, asid);
        }
        expect(twice.next.asked).toEqual(once.next.asked);
      }),
    );
  });
});
