// The table of transitions: from a state through a script, in so many cycles for these causes, to a state.
//
// What generated code reads by itself lies in `slots`, found by open addressing; what is added up when it is asked for, in rows.
import { CAUSE_COUNT } from "../stats/causes.ts";
import type { Storage } from "./part.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Player } from "./script.ts";
import type { Scripts } from "./scripts.ts";
import { OVERLAPS, STORES } from "./storebuffer.ts";

/** Words of a slot. */
export const SLOT_WORDS = 8;
/** `blockedAt`, `accessAt`: when the last access finds out whether the cache is blocked, and asks it, in cycles after the begin. */
export const Slot = {
  ...{ state: 0, script: 1, cycles: 2, next: 3, waiting: 4, transition: 5 },
  ...{ blockedAt: 6, accessAt: 7 },
} as const;

/** Both odd: a change of either number moves the slot. */
export const STATE_SPREAD = 0x9e3779b1;
export const SCRIPT_SPREAD = 0x85ebca6b;
/** In place of the state of a slot that nobody has. */
export const NOBODY = -1;
/** Slots lie close together while they are few: the host's caches hold them. */
const FIRST_BITS = 9;

/** Words of a row: instructions that shared a cycle, the store buffer's events, cycles by cause. */
export const Row = { script: 0, shared: 1, stores: 2, overlaps: 3, causes: 4 } as const;
export const ROW_WORDS = Row.causes + CAUSE_COUNT;

export class Transitions {
  /** One for what is not remembered, and then the table, at most half full. */
  readonly slots: Int32Array;
  /**
   * [0]: by how much a hash of 32 bits is shifted right to be the place where a slot is looked for first; from there on the slots follow
   * in which it may be, up to one of NOBODY, the first behind the last.
   */
  readonly shift: Int32Array;
  /** How often each transition has been taken since it was last collected; the last place is for what is not remembered. */
  readonly taken: Float64Array;
  /** When the last access of each transition's script asks for its translation, in cycles after the begin. */
  readonly translateAt: Int32Array;
  /** `Row`, by transition. */
  readonly rows: Int32Array;
  /** [0]: how many there are. */
  readonly size: Int32Array;
  readonly most: number;
  /** Where the slot begins for what is not remembered. */
  readonly spare = 0;
  /** Where the table begins. */
  readonly first = SLOT_WORDS;

  constructor(most: number, storage: Storage) {
    this.most = most;
    const mostBits = Math.ceil(Math.log2(2 * most));
    this.slots = storage.int32(this.first + (SLOT_WORDS << mostBits));
    this.shift = storage.int32(1, 32 - Math.min(mostBits, FIRST_BITS));
    this.taken = storage.float64(most + 1);
    this.translateAt = storage.int32(most);
    this.rows = storage.int32(ROW_WORDS * most);
    this.size = storage.int32(1);
    this.#empty();
  }

  get full(): boolean {
    return this.size[0] === this.most;
  }

  /** Where the slot of a transition begins, until the next is added; NOBODY where it is not known. */
  find(state: number, script: number): number {
    const at = this.#placeOf(state, script);
    return this.slots[at] === NOBODY ? NOBODY : at;
  }

  /** Adds what a pipeline has done from cycle 0 on, led by a player; gives where the transition's slot begins. */
  add(state: number, script: number, next: number, { clock, stores }: Pipeline, player: Player): number {
    const transition = this.size[0]!;
    this.size[0] = transition + 1;
    if (2 * this.size[0] > this.#tableSize) this.#double();
    const { slots, rows } = this;
    const row = ROW_WORDS * transition;
    rows[row + Row.script] = script;
    rows[row + Row.shared] = clock.shared[0]!;
    rows[row + Row.stores] = stores.events.values[STORES]!;
    rows[row + Row.overlaps] = stores.events.values[OVERLAPS]!;
    for (let cause = 0; cause < CAUSE_COUNT; cause += 1) rows[row + Row.causes + cause] = clock.cycles[cause]!;
    this.translateAt[transition] = player.translateAt;
    const at = this.#placeOf(state, script);
    slots[at] = state;
    slots[at + Slot.script] = script;
    slots[at + Slot.cycles] = clock.now;
    slots[at + Slot.next] = next;
    slots[at + Slot.waiting] = player.waiting;
    slots[at + Slot.transition] = transition;
    slots[at + Slot.blockedAt] = player.blockedAt;
    slots[at + Slot.accessAt] = player.accessAt;
    return at;
  }

  /** Fills the slot for what is not remembered; gives where it begins. */
  unremembered(state: number, cycles: number, next: number): number {
    this.slots.set([state, NOBODY, cycles, next, 0, this.most, 0, 0], this.spare);
    return this.spare;
  }

  /** Adds what has been taken to a pipeline's counts, but for its time, and to those of the scripts. */
  collect({ clock, stores }: Pipeline, scripts: Scripts): void {
    const { rows } = this;
    for (let transition = 0; transition < this.size[0]!; transition += 1) {
      const times = this.taken[transition]!;
      if (times === 0) continue;
      this.taken[transition] = 0;
      const row = ROW_WORDS * transition;
      const script = rows[row + Row.script]!;
      scripts.count(script, times);
      const category = scripts.categoryOf(script);
      clock.shared[category]! += times * rows[row + Row.shared]!;
      stores.events.values[STORES]! += times * rows[row + Row.stores]!;
      stores.events.values[OVERLAPS]! += times * rows[row + Row.overlaps]!;
      for (let cause = 0; cause < CAUSE_COUNT; cause += 1) {
        clock.cycles[category * CAUSE_COUNT + cause]! += times * rows[row + Row.causes + cause]!;
      }
    }
  }

  clear(): void {
    this.size[0] = 0;
    this.#empty();
  }

  get #tableSize(): number {
    return 1 << (32 - this.shift[0]!);
  }

  #empty(): void {
    this.slots.fill(NOBODY, this.first, this.first + SLOT_WORDS * this.#tableSize);
  }

  /** Where a transition's slot is, or will be. */
  #placeOf(state: number, script: number): number {
    const { slots, first } = this;
    const hash = Math.imul(state, STATE_SPREAD) ^ Math.imul(script, SCRIPT_SPREAD);
    const mask = this.#tableSize - 1;
    for (let place = hash >>> this.shift[0]!; ; place = (place + 1) & mask) {
      const at = first + SLOT_WORDS * place;
      if (slots[at] === NOBODY || (slots[at] === state && slots[at + Slot.script] === script)) return at;
    }
  }

  #double(): void {
    const { slots, first } = this;
    const old = slots.slice(first, first + SLOT_WORDS * this.#tableSize);
    this.shift[0]! -= 1;
    this.#empty();
    for (let at = 0; at < old.length; at += SLOT_WORDS)
      if (old[at] !== NOBODY)
        slots.set(old.subarray(at, at + SLOT_WORDS), this.#placeOf(old[at]!, old[at + Slot.script]!));
  }
}
