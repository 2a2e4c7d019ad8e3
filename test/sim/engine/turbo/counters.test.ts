// Counters in generated code: what it reads of them is what the reference engine reads, whatever has happened before.
import { describe, expect, test } from "vitest";
import { HOT_ISA, HOT_RAM_BYTES } from "../../../arbitrary/hot.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import { enter } from "./supervised.ts";
import { alike } from "./timed-cases.ts";
import { compareTimed } from "./timing.ts";

const PRESETS = ["cva6@1", "rocket@1", "server@1", null] as const;

/** A loop that notes in a0 what the counters show, in front of and behind what takes long, and in memory. */
const again = (read: string, between = ""): string => `
  la s0, words\n li s1, 400
  again: rdcycle t0\n ${between}\n div t3, s1, s1\n ${read}\n add a0, a0, t1\n slli a0, a0, 1\n rdcycle t2\n sub t2, t2, t0\n add a0, a0, t2
  andi t4, s1, 63\n slli t4, t4, 3\n add t4, t4, s0\n sd a0, 0(t4)\n addi s1, s1, -1\n bnez s1, again\n`;
const WORDS = ".balign 64\n words: .zero 512\n";
/** Events at whatever cycle of the loop. */
const cut = Array.from({ length: 60 }, (_, i) => ({ cycles: 40 + ((i * 37) % 61) }));

describe.each(PRESETS)("%s", (preset) => {
  test.each(["rdcycle", "rdinstret", "rdtime"])("%s in a loop", (read) => {
    alike(`${again(`${read} t1`, "ld t5, 0(s0)")} ${PASS} ${WORDS}`, { preset });
  });

  test("near events, at any cycle", () => {
    alike(`${again("rdinstret t1")} ${PASS} ${WORDS}`, {
      preset,
      slices: [{ cycles: 12_000 }, ...cut, { cycles: 1e6 }],
    });
  });

  test("counters that software has written, and has stand still", () => {
    const changes = [
      "li t5, -7\n csrw mcycle, t5",
      "csrw minstret, s1",
      "csrwi mcountinhibit, 5",
      "csrwi mcountinhibit, 0",
    ];
    const loops = changes.map(
      (change) => `${change}\n ${again("csrr t1, minstret\n csrr t5, mcycle\n add t1, t1, t5")}`,
    );
    alike(
      `${loops.map((loop) => loop.replaceAll("again", "1").replace("bnez s1, 1", "bnez s1, 1b")).join("\n")} ${PASS} ${WORDS}`,
      {
        preset,
      },
    );
  });

  test("a time that software has set", () => {
    alike(`li t5, 0x200bff8\n li t6, 12345678\n sd t6, 0(t5)\n ${again("rdtime t1")} ${PASS} ${WORDS}`, { preset });
  });

  test("traps take time, and retire nothing", () => {
    const source = `la t0, handler\n csrw mtvec, t0\n ${again("rdinstret t1", "ecall\n rdinstret t5\n add a0, a0, t5")} ${PASS}
      .balign 4\n handler: rdcycle t6\n add a0, a0, t6\n rdinstret t6\n add a0, a0, t6\n csrr t6, mepc\n addi t6, t6, 4\n csrw mepc, t6\n mret\n ${WORDS}`;
    alike(source, { preset });
  });

  test.each(["S", "U"] as const)("in %s-mode, as far as it is let, which changes", (mode) => {
    // Each ecall, and each read that is not let, turns a bit of mcounteren or scounteren over.
    const source = `la t0, handler\n csrw mtvec, t0\n li t0, 7\n csrw mcounteren, t0\n csrw scounteren, t0\n ${enter(mode, "inside")}
      inside: ${again("rdinstret t1", "andi t5, s1, 31\n bnez t5, 1f\n ecall\n 1:")} li a7, 1\n ecall
      .balign 4\n handler: bnez a7, out\n csrr t6, mepc\n addi t6, t6, 4\n csrw mepc, t6\n andi t6, s1, 32\n beqz t6, 2f
      csrr t6, scounteren\n xori t6, t6, 4\n csrw scounteren, t6\n mret
      2: csrr t6, mcounteren\n xori t6, t6, 1\n csrw mcounteren, t6\n mret
      out: ${PASS} ${WORDS}`;
    alike(source, { preset });
  });
});

test("a counter is read before its instruction is fetched, however late that is", () => {
  const far = Array.from(
    { length: 12 },
    (_, i) => `j f${i}\n .balign 64\n .zero 62\n f${i}: rdcycle t5\n add a0, a0, t5\n`,
  );
  for (const preset of ["cva6@1", "server@1"])
    alike(`${again("rdcycle t1", far.join(""))} ${PASS} ${WORDS}`, {
      ...{ preset, sets: ["l1i.sizeBytes=256", "l1i.ways=1", "l1i.lineBytes=64"] },
      slices: [{ cycles: 60_000 }, ...cut, { instructions: 1e6 }],
    });
});

test("generated code reads them by itself", () => {
  const image = program(`${again("rdinstret t1").replace("li s1, 400", "li s1, 9000")} ${PASS} ${WORDS}`, HOT_ISA);
  const core = configOf("cva6@1", [])!;
  const run = { isa: HOT_ISA, ramBytes: HOT_RAM_BYTES, slices: [{ instructions: 1e6 }], image, core };
  const { found, instructions, translated } = compareTimed(run);
  expect(found).toBeUndefined();
  expect(translated / instructions).toBeGreaterThan(0.99);
});
