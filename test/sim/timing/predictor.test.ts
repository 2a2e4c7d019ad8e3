// Branch prediction: counters, history, targets, returns, and what each outcome is called.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heapStorage } from "../../../sim/timing/part.ts";
import { Bimodal, type CounterTable } from "../../../sim/timing/predictor/bimodal.ts";
import { Btb, NO_TARGET } from "../../../sim/timing/predictor/btb.ts";
import { staticDirection } from "../../../sim/timing/predictor/direction.ts";
import { Gshare } from "../../../sim/timing/predictor/gshare.ts";
import { BranchPredictor, Outcome } from "../../../sim/timing/predictor/predictor.ts";
import { Ras } from "../../../sim/timing/predictor/ras.ts";
import { packTraits } from "../../../sim/timing/traits.ts";
import { machine, op, RAM } from "./harness.ts";

const TABLE: CounterTable = { entries: 8, counterBits: 2, granuleBytes: 4, cold: "not-taken" };
const outcomes = (text: string): boolean[] => [...text].map((c) => c === "T");

describe("a bimodal predictor", () => {
  const predictions = (table: CounterTable, text: string, backward = false): string => {
    const p = new Bimodal(table, heapStorage);
    return outcomes(text)
      .map((taken) => (p.resolve(RAM, backward, taken) ? "T" : "N"))
      .join("");
  };

  test("with two bits needs two outcomes to change its mind", () => {
    expect(predictions(TABLE, "TTTTNTNNN")).toBe("NNTTTTTTN");
  });

  test("with one bit predicts the last outcome", () => {
    expect(predictions({ ...TABLE, counterBits: 1 }, "TTNTN")).toBe("NTTNT");
  });

  test("cold, predicts backward branches taken where it is told to", () => {
    const cold: CounterTable = { ...TABLE, cold: "backward-taken" };
    expect(predictions(cold, "N", true)).toBe("T");
    expect(predictions(cold, "N", false)).toBe("N");
    expect(predictions(TABLE, "N", true)).toBe("N");
  });

  test("shares a counter between branches a whole table apart, and not within it", () => {
    const p = new Bimodal(TABLE, heapStorage);
    for (let i = 0; i < 3; i += 1) p.resolve(RAM, false, true);
    expect(p.resolve(RAM + 8 * 4, false, false)).toBe(true);
    expect(p.resolve(RAM + 4, false, false)).toBe(false);
  });

  test("forgets when cleared", () => {
    const p = new Bimodal(TABLE, heapStorage);
    for (let i = 0; i < 3; i += 1) p.resolve(RAM, false, true);
    p.clear();
    expect(p.resolve(RAM, false, true)).toBe(false);
  });
});

describe("gshare", () => {
  test("learns a pattern that repeats within its history, which counters alone do not", () => {
    const pattern = outcomes("TTN".repeat(40));
    const wrong = (p: { resolve(pc: number, backward: boolean, taken: boolean): boolean }): number =>
      pattern.filter((taken) => p.resolve(RAM, false, taken) !== taken).length;
    expect(wrong(new Gshare({ ...TABLE, entries: 64 }, 4, heapStorage))).toBeLessThan(15);
    expect(wrong(new Bimodal({ ...TABLE, entries: 64 }, heapStorage))).toBeGreaterThan(35);
  });

  test("whose history is always the same predicts like a bimodal table", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(15)), (pcs) => {
        const gshare = new Gshare(TABLE, 3, heapStorage);
        const bimodal = new Bimodal(TABLE, heapStorage);
        for (const n of pcs) expect(gshare.resolve(4 * n, false, false)).toBe(bimodal.resolve(4 * n, false, false));
      }),
    );
  });
});

test("the static predictor takes backward branches and no others", () => {
  expect(staticDirection.resolve(RAM, true, false)).toBe(true);
  expect(staticDirection.resolve(RAM, false, true)).toBe(false);
});

describe("the branch target buffer", () => {
  test("gives the last target of a transfer, and none of one it has not seen", () => {
    const btb = new Btb(4, 4, 2, heapStorage);
    expect(btb.resolve(RAM, 1)).toBe(NO_TARGET);
    expect(btb.resolve(RAM, 2)).toBe(1);
    expect(btb.resolve(RAM, 2)).toBe(2);
  });

  test("displaces the least recently used entry of a set", () => {
    const btb = new Btb(2, 2, 2, heapStorage);
    for (const pc of [10, 20, 10, 30]) btb.resolve(pc, pc);
    expect(btb.resolve(10, 10)).toBe(10);
    expect(btb.resolve(20, 20)).toBe(NO_TARGET);
  });

  test("keeps sets apart", () => {
    const btb = new Btb(4, 1, 2, heapStorage);
    btb.resolve(0, 100);
    btb.resolve(2, 200);
    expect(btb.resolve(0, 100)).toBe(100);
    btb.resolve(8, 300);
    expect(btb.resolve(0, 100)).toBe(NO_TARGET);
  });
});

