// Expressions: whether folded while they are built or computed by WebAssembly, they give what bigint arithmetic gives.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Arithmetic } from "../../../../isa/semantics.ts";
import { BigintArithmetic } from "../../../../sim/engine/bigint.ts";
import { ExprArithmetic, ExprWriter, localOf, type Expr } from "../../../../sim/engine/turbo/expr.ts";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { encodeModule, I64, type ModuleFunction, type ValueType } from "../../../../sim/engine/turbo/wasm.ts";
import { arbX } from "../../../arbitrary/x.ts";

type Computation = <X>(m: Arithmetic<X>, a: X, b: X) => X;
type Compiled = (a: bigint, b: bigint) => bigint;

const numbers = new BigintArithmetic();
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });

/** A function of two values; where `a` or `b` is given, that operand is a constant in it. */
function compile(computation: Computation, a?: bigint, b?: bigint): Compiled {
  const m = new ExprArithmetic();
  const locals: ValueType[] = [];
  const writer = new ExprWriter((type) => 1 + locals.push(type));
  const operand = (index: number, value: bigint | undefined): Expr =>
    value === undefined ? localOf(I64, index) : m.const(value);
  writer.wide(computation(m, operand(0, a), operand(1, b)));
  const body: ModuleFunction = { params: [I64, I64], results: [I64], locals, body: writer.code, exportName: "f" };
  const bytes = encodeModule({ imports: [], functions: [body], memoryPages: 1 });
  const call = instantiate(bytes, { memory }).exports["f"] as Compiled;
  return (x, y) => BigInt.asUintN(64, call(x, y));
}

const binary = [
  ...["add", "sub", "mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"],
  ...["and", "or", "xor", "shl", "shr", "sar", "eq", "ltu", "lts"],
] as const;
const computations: [string, Computation][] = [
  ...binary.map((name): [string, Computation] => [name, (m, a, b) => m[name as "add"](a, b)]),
  ...(["clz", "ctz", "popcount"] as const).map((name): [string, Computation] => [name, (m, a) => m[name](a)]),
  ...[1, 7, 8, 16, 31, 32, 63, 64].flatMap((bits): [string, Computation][] => [
    [`sext ${bits}`, (m, a) => m.sext(a, bits)],
    [`zext ${bits}`, (m, a) => m.zext(a, bits)],
  ]),
  ["select by a comparison", (m, a, b) => m.select(m.ltu(a, b), a, m.sub(a, b))],
  ["select by a value", (m, a, b) => m.select(m.zext(a, 1), a, b)],
  ["a comparison as a value", (m, a, b) => m.add(m.lts(a, b), m.shl(m.eq(a, b), m.const(3n)))],
  ["a let used twice", (m, a, b) => square(m, m.let(m.xor(a, b)))],
  ["connectives of comparisons", (m, a, b) => connected(m, m.ltu(a, b), m.lts(a, b))],
  ["connectives with constants", (m, a, b) => withTruths(m, m.ltu(a, b))],
  ["comparisons under a mask", (m, a, b) => m.or(m.and(m.ltu(a, b), m.const(2n)), m.and(m.const(3n), m.lts(a, b)))],
  ["selections among comparisons", (m, a, b) => m.select(m.eq(a, b), m.lts(a, b), m.ltu(b, a))],
];

const square = <X>(m: Arithmetic<X>, v: X): X => m.mul(v, v);
const connected = <X>(m: Arithmetic<X>, p: X, q: X): X =>
  m.or(m.shl(m.and(p, q), m.const(2n)), m.or(m.shl(m.or(p, q), m.const(1n)), m.eq(m.xor(p, q), m.eq(p, q))));
const withTruths = <X>(m: Arithmetic<X>, p: X): X => {
  const [no, yes] = [m.const(0n), m.const(1n)];
  const bits = [
    ...[m.and(p, yes), m.and(no, p), m.or(p, no), m.or(yes, p), m.xor(p, yes), m.xor(no, p)],
    ...[
      m.eq(p, no),
      m.eq(p, yes),
      m.eq(m.eq(p, no), no),
      m.select(p, yes, no),
      m.select(p, no, yes),
      m.select(p, p, no),
    ],
  ];
  return bits.reduce((word, bit) => m.add(m.add(word, word), bit), no);
};

describe.each(computations)("%s", (_, computation) => {
  test("gives what it gives on bigint, computed in WebAssembly", () => {
    const compiled = compile(computation);
    fc.assert(
      fc.property(arbX, arbX, (a, b) => {
        expect(compiled(a, b)).toBe(computation(numbers, a, b));
      }),
      { numRuns: 300 },
    );
  });

  test("gives the same where operands are constants", () => {
    fc.assert(
      fc.property(arbX, arbX, (a, b) => {
        const expected = computation(numbers, a, b);
        const found = [compile(computation, a, b), compile(computation, a), compile(computation, undefined, b)];
        expect(found.map((f) => f(a, b))).toEqual([expected, expected, expected]);
      }),
      { numRuns: 15 },
    );
  });
});

test("two constants make no code but a constant", () => {
  const m = new ExprArithmetic();
  expect(m.add(m.const(2n), m.const(3n))).toEqual(m.const(5n));
});

test("division has a result where that of WebAssembly has none: by 0, and of the most negative number by -1", () => {
  const [most, minusOne] = [1n << 63n, (1n << 64n) - 1n];
  for (const name of ["div", "divu", "rem", "remu"] as const) {
    const compiled = compile((m, a, b) => m[name](a, b));
    for (const [a, b] of [
      [most, minusOne],
      [most, 0n],
      [0n, 0n],
      [7n, 0n],
    ] as const) {
      expect([name, a, b, compiled(a, b)]).toEqual([name, a, b, numbers[name](a, b)]);
    }
  }
});
