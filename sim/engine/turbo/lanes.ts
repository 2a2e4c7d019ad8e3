// Terms of four words side by side.
import { term, type Term } from "./terms.ts";
import { I32, V128, Vector, type ValueType } from "./wasm.ts";

/** Four words side by side. */
export const i32x4 = {
  load: (at: Term, offset = 0): Term =>
    term(V128, (code) => {
      at.emit(code);
      code.vectorMemory(Vector.load, offset);
    }),
  const: (...words: readonly number[]): Term =>
    term(V128, (code) => {
      code.vector(Vector.const);
      for (const word of words) for (let byte = 0; byte < 32; byte += 8) code.byte((word >>> byte) & 0xff);
    }),
  splat: vectorOf(V128, Vector.i32x4Splat),
  eq: vectorOf(V128, Vector.i32x4Eq),
  /** Of signed words. */
  gt: vectorOf(V128, Vector.i32x4GtS),
  and: vectorOf(V128, Vector.and),
  or: vectorOf(V128, Vector.or),
  /** All shifted as far. */
  shl: vectorOf(V128, Vector.i32x4Shl),
  shrU: vectorOf(V128, Vector.i32x4ShrU),
  /** `(a, b, mask)`: bits of `a` where the mask has ones, else of `b`. */
  select: vectorOf(V128, Vector.bitselect),
  /** `(a, word)`: with another first word. */
  withFirst: vectorOf(V128, Vector.i32x4ReplaceLane, [0]),
  /** `(a, b)`: the last word of `a`, and then those of `b` but for its last. */
  oneOn: vectorOf(
    V128,
    Vector.i8x16Shuffle,
    Array.from({ length: 16 }, (_, byte) => 12 + byte),
  ),
  /** A bit for each that is not 0, the first the lowest. */
  bits: vectorOf(I32, Vector.i32x4Bitmask),
} as const;

function vectorOf(
  type: ValueType,
  opcode: number,
  immediates: readonly number[] = [],
): (...operands: readonly Term[]) => Term {
  return (...operands) =>
    term(type, (code) => {
      for (const operand of operands) operand.emit(code);
      code.vector(opcode);
      for (const byte of immediates) code.byte(byte);
    });
}
