// How much may be computed: so many at the start, and more as simulated time passes.
import type { Storage } from "./part.ts";

/** What is not used up so far is not kept beyond this. */
const MOST_ALLOWED = 1 << 13;

export class Allowance {
  /** [0]: how many; less than none: more were spent than allowed. */
  readonly left: Float64Array;
  readonly #cyclesEach: number;
  #earnedUntil = 0;

  constructor(atFirst: number, cyclesEach: number, storage: Storage) {
    this.left = storage.float64(1, atFirst);
    this.#cyclesEach = cyclesEach;
  }

  /** How many are allowed at a cycle. */
  at(now: number): number {
    this.left[0] = Math.min(this.left[0]! + (now - this.#earnedUntil) / this.#cyclesEach, MOST_ALLOWED);
    this.#earnedUntil = now;
    return this.left[0];
  }

  spend(): void {
    this.left[0]! -= 1;
  }
}
