// Encodings against an outside judge: what the GNU assembler makes of the disassembler's text is the word it came from.
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, type Form, type OperandValues } from "../../isa/codec.ts";
import { CSRS } from "../../isa/csr.ts";
import { decoded } from "../../isa/decode.ts";
import { disassemble } from "../../isa/disasm.ts";
import { decoderFor, instructionsOf } from "../../isa/table.ts";
import { arbOperands } from "../arbitrary/operands.ts";
import { gnuAssemble, gnuAssembler } from "../drivers/gnu.ts";

const ISA = "rv64imacb_zicbom_zicboz_zicbop";
/** Text, a tab, and the encoding as binutils 2.40 gave it; made anew by running this file with UPDATE_GOLDEN=1. */
const PINNED = new URL("../vectors/binutils.tsv", import.meta.url);

const csrNumbers = CSRS.filter((csr) => csr.width !== "ylen").map((csr) => csr.number);

/** Operands whose text means to binutils what it means to us: a CSR that it names as we do, no empty set, no hint. */
function plain(form: Form, values: OperandValues): boolean {
  const { name } = form.insn;
  if (values["csr"] !== undefined) return csrNumbers.includes(Number(values["csr"]));
  if (values["pred"] !== undefined) return values["pred"] !== 0 && values["succ"] !== 0;
  if (/^c\.(lui|slli|srli|srai|addi)$/.test(name)) return values["imm"] !== 0n && values["uimm"] !== 0n;
  return name !== "c.nop" || values["imm"] === 0n;
}

/** The operands with what the text does not say (fence's fm) at its default. */
function sayable(form: Form, values: OperandValues): OperandValues {
  const said = form.insn.asm.replace(/target|upper/, "imm").split(/\W+/);
  const unsaid = form.fields.filter((f) => !said.includes(f) && f !== "aq" && f !== "rl");
  const { defaults = {} } = form.insn;
  return { ...values, ...Object.fromEntries(unsaid.map((field) => [field, defaults[field] ?? 0])) };
}

function samples(form: Form, count: number): readonly { text: string; word: number }[] {
  const random = fc.sample(arbOperands(form), { seed: 7, numRuns: 40 * count });
  const words = random.filter((v) => plain(form, v)).map((v) => encode(form, sayable(form, v)));
  return words.slice(0, count).map((word) => ({ word, text: disassemble(decoded(form, word)) }));
}

const forms = instructionsOf(ISA);
const hex = (word: number): string => word.toString(16).padStart(4, "0");

/** The words of a binary, 16 or 32 bits each. */
function words(code: Uint8Array): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: number[] = [];
  for (let at = 0; at < code.byteLength; at += (view.getUint16(at, true) & 3) === 3 ? 4 : 2) {
    const half = view.getUint16(at, true);
    found.push((half & 3) === 3 ? view.getUint32(at, true) : half);
  }
  return found;
}

describe("the GNU assembler", () => {
  test.skipIf(gnuAssembler === undefined)("encodes what the disassembler prints as the word that it was", () => {
    const cases = forms.flatMap((form) => samples(form, 20));
    const encoded = words(gnuAssemble(cases.map((c) => c.text)));
    expect(encoded.map((word, i) => `${cases[i]?.text} ${hex(word)}`)).toEqual(
      cases.map((c) => `${c.text} ${hex(c.word)}`),
    );
    if (process.env["UPDATE_GOLDEN"] === undefined) return;
    const rows = forms.flatMap((form) => samples(form, 2));
    const golden = words(gnuAssemble(rows.map((r) => r.text)));
    writeFileSync(PINNED, rows.map((r, i) => `${r.text.replace("\t", " ")}\t${hex(golden[i]!)}\n`).join(""));
  });

  const pinned = readFileSync(PINNED, "utf8").trim().split("\n");

  test("gave every pinned encoding the meaning that it has here", () => {
    const ours = pinned.map((row) => {
      const word = Number(`0x${row.split("\t")[1]}`);
      const found = decoderFor(ISA)(word);
      const text = found === undefined ? "illegal" : disassemble(found).replace("\t", " ");
      return `${text}\t${hex(word)}`;
    });
    expect(ours).toEqual(pinned);
  });

  test("has pinned every instruction of the integer ISA", () => {
    const names = new Set(pinned.map((row) => decoderFor(ISA)(Number(`0x${row.split("\t")[1]}`))?.insn.name));
    expect(forms.map((f) => f.insn.name).filter((name) => !names.has(name))).toEqual([]);
  });
});
