// The rows of pieces in linear memory: what a piece did from the states in which it began last, where generated code looks it up.
//
// A row belongs to a place where a piece may begin. It has a group of entries for each way in which the block's transfer may turn out, and
// the low bits of a state's number say which of the group is the state's: a piece that begins behind several others begins in several
// states. An entry holds the transition that was taken there last: if the memo is in the same state, generated code goes through it
// without asking.
import type { Storage } from "../../timing/part.ts";

export const ENTRY_SHIFT = 5;
/**
 * An entry: i32 state, i32 where its count of takings lies, f64 cycles, i32 next state, i32 script (in the first of a group), f64 stores
 * waiting. That of a piece with loads that wait for stores has a mark in place of its state, and an i64 that says which loads they are.
 */
export const PIECE = { state: 0, taken: 4, cycles: 8, next: 16, script: 20, waiting: 24, overlaps: 24 } as const;
/** The mark is this less the state's number. By this bit of its address its entry is another than the state's own. */
export const OVERLAPS = -16;
export const OVERLAP_ENTRY = 2 << ENTRY_SHIFT;
/** States whose numbers differ in these low bits have entries of their own. */
export const STATE_BITS = 4;
export const OUTCOME_SHIFT = ENTRY_SHIFT + STATE_BITS;
export const OUTCOME_BITS = 2;
export const ROW_SHIFT = OUTCOME_SHIFT + OUTCOME_BITS;
const ROW_BYTES = 1 << ROW_SHIFT;
export const MAX_ROWS = 1 << 16;
/** What `Rows` takes of its storage: the rows begin at a multiple of their size. */
export const ROWS_BYTES = (MAX_ROWS + 1) * ROW_BYTES;
/** No state has this number: the entry is good for one taking, or for none. */
export const NO_STATE = -3;
const UNKNOWN = -1;
/** The words of a row of which nothing is known. */
const EMPTY = new Int32Array(ROW_BYTES / 4);
for (let at = 0; at < EMPTY.length; at += 1 << (ENTRY_SHIFT - 2)) {
  EMPTY[at + PIECE.state / 4] = NO_STATE;
  EMPTY[at + PIECE.script / 4] = UNKNOWN;
}

/** Of an entry: `taken` is where the count of its transition's takings lies. */
export type Entry = Readonly<Record<Exclude<keyof typeof PIECE, "script" | "overlaps">, number>>;

export class Rows {
  /** Linear address of the first. */
  readonly at: number;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(storage: Storage) {
    const room = storage.float64(ROWS_BYTES / 8);
    this.#numbers = room.subarray(-(room.byteOffset / 8) & (ROW_BYTES / 8 - 1));
    this.at = this.#numbers.byteOffset;
    this.#words = new Int32Array(room.buffer, this.at, 2 * (this.#numbers.length - 1));
  }

  /** Linear address of a row. */
  placeOf(row: number): number {
    return this.at + ROW_BYTES * row;
  }

  /** The row of an entry, or of the row itself, by its linear address. */
  rowOf(entryAt: number): number {
    return (entryAt - this.at) >>> ROW_SHIFT;
  }

  outcomeOf(entryAt: number): number {
    return ((entryAt - this.at) >>> OUTCOME_SHIFT) & (2 ** OUTCOME_BITS - 1);
  }

  /** The number of the script of an entry's piece; negative where it has none. */
  scriptOf(entryAt: number): number {
    return this.#words[this.#scriptAt(entryAt)]!;
  }

  setScript(entryAt: number, script: number): void {
    this.#words[this.#scriptAt(entryAt)] = script;
  }

  set(entryAt: number, entry: Entry): void {
    const at = (entryAt - this.at) >>> 2;
    this.#words[at + PIECE.state / 4] = entry.state;
    this.#words[at + PIECE.taken / 4] = entry.taken;
    this.#words[at + PIECE.next / 4] = entry.next;
    this.#numbers[(at + PIECE.cycles / 4) / 2] = entry.cycles;
    this.#numbers[(at + PIECE.waiting / 4) / 2] = entry.waiting;
  }

  forget(row: number, scriptsToo: boolean): void {
    const [begin, end] = [(row * ROW_BYTES) / 4, ((row + 1) * ROW_BYTES) / 4];
    if (scriptsToo) return this.#words.set(EMPTY, begin);
    for (let at = begin; at < end; at += 1 << (ENTRY_SHIFT - 2)) this.#words[at + PIECE.state / 4] = NO_STATE;
  }

  #scriptAt(entryAt: number): number {
    return (((entryAt - this.at) >>> OUTCOME_SHIFT) << (OUTCOME_SHIFT - 2)) + PIECE.script / 4;
  }
}
