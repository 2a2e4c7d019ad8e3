// `.insn`: an instruction given by its format and fields, or as a plain number, for encodings that have no mnemonic.
import { form } from "../codec.ts";
import { insn } from "../insn.ts";
import type { Directive } from "./directives.ts";
import { parseExpression } from "./expr.ts";
import { planOf, type Alternative } from "./mnemonics.ts";

function format(name: string, bits: string, ...lines: string[]): [string, Alternative[]] {
  const alternatives = lines.map((asm): Alternative => {
    const record = insn({ name: `.insn ${name}`, ext: "I", bits, asm, timing: "alu", spec: "", exec: () => undefined });
    const plan = planOf(form(record), {}, asm);
    return { kind: "plan", plan, syntax: `.insn ${name} ${asm}`, template: plan.template };
  });
  return [name, alternatives];
}

const R4 = "rs3 funct2[1:0] rs2 rs1 funct3[2:0] rd opcode[6:0]";
const B = ["imm[12|10:5] rs2 rs1 funct3[2:0] imm[4:1|11] opcode[6:0]", "opcode, funct3, rs1, rs2, target"] as const;
const J = ["imm[20|10:1|11|19:12] rd opcode[6:0]", "opcode, rd, target"] as const;
const I = ["opcode, funct3, rd, rs1, imm", "opcode, funct3, rd, imm(rs1)"] as const;
const CL = "funct3[2:0] uimm[4:2] rs1' uimm[1:0] rd' opcode[1:0]";
const CS = "funct3[2:0] uimm[4:2] rs1' uimm[1:0] rs2' opcode[1:0]";

/** Formats by GNU as's names for them; the fields stand in its order. */
const FORMATS: ReadonlyMap<string, readonly Alternative[]> = new Map([
  format(...(["r", "funct7[6:0] rs2 rs1 funct3[2:0] rd opcode[6:0]", "opcode, funct3, funct7, rd, rs1, rs2"] as const)),
  format("r4", R4, "opcode, funct3, funct2, rd, rs1, rs2, rs3"),
  format("i", "imm[11:0] rs1 funct3[2:0] rd opcode[6:0]", ...I),
  format("s", "imm[11:5] rs2 rs1 funct3[2:0] imm[4:0] opcode[6:0]", "opcode, funct3, rs2, imm(rs1)"),
  format("b", ...B),
  format("sb", ...B),
  format("u", "imm[31:12] rd opcode[6:0]", "opcode, rd, upper"),
  format("j", ...J),
  format("uj", ...J),
  format("cr", "funct4[3:0] rd rs2 opcode[1:0]", "opcode, funct4, rd, rs2"),
  format("ci", "funct3[2:0] imm[5] rd imm[4:0] opcode[1:0]", "opcode, funct3, rd, imm"),
  format("ciw", "funct3[2:0] uimm[7:0] rd' opcode[1:0]", "opcode, funct3, rd, uimm"),
  format("css", "funct3[2:0] uimm[5:0] rs2 opcode[1:0]", "opcode, funct3, rs2, uimm"),
  format("cl", CL, "opcode, funct3, rd, uimm(rs1)"),
  format("cs", CS, "opcode, funct3, rs2, uimm(rs1)"),
  format("ca", "funct6[5:0] rd' funct2[1:0] rs2' opcode[1:0]", "opcode, funct6, funct2, rd, rs2"),
  format("cb", "funct3[2:0] imm[8|4:3] rs1' imm[7:6|2:1|5] opcode[1:0]", "opcode, funct3, rs1, target"),
  format("cj", "funct3[2:0] imm[11|4|9:8|10|6|7|3:1|5] opcode[1:0]", "opcode, funct3, target"),
]);

/** `.insn r OP, 0, 0, a0, a1, a2`, `.insn 0x00000013` or `.insn 4, 0x00000013`. */
export const insnDirective: Directive = (assembler, cursor) => {
  const { unit, emitter } = assembler;
  cursor.peek();
  let at = cursor.at;
  const name = cursor.word();
  const formats = FORMATS.get(name);
  if (formats) {
    assembler.instruction(formats, cursor);
    return;
  }
  if (name !== "" && !unit.known(name)) {
    cursor.fail(`expected a format or a number, found '${name}'`, {
      at,
      hint: `formats: ${[...FORMATS.keys()].join(" ")}`,
    });
  }
  cursor.at = at;
  let value = unit.constant(parseExpression(cursor, unit), cursor, at);
  let bytes: bigint | undefined;
  if (cursor.eat(",")) {
    bytes = value;
    cursor.peek();
    at = cursor.at;
    value = unit.constant(parseExpression(cursor, unit), cursor, at);
  }
  cursor.expectEnd();
  const length = (value & 3n) === 3n ? 4 : 2;
  if (value < 0n || value >= 1n << BigInt(8 * length)) cursor.fail("expected an instruction of 16 or 32 bits", { at });
  if (bytes !== undefined && bytes !== BigInt(length)) cursor.fail(`the number encodes ${length} bytes`, { at });
  emitter.raw(Number(value), length, cursor.statement);
};
