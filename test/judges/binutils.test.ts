// The judge that is GNU binutils: it agrees about what it should, and is not deaf.
import { describe, expect, test } from "vitest";
import { instructionsOf } from "../../isa/table.ts";
import { gnuAssembler } from "../drivers/gnu.ts";
import { BINUTILS_ISA, DIRECTIONS, judgeForm, samplesOf, unjudged } from "./binutils.ts";

const forms = instructionsOf(BINUTILS_ISA);
const named = (name: string): (typeof forms)[number] => forms.find((f) => f.insn.name === name)!;

describe.skipIf(gnuAssembler === undefined)("GNU binutils", () => {
  test.each(["beq", "fence", "csrrwi", "rori", "czero.eqz", "c.addi16sp", "c.j"])("agrees about %s", (name) => {
    const verdicts = judgeForm(named(name), 20, 3);
    expect(DIRECTIONS.map((d) => verdicts[d].failures)).toEqual([[], [], [], []]);
    expect(verdicts.as.passed).toBeGreaterThanOrEqual(15);
  });

  test("disagrees where a record has another opcode", () => {
    const form = named("add");
    const verdicts = judgeForm({ ...form, match: form.match | 0x4000_0000 }, 5, 3); // sub's funct7
    expect(verdicts.as).toMatchObject({ passed: 0, failed: 5 });
    expect(verdicts.objdump.passed).toBe(5); // what is read back is the word as printed
  });
});

describe("samples for it", () => {
  test("name each CSR of an integer base", () => {
    const texts = samplesOf(named("csrrw"), 1, 3).map((s) => s.text);
    expect(texts.some((text) => text.includes("mstatus"))).toBe(true);
    expect(texts.some((text) => text.includes("menvcfg"))).toBe(true);
  });

  test("leave out shifts by 0 in 16 bits, and fences of nothing", () => {
    expect(unjudged({ word: 0, text: "c.slli\ta0,0" })).toBeDefined();
    expect(unjudged({ word: 0, text: "fence\tr,0" })).toBeDefined();
    expect(unjudged({ word: 0, text: "c.slli\ta0,1" })).toBeUndefined();
  });
});
