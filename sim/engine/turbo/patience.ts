// How long hot code waits with timing: the longer, the more code of the program is warm.
//
// To translate an instruction takes as long as to interpret it some 2,300 times; with copies of it, and ways between regions and the
// interpreter, some 3,000. How often it is yet to be executed nobody knows: to guess as often as so far loses least at worst.
import type { DecodedPages } from "./decoded-pages.ts";

/**
 * Of the interpreter in WebAssembly, before the first region is made: that takes about as long. A third of it is better for most,
 * by 1 %, but worse by 3 % where the first loop is one that fills memory.
 */
const FIRST_INSTRUCTIONS = 3 << 16;
/** Little code is in few loops, each turn of which tells much: it waits for so many times the cube of how much it is. */
const CUBES = 1 / 16;
/** Much code waits until it has been executed so often on average, and for so many instructions at least: four million are not to take longer than interpreted. */
const PAYING_EXECUTIONS = 3 << 10;
const MUCH_CODE_INSTRUCTIONS = 1 << 22;
/** Some of what is warm may be far hotter than the rest: in the end all is tried. */
const MOST_INSTRUCTIONS = 1 << 24;
/** How much is warm is counted again when so many times as much has been executed: that takes time, too. */
const LONGER = 5 / 4;
/** Code is warm that was jumped to so often. */
const WARM_AFTER = 36;
/** What gets hot meanwhile lacks a quarter of that: which loop turns most at the end, and where its jumps lead, is seen first. */
const COUNTED_SHARE = 3 / 4;

export class Patience {
  readonly #pages: DecodedPages;
  readonly #progress: () => number;
  #waitsFor = FIRST_INSTRUCTIONS;
  /** When it is counted again how much code is warm. */
  #countsAt = FIRST_INSTRUCTIONS;

  /** @param progress - what has been executed, in instructions of the interpreter in WebAssembly. */
  constructor(pages: DecodedPages, progress: () => number) {
    this.#pages = pages;
    this.#progress = progress;
  }

  /** Is it too early for anything to be hot? */
  get waits(): boolean {
    return this.#progress() < this.#waitsFor;
  }

  /** Is it too early where code is hot nevertheless? Counts how much is warm by now, when that is due. */
  stillWaits(): boolean {
    const progress = this.#progress();
    if (progress >= this.#countsAt) {
      this.#waitsFor = instructionsBefore(this.#pages.warm(WARM_AFTER));
      // After the longest wait of all there is nothing to count.
      this.#countsAt = progress < MOST_INSTRUCTIONS ? Math.max(this.#waitsFor, LONGER * progress) : Infinity;
    }
    return this.waits;
  }

  /** The most jumps to a place that are counted while code waits, where so many make it hot. */
  counted(hot: number): number {
    return Math.floor(hot * COUNTED_SHARE);
  }
}

/** Instructions that are executed before code is translated, where so much of it is warm. */
function instructionsBefore(warm: number): number {
  const little = FIRST_INSTRUCTIONS + CUBES * warm ** 3;
  const much = Math.max(MUCH_CODE_INSTRUCTIONS, PAYING_EXECUTIONS * warm);
  return Math.min(little, much, MOST_INSTRUCTIONS);
}
