// Integer instructions: results at the corners of the manual, and over random values against plain whole-number arithmetic.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "../../../isa/codec.ts";
import { allInstructions } from "../../../isa/table.ts";
import { arbX } from "../../arbitrary/x.ts";
import { execute } from "../../drivers/meaning.ts";

const ISA = "rv64imacb_zicond";
const MIN = 1n << 63n;
const MAX = (1n << 64n) - 1n;

const u = (bits: number, a: bigint): bigint => BigInt.asUintN(bits, a);
const s = (bits: number, a: bigint): bigint => BigInt.asIntN(bits, a);

/** What `name x10, x11, x12` (or an immediate) leaves in x10. */
function run(name: string, a: bigint, b = 0n, imm = 0n): bigint {
  const form = allInstructions().find((f) => f.insn.name === name)!;
  const word = encode(form, { rd: 10, rs1: 11, rs2: 12, imm, uimm: imm });
  return execute(word, { isa: ISA, registers: { 11: a, 12: b } }).registers.get(10)!.addr;
}

function forAll(check: (a: bigint, b: bigint) => void): void {
  fc.assert(fc.property(arbX, arbX, (a, b) => void check(a, b)));
}

const word = (a: bigint): bigint => u(64, s(32, a));

/** Each instruction on whole numbers; operands are unsigned. */
const MEANINGS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  sll: (a, b) => a << (b & 63n),
  slt: (a, b) => (s(64, a) < s(64, b) ? 1n : 0n),
  sltu: (a, b) => (a < b ? 1n : 0n),
  xor: (a, b) => a ^ b,
  srl: (a, b) => a >> (b & 63n),
  sra: (a, b) => s(64, a) >> (b & 63n),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  addw: (a, b) => word(a + b),
  subw: (a, b) => word(a - b),
  sllw: (a, b) => word(a << (b & 31n)),
  srlw: (a, b) => word(u(32, a) >> (b & 31n)),
  sraw: (a, b) => s(32, a) >> (b & 31n),
  mul: (a, b) => a * b,
  mulh: (a, b) => (s(64, a) * s(64, b)) >> 64n,
  mulhsu: (a, b) => (s(64, a) * b) >> 64n,
  mulhu: (a, b) => (a * b) >> 64n,
  mulw: (a, b) => word(a * b),
  "add.uw": (a, b) => u(32, a) + b,
  sh1add: (a, b) => (a << 1n) + b,
  sh2add: (a, b) => (a << 2n) + b,
  sh3add: (a, b) => (a << 3n) + b,
  "sh1add.uw": (a, b) => (u(32, a) << 1n) + b,
  "sh2add.uw": (a, b) => (u(32, a) << 2n) + b,
  "sh3add.uw": (a, b) => (u(32, a) << 3n) + b,
  andn: (a, b) => a & ~b,
  orn: (a, b) => a | ~b,
  xnor: (a, b) => ~(a ^ b),
  max: (a, b) => (s(64, a) > s(64, b) ? a : b),
  maxu: (a, b) => (a > b ? a : b),
  min: (a, b) => (s(64, a) < s(64, b) ? a : b),
  minu: (a, b) => (a < b ? a : b),
  rol: (a, b) => (a << (b & 63n)) | (a >> (64n - (b & 63n))),
  ror: (a, b) => (a >> (b & 63n)) | (a << (64n - (b & 63n))),
  rolw: (a, b) => word((u(32, a) << (b & 31n)) | (u(32, a) >> (32n - (b & 31n)))),
  rorw: (a, b) => word((u(32, a) >> (b & 31n)) | (u(32, a) << (32n - (b & 31n)))),
  bclr: (a, b) => a & ~(1n << (b & 63n)),
  bext: (a, b) => (a >> (b & 63n)) & 1n,
  binv: (a, b) => a ^ (1n << (b & 63n)),
  bset: (a, b) => a | (1n << (b & 63n)),
  "czero.eqz": (a, b) => (b === 0n ? 0n : a),
  "czero.nez": (a, b) => (b !== 0n ? 0n : a),
  "sext.b": (a) => s(8, a),
  "sext.h": (a) => s(16, a),
  "zext.h": (a) => u(16, a),
  clz: (a) => BigInt(64 - (a === 0n ? 0 : a.toString(2).length)),
  ctz: (a) => BigInt(a === 0n ? 64 : a.toString(2).length - a.toString(2).lastIndexOf("1") - 1),
  cpop: (a) => BigInt(a.toString(2).replaceAll("0", "").length),
  clzw: (a) => BigInt(32 - (u(32, a) === 0n ? 0 : u(32, a).toString(2).length)),
  ctzw: (a) => BigInt(u(32, a) === 0n ? 32 : /0*$/.exec(u(32, a).toString(2))![0].length),
  cpopw: (a) => BigInt(u(32, a).toString(2).replaceAll("0", "").length),
  rev8: (a) => BigInt(`0x${a.toString(16).padStart(16, "0").match(/../g)!.reverse().join("")}`),
  "orc.b": (a) =>
    BigInt(
      `0x${a
        .toString(16)
        .padStart(16, "0")
        .replace(/../g, (byte) => (byte === "00" ? "00" : "ff"))}`,
    ),
};

