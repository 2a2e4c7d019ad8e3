// Seeded bugs in integer instructions and in the 16-bit encodings: isa/ and the reference engine's arithmetic.
import { mutations, type Mutation } from "./mutation.ts";

const TESTS = [
  "test/isa/ext/integer.test.ts",
  "test/isa/ext/rvy.test.ts",
  "test/sim/engine/bigint.test.ts",
  "test/sim/engine/reference.test.ts",
];
const ENCODINGS = [...TESTS, "test/isa/table.test.ts", "test/isa/asm", "test/isa/binutils.test.ts"];

export const INTEGER_MUTATIONS: readonly Mutation[] = [
  ...mutations("sim/engine/bigint.ts", TESTS, [
    ["DIV by zero gives 0", "    if (b === 0n) return ALL_ONES;\n    if (a", "    if (b === 0n) return 0n;\n    if (a"],
    ["REM by zero gives 0", "    if (b === 0n) return a;\n    if (a", "    if (b === 0n) return 0n;\n    if (a"],
    ["DIVU by zero gives 0", "return b === 0n ? ALL_ONES : a / b;", "return b === 0n ? 0n : a / b;"],
    [
      "MULHSU takes both operands for signed",
      "return wrap((signed(a) * b) >> 64n);",
      "return wrap((signed(a) * signed(b)) >> 64n);",
    ],
  ]),
  ...mutations("isa/ext/m.ts", TESTS, [
    [
      "DIVUW sign-extends its operands",
      "onUnsignedWords((m, a, b) => m.divu(a, b))",
      "onWords((m, a, b) => m.divu(a, b))",
    ],
    [
      "REMUW does not sign-extend its result",
      "onUnsignedWords((m, a, b) => m.remu(a, b))",
      "(m, a, b) => m.remu(m.zext(a, 32), m.zext(b, 32))",
    ],
  ]),
  ...mutations("isa/ext/zbb.ts", TESTS, [
    ["CLZW counts the upper half", "m.sub(m.clz(m.zext(a, 32)), m.const(32n))", "m.clz(a)"],
    ["CTZW of zero gives 64", "m.ctz(m.or(a, m.const(1n << 32n)))", "m.ctz(m.zext(a, 32))"],
    ["RORW takes six bits of the amount", "m.zext(amount, 5)), 32)", "m.zext(amount, 6)), 32)"],
    ["MAX compares unsigned", "m.select(m.lts(a, b), b, a)", "m.select(m.ltu(a, b), b, a)"],
    [
      "ORC.B looks at the upper seven bits of a byte alone",
      "m.or(m.add(m.and(value, low), low), value)",
      "m.or(m.add(m.and(value, m.const(0x7e7e_7e7e_7e7e_7e7en)), low), value)",
    ],
  ]),
  ...mutations(
    "isa/ext/zba.ts",
    [...TESTS, "test/isa/ext/rvy.test.ts", "test/laws/monotonicity.test.ts"],
    [
      ["ADD.UW takes the whole of its index", "shiftAdd(0n, unsignedWord)", "shiftAdd(0n, whole)"],
      ["YSH4ADD.UW takes the whole of its index", "shiftAdd(4n, unsignedWord)", "shiftAdd(4n, whole)"],
      [
        "YSHnADD gives an address without asking whether it is representable",
        "m.setY(o.rd, setAddress(m, m.y(o.rs2), m.let(address(m, m.x(o.rs1), m.x(o.rs2)))))",
        "m.setY(o.rd, m.cap(m.tag(m.y(o.rs2)), m.meta(m.y(o.rs2)), address(m, m.x(o.rs1), m.x(o.rs2))))",
      ],
    ],
  ),
  ...mutations("isa/ext/zicond.ts", TESTS, [
    [
      "CZERO.EQZ zeroes where the condition is not zero",
      "m.select(m.eq(b, m.const(0n)), m.const(0n), a)",
      "m.select(m.eq(b, m.const(0n)), a, m.const(0n))",
    ],
  ]),
  ...mutations("isa/ext/rv64i.ts", TESTS, [
    [
      "JALR keeps bit 0 of its target",
      "m.and(m.add(m.x(o.rs1), m.const(o.imm)), m.const(~1n))",
      "m.add(m.x(o.rs1), m.const(o.imm))",
    ],
    [
      "BGEU compares signed",
      '"#norm:bge_bgeu_op", (m, a, b) => not(m, m.ltu(a, b))',
      '"#norm:bge_bgeu_op", (m, a, b) => not(m, m.lts(a, b))',
    ],
  ]),
  ...mutations("isa/ext/zca.ts", ENCODINGS, [
    [
      "C.ADDI4SPN of a capability gives an integer",
      '{ except: "uimm=0", ...viaSp, capability: "yaddi" }',
      '{ except: "uimm=0", ...viaSp }',
    ],
    [
      "C.ADDI of 0 takes a capability's tag",
      "(o) => (o.imm === 0n ? { rd: X0, rs1: X0, imm: 0n } : withImmediate(o))",
      "withImmediate",
    ],
    ["C.JALR links to x5", "(o) => ({ rd: RA, rs1: o.rs1, imm: 0n })", "(o) => ({ rd: 5, rs1: o.rs1, imm: 0n })"],
    ["C.J's bits 5 and 4 stand in each other's place", "imm[11|4|9:8|10|6|7|3:1|5]", "imm[11|5|9:8|10|6|7|3:1|4]"],
    ["C.LYSP scales its offset as C.LDSP does", "001 uimm[5] rd uimm[4|9:6] 10", "001 uimm[5] rd uimm[4:3|8:6] 10"],
  ]),
];
