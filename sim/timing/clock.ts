// The cycle clock and the matrix of cycles by category and cause, which advance together and in no other way.
import { CAUSE_COUNT, Cause } from "../stats/causes.ts";
import type { Storage } from "./part.ts";

export class Clock {
  /** [0]: the cycle in which the next instruction can issue at the earliest. */
  readonly #now: Float64Array;
  /** Cycles of category c and cause k at `c * CAUSE_COUNT + k`. */
  readonly cycles: Float64Array;
  readonly instructions: Float64Array;
  #category = 0;
  #row = 0;

  constructor(categories: number, storage: Storage) {
    this.#now = storage.float64(1);
    this.cycles = storage.float64(categories * CAUSE_COUNT);
    this.instructions = storage.float64(categories);
  }

  get now(): number {
    return this.#now[0]!;
  }

  /** Only while nothing is counted: the matrix does not follow. */
  set now(cycle: number) {
    this.#now[0] = cycle;
  }

  /** Whose time passes from now on. */
  set category(category: number) {
    this.#category = category;
    this.#row = category * CAUSE_COUNT;
  }

  /** Back to the beginning. */
  reset(): void {
    this.#now[0] = 0;
    this.cycles.fill(0);
    this.instructions.fill(0);
  }

  /** An instruction issues, taking its cycle. */
  issue(): void {
    this.#now[0]! += 1;
    this.cycles[this.#row + Cause.base]! += 1;
    this.instructions[this.#category]! += 1;
  }

  /** The next instruction issues in the cycle of the last, which has been paid for. */
  share(): void {
    this.#now[0]! -= 1;
    this.cycles[this.#row + Cause.base]! -= 1;
  }

  /** Time passes for one cause. */
  pass(cause: number, cycles: number): void {
    this.#now[0]! += cycles;
    this.cycles[this.#row + cause]! += cycles;
  }
}
