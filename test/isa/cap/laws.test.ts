// Laws of capabilities: what no instruction may do to one, and what bounds and permissions promise.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "../../../isa/codec.ts";
import { AP, GLOBAL, infiniteMeta, maskOf, PERMISSION, SDP, SEALED } from "../../../isa/cap/format.ts";
import { allInstructions, instructionsOf } from "../../../isa/table.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { arbBits, arbCapability } from "../../arbitrary/capability.ts";
import { arbOperands } from "../../arbitrary/operands.ts";
import { arbX } from "../../arbitrary/x.ts";
import { execute, integer, type Value } from "../../drivers/meaning.ts";
import { plainBounds } from "../../drivers/plain-bounds.ts";

const BOTH = [
  ["rv64y", false],
  ["rv64y_zylevels1", true],
] as const;

const form = (name: string): ReturnType<typeof allInstructions>[number] =>
  allInstructions().find((f) => f.insn.name === name)!;

/** x10 after `name x10, x11, x12`, or with an immediate. */
function run(name: string, isa: string, x11: Value, x12: Value | bigint = 0n, imm = 0n): Value {
  const word = encode(form(name), { rd: 10, rs1: 11, rs2: 12, imm, uimm: imm });
  return execute(word, { isa, registers: { 11: x11, 12: x12 } }).registers.get(10)!;
}

const arbAny = (zylevels1: boolean): fc.Arbitrary<Value> => fc.oneof(arbCapability({ zylevels1 }), arbBits);
const unsealed = (zylevels1 = false): fc.Arbitrary<Value> => arbCapability({ zylevels1, sealed: false });

/** Everything that a capability authorises, as the standard's definition of a subset lists it. */
function authority(y: Value): { rights: bigint; base: bigint; top: bigint } {
  const { base, top } = plainBounds(y.meta, y.addr);
  return { rights: y.meta & (maskOf(AP) | maskOf(SDP) | GLOBAL), base, top };
}

function within(inner: Value, outer: Value): boolean {
  const [i, o] = [authority(inner), authority(outer)];
  return (i.rights & ~o.rights) === 0n && i.base >= o.base && i.top <= o.top;
}

