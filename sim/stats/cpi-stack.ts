// Views of a snapshot: cycles by cause, by category, by both; events by name.
import { CAUSES, CAUSE_COUNT, type CauseName } from "./causes.ts";
import type { Counters } from "./counters.ts";

export type CpiStack = Readonly<Record<CauseName, number>>;

/** Cycles by cause over all categories; their sum is `now`. */
export function byCause(c: Counters): CpiStack {
  return stack((cause) => total(c, (category) => c.cycles[category * CAUSE_COUNT + cause]!));
}

/** Cycles by cause of one category. */
export function causesOf(c: Counters, category: number): CpiStack {
  return stack((cause) => c.cycles[category * CAUSE_COUNT + cause]!);
}

/** Cycles by category number over all causes; their sum is `now`. */
export function byCategory(c: Counters): number[] {
  return Array.from(c.instructions, (_, category) =>
    c.cycles.subarray(category * CAUSE_COUNT, (category + 1) * CAUSE_COUNT).reduce((a, b) => a + b, 0),
  );
}

/** Cycles by cause under each category's name. Names that repeat are added up. */
export function byCategoryAndCause(c: Counters, names: readonly string[]): Map<string, CpiStack> {
  const stacks = new Map<string, CpiStack>();
  names.forEach((name, category) => {
    const own = causesOf(c, category);
    const before = stacks.get(name);
    stacks.set(name, before === undefined ? own : stack((cause) => before[CAUSES[cause]!] + own[CAUSES[cause]!]));
  });
  return stacks;
}

export const retiredInstructions = (c: Counters): number => total(c, (category) => c.instructions[category]!);

/** Events by name, as `l1d.misses`. */
export function events(c: Counters): Record<string, number> {
  return Object.fromEntries(c.eventNames.map((name, i) => [name, c.events[i]!]));
}

function stack(cyclesOf: (cause: number) => number): CpiStack {
  return Object.fromEntries(CAUSES.map((name, cause) => [name, cyclesOf(cause)])) as CpiStack;
}

function total(c: Counters, of: (category: number) => number): number {
  let sum = 0;
  for (let category = 0; category < c.instructions.length; category += 1) sum += of(category);
  return sum;
}
