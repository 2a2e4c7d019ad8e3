// Stores kept apart from the memo's states: when the last ones are written, and what transitions ask of that.
//
// The times at which several late stores will be written are all different each time; in states they would make each a state of its
// own. So a state is *near*, with these times in it, or *far*: they are here, as cycles of the clock, and the state is the same
// whatever they are. What is computed from a far state notes each *use* of the buffer, in order: an instruction that needs room, or
// some older stores written. `pass` compares them with the times, and pushes the stores; the first that would have to wait is an
// outcome of its instruction (`Lateness.bufferCycles`), with which the transition is another. Near or far, what comes out is equal.
import type { Storage } from "./part.ts";
import { stepAccesses } from "./step.ts";
import { NO_OVERLAP, type StoreBufferConfig } from "./storebuffer.ts";
import { Class, isStore, traitClass } from "./traits.ts";

/** Numbers of states from here on are of far ones. */
export const FIRST_FAR = 1 << 29;
export const isFar = (state: number): boolean => state >= FIRST_FAR;

/** In place of scripts: a near state becomes far, its waiting stores being the uses; a far one near, as no store waits. */
export const TO_FAR = -2;
export const TO_NEAR = -3;

/** What an instruction may want of the store buffer: nothing, the store that it overlaps written, room, all stores written. */
export const Use = { none: 0, load: 1, store: 2, all: 3 } as const;
export const USE_PLACE_BITS = 2;

/**
 * Words of a use: `Use` and, above, the place of its instruction among those of the script; a cycle before the instruction's begin; when
 * it goes ahead; how long after that a store is written at the earliest. Times are in cycles after the script's begin.
 */
export const USE = { what: 0, begin: 1, at: 2, doneAfter: 3 } as const;
export const USE_WORDS = 4;
export const usePlace = (what: number): number => what >> USE_PLACE_BITS;
export const useKind = (what: number): number => what & ((1 << USE_PLACE_BITS) - 1);

/** More than there are entries, and stores in a piece. */
const RING = 256;
/** `pass` came to the end. */
export const PASSED = -1;

/** @param device - a device answers. */
export function useOf(word: number, device: boolean): number {
  const timingClass = traitClass(word);
  if (timingClass === Class.fence) return Use.all;
  if (!stepAccesses(word)) return Use.none;
  if (timingClass === Class.load) return device ? Use.none : Use.load;
  return device || isStore(timingClass) ? Use.store : Use.all;
}

/** Uses being noted. */
export class BufferUses {
  readonly words: number[] = [];
  #places = 0;

  clear(): void {
    this.words.length = this.#places = 0;
  }

  /** Notes an instruction. */
  step(use: number, begin: number, at: number, doneAfter: number): void {
    const place = this.#places;
    this.#places += 1;
    if (use !== Use.none)
      this.words.push(use | (place << USE_PLACE_BITS), begin, at, use === Use.store ? doneAfter : 0);
  }
}

export class FarStores {
  /** When stores are written. */
  readonly ring: Float64Array;
  /** [0]: the place in the ring of the next. */
  readonly next: Int32Array;
  /** Lists of uses: how many there are, and these. The first is empty. */
  readonly uses: Int32Array;
  /** [0]: where the next list begins. */
  readonly end: Int32Array;
  /** [0]: until when a near state becomes far at any store that is late as none was before. */
  readonly nearAt: Float64Array;
  readonly entries: number;
  /** When a use could go ahead before which `pass` stopped. */
  clearAt = 0;
  /** Do loads wait for no store? Then no list has their uses. */
  readonly forwards: boolean;

  /** @param mostTransitions - that are remembered. */
  constructor(config: StoreBufferConfig, mostTransitions: number, storage: Storage) {
    this.entries = config.entries;
    this.forwards = config.onOverlap === "forward";
    this.ring = storage.float64(RING, -Infinity);
    this.next = storage.int32(1);
    this.uses = storage.int32(USE_WORDS * (mostTransitions + RING));
    this.end = storage.int32(1, 1);
    this.nearAt = storage.float64(1);
  }

  get mask(): number {
    return RING - 1;
  }

