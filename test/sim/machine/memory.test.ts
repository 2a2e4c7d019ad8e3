// Tagged memory: what a store leaves of the tags, and what the marks on pages report.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { Memory, Mark, PAGE_BYTES } from "../../../sim/machine/memory.ts";

const GRANULES = 64;
const sizeBytes = 2 * PAGE_BYTES;

/** Memory whose granules all hold tagged capabilities. */
function tagged(): Memory {
  const memory = new Memory({ base: 0x8000_0000, sizeBytes });
  for (let g = 0; g < sizeBytes / 16; g += 1) memory.storeCapability(16 * g, 1, 0x1111n, 0x2222n);
  return memory;
}
const untagged = (memory: Memory): number[] => [...memory.tags.keys()].filter((g) => memory.tags[g] === 0);
const touched = (offset: number, bytes: number): number[] => {
  const first = Math.floor(offset / 16);
  const last = Math.floor((offset + bytes - 1) / 16);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
};

const arbOffset = fc.integer({ min: 0, max: 16 * GRANULES });

describe("tags", () => {
  test("a store clears exactly the tags of the granules it touches", () => {
    fc.assert(
      fc.property(arbOffset, fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const), (offset, bytes) => {
        const memory = tagged();
        memory.store(offset, bytes, 0x1234_5678_9abc_def0n);
        expect(untagged(memory)).toEqual(touched(offset, bytes));
      }),
    );
  });

  test("zeroing and host writes clear exactly the tags of the granules they touch", () => {
    fc.assert(
      fc.property(arbOffset, fc.integer({ min: 1, max: 200 }), (offset, bytes) => {
        const zeroed = tagged();
        zeroed.zero(offset, bytes);
        const written = tagged();
        written.write(offset, new Uint8Array(bytes).fill(7));
        expect([untagged(zeroed), untagged(written)]).toEqual([touched(offset, bytes), touched(offset, bytes)]);
      }),
    );
  });

  test("a capability store sets or clears the tag of its own granule alone", () => {
    const memory = tagged();
    memory.storeCapability(32, 0, 1n, 2n);
    expect(untagged(memory)).toEqual([2]);
    memory.storeCapability(32, 1, 1n, 2n);
    expect(untagged(memory)).toEqual([]);
  });
});

describe("values", () => {
  test("a load gives the low bytes of what was stored, zero-extended, little-endian", () => {
    fc.assert(
      fc.property(arbOffset, fc.bigInt(0n, (1n << 64n) - 1n), (offset, value) => {
        const memory = tagged();
        memory.store(offset, 8, value);
        for (const bytes of [1, 2, 4, 8] as const)
          expect(memory.load(offset, bytes)).toBe(BigInt.asUintN(8 * bytes, value));
        expect(memory.load(offset + 4, 4)).toBe(value >> 32n);
      }),
    );
  });

  test("a capability lies with its address in the lower half and its metadata in the upper", () => {
    const memory = tagged();
    memory.storeCapability(16, 1, 0xaan, 0xbbn);
    expect([memory.load(16, 8), memory.load(24, 8), memory.tag(16), memory.tag(31)]).toEqual([0xbbn, 0xaan, 1, 1]);
  });

  test("RAM holds its first and last byte and nothing beyond", () => {
    const memory = tagged();
    const end = memory.base + sizeBytes;
    expect([memory.holds(memory.base, 1), memory.holds(end - 8, 8)]).toEqual([true, true]);
    expect([memory.holds(memory.base - 1, 1), memory.holds(end - 7, 8), memory.holds(end, 1)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("marks", () => {
  test("a store is reported where it touches a marked granule, also with its last byte alone", () => {
    const memory = tagged();
    const reports: [number, number][] = [];
    memory.onMarkedStore = (offset, bytes) => reports.push([offset, bytes]);
    memory.mark(PAGE_BYTES, 1, Mark.code);
    memory.store(PAGE_BYTES - 8, 8, 0n);
    memory.store(PAGE_BYTES - 7, 8, 0n);
    memory.store(PAGE_BYTES, 1, 0n);
    memory.store(PAGE_BYTES + 16, 8, 0n);
    memory.zero(PAGE_BYTES - 48, 48);
    memory.zero(PAGE_BYTES - 48, 64);
    expect(reports).toEqual([
      [PAGE_BYTES - 7, 8],
      [PAGE_BYTES, 1],
      [PAGE_BYTES - 48, 64],
    ]);
    memory.unmark(PAGE_BYTES, 16, Mark.code);
    memory.store(PAGE_BYTES, 1, 0n);
    expect(reports.length).toBe(3);
  });
});
