// What an instruction reads and writes in capabilities, as its operands and the state around it show: for the laws of derivation.
import { equal, isDerivable, isTagged, type Cap } from "./standard.ts";
import { changedGranules, granuleAt, type Step } from "./watched.ts";

/** Registers that hold capabilities, by number: ddc, thread identifiers, vectors, saved program counters, scratch. */
const CAPABILITY_CSRS = [0x416, 0x480, 0x580, 0x780, 0x105, 0x140, 0x141, 0x305, 0x340, 0x341];
const [MEPC, SEPC] = [0x341, 0x141];
const OPCODE_SYSTEM = 0x73;

/** Capabilities that the instruction names: its registers, the pcc, a CSR, and what memory holds where it looks. */
export function read({ insn, before, word }: Step): Cap[] {
  if (insn === undefined) return [];
  const { rs1, rs2, operands } = insn;
  const base = before.registers[rs1]!;
  const imm = typeof operands["imm"] === "bigint" ? operands["imm"] : (operands["uimm"] as bigint | undefined);
  const loads = insn.insn.timing === "load" || insn.insn.timing === "atomic";
  const granule = loads ? granuleAt(before, BigInt.asUintN(64, base.addr + (imm ?? 0n))) : undefined;
  const csr = (word & 0x7f) === OPCODE_SYSTEM ? before.csrs.get(word >>> 20) : undefined;
  return [base, before.registers[rs2]!, before.pcc, granule, csr].filter((c) => c !== undefined);
}

/** Tagged capabilities that a step has put where they were not before. */
export function written({ before, after, trap }: Step): Cap[] {
  const registers = after.registers.filter((c, r) => !equal(c, before.registers[r]!));
  const memory = changedGranules(before, after).map((at) => granuleAt(after, BigInt(0x8000_0000 + at))!);
  const saved = trap === undefined ? [] : [MEPC, SEPC];
  const csrs = CAPABILITY_CSRS.filter((n) => after.csrs.has(n) && !saved.includes(n));
  const changed = csrs.filter((n) => !equal(after.csrs.get(n)!, before.csrs.get(n)!));
  return [...registers, ...memory, ...changed.map((n) => after.csrs.get(n)!)].filter(isTagged);
}

/** Capabilities that no source could have given. */
export const violations = (found: readonly Cap[], sources: readonly Cap[]): readonly Cap[] =>
  found.filter((c) => !isDerivable(c, sources));