describe("an instruction on two registers", () => {
  test.each(Object.entries(MEANINGS))("%s computes what whole numbers say", (name, meaning) => {
    forAll((a, b) => expect([a, b, run(name, a, b)]).toEqual([a, b, u(64, meaning(a, b))]));
  });

  test.each([
    ["addi", "add", 12],
    ["slti", "slt", 12],
    ["sltiu", "sltu", 12],
    ["xori", "xor", 12],
    ["ori", "or", 12],
    ["andi", "and", 12],
    ["addiw", "addw", 12],
  ] as const)("%s is %s with a sign-extended immediate", (immediate, register, bits) => {
    forAll((a, b) => expect(run(immediate, a, 0n, s(bits, b))).toBe(run(register, a, u(64, s(bits, b)))));
  });

  test.each([
    ["slli", "sll", 6],
    ["srli", "srl", 6],
    ["srai", "sra", 6],
    ["slliw", "sllw", 5],
    ["srliw", "srlw", 5],
    ["sraiw", "sraw", 5],
    ["rori", "ror", 6],
    ["roriw", "rorw", 5],
    ["bclri", "bclr", 6],
    ["bexti", "bext", 6],
    ["binvi", "binv", 6],
    ["bseti", "bset", 6],
  ] as const)("%s is %s with an amount of %i bits", (immediate, register, bits) => {
    forAll((a, b) => expect(run(immediate, a, 0n, u(bits, b))).toBe(run(register, a, u(bits, b))));
  });

  test("slli.uw shifts a zero-extended word", () => {
    expect(run("slli.uw", MAX, 0n, 36n)).toBe(0xffff_fff0_0000_0000n);
  });

  test("lui sign-extends its 32-bit value", () => {
    expect(run("lui", 0n, 0n, s(32, 0x8000_0000n))).toBe(0xffff_ffff_8000_0000n);
  });
});

describe("division", () => {
  test.each([
    ["div", 7n, u(64, -2n), u(64, -3n)],
    ["rem", 7n, u(64, -2n), 1n],
    ["rem", u(64, -7n), 2n, u(64, -1n)],
    ["div", 7n, 0n, MAX],
    ["divu", 7n, 0n, MAX],
    ["rem", 7n, 0n, 7n],
    ["remu", 7n, 0n, 7n],
    ["div", MIN, MAX, MIN],
    ["rem", MIN, MAX, 0n],
    ["divu", MIN, MAX, 0n],
    ["divw", 7n, 1n << 32n, MAX],
    ["divuw", 7n, 1n << 32n, MAX],
    ["divuw", 0x8000_0000n, 2n, 0x4000_0000n],
    ["divw", 0x8000_0000n, MAX, 0xffff_ffff_8000_0000n],
    ["remw", 0x8000_0000n, MAX, 0n],
    ["remw", 0x8000_0001n, 0n, 0xffff_ffff_8000_0001n],
    ["remuw", 0x8000_0001n, 0n, 0xffff_ffff_8000_0001n],
    ["divuw", 0xffff_ffff_8000_0000n, 1n, 0xffff_ffff_8000_0000n],
    ["remuw", 0xffff_ffff_8000_0001n, 2n, 1n],
  ])("%s of %s by %s is %s", (name, a, b, expected) => {
    expect(run(name, a, b)).toBe(expected);
  });

  test("and remainder make up the dividend", () => {
    for (const [div, rem] of [
      ["div", "rem"],
      ["divu", "remu"],
    ] as const) {
      forAll((a, b) => expect(u(64, run(div, a, b) * b + run(rem, a, b))).toBe(a));
    }
  });
});

