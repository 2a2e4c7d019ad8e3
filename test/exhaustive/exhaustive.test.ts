// A sample of what `npm run exhaustive` judges in full: the capability format against the standard's pseudo-code in C.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiler, definitions, Judge, TASKS, type Task } from "./program.ts";

/** Ranges of cases: from, and how many. */
const SAMPLES: readonly (readonly [Task, string, number, number])[] = [
  ["printer", "what is printed as C computes what the records compute on bigint", 0, TASKS.printer],
  ["bounds", "bounds fields with an internal exponent decode as the pseudo-code says", 0x155_5555, 40_000],
  ["bounds", "bounds fields without an exponent decode as the pseudo-code says", 0x555_5555, 40_000],
  ["lengths", "short lengths are encoded as the smallest region that holds them", 0x40_0000, 40_000],
  ["lengths", "lengths and bases of any size are encoded as the smallest region that holds them", 0x80_0000, 40_000],
  ["moves", "a move keeps the tag exactly where base and top stay the same", 0, 20_000],
  ["permissions", "YPERMC and YPERMR follow the rules of RV64Y", 0, 40],
  ["permissions", "YPERMC and YPERMR follow the rules of Zylevels1", 0x8000 + 0x300, 40],
  ["permissions", "YPERMC, YPERMR, YMODEW and YMODER follow the rules of Zyhybrid", 0x10000 + 0x3c0, 40],
];

describe.skipIf(compiler === undefined)("compiled from the definitions (needs gcc or clang)", () => {
  let judge: Judge;
  beforeAll(() => {
    judge = new Judge(compiler!, false);
  }, 60_000);
  afterAll(() => judge.close());

  test.for(SAMPLES)("%s: %s", { timeout: 30_000 }, async ([task, , from, count]) => {
    expect(await judge.run(task, from, from + count)).toEqual({ cases: count, differences: 0, lines: [] });
  });
});

describe("the printed definitions", () => {
  test("are functions of every machine's instructions", () => {
    expect(definitions()).toContain("static inline struct y rv64y_zylevels1_ypermc(struct y a, struct y b) {");
  });
});
