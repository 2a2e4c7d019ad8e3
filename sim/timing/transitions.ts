// The table of transitions: from a state through a script, in so many cycles for these causes, to a state.
//
// All are kept in rows, found by open addressing; those used last also in `slots`, which generated code reads by itself.
import { CAUSE_COUNT } from "../stats/causes.ts";
import type { Storage } from "./part.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Lateness, Player } from "./script.ts";

/** Words of a slot. */
export const SLOT_WORDS = 8;
/** `blockedAt`, `accessAt`: when the last access finds out whether the cache is blocked, and asks it, in cycles after the begin. */
export const Slot = {
  ...{ state: 0, script: 1, cycles: 2, next: 3, waiting: 4, transition: 5 },
  ...{ blockedAt: 6, accessAt: 7 },
} as const;

export const SLOT_BITS = 13;
/** Of `slotOf`. Both odd: a change of either number moves the slot. */
export const STATE_SPREAD = 0x9e3779b1;
export const SCRIPT_SPREAD = 0x85ebca6b;
/** Of `lateSlotOf`; any odd numbers. */
export const ACCESS_SPREAD = 0xc2b2ae35;
const TRANSLATE_SPREAD = 0x27d4eb2f;
export const OTHER_SPREAD = 0x165667b1;
const NOBODY = -1;

/** The slot of what an instruction does with outcomes that were late: words of a slot, and by what it is found beside its state. */
export const LateSlot = {
  ...Slot,
  onTime: 8,
  translateCycles: 9,
  blockedCycles: 10,
  overlapAge: 11,
  accessCycles: 12,
  tagCycles: 13,
} as const;
export const LATE_SLOT_WORDS = 16;
export const LATE_SLOT_BITS = 12;

/**
 * A row: its slot's words, but that in place of its number it has when the last access asks for its translation; its instructions,
 * the store buffer's events, its cycles by cause.
 */
const Row = {
  ...Slot,
  translateAt: Slot.transition,
  instructions: 8,
  stores: 9,
  overlaps: 10,
  causes: 11,
} as const;
const ROW_WORDS = Row.causes + CAUSE_COUNT;

const mix = (state: number, script: number): number =>
  Math.imul(state, STATE_SPREAD) ^ Math.imul(script, SCRIPT_SPREAD);

/** The slot of a state and a script, to be multiplied by SLOT_WORDS. */
export function slotOf(state: number, script: number): number {
  return mix(state, script) >>> (32 - SLOT_BITS);
}

export class Transitions {
  /** Direct-mapped; one more for what is not remembered; then those of instructions that were late, direct-mapped too. */
  readonly slots: Int32Array;
  /** How often each transition has been taken since it was last collected; the last place is for what is not remembered. */
  readonly taken: Float64Array;
  readonly most: number;
  /** Where the slot begins for what is not remembered. */
  readonly spare = SLOT_WORDS << SLOT_BITS;
  /** Where the slots of instructions that were late begin. */
  readonly firstLate = this.spare + SLOT_WORDS;
  #rows = new Int32Array(256 * ROW_WORDS);
  /** Row numbers, at most half full. */
  readonly #table: Int32Array;
  #size = 0;

