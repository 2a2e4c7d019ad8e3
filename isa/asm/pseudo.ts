// Pseudo-instructions and shortened operand forms: one line each, pattern and expansion, by the assembly manual's names.

/** `pattern` names the operands that `lines` use: registers rd, rs, rt; csr, imm, target, set. */
export interface Pseudo {
  readonly name: string;
  readonly pattern: string;
  readonly lines: readonly string[];
}

const pseudo = (name: string, pattern: string, ...lines: string[]): Pseudo => ({ name, pattern, lines });

/** An instruction of the same name goes first: with Zbb, `sext.b` is one instruction and its line here is not used. */
export const PSEUDOS: readonly Pseudo[] = [
  pseudo("nop", "", "addi zero, zero, 0"),
  pseudo("mv", "rd, rs", "addi rd, rs, 0"),
  pseudo("move", "rd, rs", "addi rd, rs, 0"),
  pseudo("not", "rd, rs", "xori rd, rs, -1"),
  pseudo("neg", "rd, rs", "sub rd, zero, rs"),
  pseudo("negw", "rd, rs", "subw rd, zero, rs"),
  pseudo("sext.w", "rd, rs", "addiw rd, rs, 0"),
  pseudo("sext.b", "rd, rs", "slli rd, rs, 56", "srai rd, rd, 56"),
  pseudo("sext.h", "rd, rs", "slli rd, rs, 48", "srai rd, rd, 48"),
  pseudo("zext.b", "rd, rs", "andi rd, rs, 255"),
  pseudo("zext.h", "rd, rs", "slli rd, rs, 48", "srli rd, rd, 48"),
  pseudo("zext.w", "rd, rs", "add.uw rd, rs, zero"),
  pseudo("zext.w", "rd, rs", "slli rd, rs, 32", "srli rd, rd, 32"),

  pseudo("seqz", "rd, rs", "sltiu rd, rs, 1"),
  pseudo("snez", "rd, rs", "sltu rd, zero, rs"),
  pseudo("sltz", "rd, rs", "slt rd, rs, zero"),
  pseudo("sgtz", "rd, rs", "slt rd, zero, rs"),
  pseudo("sgt", "rd, rs, rt", "slt rd, rt, rs"),
  pseudo("sgtu", "rd, rs, rt", "sltu rd, rt, rs"),

  // Register mnemonics take immediates, as in GNU as.
  pseudo("add", "rd, rs, imm", "addi rd, rs, imm"),
  pseudo("addw", "rd, rs, imm", "addiw rd, rs, imm"),
  pseudo("and", "rd, rs, imm", "andi rd, rs, imm"),
  pseudo("or", "rd, rs, imm", "ori rd, rs, imm"),
  pseudo("xor", "rd, rs, imm", "xori rd, rs, imm"),
  pseudo("slt", "rd, rs, imm", "slti rd, rs, imm"),
  pseudo("sltu", "rd, rs, imm", "sltiu rd, rs, imm"),
  pseudo("sll", "rd, rs, imm", "slli rd, rs, imm"),
  pseudo("srl", "rd, rs, imm", "srli rd, rs, imm"),
  pseudo("sra", "rd, rs, imm", "srai rd, rs, imm"),
  pseudo("sllw", "rd, rs, imm", "slliw rd, rs, imm"),
  pseudo("srlw", "rd, rs, imm", "srliw rd, rs, imm"),
  pseudo("sraw", "rd, rs, imm", "sraiw rd, rs, imm"),
  pseudo("ror", "rd, rs, imm", "rori rd, rs, imm"),
  pseudo("rorw", "rd, rs, imm", "roriw rd, rs, imm"),
  pseudo("bset", "rd, rs, imm", "bseti rd, rs, imm"),
  pseudo("bclr", "rd, rs, imm", "bclri rd, rs, imm"),
  pseudo("binv", "rd, rs, imm", "binvi rd, rs, imm"),
  pseudo("bext", "rd, rs, imm", "bexti rd, rs, imm"),
  pseudo("yadd", "rd, rs, imm", "yaddi rd, rs, imm"),
  pseudo("ybndsw", "rd, rs, imm", "ybndswi rd, rs, imm"),

  pseudo("beqz", "rs, target", "beq rs, zero, target"),
  pseudo("bnez", "rs, target", "bne rs, zero, target"),
  pseudo("blez", "rs, target", "bge zero, rs, target"),
  pseudo("bgez", "rs, target", "bge rs, zero, target"),
  pseudo("bltz", "rs, target", "blt rs, zero, target"),
  pseudo("bgtz", "rs, target", "blt zero, rs, target"),
  pseudo("bgt", "rs, rt, target", "blt rt, rs, target"),
  pseudo("ble", "rs, rt, target", "bge rt, rs, target"),
  pseudo("bgtu", "rs, rt, target", "bltu rt, rs, target"),
  pseudo("bleu", "rs, rt, target", "bgeu rt, rs, target"),

  pseudo("j", "target", "jal zero, target"),
  pseudo("jal", "target", "jal ra, target"),
  pseudo("jr", "rs", "jalr zero, 0(rs)"),
  pseudo("jr", "imm(rs)", "jalr zero, imm(rs)"),
  pseudo("jr", "rs, imm", "jalr zero, imm(rs)"),
  pseudo("jalr", "rs", "jalr ra, 0(rs)"),
  pseudo("jalr", "imm(rs)", "jalr ra, imm(rs)"),
  pseudo("jalr", "rd, rs", "jalr rd, 0(rs)"),
  pseudo("jalr", "rd, rs, imm", "jalr rd, imm(rs)"),
  pseudo("jalr", "rs, imm", "jalr ra, imm(rs)"),
  pseudo("ret", "", "jalr zero, 0(ra)"),

  pseudo("csrr", "rd, csr", "csrrs rd, csr, zero"),
  pseudo("csrw", "csr, rs", "csrrw zero, csr, rs"),
  pseudo("csrw", "csr, imm", "csrrwi zero, csr, imm"),
  pseudo("csrs", "csr, rs", "csrrs zero, csr, rs"),
  pseudo("csrs", "csr, imm", "csrrsi zero, csr, imm"),
  pseudo("csrc", "csr, rs", "csrrc zero, csr, rs"),
  pseudo("csrc", "csr, imm", "csrrci zero, csr, imm"),
  pseudo("csrwi", "csr, imm", "csrrwi zero, csr, imm"),
  pseudo("csrsi", "csr, imm", "csrrsi zero, csr, imm"),
  pseudo("csrci", "csr, imm", "csrrci zero, csr, imm"),
  pseudo("csrrw", "rd, csr, imm", "csrrwi rd, csr, imm"),
  pseudo("csrrs", "rd, csr, imm", "csrrsi rd, csr, imm"),
  pseudo("csrrc", "rd, csr, imm", "csrrci rd, csr, imm"),
  pseudo("rdcycle", "rd", "csrrs rd, 0xc00, zero"),
  pseudo("rdtime", "rd", "csrrs rd, 0xc01, zero"),
  pseudo("rdinstret", "rd", "csrrs rd, 0xc02, zero"),
  pseudo("unimp", "", "csrrw zero, 0xc00, zero"),

  pseudo("fence", "", "fence 15, 15"),
  pseudo("pause", "", "fence 1, 0"),
  pseudo("sfence.vma", "", "sfence.vma zero, zero"),
  pseudo("sfence.vma", "rs", "sfence.vma rs, zero"),
  pseudo("scall", "", "ecall"),
  pseudo("sbreak", "", "ebreak"),
];
