// The standard's words on capabilities as a checker needs them, written from the text and sharing nothing with isa/cap.
import { plainBounds } from "../drivers/plain-bounds.ts";

/** A capability as the checker sees it. */
export interface Cap {
  readonly tag: bigint;
  readonly meta: bigint;
  readonly addr: bigint;
}

/** Bits of the metadata word of RV64LYA (#cap_encoding_xlen64_field_table, #cap_perms_encoding64). */
export const BIT = {
  C: 1n << 45n,
  W: 1n << 46n,
  R: 1n << 47n,
  X: 1n << 48n,
  ASR: 1n << 49n,
  LM: 1n << 50n,
  LG: 1n << 51n,
  SL: 1n << 52n,
  GL: 1n << 43n,
  /** The pointer mode, with Zyhybrid. */
  P: 1n << 44n,
  sealed: 1n << 27n,
} as const;
const SDP = 0xfn << 60n;
const AP = 0xffn << 45n;
/** All permissions, no bounds but the address space (#infinite-cap-encoding); GL with Zylevels1 alone. */
export const ALL_PERMISSIONS = SDP | AP;
const RIGHTS = ALL_PERMISSIONS | BIT.GL;

export const GRANULE_BYTES = 16n;

export const isSealed = (c: Cap): boolean => (c.meta & BIT.sealed) !== 0n;
export const has = (c: Cap, bits: bigint): boolean => (c.meta & bits) === bits;
export const isTagged = (c: Cap): boolean => c.tag === 1n;
export const equal = (a: Cap, b: Cap): boolean => a.tag === b.tag && a.meta === b.meta && a.addr === b.addr;

/** #cap_subset, with the rule that Zylevels1 adds; of tagged capabilities, whose integrity is given. */
export function isSubset(inner: Cap, outer: Cap): boolean {
  const [i, o] = [plainBounds(inner.meta, inner.addr), plainBounds(outer.meta, outer.addr)];
  const rights = (inner.meta & RIGHTS & ~outer.meta) === 0n;
  return rights && !i.malformed && i.base >= o.base && i.top <= o.top;
}

/** Does the authority allow every byte of [addr, addr + bytes) to be accessed with these permissions (#sec_cap_checks)? */
export function authorises(authority: Cap, addr: bigint, bytes: bigint, permissions: bigint): boolean {
  const { malformed, base, top } = plainBounds(authority.meta, authority.addr);
  if (!isTagged(authority) || isSealed(authority) || !has(authority, permissions) || malformed) return false;
  return addr >= base && addr + bytes <= top;
}

/**
 * May a tagged capability be made of these? Restriction of an unsealed one, sealed or not (YSENTRY, YBLD, YSUNSEAL with a
 * superset); of a sealed one only GL may be cleared.
 */
export function isDerivable(c: Cap, sources: readonly Cap[]): boolean {
  return sources.some((s) => {
    if (!isTagged(s)) return false;
    if (!isSealed(s)) return isSubset(c, s);
    return c.addr === s.addr && (c.meta === s.meta || c.meta === (s.meta & ~BIT.GL));
  });
}

/** What LY gives of a tagged capability through an authority that has R and C (#LOAD_CAP, #zylevels1_load_summary). */
function throughAuthority(c: Cap, authority: Cap, zylevels1: boolean): Cap {
  let lost = isSealed(c) || has(authority, BIT.LM) ? 0n : BIT.W | BIT.LM;
  if (zylevels1 && !has(authority, BIT.LG)) lost |= isSealed(c) ? BIT.GL : BIT.GL | BIT.LG;
  let meta = c.meta & ~lost;
  // Permissions that need one of those lost go with it (#base_clrperm_rule_summary).
  if ((meta & (BIT.R | BIT.W)) === 0n) meta &= ~BIT.C;
  if ((meta & (BIT.C | BIT.R)) !== (BIT.C | BIT.R)) meta &= zylevels1 ? ~(BIT.LM | BIT.LG) : ~BIT.LM;
  if (zylevels1 && (meta & (BIT.C | BIT.W)) !== (BIT.C | BIT.W)) meta &= ~BIT.SL;
  return { ...c, meta };
}

/** Every tagged capability in memory, by its address. */
export type TaggedMemory = readonly (readonly [address: bigint, value: Cap])[];

/** Capabilities that code holding `roots` can come by: those in memory that it can read, and those that they lead to. */
export function reachable(roots: readonly Cap[], memory: TaggedMemory, zylevels1: boolean): Cap[] {
  const found: Cap[] = [];
  const seen = new Set<string>();
  const add = (c: Cap): void => {
    const key = `${c.meta},${c.addr}`;
    if (!isTagged(c) || seen.has(key)) return;
    seen.add(key);
    found.push(c);
  };
  roots.forEach(add);
  for (const c of found) {
    for (const [address, value] of memory) {
      if (authorises(c, address, GRANULE_BYTES, BIT.R | BIT.C)) add(throughAuthority(value, c, zylevels1));
    }
  }
  return found;
}
