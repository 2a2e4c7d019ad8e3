// The second model's capabilities: RV64LYA metadata, bounds and permissions, line by line from the text of the standard.
//
// Nothing here is shared with the simulator. Section names in comments are anchors of riscv-cheri 47b031e0.

/** The optional extensions that a hart may have beside RV64Y. */
export interface Extensions {
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
  readonly svyrg: boolean;
}

export interface Bounds {
  readonly malformed: boolean;
  readonly base: bigint;
  /** 65 bits: one past the last byte. */
  readonly top: bigint;
  /** The exponent is so large that no bit of the address takes part: they are the same at every address. */
  readonly anywhere: boolean;
}

/** A register or granule: tag, metadata (bits 63:32 and 31:0, as signed 32-bit numbers), address. It never changes. */
export class Cap {
  readonly tag: boolean;
  readonly high: number;
  readonly low: number;
  readonly addr: bigint;
  /** Decoded when first asked for. */
  bounds: Bounds | undefined;

  constructor(tag: boolean, high: number, low: number, addr: bigint, bounds?: Bounds) {
    this.tag = tag;
    this.high = high;
    this.low = low;
    this.addr = addr;
    this.bounds = bounds;
  }
}

/** Bits of `high` (#cap_encoding_xlen64_field_table, #cap_perms_encoding64): the P-bit, GL, and the AP-field. */
export const GL = 1 << 11;
export const P = 1 << 12;
export const C = 1 << 13;
export const W = 1 << 14;
export const R = 1 << 15;
export const X = 1 << 16;
export const ASR = 1 << 17;
export const LM = 1 << 18;
export const LG = 1 << 19;
export const SL = 1 << 20;
const AP = 0xff << 13;
const SDP = 0xf << 28;
/** Bits of `low`. */
export const CT = 1 << 27;
export const BOUNDS = 0x7ff_ffff;

const MW = 14;
const CAP_MAX_E = 52;
const TWO_64 = 1n << 64n;
/** Shift amounts as bigint. */
const SHIFT = Array.from({ length: 80 }, (_, i) => BigInt(i));

export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
export const has = (high: number, permissions: number): boolean => (high & permissions) === permissions;
export const isSealed = (cap: Cap): boolean => (cap.low & CT) !== 0;
export const integer = (value: bigint): Cap => new Cap(false, 0, 0, BigInt.asUintN(64, value));
export const NULL = integer(0n);

export const metaOf = (cap: Cap): bigint => (BigInt(cap.high >>> 0) << 32n) | BigInt(cap.low >>> 0);
export const withMeta = (tag: boolean, meta: bigint, addr: bigint): Cap =>
  new Cap(tag, Number(BigInt.asIntN(32, meta >> 32n)), Number(BigInt.asIntN(32, meta)), addr);
export const untagged = (cap: Cap): Cap => new Cap(false, cap.high, cap.low, cap.addr, cap.bounds);

/** The Infinite capability (#infinite-cap-encoding): all permissions, GL where Zylevels1 has it, Capability Pointer Mode. */
export const infinite = (x: Extensions, addr: bigint): Cap => new Cap(true, SDP | AP | (x.zylevels1 ? GL : 0), 0, addr);

/** The same in Integral Pointer Mode. */
export const integral = (x: Extensions, addr: bigint): Cap => new Cap(true, infinite(x, addr).high | P, 0, addr);

export function boundsOf(cap: Cap): Bounds {
  cap.bounds ??= decode(cap.low, cap.addr);
  return cap.bounds;
}

export function isInfinite({ base, top }: Bounds): boolean {
  return base === 0n && top === TWO_64;
}

const MALFORMED: Bounds = { malformed: true, base: 0n, top: 0n, anywhere: true };

