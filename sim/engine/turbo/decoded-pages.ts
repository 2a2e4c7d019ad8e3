// Decoded code as the interpreter in WebAssembly goes through it: for each parcel of a page the record of its operation, and its heat.
import { PAGE_BYTES } from "../../machine/memory.ts";
import { PARCEL_BYTES, type CodePage } from "../code.ts";
import {
  DECODED_AT,
  FETCHED_AT,
  FETCHED_BYTES,
  MAX_DECODED_PAGES,
  OPERATION,
  PARCEL,
  PARCELS_BYTES,
} from "./layout.ts";
import type { LinearMemory } from "./linear.ts";

/** The bits of a parcel's word that are its heat: the category of its code is above. */
export const HEAT_MASK = (1 << PARCEL.heatBits) - 1;
/** In place of how often a parcel was jumped to, and more than any count: it cannot be translated; translated code can be entered there. */
export const HEAT = { never: HEAT_MASK, enters: HEAT_MASK - 1, most: HEAT_MASK - 2 } as const;

/** How jumps to a place are counted. */
export interface HeatLimits {
  /** After so many its code is hot: JavaScript is asked whether to translate it. */
  readonly hot: number;
  /** No more than that are counted. */
  readonly counted: number;
}

/** To count the warm instructions of a page takes JavaScript, which V8 has yet to optimise, a tenth of a millisecond. */
const MOST_COUNTED_PAGES = 8;

export class DecodedPages {
  readonly #words: Int32Array;
  /** Where the parcels of a page lie, by its number in physical memory. */
  readonly #parcels = new Map<number, number>();

  constructor({ words }: Pick<LinearMemory, "words">) {
    this.#words = words;
  }

  /** Pages that have been decoded in part. */
  get size(): number {
    return this.#parcels.size;
  }

  /** Where the parcels of a page lie. */
  parcelsOf(page: CodePage): number {
    return this.#parcels.get(numberOf(page.phys)) ?? this.#add(page);
  }

  /** Where the record lies of what is decoded at an offset of a page; 0: nothing is. */
  recordAt(parcels: number, offset: number): number {
    return this.#words[wordOf(parcels, offset) + PARCEL.record / 4]!;
  }

  note(parcels: number, offset: number, record: number): void {
    this.#words[wordOf(parcels, offset) + PARCEL.record / 4] = record;
  }

  /** How often it was jumped to. */
  heatAt(parcels: number, offset: number): number {
    return this.#words[wordOf(parcels, offset) + PARCEL.heat / 4]! & HEAT_MASK;
  }

  setHeat(parcels: number, offset: number, heat: number): void {
    this.#putHeat(wordOf(parcels, offset), heat);
  }

  /**
   * Instructions that were gone through from where that often was jumped to, up to where it seldom was: told by some pages where there are
   * many.
   */
  warm(often: number): number {
    const { size } = this;
    const step = Math.ceil(size / MOST_COUNTED_PAGES);
    let count = 0;
    for (let page = 0; page < size; page += step) count += this.#warmOf(DECODED_AT + page * PARCELS_BYTES, often);
    return count * step;
  }

  #warmOf(parcels: number, often: number): number {
    const words = this.#words;
    const end = parcels + PARCELS_BYTES;
    let count = 0;
    let isWarm = false;
    for (let parcel = parcels; parcel < end;) {
      const record = words[(parcel + PARCEL.record) >>> 2]!;
      const heat = words[(parcel + PARCEL.heat) >>> 2]! & HEAT_MASK;
      isWarm = record !== 0 && (heat > 0 ? heat >= often : isWarm);
      if (isWarm) count += 1;
      const bytes = record === 0 ? PARCEL_BYTES : words[(record + OPERATION.bytes) >>> 2]!;
      parcel += (bytes / PARCEL_BYTES) << PARCEL.bits;
    }
    return count;
  }

  /** Nothing has been jumped to. */
  coolDown(): void {
    this.#forEach((at) => this.#putHeat(at, 0));
  }

  /** Forgets what was decoded from [from, to) of physical memory. */
  forget(from: number, to: number): void {
    for (let phys = from - (from % PAGE_BYTES); phys < to; phys += PAGE_BYTES) {
      const parcels = this.#parcels.get(numberOf(phys));
      if (parcels === undefined) continue;
      const end = Math.min(to - phys, PAGE_BYTES);
      for (let offset = Math.max(0, from - phys); offset < end; offset += PARCEL_BYTES) this.note(parcels, offset, 0);
    }
  }

  /** Forgets what was decoded, and keeps how hot it is. */
  forgetRecords(): void {
    this.#forEach((at) => (this.#words[at + PARCEL.record / 4] = 0));
  }

  /** Forgets everything. */
  clear(): void {
    this.#words.fill(0, DECODED_AT / 4, DECODED_AT / 4 + (this.#parcels.size * PARCELS_BYTES) / 4);
    this.#words.fill(0, FETCHED_AT / 4, (FETCHED_AT + FETCHED_BYTES) / 4);
    this.#parcels.clear();
  }

  /** Of the parcel whose first word has such an index. */
  #putHeat(index: number, heat: number): void {
    const at = index + PARCEL.heat / 4;
    this.#words[at] = (this.#words[at]! & ~HEAT_MASK) | heat;
  }

  /** Gives the index of each parcel's first word. */
  #forEach(visit: (at: number) => void): void {
    const end = (DECODED_AT + this.#parcels.size * PARCELS_BYTES) / 4;
    for (let at = DECODED_AT / 4; at < end; at += 1 << (PARCEL.bits - 2)) visit(at);
  }

  #add({ phys, categories }: CodePage): number {
    if (this.#parcels.size === MAX_DECODED_PAGES) this.clear();
    const parcels = DECODED_AT + this.#parcels.size * PARCELS_BYTES;
    this.#parcels.set(numberOf(phys), parcels);
    categories.forEach((category, parcel) => {
      this.#words[wordOf(parcels, parcel * PARCEL_BYTES) + PARCEL.heat / 4] = category << PARCEL.heatBits;
    });
    return parcels;
  }
}

const wordOf = (parcels: number, offset: number): number => (parcels + ((offset / PARCEL_BYTES) << PARCEL.bits)) >>> 2;
const numberOf = (phys: number): number => Math.floor(phys / PAGE_BYTES);
