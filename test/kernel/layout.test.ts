// Exact regions, and the platform as the kernels name it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBounds } from "../../isa/cap/bounds.ts";
import { exactRegion, holds, overlap, regionEnd, type Region } from "../../kernel/layout.ts";
import { PLATFORM } from "../../kernel/platform.ts";
import { BigintArithmetic } from "../../sim/engine/bigint.ts";
import { Finisher } from "../../sim/machine/devices/finisher.ts";
import { Meter } from "../../sim/machine/devices/meter.ts";
import { Uart } from "../../sim/machine/devices/uart.ts";
import { RAM_BASE } from "../../sim/machine/machine.ts";

const m = new BigintArithmetic();
const isExact = (r: Region): boolean => encodeBounds(m, 0n, BigInt(r.base), BigInt(r.bytes)).exact === 1n;

const arbBytes = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 30 }),
  fc.tuple(fc.integer({ min: 4, max: 30 }), fc.integer({ min: -2, max: 2 })).map(([k, d]) => Math.max(1, 2 ** k + d)),
);

test("an exact region has exact bounds, begins at or above the base, holds the bytes, and wastes less than 1/256", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x8000_0000, max: 0xf000_0000 }), arbBytes, (base, bytes) => {
      const region = exactRegion(base, bytes);
      expect(isExact(region)).toBe(true);
      expect(region.base).toBeGreaterThanOrEqual(base);
      expect(region.bytes).toBeGreaterThanOrEqual(bytes);
      expect(region.bytes - bytes).toBeLessThanOrEqual(Math.max(15, bytes / 256));
      expect([region.base % 16, region.bytes % 16]).toEqual([0, 0]);
    }),
  );
});

test("regions overlap where they share a byte, and not where they touch or are empty", () => {
  const a = { base: 0x1000, bytes: 0x100 };
  expect(overlap([a, { base: 0x10ff, bytes: 1 }])).toBeDefined();
  expect(overlap([{ base: 0xf00, bytes: 0x101 }, a])).toBeDefined();
  expect(overlap([a, { base: 0x1100, bytes: 1 }, { base: 0xfff, bytes: 1 }])).toBeUndefined();
  expect(overlap([a, { base: 0x1080, bytes: 0 }])).toBeUndefined();
});

test("a region holds itself and its parts, and nothing that sticks out", () => {
  const a = { base: 0x1000, bytes: 0x100 };
  expect(holds(a, a)).toBe(true);
  expect(holds(a, { base: 0x0fff, bytes: 2 })).toBe(false);
  expect(holds(a, { base: 0x10ff, bytes: 2 })).toBe(false);
  expect(regionEnd(a)).toBe(0x1100);
});

test("the kernels' platform is the machine's", () => {
  const nothing = (): void => {};
  expect(PLATFORM.ram).toBe(RAM_BASE);
  expect(PLATFORM.finisher).toBe(new Finisher(nothing).base);
  expect(PLATFORM.meter).toBe(new Meter(nothing).base);
  expect(PLATFORM.uart).toBe(new Uart(nothing).base);
});
