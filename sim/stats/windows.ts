// Windows of a run: the guest marks the begin and the end of each on the meter, by turns.
import { difference, together, type Counters } from "./counters.ts";

/** What happened in the windows that have ended. */
export interface WindowCounts {
  /** How many have ended, the skipped ones too. */
  readonly ended: number;
  /** Cycles of each that was not skipped, in order. */
  readonly cycles: readonly number[];
  /** What was counted in all these together; undefined where there is none. */
  readonly counters: Counters | undefined;
}

/** Keeps a number a window and one sum, however many there are. */
export class Windows {
  readonly #skipped: number;
  readonly #cycles: number[] = [];
  #counters: Counters | undefined;
  #begin: Counters | undefined;
  #last: number | undefined;
  #marks = 0;

  constructor(skipped: number) {
    this.#skipped = skipped;
  }

  /** Windows that have ended, skipped ones too. */
  get ended(): number {
    return this.#marks >> 1;
  }

  /** A mark: its value counts up from that of the first, so that none is lost; `snapshot` is what was counted before it. */
  mark(value: number, snapshot: () => Counters): void {
    if (this.#last !== undefined && value !== this.#last + 1) {
      throw new Error(`the meter was marked ${value} after ${this.#last}`);
    }
    this.#last = value;
    this.#marks += 1;
    if (this.#marks <= 2 * this.#skipped) return;
    const now = snapshot();
    if (this.#begin === undefined) this.#begin = now;
    else {
      const window = difference(now, this.#begin);
      this.#begin = undefined;
      this.#cycles.push(window.now);
      this.#counters = this.#counters === undefined ? window : together(this.#counters, window);
    }
  }

  counts(): WindowCounts {
    return { ended: this.ended, cycles: this.#cycles, counters: this.#counters };
  }
}
