// Permissions of a capability: their dependencies, the word in which YPERMR and YPERMC show them, and integrity.
import { GL, GLOBAL, INTEGRAL, maskOf, PERMISSION, reservedBits, SDP, AP, type Field } from "./format.ts";
import type { Arithmetic, Format } from "../semantics.ts";

const { C, W, R, X: EXECUTE, ASR, LM, LG, SL } = PERMISSION;

type Machine<X> = Arithmetic<X> & Format;

/** Is every bit of `mask` set? */
export function hasAll<X>(m: Arithmetic<X>, meta: X, mask: bigint): X {
  return m.eq(m.and(meta, m.const(mask)), m.const(mask));
}

/**
 * Encodes the permissions that are left: drops what lacks its prerequisites (#base_clrperm_rule_summary,
 * #zylevels1_clrperm_table, #zyhybrid_clrperm_table); LG and SL are "reserved one" without Zylevels1 (#section_cap_encoding64).
 */
export function legalise<X>(m: Machine<X>, metadata: X): X {
  const drop = (meta: X, unless: X, mask: bigint): X => m.let(m.select(unless, meta, m.and(meta, m.const(~mask))));
  let meta = m.let(m.zylevels1 ? metadata : m.or(metadata, m.const(LG | SL)));
  meta = drop(meta, m.or(hasAll(m, meta, R), hasAll(m, meta, W)), C);
  meta = drop(meta, hasAll(m, meta, C | R), m.zylevels1 ? LM | LG : LM);
  if (m.zylevels1) meta = drop(meta, hasAll(m, meta, C | W), SL);
  return drop(meta, hasAll(m, meta, EXECUTE), m.zyhybrid ? ASR | INTEGRAL : ASR);
}

/** Is no bit or field of the metadata reserved? Bounds are judged apart (#section_cap_integrity). */
export function isIntegral<X>(m: Machine<X>, metadata: X): X {
  const meta = m.let(metadata);
  const reservedClear = m.eq(m.and(meta, m.const(reservedBits(m))), m.const(0n));
  return m.and(reservedClear, m.eq(legalise(m, meta), meta));
}

/** Where each group of permissions stands in the word of YPERMR and YPERMC (#acperm_bit_field), and in the metadata. */
const WORD: readonly (Field & { readonly bit: bigint; readonly levels?: true })[] = [
  { bit: 0n, at: 46n, width: 1 }, // W
  { bit: 1n, at: 50n, width: 1 }, // LM
  { bit: 2n, at: 51n, width: 2, levels: true }, // LG, SL
  { bit: 4n, ...GL, levels: true },
  { bit: 5n, at: 45n, width: 1 }, // C
  { bit: 6n, ...SDP },
  { bit: 16n, at: 49n, width: 1 }, // ASR
  { bit: 17n, at: 48n, width: 1 }, // X
  { bit: 18n, at: 47n, width: 1 }, // R
];

const PLAIN = WORD.filter((g) => g.levels === undefined);

/** Bits 23:0 of the word that stand for no implemented permission read as 1. */
const unallocated = (groups: typeof WORD): bigint =>
  groups.reduce((mask, g) => mask & ~maskOf({ at: g.bit, width: g.width }), 0xff_ffffn);
const UNALLOCATED_PLAIN = unallocated(PLAIN);
const UNALLOCATED = unallocated(WORD);

/** The word that YPERMR returns: unallocated bits 1, and all allocated bits 0 where the capability fails integrity. */
export function permissionWord<X>(m: Machine<X>, meta: X, integral: X): X {
  const granted = (m.zylevels1 ? WORD : PLAIN).reduce(
    (word, g) => m.or(word, m.shl(m.zext(m.shr(meta, m.const(g.at)), g.width), m.const(g.bit))),
    m.const(0n),
  );
  const ones = m.const(m.zylevels1 ? UNALLOCATED : UNALLOCATED_PLAIN);
  return m.or(ones, m.select(integral, granted, m.const(0n)));
}

/** Metadata with the permissions cleared that are 1 in a word of YPERMC, and those that depended on them. */
export function clearPermissions<X>(m: Machine<X>, meta: X, clear: X): X {
  const word = m.let(clear);
  const cleared = (m.zylevels1 ? WORD : PLAIN).reduce(
    (mask, g) => m.or(mask, m.shl(m.zext(m.shr(word, m.const(g.bit)), g.width), m.const(g.at))),
    m.const(0n),
  );
  return legalise(m, m.and(meta, m.xor(cleared, m.const(-1n))));
}

/** Do two metadata words grant the same AP and SDP? */
export function samePermissions<X>(m: Arithmetic<X>, a: X, b: X): X {
  return m.eq(m.and(m.xor(a, b), m.const(maskOf(AP) | maskOf(SDP))), m.const(0n));
}

/** Does `meta` grant nothing in AP, SDP or GL that `other` does not? */
export function grantsNoMore<X>(m: Arithmetic<X>, meta: X, other: X): X {
  const excess = m.and(m.and(meta, m.xor(other, m.const(-1n))), m.const(maskOf(AP) | maskOf(SDP) | GLOBAL));
  return m.eq(excess, m.const(0n));
}
