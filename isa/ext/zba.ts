// Zba: address generation, of integers and, on a capability base, of capabilities.
import { setAddress } from "../cap/bounds.ts";
import { insn, type Insn } from "../insn.ts";
import { register, shift, type Binary, type Unary } from "./families.ts";

const rr = register("Zba");

/** rs1 shifted left by `amount` and added to rs2. */
const shiftAdd =
  (amount: bigint, index: Unary): Binary =>
  (m, a, b) =>
    m.add(m.shl(index(m, a), m.const(amount)), b);

const whole: Unary = (_, a) => a;
const unsignedWord: Unary = (m, a) => m.zext(a, 32);

/** `name rd, rs1, rs2`: the capability rs2 with its address increased by a shifted rs1. */
function capability(name: string, bits: `${string} rs2 rs1 000 rd 1111011`, spec: string, address: Binary): Insn {
  return insn({
    ...{ name, ext: "Zba", with: "Y", timing: "cap", spec, asm: "rd, rs1, rs2", bits: bits as "rs2 rs1 rd" },
    exec: (m, o) => m.setY(o.rd, setAddress(m, m.y(o.rs2), m.let(address(m, m.x(o.rs1), m.x(o.rs2))))),
  });
}

export const zba: readonly Insn[] = [
  rr("sh1add", "0010000 rs2 rs1 010 rd 0110011", "#insns-sh1add", shiftAdd(1n, whole)),
  rr("sh2add", "0010000 rs2 rs1 100 rd 0110011", "#insns-sh2add", shiftAdd(2n, whole)),
  rr("sh3add", "0010000 rs2 rs1 110 rd 0110011", "#insns-sh3add", shiftAdd(3n, whole)),
  rr("add.uw", "0000100 rs2 rs1 000 rd 0111011", "#insns-add_uw", shiftAdd(0n, unsignedWord)),
  rr("sh1add.uw", "0010000 rs2 rs1 010 rd 0111011", "#insns-sh1add_uw", shiftAdd(1n, unsignedWord)),
  rr("sh2add.uw", "0010000 rs2 rs1 100 rd 0111011", "#insns-sh2add_uw", shiftAdd(2n, unsignedWord)),
  rr("sh3add.uw", "0010000 rs2 rs1 110 rd 0111011", "#insns-sh3add_uw", shiftAdd(3n, unsignedWord)),
  shift("Zba")("slli.uw", "000010 uimm[5:0] rs1 001 rd 0011011", "#insns-slli_uw", (m, a, b) =>
    m.shl(m.zext(a, 32), b),
  ),

  capability("ysh1add", "0000101 rs2 rs1 000 rd 1111011", "#SH1ADD_CHERI", shiftAdd(1n, whole)),
  capability("ysh2add", "0001101 rs2 rs1 000 rd 1111011", "#SH2ADD_CHERI", shiftAdd(2n, whole)),
  capability("ysh3add", "0010101 rs2 rs1 000 rd 1111011", "#SH3ADD_CHERI", shiftAdd(3n, whole)),
  capability("ysh4add", "0011101 rs2 rs1 000 rd 1111011", "#SH4ADD_CHERI", shiftAdd(4n, whole)),
  capability("ysh1add.uw", "0100101 rs2 rs1 000 rd 1111011", "#SH1ADD_UW_CHERI", shiftAdd(1n, unsignedWord)),
  capability("ysh2add.uw", "0101101 rs2 rs1 000 rd 1111011", "#SH2ADD_UW_CHERI", shiftAdd(2n, unsignedWord)),
  capability("ysh3add.uw", "0110101 rs2 rs1 000 rd 1111011", "#SH3ADD_UW_CHERI", shiftAdd(3n, unsignedWord)),
  capability("ysh4add.uw", "0111101 rs2 rs1 000 rd 1111011", "#SH4ADD_UW_CHERI", shiftAdd(4n, unsignedWord)),
];
