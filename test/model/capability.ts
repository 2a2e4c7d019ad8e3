// The second model's capabilities: RV64LYA metadata, bounds and permissions, line by line from the text of the standard.
//
// Nothing here is shared with the simulator. Section names in comments are anchors of riscv-cheri 47b031e0.

/** A register or granule: tag, upper half, lower half. */
export interface Cap {
  readonly tag: boolean;
  readonly meta: bigint;
  readonly addr: bigint;
}

export interface Bounds {
  readonly malformed: boolean;
  readonly base: bigint;
  /** 65 bits: one past the last byte. */
  readonly top: bigint;
}

/** Permissions, the GL flag and the CT bit, as bits of the metadata (#cap_encoding_xlen64_field_table, #cap_perms_encoding64). */
export const C = 1n << 45n;
export const W = 1n << 46n;
export const R = 1n << 47n;
export const X = 1n << 48n;
export const ASR = 1n << 49n;
export const LM = 1n << 50n;
export const LG = 1n << 51n;
export const SL = 1n << 52n;
export const GL = 1n << 43n;
export const CT = 1n << 27n;
const SDP = 0xfn << 60n;
const BOUNDS = 0x7ff_ffffn;

const MW = 14;
const CAP_MAX_E = 52;
const MASK_64 = (1n << 64n) - 1n;
const MASK_65 = (1n << 65n) - 1n;
const TWO_64 = 1n << 64n;

export const NULL: Cap = { tag: false, meta: 0n, addr: 0n };

export const u64 = (value: bigint): bigint => value & MASK_64;
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
export const has = (meta: bigint, ...permissions: readonly bigint[]): boolean =>
  permissions.every((p) => (meta & p) !== 0n);
export const isSealed = (cap: Cap): boolean => (cap.meta & CT) !== 0n;
export const integer = (addr: bigint): Cap => ({ tag: false, meta: 0n, addr });

/** The Infinite capability's metadata (#infinite-cap-encoding): all permissions, GL where Zylevels1 has it. */
export const infiniteMeta = (zylevels1: boolean): bigint => SDP | (0xffn << 45n) | (zylevels1 ? GL : 0n);

/** The bounds last decoded: one step asks for those of the same pcc several times. */
const last = { meta: -1n, addr: 0n, bounds: { malformed: true, base: 0n, top: 0n } as Bounds };

export function decodeBounds(meta: bigint, addr: bigint): Bounds {
  if (last.addr !== addr || last.meta !== meta) {
    last.bounds = decode(meta, addr);
    last.meta = meta;
    last.addr = addr;
  }
  return last.bounds;
}

/** #section_cap_bounds_decoding, #section_cap_bounds_correction_factors, #section_cap_malformed. */
function decode(meta: bigint, a: bigint): Bounds {
  const low = Number(meta & BOUNDS);
  const EF = low >> 26;
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
  if (EF === 0 && (malformedMSB || malformedLSB)) return { malformed: true, base: 0n, top: 0n };

  const shift = BigInt(E);
  const A = Number((a >> shift) & 0x3fffn);
  const R_ = (B - (1 << (MW - 2))) & 0x3fff;
  const correction = (x: number): bigint => (A < R_ === x < R_ ? 0n : x < R_ ? 1n : -1n);
  const upper = BigInt(E + MW);
  const section = E + MW > 64 ? 0n : a >> upper;
  const ct = E + MW > 64 ? 0n : correction(T);
  const cb = E + MW > 64 ? 0n : correction(B);
  const base = (((section + cb) << upper) | (BigInt(B) << shift)) & MASK_64;
  let top = (((section + ct) << upper) | (BigInt(T) << shift)) & MASK_65;
  // #t_bound_msb_inversion
  if (E < CAP_MAX_E - 1 && (((top >> 63n) - (base >> 63n)) & 3n) >= 2n) top ^= TWO_64;
  return { malformed: false, base, top };
}

