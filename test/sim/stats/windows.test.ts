// Windows between marks on the meter: each has its cycles, all together have one sum, the first may be left out.
import { expect, test } from "vitest";
import type { Counters } from "../../../sim/stats/counters.ts";
import { Windows } from "../../../sim/stats/windows.ts";

/** What has been counted at cycle `now`: one instruction a cycle, an event every second. */
const counted = (now: number): Counters => ({
  now,
  instructions: Float64Array.of(now, 0),
  cycles: Float64Array.of(now, 0),
  events: Float64Array.of(now >> 1),
  eventNames: ["part.event"],
});

/** Marks at these cycles, with values from `first` on. */
function marked(skipped: number, cycles: readonly number[], first = 0): Windows {
  const windows = new Windows(skipped);
  cycles.forEach((now, i) => windows.mark(first + i, () => counted(now)));
  return windows;
}

test("each window takes from its begin to its end, and what lies between windows belongs to none", () => {
  const { ended, cycles, counters } = marked(0, [10, 16, 20, 50]).counts();
  expect([ended, cycles]).toEqual([2, [6, 30]]);
  expect(counters).toEqual({ ...counted(36), events: Float64Array.of(18) });
});

test("skipped windows end, and count for nothing", () => {
  const { ended, cycles, counters } = marked(1, [10, 16, 20, 50]).counts();
  expect([ended, cycles, counters?.now]).toEqual([2, [30], 30]);
});

test("a window that has not ended, or none at all, leaves no counts", () => {
  expect(marked(0, []).counts()).toEqual({ ended: 0, cycles: [], counters: undefined });
  expect(marked(1, [1, 2, 3], 7).counts()).toEqual({ ended: 1, cycles: [], counters: undefined });
});

test("a mark that is not the next one is our bug", () => {
  const windows = marked(0, [1, 2], 7);
  expect(() => windows.mark(8, () => counted(3))).toThrow(/marked 8 after 8/);
  expect(() => windows.mark(9, () => counted(3))).not.toThrow();
});
