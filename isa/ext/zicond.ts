// Zicond: a value or zero, by a condition.
import type { Insn } from "../insn.ts";
import { register } from "./families.ts";

const rr = register("Zicond");

export const zicond: readonly Insn[] = [
  rr("czero.eqz", "0000111 rs2 rs1 101 rd 0110011", "#insns-czero-eqz", (m, a, b) =>
    m.select(m.eq(b, m.const(0n)), m.const(0n), a),
  ),
  rr("czero.nez", "0000111 rs2 rs1 111 rd 0110011", "#insns-czero-nez", (m, a, b) =>
    m.select(m.eq(b, m.const(0n)), a, m.const(0n)),
  ),
];
