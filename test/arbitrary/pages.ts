// Random page tables of three pages: superpages and small ones that alias the program's memory, mostly usable, often not.
import type { Random } from "./random.ts";

/** Where the tables stand, as offsets from the base of RAM: root, middle and lowest level. */
export const TABLES = 0x4000;
const MIDDLE = 0x5000;
export const LOWEST = 0x6000;
export const TABLE_BYTES = 0x3000;
const BASE = 0x8000_0000n;
const PAGES = 8;

/** Virtual addresses at which the whole of RAM appears: itself, two megapages, two gigapages, small pages. */
export const WINDOWS = [0x8000_0000n, 0x8020_0000n, 0x8040_0000n, 0n, 0xffff_ffff_c000_0000n, 0x8000_8000n] as const;
/** The one from which supervisor code runs whatever the other pages allow. */
export const SUPERVISOR_WINDOW = 0x8020_0000n;

const V = 1n;
const R = 2n;
const W = 4n;
const X = 8n;
const U = 16n;
const A = 64n;
const D = 128n;
const Y = 1n << 58n;
const YR = 1n << 55n;
const YRG = 1n << 56n;
const YW = 1n << 57n;
/** Bits whose absence, or presence, makes an entry fault or act otherwise. */
const PERTURBED = [
  V,
  R,
  W,
  X,
  U,
  A,
  D,
  Y,
  YR,
  YRG,
  YW,
  1n << 10n,
  1n << 19n,
  1n << 54n,
  1n << 59n,
  1n << 61n,
  1n << 63n,
];

/** What the pages are for. */
export interface PageUse {
  /** The body runs in U-mode: its pages are user pages. */
  readonly user: boolean;
  /** Svyrg is on: all four bits of the Y field have a meaning. */
  readonly generations: boolean;
}

/** The bytes of the tables. */
export function randomTables(random: Random, use: PageUse): Uint8Array {
  const bytes = new Uint8Array(TABLE_BYTES);
  const view = new DataView(bytes.buffer);
  const entry = (table: number, index: number, pte: bigint): void =>
    view.setBigUint64(table - TABLES + 8 * index, pte, true);
  const at = (offset: number): bigint => ((BASE + BigInt(offset)) >> 12n) << 10n;
  const pointer = (offset: number): bigint => at(offset) | V | (random.chance(0.01) ? random.pick([U, A, D, Y]) : 0n);
  const leaf = (offset: number, flags: bigint): bigint => at(offset) | flags;
  const data = (): bigint => perturb(random, V | R | W | A | D | tags(random, use) | userBit(random, use));
  const code = (): bigint =>
    V | R | X | A | D | (random.chance(0.8) ? W : 0n) | tags(random, use) | (use.user ? U : 0n);
  const anything = (): bigint => (random.chance(0.7) ? data() : perturb(random, code()));

  entry(TABLES, 0, leaf(0, anything()));
  entry(TABLES, 1, leaf(0x1000, anything()));
  entry(TABLES, 2, random.chance(0.95) ? pointer(MIDDLE) : leaf(0, code()));
  entry(TABLES, 511, leaf(0, anything()));
  entry(MIDDLE, 0, random.chance(0.9) ? pointer(LOWEST) : leaf(0, code()));
  entry(MIDDLE, 1, leaf(0, V | R | W | X | A | D | tags(random, use)));
  entry(MIDDLE, 2, leaf(0, anything()));
  entry(MIDDLE, 3, leaf(0x3000, anything()));
  for (let page = 0; page < PAGES; page += 1) {
    entry(LOWEST, page, leaf(0x1000 * page, page < 2 ? code() : data()));
    entry(LOWEST, PAGES + page, leaf(0x1000 * page, anything()));
  }
  return bytes;
}

const userBit = (random: Random, use: PageUse): bigint => (random.chance(use.user ? 0.85 : 0.3) ? U : 0n);

/** The Y field: capabilities may be loaded and stored, mostly. */
function tags(random: Random, use: PageUse): bigint {
  if (!use.generations) return random.chance(0.85) ? Y : 0n;
  const field = YR | YW | Y | (random.chance(0.3) ? YRG : 0n);
  return random.chance(0.7) ? field : field & ~random.pick([YR, YW, Y]);
}

function perturb(random: Random, pte: bigint): bigint {
  return random.chance(0.3) ? pte ^ random.pick(PERTURBED) : pte;
}
