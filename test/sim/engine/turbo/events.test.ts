// Events that come often: interrupts are taken where the reference engine takes them, and generated code runs up to them.
import { expect, test } from "vitest";
import { HOT_ISA, HOT_RAM_BYTES } from "../../../arbitrary/hot.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import { compareTimed } from "./timing.ts";

/** A loop of short and long blocks, loads, stores and divisions, with a timer interrupt each so many cycles. */
const ticking = (period: number, between: string): string => `
  la t0, handler\n csrw mtvec, t0\n li s2, 0x2004000\n li t1, ${period}\n sd t1, 0(s2)\n li t0, 0x80\n csrs mie, t0\n csrsi mstatus, 8
  la s0, words\n li s1, 6000
  again: andi t0, s1, 7\n slli t0, t0, 3\n add t0, t0, s0\n ld t1, 0(t0)\n add t1, t1, s1\n sd t1, 8(t0)\n bnez t1, 1f\n ${between}
  1: andi t2, s1, 15\n bnez t2, 2f\n div t3, s1, t1\n ${"xor t3, t3, s1\n addi t3, t3, 1\n".repeat(12)} sd t3, 16(t0)
  2: addi s1, s1, -1\n bnez s1, again\n ${PASS}
  .balign 4\n handler: ld s3, 0(s2)\n addi s3, s3, ${period}\n sd s3, 0(s2)\n addi s4, s4, 1\n mret
  .balign 4096\n words: .zero 4096`;

test.each([
  ["cva6@1", 700],
  ["rocket@1", 2000],
  ["server@1", 1501],
])("generated code does most of what lies between interrupts (%s, every %i cycles)", (preset, period) => {
  const image = program(ticking(period, "nop"), HOT_ISA);
  const core = configOf(preset, [])!;
  const run = { isa: HOT_ISA, ramBytes: HOT_RAM_BYTES, slices: [{ instructions: 1e6 }], image, core };
  const { found, instructions, translated } = compareTimed(run);
  expect(found).toBeUndefined();
  expect(translated / instructions).toBeGreaterThan(0.8);
});
