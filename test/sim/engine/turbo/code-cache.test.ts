// The code cache: which code is in a region, and where it can be entered.
import { expect, test } from "vitest";
import { CodePage } from "../../../../sim/engine/code.ts";
import { TranslatedCode, type TranslatedRegion } from "../../../../sim/engine/turbo/code-cache.ts";
import { LinearMemory } from "../../../../sim/engine/turbo/linear.ts";

const RAM_BYTES = 2 ** 20;
const PAGE = 0x8000_1000n;
const HEAD = PAGE + 0x100n;
const META = 7n;
const ADDRESSING = 1;

const pageAt = (phys: number): CodePage => new CodePage(phys, [], new Uint16Array(0));

/** A cache with a region of offsets [0x100, 0x120) and [0x200, 0x204) of a page, entered at its head. */
function cacheWith(page: CodePage): TranslatedCode {
  const code = new TranslatedCode(
    new LinearMemory(RAM_BYTES),
    () => 0,
    () => ({}),
  );
  const ranges = [
    { virt: PAGE, from: 0x100, to: 0x120 },
    { virt: PAGE, from: 0x200, to: 0x204 },
  ];
  const targets = [{ pc: HEAD, line: 0 }];
  const translated: TranslatedRegion = {
    ...{ call: null, instructions: 9, targets, ranges, code: [], categories: [], lines: [] },
  };
  code.add({ pc: HEAD, meta: META, addressing: ADDRESSING, pages: [{ virt: PAGE, page }], translated, linesAt: 0 });
  return code;
}

test.each([
  ["the head", 0x100, true],
  ["the last parcel of a stretch", 0x11e, true],
  ["what follows a stretch", 0x120, false],
  ["what comes before the head", 0xfe, false],
  ["another stretch", 0x200, true],
])("%s is covered, or is not", (_, offset, isCovered) => {
  const page = pageAt(0x8000_1000);
  expect(cacheWith(page).covers(page, PAGE + BigInt(offset), META, ADDRESSING)).toBe(isCovered);
});

test("the same code in another page, by another pcc or with other addressing is not covered", () => {
  const page = pageAt(0x8000_1000);
  const code = cacheWith(page);
  expect(code.covers(pageAt(0x8000_2000), HEAD, META, ADDRESSING)).toBe(false);
  expect(code.covers(page, HEAD, META + 1n, ADDRESSING)).toBe(false);
  expect(code.covers(page, HEAD, META, ADDRESSING + 1)).toBe(false);
});

test("nothing is covered once it was dropped", () => {
  const page = pageAt(0x8000_1000);
  const code = cacheWith(page);
  code.drop(page, 0x202, 0x203);
  expect(code.covers(page, HEAD, META, ADDRESSING)).toBe(false);
});
