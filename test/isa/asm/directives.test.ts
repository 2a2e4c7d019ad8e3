// Each directive: what bytes it makes, here and, where it is installed, in GNU as.
import { describe, expect, test } from "vitest";
import { dataOf, wordsOf } from "./assembling.ts";
import { gnuLinked, gnuPresent } from "./gnu.ts";

/** Title, source within .data, bytes. */
const CASES: readonly (readonly [title: string, source: string, hex: string])[] = [
  [".byte to .8byte store little-endian", ".byte 1, -1, 255\n.half 0x1234\n.2byte -2\n.byte 0", "01ffff3412feff00"],
  [
    ".word, .dword and .quad take many values",
    ".word 1, -1\n.dword 0x1122334455667788\n.quad -1",
    "01000000ffffffff8877665544332211ffffffffffffffff",
  ],
  [".4byte and .8byte need no alignment", ".byte 1\n.4byte 0x01020304\n.8byte 5", "01040302010500000000000000"],
  [
    ".ascii, .asciz and .string read escapes",
    '.ascii "a\\tb\\n", "\\x41\\101"\n.asciz "q\\""\n.string ""',
    "6109620a4141712200" + "00",
  ],
  ["text beyond ASCII is UTF-8", '.ascii "é"', "c3a9"],
  [".zero, .skip and .space fill", ".zero 2\n.skip 1, 0xff\n.space 2, 7", "0000ff0707"],
  [".fill takes the low four bytes of a value", ".fill 2, 8, 0x1122334455667788", "8877665500000000".repeat(2)],
  [
    ".octa has sixteen bytes",
    ".octa 0x112233445566778899aabbccddeeff00, -1",
    `00ffeeddccbbaa998877665544332211${"ff".repeat(16)}`,
  ],
  [".string16 makes two bytes of each, and of its end", '.string16 "ab"\n.string8 "c"', "6100620000006300"],
  [
    ".dc, .ds and .dcb go by their suffix",
    ".dc.b 1, 2\n.dc 3\n.dc.l 4\n.ds.w 1\n.dcb.w 2, 5",
    "010203000400000000000500" + "0500",
  ],
  [
    "a pattern of .balignw has two bytes",
    ".byte 1, 2\n.balignw 8, 0x1234\n.p2alignl 4, 0x01020304",
    "0102341234123412" + "0403020104030201",
  ],
  ["strings know GNU's escapes, not C's \\a", '.ascii "\\v\\a\\e\\q"', "0b616571"],
  [
    ".float nan sets every bit but the sign",
    ".float nan, -nan, inf, 0f1.5\n.double -inf",
    "ffffff7fffffffff0000807f0000c03f000000000000f0ff",
  ],
  ["directives may be written in either case", ".BYTE 1\n.If 1\n.Byte 2\n.ELSE\n.byte 3\n.EndIf", "0102"],
  [". = moves forward as .org does", ".byte 1\n. = . + 2\n.byte 2", "01000002"],
  ["== gives a symbol its one value", "x == 5\n.byte x", "05"],
  [
    "labels after .struct are offsets",
    ".struct 8\nfirst: .zero 4\nsecond: .zero 2\nend:\n.data\n.byte first, second, end",
    "080c0e",
  ],
  [
    "subsections follow in the order of their numbers",
    ".byte 1\n.data 2\n.byte 2\n.subsection 1\n.byte 3\n.data 0\n.byte 4",
    "01040302",
  ],
  [".fill repeats a value of a size", ".fill 2, 2, 0x1234\n.fill 1\n.fill 1, 8, -1", "3412341200ffffffff00000000"],
  [
    ".align is a power of two in RISC-V, .balign counts bytes",
    ".byte 1\n.align 2\n.byte 2\n.balign 4, 0xee\n.byte 3\n.p2align 1",
    "0100000002eeeeee0300",
  ],
  [
    "an alignment that needs more than the most is not made",
    ".byte 1\n.balign 8, 0, 2\n.byte 2\n.balign 4,,2",
    "01020000",
  ],
  [".org moves forward", ".byte 1\n.org 4\n.byte 2\n.org . + 2, 0xff", "0100000002ffff"],
  [
    ".set, .equ and = may give a symbol many values",
    "x = 1\n.byte x\n.set x, x + 1\n.byte x\n.equ x, 9\n.byte x",
    "010209",
  ],
  ["a later constant is known to an earlier line", ".byte late, late + 1\nlate = 5", "0506"],
  ["differences of labels are constants", "a: .byte b - a\n.zero 3\nb: .byte . - a, (b - a) * 2", "040000000408"],
  ["numbered labels look to both sides", "1: .byte 1f - 1b\n1: .byte 1b - 1f\n1: .byte 0", "01ff00"],
  ["expressions have GNU precedence", ".byte 1 + 2 & 3, 2 == 1 + 1, 1 + 2 << 3, 6 | 1 ^ 2, 7 - 2 - 1", "03ff110504"],
  [
    "operators are C's, comparisons give -1",
    ".byte 7 / 2, -7 % 3, ~0, !5, !0, 5 > 4, 5 < 4, 3 && 2, 0 || 0, 1 <> 2",
    "03ffff0001ff000100ff",
  ],
  ["numbers have four bases", ".byte 10, 0x10, 010, 0b10, 'A', '\\n', 'z", "0a100802410a7a"],
  [
    "comments are of all kinds",
    ".byte 1 # one\n.byte 2\n.byte /* three */ 3 /* goes\non */\n.byte 4 ; .byte 5",
    "0102030405",
  ],
  ["comment signs in strings and characters are text", ".ascii \"#;//\"\n.byte '#', ';'", "233b2f2f233b"],

  [
    ".macro substitutes arguments by position and by name",
    ".macro m a, b=2, c=3\n.byte \\a, \\b, \\c\n.endm\nm 1\nm 1, 5\nm c=9, a=8",
    "010203010503080209",
  ],
  ["arguments may be separated by spaces", ".macro m a b\n.byte \\a, \\b\n.endm\nm 1 2\nm 1 + 1, 3", "01020203"],
  [":vararg takes the rest of the line", ".macro m a, rest:vararg\n.byte \\a, \\rest\n.endm\nm 1, 2, 3, 4", "01020304"],
  [":req passes with an argument", ".macro m a:req\n.byte \\a\n.endm\nm 3", "03"],
  [
    "\\@ counts expansions, \\() ends a name",
    ".macro m p\nl\\@: .byte l\\@ - first, \\p\\()1\n.endm\nfirst: .byte 0\nm 1\nm 2",
    "00010b0315",
  ],
  [
    "macros call macros and define symbols",
    ".macro inner n\n.byte \\n\n.endm\n.macro outer n\ninner \\n\ninner \\n + 1\n.endm\nouter 4",
    "0405",
  ],
  [
    "a macro may end itself by .exitm",
    ".macro m n\n.byte \\n\n.if \\n\n.exitm\n.endif\n.byte 9\n.endm\nm 1\nm 0",
    "010009",
  ],
  [
    "a macro recurses until a condition",
    ".macro count n\n.byte \\n\n.if \\n\ncount (\\n - 1)\n.endif\n.endm\ncount 3",
    "03020100",
  ],
  [
    "quoted arguments keep commas and lose quotes",
    '.macro m a, b\n.byte \\a\n.ascii "\\b"\n.endm\nm "1, 2", "x y"',
    "0102782079",
  ],
  [".purgem forgets a macro", ".macro m\n.byte 1\n.endm\nm\n.purgem m\n.macro m\n.byte 2\n.endm\nm", "0102"],
  [".macro names may be used in another case", ".macro Emit n\n.byte \\n\n.endm\nEMIT 1\nemit 2", "0102"],
  [".rept repeats", "n = 0\n.rept 3\n.byte n\nn = n + 1\n.endr", "000102"],
  [".rept 0 does nothing", ".rept 0\n.byte 1\n.endr\n.byte 2", "02"],
  [
    ".irp goes over a list, .irpc over characters",
    ".irp n, 1, 2, 3\n.byte \\n\n.endr\n.irpc c, 45\n.byte \\c\n.endr",
    "0102030405",
  ],
  ["repetitions nest", ".irp a, 1, 2\n.rept 2\n.byte \\a\n.endr\n.endr", "01010202"],
  ["a macro holds a repetition", ".macro table to:vararg\n.irp x, \\to\n.byte \\x\n.endr\n.endm\ntable 7, 8", "0708"],

  [
    ".if takes the arm that holds",
    "x = 2\n.if x == 1\n.byte 1\n.elseif x == 2\n.byte 2\n.elseif x == 2\n.byte 3\n.else\n.byte 4\n.endif",
    "02",
  ],
  [
    ".ifdef and .ifndef see what is defined above",
    ".ifdef x\n.byte 1\n.endif\nx = 0\n.ifdef x\n.byte 2\n.endif\n.ifndef y\n.byte 3\n.endif",
    "0203",
  ],
  [
    ".ifc, .ifnc, .ifb and .ifnb compare text",
    ".macro m a, b\n.ifc \\a, x\n.byte 1\n.endif\n.ifnc \\a, x\n.byte 2\n.endif\n.ifb \\b\n.byte 3\n.endif\n.ifnb \\b\n.byte 4\n.endif\n.endm\nm x\nm y, z",
    "01030204",
  ],
  [
    ".ifeq to .ifle compare with zero",
    ".ifeq 0\n.byte 1\n.endif\n.ifne 1\n.byte 2\n.endif\n.ifgt 1\n.byte 3\n.endif\n.ifge 0\n.byte 4\n.endif\n.iflt -1\n.byte 5\n.endif\n.ifle 0\n.byte 6\n.endif\n.ifgt 0\n.byte 7\n.endif",
    "010203040506",
  ],
  [
    "conditions nest, and text not assembled may be anything",
    ".if 0\n.if 1\n.byte 1\n.else\n? ! nonsense\n.endif\n.elseif 1\n.byte 2\n.endif",
    "02",
  ],
  ["a label difference may be a condition", "a: .zero 5\n.if . - a > 4\n.byte 1\n.endif", "000000000001"],

  [".comm is zeroed memory with an address", ".comm shared, 16, 8\n.byte 1", "01"],
  [".uleb128 and .sleb128", ".uleb128 300\n.uleb128 0\n.sleb128 -2\n.sleb128 64", "ac02007ec000"],
  [".float and .double", ".float 1.5\n.double -2", "0000c03f00000000000000c0"],
  [
    "what needs no bytes is taken",
    '.file "x.c"\n.ident "gcc"\n.option push\n.option norvc\n.option pop\n.attribute arch, "rv64i"\n.type f, @function\n.globl f\n.local g\n.hidden f\nf: .byte 1\n.size f, . - f\n.cfi_startproc\n.cfi_endproc',
    "01",
  ],
];

