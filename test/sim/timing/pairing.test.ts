// Dual issue: which instructions share a cycle, and which wait for the next.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Decoded } from "../../../isa/codec.ts";
import { retiredInstructions } from "../../../sim/stats/cpi-stack.ts";
import { checkSums } from "../../../sim/stats/counters.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";
import { CATEGORIES, stream } from "./streams.ts";

const DATA = RAM + 0x10000;

/** A driver on a dual-issue ideal@1, the line in hand, the last instruction one that shares its cycle with nobody. */
function driver(...sets: string[]): CoreDriver {
  const d = new CoreDriver(machine(["issue.width=2", ...sets])).warm();
  d.step(op("fence"));
  return d;
}

const add = (rd: number, rs1 = 0, rs2 = 0): Decoded => op("add", { rd, rs1, rs2 });
const load = (d: CoreDriver): number => d.load(20, DATA);
const store = (d: CoreDriver): number => d.store(DATA + 8);
const branch = (d: CoreDriver): number => d.step(op("beq", { rs1: 28, rs2: 29, imm: 64n }));

describe("two instructions", () => {
  test("share a cycle, and a third does not", () => {
    const d = driver();
    expect([5, 6, 7, 8, 9].map((rd) => d.step(add(rd)))).toEqual([1, 0, 1, 0, 1]);
  });

  test("do not where the second wants the first's result, whichever operand it is", () => {
    for (const second of [add(6, 5), add(6, 0, 5)]) {
      const d = driver();
      expect([d.step(add(5)), d.step(second), d.step(add(7))]).toEqual([1, 1, 0]);
    }
  });

  test("do where both write one register, unless writes are ordered", () => {
    for (const [ordered, cycles] of [
      ["false", 0],
      ["true", 1],
    ] as const) {
      const d = driver(`scoreboard.ordersWrites=${ordered}`);
      expect([d.step(add(5)), d.step(add(5))]).toEqual([1, cycles]);
    }
  });

  test("do where they use different units", () => {
    const mul = (d: CoreDriver): number => d.step(op("mul", { rd: 21 }));
    const alu = (d: CoreDriver): number => d.step(add(22));
    for (const [first, second, cycles] of [
      [alu, alu, 0],
      [alu, load, 0],
      [load, alu, 0],
      [load, store, 1],
      [load, load, 1],
      [mul, mul, 1],
      [mul, load, 0],
      [store, mul, 0],
      [alu, branch, 0],
      [load, branch, 0],
      [branch, alu, 1],
      [branch, branch, 1],
    ] as const) {
      const d = driver();
      // Lines and registers of before: what is measured waits for nothing but its slot.
      d.load(20, DATA);
      for (let i = 0; i < 3; i += 1) d.step(op("fence"));
      expect([first(d), second(d)], `${first.name}, ${second.name}`).toEqual([1, cycles]);
    }
  });

  test("of the ALU do not where it has one port", () => {
    const d = driver("issue.aluPorts=1");
    expect([d.step(add(5)), d.step(add(6)), load(d), d.step(add(7))]).toEqual([1, 1, 0, 1]);
  });

  test("do not where one is a CSR access, a fence or an atomic operation", () => {
    const atomic = { access: "atomic", dataVirt: DATA, dataPhys: DATA, dataBytes: 8 } as const;
    for (const [insn, fields] of [
      [op("csrrs", { rd: 5 }), {}],
      [op("fence"), {}],
      [op("ecall"), {}],
      [op("amoadd.d", { rd: 5, rs1: 2 }), atomic],
    ] as const) {
      const d = driver();
      d.load(20, DATA);
      d.step(op("fence"));
      expect(d.step(add(6))).toBe(1);
      expect(d.step(insn, fields)).toBe(1);
      expect(d.step(add(7))).toBe(1);
    }
  });

  test("do not across a wait", () => {
    const d = driver("scoreboard.mulCycles=4");
    d.step(op("mul", { rd: 5 }));
    expect([d.step(add(6, 5)), d.step(add(7)), d.step(add(8))]).toEqual([4, 0, 1]);
  });

  test("share their cycle also where the second's data are late, which is charged to what is late", () => {
    const d = driver("dram.controllerNs=50", "l1d.mshrs=0");
    d.load(20, DATA);
    d.step(add(4));
    const before = d.causes;
    d.step(add(5));
    expect(d.load(21, DATA + 8)).toBe(49);
    expect(d.causes.dcache - before.dcache).toBe(49);
    expect(d.causes.base - before.base).toBe(1);
  });
});

describe("of every stream", () => {
  test("two issue slots take no more cycles on a machine without waits, and at least half", () => {
    fc.assert(
      fc.property(stream, (steps) => {
        const [one, two] = ["issue.width=1", "issue.width=2"].map((set) => {
          const d = new CoreDriver(machine([set]), CATEGORIES);
          for (const { insn, fields } of steps) d.step(insn, fields);
          checkSums(d.core.snapshot());
          return d.core;
        });
        expect(retiredInstructions(two!.snapshot())).toBe(retiredInstructions(one!.snapshot()));
        expect(two!.now).toBeLessThanOrEqual(one!.now);
        expect(2 * two!.now).toBeGreaterThanOrEqual(one!.now);
      }),
    );
  });
});