  /** Is there too little room for what one more script notes? */
  get full(): boolean {
    return this.end[0]! > this.lastBegin;
  }

  /** The last place where a list may begin. */
  get lastBegin(): number {
    return this.uses.length - USE_WORDS * RING;
  }

  /** Notes of the uses what a transition wants; gives where the list begins. */
  note({ words }: BufferUses): number {
    const at = this.end[0]!;
    let to = at + 1;
    for (let i = 0; i < words.length; i += USE_WORDS) {
      if (this.forwards && useKind(words[i]!) === Use.load) continue;
      for (let k = 0; k < USE_WORDS; k += 1) this.uses[to + k] = words[i + k]!;
      to += USE_WORDS;
    }
    if (to === at + 1) return 0;
    this.uses[at] = (to - at - 1) / USE_WORDS;
    this.end[0] = to;
    return at;
  }

  /** Forgets all lists. */
  clear(): void {
    this.end[0] = 1;
  }

  // Times

  /** Are all stores written by a cycle? */
  doneBy(cycle: number): boolean {
    return this.#ageDoneAt(0) <= cycle;
  }

  /** When the stores are written that wait at a cycle, the oldest first. */
  timesAt(cycle: number): number[] {
    const times = Array.from({ length: this.entries }, (_, age) => this.#ageDoneAt(age));
    return times.filter((time) => time > cycle).reverse();
  }

  /** No store waits. */
  forget(): void {
    this.ring.fill(-Infinity);
  }

  push(at: number): void {
    this.ring[this.next[0]!] = Math.max(at, this.#ageDoneAt(0) + 1);
    this.next[0] = (this.next[0]! + 1) & (RING - 1);
  }

  /** When a use may go ahead. @param overlapAge - of a load. */
  clearFor(use: number, overlapAge: number): number {
    if (use === Use.all) return this.#ageDoneAt(0);
    if (use === Use.store) return this.#ageDoneAt(this.entries - 1);
    return overlapAge === NO_OVERLAP || overlapAge >= this.entries ? -Infinity : this.#ageDoneAt(overlapAge);
  }

  /** `Lateness.bufferCycles` of the first of a list of uses, whose script begins at `now`; `use` and `overlapAge` are as of `clearFor`. */
  waitFor(list: number, use: number, overlapAge: number, now: number): number {
    const { uses } = this;
    if (uses[list] === 0) return 0;
    const at = this.useAt(list, 0);
    const clearAt = this.clearFor(use, overlapAge);
    return clearAt > now + uses[at + USE.at]! ? clearAt - now - uses[at + USE.begin]! : 0;
  }

  /** Pushes the first of a list of uses, if it is a store, late by so many cycles. */
  pushLate(list: number, now: number, late: number): void {
    const { uses } = this;
    const at = this.useAt(list, 0);
    if (uses[list] === 0 || useKind(uses[at]!) !== Use.store) return;
    this.push(now + uses[at + USE.at]! + uses[at + USE.doneAfter]! + late);
  }

  /** Where a list's use stands, from 0 on. */
  useAt(list: number, use: number): number {
    return list + 1 + USE_WORDS * use;
  }

  /**
   * Goes on through a list of uses, whose script begins at `now`, from one on; gives the first that has to wait, or PASSED.
   *
   * @param ageAt - overlap ages, by the place of an instruction.
   */
  pass(list: number, from: number, now: number, ageAt: (place: number) => number): number {
    const { uses } = this;
    for (let use = from; use < uses[list]!; use += 1) {
      const at = this.useAt(list, use);
      const kind = useKind(uses[at]!);
      const goesAt = now + uses[at + USE.at]!;
      this.clearAt = this.clearFor(kind, kind === Use.load ? ageAt(usePlace(uses[at]!)) : NO_OVERLAP);
      if (this.clearAt > goesAt) return use;
      if (kind === Use.store) this.push(goesAt + uses[at + USE.doneAfter]!);
    }
    return PASSED;
  }

  #ageDoneAt(age: number): number {
    return this.ring[(this.next[0]! - 1 - age) & (RING - 1)]!;
  }
}
