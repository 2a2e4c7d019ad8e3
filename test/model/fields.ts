// The fields of a 32-bit instruction, and its immediates, as the base chapter draws them.
import { ILLEGAL_INSTRUCTION, Trap, type State } from "./state.ts";

/** Fields of a 32-bit instruction. */
export interface Fields {
  readonly word: number;
  readonly length: number;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly f3: number;
  readonly f7: number;
  readonly iImm: bigint;
}

export function fields(word: number, length: number): Fields {
  return {
    word,
    length,
    rd: (word >>> 7) & 31,
    rs1: (word >>> 15) & 31,
    rs2: (word >>> 20) & 31,
    f3: (word >>> 12) & 7,
    f7: word >>> 25,
    iImm: BigInt(word >> 20),
  };
}

export const sImm = (word: number): bigint => BigInt(((word >> 25) << 5) | ((word >>> 7) & 31));
export const bImm = (word: number): bigint =>
  BigInt(((word >> 31) << 12) | (((word >>> 7) & 1) << 11) | (((word >>> 25) & 63) << 5) | (((word >>> 8) & 15) << 1));
export const jImm = (word: number): bigint =>
  BigInt(
    ((word >> 31) << 20) | (((word >>> 12) & 255) << 12) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 1023) << 1),
  );

/** An illegal instruction: xtval is its bits. */
export function illegal(s: State): never {
  throw new Trap(ILLEGAL_INSTRUCTION, BigInt(s.word));
}
