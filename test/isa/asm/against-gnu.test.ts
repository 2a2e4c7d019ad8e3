// What the assembler emits equals what GNU as emits: every base instruction and pseudo-instruction over random operands.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PSEUDOS } from "../../../isa/asm/pseudo.ts";
import { formTemplate, patternTemplate } from "../../../isa/asm/template.ts";
import type { Form } from "../../../isa/codec.ts";
import { csrNumber } from "../../../isa/csr.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { bytesOf, imageOf, linked, objectOf } from "./assembling.ts";
import { gnu, gnuLinked, gnuPresent, gnuSection, inFolder } from "./gnu.ts";
import { arbOperands } from "./operands.ts";

const SEED = 20260901;

/** Both assemblers over the same lines; the first differing line is named. */
function compare(lines: readonly string[], march: string, forms: readonly Form[]): void {
  const ours = bytesOf(lines.join("\n"), ".text", { forms });
  const theirs = gnuSection(lines.join("\n") + "\n", { march });
  if (Buffer.compare(ours, theirs) === 0) return;
  for (const line of lines) {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    expect(`${line}: ${hex(bytesOf(line, ".text", { forms }))}`).toBe(
      `${line}: ${hex(gnuSection(`${line}\n`, { march }))}`,
    );
  }
  expect.fail("the whole differs, though no line does");
}

const lines = (name: string, operands: fc.Arbitrary<string>, count: number): string[] =>
  fc.sample(operands, { numRuns: count, seed: SEED }).map((text) => `${name} ${text}`);

