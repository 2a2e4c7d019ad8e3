// What an engine that times generated code gets wrong first, each in a few lines: the same cycles, causes and events on both engines.
import { describe, test } from "vitest";
import { PASS } from "../../../drivers/machine.ts";
import { enter, IDENTITY } from "./supervised.ts";
import { alike } from "./timed-cases.ts";

/** Skips a 32-bit instruction that traps, and counts. */
const SKIPPING = `
  .balign 4
handler: csrr t5, mepc
  add s11, s11, t5
  addi t5, t5, 4
  csrw mepc, t5
  rdcycle t5
  xor s10, s10, t5
  mret
`;
const WITH_HANDLER = "la t0, handler\n csrw mtvec, t0\n";

test.each([0, 1, 2, 3, 4, 5, 6, 7])("a trap at instruction %i of a block costs what it costs", (at) => {
  const body = Array.from({ length: 8 }, (_, i) =>
    i === at ? "ld a0, 0(s2)" : ["mul a1, a1, a0", "ld a2, 8(s0)"][i % 2],
  );
  alike(`${WITH_HANDLER} la s0, words\n li s1, 60
  again: andi t0, s1, 3\n mv s2, s0\n bnez t0, 1f\n li s2, 8
  1: .option norvc\n ${body.join("\n")}\n addi s1, s1, -1\n bnez s1, again\n ${PASS} ${SKIPPING}
  .balign 8\n words: .dword 1, 2`);
});

test("an instruction in two lines that generated code leaves to the interpreter is fetched once", () => {
  alike(
    `${WITH_HANDLER} la s0, words\n li s1, 60
    again: andi t0, s1, 1\n mv s2, s0\n bnez t0, 1f\n li s2, 8
    1: j 2f\n .balign 16\n 2: nop\n nop\n nop\n c.nop
    .option norvc\n ld a0, 0(s2)\n .option rvc\n addi s1, s1, -1\n bnez s1, again\n ${PASS} ${SKIPPING}
    .balign 8\n words: .dword 1, 2`,
    { sets: ["l1i.lineBytes=16", "l1i.sizeBytes=1024", "l1i.ways=2"] },
  );
});

test("what a device is asked for does not wait for the fetch of the instruction that asks", () => {
  alike(
    `li s0, 0x200bff8\n li s1, 60\n .balign 16
    .option norvc\n again: nop\n nop\n nop\n nop\n ld a0, 0(s0)\n add a1, a1, a0\n slli a1, a1, 1\n nop
    nop\n nop\n nop\n nop\n nop\n nop\n addi s1, s1, -1\n bnez s1, again\n ${PASS}`,
    { sets: ["l1i.lineBytes=16", "l1i.sizeBytes=32", "l1i.ways=1"] },
  );
});

test("a region is entered behind the access to a device with the line in hand in which that lies", () => {
  // It begins in another line, and can be entered there since a jump to a register leads there.
  alike(
    `li s0, 0x200bff8\n la s2, table\n li s1, 100
    .balign 64\n again: andi a2, s1, 1\n slli a2, a2, 3\n add a2, a2, s2\n ld a2, 0(a2)\n jr a2
    .balign 64\n 1: ld a0, 0(s0)\n 2: add a1, a1, a0\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
    .balign 8\n table: .dword 1b, 2b`,
    { sets: ["l1i.lineBytes=64"], translateAfter: 20 },
  );
});

test.each(["l1i", "l1d"])("%s alone may have a tree of bits", (cache) => {
  const sets = ["replacement=plru", "ways=4", "lineBytes=16", "sizeBytes=64"].map((set) => `${cache}.${set}`);
  const way = (n: number): string => `.balign 16\n w${n}: ld a0, ${16 * n}(s0)\n ret\n`;
  // The second of a set is used again right before others are: its use has to be noted.
  const order = [0, 1, 2, 3, 0, 2, 0, 4, 1, 5, 1, 0, 3];
  alike(
    `la s0, words\n li s1, 40
    again: ${order.map((n) => `jal w${n}`).join("\n")}\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
    ${[0, 1, 2, 3, 4, 5].map(way).join("\n")} .balign 16\n words: .zero 128`,
    { sets },
  );
});

test("the walk for the fetch of an instruction that traps takes its time", () => {
  alike(`${WITH_HANDLER} ${IDENTITY} ${enter("S", "9f")} 9: li s1, 40
  again: sfence.vma\n .option norvc\n ld a0, 8(zero)\n .option rvc\n addi s1, s1, -1\n bnez s1, again\n j out
  ${SKIPPING} out: ${PASS}`);
});

