// What the disassembler prints, the assembler reads back as the same word: for every record of every extension.
import fc from "fast-check";
import { expect, test } from "vitest";
import { matches, type Form } from "../../../isa/codec.ts";
import { decoded } from "../../../isa/decode.ts";
import { disassemble } from "../../../isa/disasm.ts";
import { allInstructions, instructionsOf } from "../../../isa/table.ts";
import { bytesOf } from "./assembling.ts";

/** A word of the form; the bits that its assembly line does not name have their defaults. */
function wordsOf(f: Form): fc.Arbitrary<number> {
  const named = f.slices.filter((s) => isNamed(f, s.field));
  return fc
    .integer({ min: 0, max: 0xffffffff })
    .map((random) => {
      let word = f.match;
      for (const s of f.slices) {
        const bits = named.includes(s) ? random >>> s.at : (f.insn.defaults?.[s.field] ?? 0) >>> s.from;
        word = (word | ((bits & (2 ** s.width - 1)) << s.at)) >>> 0;
      }
      return word;
    })
    .filter((word) => matches(f, word));
}

function isNamed(f: Form, field: string): boolean {
  if (field === "aq" || field === "rl") return true;
  const words = f.insn.asm.match(/[a-z]\w*/g) ?? [];
  return words.some(
    (w) => w === field || f.aliases[w] === field || (field === "imm" && (w === "target" || w === "upper")),
  );
}

const wordOf = (bytes: Uint8Array): number => bytes.reduce((word, byte, i) => word + byte * 2 ** (8 * i), 0);

test.each([
  ["integers", instructionsOf("rv64imac_zicsr_zifencei_zba_zbb_zbs_zicond_zicbom_zicboz_zicbop")],
  ["capabilities", instructionsOf("rv64yc_zylevels1")],
  ["both, by turns", instructionsOf("rv64y_zyhybrid")],
])("assemble(disassemble(word)) is the word, for every instruction on %s", (_, forms) => {
  for (const f of forms) {
    fc.assert(
      fc.property(wordsOf(f), (word) => {
        const text = disassemble(decoded(f, word));
        expect(`${text} ${wordOf(bytesOf(text, ".text", { forms })).toString(16)}`).toBe(
          `${text} ${word.toString(16)}`,
        );
      }),
      { numRuns: 10 },
    );
  }
  expect(forms.length).toBeGreaterThan(100);
});

test("every record is in one of the two instruction sets", () => {
  const seen = new Set([
    ...instructionsOf("rv64imac_zicsr_zifencei_zba_zbb_zbs_zicond_zicbom_zicboz_zicbop"),
    ...instructionsOf("rv64yc_zba_zbb_zbs_zicond_zicbom_zicbop_zylevels1_zyhybrid"),
  ]);
  expect(
    allInstructions()
      .filter((f) => !seen.has(f))
      .map((f) => f.insn.name),
  ).toEqual([]);
});
