// What holds for every stream of records on every machine.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveMachine, type MachineConfig } from "../../../sim/config/machine.ts";
import { PRESETS } from "../../../sim/config/presets/table.ts";
import type { Retire } from "../../../sim/machine/retire.ts";
import { byCategory, byCause, retiredInstructions } from "../../../sim/stats/cpi-stack.ts";
import { difference } from "../../../sim/stats/counters.ts";
import type { Decoded } from "../../../isa/codec.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";

const CATEGORIES = 4;

interface Step {
  readonly insn: Decoded | undefined;
  readonly fields: Partial<Retire>;
}

const register = fc.nat(31);
const common = fc.record({
  category: fc.nat(CATEGORIES - 1),
  asid: fc.nat(2),
  translatedFetch: fc.boolean(),
  translatedData: fc.boolean(),
});
const dataPhys = fc.nat(1 << 17).map((offset) => RAM + 8 * offset);
const target = fc.nat(4096).map((n) => RAM + 4 * n);

const plain = fc
  .tuple(fc.constantFrom("add", "mul", "div", "yaddrw", "csrrs"), register, register, common)
  .map(([name, rd, rs1, fields]): Step => ({ insn: op(name, { rd, rs1 }), fields }));
const memory = fc
  .tuple(fc.constantFrom("ld", "sd", "ly", "sy", "amoadd.d", "lb", "cbo.zero"), register, dataPhys, common)
  .map(([name, r, phys, fields]): Step => {
    const bytes = name === "cbo.zero" ? 64 : name.endsWith("y") ? 16 : name === "lb" ? 1 : 8;
    const aligned = phys - (phys % bytes);
    const access = name.startsWith("l") ? "load" : name.startsWith("amo") ? "atomic" : "store";
    const operand = access === "store" ? { rs1: r } : { rd: r, rs1: 2 };
    return {
      insn: op(name, operand),
      fields: { ...fields, access, dataPhys: aligned, dataVirt: aligned, dataBytes: bytes, capability: bytes === 16 },
    };
  });
const transfer = fc
  .tuple(fc.constantFrom("beq", "jal", "jalr"), fc.boolean(), target, common)
  .map(([name, goes, nextPc, fields]): Step => {
    const insn = op(name, name === "jalr" ? { rd: 0, rs1: 1 } : {});
    return { insn, fields: name === "beq" && !goes ? fields : { ...fields, nextPc } };
  });
const rare = fc.tuple(fc.nat(3), target, common).map(([kind, nextPc, fields]): Step => {
  if (kind === 0) return { insn: op("ecall"), fields: { ...fields, trap: true, flush: true, nextPc } };
  if (kind === 1) return { insn: undefined, fields: { ...fields, trap: true, flush: true, nextPc, fetchPhys: -1 } };
  if (kind === 2) return { insn: op("fence.i"), fields: { ...fields, flush: true } };
  return { insn: op("sfence.vma"), fields: { ...fields, flush: true, fence: { page: undefined, asid: 1 } } };
});
const stream = fc.array(
  fc.oneof({ weight: 6, arbitrary: plain }, { weight: 6, arbitrary: memory }, { weight: 3, arbitrary: transfer }, rare),
  { maxLength: 120 },
);

const presets = PRESETS.map((p) => {
  const resolved = resolveMachine({ preset: p.name });
  if (resolved.kind !== "machine") throw new Error(p.name);
  return resolved.config;
});
const anyMachine = fc.constantFrom(...presets);

function play(config: MachineConfig, steps: readonly Step[]): CoreDriver {
  const driver = new CoreDriver(config, CATEGORIES);
  for (const { insn, fields } of steps) driver.step(insn, fields);
  driver.core.check();
  return driver;
}

describe("every machine", () => {
  test("gives every cycle one cause and one category, whatever retires", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        const { core } = play(config, steps);
        const counters = core.snapshot();
        const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
        expect(sum(Object.values(byCause(counters)))).toBe(core.now);
        expect(sum(byCategory(counters))).toBe(core.now);
      }),
    );
  });

  test("counts an instruction for each record that does not trap, and one base cycle for it", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        const counters = play(config, steps).core.snapshot();
        const retired = steps.filter((s) => s.fields.trap !== true).length;
        expect(retiredInstructions(counters)).toBe(retired);
        expect(byCause(counters).base).toBe(retired);
      }),
    );
  });

  test("takes at least one cycle for an instruction, and never goes back in time", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        const driver = new CoreDriver(config, CATEGORIES);
        for (const { insn, fields } of steps) {
          expect(driver.step(insn, fields)).toBeGreaterThanOrEqual(insn === undefined ? 0 : 1);
        }
      }),
    );
  });

  test("does the same again with the same records", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        expect(play(config, steps).core.snapshot()).toEqual(play(config, steps).core.snapshot());
      }),
    );
  });

  test("measures a window as the difference of two snapshots", () => {
    fc.assert(
      fc.property(anyMachine, stream, stream, (config, before, inside) => {
        const driver = play(config, before);
        const begin = driver.core.snapshot();
        for (const { insn, fields } of inside) driver.step(insn, fields);
        const window = difference(driver.core.snapshot(), begin);
        expect(window.now).toBe(driver.core.now - begin.now);
        expect(byCategory(window).reduce((a, b) => a + b, 0)).toBe(window.now);
      }),
    );
  });
});

describe("the ideal machine", () => {
  test("takes exactly one cycle for each instruction, trapping ones included", () => {
    fc.assert(
      fc.property(stream, (steps) => {
        const { core } = play(machine([]), steps);
        expect(core.now).toBe(steps.filter((s) => s.insn !== undefined).length);
      }),
    );
  });
});

describe("one more cycle of latency", () => {
  const latencies = [
    "l1d.hitCycles",
    "l2.hitCycles",
    "dram.controllerNs",
    "scoreboard.divCycles",
    "frontend.mispredictCycles",
    "frontend.flushCycles",
    "walker.stepCycles",
  ];

  test("never makes a stream of plain instructions and transfers faster", () => {
    fc.assert(
      fc.property(fc.constantFrom(...latencies), fc.array(fc.oneof(plain, transfer)), (key, steps) => {
        const low = play(machine([`${key}=10`]), steps).core.now;
        const high = play(machine([`${key}=11`]), steps).core.now;
        expect(high).toBeGreaterThanOrEqual(low);
      }),
    );
  });
});
