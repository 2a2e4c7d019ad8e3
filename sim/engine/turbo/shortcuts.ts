// Shortcuts through the memo for late accesses, in linear memory: what several look-ups of transitions have led to, found by one.
//
// They are direct mapped. shortcut-code.ts looks them up, and writes them where it had to go the long way.
import type { Storage } from "../../timing/part.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { NOBODY } from "../../timing/transitions.ts";

/**
 * An approach: what a piece does from a near state up to an access, and what that does if it is on time. i32 state and i32 place (point and
 * row) by which it is found; i32 where the piece's takings are counted; i32 the access's transition; f64 the piece's cycles, and stores
 * waiting in it; f64 when the access asks the cache, in cycles after the piece; i32 stores waiting then; i32 the state behind the piece;
 * i32 the access's `Lateness` of these names; i32 when it finds out whether the cache is blocked.
 */
export const APPROACH = {
  ...{ state: 0, place: 4, taken: 8, transition: 12, cycles: 16, waitingBefore: 24, accessAt: 32, waiting: 40 },
  ...{ next: 44, translateCycles: 48, blockedCycles: 52, overlapAge: 56, blockedAt: 60 },
} as const;
export const APPROACH_SHIFT = 6;
export const APPROACH_BITS = 11;

/**
 * An arrival: what an instruction does whose access is answered so late. f64 `Lateness.accessCycles` and `Lateness.tagCycles`, and i32 its
 * transition with all that was found before, by which it is found; i32 where its takings are counted; i32 cycles; i32 next state.
 */
export const ARRIVAL = { accessCycles: 0, tagCycles: 8, transition: 16, taken: 20, cycles: 24, next: 28 } as const;
export const ARRIVAL_SHIFT = 5;
export const ARRIVAL_BITS = 12;

const APPROACH_BYTES = 1 << APPROACH_SHIFT;
const APPROACHES_BYTES = APPROACH_BYTES << APPROACH_BITS;
const ARRIVALS_BYTES = 1 << (ARRIVAL_SHIFT + ARRIVAL_BITS);
/** What `Shortcuts` takes of its storage. */
export const SHORTCUTS_BYTES = APPROACHES_BYTES + APPROACH_BYTES + ARRIVALS_BYTES + 8;

export class Shortcuts {
  /** Linear addresses: of the first of each; of an approach that is good for one access, as it has outcomes of its own. */
  readonly approachesAt: number;
  readonly ownAt: number;
  readonly arrivalsAt: number;
  /** Linear address of a number that counts what nobody asks for. */
  readonly uncountedAt: number;
  readonly #approaches: Int32Array;
  readonly #arrivals: Int32Array;

  constructor(storage: Storage) {
    this.#approaches = storage.int32((APPROACHES_BYTES + APPROACH_BYTES) / 4);
    this.#arrivals = storage.int32(ARRIVALS_BYTES / 4);
    this.approachesAt = this.#approaches.byteOffset;
    this.ownAt = this.approachesAt + APPROACHES_BYTES;
    this.arrivalsAt = this.#arrivals.byteOffset;
    this.uncountedAt = storage.float64(1).byteOffset;
    this.forget();
  }

  /** States, transitions or points have other numbers. */
  forget(): void {
    const each = (words: Int32Array, shift: number, word: number, value: number): void => {
      for (let at = word / 4; at < words.length; at += (1 << shift) / 4) words[at] = value;
    };
    each(this.#approaches, APPROACH_SHIFT, APPROACH.state, NOBODY);
    each(this.#approaches, APPROACH_SHIFT, APPROACH.overlapAge, NO_OVERLAP);
    each(this.#arrivals, ARRIVAL_SHIFT, ARRIVAL.transition, NOBODY);
  }
}
