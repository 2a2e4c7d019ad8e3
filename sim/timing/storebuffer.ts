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

/** Columns of the counts. */
export const STORES = 0;
export const OVERLAPS = 1;

/** No waiting store is overlapped. */
export const NO_OVERLAP = -1;

/** In place of how many stores wait: their times are kept elsewhere. */
export const ELSEWHERE = -1;

/** What code works on that pushes stores while their times are kept here: as in the class. */
export interface StoreBufferLayout {
  /** Of stores, and of overlaps. */
  readonly counts: Float64Array;
  readonly doneAt: Float64Array;
  readonly next: Int32Array;
  readonly last: Float64Array;
  readonly config: StoreBufferConfig;
}

/**
 * When stores are written. Which bytes they write, `StoreBlocks` knows.
 *
 * Their times may be kept elsewhere (far-stores.ts). Then there is room, or the stores that matter are written, at `clearAt`.
 */
export class StoreBuffer {
  /** While times are kept elsewhere: until when the next instruction that asks has to wait. */
  clearAt = -Infinity;
  /** While they are: how many cycles after its issue the last store may be written at the earliest. */
  doneAfter = 0;
  readonly events;
  readonly #count: Float64Array;
  /** A ring: when each of the last stores is, or will be, written. */
  readonly #doneAt: Float64Array;
  /** [0]: the ring's next place. */
  readonly #next: Int32Array;
  /** [0]: when the youngest store is written. */
  readonly #last: Float64Array;
  readonly #config: StoreBufferConfig;
  readonly #entries: number;
  readonly #drainCycles: number;
  #elsewhere = false;

  constructor(config: StoreBufferConfig, storage: Storage) {
    this.events = eventBlock("storeBuffer", ["stores", "overlaps"], storage);
    this.#count = this.events.values;
    this.#config = config;
    this.#entries = config.entries;
    this.#doneAt = storage.float64(config.entries);
    this.#next = storage.int32(1);
    this.#last = storage.float64(1);
    this.#drainCycles = config.drainCycles;
  }

  get layout(): StoreBufferLayout {
    return {
      ...{ counts: this.#count, doneAt: this.#doneAt, next: this.#next, last: this.#last },
      config: this.#config,
    };
  }

  /** Do loads wait for no store? */
  get forwards(): boolean {
    return this.#config.onOverlap === "forward";
  }

  /** Are the times kept elsewhere? */
  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** Leaves the times to others. */
  leave(): void {
    this.#elsewhere = true;
  }

  /** Takes over when the last stores are written, the oldest first. */
  takeOver(times: readonly number[]): void {
    this.#expect(times.length);
    times.forEach((time, i) => (this.#last[0] = this.#doneAt[i] = time));
  }

  /** When the stores are written that wait at cycle `at`, the oldest first. */
  timesAt(at: number): number[] {
    return Array.from({ length: this.waitingAt(at) }, (_, age) => this.#ageDoneAt(age)).reverse();
  }

  /** When there is room for one more store. */
  get freeAt(): number {
    if (this.#elsewhere) return this.clearAt;
    return this.#doneAt[this.#next[0]!]!;
  }

  /** When all stores are written. */
  get emptyAt(): number {
    if (this.#elsewhere) return this.clearAt;
    return this.#last[0]!;
  }

  /**
   * Takes a store.
   *
   * @param late - cycles beyond a hit until the cache has its line.
   */
  push(at: number, late: number): void {
    this.#count[STORES]! += 1;
    this.doneAfter = this.#drainCycles + late;
    if (this.#elsewhere) return;
    const i = this.#next[0]!;
    const done = Math.max(at + this.doneAfter, this.#last[0]! + 1);
    this.#doneAt[i] = done;
    this.#last[0] = done;
    this.#next[0] = i + 1 === this.#entries ? 0 : i + 1;
  }

  /** From when on a load may go to the cache that overlaps the store `age` before the youngest (or NO_OVERLAP). */
  loadableAt(age: number, at: number): number {
    if (!this.#elsewhere && (age === NO_OVERLAP || age >= this.#entries)) return at;
    const doneAt = this.#elsewhere ? this.clearAt : this.#ageDoneAt(age);
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

  /** Does any? */
  waitsAt(at: number): boolean {
    return this.#ageDoneAt(0) > at;
  }

  save(to: StateWriter): void {
    if (this.#elsewhere) return to.put(ELSEWHERE);
    let waiting = 0;
    while (waiting < this.#entries && !to.isPast(this.#ageDoneAt(waiting))) waiting += 1;
    to.put(waiting);
    for (let age = waiting - 1; age >= 0; age -= 1) to.time(this.#ageDoneAt(age));
  }

  restore(from: StateReader): void {
    const waiting = from.take();
    if (waiting === ELSEWHERE) return this.leave();
    this.#expect(waiting);
    for (let i = 0; i < waiting; i += 1) this.#last[0] = this.#doneAt[i] = from.time();
  }

  /** The times of so many stores are put into the ring from its first place on. */
  #expect(waiting: number): void {
    this.#elsewhere = false;
    this.#doneAt.fill(-Infinity);
    this.#last[0] = -Infinity;
    this.#next[0] = waiting % this.#entries;
  }

  #ageDoneAt(age: number): number {
    const i = this.#next[0]! - 1 - age;
    return this.#doneAt[i < 0 ? i + this.#entries : i]!;
  }
}
