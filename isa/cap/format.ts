// The RV64LYA capability format: where each field of the metadata word stands, and the special capabilities.
import type { Format } from "../semantics.ts";

// Text: riscv/riscv-cheri at 47b031e0 (2026-07-23, v0.9.9), built with cheri_ratification_v1_only.
export const SPEC_COMMIT = "47b031e0";

// Where that text leaves a choice, or contradicts its own Sail listings: docs/decisions/open-choices.md.

/** Bits of an address, and of the metadata. */
export const XLEN = 64;

/** A field of the metadata: its lowest bit and its width (#cap_encoding_xlen64_field_table). */
export interface Field {
  readonly at: bigint;
  readonly width: number;
}

export const SDP: Field = { at: 60n, width: 4 };
export const AP: Field = { at: 45n, width: 8 };
/** The CHERI Pointer Mode, with Zyhybrid: 1 is Integral (#p_bit). */
export const P: Field = { at: 44n, width: 1 };
export const GL: Field = { at: 43n, width: 1 };
export const CT: Field = { at: 27n, width: 1 };
export const EF: Field = { at: 26n, width: 1 };
/** T[11:3] with TE below it, as one field of 12 bits. */
export const T: Field = { at: 14n, width: 12 };
export const TE: Field = { at: 14n, width: 3 };
/** B[13:3] with BE below it, as one field of 14 bits. */
export const B: Field = { at: 0n, width: 14 };
export const BE: Field = { at: 0n, width: 3 };

/** The bits of a field, in place. */
export const maskOf = (f: Field): bigint => ((1n << BigInt(f.width)) - 1n) << f.at;

const architectural = (bit: bigint): bigint => 1n << (AP.at + bit);

/** Architectural permissions, in place in the metadata (#cap_perms_encoding64). */
export const PERMISSION = {
  C: architectural(0n),
  W: architectural(1n),
  R: architectural(2n),
  X: architectural(3n),
  ASR: architectural(4n),
  LM: architectural(5n),
  LG: architectural(6n),
  SL: architectural(7n),
} as const;

/** Bounds fields EF, T, TE, B and BE together. */
export const BOUNDS_MASK = maskOf(EF) | maskOf(T) | maskOf(B);
export const SEALED = maskOf(CT);
export const GLOBAL = maskOf(GL);
export const INTEGRAL = maskOf(P);

const DEFINED = maskOf(SDP) | maskOf(AP) | SEALED | BOUNDS_MASK;
const RESERVED = BigInt.asUintN(XLEN, ~DEFINED);

/** Bits that must be 0 in a valid capability: GL and P among them where their extensions are absent. */
export const reservedBits = ({ zylevels1, zyhybrid }: Format): bigint =>
  RESERVED & ~(zylevels1 ? GLOBAL : 0n) & ~(zyhybrid ? INTEGRAL : 0n);

/**
 * Metadata of the Infinite capability (#infinite-cap-encoding): all permissions, the whole address space. With Zyhybrid it
 * stands for Integral Pointer Mode, in which a hart begins (#section_cheri_disable).
 */
export function infiniteMeta(zylevels1: boolean, zyhybrid = false): bigint {
  return maskOf(SDP) | maskOf(AP) | (zylevels1 ? GLOBAL : 0n) | (zyhybrid ? INTEGRAL : 0n);
}
