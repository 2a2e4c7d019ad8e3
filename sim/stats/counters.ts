// Snapshots of everything counted, cheap to take, as plain data that survives a worker's message.
import { CAUSE_COUNT } from "./causes.ts";

/** What has been counted since the start, or between two snapshots. */
export interface Counters {
  /** The cycle clock. */
  readonly now: number;
  /** Retired instructions by category number; a trapping instruction does not retire. */
  readonly instructions: Float64Array;
  /** Cycles, row by row: `cycles[category * CAUSES.length + cause]`. */
  readonly cycles: Float64Array;
  /** Events of the parts, in the order of `eventNames`. */
  readonly events: Float64Array;
  /** `part.event`, as `l1d.misses`. */
  readonly eventNames: readonly string[];
}

/** What happened between two snapshots of one run. */
export function difference(later: Counters, earlier: Counters): Counters {
  return {
    now: later.now - earlier.now,
    instructions: minus(later.instructions, earlier.instructions),
    cycles: minus(later.cycles, earlier.cycles),
    events: minus(later.events, earlier.events),
    eventNames: later.eventNames,
  };
}

/** Two differences of one run, added up. */
export function together(a: Counters, b: Counters): Counters {
  return {
    now: a.now + b.now,
    instructions: plus(a.instructions, b.instructions),
    cycles: plus(a.cycles, b.cycles),
    events: plus(a.events, b.events),
    eventNames: a.eventNames,
  };
}

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]!);
const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value - b[i]!);

/** Throws (our bug) unless the cycle matrix sums to the clock and holds whole cycles only. */
export function checkSums(c: Counters): void {
  let sum = 0;
  c.cycles.forEach((cycles, i) => {
    if (!Number.isSafeInteger(cycles) || cycles < 0) {
      throw new Error(`category ${Math.floor(i / CAUSE_COUNT)}, cause ${i % CAUSE_COUNT}: ${cycles} cycles`);
    }
    sum += cycles;
  });
  if (sum !== c.now) throw new Error(`causes and categories sum to ${sum} cycles, the clock says ${c.now}`);
}

/** The events of one part: a name and a column each. The part counts by adding to `values`. */
export interface EventBlock {
  readonly part: string;
  readonly names: readonly string[];
  readonly values: Float64Array;
}

/** All blocks' names, prefixed by their part. */
export const eventNames = (blocks: readonly EventBlock[]): string[] =>
  blocks.flatMap((b) => b.names.map((name) => `${b.part}.${name}`));

/** All blocks' values, one after another. */
export function gatherEvents(blocks: readonly EventBlock[]): Float64Array {
  const all = new Float64Array(blocks.reduce((n, b) => n + b.names.length, 0));
  let at = 0;
  for (const b of blocks) {
    all.set(b.values, at);
    at += b.names.length;
  }
  return all;
}
