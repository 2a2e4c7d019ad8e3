// RV64I, the base integer instructions, with what the capability base changes in them (AUIPC, JAL, JALR, authority).
import { setAddress } from "../cap/bounds.ts";
import { isSealed, sealed, unsealed } from "../cap/seal.ts";
import { insn, type Insn } from "../insn.ts";
import type { Arithmetic, Semantics } from "../semantics.ts";
import { branch, immediate, load, register, shift, store } from "./families.ts";

const rr = register("I");
const ri = immediate("I");
const sh = shift("I");

const not = <X>(m: Arithmetic<X>, cond: X): X => m.xor(cond, m.const(1n));
/** A 32-bit result, sign-extended; a 32-bit shift uses five bits of the amount. */
const word = <X>(m: Arithmetic<X>, a: X): X => m.sext(a, 32);
const five = <X>(m: Arithmetic<X>, amount: X): X => m.zext(amount, 5);

/** The link of JAL and JALR. The next instruction is always representable, as this one is in bounds (#section_cap_representable_check). */
function link<X, Y>(m: Semantics<X, Y>, rd: number): void {
  if (m.capabilityMode) m.setY(rd, sealed(m, m.cap(m.tag(m.pcc), m.meta(m.pcc), m.nextPc)));
  else m.setX(rd, m.nextPc);
}

/** The pcc that JALR installs: a sealed entry is opened only at its own, even address (#JALR_CHERI). */
function entered<X, Y>(m: Semantics<X, Y>, target: Y, offset: bigint, addr: X): Y {
  const even = not(m, m.zext(m.addr(target), 1));
  const opened = offset === 0n ? m.selectY(m.and(isSealed(m, target), even), unsealed(m, target), target) : target;
  return setAddress(m, opened, addr);
}

