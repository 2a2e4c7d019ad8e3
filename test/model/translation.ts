// The second model's address translation: Sv39 as the algorithm of supervisor.adoc (#sv32algorithm) has it, step by step.
//
// There is no TLB: a platform may always use what the tables in memory say.
import { isInfinite, type Bounds } from "./capability.ts";
import { pmpAllows, PMP_R, PMP_W } from "./pmp.ts";
import { MACHINE, MPP_AT, MPRV, MXR, SUM, SUPERVISOR, SYRG, Trap, USER, UYRG, YRGE, type State } from "./state.ts";

/** `manage`: CBO.INVAL, .CLEAN and .FLUSH; `storeTag`: a store or AMO of a capability whose tag is set. */
export type Access = "fetch" | "load" | "store" | "storeTag" | "manage";

const ACCESS_FAULT = { fetch: 1, load: 5, store: 7, storeTag: 7, manage: 7 } as const;
const PAGE_FAULT = { fetch: 12, load: 13, store: 15, storeTag: 15, manage: 15 } as const;
const CHERI_LOAD_CAPABILITY_FAULT = 35;
const CHERI_STORE_PAGE_FAULT = 36;

const V = 1n << 0n;
const R = 1n << 1n;
const W = 1n << 2n;
const X = 1n << 3n;
const U = 1n << 4n;
const A = 1n << 6n;
const D = 1n << 7n;
/** pte.y without Svyrg or while it is off, and its four fields while it is on. */
const Y = 1n << 58n;
const YR = 1n << 55n;
const YRG = 1n << 56n;
const YW = 1n << 57n;
const YD = 1n << 58n;
const PPN_AT = 10n;
const PPN = (1n << 44n) - 1n;
const PTE_BYTES = 8;
/** N, PBMT, bits 60:59 and 54 (sv39pte), for want of Svnapot and Svpbmt. */
const RESERVED = (1n << 63n) | (3n << 61n) | (3n << 59n) | (1n << 54n);
/** pte.y[2:0]. */
const Y_RESERVED = YR | YRG | YW;
const ADUE = 1n << 61n;
const SV39 = 8n;

/** For loads and stores MPRV lends the mode in MPP. */
export function dataMode(s: State): number {
  return s.mode === MACHINE && (s.status & MPRV) !== 0 ? (s.status >> MPP_AT) & 3 : s.mode;
}

/** Is translation in effect in a mode? */
export function translates(s: State, mode: number): boolean {
  return mode !== MACHINE && s.x.satp >> 60n === SV39;
}

/** Bits 63:39 must equal bit 38. */
export const isValidAddress = (addr: bigint): boolean => BigInt.asIntN(39, addr) === BigInt.asIntN(64, addr);

/** #section_invalid_addr_conv: may these bounds not be decoded at this address, in a mode? */
export function isUndecodable(s: State, mode: number, addr: bigint, bounds: Bounds): boolean {
  return translates(s, mode) && !isValidAddress(addr) && !isInfinite(bounds);
}

/** Where a translation ended: a leaf, none where nothing is translated. */
export interface Translated {
  readonly phys: number;
  readonly leaf: bigint | undefined;
}

/** The physical address, or a trap; the page's Y field is checked for what is stored, not for what is loaded. */
export function translate(s: State, mode: number, va: bigint, access: Access): Translated {
  if (!translates(s, mode)) return { phys: Number(va), leaf: undefined };
  const pageFault = (): never => {
    throw new Trap(PAGE_FAULT[access], va);
  };
  if (!isValidAddress(va)) pageFault();
  let a = (s.x.satp & PPN) << 12n;
  for (let i = 2; ; i -= 1) {
    const at = Number(a) + PTE_BYTES * Number((va >> BigInt(12 + 9 * i)) & 0x1ffn);
    accessTable(s, at, PMP_R, access, va);
    const pte = s.read(at, PTE_BYTES);
    if (isInvalid(s, pte)) pageFault();
    if ((pte & (R | X)) === 0n) {
      if (i === 0 || (pte & (U | A | D)) !== 0n) pageFault(); // reserved in a pointer to the next level
      a = ((pte >> PPN_AT) & PPN) << 12n;
      continue;
    }
    const offsetBits = BigInt(12 + 9 * i);
    const base = ((pte >> PPN_AT) & PPN) << 12n;
    if (BigInt.asUintN(Number(offsetBits), base) !== 0n) pageFault(); // a misaligned superpage
    requirePermission(s, mode, pte, access, va);
    const leaf = mark(s, at, pte, access, va);
    return { phys: Number(base | BigInt.asUintN(Number(offsetBits), va)), leaf };
  }
}