describe("bounds", () => {
  const m = new CapabilityArithmetic(false);

  test("decode as the pseudo-code of the standard says, for any metadata and address", () => {
    fc.assert(
      fc.property(arbX, arbX, (meta, addr) => {
        const ours = m.bounds(new Capability(0n, meta, addr, undefined));
        const { malformed, base, top } = plainBounds(meta, addr);
        expect([ours.valid, ours.base, (ours.topHigh << 64n) | ours.top]).toEqual([malformed ? 0n : 1n, base, top]);
      }),
      { numRuns: 3000 },
    );
  });

  test("of less than 4096 bytes are exact, anywhere", () => {
    fc.assert(
      fc.property(arbX, fc.bigInt(0n, 4095n), (addr, length) => {
        fc.pre(addr + length <= 1n << 64n);
        const y = run("ybndsw", "rv64y", { tag: 1n, meta: infiniteMeta(false), addr }, length);
        expect([y.tag, plainBounds(y.meta, y.addr)]).toMatchObject([1n, { base: addr, top: addr + length }]);
      }),
    );
  });

  test("of 4096 bytes need 8-byte alignment", () => {
    const at = (addr: bigint): Value => run("ybndsw", "rv64y", { tag: 1n, meta: infiniteMeta(false), addr }, 4096n);
    expect([at(8n).tag, at(4n).tag]).toEqual([1n, 0n]);
  });

  test("that keep the tag of YBNDSW are exactly those asked for, and lie within the source's", () => {
    fc.assert(
      fc.property(unsealed(), arbX, (source, length) => {
        const y = run("ybndsw", "rv64y", source, length);
        fc.pre(y.tag === 1n);
        expect(plainBounds(y.meta, y.addr)).toMatchObject({ base: source.addr, top: source.addr + length });
        expect(within(y, source)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("that YBNDSRW rounds contain what was asked for and stay within the source's", () => {
    fc.assert(
      fc.property(unsealed(), arbX, (source, wanted) => {
        const { top } = plainBounds(source.meta, source.addr);
        const length = source.addr >= top ? 0n : wanted % (top - source.addr + 1n);
        fc.pre(length < 1n << 64n);
        const y = run("ybndsrw", "rv64y", source, length);
        const b = plainBounds(y.meta, y.addr);
        expect({ tag: y.tag, inside: within(y, source) }).toEqual({ tag: 1n, inside: true });
        expect(b.base <= source.addr && b.top >= source.addr + length).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("aligned with YAMASK's mask are exact", () => {
    fc.assert(
      fc.property(arbX, arbX, (addr, wanted) => {
        const mask = run("yamask", "rv64y", integer(wanted)).addr;
        const length = (wanted + BigInt.asUintN(64, ~mask)) & mask;
        const base = addr & mask;
        fc.pre(base + length < 1n << 64n);
        const y = run("ybndsw", "rv64y", { tag: 1n, meta: infiniteMeta(false), addr: base }, length);
        expect([y.tag, plainBounds(y.meta, y.addr)]).toMatchObject([1n, { base, top: base + length }]);
      }),
    );
  });

  test("survive an address a quarter of the representable space below the base or above the top", () => {
    fc.assert(
      fc.property(unsealed(), (source) => {
        const { base, top, exponent } = plainBounds(source.meta, source.addr);
        const slack = 1n << (exponent + 12n);
        for (const addr of [base, base - slack, top - 1n, top, top + slack - 1n]) {
          const moved = run("yaddrw", "rv64y", source, BigInt.asUintN(64, addr));
          expect([addr, moved.tag, plainBounds(moved.meta, moved.addr)]).toMatchObject([addr, 1n, { base, top }]);
        }
      }),
    );
  });

  test("of YBNDSWI are the lengths that its nine bits can say", () => {
    const { encode: toField, decode } = form("ybndswi").insn.immediate!;
    const lengths = Array.from({ length: 512 }, (_, field) => decode(BigInt(field))).sort((a, b) => Number(a - b));
    const sayable = (from: number, to: number, step: number): bigint[] =>
      Array.from({ length: (to - from) / step + 1 }, (_, i) => BigInt(from + step * i));
    expect(lengths).toEqual([...sayable(1, 255, 1), ...sayable(256, 504, 8), ...sayable(512, 4096, 16)]);
    expect(lengths.every((length) => decode(toField(length)!) === length)).toBe(true);
    expect([toField(0n), toField(257n), toField(520n), toField(4112n)]).toEqual([...new Array(4).fill(undefined)]);
  });
});

describe.each(BOTH)("a capability of %s", (isa, zylevels1) => {
  const derivations = instructionsOf(isa).filter((f) => f.insn.timing === "cap" || f.insn.name === "auipc");

  test("that an instruction tags has no authority that a tagged operand, or the pcc, had not", () => {
    const arbCase = fc.constantFrom(...derivations).chain((f) => fc.tuple(fc.constant(f), arbOperands(f)));
    const operand = arbAny(zylevels1);
    fc.assert(
      fc.property(arbCase, operand, operand, fc.nat(3), ([f, operands], a, b, share) => {
        // Half of the time the second operand is derived from the first, so that subsets are common.
        const narrowed = share > 1 ? run("ybndsrw", isa, a, b.addr & 0xffffn) : b;
        const sealedOrNot = share === 3 ? { ...narrowed, meta: narrowed.meta | SEALED } : narrowed;
        const registers = { [Number(operands["rs1"] ?? 0)]: a, [Number(operands["rs2"] ?? 0)]: sealedOrNot };
        const after = execute(encode(f, operands), { isa, registers });
        const pcc: Value = { tag: 1n, meta: infiniteMeta(zylevels1), addr: 0x8000_0000n };
        const sources = [...Object.values(registers), ...(f.insn.name === "auipc" ? [pcc] : [])].filter(
          (y) => y.tag === 1n,
        );
        for (const y of after.registers.values()) {
          if (y.tag === 1n) expect(sources.some((source) => within(y, source))).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("once sealed is changed by nothing but YSUNSEAL, and YPERMC clearing GL", () => {
    const changers = derivations.filter((f) => f.fields.includes("rs1") && f.insn.name !== "ysunseal");
    const arbCase = fc.constantFrom(...changers).chain((f) => fc.tuple(fc.constant(f), arbOperands(f)));
    fc.assert(
      fc.property(arbCase, arbCapability({ zylevels1, sealed: true }), arbX, ([f, operands], y, x) => {
        const values = { ...operands, rd: 10, rs1: 11, rs2: f.insn.name.startsWith("ysh") ? 11 : 12 };
        const after = execute(encode(f, values), { isa, registers: { 11: y, 12: x } }).registers.get(10)!;
        const same = (after.meta | GLOBAL) === (y.meta | GLOBAL) && after.addr === y.addr;
        expect(after.tag === 0n || same).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("under YPERMC loses every permission asked for, those that depend on them, and gains none", () => {
    fc.assert(
      fc.property(unsealed(zylevels1), fc.bigInt(0n, 0xff_ffffn), (y, mask) => {
        const cleared = run("ypermc", isa, y, mask);
        const word = run("ypermr", isa, cleared).addr;
        const before = run("ypermr", isa, y).addr;
        const implemented = zylevels1 ? 0x0703ffn : 0x0703e3n;
        expect(word & mask & implemented).toBe(0n);
        expect(word & ~before).toBe(0n);
        expect([cleared.tag, word >> 19n]).toEqual([1n, 0x1fn]);
        expect(run("ypermc", isa, cleared, mask)).toEqual(cleared);
      }),
    );
  });

  test("is rebuilt by YBLD from its bits under an authority that holds it, and under no smaller one", () => {
    fc.assert(
      fc.property(unsealed(zylevels1), arbX, arbX, (y, length, mask) => {
        const inner = run("ypermc", isa, run("ybndsrw", isa, y, length), mask & 0xff_ffffn);
        const bits = { ...inner, tag: 0n };
        const rebuilt = run("ybld", isa, y, bits);
        if (inner.tag === 1n) expect(rebuilt).toEqual(inner);
        if (inner.tag === 1n && !within(y, inner)) expect(run("ybld", isa, inner, { ...y, tag: 0n }).tag).toBe(0n);
        expect(run("ybld", isa, { ...y, tag: 0n }, bits).tag).toBe(0n);
      }),
    );
  });

  test("sealed by YSENTRY is opened by YSUNSEAL with an unsealed superset, to what it was", () => {
    fc.assert(
      fc.property(unsealed(zylevels1), (y) => {
        const word = encode(form("ysentry"), { rd: 10, rs2: 12 });
        const sentry = execute(word, { isa, registers: { 12: y } }).registers.get(10)!;
        expect([sentry.tag, sentry.meta]).toEqual([1n, y.meta | SEALED]);
        expect(run("ysunseal", isa, y, sentry)).toEqual(y);
        expect(run("ysunseal", isa, y, y).tag).toBe(0n);
        expect(run("ysunseal", isa, sentry, sentry).tag).toBe(0n);
        expect(execute(word, { isa, registers: { 12: sentry } }).registers.get(10)!.tag).toBe(0n);
      }),
    );
  });

  test("loaded through any authority is no more than memory held", () => {
    const ly = encode(form("ly"), { rd: 10, rs1: 11, imm: 0n });
    fc.assert(
      fc.property(unsealed(zylevels1), arbCapability({ zylevels1 }), (auth, memory) => {
        const through = { ...auth, meta: auth.meta | PERMISSION.R, addr: auth.addr & ~0xfn };
        const loaded = execute(ly, { isa, registers: { 11: through }, memory }).registers.get(10);
        fc.pre(loaded !== undefined);
        expect(within(loaded!, memory)).toBe(true);
        expect(loaded!.meta & SEALED).toBe(memory.meta & SEALED);
        if ((auth.meta & PERMISSION.C) === 0n) expect(loaded!.tag).toBe(0n);
      }),
      { numRuns: 500 },
    );
  });
});
