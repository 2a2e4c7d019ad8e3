// What the assembler says of wrong text: the exact place, what was expected, and a hint.
import { describe, expect, test } from "vitest";
import { assemble } from "../../../isa/asm/assemble.ts";
import { link } from "../../../isa/asm/link.ts";
import { formatDiagnostic } from "../../../isa/diagnostic.ts";
import { diagnosticsOf, faultOf, FORMS, objectOf } from "./assembling.ts";

/** Source, then `line:column message`. */
const FAULTS: readonly (readonly [source: string, fault: string])[] = [
  ["nop\n  adi a0, a0, 5", "2:3 unknown instruction 'adi'"],
  [".sction .text", "1:1 unknown directive '.sction'"],
  ["addi a0, a0, 2048", "1:14 immediate 2048 does not fit: addi takes -2048 to 2047"],
  ["addi a0, a0, -2049", "1:14 immediate -2049 does not fit: addi takes -2048 to 2047"],
  ["slli a0, a0, 64", "1:14 immediate 64 does not fit: slli takes 0 to 63"],
  ["lui a0, 0x100000", "1:9 immediate 1048576 does not fit: expected 0 to 1048575, bits 31 to 12 of the value"],
  ["csrwi mstatus, 32", "1:16 immediate 32 does not fit: csrrwi takes 0 to 31"],
  ["csrr a0, 4096", "1:10 expected CSR number from 0 to 4095, found 4096"],
  ["csrr a0, mstats", "1:10 expected a CSR name or number, found 'mstats'"],
  ["addi a0, a0, a1", "1:14 expected an expression, found register a1"],
  ["add a0, a1, b2", "1:13 expected a constant, and 'b2' is not defined"],
  ["add a0, a1, 3 4", "1:15 expected the end of the statement, found '4'"],
  ["add a0, a1", "1:11 expected ',', found the end of the statement"],
  ["lw c5, 0(a0)", "1:4 expected a register, found 'c5'"],
  ["ld a0, 8(a1", "1:12 expected ')', found the end of the statement"],
  ["fence rx, w", "1:7 expected a set of i, o, r and w in this order, found 'rx'"],
  ["lw a0, %foo(x)(a1)", "1:8 operand modifier '%foo' is not supported"],
  ["lw a0, %hi(x)(a1)", "1:8 %hi cannot stand here: the instruction takes a lower part"],
  ["beq a0, a1, . + 3", "1:13 target is 3 bytes away, and an instruction begins at an even address"],
  ["j . + 0x100000", "1:3 target is 1048576 bytes away: jal reaches -1048576 to 1048574 in steps of 2"],
  ["li a0, later\nlater:", "1:8 expected a constant, and 'later' is not defined before this line"],
  ["x: li a0, x", "1:11 expected a constant, found the address 'x'"],
  ["addi a0, a0, x\nx:", "1:14 expected a constant, found the address 'x'"],
  ["j 1f", "1:3 label '1' is not defined"],
  ["beqz a0, 1b", "1:10 there is no label '1:' before this line"],
  ["j .Lmissing", "1:3 label '.Lmissing' is not defined"],
  ["addi a0, a0, %pcrel_lo(x)\nx: nop", "1:14 there is no %pcrel_hi at the label that this %pcrel_lo names"],
  ["x: nop\nnop\nx: nop", "3:1 symbol 'x' is already defined at test.S:1"],
  [".equiv x, 1\n.equiv x, 2", "2:8 symbol 'x' is already defined at test.S:1"],
  ["x = 1 +", "1:8 expected an expression, found the end of the statement"],
  [".word 1 / 0", "1:9 division by zero"],
  [".word 09", "1:7 '09' is not a number"],
  [".word 12ab", "1:7 '12ab' is not a number"],
  [".dword 0x10000000000000000", "1:8 '0x10000000000000000' has more than 64 bits"],
  [".byte 256", "1:7 value 256 does not fit in 1 byte"],
  [".half -32769", "1:7 value -32769 does not fit in 2 bytes"],
  [".word x * 2\nx:", "1:7 '*' needs constants, and 'x' is an address, known only when linked"],
  [".word x + y\nx: y:", "1:7 an expression may add one symbol and subtract one"],
  ['.ascii "abc', "1:8 string is not closed: expected '\"'"],
  [".ascii abc", "1:8 expected a string, found 'abc'"],
  [".zero -1", "1:7 expected a count from 0 to 1099511627776, found -1"],
  [".balign 3", "1:9 expected a power of two, found 3"],
  [".zero 8\n.org 4", "2:6 .org moves back, from 8 to 4"],
  [".section .bss\n.word 1", "2:7 section .bss has no bytes: only zeroes can stand here"],
  [".popsection", "1:1 .popsection without .pushsection"],
  ['.section .x, "aq"', "1:14 unknown section flag 'q': expected a, w, x, M, S, G or T"],
  [".option rvx", "1:9 unknown option 'rvx'"],
  ["# fine\n/* open\nnop", "2:1 comment is not closed: expected '*/' before the end of the file"],
  ["nop\n#define X 1", "2:1 the C preprocessor is not run, and this line would be a comment"],
  ["nop\n  ?", "2:3 expected a label, an instruction or a directive, found '?'"],

  [".if 1\nnop", "1:1 .if has no .endif"],
  ["nop\n.endif", "2:1 .endif without .if"],
  ["nop\n  .else", "2:3 .else without .if"],
  [".if 1\n.else\n.else\n.endif", "3:1 .else after .else"],
  [".if x\n.endif", "1:5 expected a constant, and 'x' is not defined before this line"],
  [".macro m\nnop", "1:1 '.macro' has no .endm"],
  [".rept 2\nnop", "1:1 '.rept' has no .endr"],
  [".endm", "1:1 .endm without .macro"],
  [".exitm", "1:1 .exitm outside a macro"],
  [".macro m a:req\n.endm\nm", "3:2 argument 'a' of macro 'm' is missing"],
  [".macro m a\n.endm\nm 1, 2", "3:6 too many arguments: macro 'm' takes a"],
  [".macro m a\n.endm\nm b=1", "3:3 there is no parameter 'b'"],
  [".macro m a, a\n.endm", "1:13 parameter 'a' is named twice"],
  [".macro m\n.endm\n.macro m\n.endm", "3:8 macro 'm' is already defined at test.S:1"],
  [".purgem m", "1:1 there is no macro 'm'"],
  ['.include "x.S"', "1:10 cannot find 'x.S' to include"],
  ['.incbin "x.bin"', "1:9 cannot find 'x.bin' to include"],
  [" .IF 1", "1:2 .if has no .endif"],
  [".altmacro", "1:1 directive '.altmacro' is not supported"],
  [".byte '\\0'", "1:7 '\\0' is no character constant"],
  [".text 8193", "1:7 expected a subsection from 0 to 8192, found 8193"],
  [".octa 0x1" + "0".repeat(32), `1:7 '0x1${"0".repeat(32)}' has more than 128 bits`],
  [".float 0fx", "1:8 expected a number, found '0fx'"],
  ['.error "stop here"', "1:1 stop here"],
];

