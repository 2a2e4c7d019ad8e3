// The guest's check of UTF-8 says what the platform's decoder says.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bench } from "./bench.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

function wellFormed(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const bench = new Bench({ pointerBytes, sources: ["marshal", "copy", "unmarshal", "utf8", "arena"] });
  const area = bench.reserve(4096, 4096);

  /** `around` lies before and behind the string and must not matter. */
  function guestSays(bytes: Uint8Array, offset = 0, around = 0xff): boolean {
    bench.fill(area.base, new Uint8Array(512).fill(around));
    bench.fill(area.base + offset, bytes);
    const place = { ...area, address: area.base + offset };
    return bench.call("utf8_check", place, bytes.length, 0x8080_8080_8080_8080n).a0 === 0n;
  }

  test.each([
    ["00", true],
    ["7f", true],
    ["80", false],
    ["bf", false],
    ["c1bf", false], // two bytes for U+007F
    ["c280", true],
    ["dfbf", true],
    ["e09fbf", false], // three bytes for U+07FF
    ["e0a080", true],
    ["ed9fbf", true],
    ["eda080", false], // the first surrogate
    ["edbfbf", false], // the last
    ["ee8080", true],
    ["efbfbf", true],
    ["f08fbfbf", false], // four bytes for U+FFFF
    ["f0908080", true],
    ["f48fbfbf", true],
    ["f4908080", false], // U+110000
    ["f5808080", false],
    ["f8808080", false],
    ["fc808080", false],
    ["ff", false],
    ["c2", false],
    ["e0a0", false],
    ["f09080", false],
    ["c27f", false],
    ["c2c0", false],
  ])("%s is well formed: %s", (hex, expected) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    expect(wellFormed(bytes)).toBe(expected);
    // Alone, at the end of a short and of a long string, in the middle of words, and before more.
    for (const [before, after] of [
      [0, 0],
      [5, 0],
      [16, 0],
      [29, 0],
      [3, 20],
      [40, 7],
    ] as const) {
      const text = new Uint8Array(before + bytes.length + after).fill(0x61);
      text.set(bytes, before);
      for (const offset of [0, 3])
        expect(guestSays(text, offset, 0), `${before} before, ${after} after`).toBe(expected);
    }
  });

  test("any bytes are judged as the platform judges them", () => {
    const byte = fc.oneof(
      fc.constantFrom(0x61, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
      fc.nat(255),
    );
    const text = fc.oneof(
      fc.array(byte, { maxLength: 40 }).map((a) => Uint8Array.from(a)),
      fc.string({ maxLength: 40, unit: "binary" }).map((s) => new TextEncoder().encode(s)),
    );
    fc.assert(
      fc.property(text, fc.nat(7), fc.constantFrom(0, 0xff), (bytes, offset, around) => {
        return guestSays(bytes, offset, around) === wellFormed(bytes);
      }),
      { numRuns: 200 },
    );
  });
});
