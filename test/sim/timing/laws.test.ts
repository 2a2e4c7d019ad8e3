// What holds for every stream of records on every machine.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveMachine, type MachineConfig } from "../../../sim/config/machine.ts";
import { PRESETS } from "../../../sim/config/presets/table.ts";
import { byCategory, byCause, retiredInstructions } from "../../../sim/stats/cpi-stack.ts";
import { checkSums, difference } from "../../../sim/stats/counters.ts";
import { CoreDriver, machine, RAM } from "./harness.ts";
import { CATEGORIES, plain, stream, transfer, type Step } from "./streams.ts";

const presets = PRESETS.map((p) => {
  const resolved = resolveMachine({ preset: p.name });
  if (resolved.kind !== "machine") throw new Error(p.name);
  return resolved.config;
});
const anyMachine = fc.constantFrom(...presets);

function play(config: MachineConfig, steps: readonly Step[]): CoreDriver {
  const driver = new CoreDriver(config, CATEGORIES);
  for (const { insn, fields } of steps) driver.step(insn, fields);
  checkSums(driver.core.snapshot());
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

  test("counts an instruction for each record that does not trap, and one base cycle for it, or for two", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        const counters = play(config, steps).core.snapshot();
        const retired = steps.filter((s) => s.fields.trap !== true).length;
        expect(retiredInstructions(counters)).toBe(retired);
        const { base } = byCause(counters);
        expect(base).toBeLessThanOrEqual(retired);
        expect(config.issue.width * base).toBeGreaterThanOrEqual(retired);
      }),
    );
  });

  test("takes at least one cycle for an instruction that issues alone, and never goes back in time", () => {
    fc.assert(
      fc.property(anyMachine, stream, (config, steps) => {
        const driver = new CoreDriver(config, CATEGORIES);
        for (const { insn, fields } of steps) {
          expect(driver.step(insn, fields)).toBeGreaterThanOrEqual(
            insn === undefined || config.issue.width > 1 ? 0 : 1,
          );
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

describe("a last-level cache", () => {
  test("is asked for what the L2 lacks, and counts", () => {
    const far = ["dram.controllerNs=50", "l2.sizeBytes=64", "l2.ways=1", "l1d.sizeBytes=64", "l1d.ways=1"];
    const d = new CoreDriver(machine([...far, "llc.present=true", "llc.hitCycles=20"])).warm();
    for (const phys of [RAM + 0x1000, RAM + 0x2000]) {
      d.load(5, phys);
      expect(d.use(5)).toBe(20 + 50);
    }
    d.load(5, RAM + 0x1000);
    expect(d.use(5)).toBe(20);
    expect(d.events["llc.misses"]).toBe(3);
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
