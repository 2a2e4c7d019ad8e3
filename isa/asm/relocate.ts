// Relocations: what value a symbol's address gives an instruction or a word of data, and whether it fits.
import { immediateFits, isImmediate, matches, type Form, type Slice } from "../codec.ts";
import { Fault } from "./fault.ts";
import type { RelocationKind } from "./object.ts";

/** What a fixup can be beside a relocation: an immediate that must be constant when the text is read. */
export type FixupKind = RelocationKind | "immediate";

/** The upper part that, with the sign-extended lower 12 bits added, gives the value. */
export const upperPart = (value: bigint): bigint => BigInt.asIntN(64, ((value + 0x800n) >> 12n) << 12n);
export const lowerPart = (value: bigint): bigint => BigInt.asIntN(12, value);

/** Puts a field's value into a word whose bits there are zero; slices of other fields are passed over. */
export function insertField(word: number, slices: readonly Slice[], field: string, value: number): number {
  let made = word;
  for (const s of slices) {
    if (s.field === field) made |= ((value >>> s.from) & (2 ** s.width - 1)) << s.at;
  }
  return made >>> 0;
}

/** A word with its immediate, which fits; throws a Fault where that makes another instruction of it. */
function insertImmediate(f: Form, word: number, value: bigint): number {
  const field = f.fields.find(isImmediate) ?? "";
  return checkedWord(f, insertField(word, f.slices, field, Number(BigInt.asIntN(32, value))));
}

/** Refuses a word that the form's exceptions give to another instruction. */
export function checkedWord(f: Form, word: number): number {
  if (f.except.length > 0 && !matches(f, word)) {
    const exceptions = f.except.map((e) => `${e.field} = ${e.value}`).join(", ");
    throw new Fault(`${f.insn.name} does not exist with these operands (excluded: ${exceptions})`);
  }
  return word;
}

/** "expected -2048 to 2047". */
export function immediateRange(f: Form): string {
  const bits = BigInt(f.immBits);
  const low = f.immSigned ? -(1n << (bits - 1n)) : 0n;
  const high = (f.immSigned ? 1n << (bits - 1n) : 1n << bits) - BigInt(f.immStep);
  return `${low} to ${high}${f.immStep > 1 ? ` in steps of ${f.immStep}` : ""}`;
}

const misfit = (f: Form, value: bigint): string =>
  f.insn.immediate
    ? `${f.insn.name} cannot encode the immediate ${value}`
    : `immediate ${value} does not fit: ${f.insn.name} takes ${immediateRange(f)}`;

/** A word, whose immediate is zero, with what `value` (already relative to the pc where it is to be) makes of its immediate. */
export function relocatedWord(kind: FixupKind, f: Form, word: number, value: bigint): number {
  switch (kind) {
    case "pcrel":
      if (!immediateFits(f, value)) throw new Fault(tooFar(f, value), { hint: farHint(f, value) });
      return insertImmediate(f, word, value);
    case "pcrel_hi":
    case "hi": {
      const upper = upperPart(value);
      if (immediateFits(f, upper)) return insertImmediate(f, word, upper);
      const what = kind === "hi" ? `address 0x${BigInt.asUintN(64, value).toString(16)}` : `distance of ${value} bytes`;
      throw new Fault(`${what} does not fit in 32 bits`, { hint: "load it from a .dword" });
    }
    case "pcrel_lo":
    case "lo":
      return insertImmediate(f, word, lowerPart(value));
    default: {
      const field = f.insn.immediate ? f.insn.immediate.encode(value) : value;
      if (field === undefined || !immediateFits(f, field)) throw new Fault(misfit(f, value));
      return insertImmediate(f, word, field);
    }
  }
}

function tooFar(f: Form, value: bigint): string {
  if (value % 2n !== 0n) return `target is ${value} bytes away, and an instruction begins at an even address`;
  return `target is ${value} bytes away: ${f.insn.name} reaches ${immediateRange(f)}`;
}

function farHint(f: Form, value: bigint): string | undefined {
  if (value % 2n !== 0n) return undefined;
  return f.insn.timing === "jump" ? "use call, tail or jump" : "branch around a j, or nearer";
}

/** Checks that a value fits in `bytes` bytes, signed or unsigned. */
export function checkData(value: bigint, bytes: number): void {
  if (bytes >= 8) return;
  const bits = BigInt(bytes * 8);
  if (value >= -(1n << (bits - 1n)) && value < 1n << bits) return;
  throw new Fault(`value ${value} does not fit in ${bytes} byte${bytes === 1 ? "" : "s"}`, {
    hint: `expected ${-(1n << (bits - 1n))} to ${(1n << bits) - 1n}`,
  });
}
