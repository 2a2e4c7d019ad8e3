// A string's copy moves each byte to its place, whatever the alignments, and touches nothing else.
import { describe, expect, test } from "vitest";
import { Bench } from "./bench.ts";

const pattern = Uint8Array.from({ length: 400 }, (_, i) => (i * 37 + 11) & 0xff);

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const bench = new Bench({ pointerBytes, sources: ["copy"] });
  const area = bench.reserve(1024, 4096);
  const from = bench.reserve(1024, 4096);

  test.each([0, 1, 2, 3, 4, 5, 6, 7].flatMap((to) => [0, 1, 4, 7].map((source) => [to, source] as const)))(
    "strings of many lengths go from offset %1$i to offset %0$i",
    (to, source) => {
      for (const length of [0, 1, 3, 7, 8, 15, 16, 17, 23, 24, 31, 40, 63, 64, 71, 100, 256, 300]) {
        bench.fill(area.base, new Uint8Array(1024).fill(0xee));
        bench.fill(from.base + source, pattern.subarray(0, length));
        const place = { base: area.base + 64 + to, bytes: length };
        bench.call("copy_string", place, { base: from.base + source, bytes: length }, length);
        const expected = new Uint8Array(1024).fill(0xee);
        expected.set(pattern.subarray(0, length), 64 + to);
        expect(Buffer.compare(bench.machine.readMemory(area.base, 1024), expected), `${length} bytes`).toBe(0);
      }
    },
  );
});

test("256 bytes take half an instruction a byte where both lie at words, and less than one where they do not", () => {
  const bench = new Bench({ pointerBytes: 8, sources: ["copy"] });
  const [to, from] = [bench.reserve(512), bench.put(pattern)];
  const copied = (offset: number): number =>
    bench.call("copy_string", { base: to.base + offset, bytes: 256 }, from, 256).instructions["copy"]! / 256;
  expect(copied(0)).toBeLessThan(0.5);
  expect(copied(3)).toBeLessThan(1);
});
