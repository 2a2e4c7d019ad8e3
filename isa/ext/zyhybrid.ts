// Zyhybrid: code with integer pointers on RVY. The P-bit of the pcc is the CHERI Pointer Mode: 0 Capability, 1 Integral.
import { field } from "../cap/bounds.ts";
import { INTEGRAL, P, PERMISSION } from "../cap/format.ts";
import { hasAll } from "../cap/perms.ts";
import { isSealed } from "../cap/seal.ts";
import { insn, type Insn } from "../insn.ts";
import type { Arithmetic, Semantics } from "../semantics.ts";

const not = <X>(m: Arithmetic<X>, cond: X): X => m.xor(cond, m.const(1n));

/** Goes on at the next instruction under the same pcc with another P-bit. */
function switchMode<X, Y>(m: Semantics<X, Y>, p: bigint): void {
  const others = m.and(m.meta(m.pcc), m.const(~INTEGRAL));
  m.jumpY(m.cap(m.tag(m.pcc), m.or(others, m.const(p)), m.nextPc));
}

export const zyhybrid: readonly Insn[] = [
  insn({
    ...{ name: "ymodew", was: "scmode", ext: "Zyhybrid", timing: "cap", spec: "#SCMODE" },
    bits: "0101011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    except: "rd=0",
    exec: (m, o) => {
      const cs1 = m.y(o.rs1);
      const meta = m.meta(cs1);
      const usable = m.let(m.and(not(m, isSealed(m, cs1)), m.bounds(cs1).integral));
      const p = m.shl(m.zext(m.x(o.rs2), 1), m.const(P.at));
      const updated = m.or(m.and(meta, m.const(~INTEGRAL)), p);
      const updates = m.and(usable, hasAll(m, meta, PERMISSION.X));
      m.setY(o.rd, m.cap(m.and(m.tag(cs1), usable), m.select(updates, updated, meta), m.addr(cs1)));
    },
  }),
  insn({
    ...{ name: "ymoder", was: "gcmode", ext: "Zyhybrid", timing: "cap", spec: "#GCMODE" },
    bits: "1111010 00110 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => {
      const cs1 = m.y(o.rs1);
      const meaningful = m.and(hasAll(m, m.meta(cs1), PERMISSION.X), m.bounds(cs1).integral);
      m.setX(o.rd, m.select(meaningful, field(m, m.meta(cs1), P), m.const(0n)));
    },
  }),
  insn({
    ...{ name: "ymodeswy", was: "modesw.cap", ext: "Zyhybrid", timing: "cap", spec: "#MODESW_CAP" },
    bits: "0101011 00000 00000 000 00000 1111011",
    asm: "",
    exec: (m) => {
      if (!m.capabilityMode) switchMode(m, 0n);
    },
  }),
  insn({
    ...{ name: "ymodeswi", was: "modesw.int", ext: "Zyhybrid", timing: "cap", spec: "#MODESW_INT" },
    bits: "0101011 00001 00000 000 00000 1111011",
    asm: "",
    exec: (m) => {
      if (m.capabilityMode) switchMode(m, INTEGRAL);
    },
  }),
];
