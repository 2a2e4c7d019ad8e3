// Kept bounds: what the caches of decoded bounds answer is what decoding afresh gives.
import { expect, test } from "vitest";
import fc from "fast-check";
import { CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { decodeBounds, encodeBounds } from "../../../isa/cap/bounds.ts";

const arbX = fc.oneof(
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.bigInt(0n, 64n).map((n) => BigInt.asUintN(64, n - 32n)),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.bigInt(0n, 8n))
    .map(([s, n]) => BigInt.asUintN(64, (1n << BigInt(s)) + n - 4n)),
);

test("bounds recalled for another address equal bounds decoded afresh, whatever the metadata", () => {
  fc.assert(
    fc.property(arbX, arbX, fc.array(arbX, { minLength: 1, maxLength: 6 }), (meta, first, addresses) => {
      const m = new CapabilityArithmetic(false);
      const start = m.bounds(m.cap(0n, meta, first));
      const near = [
        start.base,
        start.base - 1n,
        start.top,
        start.top + 1n,
        start.top - 1n,
        (start.base + start.top) >> 1n,
      ];
      for (const addr of [...near, ...addresses].map((a) => BigInt.asUintN(64, a))) {
        m.bounds(m.cap(0n, meta, first));
        expect(m.bounds(m.cap(0n, meta, addr))).toEqual(decodeBounds(m, meta, addr));
      }
    }),
    { numRuns: 500 },
  );
});

test("bounds recalled for a well-formed capability equal bounds decoded afresh at its base, inside and at its top", () => {
  fc.assert(
    fc.property(arbX, arbX, arbX, (base, length, offset) => {
      const m = new CapabilityArithmetic(false);
      const { meta } = encodeBounds(m, 0n, base, length);
      const made = m.bounds(m.cap(1n, meta, base));
      const size = (made.topHigh << 64n) + made.top - made.base;
      const inside = size === 0n ? made.base : made.base + (offset % size);
      for (const addr of [inside, made.base + size].map((a) => BigInt.asUintN(64, a))) {
        m.bounds(m.cap(1n, meta, base));
        expect(m.bounds(m.cap(1n, meta, addr))).toEqual(decodeBounds(m, meta, addr));
      }
    }),
    { numRuns: 500 },
  );
});