describe("the return-address stack", () => {
  test("returns the latest first", () => {
    const ras = new Ras(4, heapStorage);
    [1, 2, 3].forEach((n) => ras.push(n));
    expect([ras.pop(), ras.pop(), ras.pop(), ras.pop()]).toEqual([3, 2, 1, -1]);
  });

  test("overwrites the oldest when calls are deeper than it", () => {
    const ras = new Ras(2, heapStorage);
    [1, 2, 3].forEach((n) => ras.push(n));
    expect([ras.pop(), ras.pop(), ras.pop()]).toEqual([3, 2, -1]);
  });

  test("without entries holds nothing", () => {
    const ras = new Ras(0, heapStorage);
    ras.push(1);
    expect(ras.pop()).toBe(-1);
  });
});

describe("outcomes", () => {
  const branch = packTraits(op("beq", { rs1: 1, rs2: 2, imm: 64n }));
  const jump = packTraits(op("jal", { rd: 0, imm: 64n }));
  const call = packTraits(op("jal", { rd: 1, imm: 64n }));
  const toRegister = packTraits(op("jalr", { rd: 0, rs1: 7 }));
  const ret = packTraits(op("jalr", { rd: 0, rs1: 1 }));
  const make = (...sets: string[]): BranchPredictor =>
    new BranchPredictor(machine(sets.map((s) => `predictor.${s}`)).predictor, heapStorage);
  const resolve = (p: BranchPredictor, traits: number, target: number, pc = RAM): number =>
    p.resolve(traits, pc, pc + 4, target);

  test("a branch that falls through as predicted is nothing", () => {
    expect(resolve(make(), branch, RAM + 4)).toBe(Outcome.fallThrough);
  });

  test("a branch taken against its prediction is mispredicted, and one not taken against it", () => {
    const p = make("counterBits=1");
    expect(resolve(p, branch, RAM + 64)).toBe(Outcome.mispredicted);
    expect(resolve(p, branch, RAM + 4)).toBe(Outcome.mispredicted);
  });

  test("a branch taken as predicted has its target from the buffer where that holds it, else from the instruction", () => {
    const all = make("counterBits=1", "btbHolds=all");
    resolve(all, branch, RAM + 64);
    expect(resolve(all, branch, RAM + 64)).toBe(Outcome.remembered);
    const indirect = make("counterBits=1", "btbHolds=indirect");
    resolve(indirect, branch, RAM + 64);
    expect(resolve(indirect, branch, RAM + 64)).toBe(Outcome.predecoded);
  });

  test("a direct jump is never mispredicted", () => {
    const p = make("btbHolds=all");
    expect(resolve(p, jump, RAM + 64)).toBe(Outcome.predecoded);
    expect(resolve(p, jump, RAM + 64)).toBe(Outcome.remembered);
  });

  test("a jump to a register is predicted to go where it went", () => {
    for (const holds of ["all", "indirect"]) {
      const p = make(`btbHolds=${holds}`);
      expect(resolve(p, toRegister, RAM + 64)).toBe(Outcome.mispredicted);
      expect(resolve(p, toRegister, RAM + 64)).toBe(Outcome.remembered);
      expect(resolve(p, toRegister, RAM + 128)).toBe(Outcome.mispredicted);
    }
  });

  test("a return goes back to behind its call, from wherever it was called", () => {
    const p = make("rasEntries=2", "btbHolds=indirect");
    for (const from of [RAM, RAM + 0x1000, RAM + 0x2000]) {
      resolve(p, call, RAM + 0x8000, from);
      expect(resolve(p, ret, from + 4, RAM + 0x8000)).toBe(Outcome.predecoded);
    }
    expect(resolve(p, ret, RAM, RAM + 0x8000)).toBe(Outcome.mispredicted);
  });

  test("a jump from one link register to another pops a return and pushes one", () => {
    const p = make("rasEntries=2", "btbHolds=indirect");
    const swap = packTraits(op("jalr", { rd: 1, rs1: 5 }));
    resolve(p, call, RAM + 0x100, RAM);
    expect(resolve(p, swap, RAM + 4, RAM + 0x100)).toBe(Outcome.predecoded);
    expect(resolve(p, ret, RAM + 0x104, RAM + 4)).toBe(Outcome.predecoded);
  });

  test("a jump through the link register that it writes calls and does not return", () => {
    const p = make("rasEntries=2", "btbHolds=indirect");
    resolve(p, call, RAM + 0x100, RAM);
    resolve(p, packTraits(op("jalr", { rd: 1, rs1: 1 })), RAM + 0x200, RAM + 0x100);
    expect(resolve(p, ret, RAM + 0x104, RAM + 0x200)).toBe(Outcome.predecoded);
    expect(resolve(p, ret, RAM + 4, RAM + 0x104)).toBe(Outcome.predecoded);
  });
});
