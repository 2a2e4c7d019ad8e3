// The cycle clock and the matrix of cycles by category and cause, which advance together and in no other way.
import { CAUSE_COUNT, Cause } from "../stats/causes.ts";
import type { Storage } from "./part.ts";

/** What code works on that counts cycles: as in the class. */
export interface ClockLayout {
  readonly now: Float64Array;
  readonly cycles: Float64Array;
  readonly shared: Float64Array;
  readonly whose: Int32Array;
}

export class Clock {
  /** [0]: the cycle in which the next instruction can issue at the earliest. */
  readonly #now: Float64Array;
  /** Cycles of category c and cause k at `c * CAUSE_COUNT + k`. */
  readonly cycles: Float64Array;
  /** By category: instructions that have issued in the cycle of the one before them. */
  readonly shared: Float64Array;
  /** [0]: the category whose time passes; [1]: where its row of the matrix begins. */
  readonly #whose: Int32Array;

  constructor(categories: number, storage: Storage) {
    this.#now = storage.float64(1);
    this.cycles = storage.float64(categories * CAUSE_COUNT);
    this.shared = storage.float64(categories);
    this.#whose = storage.int32(2);
  }

  get layout(): ClockLayout {
    return { now: this.#now, cycles: this.cycles, shared: this.shared, whose: this.#whose };
  }

  /** By category: instructions that have issued, each of which has taken a cycle or shared one. */
  get instructions(): Float64Array {
    return this.shared.map((shared, category) => shared + this.cycles[category * CAUSE_COUNT + Cause.base]!);
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
    this.#whose[0] = category;
    this.#whose[1] = category * CAUSE_COUNT;
  }

  /** Back to the beginning. */
  reset(): void {
    this.#now[0] = 0;
    this.cycles.fill(0);
    this.shared.fill(0);
  }

  /** An instruction issues, taking its cycle. */
  issue(): void {
    this.#now[0]! += 1;
    this.cycles[this.#whose[1]! + Cause.base]! += 1;
  }

  /** The next instruction issues in the cycle of the last, which has been paid for. */
  share(): void {
    this.#now[0]! -= 1;
    this.cycles[this.#whose[1]! + Cause.base]! -= 1;
    this.shared[this.#whose[0]!]! += 1;
  }

  /** Time passes for one cause. */
  pass(cause: number, cycles: number): void {
    this.#now[0]! += cycles;
    this.cycles[this.#whose[1]! + cause]! += cycles;
  }
}