describe("where an event is near", () => {
  const slices = Array.from({ length: 150 }, (_, i) => ({ cycles: 1 + ((i * 37) % 900) }));

  test("an answer of a device may come long after generated code begins", () => {
    alike(`li s0, 0x200bff8\n li s1, 60\n again: ld a0, 0(s0)\n li a2, 5\n 1: addi a2, a2, -1\n bnez a2, 1b
    add a1, a1, a0\n addi s1, s1, -1\n bnez s1, again\n ${PASS}`, { sets: ["bus.deviceCycles=30000"], slices: slices.map(({ cycles }) => ({ cycles: 70 * cycles })) }); // prettier-ignore
  });

  test("writes that nobody waits for may keep memory busy for as long as it likes", () => {
    alike(`la s0, words\n li s1, 60
    again: li a2, 8\n mv s2, s0\n 1: cbo.zero (s2)\n addi s2, s2, 64\n addi a2, a2, -1\n bnez a2, 1b
    li a2, 40\n 2: addi a2, a2, -1\n bnez a2, 2b\n ld a0, 2040(s2)\n addi s1, s1, -1\n bnez s1, again\n ${PASS} .balign 64\n words: .zero 4096`,
      { sets: ["l1d.sizeBytes=256", "l1d.ways=1", "l1d.lineBytes=64", "l2.sizeBytes=256", "l2.ways=1", "l2.lineBytes=64", "dram.bandwidthMBps=10"], slices: slices.map(({ cycles }) => ({ cycles: 50 * cycles })) }); // prettier-ignore
  });

  const timed = (first: number, period: number): string => `
    la t0, handler\n csrw mtvec, t0\n la s0, words\n li s2, 0x2004000\n li s3, 0x200bff8
    li t0, 128\n csrw mie, t0\n csrsi mstatus, 8\n li s1, 900\n ld t0, 0(s3)\n li t1, ${first}\n add t0, t0, t1\n sd t0, 0(s2)
    again: ld a0, 0(s0)\n add a1, a1, a0\n mul a2, a1, a1\n sd a2, 8(s0)\n lw a3, 12(s0)\n beqz s1, out
    addi s1, s1, -1\n j again
    .balign 4\n handler: csrr t5, mepc\n xor s11, s11, t5\n slli s11, s11, 1\n ld t5, 0(s3)\n li t6, ${period}\n add t5, t5, t6\n sd t5, 0(s2)\n mret
    out: ${PASS} .balign 8\n words: .dword 1, 2`;

  test.each(["cva6@1", "rocket@1"])("a timer interrupt comes at the same cycle, whichever it is (%s)", (preset) => {
    // The first runs before anything is hot; the second comes at each cycle of generated code, whose time to events is cut short.
    const sets = ["frontend.mispredictCycles=1", "scoreboard.divCycles=1"];
    for (let period = 0; period < 12; period += 1) alike(timed(9000, 7000 + period), { preset, sets });
  });

  test("the line in hand is the second of an instruction in two lines whose fetch takes until then", () => {
    const far = (name: string): string =>
      `.balign 1024\n .zero 1022\n ${name}: mulw a0, a0, s1\n addi a0, a0, 3\n ret\n`;
    alike(`li s1, 400\n again: call there\n call third\n addi s1, s1, -1\n bnez s1, again\n ${PASS} ${far("there")} ${far("third")}`,
      { sets: ["l1i.sizeBytes=1024", "l1i.ways=1", "l1i.lineBytes=64"], slices }); // prettier-ignore
  });

  test("limits of cycles and of instructions, and single steps, end a run at the same place", () => {
    const mixed = slices.flatMap(({ cycles }, i) => [{ cycles }, { instructions: 1 + (i % 90) }, { steps: i % 5 }]);
    alike(timed(9000, 9000).replace("li s1, 900", "li s1, 2000"), { slices: mixed });
  });
});

test.each(["", "fence.i"])("code that patches itself takes the same time (%s)", (fence) => {
  alike(`la s0, patch\n la s1, words\n li s2, 80
  again: andi t0, s2, 3\n slli t0, t0, 2\n add t0, t0, s1\n lw t1, 0(t0)\n sw t1, 0(s0)\n ${fence}
  li t2, 6\n 1: addi t2, t2, -1\n bnez t2, 1b\n .balign 4\n patch: addi a0, a0, 1\n addi s2, s2, -1\n bnez s2, again\n ${PASS}
  .balign 4\n words: .option norvc\n addi a0, a0, 1\n ld a1, 0(s0)\n mul a0, a0, a0\n lw a0, 4(s0)`);
});

test("what has been counted when the guest marks a moment is the same", () => {
  alike(`la s0, words\n li s2, 0x110000\n li s1, 40
  again: li a2, 9\n 1: ld a0, 0(s0)\n sd a0, 8(s0)\n addi a2, a2, -1\n bnez a2, 1b\n sd s1, 0(s2)\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
  .balign 8\n words: .dword 1, 2`);
});

test.each(["0", "1f"])("a handler that traps for ever ends the run when it has been seen to (%s)", (handler) => {
  alike(`${WITH_HANDLER} li s1, 60\n again: ld a0, 0(zero)\n addi s1, s1, -1\n bnez s1, again
    la t0, ${handler}\n csrw mtvec, t0\n .balign 4\n 1: ld a0, 0(zero)\n ${PASS} ${SKIPPING}`);
});
