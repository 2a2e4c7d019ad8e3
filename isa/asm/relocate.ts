// Relocations: what value a symbol's address gives an instruction or a word of data, and whether it fits.
import { encode, immediateFits, isImmediate, matches, type Form, type OperandValues } from "../codec.ts";
import { Fault } from "./fault.ts";
import type { RelocationKind } from "./object.ts";

/** What a fixup can be beside a relocation: an immediate that must be constant when the text is read. */
export type FixupKind = RelocationKind | "immediate";

/** The immediate's field of a form: imm or uimm. */
export const immediateField = (f: Form): string => f.fields.find(isImmediate) ?? "imm";

/** The upper part that, with the sign-extended lower 12 bits added, gives the value. */
export const upperPart = (value: bigint): bigint => BigInt.asIntN(64, ((value + 0x800n) >> 12n) << 12n);
export const lowerPart = (value: bigint): bigint => BigInt.asIntN(12, value);

/** The word of an instruction with this immediate; throws a Fault that says what would fit. */
export function encodeImmediate(f: Form, operands: OperandValues, value: bigint): number {
  const field = f.insn.immediate ? f.insn.immediate.encode(value) : value;
  if (field === undefined || !immediateFits(f, field)) throw new Fault(misfit(f, value));
  return checkedWord(f, { ...operands, [immediateField(f)]: field });
}

/** The word of an instruction; throws a Fault where the operands make another instruction of it. */
export function checkedWord(f: Form, operands: OperandValues): number {
  const word = encode(f, operands);
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

/** The immediate that a relocation of an instruction makes of `value` (already relative to the pc where it is to be). */
export function relocatedWord(kind: FixupKind, f: Form, operands: OperandValues, value: bigint): number {
  switch (kind) {
    case "pcrel":
      if (!immediateFits(f, value)) throw new Fault(tooFar(f, value), { hint: farHint(f, value) });
      return checkedWord(f, { ...operands, [immediateField(f)]: value });
    case "pcrel_hi":
    case "hi": {
      const upper = upperPart(value);
      if (!immediateFits(f, upper)) {
        const what =
          kind === "hi" ? `address 0x${BigInt.asUintN(64, value).toString(16)}` : `distance of ${value} bytes`;
        throw new Fault(`${what} does not fit in 32 bits`, { hint: "load it from a .dword" });
      }
      return encode(f, { ...operands, [immediateField(f)]: upper });
    }
    case "pcrel_lo":
    case "lo":
      return encode(f, { ...operands, [immediateField(f)]: lowerPart(value) });
    default:
      return encodeImmediate(f, operands, value);
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
