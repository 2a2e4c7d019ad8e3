// Zbs: single-bit instructions; shifts take the bit number modulo 64.
import type { Insn } from "../insn.ts";
import type { Arithmetic } from "../semantics.ts";
import { register, shift } from "./families.ts";

const rr = register("Zbs");
const sh = shift("Zbs");

const bit = <X>(m: Arithmetic<X>, n: X): X => m.shl(m.const(1n), n);
const clear = <X>(m: Arithmetic<X>, a: X, n: X): X => m.and(a, m.xor(bit(m, n), m.const(-1n)));
const extract = <X>(m: Arithmetic<X>, a: X, n: X): X => m.zext(m.shr(a, n), 1);
const invert = <X>(m: Arithmetic<X>, a: X, n: X): X => m.xor(a, bit(m, n));
const set = <X>(m: Arithmetic<X>, a: X, n: X): X => m.or(a, bit(m, n));

export const zbs: readonly Insn[] = [
  rr("bclr", "0100100 rs2 rs1 001 rd 0110011", "#insns-bclr", clear),
  rr("bext", "0100100 rs2 rs1 101 rd 0110011", "#insns-bext", extract),
  rr("binv", "0110100 rs2 rs1 001 rd 0110011", "#insns-binv", invert),
  rr("bset", "0010100 rs2 rs1 001 rd 0110011", "#insns-bset", set),
  sh("bclri", "010010 uimm[5:0] rs1 001 rd 0010011", "#insns-bclri", clear),
  sh("bexti", "010010 uimm[5:0] rs1 101 rd 0010011", "#insns-bexti", extract),
  sh("binvi", "011010 uimm[5:0] rs1 001 rd 0010011", "#insns-binvi", invert),
  sh("bseti", "001010 uimm[5:0] rs1 001 rd 0010011", "#insns-bseti", set),
];