describe("a branch", () => {
  const taken = (name: string, a: bigint, b: bigint): bigint | undefined => {
    const form = allInstructions().find((f) => f.insn.name === name)!;
    const code = encode(form, { rs1: 11, rs2: 12, imm: -16n });
    return execute(code, { isa: ISA, pc: 0x1000n, registers: { 11: a, 12: b } }).target?.addr;
  };

  test.each([
    ["beq", 5n, 5n, 5n, 6n],
    ["bne", 5n, 6n, 5n, 5n],
    ["blt", MAX, 0n, 0n, MAX],
    ["bge", 0n, MAX, MAX, 0n],
    ["bge", 3n, 3n, MIN, 3n],
    ["bltu", 0n, MAX, MAX, 0n],
    ["bgeu", MAX, 0n, 0n, MAX],
    ["bgeu", 3n, 3n, 2n, 3n],
  ])("%s of %s and %s jumps, of %s and %s does not", (name, a, b, c, d) => {
    expect([taken(name, a, b), taken(name, c, d)]).toEqual([0xff0n, undefined]);
  });
});

test.each([0x2000n, 0x2001n])("JALR to %s clears bit 0 of its target", (target) => {
  const form = allInstructions().find((f) => f.insn.name === "jalr")!;
  const after = execute(encode(form, { rd: 1, rs1: 11, imm: 0n }), { isa: ISA, registers: { 11: target } });
  expect(after.target?.addr).toBe(0x2000n);
});

describe("an atomic", () => {
  /** What memory holds after `name x10, x12, (x11)`, and x10. */
  const amo = (name: string, memory: bigint, b: bigint): readonly (bigint | undefined)[] => {
    const form = allInstructions().find((f) => f.insn.name === name)!;
    const after = execute(encode(form, { rd: 10, rs1: 11, rs2: 12 }), {
      ...{ isa: ISA, memory, registers: { 11: 0x1000n, 12: b } },
    });
    const stored = after.effects.find((e) => e.kind === "store");
    return [stored?.kind === "store" ? (stored.value as bigint) : undefined, after.registers.get(10)?.addr];
  };

  test.each([
    ["amoswap.w", 0x8000_0001n, 7n, 7n, 0xffff_ffff_8000_0001n],
    ["amoadd.w", 0xffff_ffffn, 1n, 0n, MAX],
    ["amoadd.d", MAX, 2n, 1n, MAX],
    ["amoxor.d", 0xf0n, 0xffn, 0x0fn, 0xf0n],
    ["amoand.w", 0xf0n, 0x3cn, 0x30n, 0xf0n],
    ["amoor.w", 0xf0n, 0x0fn, 0xffn, 0xf0n],
    ["amomin.w", 0xffff_ffffn, 1n, 0xffff_ffffn, MAX],
    ["amominu.w", 0xffff_ffffn, 1n, 1n, MAX],
    ["amomax.w", 0xffff_ffffn, 1n, 1n, MAX],
    ["amomaxu.w", 0xffff_ffffn, 1n, 0xffff_ffffn, MAX],
    ["amomin.w", 1n, 0x1_8000_0000n, 0x8000_0000n, 1n],
    ["amomin.d", MIN, 1n, MIN, MIN],
    ["amomaxu.d", MIN, 1n, MIN, MIN],
  ])("%s of %s with %s leaves %s and gives %s", (name, memory, b, stored, given) => {
    expect(amo(name, memory, b)).toEqual([stored, given]);
  });

  test.each([
    ["amoadd.w", 6],
    ["sc.d", 6],
    ["lr.w", 4],
  ])("%s at a misaligned address traps with cause %i", (name, cause) => {
    const form = allInstructions().find((f) => f.insn.name === name)!;
    const after = execute(encode(form, { rd: 10, rs1: 11, rs2: 12 }), { isa: ISA, registers: { 11: 0x1002n } });
    expect([after.trap, after.effects]).toEqual([{ cause, tval: 0x1002n }, []]);
  });
});

describe("a compressed instruction", () => {
  test.each([
    [0x4515, "c.li a0,5", { 10: 5n }],
    [0x7171, "c.addi16sp sp,-176", { 2: 0x1000n - 176n }],
    [0x0808, "c.addi4spn a0,sp,16", { 10: 0x1010n }],
    [0x852e, "c.mv a0,a1", { 10: 7n }],
    [0x952e, "c.add a0,a1", { 10: 107n }],
    [0x8d0d, "c.sub a0,a1", { 10: 93n }],
    [0x757d, "c.lui a0,0xfffff", { 10: u(64, -4096n) }],
    [0x9502, "c.jalr a0", { 1: 0x8000_0002n }],
  ])("%s, %s, does what its expansion does", (code, _, expected) => {
    const after = execute(code, { isa: ISA, registers: { 2: 0x1000n, 10: 100n, 11: 7n } });
    const registers = Object.fromEntries([...after.registers].map(([r, y]) => [r, y.addr]));
    expect(registers).toEqual(expected);
  });
});