/** Step 2: the walker reads and writes tables as S-mode does, in RAM. */
function accessTable(s: State, at: number, needed: number, access: Access, va: bigint): void {
  if (!s.inRam(at, PTE_BYTES) || !pmpAllows(s, SUPERVISOR, at, PTE_BYTES, needed)) {
    throw new Trap(ACCESS_FAULT[access], va);
  }
}

/** Step 3. */
function isInvalid(s: State, pte: bigint): boolean {
  const reserved = RESERVED | ((s.statusHigh & YRGE) !== 0 ? 0n : Y_RESERVED);
  return (pte & V) === 0n || (pte & (R | W)) === W || (pte & reserved) !== 0n;
}

/** Steps 6 to 9. */
function requirePermission(s: State, mode: number, pte: bigint, access: Access, va: bigint): void {
  const user = (pte & U) !== 0n;
  const mayReachUser = (s.status & SUM) !== 0 && access !== "fetch";
  const reachable = mode === USER ? user : !user || mayReachUser;
  if (!reachable) throw new Trap(PAGE_FAULT[access], va);
  const storesTags = (s.statusHigh & YRGE) !== 0 ? YW : Y;
  if (access === "storeTag" && (pte & storesTags) === 0n) throw new Trap(CHERI_STORE_PAGE_FAULT, va);
  const load = (pte & R) !== 0n || ((s.status & MXR) !== 0 && (pte & X) !== 0n);
  const store = (pte & W) !== 0n;
  const permitted = { fetch: (pte & X) !== 0n, load, store, storeTag: store, manage: load || store }[access];
  if (!permitted) throw new Trap(PAGE_FAULT[access], va);
}

/** Step 10: accessed, dirty and capability-dirty, by a fault (Svade) or in the table (Svadu). */
function mark(s: State, at: number, pte: bigint, access: Access, va: bigint): bigint {
  const stores = access === "store" || access === "storeTag";
  const tracks = access === "storeTag" && (s.statusHigh & YRGE) !== 0;
  const marked = pte | A | (stores ? D : 0n) | (tracks ? YD : 0n);
  if (marked === pte) return pte;
  if ((s.x.menvcfg & ADUE) === 0n) {
    // With A or D clear as well the texts differ: docs/decisions/open-choices.md.
    const lacksYd = ((marked ^ pte) & YD) !== 0n;
    throw new Trap(lacksYd ? CHERI_STORE_PAGE_FAULT : PAGE_FAULT[access], va);
  }
  accessTable(s, at, PMP_W, access, va);
  s.write(at, PTE_BYTES, marked);
  return marked;
}

/** The tag of a capability that is loaded through a page by an authority that grants C; or a trap (#pte_rvy_load_summary). */
export function loadedTag(s: State, leaf: bigint | undefined, tag: boolean, va: bigint): boolean {
  if (leaf === undefined || !tag) return tag;
  if ((s.statusHigh & YRGE) === 0) return (leaf & Y) !== 0n;
  const generation = (leaf & YRG) !== 0n;
  if ((leaf & YR) === 0n) return generation;
  const current = (s.statusHigh & ((leaf & U) !== 0n ? UYRG : SYRG)) !== 0;
  if (generation !== current) throw new Trap(CHERI_LOAD_CAPABILITY_FAULT, va);
  return true;
}

/** The bytes of an access that lie in its first page, where pages are translated one by one. */
export function bytesInFirstPage(s: State, mode: number, va: bigint, bytes: number): number {
  const left = 4096 - Number(BigInt.asUintN(12, va));
  return left < bytes && translates(s, mode) ? left : bytes;
}
