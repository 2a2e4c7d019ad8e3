// M: integer multiplication and division.
import type { Insn } from "../insn.ts";
import { register, type Binary } from "./families.ts";

const mul = register("M", "mul");
const div = register("M", "div");

/** A 32-bit operation: operands and result are sign-extended words. */
const onWords =
  (op: Binary): Binary =>
  (m, a, b) =>
    m.sext(op(m, m.sext(a, 32), m.sext(b, 32)), 32);

/** An unsigned 32-bit operation: operands are zero-extended, the result is sign-extended. */
const onUnsignedWords =
  (op: Binary): Binary =>
  (m, a, b) =>
    m.sext(op(m, m.zext(a, 32), m.zext(b, 32)), 32);

export const m: readonly Insn[] = [
  mul("mul", "0000001 rs2 rs1 000 rd 0110011", "#norm:mul_op", (m, a, b) => m.mul(a, b)),
  mul("mulh", "0000001 rs2 rs1 001 rd 0110011", "#norm:mulh_mulhu_mulhsu_op", (m, a, b) => m.mulh(a, b)),
  mul("mulhsu", "0000001 rs2 rs1 010 rd 0110011", "#norm:mulh_mulhu_mulhsu_op", (m, a, b) => m.mulhsu(a, b)),
  mul("mulhu", "0000001 rs2 rs1 011 rd 0110011", "#norm:mulh_mulhu_mulhsu_op", (m, a, b) => m.mulhu(a, b)),
  mul(
    "mulw",
    "0000001 rs2 rs1 000 rd 0111011",
    "#norm:mulw_op",
    onWords((m, a, b) => m.mul(a, b)),
  ),

  div("div", "0000001 rs2 rs1 100 rd 0110011", "#norm:div_divu_op", (m, a, b) => m.div(a, b)),
  div("divu", "0000001 rs2 rs1 101 rd 0110011", "#norm:div_divu_op", (m, a, b) => m.divu(a, b)),
  div("rem", "0000001 rs2 rs1 110 rd 0110011", "#norm:rem_remu_op", (m, a, b) => m.rem(a, b)),
  div("remu", "0000001 rs2 rs1 111 rd 0110011", "#norm:rem_remu_op", (m, a, b) => m.remu(a, b)),
  div(
    "divw",
    "0000001 rs2 rs1 100 rd 0111011",
    "#norm:divw_divuw_op",
    onWords((m, a, b) => m.div(a, b)),
  ),
  div(
    "divuw",
    "0000001 rs2 rs1 101 rd 0111011",
    "#norm:divw_divuw_op",
    onUnsignedWords((m, a, b) => m.divu(a, b)),
  ),
  div(
    "remw",
    "0000001 rs2 rs1 110 rd 0111011",
    "#norm:remw_remuw_op",
    onWords((m, a, b) => m.rem(a, b)),
  ),
  div(
    "remuw",
    "0000001 rs2 rs1 111 rd 0111011",
    "#norm:remw_remuw_op",
    onUnsignedWords((m, a, b) => m.remu(a, b)),
  ),
];
