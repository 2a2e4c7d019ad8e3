// What the counters of branches do, as a table in linear memory: generated code looks up there what a branch's prediction comes to.
import { nextCounter, predictsTaken, UNSEEN, type CountersFastPath } from "../../timing/predictor/bimodal.ts";
import { branchOutcome } from "../../timing/predictor/predictor.ts";
import type { Storage } from "../../timing/part.ts";
import { NUMBER_SHIFT, WORD_BYTES } from "./terms.ts";

/** The highest counter, the steps of one being two: for a branch that is not taken, and for one that is. */
const MOST_COUNTERS = 2 ** 8 + 1;
const DIRECTIONS = 2;
/** A step: i32 the `Outcome`, one that is taken as predicted being `predecoded`, i32 the next value of the counter. */
export const STEP = { outcome: 0, next: WORD_BYTES, shift: NUMBER_SHIFT } as const;
const STEP_WORDS = 2;
/** What `BranchTable` takes of its storage. */
export const BRANCHES_BYTES = (DIRECTIONS * MOST_COUNTERS * 2) << STEP.shift;

export class BranchTable {
  /** Outcomes are shifted left by so many bits more. */
  readonly outcomeShift: number;
  readonly #table: Int32Array;

  constructor(storage: Storage, counters: CountersFastPath | undefined, outcomeShift: number) {
    this.outcomeShift = outcomeShift;
    this.#table = storage.int32(BRANCHES_BYTES / WORD_BYTES);
    if (counters === undefined) return;
    for (const backward of [false, true])
      for (let counter = UNSEEN; counter <= counters.highest; counter += 1)
        for (const taken of [false, true]) {
          const outcome = branchOutcome(predictsTaken(counters, counter, backward), taken, false);
          const next = nextCounter(counters, counter, taken);
          const at = placeOf(backward) + 2 * counter + (taken ? 1 : 0);
          this.#table.set([outcome << outcomeShift, next], STEP_WORDS * at);
        }
  }

  /** Linear address of the steps of counter 0, of branches backward or forward; those of others lie in order around it. */
  at(backward: boolean): number {
    return this.#table.byteOffset + (placeOf(backward) << STEP.shift);
  }
}

const placeOf = (backward: boolean): number => 2 * ((backward ? MOST_COUNTERS : 0) - UNSEEN);
