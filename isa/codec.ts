// Derives masks, encoder, decoder and operand layout from an instruction's encoding line.
import type { Insn } from "./insn.ts";

/** Operand values by field name: immediates bigint, everything else number. */
export type OperandValues = Readonly<Record<string, number | bigint>>;

/** Where `width` bits of a field stand: at bit `at` of the word, from bit `from` of the value. */
export interface Slice {
  readonly field: string;
  readonly at: number;
  readonly width: number;
  readonly from: number;
  /** Added to the bits: 8 for the three-bit registers of C, else 0. */
  readonly offset: number;
}

/** An instruction with its derived layout. */
export interface Form {
  readonly insn: Insn;
  readonly bytes: 2 | 4;
  /** Unsigned 32-bit numbers: a word is this instruction when (word & mask) === match and no exception holds. */
  readonly mask: number;
  readonly match: number;
  readonly slices: readonly Slice[];
  /** Fields in the order of the encoding line, each once. */
  readonly fields: readonly string[];
  /** Bits of the immediate as a value (13 for a branch), 0 without one. */
  readonly immBits: number;
  readonly immSigned: boolean;
  /** Power of two that divides the immediate: 2 for branches, 4096 for lui. */
  readonly immStep: number;
  /** Operands that share another's field: `rd/rs1` gives rs1 -> rd. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly except: readonly { readonly field: string; readonly value: number }[];
}

/** A decoded instruction word. */
export interface Decoded {
  readonly form: Form;
  readonly insn: Insn;
  readonly word: number;
  readonly bytes: 2 | 4;
  readonly operands: OperandValues;
  /** Register numbers, 0 where the instruction names none. */
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
}

const WIDTHS: Readonly<Record<string, number>> = {
  rd: 5,
  rs1: 5,
  rs2: 5,
  rs3: 5,
  csr: 12,
  aq: 1,
  rl: 1,
  fm: 4,
  pred: 4,
  succ: 4,
};

export const isImmediate = (field: string): boolean => field === "imm" || field === "uimm";

/** Lays out an instruction; throws (our bug) when its encoding line is not 16 or 32 bits. */
export function form(insn: Insn): Form {
  const tokens = insn.bits.split(" ").map((text) => token(insn, text));
  const total = tokens.reduce((sum, t) => sum + t.width, 0);
  if (total !== 16 && total !== 32) throw new Error(`${insn.name}: encoding line has ${total} bits`);
  let at = total;
  let mask = 0n;
  let match = 0n;
  const slices: Slice[] = [];
  for (const t of tokens) {
    at -= t.width;
    if (t.kind === "fixed") {
      mask |= ((1n << BigInt(t.width)) - 1n) << BigInt(at);
      match |= t.value << BigInt(at);
    } else {
      let high = at + t.width;
      for (const part of t.parts) {
        high -= part.width;
        slices.push({ field: t.field, at: high, ...part });
      }
    }
  }
  const imm = slices.filter((s) => isImmediate(s.field));
  return {
    insn,
    bytes: total === 16 ? 2 : 4,
    mask: Number(mask),
    match: Number(match),
    slices,
    fields: [...new Set(slices.map((s) => s.field))],
    immBits: Math.max(0, ...imm.map((s) => s.from + s.width)),
    immSigned: imm.some((s) => s.field === "imm"),
    immStep: imm.length === 0 ? 1 : 2 ** Math.min(...imm.map((s) => s.from)),
    aliases: Object.fromEntries(tokens.flatMap((t) => (t.kind === "field" ? t.aliases.map((a) => [a, t.field]) : []))),
    except: (insn.except ?? "").split(" ").filter(Boolean).map(exception),
  };
}

type Token =
  | { readonly kind: "fixed"; readonly width: number; readonly value: bigint }
  | {
      readonly kind: "field";
      readonly width: number;
      readonly field: string;
      readonly aliases: readonly string[];
      readonly parts: readonly Omit<Slice, "field" | "at">[];
    };

function token(insn: Insn, text: string): Token {
  if (/^[01]+$/.test(text)) return { kind: "fixed", width: text.length, value: BigInt(`0b${text}`) };
  const [, names, list] = /^([\w/']+)(?:\[([\d:|]+)\])?$/.exec(text) ?? [];
  if (names === undefined) throw new Error(`${insn.name}: cannot read '${text}' in its encoding line`);
  const [field = "", ...aliases] = names.replaceAll("'", "").split("/");
  if (list === undefined) {
    const short = names.endsWith("'");
    const width = short ? 3 : WIDTHS[field];
    if (width === undefined) throw new Error(`${insn.name}: field '${field}' has no width`);
    return { kind: "field", width, field, aliases, parts: [{ width, from: 0, offset: short ? 8 : 0 }] };
  }
  const parts = list.split("|").map((range) => {
    const [high = 0, low = high] = range.split(":").map(Number);
    return { width: high - low + 1, from: low, offset: 0 };
  });
  return { kind: "field", width: parts.reduce((sum, p) => sum + p.width, 0), field, aliases, parts };
}

function exception(text: string): { field: string; value: number } {
  const [field = "", value = ""] = text.split("=");
  return { field, value: Number(value) };
}

/** Encodes operands, which must fit (the assembler checks and reports); a field without one takes its default, or 0. */
export function encode(f: Form, operands: OperandValues): number {
  let word = f.match;
  for (const s of f.slices) {
    const value = operands[s.field] ?? f.insn.defaults?.[s.field] ?? 0;
    const bits = typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value; // no field reaches beyond bit 31
    word |= ((bits >>> s.from) & ((1 << s.width) - 1)) << s.at; // x8 is 0 mod 8
  }
  return word >>> 0;
}

/** Is this value encodable in the form's immediate? */
export function immediateFits(f: Form, value: bigint): boolean {
  const range = 2 ** f.immBits;
  const v = Number(value); // what a number cannot hold exactly is far out of range
  return v >= (f.immSigned ? -range / 2 : 0) && v < (f.immSigned ? range / 2 : range) && v % f.immStep === 0;
}

/** Operand values of a word that matches the form. */
export function operands(f: Form, word: number): Record<string, number | bigint> {
  const values: Record<string, number | bigint> = {};
  for (const field of f.fields) {
    let value = 0;
    for (const s of f.slices) {
      if (s.field === field) value |= (s.offset + ((word >>> s.at) & ((1 << s.width) - 1))) << s.from;
    }
    if (isImmediate(field)) {
      const unused = f.immSigned ? 32 - f.immBits : 0; // no immediate reaches beyond bit 31
      values[field] = BigInt((value << unused) >> unused);
    } else values[field] = value;
  }
  for (const [name, field] of Object.entries(f.aliases)) values[name] = values[field]!;
  return values;
}

/** A word as a form, exceptions considered. */
export function matches(f: Form, word: number): boolean {
  if ((word & f.mask) >>> 0 !== f.match) return false;
  if (f.except.length === 0) return true;
  const values = operands(f, word);
  return !f.except.some((e) => Number(values[e.field]) === e.value);
}
