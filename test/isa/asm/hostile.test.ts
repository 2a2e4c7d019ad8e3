// Text made to break an assembler: it ends in a diagnostic, soon, and never in an exception or a full memory.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assemble } from "../../../isa/asm/assemble.ts";
import { link } from "../../../isa/asm/link.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { diagnosticsOf, FORMS, objectOf } from "./assembling.ts";

const MANY = 200_000;

/** Source and a part of the message. */
const HOSTILE: readonly (readonly [title: string, source: string, message: RegExp])[] = [
  ["a macro that calls itself", ".macro m\nm\n.endm\nm", /nested deeper than 200/],
  ["macros that call each other", ".macro a\nb\n.endm\n.macro b\na\n.endm\na", /nested deeper than 200/],
  ["a macro that doubles", ".macro m\nm\nm\n.endm\nm", /nested deeper than 200/],
  [".rept a thousand million times", ".rept 1000000000\nnop\n.endr", /more than 500000 statements/],
  [".rept in .rept", ".rept 100000\n.rept 100000\nnop\n.endr\n.endr", /more than 500000 statements/],
  [".rept of a huge number of nothing", ".rept 0x7fffffffffffffff\n.endr\nbad", /unknown instruction/],
  ["an argument that doubles", ".macro m a:vararg\nm \\a\\a\n.endm\nm xxxxxxxx", /longer than a million|nested deeper/],
  ["a huge .zero", ".data\n.zero 1 << 39", /beyond its limit/],
  [
    "a huge .fill",
    ".data\n.fill 1 << 20, 8, 1\n.fill 1 << 20, 8, 1\n.fill 1 << 20, 8, 1\n.fill 1 << 38, 8, 1",
    /beyond its limit/,
  ],
  ["a huge .zero in .bss", ".bss\n.zero 1 << 40", /beyond its limit/],
  ["a huge .org", ".org 1 << 50", /beyond its limit/],
  ["a huge alignment", "nop\n.align 31", /beyond its limit/],
  ["parentheses without end", `.word ${"(".repeat(MANY)}`, /nested deeper than 200/],
  ["minus signs without end", `.word ${"-".repeat(MANY)}1`, /nested deeper than 200/],
  ["a long sum of unknowns", `.word ${"x+".repeat(MANY)}1`, /nested deeper than 200|add one symbol/],
  [
    "a chain of definitions",
    Array.from({ length: 5000 }, (_, i) => `.set chain${i}, chain${i + 1} + 1`).join("\n") + "\n.word chain0",
    /does not come to an end/,
  ],
  [
    "definitions that double",
    Array.from({ length: 60 }, (_, i) => `.set more${i}, more${i + 1} - more${i + 1} + more${i + 1}`).join("\n") +
      "\n.word more0",
    /does not come to an end/,
  ],
  ["a string without end", `.ascii "${"a".repeat(MANY)}`, /string is not closed/],
  ["a comment without end", `/* ${"a\n".repeat(MANY)}`, /comment is not closed/],
  ["NUL bytes", "nop\n\0\0\0", /NUL byte/],
  ["a line of a million letters", "a".repeat(2 ** 20), /unknown instruction/],
  ["a line of a million colons", ":".repeat(2 ** 20), /expected a label/],
  ["a line of a million semicolons and one fault", `${";".repeat(2 ** 20)}bad`, /unknown instruction/],
  ["a million quotes", '"'.repeat(2 ** 20), /expected a label/],
  ["a million digits", `.word ${"9".repeat(2 ** 20)}`, /more than 64 bits/],
  [".if without end", ".if 1\n".repeat(MANY), /nested deeper than 200/],
  [".macro without end", ".macro m\n".repeat(MANY), /has no .endm/],
  [".pushsection without end", ".pushsection .data\n".repeat(200), /nested deeper than 100/],
  ["names of Object's own", "__proto__ a0, a1\nconstructor:\n.toString", /unknown instruction/],
];

describe("hostile text ends in a diagnostic", () => {
  test.each(HOSTILE)("%s", (_, source, message) => {
    expect(diagnosticsOf(source)[0]!.message).toMatch(message);
  });

  test("a file that includes itself", () => {
    const include = (path: string): { file: string; text: string } => ({ file: path, text: `.include "${path}"` });
    expect(diagnosticsOf('.include "loop.S"', { include })[0]!.message).toMatch(
      /\.include is nested too deeply: .*loop\.S → loop\.S/,
    );
  });

  test("branches that push each other out of reach still end in right code", () => {
    const lines = Array.from({ length: 1200 }, (_, i) => `beq a0, a1, far${i}`);
    const targets = Array.from({ length: 1200 }, (_, i) => `far${i}: nop`);
    expect(objectOf([...lines, ...targets].join("\n")).sections[0]!.size).toBeGreaterThan(4 * 2400);
  });

  test("gigabytes of nothing between code are refused by the linker", () => {
    const object = objectOf('.section .a, "ax", @nobits; .zero 1 << 35; .section .b, "ax"; nop');
    const result = link([object], { base: 0 });
    expect(result.kind === "diagnostics" && result.diagnostics[0]!.message).toBe(
      "the segment at 0x0 would have 34359738372 bytes",
    );
  });

  test("random lines never throw", () => {
    const forms = instructionsOf("rv64imac_zicsr_zba_y");
    const word = fc.constantFrom(
      ...[
        ".macro",
        ".endm",
        ".rept",
        ".endr",
        ".if",
        ".else",
        ".endif",
        ".irp",
        ".irpc",
        ".set",
        ".word",
        ".ascii",
        ".align",
      ],
      ...[
        ".section",
        ".data",
        ".text",
        ".pushsection",
        ".popsection",
        ".previous",
        ".org",
        ".fill",
        ".exitm",
        ".insn",
        ".globl",
      ],
      ...[
        "add",
        "li",
        "la",
        "call",
        "beq",
        "lw",
        "ly",
        "csrr",
        "jalr",
        "c.lw",
        "lr.d.aq",
        "fence",
        "m",
        "x",
        "y:",
        "1:",
        "1b",
        "1f",
      ],
      ...[
        "a0",
        "sp",
        "%hi(",
        "%pcrel_lo(",
        "(",
        ")",
        ",",
        "+",
        "-",
        "<<",
        "==",
        "=",
        '"',
        "'",
        "\\",
        "\\x",
        "\\@",
        "0x",
        "4",
        "-1",
      ],
      ...["#", "/*", "*/", ";", ".", ":", "\t", "é", "99999999999", '"text"', ":req", ":vararg"],
    );
    const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));
    const text = fc.array(fc.oneof(line, line, fc.string()), { maxLength: 12 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, (source) => {
        const result = assemble([{ file: "test.S", text: source }], { forms });
        if (result.kind === "object") {
          result.listing();
          link([result.object], { base: 0x1000 });
        } else expect(result.diagnostics.length).toBeGreaterThan(0);
      }),
      { numRuns: 700 },
    );
  });

  test("right text is taken however long its lines are", () => {
    const { sections } = objectOf(`.data\n.byte ${"1,".repeat(MANY)}1\n${"nop;".repeat(3)}`, { forms: FORMS });
    expect(sections.find((s) => s.name === ".data")!.size).toBe(MANY + 1 + 12);
  });
});
