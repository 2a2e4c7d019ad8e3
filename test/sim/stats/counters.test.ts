// Snapshots and their views.
import { describe, expect, test } from "vitest";
import { Cause, CAUSE_COUNT, CAUSES } from "../../../sim/stats/causes.ts";
import { checkSums, difference, eventNames, gatherEvents, type Counters } from "../../../sim/stats/counters.ts";
import {
  byCategory,
  byCategoryAndCause,
  byCause,
  causesOf,
  events,
  retiredInstructions,
} from "../../../sim/stats/cpi-stack.ts";

/** Two categories: 3 base and 4 dcache cycles, and 5 of a trap. */
function sample(): Counters {
  const cycles = new Float64Array(2 * CAUSE_COUNT);
  cycles[Cause.base] = 3;
  cycles[Cause.dcache] = 4;
  cycles[CAUSE_COUNT + Cause.trap] = 5;
  const instructions = Float64Array.of(3, 0);
  return { now: 12, instructions, cycles, events: Float64Array.of(7, 8), eventNames: ["a.x", "b.y"] };
}

test("every cause has a name, and every name a column, in the same order", () => {
  expect(Object.values(Cause)).toEqual(CAUSES.map((_, i) => i));
  const plain = (name: string): string => name.toLowerCase().replace("-", "");
  expect(Object.keys(Cause).map(plain)).toEqual(CAUSES.map(plain));
});

describe("views", () => {
  test("by cause add up categories, by category causes, and both sum to the clock", () => {
    expect(byCause(sample())).toMatchObject({ base: 3, dcache: 4, trap: 5, idle: 0 });
    expect(byCategory(sample())).toEqual([7, 5]);
    expect(causesOf(sample(), 1)).toMatchObject({ base: 0, trap: 5 });
    expect(retiredInstructions(sample())).toBe(3);
  });

  test("by category and cause use the image's names, adding up categories of one name", () => {
    const named = byCategoryAndCause(sample(), ["copy", "trap"]);
    expect([...named.keys()]).toEqual(["copy", "trap"]);
    expect(named.get("copy")).toMatchObject({ base: 3, dcache: 4, trap: 0 });
    expect(byCategoryAndCause(sample(), ["copy", "copy"]).get("copy")).toMatchObject({ base: 3, dcache: 4, trap: 5 });
  });

  test("of events go by name", () => {
    expect(events(sample())).toEqual({ "a.x": 7, "b.y": 8 });
  });
});

test("the difference of two snapshots is what happened between them", () => {
  const later = sample();
  const earlier: Counters = { ...sample(), now: 10, events: Float64Array.of(5, 8) };
  earlier.cycles[Cause.dcache]! -= 2;
  const d = difference(later, earlier);
  expect([d.now, byCategory(d), events(d)]).toEqual([2, [2, 0], { "a.x": 2, "b.y": 0 }]);
});

test("snapshots survive structured cloning", () => {
  expect(structuredClone(sample())).toEqual(sample());
});

test("a matrix that does not sum to the clock, or holds parts of cycles, is a bug", () => {
  expect(() => checkSums(sample())).not.toThrow();
  expect(() => checkSums({ ...sample(), now: 13 })).toThrow("sum to 12");
  const half = sample();
  half.cycles[0] = 2.5;
  half.cycles[1] = 0.5;
  expect(() => checkSums(half)).toThrow("2.5 cycles");
});

test("events of several parts are gathered in the order of their names", () => {
  const blocks = [
    { part: "l1d", names: ["lookups", "misses"], values: Float64Array.of(1, 2) },
    { part: "dram", names: ["reads"], values: Float64Array.of(3) },
  ];
  expect(eventNames(blocks)).toEqual(["l1d.lookups", "l1d.misses", "dram.reads"]);
  expect(Array.from(gatherEvents(blocks))).toEqual([1, 2, 3]);
});
