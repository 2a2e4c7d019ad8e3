// A table of saturating counters indexed by the branch's address.
import type { Storage } from "../part.ts";
import type { DirectionPredictor } from "./direction.ts";

export interface CounterTable {
  readonly entries: number;
  readonly counterBits: number;
  /** Bytes of code that share an entry: 2 or 4. */
  readonly granuleBytes: number;
  /** What a branch gets whose counter has never counted. */
  readonly cold: "not-taken" | "backward-taken";
}

/**
 * A branch's counter is `counters[(pc by granuleBytes) & mask]`; with a history, the index is XORed with it first. Above half of
 * `highest` it predicts the branch taken; then it counts the branch, from 0 to `highest`.
 */
export interface CountersFastPath {
  readonly counters: Int32Array;
  readonly mask: number;
  readonly granuleBytes: number;
  readonly highest: number;
  /** A backward branch whose counter has never counted (-1) is predicted taken. */
  readonly coldStatic: boolean;
}

/** A counter that has never counted; it starts at 0. */
export const UNSEEN = -1;

type Rule = Pick<CountersFastPath, "highest" | "coldStatic">;

/** What a counter is after a branch. */
export const nextCounter = ({ highest }: Rule, counter: number, taken: boolean): number =>
  taken ? Math.min(Math.max(counter, 0) + 1, highest) : Math.max(counter - 1, 0);

/** What a branch with this counter is predicted. */
export const predictsTaken = ({ highest, coldStatic }: Rule, counter: number, backward: boolean): boolean =>
  counter === UNSEEN ? coldStatic && backward : 2 * counter > highest;

export class Bimodal implements DirectionPredictor {
  readonly #counters: Int32Array;
  readonly #mask: number;
  readonly #perByte: number;
  readonly #rule: Rule;

  constructor(table: CounterTable, storage: Storage) {
    this.#counters = storage.int32(table.entries, UNSEEN);
    this.#mask = table.entries - 1;
    this.#perByte = 1 / table.granuleBytes;
    this.#rule = { highest: 2 ** table.counterBits - 1, coldStatic: table.cold === "backward-taken" };
  }

  get fastPath(): CountersFastPath {
    return { counters: this.#counters, mask: this.#mask, granuleBytes: 1 / this.#perByte, ...this.#rule };
  }

  resolve(pc: number, backward: boolean, taken: boolean): boolean {
    return this.resolveAt((pc * this.#perByte) | 0, backward, taken);
  }

  /** The same with an index formed elsewhere; its low bits count. */
  resolveAt(index: number, backward: boolean, taken: boolean): boolean {
    const i = index & this.#mask;
    const counter = this.#counters[i]!;
    this.#counters[i] = nextCounter(this.#rule, counter, taken);
    return predictsTaken(this.#rule, counter, backward);
  }

  clear(): void {
    this.#counters.fill(UNSEEN);
  }
}
