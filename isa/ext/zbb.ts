// Zbb: basic bit manipulation.
import type { Insn } from "../insn.ts";
import type { Arithmetic } from "../semantics.ts";
import { register, shift, unary } from "./families.ts";

const rr = register("Zbb");
const sh = shift("Zbb");
const un = unary("Zbb");

const not = <X>(m: Arithmetic<X>, a: X): X => m.xor(a, m.const(-1n));

/** Rotations; a shift takes its amount modulo 64, so 0 - amount is the way round. */
const rotateLeft = <X>(m: Arithmetic<X>, a: X, amount: X): X =>
  m.or(m.shl(a, amount), m.shr(a, m.sub(m.const(0n), amount)));
const rotateRight = <X>(m: Arithmetic<X>, a: X, amount: X): X => rotateLeft(m, a, m.sub(m.const(0n), amount));

/** A word beside itself: rotating the double right by less than 32 rotates the word, in its low half. */
function rotateWordRight<X>(m: Arithmetic<X>, a: X, amount: X): X {
  const word = m.let(m.zext(a, 32));
  return m.sext(m.shr(m.or(word, m.shl(word, m.const(32n))), m.zext(amount, 5)), 32);
}

/** Swaps neighbours of `bits` bits: `low` selects the lower of each pair. */
function swapNeighbours<X>(m: Arithmetic<X>, a: X, bits: bigint, low: bigint): X {
  const value = m.let(a);
  const up = m.shl(m.and(value, m.const(low)), m.const(bits));
  return m.or(up, m.and(m.shr(value, m.const(bits)), m.const(low)));
}

function reverseBytes<X>(m: Arithmetic<X>, a: X): X {
  const bytes = swapNeighbours(m, a, 8n, 0x00ff_00ff_00ff_00ffn);
  const halves = swapNeighbours(m, bytes, 16n, 0x0000_ffff_0000_ffffn);
  return swapNeighbours(m, halves, 32n, 0x0000_0000_ffff_ffffn);
}

/** Each byte becomes 0xff where any of its bits is set. */
function orCombineBytes<X>(m: Arithmetic<X>, a: X): X {
  const value = m.let(a);
  const low = m.const(0x7f7f_7f7f_7f7f_7f7fn);
  const topBits = m.or(m.add(m.and(value, low), low), value);
  const nonZero = m.and(m.shr(topBits, m.const(7n)), m.const(0x0101_0101_0101_0101n));
  return m.mul(nonZero, m.const(0xffn));
}

export const zbb: readonly Insn[] = [
  rr("andn", "0100000 rs2 rs1 111 rd 0110011", "#insns-andn", (m, a, b) => m.and(a, not(m, b))),
  rr("orn", "0100000 rs2 rs1 110 rd 0110011", "#insns-orn", (m, a, b) => m.or(a, not(m, b))),
  rr("xnor", "0100000 rs2 rs1 100 rd 0110011", "#insns-xnor", (m, a, b) => not(m, m.xor(a, b))),

  un("clz", "0110000 00000 rs1 001 rd 0010011", "#insns-clz", (m, a) => m.clz(a)),
  un("ctz", "0110000 00001 rs1 001 rd 0010011", "#insns-ctz", (m, a) => m.ctz(a)),
  un("cpop", "0110000 00010 rs1 001 rd 0010011", "#insns-cpop", (m, a) => m.popcount(a)),
  un("clzw", "0110000 00000 rs1 001 rd 0011011", "#insns-clzw", (m, a) => m.sub(m.clz(m.zext(a, 32)), m.const(32n))),
  un("ctzw", "0110000 00001 rs1 001 rd 0011011", "#insns-ctzw", (m, a) => m.ctz(m.or(a, m.const(1n << 32n)))),
  un("cpopw", "0110000 00010 rs1 001 rd 0011011", "#insns-cpopw", (m, a) => m.popcount(m.zext(a, 32))),

  rr("max", "0000101 rs2 rs1 110 rd 0110011", "#insns-max", (m, a, b) => m.select(m.lts(a, b), b, a)),
  rr("maxu", "0000101 rs2 rs1 111 rd 0110011", "#insns-maxu", (m, a, b) => m.select(m.ltu(a, b), b, a)),
  rr("min", "0000101 rs2 rs1 100 rd 0110011", "#insns-min", (m, a, b) => m.select(m.lts(a, b), a, b)),
  rr("minu", "0000101 rs2 rs1 101 rd 0110011", "#insns-minu", (m, a, b) => m.select(m.ltu(a, b), a, b)),

  un("sext.b", "0110000 00100 rs1 001 rd 0010011", "#insns-sext_b", (m, a) => m.sext(a, 8)),
  un("sext.h", "0110000 00101 rs1 001 rd 0010011", "#insns-sext_h", (m, a) => m.sext(a, 16)),
  un("zext.h", "0000100 00000 rs1 100 rd 0111011", "#insns-zext_h", (m, a) => m.zext(a, 16)),

  rr("rol", "0110000 rs2 rs1 001 rd 0110011", "#insns-rol", rotateLeft),
  rr("ror", "0110000 rs2 rs1 101 rd 0110011", "#insns-ror", rotateRight),
  sh("rori", "011000 uimm[5:0] rs1 101 rd 0010011", "#insns-rori", rotateRight),
  rr("rolw", "0110000 rs2 rs1 001 rd 0111011", "#insns-rolw", (m, a, b) =>
    rotateWordRight(m, a, m.sub(m.const(0n), b)),
  ),
  rr("rorw", "0110000 rs2 rs1 101 rd 0111011", "#insns-rorw", rotateWordRight),
  sh("roriw", "0110000 uimm[4:0] rs1 101 rd 0011011", "#insns-roriw", rotateWordRight),

  un("orc.b", "001010000111 rs1 101 rd 0010011", "#insns-orc_b", orCombineBytes),
  un("rev8", "011010111000 rs1 101 rd 0010011", "#insns-rev8", reverseBytes),
];
