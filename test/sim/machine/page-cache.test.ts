// Cached translations: where they are kept.
import fc from "fast-check";
import { expect, test } from "vitest";
import { setOf } from "../../../sim/machine/page-cache.ts";

test("pages that lie apart by a power of two, from 4 KiB to 64 GiB, do not take each other's place", () => {
  const arbPage = fc.integer({ min: 0, max: 2 ** 36 - 1 });
  fc.assert(
    fc.property(arbPage, fc.nat(23), (page, bits) => {
      expect(setOf(page)).not.toBe(setOf(page + 2 ** bits));
    }),
  );
});
