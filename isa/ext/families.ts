// The regular families of instructions (register-register, register-immediate, branch, load, store): one line a member.
import { readable, writable } from "../cap/access.ts";
import { insn, type Extension, type Insn, type TimingClass } from "../insn.ts";
import type { AccessBytes, Arithmetic } from "../semantics.ts";

/** Meaning of an instruction that computes one value from two. */
export type Binary = <X>(m: Arithmetic<X>, a: X, b: X) => X;
export type Unary = <X>(m: Arithmetic<X>, a: X) => X;

// A family's encoding line is typed by its operands; the fixed bits between them vary. Within the family it is handled as if
// it consisted of the operands alone, which gives their types.
type RegisterBits = `${string} rs2 rs1 ${string} rd ${string}`;
type ImmediateBits = `imm[11:0] rs1 ${string} rd ${string}`;
type ShiftBits = `${string} uimm[${"5" | "4"}:0] rs1 ${string} rd ${string}`;
type UnaryBits = `${string} rs1 ${string} rd ${string}`;
type BranchBits = `imm[12|10:5] rs2 rs1 ${string} imm[4:1|11] ${string}`;
type StoreBits = `imm[11:5] rs2 rs1 ${string} imm[4:0] ${string}`;

/** `name rd, rs1, rs2` */
export function register(ext: Extension, timing: TimingClass = "alu") {
  return (name: string, bits: RegisterBits, spec: string, compute: Binary): Insn =>
    insn({
      ...{ name, ext, asm: "rd, rs1, rs2", timing, spec, bits: bits as "rs2 rs1 rd" },
      exec: (m, o) => m.setX(o.rd, compute(m, m.x(o.rs1), m.x(o.rs2))),
    });
}

/** `name rd, rs1, imm` */
export function immediate(ext: Extension) {
  return (name: string, bits: ImmediateBits, spec: string, compute: Binary): Insn =>
    insn({
      ...{ name, ext, asm: "rd, rs1, imm", timing: "alu", spec, bits: bits as "imm rs1 rd" },
      exec: (m, o) => m.setX(o.rd, compute(m, m.x(o.rs1), m.const(o.imm))),
    });
}

/** `name rd, rs1, uimm`: the immediate is a shift amount or a bit number. */
export function shift(ext: Extension) {
  return (name: string, bits: ShiftBits, spec: string, compute: Binary): Insn =>
    insn({
      ...{ name, ext, asm: "rd, rs1, uimm", timing: "alu", spec, bits: bits as "uimm rs1 rd" },
      exec: (m, o) => m.setX(o.rd, compute(m, m.x(o.rs1), m.const(o.uimm))),
    });
}

/** `name rd, rs1` */
export function unary(ext: Extension) {
  return (name: string, bits: UnaryBits, spec: string, compute: Unary): Insn =>
    insn({
      ...{ name, ext, asm: "rd, rs1", timing: "alu", spec, bits: bits as "rs1 rd" },
      exec: (m, o) => m.setX(o.rd, compute(m, m.x(o.rs1))),
    });
}

/** `name rs1, rs2, target`: jumps where the condition is 1. */
export function branch(name: string, bits: BranchBits, spec: string, condition: Binary): Insn {
  return insn({
    ...{ name, ext: "I", asm: "rs1, rs2, target", timing: "branch", spec, bits: bits as "imm rs2 rs1" },
    exec: (m, o) => m.jumpIf(condition(m, m.x(o.rs1), m.x(o.rs2)), m.add(m.pc, m.const(o.imm))),
  });
}

/** `name rd, imm(rs1)`: `extend` makes the register's value of the bytes, which come zero-extended. */
export function load(name: string, bits: ImmediateBits, spec: string, bytes: AccessBytes, extend: Unary): Insn {
  return insn({
    ...{ name, ext: "I", asm: "rd, imm(rs1)", timing: "load", spec, bits: bits as "imm rs1 rd" },
    exec: (m, o) => m.setX(o.rd, extend(m, m.load(readable(m, o.rs1, o.imm, bytes), bytes))),
  });
}

/** `name rs2, imm(rs1)` */
export function store(name: string, bits: StoreBits, spec: string, bytes: AccessBytes): Insn {
  return insn({
    ...{ name, ext: "I", asm: "rs2, imm(rs1)", timing: "store", spec, bits: bits as "imm rs2 rs1" },
    exec: (m, o) => m.store(writable(m, o.rs1, o.imm, bytes), bytes, m.x(o.rs2)),
  });
}