describe("a fault names its place and what was expected", () => {
  test.each(FAULTS)("%j", (source, fault) => {
    expect(faultOf(source)).toBe(fault);
  });
});

describe("diagnostics", () => {
  const hintOf = (source: string): string | undefined => diagnosticsOf(source)[0]!.hint;

  test("a mistyped name brings the nearest known one", () => {
    expect(hintOf("adi a0, a0, 5")).toBe("did you mean 'addi'?");
    expect(hintOf(".algin 3")).toBe("did you mean '.align'?");
    expect(hintOf("csrr a0, mstats")).toBe("did you mean 'mstatus'?");
    expect(hintOf("FRAME_bytes = 8\nli a0, FRAME_byte")).toBe("did you mean 'FRAME_bytes'?");
    expect(hintOf(".macro PUSH r\n.endm\nPUHS a0")).toBe("did you mean 'PUSH'?");
  });

  test("wrong operands bring the form of the instruction", () => {
    expect(hintOf("add a0, a1")).toBe("the form is: add rd, rs1, rs2");
  });

  test("the line is shown with a caret, tabs kept", () => {
    expect(formatDiagnostic(diagnosticsOf("\tnop; addi\ta0, a0, 4096 # big")[0]!)).toBe(
      [
        "test.S:1:20: error: immediate 4096 does not fit: addi takes -2048 to 2047",
        "    1 | \tnop; addi\ta0, a0, 4096 # big",
        "      | \t         \t        ^",
      ].join("\n"),
    );
  });

  test("a fault in a macro stands in its body, and notes lead to the call", () => {
    const source =
      ".macro save r, at=0\n  nop\n  sd \\r, \\at(sp)\n.endm\n.macro both r\n  save \\r, 9999\n.endm\nnop\n  both a0";
    const [found] = diagnosticsOf(source);
    expect(found).toEqual({
      file: "test.S",
      line: 3,
      column: 10,
      message: "immediate 9999 does not fit: sd takes -2048 to 2047",
      source: "  sd \\r, \\at(sp)",
      notes: [
        "expanded to 'sd a0, 9999(sp)'",
        "in macro 'save' (defined at test.S:1), called at test.S:6: 'save a0, 9999'",
        "in macro 'both' (defined at test.S:5), called at test.S:9: 'both a0'",
      ],
    });
  });

  test("symbols defined by each other are told, and end", () => {
    const [first] = diagnosticsOf(".word a\na = b\nb = a");
    expect(first!.message).toBe(
      "expression does not come to an end: its symbols are defined by each other, or too deeply",
    );
  });

  test("after twenty faults it stops", () => {
    expect(diagnosticsOf("bad\n".repeat(30))).toHaveLength(20);
    expect(diagnosticsOf("addi a0, a0, x\n".repeat(30) + "x:")).toHaveLength(20);
  });

  test("faults are told in the order of the text, one a statement", () => {
    expect(diagnosticsOf("bad1\nnop\nbad2; bad3").map((d) => [d.line, d.column])).toEqual([
      [1, 1],
      [3, 1],
      [3, 7],
    ]);
  });

  test("each file has its own lines", () => {
    const sources = [
      { file: "a.S", text: "x = 4\nnop" },
      { file: "b.S", text: "\naddi a0, a0, x\nworse" },
    ];
    const result = assemble(sources, { forms: FORMS });
    expect(result.kind === "diagnostics" && result.diagnostics.map((d) => `${d.file}:${d.line}`)).toEqual(["b.S:3"]);
  });

  test("a fault in an included file is placed there", () => {
    const include = (path: string): { file: string; text: string } => ({ file: `lib/${path}`, text: "nop\nbad" });
    const [found] = diagnosticsOf('.include "x.S"', { include });
    expect(`${found!.file}:${found!.line}`).toBe("lib/x.S:2");
  });

  test("an undefined symbol is told at the line that uses it, when linked", () => {
    const result = link([objectOf("_start: nop\n  call helpr\n.globl helper\nhelper: ret")], { base: 0x1000 });
    expect(result.kind === "diagnostics" && result.diagnostics).toEqual([
      {
        file: "test.S",
        line: 2,
        column: 8,
        message: "undefined symbol 'helpr'",
        source: "  call helpr",
        hint: "did you mean 'helper'?",
      },
    ]);
  });

  test("an operator that C would group otherwise brings a warning", () => {
    const warnings = (text: string): string[] => {
      const result = assemble([{ file: "test.S", text }], { forms: FORMS });
      if (result.kind !== "object") throw new Error("diagnostics");
      return result.warnings.map((w) => `${w.line}:${w.column} ${w.message}`);
    };
    expect(warnings(".word 1 + 2 << 3")).toEqual([
      "1:9 '<<' binds tighter than '+' here, unlike in C: write parentheses",
    ]);
    expect(warnings(".word 1 | 2 << 3, 1 + (2 << 3), 1 - 2 - 3, 2 * 3 + 1, 1 << 2 | 3 << 4")).toEqual([]);
    expect(warnings('.warning "look here"')).toEqual(["1:1 look here"]);
  });
});