/** #section_cap_bounds_decoding, #section_cap_bounds_correction_factors, #section_cap_malformed. */
function decode(low: number, a: bigint): Bounds {
  const EF = (low >> 26) & 1;
  const TE = (low >> 14) & 7;
  const BE = low & 7;
  const T_11_3 = (low >> 17) & 0x1ff;
  const B_13_3 = (low >> 3) & 0x7ff;
  let E: number;
  let T_11_0: number;
  let B: number;
  let LMSB: number;
  if (EF === 1) {
    E = 0;
    T_11_0 = (T_11_3 << 3) | TE;
    B = (B_13_3 << 3) | BE;
    LMSB = 0;
  } else {
    E = CAP_MAX_E - ((TE << 3) | BE);
    T_11_0 = T_11_3 << 3;
    B = B_13_3 << 3;
    LMSB = 1;
  }
  const LCout = T_11_0 < (B & 0xfff) ? 1 : 0;
  const T = ((((B >> 12) + LCout + LMSB) & 3) << 12) | T_11_0;
  const malformedMSB = (E === CAP_MAX_E && B !== 0) || (E === CAP_MAX_E - 1 && B >> 13 !== 0);
  const malformedLSB = E < 0;
  if (EF === 0 && (malformedMSB || malformedLSB)) return MALFORMED;

  const shift = SHIFT[E]!;
  let base = BigInt(B) << shift;
  let top = BigInt(T) << shift;
  const anywhere = E + MW > 64;
  if (!anywhere) {
    const A = Number(BigInt.asUintN(14, a >> shift));
    const R_ = (B - (1 << (MW - 2))) & 0x3fff;
    const correction = (x: number): bigint => (A < R_ === x < R_ ? 0n : x < R_ ? 1n : -1n);
    const upper = SHIFT[E + MW]!;
    const section = a >> upper;
    base = BigInt.asUintN(64, base + ((section + correction(B)) << upper));
    top = BigInt.asUintN(65, top + ((section + correction(T)) << upper));
  }
  // #t_bound_msb_inversion
  if (E < CAP_MAX_E - 1 && (((top >> 63n) - (base >> 63n)) & 3n) >= 2n) top ^= TWO_64;
  return { malformed: false, base, top, anywhere };
}

/** #sec_permission_transitions, #zylevels1_clrperm_table, #zyhybrid_clrperm_table: the rules as a filter on permissions. */
function legalise(high: number, x: Extensions): number {
  let h = high;
  if ((h & (R | W)) === 0) h &= ~C;
  if (!has(h, C | R)) h &= ~LM;
  if (!has(h, X)) h &= ~ASR;
  if (x.zylevels1) {
    if (!has(h, C | R)) h &= ~LG;
    if (!has(h, C | W)) h &= ~SL;
  }
  if (x.zyhybrid && !has(h, X)) h &= ~P;
  return h;
}

/** #section_cap_integrity: no reserved bit or combination, bounds not malformed. */
export function isIntact(cap: Cap, x: Extensions): boolean {
  const fields = SDP | AP | (x.zylevels1 ? GL : 0) | (x.zyhybrid ? P : 0);
  if ((cap.high & ~fields) !== 0 || (cap.low & ~(CT | BOUNDS)) !== 0) return false;
  if (!x.zylevels1 && !has(cap.high, SL | LG)) return false;
  return legalise(cap.high, x) === cap.high && !boundsOf(cap).malformed;
}

/** YADDRW: another address; the tag goes if sealed, not intact or not represented exactly (#SCADDR). */
export function setAddress(cap: Cap, addr: bigint, x: Extensions): Cap {
  if (!cap.tag || isSealed(cap) || !isIntact(cap, x)) return new Cap(false, cap.high, cap.low, addr);
  // #section_cap_representable_check: the bounds at the new address are those at the old one.
  const now = boundsOf(cap);
  const then = now.anywhere ? now : decode(cap.low, addr);
  return new Cap(now.base === then.base && now.top === then.top, cap.high, cap.low, addr, then);
}

/** The smallest encodable region around [base, base + length): its bounds fields, and whether it is just that region. */
export function encodeBounds(base: bigint, length: bigint): { bounds: number; exact: boolean; alignBits: number } {
  const field = (T: bigint, B: bigint, EF: number, TE: number, BE: number): number =>
    (EF << 26) | (Number((T >> 3n) & 0x1ffn) << 17) | (TE << 14) | (Number((B >> 3n) & 0x7ffn) << 3) | BE;
  if (length < 4096n) {
    const top = base + length;
    const bounds = field(top, base, 1, Number(top & 7n), Number(base & 7n));
    return { bounds, exact: true, alignBits: 0 };
  }
  // "E is chosen so that the most significant non-zero bit of the length of the region aligns with T[MW - 2]".
  let E = bitLength(length) - 1 - (MW - 2);
  for (;;) {
    const unit = 1n << BigInt(E + 3);
    const low = (base / unit) * unit;
    const high = ((base + length + unit - 1n) / unit) * unit;
    if (high - low >= 1n << BigInt(E + MW - 1)) {
      E += 1;
      continue;
    }
    const code = CAP_MAX_E - E;
    const bounds = field(high >> BigInt(E), low >> BigInt(E), 0, (code >> 3) & 7, code & 7);
    return { bounds, exact: low === base && high === base + length, alignBits: E + 3 };
  }
}

/** Of a number that is not 0. */
function bitLength(value: bigint): number {
  const upper = Number(value >> 32n);
  return upper === 0 ? 32 - Math.clz32(Number(value)) : upper >= 2 ** 32 ? 65 : 64 - Math.clz32(upper);
}

