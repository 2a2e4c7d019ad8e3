// Operations of the interpreter in WebAssembly: every instruction does what it does on the reference engine, or nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBounds } from "../../../../isa/cap/bounds.ts";
import { encode, isImmediate, type Form, type OperandValues } from "../../../../isa/codec.ts";
import { allInstructions, instructionsOf } from "../../../../isa/table.ts";
import type { Op } from "../../../../sim/engine/code.ts";
import { OPERATION, OPERATIONS_AT } from "../../../../sim/engine/turbo/layout.ts";
import { Outcome } from "../../../../sim/engine/turbo/operation-translator.ts";
import { CapabilityArithmetic } from "../../../../sim/machine/capability.ts";
import { arbOperands } from "../../../arbitrary/operands.ts";
import { arbX } from "../../../arbitrary/x.ts";
import { arbHoldings, bounded, CODE, DATA, infinite, type HostileIsa, type Holdings } from "../../../laws/hostile.ts";
import { instruction } from "../../../laws/instruction.ts";
import type { Cap } from "../../../laws/standard.ts";
import { codeCapability } from "../../../laws/watched.ts";
import { OperationBench } from "./operations.ts";

const EXTENSIONS = "zicsr_zifencei_zicboz_zicbom_zicbop_zicond_zba_zbb_zbs";
const MACHINES = [
  { isa: `rv64imac_${EXTENSIONS}`, misaligned: "split" },
  { isa: `rv64ima_${EXTENSIONS}`, misaligned: "trap" },
  { isa: "rv64y", misaligned: "split" },
  { isa: "rv64y_zylevels1", misaligned: "trap" },
] as const;
const isHostileIsa = (isa: string): isa is HostileIsa => isa.startsWith("rv64y");

/** Is it JavaScript that executes an instruction? */
const isLeft = ({ insn }: Form): boolean =>
  ["csr", "system", "cbo"].includes(insn.timing) || /^(lr|sc)\.|^amoswap\.y$|^fence\.i$|ebreak$/.test(insn.name);

const arbAddress = fc.oneof(
  fc.nat(0xfff).map((n) => DATA + BigInt(n)),
  fc.nat(255).map((n) => DATA + 16n * BigInt(n)),
  fc.nat(0x110).map((n) => CODE + BigInt(n)),
);
const integer = (addr: bigint): Cap => ({ tag: 0n, meta: 0n, addr });
const arbIntegers: fc.Arbitrary<Holdings> = fc.record({
  registers: fc.array(fc.oneof(arbX, arbAddress).map(integer), { minLength: 31, maxLength: 31 }),
  memory: fc.array(fc.tuple(fc.nat(255), arbX.map(integer)), { maxLength: 20 }),
});
/** Half of the registers have addresses at which anything may be accessed. */
const aligned = ({ registers, memory }: Holdings): Holdings => ({
  registers: registers.map((y, i) => (i % 2 === 0 ? y : { ...y, addr: y.addr & ~15n })),
  memory,
});

/** Operands of a form: the same register in all places now and then; zero, the smallest, the least and the largest immediates. */
function arbOperandsOf(form: Form): fc.Arbitrary<OperandValues> {
  const imm = form.fields.find(isImmediate);
  const step = BigInt(form.immStep);
  const low = form.immSigned ? -(1n << BigInt(form.immBits - 1)) : 0n;
  const high = (form.immSigned ? -low : 1n << BigInt(form.immBits)) - step;
  const arbImmediate = fc.constantFrom(undefined, undefined, 0n, 0n, step, form.immSigned ? -step : step, low, high);
  const arbChanges = fc.record({
    isOne: fc.nat(3).map((n) => n === 0),
    register: fc.integer({ min: 8, max: 15 }),
    immediate: arbImmediate,
  });
  return fc.tuple(arbOperands(form), arbChanges).map(([values, { isOne, register, immediate }]) => {
    const out: Record<string, number | bigint> = { ...values };
    if (imm !== undefined && immediate !== undefined) out[imm] = immediate;
    if (isOne) for (const field of ["rd", "rs1", "rs2"]) if (field in out) out[field] = register;
    return form.except.some((e) => Number(out[e.field]) === e.value) ? values : out;
  });
}

const RUNS = 32;

