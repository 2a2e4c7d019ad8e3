// The code that follows page tables to a leaf: what `Mmu.walk` (sim/machine/mmu.ts) finds, where that finds one.
//
// It is asked about addresses that have been accessed: that their entries are none of those that fault was seen to then, and a change
// of a table since would have been noticed.
import { LEVELS, PTE, PTE_BYTES, VPN_BITS } from "../../../machine/mmu.ts";
import { PAGE_BITS } from "../../../machine/memory.ts";
import { i32, i64, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { I32 } from "../wasm.ts";

const { const: word } = i32;

/** Where the machine has what translation goes by, in linear memory. */
export interface Paging {
  readonly asidAt: number;
  readonly satpAt: number;
  readonly ramAt: number;
  /** Physical address of RAM. */
  readonly ramBase: number;
  readonly ramBytes: number;
}

/** A leaf is a word: log2 of its 4 KiB pages, and from this bit on whether it is global. */
export const LEAF_GLOBAL_BIT = 8;
export const leafShift = (leaf: Term): Term => i32.and(leaf, word(2 ** LEAF_GLOBAL_BIT - 1));
export const leafIsGlobal = (leaf: Term): Term => i32.shrU(leaf, word(LEAF_GLOBAL_BIT));

/** Of the root's entries. */
export const ROOT_SHIFT = VPN_BITS * (LEVELS - 1);
const PPN_BITS = 44n;
const PTE_PPN_BIT = 10n;

const physOf = (ppn: Term): Term =>
  i64.shl(i64.and(ppn, i64.const((1n << PPN_BITS) - 1n)), i64.const(BigInt(PAGE_BITS)));
export const rootOf = ({ satpAt }: Paging): Term => physOf(i64.load(word(0), satpAt));
/** The table to which an entry leads that is no leaf. */
export const tableOf = (entry: Term): Term => physOf(i64.shrU(entry, i64.const(PTE_PPN_BIT)));
/** The byte of linear memory at a physical address in RAM. */
export const placeOf = (phys: Term, { ramAt, ramBase }: Paging): Term => i32.add(i32.low(phys), word(ramAt - ramBase));
/** From a table's begin to its entry for a page, where its entries are for so many pages. */
export const entryOffset = (page: Term, shift: Term): Term =>
  i32.mul(i32.and(i32.shrU(page, shift), word(2 ** VPN_BITS - 1)), word(PTE_BYTES));

/** `leafOf(page)`: the leaf of a page; -1 where tables in RAM lead to none. */
export function leafFunction(module: Functions, paging: Paging): Callee {
  return module.define([I32], I32, (f, page) => {
    const table = f.let(rootOf(paging));
    const isGlobal = f.let(word(0));
    for (let level = LEVELS - 1; level >= 0; level -= 1) {
      const entry = entryFrom(f, table, page, level, paging);
      f.set(isGlobal, i32.or(isGlobal, i32.and(entry, word(PTE.G))));
      f.if(i32.and(entry, word(PTE.R | PTE.X)), () => {
        const globalBit = i32.shl(isGlobal, word(LEAF_GLOBAL_BIT - Math.log2(PTE.G)));
        f.return(i32.or(word(VPN_BITS * level), globalBit));
      });
    }
    return word(-1);
  });
}

/** The low half of a table's valid entry for a page; the table is the one to which that leads from then on. */
function entryFrom(f: Statements, table: Local, page: Local, level: number, paging: Paging): Local {
  const { ramBase, ramBytes } = paging;
  const isInRam = i64.ltU(i64.sub(table, i64.const(BigInt(ramBase))), i64.const(BigInt(ramBytes)));
  f.rarely(i32.not(isInRam), () => f.return(word(-1)));
  const place = i32.add(placeOf(table, paging), entryOffset(page, word(VPN_BITS * level)));
  const entry = f.let(i64.load(place));
  const low = f.let(i32.low(entry));
  f.rarely(i32.not(i32.and(low, word(PTE.V))), () => f.return(word(-1)));
  if (level > 0) f.set(table, tableOf(entry));
  return low;
}
