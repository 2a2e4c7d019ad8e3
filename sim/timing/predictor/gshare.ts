// Saturating counters indexed by the branch's address, its upper index bits XORed with the outcomes of the last branches
// (McFarling, "Combining Branch Predictors", WRL TN-36, 1993).
import type { Storage } from "../part.ts";
import { Bimodal, type CountersFastPath, type CounterTable } from "./bimodal.ts";
import type { DirectionPredictor } from "./direction.ts";

/** `history[0]` takes in each outcome from below; the counter's index is XORed with `history[0] << shift`, of before. */
export interface HistoryFastPath {
  readonly history: Int32Array;
  readonly historyMask: number;
  readonly shift: number;
}

export class Gshare implements DirectionPredictor {
  readonly #table: Bimodal;
  /** [0]: outcomes, the latest in bit 0. */
  readonly #history: Int32Array;
  readonly #historyMask: number;
  readonly #shift: number;
  readonly #perByte: number;

  constructor(table: CounterTable, historyBits: number, storage: Storage) {
    this.#table = new Bimodal(table, storage);
    this.#history = storage.int32(1);
    this.#historyMask = 2 ** historyBits - 1;
    this.#shift = Math.max(0, Math.log2(table.entries) - historyBits);
    this.#perByte = 1 / table.granuleBytes;
  }

  get fastPath(): CountersFastPath & HistoryFastPath {
    const { fastPath } = this.#table;
    return { ...fastPath, history: this.#history, historyMask: this.#historyMask, shift: this.#shift };
  }

  resolve(pc: number, backward: boolean, taken: boolean): boolean {
    const history = this.#history[0]!;
    this.#history[0] = ((history << 1) | (taken ? 1 : 0)) & this.#historyMask;
    return this.#table.resolveAt(((pc * this.#perByte) | 0) ^ (history << this.#shift), backward, taken);
  }

  clear(): void {
    this.#table.clear();
    this.#history[0] = 0;
  }
}
