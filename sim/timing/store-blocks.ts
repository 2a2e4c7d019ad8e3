// The store buffer's addresses: which of the last stores wrote a block of the page offset that a load wants.
import type { Storage } from "./part.ts";
import { NO_OVERLAP, type StoreBufferConfig } from "./storebuffer.ts";

const PAGE_BYTES = 4096;

/**
 * Of an access within one block, `block` being its physical address >> blockShift & blockMask: a load's overlap age is
 * `youngest[0] - lastStore[block]`, or any number as large; a store adds 1 to `youngest[0]` and notes it in `lastStore[block]`.
 * Where the buffer forwards, neither is needed.
 */
export interface StoreBlocksFastPath {
  readonly lastStore: Float64Array;
  readonly youngest: Float64Array;
  readonly blockShift: number;
  readonly blockMask: number;
  readonly forwards: boolean;
  /** Ages from here on overlap nothing. */
  readonly entries: number;
}

/** Only offsets in the page are compared, which needs no translation, and only in blocks as wide as the data port. */
export class StoreBlocks {
  /** By block: the number of the last store that wrote it. */
  readonly #lastStore: Float64Array;
  /** [0]: the number of the youngest store. */
  readonly #youngest: Float64Array;
  readonly #entries: number;
  readonly #forwards: boolean;
  readonly #blockShift: number;
  readonly #blockMask: number;

  /** @param blockBytes - the width of the data port. */
  constructor(config: StoreBufferConfig, blockBytes: number, storage: Storage) {
    this.#lastStore = storage.float64(PAGE_BYTES / blockBytes, -Infinity);
    this.#youngest = storage.float64(1);
    this.#entries = config.entries;
    this.#forwards = config.onOverlap === "forward";
    this.#blockShift = Math.log2(blockBytes);
    this.#blockMask = PAGE_BYTES / blockBytes - 1;
  }

  /** Every access of a block has its age from two words, and a store writes two. */
  get fastPath(): StoreBlocksFastPath {
    return {
      lastStore: this.#lastStore,
      youngest: this.#youngest,
      blockShift: this.#blockShift,
      blockMask: this.#blockMask,
      forwards: this.#forwards,
      entries: this.#entries,
    };
  }

  /** Notes a store. */
  push(phys: number, bytes: number): void {
    const number = (this.#youngest[0]! += 1);
    const last = this.#block(phys + bytes - 1);
    for (let block = this.#block(phys); ; block = (block + 1) & this.#blockMask) {
      this.#lastStore[block] = number;
      if (block === last) return;
    }
  }

  /**
   * The youngest store that a load overlaps, as how many stores came after it; NO_OVERLAP where none of those that may still
   * wait is overlapped, or where the buffer forwards.
   */
  overlapAge(phys: number, bytes: number): number {
    if (this.#forwards) return NO_OVERLAP;
    let youngest = -Infinity;
    const last = this.#block(phys + bytes - 1);
    for (let block = this.#block(phys); ; block = (block + 1) & this.#blockMask) {
      youngest = Math.max(youngest, this.#lastStore[block]!);
      if (block === last) break;
    }
    const age = this.#youngest[0]! - youngest;
    return age < this.#entries ? age : NO_OVERLAP;
  }

  #block(phys: number): number {
    return (phys & (PAGE_BYTES - 1)) >> this.#blockShift;
  }
}
