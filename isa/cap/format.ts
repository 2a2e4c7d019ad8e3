// The RV64LYA capability format: where each field of the metadata word stands, and the special capabilities.

// Text: riscv/riscv-cheri at 47b031e0 (2026-07-23, v0.9.9), built with cheri_ratification_v1_only.
export const SPEC_COMMIT = "47b031e0";

// Where that text leaves a choice, or contradicts its own Sail listings, meshsim takes:
//
//   BEQ/BNE with rs1 <= rs2       plain RVI, as decided after the text (pull request 1246, 2026-09-15)
//   YPERMC clearing only GL       keeps the tag of a sealed capability (text; the listing would clear it)
//   YPERMC of an illegal AP       clears and legalises bit by bit; the result is untagged anyway
//   JALR of a sealed capability   unseals only with an even address and offset 0 (text; the listing always unseals)
//   YBLD's integrity check        without Zylevels1, AP must have LG and SL set ("reserved one")
//   optional integrity checks     all performed: results are defined for all 2^129 inputs
//   base x0 in capability mode    cause 33 or 34: NULL has no tag
//   xtval of causes 32 to 36      lowest byte of the access; the address of the pcc; rs1 for a CBO
//   AMO, LR and SC not aligned    address-misaligned exception for integers, access fault for capabilities
//   reset of mtvec                Infinite, so root executable and root data at once

/** Bits of an address, and of the metadata. */
export const XLEN = 64;

/** A field of the metadata: its lowest bit and its width (#cap_encoding_xlen64_field_table). */
export interface Field {
  readonly at: number;
  readonly width: number;
}

export const SDP: Field = { at: 60, width: 4 };
export const AP: Field = { at: 45, width: 8 };
export const GL: Field = { at: 43, width: 1 };
export const CT: Field = { at: 27, width: 1 };
export const EF: Field = { at: 26, width: 1 };
/** T[11:3] with TE below it, as one field of 12 bits. */
export const T: Field = { at: 14, width: 12 };
export const TE: Field = { at: 14, width: 3 };
/** B[13:3] with BE below it, as one field of 14 bits. */
export const B: Field = { at: 0, width: 14 };
export const BE: Field = { at: 0, width: 3 };

/** The bits of a field, in place. */
export const maskOf = (f: Field): bigint => ((1n << BigInt(f.width)) - 1n) << BigInt(f.at);

const architectural = (bit: number): bigint => 1n << BigInt(AP.at + bit);

/** Architectural permissions, in place in the metadata (#cap_perms_encoding64). */
export const PERMISSION = {
  C: architectural(0),
  W: architectural(1),
  R: architectural(2),
  X: architectural(3),
  ASR: architectural(4),
  LM: architectural(5),
  LG: architectural(6),
  SL: architectural(7),
} as const;

/** Bounds fields EF, T, TE, B and BE together. */
export const BOUNDS_MASK = maskOf(EF) | maskOf(T) | maskOf(B);
export const SEALED = maskOf(CT);
export const GLOBAL = maskOf(GL);

const DEFINED = maskOf(SDP) | maskOf(AP) | SEALED | BOUNDS_MASK;

/** Bits that must be 0 in a valid capability; P (bit 44) among them, as Zyhybrid is absent. */
export function reservedBits(zylevels1: boolean): bigint {
  return BigInt.asUintN(XLEN, ~(DEFINED | (zylevels1 ? GLOBAL : 0n)));
}

/** Metadata of the Infinite capability (#infinite-cap-encoding): all permissions, the whole address space. */
export function infiniteMeta(zylevels1: boolean): bigint {
  return maskOf(SDP) | maskOf(AP) | (zylevels1 ? GLOBAL : 0n);
}