describe.each(MACHINES)("$isa, misaligned accesses $misaligned", ({ isa, misaligned }) => {
  const bench = new OperationBench(isa, misaligned);
  const pccAt = (addr: bigint): Cap => (isHostileIsa(isa) ? { ...codeCapability(isa), addr } : integer(addr));
  const holdings = fc.sample(isHostileIsa(isa) ? arbHoldings(isa) : arbIntegers, { numRuns: 60, seed: 8 }).map(aligned);

  test.each(instructionsOf(isa).map((form) => ({ name: form.insn.name, form })))("$name", ({ form }) => {
    let executed = 0;
    fc.assert(
      fc.property(arbOperandsOf(form), fc.constantFrom(...holdings), fc.nat(63), (operands, held, slot) => {
        const op = bench.decode(encode(form, operands));
        if (op === undefined || op.decoded.insn !== form.insn) return;
        const pcc = pccAt(CODE + 4n * BigInt(slot));
        const done = bench.execute(op, pcc, held);
        expect(done === undefined).toBe(isLeft(form));
        if (done === undefined) return;
        const { outcome, operation, reference, rare } = done;
        if (outcome === Outcome.left) {
          expect([operation.changes, operation.access.access]).toEqual([[], "none"]);
          // A jump that takes the pcc's tag is left, too.
          expect(rare || reference?.next.tag !== pcc.tag).toBe(true);
          return;
        }
        executed += 1;
        if (reference === undefined) expect(done).toBe("a trap");
        // Whether the pcc keeps its tag there, who goes to the next instruction sees from its bounds.
        else if (outcome === Outcome.jumped)
          expect({ ...reference, next: { ...reference.next, tag: pcc.tag } }).toEqual(operation);
        else expect(operation).toEqual(reference);
      }),
      { numRuns: RUNS },
    );
    expect(executed > 0).toBe(!isLeft(form));
  });
});

describe("capabilities of equal metadata", () => {
  const isa = "rv64y";
  const m = new CapabilityArithmetic(false);
  const arbLength = fc.tuple(fc.nat(62), fc.nat(0xffff)).map(([bits, low]) => (1n << BigInt(bits)) + BigInt(low));

  test("have other bounds in other places", () => {
    const bench = new OperationBench(isa, "split");
    const near = bounded(infinite(isa, 0n), DATA, 0x20n);
    const far = { ...near, addr: near.addr + 0x1_0000n };
    const registers = Array.from({ length: 31 }, (_, i) => (i === 8 ? near : i === 9 ? far : integer(near.addr)));
    const move = (rs1: number): unknown => {
      const op = bench.decode(instruction("yaddrw", { rd: 20, rs1, rs2: 11 }))!;
      const { operation, reference } = bench.execute(
        op,
        { ...codeCapability(isa), addr: CODE },
        { registers, memory: [] },
      )!;
      expect(operation).toEqual(reference);
      return operation.changes;
    };
    expect(move(9)).not.toEqual(move(10));
  });

  test("have the same within what an immediate adds to an address in bounds", () => {
    fc.assert(
      fc.property(arbX, arbLength, fc.bigInt(-2048n, 2047n), fc.boolean(), (base, length, offset, fromTop) => {
        const y = bounded(infinite(isa, 0n), base, length);
        const { top, ...bounds } = decodeBounds(m, y.meta, base);
        const addr = BigInt.asUintN(64, (fromTop ? top - 1n : bounds.base) - offset);
        expect(decodeBounds(m, y.meta, addr)).toEqual({ top, ...bounds });
      }),
      { numRuns: 2000 },
    );
  });
});

test("an operation translates addresses as the context in force does", () => {
  const bench = new OperationBench("rv64imac", "split");
  const op = bench.decode(instruction("ld", { rd: 10, rs1: 11, imm: 0n }))!;
  expect(bench.loadInContexts(op, 0xffff_ffc0_0000_1238n, [0x1000, 0x3000])).toEqual([0n, 1n]);
});

test("when records are full all are forgotten, and made anew", () => {
  const bench = new OperationBench("rv64imac", "split");
  const { operations, decode } = bench;
  const op = (n: number): Op =>
    decode(instruction("addi", { rd: 31 - (n & 31), rs1: (n >> 5) & 31, imm: BigInt((n >> 10) - 2048) }))!;
  let records = 0;
  while (!operations.full) operations.recordOf(op(records++));
  expect(records).toBe(1 << OPERATION.indexBits);
  expect(() => operations.recordOf(op(records))).toThrow();
  operations.clear();
  expect(operations.recordOf(op(records))).toBe(OPERATIONS_AT);
  const holdings = { registers: Array.from({ length: 31 }, (_, i) => integer(BigInt(i))), memory: [] };
  const done = bench.execute(op(records), integer(CODE), holdings)!;
  expect(done.operation).toEqual(done.reference);
});

test("all instructions but those of pointer modes are tried", () => {
  const tried = new Set(MACHINES.flatMap(({ isa }) => instructionsOf(isa).map((f) => f.insn.name)));
  const missing = allInstructions().filter(({ insn }) => !tried.has(insn.name) && insn.ext !== "Zyhybrid");
  expect(missing.map(({ insn }) => insn.name)).toEqual([]);
});
