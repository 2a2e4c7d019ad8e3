// The store buffer: retired stores wait here to be written into the data cache, in order, one a cycle.
import { count, cycles, oneOf, type ConfigOf } from "../config/params.ts";
import { eventBlock, type Storage } from "./part.ts";

export const storeBufferParams = {
  entries: count(8, "Stores that may wait", { min: 1, max: 64 }),
  drainCycles: cycles(2, "From the issue of a store that hits to its data in the cache, at least 1", {
    min: 1,
    max: 1000,
  }),
  onOverlap: oneOf(
    ["forward", "wait"],
    "forward",
    "A load of a block (as wide as the data port) that a waiting store writes gets it at once, or waits until it is written",
  ),
};

export type StoreBufferConfig = ConfigOf<typeof storeBufferParams>;

const PAGE_BYTES = 4096;
const STORES = 0;
const OVERLAPS = 1;

export class StoreBuffer {
  readonly events;
  readonly #count: Float64Array;
  /** A ring: when each of the last stores is, or will be, written; and the block of its page that it writes. */
  readonly #doneAt: Float64Array;
  readonly #firstBlock: Int32Array;
  readonly #lastBlock: Int32Array;
  /** [0]: the ring's next place. */
  readonly #next: Int32Array;
  /** [0]: when the youngest store is written. */
  readonly #last: Float64Array;
  readonly #drainCycles: number;
  readonly #waits: boolean;
  readonly #perByte: number;

  /** @param blockBytes - the width of the data port; overlap is judged by blocks of it, within the page. */
  constructor(config: StoreBufferConfig, blockBytes: number, storage: Storage) {
    this.events = eventBlock("storeBuffer", ["stores", "overlaps"], storage);
    this.#count = this.events.values;
    this.#doneAt = storage.float64(config.entries);
    this.#firstBlock = storage.int32(config.entries);
    this.#lastBlock = storage.int32(config.entries);
    this.#next = storage.int32(1);
    this.#last = storage.float64(1);
    this.#drainCycles = config.drainCycles;
    this.#waits = config.onOverlap === "wait";
    this.#perByte = 1 / blockBytes;
  }

  /** When there is room for one more store. */
  get freeAt(): number {
    return this.#doneAt[this.#next[0]!]!;
  }

  /** When all stores are written. */
  get emptyAt(): number {
    return this.#last[0]!;
  }

  /**
   * Takes a store.
   *
   * @param late - cycles beyond a hit until the cache has its line.
   */
  push(phys: number, bytes: number, at: number, late: number): void {
    this.#count[STORES]! += 1;
    const i = this.#next[0]!;
    const done = Math.max(at + this.#drainCycles + late, this.#last[0]! + 1);
    this.#doneAt[i] = done;
    this.#firstBlock[i] = this.#block(phys);
    this.#lastBlock[i] = this.#block(phys + bytes - 1);
    this.#last[0] = done;
    this.#next[0] = i + 1 === this.#doneAt.length ? 0 : i + 1;
  }

  /** From when on a load may go to the cache: at once, or when the stores that it overlaps are written. */
  loadableAt(phys: number, bytes: number, at: number): number {
    if (!this.#waits || this.#last[0]! <= at) return at;
    const first = this.#block(phys);
    const last = this.#block(phys + bytes - 1);
    let from = at;
    for (let i = 0; i < this.#doneAt.length; i += 1) {
      if (this.#doneAt[i]! > from && this.#firstBlock[i]! <= last && this.#lastBlock[i]! >= first)
        from = this.#doneAt[i]!;
    }
    if (from > at) this.#count[OVERLAPS]! += 1;
    return from;
  }

  /** Only the offset in the page is compared, which needs no translation. */
  #block(phys: number): number {
    return ((phys & (PAGE_BYTES - 1)) * this.#perByte) | 0;
  }
}
