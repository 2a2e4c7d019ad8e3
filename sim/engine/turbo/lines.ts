// Records of the lines that code lies in, in linear memory: regions tell by them which line is in hand, and where it stands.
import { PAGE_BYTES } from "../../machine/memory.ts";
import type { FastPaths } from "../../timing/generated.ts";
import type { Storage } from "../../timing/part.ts";
import { WORD_BYTES } from "./terms.ts";

/**
 * The record of a line of code, as a region has it that was entered: f64 virtual address, f64 what its physical address lies above that
 * (both as `LineFastPath`), i32 linear address of its set in the instruction cache, i32 the word there if the cache holds it, f64 number
 * of its page.
 */
export const LINE = { virt: 0, delta: 8, set: 16, word: 20, page: 24 } as const;
export const LINE_BYTES = 32;
/** What of a record the parts know of the line in hand. */
export const IN_HAND = [LINE.virt, LINE.delta] as const;
export const MAX_LINES = 1 << 16;
/** Where, among the numbers of such records, that of a line begins that belongs to no region. */
const OTHER_LINE = (MAX_LINES * LINE_BYTES) / 8;
const NO_PAGE = -1;
/** Lines that code has taken in hand: of how many fetches are translated, and of how many not. */
export const TAKEN = { direct: 0, translated: 1 } as const;
const TAKEN_BYTES = 2 * WORD_BYTES;
/** What the records take of their storage. */
export const LINES_BYTES = (MAX_LINES + 1) * LINE_BYTES + TAKEN_BYTES;

export class LineRecords {
  /** Of each kind since they were counted last (`TAKEN`). */
  readonly taken: Int32Array;
  /** Linear address of a record of no region's line: of what is in hand when code is entered, or of none. */
  readonly otherAt: number;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  readonly #fastPaths: Pick<FastPaths, "l1i" | "itlb" | "line">;
  #count = 0;

  constructor(storage: Storage, fastPaths: Pick<FastPaths, "l1i" | "itlb" | "line">) {
    this.#fastPaths = fastPaths;
    this.taken = storage.int32(TAKEN_BYTES / WORD_BYTES);
    this.#numbers = storage.float64(OTHER_LINE + LINE_BYTES / 8);
    this.#numbers[OTHER_LINE + LINE.page / 8] = NO_PAGE;
    this.#words = new Int32Array(this.#numbers.buffer, this.#numbers.byteOffset, 2 * this.#numbers.length);
    this.otherAt = this.#numbers.byteOffset + 8 * OTHER_LINE;
  }

  /** Is there no room for another region's? */
  get full(): boolean {
    return this.#count > MAX_LINES / 2;
  }

  /** Linear address of the first record that is made next. */
  get nextAt(): number {
    return this.#numbers.byteOffset + LINE_BYTES * this.#count;
  }

  /** Linear address of the set in the instruction cache of a line at a physical address. */
  setAt(phys: number): number {
    const { words, setMask, lineBytes, ways } = this.#fastPaths.l1i;
    return words.byteOffset + 4 * ((phys / lineBytes) & setMask) * ways;
  }

  /** The word there if the cache holds it. */
  wordOf(phys: number): number {
    return (phys / this.#fastPaths.l1i.lineBytes) << 1;
  }

  /** Makes records of a region's lines; gives the linear address of the first. */
  add(lines: readonly { readonly virt: number; readonly phys: number }[]): number {
    const [first, firstAt] = [this.#count, this.nextAt];
    if (first + lines.length > MAX_LINES) throw new Error("a region has too many lines");
    lines.forEach(({ virt, phys }, i) => {
      const at = (LINE_BYTES / 8) * (first + i);
      this.#numbers[at + LINE.virt / 8] = virt;
      this.#numbers[at + LINE.delta / 8] = phys - virt;
      this.#words[2 * at + LINE.set / 4] = this.setAt(phys);
      this.#words[2 * at + LINE.word / 4] = this.wordOf(phys);
      this.#numbers[at + LINE.page / 8] = Math.floor(virt / PAGE_BYTES);
    });
    this.#count += lines.length;
    return firstAt;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Code is entered: gives the linear address of a record of the line in hand, which says nothing of its page. */
  enter(): number {
    const [virt, delta] = this.#fastPaths.line.line;
    this.#numbers[OTHER_LINE + LINE.virt / 8] = virt!;
    this.#numbers[OTHER_LINE + LINE.delta / 8] = delta!;
    return this.otherAt;
  }

  /** Code was left with the line in hand that a record describes. */
  leave(lineAt: number): void {
    const { line } = this.#fastPaths.line;
    this.#countTaken();
    line[0] = this.#numberAt(lineAt + LINE.virt);
    line[1] = this.#numberAt(lineAt + LINE.delta);
  }

  #countTaken(): void {
    const { l1i, itlb } = this.#fastPaths;
    l1i.lookups[0]! += this.taken[TAKEN.direct]! + this.taken[TAKEN.translated]!;
    itlb.lookups[0]! += this.taken[TAKEN.translated]!;
    this.taken.fill(0);
  }

  /** The physical address of an address in a line. */
  physOf(lineAt: number, virt: number): number {
    return virt + this.#numberAt(lineAt + LINE.delta);
  }

  #numberAt(at: number): number {
    return this.#numbers[offsetOf(at, this.#numbers.byteOffset) >>> 3]!;
  }
}

/** Of a linear address behind another: what generated code gives is negative from 2^31 on. */
export const offsetOf = (at: number, from: number): number => (at - from) >>> 0;
