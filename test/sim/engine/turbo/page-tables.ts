// Page tables in a memory that code and the machine share: random ones, of three levels.
import fc from "fast-check";
import { Memory, PAGE_BYTES } from "../../../../sim/machine/memory.ts";
import { Mmu, Mode, type TranslationState } from "../../../../sim/machine/mmu.ts";
import { Pmp } from "../../../../sim/machine/pmp.ts";
import { RAM } from "../../timing/harness.ts";
import { ALL, pte, satp, V } from "./supervised.ts";

const GLOBAL = 32;
export const REGION_PAGES = 512;
const [ROOT, MIDDLE, LOWEST] = [RAM, RAM + PAGE_BYTES, RAM + 2 * PAGE_BYTES];
/** Where the upper half of the address space begins, which has the same pages as the lower. */
export const UPPER_HALF = 0xffff_ffc0_0000_0000n;
/** Of the middle table: what lies behind them are pages of 4 KiB, or a large one. */
export const REGIONS = 3;

/** What an entry is: none, a table (a page, in the lowest), a large page; perhaps global. */
export const entry = fc.record({
  kind: fc.constantFrom("none", "table", "table", "table", "table", "large"),
  global: fc.boolean(),
});
export type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;
/** All entries that there are. */
export const entries = fc.array(entry, { minLength: 64, maxLength: 64 });

/** Where a memory has what translation goes by. */
export interface TablePlaces {
  readonly buffer: ArrayBuffer;
  readonly asidAt: number;
  readonly satpAt: number;
  readonly ramAt: number;
  readonly ramBytes: number;
}

/** Page tables in a memory, and the machine's way through them. */
export class Tables {
  readonly #places: TablePlaces;
  readonly #words: BigUint64Array;
  readonly #asid: Int32Array;
  readonly #mmu: Mmu;

  constructor(places: TablePlaces, entriesOf: readonly Entry[]) {
    const { buffer, asidAt, ramAt, ramBytes } = places;
    this.#places = places;
    this.#words = new BigUint64Array(buffer);
    this.#asid = new Int32Array(buffer, asidAt, 1);
    const tagsAt = ramAt + ramBytes;
    const memory = { buffer, bytesAt: ramAt, tagsAt, marksAt: tagsAt + ramBytes / 16 };
    this.#mmu = new Mmu(new Memory({ base: RAM, sizeBytes: ramBytes, places: memory }), new Pmp(), false);
    for (const half of [0, 511]) this.#put(ROOT + 8 * half, pte(MIDDLE, V));
    for (let region = 0; region <= REGIONS; region += 1) this.putRegion(region, entriesOf[region]!);
    entriesOf.forEach(({ kind, global }, page) => {
      const bits = kind === "none" ? 0 : ALL | (global ? GLOBAL : 0);
      this.#put(LOWEST + 8 * page, pte(RAM + PAGE_BYTES * page, bits));
    });
  }

  /** Has a region lie behind the lowest table, or in one page. */
  putRegion(region: number, { kind, global }: Entry): void {
    const [large, table] = [pte(RAM, ALL), pte(region === REGIONS ? RAM + this.#places.ramBytes : LOWEST, V)];
    const value = kind === "none" ? 0n : kind === "large" ? large : table;
    this.#put(MIDDLE + 8 * region, value | BigInt(global ? GLOBAL : 0));
  }

  /** Translates in an address space from now on. */
  enter(asid: number): Mmu {
    this.#asid[0] = asid;
    this.#words[this.#places.satpAt / 8] = satp(ROOT, asid);
    const bits = { sum: false, mxr: false, adue: true, yrge: false, uyrg: false, syrg: false };
    const modes = { mode: Mode.supervisor, dataMode: Mode.supervisor };
    const state: TranslationState = { ...modes, ...bits, satp: satp(ROOT, asid), asid };
    this.#mmu.configure(state);
    return this.#mmu;
  }

  #put(phys: number, value: bigint): void {
    this.#words[(this.#places.ramAt + phys - RAM) / 8] = value;
  }
}