  constructor(most: number, storage: Storage) {
    this.most = most;
    this.slots = storage.int32(this.firstLate + (LATE_SLOT_WORDS << LATE_SLOT_BITS), NOBODY);
    this.taken = storage.float64(most + 1);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * most))).fill(NOBODY);
  }

  get full(): boolean {
    return this.#size === this.most;
  }

  /** Where the slot of a transition begins, which now holds it; NOBODY where it is not known. */
  find(state: number, script: number): number {
    const at = SLOT_WORDS * slotOf(state, script);
    if (this.slots[at] === state && this.slots[at + Slot.script] === script) return at;
    const row = this.#table[this.#placeOf(state, script)]!;
    return row === NOBODY ? NOBODY : this.#show(row, at);
  }

  /** Adds what a pipeline has done from cycle 0 on, led by a player; gives where the transition's slot begins. */
  add(state: number, script: number, next: number, { clock, stores }: Pipeline, player: Player): number {
    const row = this.#size;
    this.#size += 1;
    if (this.#rows.length < ROW_WORDS * this.#size) this.#rows = doubled(this.#rows);
    const { waiting, translateAt, blockedAt, accessAt } = player;
    const words = [state, script, clock.now, next, waiting, translateAt, blockedAt, accessAt, clock.instructions[0]!];
    this.#rows.set(words, ROW_WORDS * row);
    this.#rows.set(stores.events.values, ROW_WORDS * row + Row.stores);
    this.#rows.set(clock.cycles, ROW_WORDS * row + Row.causes);
    this.#table[this.#placeOf(state, script)] = row;
    return this.#show(row, SLOT_WORDS * slotOf(state, script));
  }

  /** Fills the slot for what is not remembered; gives where it begins. */
  unremembered(state: number, cycles: number, next: number): number {
    this.slots.set([state, NOBODY, cycles, next, 0, this.most, 0, 0], this.spare);
    return this.spare;
  }

  /** When the last access of a slot's script asks for its translation, in cycles after the script's begin. */
  translateAt(slot: number): number {
    return this.#rows[ROW_WORDS * this.slots[slot + Slot.transition]! + Row.translateAt]!;
  }

  /** Where the slot begins of what a script of one instruction does from a state with outcomes that are late; it may hold another. */
  lateSlotOf(state: number, onTime: number, late: Lateness): number {
    let hash = mix(state, onTime) ^ Math.imul(late.accessCycles, ACCESS_SPREAD);
    if (late.translateCycles !== 0) hash ^= Math.imul(late.translateCycles, TRANSLATE_SPREAD);
    hash ^= Math.imul(late.blockedCycles + (late.overlapAge << 16) + (late.tagCycles << 8), OTHER_SPREAD);
    return this.firstLate + LATE_SLOT_WORDS * ((hash ^ (hash >>> 15)) & ((1 << LATE_SLOT_BITS) - 1));
  }

  /** Does it hold that? */
  holdsLate(at: number, state: number, onTime: number, late: Lateness): boolean {
    const { slots } = this;
    return (
      slots[at] === state &&
      slots[at + LateSlot.onTime] === onTime &&
      slots[at + LateSlot.accessCycles] === late.accessCycles &&
      slots[at + LateSlot.translateCycles] === late.translateCycles &&
      slots[at + LateSlot.blockedCycles] === late.blockedCycles &&
      slots[at + LateSlot.overlapAge] === late.overlapAge &&
      slots[at + LateSlot.tagCycles] === late.tagCycles
    );
  }

  /** Has it hold that, which is the transition whose slot is given. */
  keepLate(at: number, slot: number, onTime: number, late: Lateness): void {
    const { slots } = this;
    slots.copyWithin(at, slot, slot + SLOT_WORDS);
    slots[at + LateSlot.onTime] = onTime;
    slots[at + LateSlot.translateCycles] = late.translateCycles;
    slots[at + LateSlot.blockedCycles] = late.blockedCycles;
    slots[at + LateSlot.overlapAge] = late.overlapAge;
    slots[at + LateSlot.accessCycles] = late.accessCycles;
    slots[at + LateSlot.tagCycles] = late.tagCycles;
  }

  /**
   * Adds what has been taken to a pipeline's counts, but for its time.
   *
   * @param categories - by script.
   * @param onTaken - hears how often each script was gone through.
   */
  collect(
    categories: readonly number[],
    { clock, stores }: Pipeline,
    onTaken: (script: number, times: number) => void,
  ): void {
    for (let transition = 0; transition < this.#size; transition += 1) {
      const times = this.taken[transition]!;
      if (times === 0) continue;
      this.taken[transition] = 0;
      const row = ROW_WORDS * transition;
      const script = this.#rows[row + Row.script]!;
      onTaken(script, times);
      const category = categories[script]!;
      clock.instructions[category]! += times * this.#rows[row + Row.instructions]!;
      stores.events.values[0]! += times * this.#rows[row + Row.stores]!;
      stores.events.values[1]! += times * this.#rows[row + Row.overlaps]!;
      for (let cause = 0; cause < CAUSE_COUNT; cause += 1) {
        clock.cycles[category * CAUSE_COUNT + cause]! += times * this.#rows[row + Row.causes + cause]!;
      }
    }
  }

  clear(): void {
    this.#size = 0;
    this.#table.fill(NOBODY);
    this.slots.fill(NOBODY);
  }

  /** Where a transition stands in the table, or will. */
  #placeOf(state: number, script: number): number {
    const mask = this.#table.length - 1;
    const hash = mix(state, script);
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const row = ROW_WORDS * this.#table[place]!;
      if (row < 0 || (this.#rows[row] === state && this.#rows[row + Row.script] === script)) return place;
    }
  }

  #show(transition: number, at: number): number {
    const row = ROW_WORDS * transition;
    for (let word = 0; word < SLOT_WORDS; word += 1) this.slots[at + word] = this.#rows[row + word]!;
    this.slots[at + Slot.transition] = transition;
    return at;
  }
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * words.length);
  larger.set(words);
  return larger;
}