describe.skipIf(!gnuPresent)("against GNU as", () => {
  const WIDE = "rv64ima_zicsr_zifencei_zba_zbb_zbs_zicbom_zicboz_zicbop";
  const ISAS = [
    [WIDE, WIDE, 4],
    ["rv64ic", "rv64ic", 2],
  ] as const;

  test.each(ISAS)("every instruction of %s over random operands is the same word", (isa, march, bytes) => {
    const forms = instructionsOf(isa).filter((f) => f.bytes === bytes);
    const corpus = forms.flatMap((f) => {
      if (f.insn.asm.includes("target")) return []; // relative targets: below
      const suffixes = f.fields.includes("aq") ? ["", ".aq", ".rl", ".aqrl"] : [""];
      return suffixes.flatMap((suffix) => lines(f.insn.name + suffix, arbOperands(formTemplate(f), f), 12));
    });
    expect(corpus.length).toBeGreaterThan(200);
    compare(
      corpus.filter((line) => !EXCLUDED.test(line)),
      march,
      forms,
    );
  });

  test("every pseudo-instruction of the table is the same words", () => {
    const corpus = PSEUDOS.flatMap(({ name, pattern }) => {
      if (pattern.includes("target") || /^y/.test(name)) return [];
      return lines(name, arbOperands(patternTemplate(pattern)), 6);
    });
    const known = corpus.filter((line) => !/^(ror|rorw|bset|bclr|binv|bext) /.test(line));
    compare(known, "rv64ima_zicsr_zifencei_zihintpause", instructionsOf("rv64ima_zicsr_zifencei"));
  });

  test("li of any constant is the same sequence", () => {
    const edge = fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
      .map(([bit, near, negative]) => BigInt.asIntN(64, ((1n << BigInt(bit)) + BigInt(near)) * (negative ? -1n : 1n)));
    const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const sparse = fc.tuple(any, fc.integer({ min: 0, max: 63 })).map(([v, by]) => BigInt.asIntN(64, v << BigInt(by)));
    const values = fc.sample(fc.oneof(edge, any, sparse), { numRuns: 1500, seed: SEED });
    compare(
      values.map((v) => `li a0, ${v}`),
      "rv64i",
      instructionsOf("rv64i"),
    );
  });

  test("branches and jumps among labels, paddings and data are the same words, those out of reach too", () => {
    const label = fc.integer({ min: 0, max: 7 });
    const branch = fc
      .tuple(
        fc.constantFrom(
          "beq a0, a1,",
          "bne s0, t6,",
          "bltu a2, a3,",
          "bgeu x31, x1,",
          "blez a0,",
          "bgt a1, a2,",
          "beqz t0,",
        ),
        label,
      )
      .map(([op, to]) => `${op} l${to}`);
    const jump = fc.tuple(fc.constantFrom("j", "jal", "jal t0,"), label).map(([op, to]) => `${op} l${to}`);
    const filler = fc.oneof(
      fc.integer({ min: 1, max: 800 }).map((n) => `.rept ${n}\nnop\n.endr`),
      fc.integer({ min: 0, max: 7 }).map((n) => `.align ${n}`),
      fc.integer({ min: 1, max: 2000 }).map((n) => `.zero ${4 * n}`),
      fc.constantFrom(".word . - l0", "nop", "1: j 1b\nbnez a0, 1f\n1:", ".balign 64"),
    );
    const block = fc.array(fc.oneof(branch, branch, jump, filler), { minLength: 1, maxLength: 6 });
    const program = fc
      .array(block, { minLength: 8, maxLength: 8 })
      .map((blocks) => blocks.map((lines, i) => `l${i}:\n${lines.join("\n")}`).join("\n"));
    const forms = instructionsOf("rv64i");
    fc.assert(
      fc.property(program, (text) => {
        const [ours, theirs] = [linked(text, { forms }), gnuLinked(`${text}\n`, "rv64i")];
        // GNU as fills the section up to its alignment.
        expect(Buffer.from(ours.text).equals(theirs(".text").subarray(0, ours.text.length))).toBe(true);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  test("addresses by la, call, tail, jump, loads, stores and modifiers are the same words when linked", () => {
    const source = `
      .globl _start
      _start: la a0, here
      lla s1, there + 4
      call far
      tail there_code
      call t0, far
      jump far, t2
      ld a0, there
      lbu a1, there+3
      sw a2, there, t1
      lui a3, %hi(low)
      addi a3, a3, %lo(low)
      lw a4, %lo(low+4)(a3)
      sd a4, %lo(low+8)(a3)
    1: auipc a5, %pcrel_hi(here)
      addi a5, a5, %pcrel_lo(1b)
    2: auipc a6, %pcrel_hi(there)
      sd a7, %pcrel_lo(2b)(a6)
      bne a0, a1, far
      here: .dword here, there - 8, there - other, . + 4
      .zero 3000
      far: ret
      there_code: nop
      .set low, 0x12345fff
      .data
      .zero 2044
      there: .word far - here, there - other
      .dword _start, there_code + 0x100
      other: .half far - here, 0xffff, -32768
      .byte there - other, 2f - 1f
      1: .zero 9
      2:
    `;
    const [ours, theirs] = [linked(source), gnuLinked(source)];
    const hex = (bytes: Uint8Array): string[] =>
      Buffer.from(bytes)
        .toString("hex")
        .match(/.{1,8}/g)!;
    expect(hex(ours.text)).toEqual(hex(theirs(".text")));
    expect(hex(ours.data)).toEqual(hex(theirs(".data")));
  });

  test(".insn gives the same words in every format", () => {
    const source = `
      .insn r OP, 7, 0x7f, a0, t6, sp
      .insn r 0x33, 0, 32, s11, x0, x31
      .insn r4 MADD, 1, 2, a0, a1, a2, a3
      .insn i OP_IMM, 4, a0, a1, -2048
      .insn i LOAD, 3, a0, 2047(sp)
      .insn i CUSTOM_0, 0, t0, t1, 5
      .insn s STORE, 3, a0, -8(sp)
      .insn u LUI, a0, 0xfffff
      .insn u AUIPC, a0, 1
      1: .insn sb BRANCH, 1, a0, a1, 1b
      .insn b BRANCH, 5, a0, a1, 2f
      .insn uj JAL, ra, 1b
      2: .insn j JAL, zero, 2b
      .insn 0x00000013
      .insn 4, 0x12345677
      .insn r SYSTEM, 0, 0x18, x0, x0, x2
    `;
    expect(linked(source).text).toEqual(gnuLinked(source)(".text"));
    const compressed = `
      .insn cr C2, 8, a0, a1
      .insn ci C1, 0, a0, -5
      .insn ciw C0, 0, a0, 255
      .insn css C2, 6, a0, 9
      .insn cl C0, 2, a0, 0(a1)
      .insn cs C0, 6, a0, 0(a1)
      .insn ca C1, 0x23, 3, a0, a1
      1: .insn cb C1, 6, a0, 1b
      .insn cj C1, 5, 1b
      .insn 0x0001
      .insn 2, 0x4501
    `;
    expect(linked(compressed).text).toEqual(gnuLinked(compressed, "rv64ic")(".text"));
  });

  test.each([["with aliases"], ["no-aliases"]])("what objdump prints, %s, assembles to the same words", (style) => {
    const forms = instructionsOf(WIDE);
    const random = fc.sample(fc.tuple(fc.constantFrom(...forms), fc.integer({ min: 0, max: 0xffffffff })), {
      ...{ numRuns: 1500, seed: SEED },
    });
    const words = random.map(([f, bits]) => ((bits & ~f.mask) | f.match) >>> 0);
    const printed = inFolder((folder) => {
      const path = join(folder, "words.bin");
      writeFileSync(path, Buffer.from(Uint32Array.from(words).buffer));
      const options = style === "no-aliases" ? ["-M", "no-aliases"] : [];
      return gnu("objdump", "-D", "-b", "binary", "-m", "riscv:rv64", ...options, path);
    });
    const lines = [...printed.matchAll(/^ *[0-9a-f]+:\t([0-9a-f]{8}) +\t(.*)$/gm)].map(([, word, text]) => ({
      word,
      text: text!,
    }));
    expect(lines).toHaveLength(words.length);
    const readable = ({ text }: { text: string }): boolean =>
      !/unknown|^\./.test(text) &&
      (!/^csr/.test(text) || text.split(/[\t,]/).some((word) => csrNumber(word) !== undefined));
    const source = lines.map((l) => (readable(l) ? l.text.replace(/ #.*/, "") : `.4byte 0x${l.word}`)).join("\n");
    const { segments } = imageOf([objectOf(source, { forms })], { base: 0 });
    const made = new Uint32Array(segments[0]!.bytes.buffer);
    const differing = lines.filter((l, i) => made[i] !== parseInt(l.word!, 16)).map((l, i) => `${l.text} ${made[i]}`);
    expect(differing).toEqual([]);
    expect(lines.filter(readable).length).toBeGreaterThan(words.length / 2);
  });
});

/** Encodings that the standard reserves or calls hints, on which tools differ. */
const EXCLUDED =
  /^c\.(addi|addiw|lwsp|ldsp|li|lui|slli|mv|add|jr|jalr) (zero|x0)\b|^c\.lui sp|^c\.(addi|srli|srai|slli) \w+, 0$|, zero$|^c\.addi16sp sp, 0$|sp, 0$/;
