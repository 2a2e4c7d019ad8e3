// Random 64-bit values, with the ones that break things often enough.
import fc from "fast-check";

const EDGES = [0n, 1n, 2n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n];
const MIRRORED = [...EDGES, 0x7fff_ffff_ffff_ffffn].flatMap((edge) => [edge, BigInt.asUintN(64, ~edge)]);

export const X_MAX = 0xffff_ffff_ffff_ffffn;

/** A value in [0, 2^64). */
export const arbX: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...MIRRORED),
  fc.bigInt(0n, X_MAX),
  // As many small values as large ones.
  fc.tuple(fc.bigInt(0n, X_MAX), fc.bigInt(0n, 63n)).map(([value, shift]) => value >> shift),
);