export const rv64i: readonly Insn[] = [
  insn({
    ...{ name: "lui", ext: "I", timing: "alu", spec: "#norm:lui_op_rv64i" },
    bits: "imm[31:12] rd 0110111",
    asm: "rd, upper",
    exec: (m, o) => m.setX(o.rd, m.const(o.imm)),
  }),
  insn({
    ...{ name: "auipc", ext: "I", timing: "alu", spec: "#AUIPC_CHERI" },
    bits: "imm[31:12] rd 0010111",
    asm: "rd, upper",
    exec: (m, o) => {
      const addr = m.let(m.add(m.pc, m.const(o.imm)));
      if (m.capabilityMode) m.setY(o.rd, setAddress(m, m.pcc, addr));
      else m.setX(o.rd, addr);
    },
  }),
  insn({
    ...{ name: "jal", ext: "I", timing: "jump", spec: "#JAL_CHERI" },
    bits: "imm[20|10:1|11|19:12] rd 1101111",
    asm: "rd, target",
    exec: (m, o) => {
      m.jump(m.add(m.pc, m.const(o.imm)));
      link(m, o.rd);
    },
  }),
  insn({
    ...{ name: "jalr", ext: "I", timing: "jump", spec: "#JALR_CHERI" },
    bits: "imm[11:0] rs1 000 rd 1100111",
    asm: "rd, imm(rs1)",
    exec: (m, o) => {
      const addr = m.let(m.and(m.add(m.x(o.rs1), m.const(o.imm)), m.const(~1n)));
      if (m.capabilityMode) m.jumpY(entered(m, m.y(o.rs1), o.imm, addr));
      else m.jump(addr);
      link(m, o.rd);
    },
  }),

  branch("beq", "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", "#norm:beq_bne_op", (m, a, b) => m.eq(a, b)),
  branch("bne", "imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011", "#norm:beq_bne_op", (m, a, b) => not(m, m.eq(a, b))),
  branch("blt", "imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011", "#norm:blt_bltu_op", (m, a, b) => m.lts(a, b)),
  branch("bge", "imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011", "#norm:bge_bgeu_op", (m, a, b) => not(m, m.lts(a, b))),
  branch("bltu", "imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011", "#norm:blt_bltu_op", (m, a, b) => m.ltu(a, b)),
  branch("bgeu", "imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011", "#norm:bge_bgeu_op", (m, a, b) => not(m, m.ltu(a, b))),

  load("lb", "imm[11:0] rs1 000 rd 0000011", "#norm:lb_lbu_op", 1, (m, v) => m.sext(v, 8)),
  load("lh", "imm[11:0] rs1 001 rd 0000011", "#norm:lh_op", 2, (m, v) => m.sext(v, 16)),
  load("lw", "imm[11:0] rs1 010 rd 0000011", "#norm:lw_op_rv64i", 4, (m, v) => m.sext(v, 32)),
  load("ld", "imm[11:0] rs1 011 rd 0000011", "#norm:ld_op_rv64i", 8, (_, v) => v),
  load("lbu", "imm[11:0] rs1 100 rd 0000011", "#norm:lb_lbu_op", 1, (_, v) => v),
  load("lhu", "imm[11:0] rs1 101 rd 0000011", "#norm:lhu_op", 2, (_, v) => v),
  load("lwu", "imm[11:0] rs1 110 rd 0000011", "#norm:lwu_op", 4, (_, v) => v),
  store("sb", "imm[11:5] rs2 rs1 000 imm[4:0] 0100011", "#norm:sd_sw_sh_sb_op_rv64i", 1),
  store("sh", "imm[11:5] rs2 rs1 001 imm[4:0] 0100011", "#norm:sd_sw_sh_sb_op_rv64i", 2),
  store("sw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", "#norm:sd_sw_sh_sb_op_rv64i", 4),
  store("sd", "imm[11:5] rs2 rs1 011 imm[4:0] 0100011", "#norm:sd_sw_sh_sb_op_rv64i", 8),

  ri("addi", "imm[11:0] rs1 000 rd 0010011", "#norm:addi_op", (m, a, b) => m.add(a, b)),
  ri("slti", "imm[11:0] rs1 010 rd 0010011", "#norm:slti_sltiu_op", (m, a, b) => m.lts(a, b)),
  ri("sltiu", "imm[11:0] rs1 011 rd 0010011", "#norm:slti_sltiu_op", (m, a, b) => m.ltu(a, b)),
  ri("xori", "imm[11:0] rs1 100 rd 0010011", "#norm:andi_ori_xori_op", (m, a, b) => m.xor(a, b)),
  ri("ori", "imm[11:0] rs1 110 rd 0010011", "#norm:andi_ori_xori_op", (m, a, b) => m.or(a, b)),
  ri("andi", "imm[11:0] rs1 111 rd 0010011", "#norm:andi_ori_xori_op", (m, a, b) => m.and(a, b)),
  sh("slli", "000000 uimm[5:0] rs1 001 rd 0010011", "#norm:slli_op", (m, a, b) => m.shl(a, b)),
  sh("srli", "000000 uimm[5:0] rs1 101 rd 0010011", "#norm:srli_op", (m, a, b) => m.shr(a, b)),
  sh("srai", "010000 uimm[5:0] rs1 101 rd 0010011", "#norm:srai_op", (m, a, b) => m.sar(a, b)),

  rr("add", "0000000 rs2 rs1 000 rd 0110011", "#norm:add_op", (m, a, b) => m.add(a, b)),
  rr("sub", "0100000 rs2 rs1 000 rd 0110011", "#norm:sub_op", (m, a, b) => m.sub(a, b)),
  rr("sll", "0000000 rs2 rs1 001 rd 0110011", "#norm:sll_srl_sra_op", (m, a, b) => m.shl(a, b)),
  rr("slt", "0000000 rs2 rs1 010 rd 0110011", "#norm:slt_sltu_op", (m, a, b) => m.lts(a, b)),
  rr("sltu", "0000000 rs2 rs1 011 rd 0110011", "#norm:slt_sltu_op", (m, a, b) => m.ltu(a, b)),
  rr("xor", "0000000 rs2 rs1 100 rd 0110011", "#norm:and_or_xor_op", (m, a, b) => m.xor(a, b)),
  rr("srl", "0000000 rs2 rs1 101 rd 0110011", "#norm:sll_srl_sra_op", (m, a, b) => m.shr(a, b)),
  rr("sra", "0100000 rs2 rs1 101 rd 0110011", "#norm:sll_srl_sra_op", (m, a, b) => m.sar(a, b)),
  rr("or", "0000000 rs2 rs1 110 rd 0110011", "#norm:and_or_xor_op", (m, a, b) => m.or(a, b)),
  rr("and", "0000000 rs2 rs1 111 rd 0110011", "#norm:and_or_xor_op", (m, a, b) => m.and(a, b)),

  ri("addiw", "imm[11:0] rs1 000 rd 0011011", "#norm:addiw_op", (m, a, b) => word(m, m.add(a, b))),
  sh("slliw", "0000000 uimm[4:0] rs1 001 rd 0011011", "#norm:slliw_srliw_sraiw_op", (m, a, b) => word(m, m.shl(a, b))),
  sh("srliw", "0000000 uimm[4:0] rs1 101 rd 0011011", "#norm:slliw_srliw_sraiw_op", (m, a, b) =>
    word(m, m.shr(m.zext(a, 32), b)),
  ),
  sh("sraiw", "0100000 uimm[4:0] rs1 101 rd 0011011", "#norm:slliw_srliw_sraiw_op", (m, a, b) => m.sar(word(m, a), b)),
  rr("addw", "0000000 rs2 rs1 000 rd 0111011", "#norm:addw_subw_op", (m, a, b) => word(m, m.add(a, b))),
  rr("subw", "0100000 rs2 rs1 000 rd 0111011", "#norm:addw_subw_op", (m, a, b) => word(m, m.sub(a, b))),
  rr("sllw", "0000000 rs2 rs1 001 rd 0111011", "#norm:sllw_srlw_sraw_op", (m, a, b) => word(m, m.shl(a, five(m, b)))),
  rr("srlw", "0000000 rs2 rs1 101 rd 0111011", "#norm:sllw_srlw_sraw_op", (m, a, b) =>
    word(m, m.shr(m.zext(a, 32), five(m, b))),
  ),
  rr("sraw", "0100000 rs2 rs1 101 rd 0111011", "#norm:sllw_srlw_sraw_op", (m, a, b) => m.sar(word(m, a), five(m, b))),

  insn({
    ...{ name: "fence", ext: "I", timing: "fence", spec: "#norm:fence_op" },
    bits: "fm pred succ rs1 000 rd 0001111",
    asm: "pred, succ",
    except: "fm=8",
    exec: (m) => m.fence(),
  }),
  insn({
    ...{ name: "fence.tso", ext: "I", timing: "fence", spec: "#norm:fence-tso_op" },
    bits: "1000 pred succ rs1 000 rd 0001111",
    asm: "",
    defaults: { pred: 3, succ: 3 },
    exec: (m) => m.fence(),
  }),
  insn({
    ...{ name: "ecall", ext: "I", timing: "system", spec: "#norm:ecall_op" },
    bits: "000000000000 00000 000 00000 1110011",
    asm: "",
    exec: (m) => m.ecall(),
  }),
  insn({
    ...{ name: "ebreak", ext: "I", timing: "system", spec: "#norm:ebreak_op" },
    bits: "000000000001 00000 000 00000 1110011",
    asm: "",
    exec: (m) => m.ebreak(),
  }),
];
