// The store buffer's times: retired stores wait here to be written into the data cache, in order, one a cycle.
import { count, cycles, oneOf, type ConfigOf } from "../config/params.ts";
import { eventBlock, type Storage } from "./part.ts";
import type { StateReader, StateWriter } from "./relative.ts";

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

const STORES = 0;
const OVERLAPS = 1;

/** No waiting store is overlapped. */
export const NO_OVERLAP = -1;

/** When stores are written. Which bytes they write, `StoreBlocks` knows. */
export class StoreBuffer {
  readonly events;
  readonly #count: Float64Array;
  /** A ring: when each of the last stores is, or will be, written. */
  readonly #doneAt: Float64Array;
  /** [0]: the ring's next place. */
  readonly #next: Int32Array;
  /** [0]: when the youngest store is written. */
  readonly #last: Float64Array;
  readonly #entries: number;
  readonly #drainCycles: number;

  constructor(config: StoreBufferConfig, storage: Storage) {
    this.events = eventBlock("storeBuffer", ["stores", "overlaps"], storage);
    this.#count = this.events.values;
    this.#entries = config.entries;
    this.#doneAt = storage.float64(config.entries);
    this.#next = storage.int32(1);
    this.#last = storage.float64(1);
    this.#drainCycles = config.drainCycles;
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
  push(at: number, late: number): void {
    this.#count[STORES]! += 1;
    const i = this.#next[0]!;
    const done = Math.max(at + this.#drainCycles + late, this.#last[0]! + 1);
    this.#doneAt[i] = done;
    this.#last[0] = done;
    this.#next[0] = i + 1 === this.#entries ? 0 : i + 1;
  }

  /** From when on a load may go to the cache that overlaps the store `age` before the youngest (or NO_OVERLAP). */
  loadableAt(age: number, at: number): number {
    if (age === NO_OVERLAP || age >= this.#entries) return at;
    const i = this.#next[0]! - 1 - age;
    const doneAt = this.#doneAt[i < 0 ? i + this.#entries : i]!;
    if (doneAt <= at) return at;
    this.#count[OVERLAPS]! += 1;
    return doneAt;
  }

  /** How many stores wait at cycle `at`: younger than these, none is overlapped that a load would wait for. */
  waitingAt(at: number): number {
    let waiting = 0;
    while (waiting < this.#entries && this.#ageDoneAt(waiting) > at) waiting += 1;
    return waiting;
  }

  save(to: StateWriter): void {
    let waiting = 0;
    while (waiting < this.#entries && !to.isPast(this.#ageDoneAt(waiting))) waiting += 1;
    to.put(waiting);
    for (let age = waiting - 1; age >= 0; age -= 1) to.time(this.#ageDoneAt(age));
  }

  restore(from: StateReader): void {
    const waiting = from.take();
    this.#doneAt.fill(-Infinity);
    this.#last[0] = -Infinity;
    for (let i = 0; i < waiting; i += 1) this.#last[0] = this.#doneAt[i] = from.time();
    this.#next[0] = waiting === this.#entries ? 0 : waiting;
  }

  #ageDoneAt(age: number): number {
    const i = this.#next[0]! - 1 - age;
    return this.#doneAt[i < 0 ? i + this.#entries : i]!;
  }
}
