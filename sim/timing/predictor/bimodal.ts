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

const UNSEEN = -1;

export class Bimodal implements DirectionPredictor {
  readonly #counters: Int32Array;
  readonly #mask: number;
  readonly #perByte: number;
  readonly #highest: number;
  readonly #coldStatic: boolean;

  constructor(table: CounterTable, storage: Storage) {
    this.#counters = storage.int32(table.entries, UNSEEN);
    this.#mask = table.entries - 1;
    this.#perByte = 1 / table.granuleBytes;
    this.#highest = 2 ** table.counterBits - 1;
    this.#coldStatic = table.cold === "backward-taken";
  }

  get fastPath(): CountersFastPath {
    const granuleBytes = 1 / this.#perByte;
    const coldStatic = this.#coldStatic;
    return { counters: this.#counters, mask: this.#mask, granuleBytes, highest: this.#highest, coldStatic };
  }

  resolve(pc: number, backward: boolean, taken: boolean): boolean {
    return this.resolveAt((pc * this.#perByte) | 0, backward, taken);
  }

  /** The same with an index formed elsewhere; its low bits count. A counter that has never counted starts at 0. */
  resolveAt(index: number, backward: boolean, taken: boolean): boolean {
    const i = index & this.#mask;
    const counter = this.#counters[i]!;
    const value = counter === UNSEEN ? 0 : counter;
    this.#counters[i] = taken ? Math.min(value + 1, this.#highest) : Math.max(value - 1, 0);
    return counter === UNSEEN ? this.#coldStatic && backward : 2 * counter > this.#highest;
  }

  clear(): void {
    this.#counters.fill(UNSEEN);
  }
}