/** YBNDSW, YBNDSWI (exact) and YBNDSRW (rounded). */
export function setBounds(cap: Cap, length: bigint, exactly: boolean, x: Extensions): Cap {
  const encoded = encodeBounds(cap.addr, length);
  const result = new Cap(true, cap.high, (cap.low & ~BOUNDS) | encoded.bounds, cap.addr);
  const from = boundsOf(cap);
  const to = boundsOf(result);
  const within = cap.addr >= from.base && cap.addr + length <= from.top && to.base >= from.base && to.top <= from.top;
  const sound = isIntact(cap, x) && isIntact(result, x);
  return cap.tag && !isSealed(cap) && within && sound && (encoded.exact || !exactly) ? result : untagged(result);
}

/** YAMASK: which address bits may be set at the nearest representable length. */
export function representableMask(length: bigint): bigint {
  return u64(-1n << BigInt(encodeBounds(0n, length).alignBits));
}

/** #cap_subset and zylevels1.adoc, "Interaction with Capability Subsets": is `inner` one of `outer`? */
export function isSubset(inner: Cap, outer: Cap, x: Extensions): boolean {
  const permissions = SDP | AP | (x.zylevels1 ? GL : 0);
  const i = boundsOf(inner);
  const o = boundsOf(outer);
  return (
    (inner.high & ~outer.high & permissions) === 0 &&
    i.top <= o.top &&
    i.base >= o.base &&
    isIntact(inner, x) &&
    isIntact(outer, x)
  );
}

/** Bit of `high` and bit in the permissions bit field (#acperm_bit_field, #zylevels1_acperm_bit_field). */
const PERMISSION_FIELD: readonly (readonly [bit: number, position: number, zylevels1: boolean])[] = [
  [W, 0, false],
  [LM, 1, false],
  [LG, 2, true],
  [SL, 3, true],
  [GL, 4, true],
  [C, 5, false],
  [1 << 28, 6, false],
  [1 << 29, 7, false],
  [1 << 30, 8, false],
  [1 << 31, 9, false],
  [ASR, 16, false],
  [X, 17, false],
  [R, 18, false],
];

/** YPERMR (#GCPERM): unallocated bits of [23:0] are 1. */
export function readPermissions(cap: Cap, x: Extensions): bigint {
  let field = 0xff_ffff;
  const intact = isIntact(cap, x);
  for (const [bit, position, levels] of PERMISSION_FIELD) {
    if (levels && !x.zylevels1) continue;
    if (!intact || !has(cap.high, bit)) field &= ~(1 << position);
  }
  return BigInt(field);
}

/** YPERMC (#CLRPERM): the GL flag may be cleared even if the capability is sealed. */
export function clearPermissions(cap: Cap, mask: bigint, x: Extensions): Cap {
  const clear = Number(mask & 0xff_ffffn);
  let high = cap.high;
  for (const [bit, position, levels] of PERMISSION_FIELD) {
    if ((!levels || x.zylevels1) && ((clear >> position) & 1) !== 0) high &= ~bit;
  }
  high = legalise(high, x);
  if (!x.zylevels1) high |= LG | SL; // "reserved one" in what the format encodes
  const affected = ((high ^ cap.high) & ~GL) !== 0;
  const tag = cap.tag && isIntact(cap, x) && !(isSealed(cap) && affected);
  return new Cap(tag, high, cap.low, cap.addr);
}

/** YMODEW (#SCMODE): the P-bit of a capability that grants X; 1 is Integral Pointer Mode. */
export function setMode(cap: Cap, mode: bigint, x: Extensions): Cap {
  if (isSealed(cap) || !isIntact(cap, x)) return untagged(cap);
  if (!has(cap.high, X)) return cap;
  return new Cap(cap.tag, (mode & 1n) === 1n ? cap.high | P : cap.high & ~P, cap.low, cap.addr);
}

/** YMODER (#GCMODE) */
export function readMode(cap: Cap, x: Extensions): bigint {
  return has(cap.high, X | P) && isIntact(cap, x) ? 1n : 0n;
}

/** What LY does to a capability that it loads: #LOAD_CAP steps 2 and 3, #zylevels1_load_summary. */
export function filterLoaded(loaded: Cap, authority: number, x: Extensions): Cap {
  if (!loaded.tag || !has(authority, C)) return untagged(loaded);
  let high = loaded.high;
  const sealed = isSealed(loaded);
  if (!has(authority, LM) && !sealed) high &= ~(W | LM);
  if (x.zylevels1 && !has(authority, LG)) high &= sealed ? ~GL : ~(GL | LG);
  if (high === loaded.high) return loaded;
  // The reductions are implicit YPERMCs: what depends on a permission goes with it.
  return new Cap(true, sealed ? high : legalise(high, x), loaded.low, loaded.addr);
}

/** The tag that SY stores: #STORE_CAP, #zylevels1_store_summary. */
export function storedTag(value: Cap, authority: number, x: Extensions): boolean {
  if (!value.tag || !has(authority, C)) return false;
  return !x.zylevels1 || has(value.high, GL) || has(authority, SL);
}
