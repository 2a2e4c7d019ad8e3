// Timed runs are alike on both engines: every cycle, its cause and its category, every event, and the architectural state.
import { describe, expect, test } from "vitest";
import { compareTimed } from "./timing.ts";
import { hotRun, randomRun } from "./timing-programs.ts";

const SEED = 20261121;
const RUNS = Number(process.env["MESHSIM_TIMED_PROGRAMS"] ?? 25);
const HOT_RUNS = RUNS;

describe("random programs", () => {
  test(`on random machines take the same cycles for the same causes (${RUNS} runs)`, () => {
    let translated = 0;
    for (let index = 0; index < RUNS; index += 1) {
      const compared = compareTimed(randomRun(SEED, index).run);
      expect(compared.found, `run ${index} of seed ${SEED}`).toBeUndefined();
      translated += compared.translated;
    }
    expect(translated).toBeGreaterThan(100 * RUNS);
  });

  test(`that are hot do, too (${HOT_RUNS} runs)`, () => {
    for (let index = 0; index < HOT_RUNS; index += 1) {
      expect(compareTimed(hotRun(SEED, index).run).found, `hot run ${index} of seed ${SEED}`).toBeUndefined();
    }
  });
});

test.each([
  [9951, 2225],
  [9952, 109],
])("an instruction that is begun in generated code is fetched once (hot run %i, %i)", (seed, index) => {
  expect(compareTimed(hotRun(seed, index).run).found).toBeUndefined();
});

test("a load that shares the cycle before its piece's finds stores that wait in that cycle alone (random run 9985, 1906)", () => {
  expect(compareTimed(randomRun(9985, 1906).run).found).toBeUndefined();
});
