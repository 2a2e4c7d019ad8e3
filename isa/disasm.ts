// Disassembler: one decoded instruction as text, in objdump's style with canonical mnemonics and ABI register names.
import type { Decoded } from "./codec.ts";
import { csrName } from "./csr.ts";
import { abiName } from "./registers.ts";

/** Names an address, as a symbol table does. */
export type SymbolAt = (address: number) => string | undefined;

/**
 * The text of an instruction, mnemonic and operands with a tab between, such that the assembler reads it back. A jump's
 * target is absolute where `pc` is given, with its symbol behind it where `symbolAt` knows one; else relative to `.`.
 */
export function disassemble(decoded: Decoded, pc?: number, symbolAt?: SymbolAt): string {
  const { insn } = decoded;
  const mnemonic = insn.name + ordering(decoded);
  if (insn.asm === "") return mnemonic;
  const text = insn.asm.replace(/[a-z]\w*/g, (word) => operand(decoded, word, pc, symbolAt));
  return `${mnemonic}\t${text.replaceAll(", ", ",")}`;
}

/** `.aq`, `.rl` or `.aqrl` of an atomic. */
function ordering({ operands }: Decoded): string {
  const suffix = (operands["aq"] === 1 ? "aq" : "") + (operands["rl"] === 1 ? "rl" : "");
  return suffix === "" ? "" : `.${suffix}`;
}

function operand(decoded: Decoded, word: string, pc: number | undefined, symbolAt: SymbolAt | undefined): string {
  const { insn, operands } = decoded;
  const value = operands[word];
  switch (word) {
    case "rd":
    case "rs1":
    case "rs2":
      return abiName(Number(value));
    case "imm":
      return String(value);
    case "uimm":
      return String(insn.immediate?.decode(value as bigint) ?? value);
    case "upper":
      return `0x${BigInt.asUintN(20, (operands["imm"] as bigint) >> 12n).toString(16)}`;
    case "target":
      return target(Number(operands["imm"]), pc, symbolAt);
    case "csr":
      return csrName(Number(value)) ?? `0x${Number(value).toString(16)}`;
    case "pred":
    case "succ":
      return fenceSet(Number(value));
    default:
      return word; // `sp` stands for itself
  }
}

function target(offset: number, pc: number | undefined, symbolAt: SymbolAt | undefined): string {
  if (pc === undefined) return `.${offset < 0 ? "-" : "+"}${Math.abs(offset)}`;
  const symbol = symbolAt?.(pc + offset);
  const address = `0x${(pc + offset).toString(16)}`;
  return symbol === undefined ? address : `${address} <${symbol}>`;
}

/** A set of iorw, most significant bit first; the empty set is 0. */
function fenceSet(bits: number): string {
  const letters = [..."iorw"].filter((_, i) => (bits & (8 >> i)) !== 0).join("");
  return letters === "" ? "0" : letters;
}
