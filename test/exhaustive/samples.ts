// Samples that close the chain from the records to the printed C: what bigint computes, as tables for the C program.
import { infiniteMeta } from "../../isa/cap/format.ts";
import { encode } from "../../isa/codec.ts";
import { instructionsOf } from "../../isa/table.ts";
import { BigintArithmetic } from "../../sim/engine/bigint.ts";
import { execute, type Value } from "../drivers/meaning.ts";
import { algebraSource, type Operation } from "./c-source.ts";

/** Each operation of the algebra that prints as C in its own way. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (m, a, b) => m.add(a, b),
  sub: (m, a, b) => m.sub(a, b),
  mul: (m, a, b) => m.mul(a, b),
  mulh: (m, a, b) => m.mulh(a, b),
  mulhsu: (m, a, b) => m.mulhsu(a, b),
  mulhu: (m, a, b) => m.mulhu(a, b),
  div: (m, a, b) => m.div(a, b),
  divu: (m, a, b) => m.divu(a, b),
  rem: (m, a, b) => m.rem(a, b),
  remu: (m, a, b) => m.remu(a, b),
  and: (m, a, b) => m.and(a, b),
  or: (m, a, b) => m.or(a, b),
  xor: (m, a, b) => m.xor(a, b),
  shl: (m, a, b) => m.shl(a, b),
  shr: (m, a, b) => m.shr(a, b),
  sar: (m, a, b) => m.sar(a, b),
  eq: (m, a, b) => m.eq(a, b),
  ltu: (m, a, b) => m.ltu(a, b),
  lts: (m, a, b) => m.lts(a, b),
  select: (m, a, b, c) => m.select(m.zext(a, 1), b, c),
  sext1: (m, a) => m.sext(a, 1),
  sext32: (m, a) => m.sext(a, 32),
  zext2: (m, a) => m.zext(a, 2),
  zext64: (m, a) => m.zext(a, 64),
  clz: (m, a) => m.clz(a),
  ctz: (m, a) => m.ctz(a),
  popcount: (m, a) => m.popcount(a),
  const: (m, a) => m.add(a, m.const(-0x1234_5678_9abcn)),
};
const PER_OPERATION = 24;
const PER_INSTRUCTION = 40;

const EDGES = [0n, 1n, 2n, 63n, 64n, 0x7fff_ffffn, 0x8000_0000n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Numbers that look random and are the same each time (a linear congruence, high bits first). */
function numbers(): () => bigint {
  let state = 1n;
  const next = (): bigint => (state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n));
  return () => {
    const pick = Number(next() >> 60n);
    return EDGES[pick] ?? BigInt.asUintN(64, (next() >> 32n) | (next() & (0xffff_ffffn << 32n)));
  };
}

const hex = (n: bigint): string => `0x${n.toString(16)}ull`;
const capability = (y: Value): string => `{${hex(y.tag)}, ${hex(y.meta)}, ${hex(y.addr)}}`;

interface Printed {
  readonly isa: string;
  readonly names: readonly string[];
}

/** C tables OPERATIONS and SAMPLES, and their number of lines, for some ISAs and the instructions printed of each. */
export function sampleTables(printed: readonly Printed[]): { source: string; count: number } {
  const next = numbers();
  const bigint = new BigintArithmetic();
  const operations = Object.entries(OPERATIONS).flatMap(([name, apply]) =>
    Array.from({ length: PER_OPERATION }, () => {
      const [a, b, c] = [next(), next(), next()];
      const expected = BigInt.asUintN(64, apply(bigint, a, b, c));
      return `{"${name}", op_${name}, ${[a, b, c, expected].map(hex).join(", ")}},`;
    }),
  );
  const samples = printed.flatMap(({ isa, names }) =>
    names.flatMap((name) =>
      Array.from({ length: PER_INSTRUCTION }, () => {
        const [a, b] = [
          { tag: 1n, meta: next(), addr: next() },
          { tag: next() & 1n, meta: next(), addr: next() },
        ];
        return `{"${isa} ${name}", ${isa}_${name}, ${capability(a)}, ${capability(b)}, ${capability(run(isa, name, a, b))}},`;
      }),
    ),
  );
  const source = [
    algebraSource(OPERATIONS),
    "static const struct { const char *name; u64 (*apply)(u64, u64, u64); u64 a, b, c, expected; } OPERATIONS[] = {",
    ...operations,
    "};",
    "static const struct sample { const char *name; struct y (*apply)(struct y, struct y); struct y a, b, expected; } SAMPLES[] = {",
    ...samples,
    "};",
  ].join("\n");
  return { source, count: operations.length + samples.length };
}

/** x10 after `name x10, x11, x12`, by the records on bigint. */
function run(isa: string, name: string, x11: Value, x12: Value): Value {
  const form = instructionsOf(isa).find((f) => f.insn.name === name);
  if (form === undefined) throw new Error(`${isa} has no instruction ${name}`);
  const operands = Object.fromEntries(form.fields.map((field) => [field, { rd: 10, rs1: 11, rs2: 12 }[field] ?? 0]));
  const pcc = { tag: 1n, meta: infiniteMeta(isa.includes("zylevels1")), addr: 0n }; // in Capability Pointer Mode
  return execute(encode(form, operands), { isa, pcc, registers: { 11: x11, 12: x12 } }).registers.get(10)!;
}
