// A and Zabhlrsc: atomic read-modify-writes, load-reserved and store-conditional, of integers.
import { readable, requireAligned, updatable, writable } from "../cap/access.ts";
import { CAUSE } from "../cause.ts";
import { insn, type Extension, type Insn } from "../insn.ts";
import type { AccessBytes } from "../semantics.ts";
import type { Binary } from "./families.ts";

type AmoBits = `${string} aq rl rs2 rs1 ${string} rd 0101111`;
type LoadReservedBits = `00010 aq rl 00000 rs1 ${string} rd 0101111`;
type StoreConditionalBits = `00011 aq rl rs2 rs1 ${string} rd 0101111`;

/** `name rd, rs2, (rs1)`: memory becomes the update of what it was; words are taken and given sign-extended. */
function amo(name: string, bits: AmoBits, bytes: 4 | 8, update: Binary): Insn {
  return insn({
    ...{ name, ext: "A", timing: "atomic", spec: "#sec:amo", asm: "rd, rs2, (rs1)" },
    bits: bits as "aq rl rs2 rs1 rd",
    exec: (m, o) => {
      const operand = m.let(m.sext(m.x(o.rs2), 8 * bytes));
      const addr = requireAligned(m, updatable(m, o.rs1, bytes), bytes, CAUSE.storeAddressMisaligned);
      const old = m.amo(addr, bytes, (value) => update(m, m.sext(value, 8 * bytes), operand));
      m.setX(o.rd, m.sext(old, 8 * bytes));
    },
  });
}

function loadReserved(name: string, ext: Extension, bits: LoadReservedBits, bytes: AccessBytes): Insn {
  return insn({
    ...{ name, ext, timing: "atomic", spec: "#sec:lrsc", asm: "rd, (rs1)" },
    bits: bits as "aq rl rs1 rd",
    exec: (m, o) => {
      const addr = requireAligned(m, readable(m, o.rs1, 0n, bytes), bytes, CAUSE.loadAddressMisaligned);
      m.setX(o.rd, m.sext(m.loadReserved(addr, bytes), 8 * bytes));
    },
  });
}

function storeConditional(name: string, ext: Extension, bits: StoreConditionalBits, bytes: AccessBytes): Insn {
  return insn({
    ...{ name, ext, timing: "atomic", spec: "#sec:lrsc", asm: "rd, rs2, (rs1)" },
    bits: bits as "aq rl rs2 rs1 rd",
    exec: (m, o) => {
      const value = m.x(o.rs2);
      const addr = requireAligned(m, writable(m, o.rs1, 0n, bytes), bytes, CAUSE.storeAddressMisaligned);
      m.setX(o.rd, m.storeConditional(addr, bytes, value));
    },
  });
}

/** The operations of Zaamo; sign-extended words keep their unsigned order, so one meaning serves both widths. */
const swap: Binary = (_, __, b) => b;
const add: Binary = (m, a, b) => m.add(a, b);
const xor: Binary = (m, a, b) => m.xor(a, b);
const or: Binary = (m, a, b) => m.or(a, b);
const and: Binary = (m, a, b) => m.and(a, b);
const min: Binary = (m, a, b) => m.select(m.lts(a, b), a, b);
const max: Binary = (m, a, b) => m.select(m.lts(a, b), b, a);
const minu: Binary = (m, a, b) => m.select(m.ltu(a, b), a, b);
const maxu: Binary = (m, a, b) => m.select(m.ltu(a, b), b, a);

export const a: readonly Insn[] = [
  loadReserved("lr.w", "A", "00010 aq rl 00000 rs1 010 rd 0101111", 4),
  loadReserved("lr.d", "A", "00010 aq rl 00000 rs1 011 rd 0101111", 8),
  storeConditional("sc.w", "A", "00011 aq rl rs2 rs1 010 rd 0101111", 4),
  storeConditional("sc.d", "A", "00011 aq rl rs2 rs1 011 rd 0101111", 8),
  loadReserved("lr.b", "Zabhlrsc", "00010 aq rl 00000 rs1 000 rd 0101111", 1),
  loadReserved("lr.h", "Zabhlrsc", "00010 aq rl 00000 rs1 001 rd 0101111", 2),
  storeConditional("sc.b", "Zabhlrsc", "00011 aq rl rs2 rs1 000 rd 0101111", 1),
  storeConditional("sc.h", "Zabhlrsc", "00011 aq rl rs2 rs1 001 rd 0101111", 2),

  amo("amoswap.w", "00001 aq rl rs2 rs1 010 rd 0101111", 4, swap),
  amo("amoadd.w", "00000 aq rl rs2 rs1 010 rd 0101111", 4, add),
  amo("amoxor.w", "00100 aq rl rs2 rs1 010 rd 0101111", 4, xor),
  amo("amoand.w", "01100 aq rl rs2 rs1 010 rd 0101111", 4, and),
  amo("amoor.w", "01000 aq rl rs2 rs1 010 rd 0101111", 4, or),
  amo("amomin.w", "10000 aq rl rs2 rs1 010 rd 0101111", 4, min),
  amo("amomax.w", "10100 aq rl rs2 rs1 010 rd 0101111", 4, max),
  amo("amominu.w", "11000 aq rl rs2 rs1 010 rd 0101111", 4, minu),
  amo("amomaxu.w", "11100 aq rl rs2 rs1 010 rd 0101111", 4, maxu),
  amo("amoswap.d", "00001 aq rl rs2 rs1 011 rd 0101111", 8, swap),
  amo("amoadd.d", "00000 aq rl rs2 rs1 011 rd 0101111", 8, add),
  amo("amoxor.d", "00100 aq rl rs2 rs1 011 rd 0101111", 8, xor),
  amo("amoand.d", "01100 aq rl rs2 rs1 011 rd 0101111", 8, and),
  amo("amoor.d", "01000 aq rl rs2 rs1 011 rd 0101111", 8, or),
  amo("amomin.d", "10000 aq rl rs2 rs1 011 rd 0101111", 8, min),
  amo("amomax.d", "10100 aq rl rs2 rs1 011 rd 0101111", 8, max),
  amo("amominu.d", "11000 aq rl rs2 rs1 011 rd 0101111", 8, minu),
  amo("amomaxu.d", "11100 aq rl rs2 rs1 011 rd 0101111", 8, maxu),
];
