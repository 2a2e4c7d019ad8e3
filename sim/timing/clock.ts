// The cycle clock and the matrix of cycles by category and cause, which advance together and in no other way.
import { CAUSE_COUNT, Cause } from "../stats/causes.ts";
import type { Storage } from "./part.ts";

export class Clock {
  /** [0]: the cycle in which the next instruction can issue at the earliest. */
  readonly #now: Float64Array;
  /** Cycles of category c and cause k at `c * CAUSE_COUNT + k`. */
  readonly cycles: Float64Array;
  readonly instructions: Float64Array;

  constructor(categories: number, storage: Storage) {
    this.#now = storage.float64(1);
    this.cycles = storage.float64(categories * CAUSE_COUNT);
    this.instructions = storage.float64(categories);
  }

  get now(): number {
    return this.#now[0]!;
  }

  /** An instruction issues, taking its one cycle. */
  issue(category: number): void {
    this.#now[0]! += 1;
    this.cycles[category * CAUSE_COUNT + Cause.base]! += 1;
    this.instructions[category]! += 1;
  }

  /** Time passes for one cause. */
  pass(category: number, cause: number, cycles: number): void {
    this.#now[0]! += cycles;
    this.cycles[category * CAUSE_COUNT + cause]! += cycles;
  }
}
