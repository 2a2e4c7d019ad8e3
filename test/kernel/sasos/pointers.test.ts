// The table of pointers that the loader reads.
import { expect, test } from "vitest";
import { POINTER } from "../../../kernel/sasos/objects.ts";
import { PointerTable } from "../../../kernel/sasos/pointers.ts";

const { at, bytes } = POINTER.layout(16);

test("a table holds what was added, in order, however long it gets", () => {
  const pointers = Array.from({ length: 1000 }, (_, i) => ({
    ...{ at: 0x8000_0000 + 16 * i, base: 2 ** 32 + i, bytes: i, writable: i % 3 === 0 },
  }));
  const table = PointerTable.of(...pointers);
  expect(table.length).toBe(1000);
  expect([...table]).toEqual(pointers);
  expect(table.contents.length).toBe(1000 * bytes);
});

test("a row is a POINTER as guest code names its fields", () => {
  const table = PointerTable.of(
    { at: 1, base: 2, bytes: 3, writable: false },
    { at: 0xffff_ffff, base: 0x1_2345_6789, bytes: 2 ** 40, writable: true },
  );
  const row = Buffer.from(table.contents).subarray(bytes);
  const words = (["at", "base", "length", "writable"] as const).map((field) => row.readBigUInt64LE(at[field]));
  expect(words).toEqual([0xffff_ffffn, 0x1_2345_6789n, 2n ** 40n, 1n]);
});