/** #sec_permission_transitions and #zylevels1_clrperm_table: the rules as a filter on the AP-field. */
function legalise(meta: bigint, zylevels1: boolean): bigint {
  let m = meta;
  if (!has(m, R) && !has(m, W)) m &= ~C;
  if (!has(m, C, R)) m &= ~LM;
  if (!has(m, X)) m &= ~ASR;
  if (zylevels1) {
    if (!has(m, C, R)) m &= ~LG;
    if (!has(m, C, W)) m &= ~SL;
  }
  return m;
}

/** Bits that are neither a field nor one that an extension brings (#section_cap_encoding). */
const FIELDS = SDP | (0xffn << 45n) | CT | BOUNDS;

/** #section_cap_integrity. NULL, which is untagged, is taken as sound although its AP lacks the reserved ones. */
export function isIntact(cap: Cap, zylevels1: boolean): boolean {
  const reservedZero = ~(FIELDS | (zylevels1 ? GL : 0n)) & MASK_64;
  if ((cap.meta & reservedZero) !== 0n) return false;
  if (!zylevels1 && !has(cap.meta, SL, LG)) return false;
  if (legalise(cap.meta, zylevels1) !== cap.meta) return false;
  return !decodeBounds(cap.meta, cap.addr).malformed;
}

/** YADDRW: another address; the tag goes if sealed, not intact or not represented exactly (#SCADDR). */
export function setAddress(cap: Cap, addr: bigint, zylevels1: boolean): Cap {
  const tag = cap.tag && !isSealed(cap) && isIntact(cap, zylevels1) && representable(cap, addr);
  return { tag, meta: cap.meta, addr };
}

/** #section_cap_representable_check */
export function representable(cap: Cap, addr: bigint): boolean {
  const now = decodeBounds(cap.meta, cap.addr);
  const then = decodeBounds(cap.meta, addr);
  return now.base === then.base && now.top === then.top;
}

/** The smallest encodable region around [base, base + length): its bounds fields, and whether it is just that region. */
function encodeBounds(base: bigint, length: bigint): { bounds: bigint; exact: boolean; alignBits: number } {
  const field = (T: bigint, B: bigint, EF: bigint, TE: bigint, BE: bigint): bigint =>
    (EF << 26n) | (((T >> 3n) & 0x1ffn) << 17n) | (TE << 14n) | (((B >> 3n) & 0x7ffn) << 3n) | BE;
  if (length < 4096n) {
    const top = base + length;
    return { bounds: field(top, base, 1n, top & 7n, base & 7n), exact: true, alignBits: 0 };
  }
  // "E is chosen so that the most significant non-zero bit of the length of the region aligns with T[MW - 2]".
  let E = length.toString(2).length - 1 - (MW - 2);
  for (;;) {
    const unit = 1n << BigInt(E + 3);
    const low = (base / unit) * unit;
    const high = ((base + length + unit - 1n) / unit) * unit;
    if (high - low >= 1n << BigInt(E + MW - 1)) {
      E += 1;
      continue;
    }
    const code = BigInt(CAP_MAX_E - E);
    const bounds = field(high >> BigInt(E), low >> BigInt(E), 0n, (code >> 3n) & 7n, code & 7n);
    return { bounds, exact: low === base && high === base + length, alignBits: E + 3 };
  }
}

/** YBNDSW, YBNDSWI (exact) and YBNDSRW (rounded). */
export function setBounds(cap: Cap, length: bigint, exactly: boolean, zylevels1: boolean): Cap {
  const encoded = encodeBounds(cap.addr, length);
  const result = { tag: false, meta: (cap.meta & ~BOUNDS) | encoded.bounds, addr: cap.addr };
  const from = decodeBounds(cap.meta, cap.addr);
  const to = decodeBounds(result.meta, result.addr);
  const within = cap.addr >= from.base && cap.addr + length <= from.top && to.base >= from.base && to.top <= from.top;
  const sound = isIntact(cap, zylevels1) && isIntact(result, zylevels1);
  const tag = cap.tag && !isSealed(cap) && within && sound && (encoded.exact || !exactly);
  return { ...result, tag };
}

