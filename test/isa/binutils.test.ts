// Encodings against an outside judge: what the GNU assembler makes of the disassembler's text is the word it came from.
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Form } from "../../isa/codec.ts";
import { disassemble } from "../../isa/disasm.ts";
import { decoderFor, instructionsOf } from "../../isa/table.ts";
import { gnuAssemble, gnuAssembler } from "../drivers/gnu.ts";
import { BINUTILS_ISA, samplesOf, unjudged, wordsIn, type Sample } from "../judges/binutils.ts";

/** What binutils 2.40 has names for. */
const ISA = BINUTILS_ISA.replace("_zicond", "");
/** Text, a tab, and the encoding as binutils 2.40 gave it; made anew by running this file with UPDATE_GOLDEN=1. */
const PINNED = new URL("../vectors/binutils.tsv", import.meta.url);

/** Encodings that binutils can judge, with their forms. */
const judged = (form: Form, count: number): (Sample & { readonly form: Form })[] =>
  samplesOf(form, count, 7)
    .filter((s) => unjudged(s) === undefined)
    .map((s) => ({ ...s, form }));

const forms = instructionsOf(ISA);
const hex = (word: number): string => word.toString(16).padStart(4, "0");

describe("the GNU assembler", () => {
  test.skipIf(gnuAssembler === undefined)("encodes what the disassembler prints as the word that it was", () => {
    const cases = forms.flatMap((form) => judged(form, 20));
    const encoded = wordsIn(gnuAssemble(cases.map((c) => c.text)));
    expect(encoded.map((word, i) => `${cases[i]?.text} ${hex(word)}`)).toEqual(
      cases.map((c) => `${c.text} ${hex(c.word)}`),
    );
    if (process.env["UPDATE_GOLDEN"] === undefined) return;
    const rows = forms.flatMap((form) => judged(form, 2).slice(0, 2));
    const golden = wordsIn(gnuAssemble(rows.map((r) => r.text)));
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