/** The bytes that GNU as makes, or what it says. */
function gnuData(source: string): string {
  try {
    return Buffer.from(gnuLinked(`.data\n${source}\n`)(".data")).toString("hex");
  } catch (error) {
    return String(error);
  }
}

describe("directives", () => {
  test.each(CASES)("%s", (_, source, hex) => {
    expect(dataOf(source)).toBe(hex);
  });

  test(".end ends the text, whatever follows", () => {
    expect(dataOf(".byte 1\n.end\n? nonsense")).toBe("01");
  });

  test("// begins a comment, too", () => {
    expect(dataOf(".byte 1 // one\n// .byte 2\n.byte 3")).toBe("0103");
  });

  test.skipIf(!gnuPresent)("GNU as makes the same bytes of every case", () => {
    const differing = CASES.filter(([, source, hex]) => gnuData(source) !== hex);
    expect(differing.map(([title, source]) => [title, gnuData(source)])).toEqual([]);
  });
});

test(".incbin takes a file's bytes, or a part of them", () => {
  const binary = (path: string): Uint8Array | undefined => (path === "b" ? Uint8Array.of(1, 2, 3, 4, 5) : undefined);
  expect(dataOf('.incbin "b"\n.incbin "b", 3\n.incbin "b", 1, 2\n.incbin "b",,1', { binary })).toBe(
    "0102030405" + "0405" + "0203" + "01",
  );
});

test("la of a constant is li, and @plt after a function's name means the function", () => {
  expect(wordsOf("x = 0x1234\nla a0, x\nlla a1, -1")).toEqual(wordsOf("li a0, 0x1234\nli a1, -1"));
  expect(wordsOf("f: call f@plt\ntail f@plt")).toEqual(wordsOf("f: call f\ntail f"));
});
