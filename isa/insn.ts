// One instruction is one record; decoder, assembler, engines, documentation and random programs are derived from it.
import type { Semantics } from "./semantics.ts";

type Split<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Split<Tail> : S;

/**
 * The operands that one token of an encoding line names: `rd`, `imm[11:0]`, `csr`, `rs1'` (three bits: x8 to x15),
 * `rd/rs1` (one field, both operands); a token of digits names none.
 */
type FieldOf<Token extends string> = Token extends `${infer Name}[${string}]`
  ? Name
  : Token extends `${0 | 1}${string}`
    ? never
    : Token extends `${infer First}/${infer Rest}`
      ? FieldOf<First> | FieldOf<Rest>
      : Token extends `${infer Name}'`
        ? Name
        : Token;

/** Operands typed from the encoding line: immediates are bigint, register numbers and other fields number. */
export type Operands<Bits extends string> = {
  readonly [K in FieldOf<Split<Bits>>]: K extends "imm" | "uimm" ? bigint : number;
};

/** What the timing model may know of an instruction. */
export type TimingClass =
  "alu" | "mul" | "div" | "load" | "store" | "atomic" | "branch" | "jump" | "csr" | "system" | "fence" | "cap" | "cbo";

/** The extension that brings an instruction; the ISA string selects. */
export type Extension =
  | "I"
  | "M"
  | "A"
  | "Zabhlrsc"
  | "Zicsr"
  | "Zifencei"
  | "Zicboz"
  | "Zba"
  | "Zbb"
  | "Zbs"
  | "Zicond"
  | "Zicbom"
  | "Zicbop"
  | "Zca"
  | "Y"
  | "Zylevels1"
  | "Zyhybrid"
  | "Svyrg"
  | "priv";

export interface Insn<Bits extends string = string> {
  /** The standard's mnemonic. */
  readonly name: string;
  /** Mnemonic before the standard renamed it, with the same operands; the assembler takes it too. */
  readonly was?: string;
  /** Further assembly lines for it, mnemonic and operands: `yhir rd, rs1`. */
  readonly aliases?: readonly string[];
  readonly ext: Extension;
  /** An extension that must be present beside it, or absent. */
  readonly with?: Extension;
  readonly without?: Extension;
  /** The encoding as the manual prints it, most significant bit first: `imm[11:0] rs1 000 rd 0010011`. */
  readonly bits: Bits;
  /**
   * Assembly operands, as `rd, imm(rs1)`: register fields, `imm`, `uimm`, `target` (a pc-relative imm), `upper` (imm[31:12]
   * written as a 20-bit number), `csr`, `pred` and `succ` (sets of iorw); anything else stands for itself (`sp`, `0(rs1)`).
   * Fields `aq` and `rl` are suffixes of the mnemonic: `.aq`, `.rl`, `.aqrl`.
   */
  readonly asm: string;
  readonly timing: TimingClass;
  /** Anchor in the standard's text. */
  readonly spec: string;
  /** Values of fields that the assembly line does not name; 0 where absent. */
  readonly defaults?: Readonly<Record<string, number>>;
  /** Encodings of this pattern that are not this instruction, as `rd=0 rd=2`: the decoder passes over those where one holds. */
  readonly except?: string;
  /** Registers that the instruction uses without naming them in its encoding (c.jalr's link, c.lwsp's base). */
  readonly implies?: { readonly rd?: number; readonly rs1?: number; readonly rs2?: number };
  /** Where the value an assembly programmer writes differs from the encoded field (ybndswi's length). */
  readonly immediate?: {
    readonly encode: (value: bigint) => bigint | undefined;
    readonly decode: (field: bigint) => bigint;
  };
  readonly exec: <X, Y>(m: Semantics<X, Y>, o: Operands<Bits>) => void;
}

/** Defines an instruction; its operand type is inferred from `bits`, so a misnamed operand does not compile. */
export function insn<const Bits extends string>(record: Insn<Bits>): Insn {
  return record as unknown as Insn;
}
