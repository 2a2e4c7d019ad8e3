// Bigint arithmetic: results stay in [0, 2^64) and the corner cases are those of the RISC-V manual.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { BigintArithmetic } from "../../../sim/engine/bigint.ts";

const m = new BigintArithmetic();
const MAX = 0xffff_ffff_ffff_ffffn;
const MIN_SIGNED = 0x8000_0000_0000_0000n;
const edges = [0n, 1n, 63n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, MIN_SIGNED - 1n, MIN_SIGNED, MAX];
const arbX = fc.oneof(fc.constantFrom(...edges), fc.bigInt(0n, MAX));
const binary = ["add", "sub", "mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"] as const;
const bitwise = ["and", "or", "xor", "shl", "shr", "sar", "eq", "ltu", "lts"] as const;

describe("bigint arithmetic", () => {
  test.each([...binary, ...bitwise])("%s stays in [0, 2^64)", (operation) => {
    fc.assert(
      fc.property(arbX, arbX, (a, b) => {
        const result = m[operation](a, b);
        expect(result >= 0n && result <= MAX).toBe(true);
      }),
    );
  });

  test("dividing by zero gives all ones and leaves the dividend as remainder", () => {
    fc.assert(
      fc.property(arbX, (a) => {
        expect([m.div(a, 0n), m.divu(a, 0n), m.rem(a, 0n), m.remu(a, 0n)]).toEqual([MAX, MAX, a, a]);
      }),
    );
  });

  test("the one overflowing division gives the dividend and remainder 0", () => {
    expect([m.div(MIN_SIGNED, MAX), m.rem(MIN_SIGNED, MAX)]).toEqual([MIN_SIGNED, 0n]);
  });

  test("signed division truncates towards zero", () => {
    expect([m.div(MAX - 6n, 2n), m.rem(MAX - 6n, 2n)]).toEqual([MAX - 2n, MAX]);
  });

  test("quotient times divisor plus remainder is the dividend", () => {
    fc.assert(
      fc.property(arbX, arbX, (a, b) => {
        expect(m.add(m.mul(m.div(a, b), b), m.rem(a, b))).toBe(a);
        expect(m.add(m.mul(m.divu(a, b), b), m.remu(a, b))).toBe(a);
      }),
    );
  });

  test("the three high products agree with the signs of their operands", () => {
    expect([m.mulh(MAX, MAX), m.mulhsu(MAX, MAX), m.mulhu(MAX, MAX)]).toEqual([0n, MAX, MAX - 1n]);
  });

  test("shifts take the low six bits of the amount", () => {
    expect([m.shl(1n, 64n), m.shl(1n, 63n), m.shr(MAX, 65n), m.sar(MIN_SIGNED, 127n)]).toEqual([
      1n,
      MIN_SIGNED,
      MAX >> 1n,
      MAX,
    ]);
  });

  test("sign extension copies the top bit of the part, zero extension clears above it", () => {
    expect([m.sext(0x80n, 8), m.sext(0x7fn, 8), m.zext(MAX, 32)]).toEqual([MAX - 0x7fn, 0x7fn, 0xffff_ffffn]);
  });

  test("counts of bits agree with the binary digits", () => {
    fc.assert(
      fc.property(arbX, (a) => {
        const digits = a.toString(2).padStart(64, "0");
        expect(m.clz(a)).toBe(BigInt((digits + "1").indexOf("1")));
        expect(m.ctz(a)).toBe(BigInt(a === 0n ? 64 : 63 - digits.lastIndexOf("1")));
        expect(m.popcount(a)).toBe(BigInt(digits.replaceAll("0", "").length));
      }),
    );
  });
});
