// The scripts of a memo: each has a number, belongs to a category, and says how its instructions are counted.
import { Interner, type InternerLayout } from "./intern.ts";
import type { Storage } from "./part.ts";
import { ON_TIME, Script, type Lateness, type Player } from "./script.ts";
import { COUNTED, ScriptCounts, type Counted } from "./script-counts.ts";
import { Variants, WAITING } from "./variants.ts";

/** Words that follow those of a script where they are numbered: the category, and `Counted`. */
export const ADDED_WORDS = 2;
/** Scripts of one instruction that are found without their words. */
const SINGLES_BITS = 10;
/** A single: step word, category, number. */
const SINGLE_WORDS = 4;
const SINGLE_SPREAD = 0x9e3779b1;
const UNKNOWN = -1;

/** With more than these a memo starts afresh; and their words in the mean, what is added included. */
export const MOST_SCRIPTS = 1 << 16;
const SCRIPT_WORDS = 16;
/** Room for sequences of overlaps, and for so many in the mean; what is more is the memo's. */
const MOST_OVERLAPPING = 1 << 12;
const OVERLAP_WORDS = 8;

export class Scripts {
  readonly counts = new ScriptCounts();
  readonly variants: Variants;
  /** Numbers the overlaps of pieces that have more of them than two words of a variant tell. */
  readonly overlaps: Interner;
  readonly #interner: Interner;
  readonly #script = new Script();
  /** Direct-mapped by step word. */
  readonly #singles = new Int32Array(SINGLE_WORDS << SINGLES_BITS).fill(UNKNOWN);

  constructor(storage: Storage) {
    this.variants = new Variants(storage);
    this.overlaps = new Interner(storage, { sequences: MOST_OVERLAPPING, words: OVERLAP_WORDS * MOST_OVERLAPPING });
    this.#interner = new Interner(storage, { sequences: MOST_SCRIPTS, words: SCRIPT_WORDS * MOST_SCRIPTS });
  }

  get layout(): InternerLayout {
    return this.#interner.layout;
  }

  /** Scripts numbered so far. */
  get size(): number {
    return this.#interner.size;
  }

  /** The number of a script run by code of a category. */
  number(script: Script, category: number, counted: Counted = "elsewhere"): number {
    const { length } = script;
    script.step(category);
    script.step(COUNTED.indexOf(counted));
    const number = this.#interner.intern(script.words, script.length);
    script.length = length;
    return number;
  }

  categoryOf(script: number): number {
    return this.#interner.words[this.#endOf(script)]!;
  }

  #countedOf(script: number): Counted {
    return COUNTED[this.#interner.words[this.#endOf(script) + 1]!]!;
  }

  /** The number of the script of one instruction whose outcomes are on time. */
  single(word: number, category: number): number {
    const singles = this.#singles;
    const at = SINGLE_WORDS * (Math.imul(word ^ category, SINGLE_SPREAD) >>> (32 - SINGLES_BITS));
    if (singles[at] === word && singles[at + 1] === category) return singles[at + 2]!;
    this.#script.clear();
    this.#script.step(word);
    singles[at] = word;
    singles[at + 1] = category;
    return (singles[at + 2] = this.number(this.#script, category));
  }

  /** The number of the script of one instruction with other outcomes; `onTime` is that with all but `bufferCycles` on time. */
  late(onTime: number, word: number, category: number, late: Lateness): number {
    const known = this.variants.find(onTime, late);
    if (known >= 0) return known;
    this.#script.clear();
    this.#script.lateStep(word, late);
    const script = this.number(this.#script, category);
    this.variants.set(onTime, late, script);
    return script;
  }

  /** The number of a script but that stores stand in the way of the instruction at a place, by `Lateness.bufferCycles`. */
  waiting(script: number, place: number, bufferCycles: number): number {
    const late = { ...ON_TIME, blockedCycles: WAITING, accessCycles: place, tagCycles: bufferCycles };
    const known = this.variants.find(script, late);
    if (known >= 0) return known;
    const from = this.#interner.startOf(script);
    this.#script.waitingCopy(this.#interner.words, from, this.#endOf(script), place, bufferCycles);
    const number = this.number(this.#script, this.categoryOf(script), this.#countedOf(script));
    this.variants.set(script, late, number);
    return number;
  }

  /** Has generated code find the script of what was not on time. */
  noteVariant(onTime: number, late: Lateness | undefined, script: number): void {
    if (late !== undefined) this.variants.set(onTime, late, script);
  }

  play(player: Player, script: number): void {
    player.play(this.#interner.words, this.#interner.startOf(script), this.#endOf(script));
  }

  /** A script was gone through so many times. */
  count(script: number, times: number): void {
    const counted = this.#countedOf(script);
    if (counted === "elsewhere") return;
    this.counts.add(this.#interner.words, this.#interner.startOf(script), this.#endOf(script), counted, times);
  }

  clear(): void {
    this.#interner.clear();
    this.overlaps.clear();
    this.variants.clear();
    this.#singles.fill(UNKNOWN);
  }

  /** Where a script's words end, what `number` adds to them left out. */
  #endOf(script: number): number {
    return this.#interner.startOf(script + 1) - ADDED_WORDS;
  }
}
