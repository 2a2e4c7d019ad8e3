// What the counters of branches do, as a table in linear memory: generated code looks up there what a branch's prediction comes to.
import { nextCounter, predictsTaken, UNSEEN, type CountersFastPath } from "../../timing/predictor/bimodal.ts";
import { branchOutcome } from "../../timing/predictor/predictor.ts";
import type { Storage } from "../../timing/part.ts";
import { WORD_BYTES } from "./terms.ts";

/** The highest counter, the words of one being two: for a branch that is not taken, and for one that is. */
const MOST_COUNTERS = 2 ** 8 + 1;
const DIRECTIONS = 2;
/** A word has the next value of the counter in its low bits, and from here on the `Outcome`; one that is taken as predicted is `predecoded`. */
export const NEXT_BITS = 8;
/** What `BranchTable` takes of its storage. */
export const BRANCHES_BYTES = DIRECTIONS * MOST_COUNTERS * 2 * WORD_BYTES;

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
          this.#table[at] = (outcome << (outcomeShift + NEXT_BITS)) | next;
        }
  }

  /** Linear address of the words of counter 0, of branches backward or forward; those of others lie in order around it. */
  at(backward: boolean): number {
    return this.#table.byteOffset + WORD_BYTES * placeOf(backward);
  }
}

const placeOf = (backward: boolean): number => 2 * ((backward ? MOST_COUNTERS : 0) - UNSEEN);