/** YAMASK: which address bits may be set at the nearest representable length. */
export function representableMask(length: bigint): bigint {
  return u64(-1n << BigInt(encodeBounds(0n, length).alignBits));
}

/** #cap_subset and zylevels1.adoc, "Interaction with Capability Subsets": is `inner` one of `outer`? */
export function isSubset(inner: Cap, outer: Cap, zylevels1: boolean): boolean {
  const permissions = SDP | (0xffn << 45n) | (zylevels1 ? GL : 0n);
  const i = decodeBounds(inner.meta, inner.addr);
  const o = decodeBounds(outer.meta, outer.addr);
  return (
    (inner.meta & ~outer.meta & permissions) === 0n &&
    i.top <= o.top &&
    i.base >= o.base &&
    isIntact(inner, zylevels1) &&
    isIntact(outer, zylevels1)
  );
}

/** Metadata bit and bit in the permissions bit field (#acperm_bit_field, #zylevels1_acperm_bit_field). */
const PERMISSION_FIELD: readonly (readonly [meta: bigint, position: bigint, zylevels1: boolean])[] = [
  [W, 0n, false],
  [LM, 1n, false],
  [LG, 2n, true],
  [SL, 3n, true],
  [GL, 4n, true],
  [C, 5n, false],
  [1n << 60n, 6n, false],
  [1n << 61n, 7n, false],
  [1n << 62n, 8n, false],
  [1n << 63n, 9n, false],
  [ASR, 16n, false],
  [X, 17n, false],
  [R, 18n, false],
];

/** YPERMR (#GCPERM): unallocated bits of [23:0] are 1. */
export function readPermissions(cap: Cap, zylevels1: boolean): bigint {
  let field = 0xff_ffffn;
  const intact = isIntact(cap, zylevels1);
  for (const [meta, position, levels] of PERMISSION_FIELD) {
    if (levels && !zylevels1) continue;
    if (!intact || !has(cap.meta, meta)) field &= ~(1n << position);
  }
  return field;
}

/** YPERMC (#CLRPERM): the GL flag may be cleared even if the capability is sealed. */
export function clearPermissions(cap: Cap, mask: bigint, zylevels1: boolean): Cap {
  let meta = cap.meta;
  for (const [bit, position, levels] of PERMISSION_FIELD) {
    if ((!levels || zylevels1) && ((mask >> position) & 1n) !== 0n) meta &= ~bit;
  }
  meta = legalise(meta, zylevels1);
  const affected = ((meta ^ cap.meta) & ~GL) !== 0n;
  const tag = cap.tag && isIntact(cap, zylevels1) && !(isSealed(cap) && affected);
  return { tag, meta, addr: cap.addr };
}

/** What LY does to a capability that it loads: #LOAD_CAP steps 2 and 3, #zylevels1_load_summary. */
export function filterLoaded(loaded: Cap, authority: bigint, zylevels1: boolean): Cap {
  if (!loaded.tag || !has(authority, C)) return { ...loaded, tag: false };
  let meta = loaded.meta;
  const sealed = isSealed(loaded);
  if (!has(authority, LM) && !sealed) meta &= ~(W | LM);
  if (zylevels1 && !has(authority, LG)) meta &= sealed ? ~GL : ~(GL | LG);
  // The reductions are implicit YPERMCs: what depends on a permission goes with it.
  return { ...loaded, meta: meta === loaded.meta || sealed ? meta : legalise(meta, zylevels1) };
}

/** The tag that SY stores: #STORE_CAP, #zylevels1_store_summary. */
export function storedTag(value: Cap, authority: bigint, zylevels1: boolean): boolean {
  if (!value.tag || !has(authority, C)) return false;
  return !zylevels1 || has(value.meta, GL) || has(authority, SL);
}
