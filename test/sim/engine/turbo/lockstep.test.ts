// Both engines end every program in the same state: random ones, and those that do what an engine that caches code gets wrong.
import { describe, expect, test } from "vitest";
import type { Machine } from "../../../../sim/machine/machine.ts";
import { programImage, PROGRAM_RAM_BYTES, randomProgram } from "../../../arbitrary/program.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import { bothRun, INTEGER, onBoth, RAM_BYTES } from "./engines.ts";

const SEED = 20261121;
/** Two hundred take half a minute on a busy machine. */
const PROGRAMS = Number(process.env["MESHSIM_TURBO_PROGRAMS"] ?? 50);

/** Runs to a limit or to the end; then once more from the entry, when what was executed is known and may be translated. */
function passes(machine: Machine, each: number): unknown[] {
  const start = machine.engine.pcc;
  return [1, 2, 3].map((pass) => {
    const stop = machine.run({ maxInstructions: pass * each });
    machine.engine.resume(start);
    return stop;
  });
}

test(`random programs end alike, and so do their second and third passes (${PROGRAMS} programs)`, () => {
  for (let index = 0; index < PROGRAMS; index += 1) {
    const { isa, ...rest } = randomProgram(SEED, index);
    const { image } = programImage({ isa, ...rest });
    const options = { isa, image, ramBytes: PROGRAM_RAM_BYTES };
    const { reference, turbo } = onBoth(options, (machine) => passes(machine, 400));
    expect(turbo, `program ${index}`).toEqual(reference);
  }
});

describe("traps", () => {
  const loop = (at: number): string => `
    la t0, handler
    csrw mtvec, t0
    la s0, words
    li s1, 200
  again:
    ${Array.from({ length: 8 }, (_, i) => (i === at ? `ld a${i % 6}, 0(s2)` : `addi a${i % 6}, a${i % 6}, ${i}`)).join("\n")}
    andi s3, s1, 31
    mv s2, s0
    bnez s3, 1f
    li s2, 8
  1:  addi s1, s1, -1
    bnez s1, again
    ${PASS}
  handler:
    csrr t1, mepc
    add s5, s5, t1
    csrr t2, mtval
    add s6, s6, t2
    csrr t2, mcause
    add s6, s6, t2
    addi t1, t1, 4
    csrw mepc, t1
    rdinstret t3
    xor s7, s7, t3
    mret
    .balign 8
  words: .dword 1, 2, 3
  `;

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("at instruction %i of a block are precise", (at) => {
    bothRun(loop(at).replace("ld a", ".option norvc\n ld a"));
  });
});

test("a timer interrupt comes at the same instruction, whichever it is", () => {
  for (let period = 1; period <= 60; period += 1) {
    bothRun(`
      la t0, handler
      csrw mtvec, t0
      li s0, 0x2004000
      li s1, 0x200bff8
      li t0, 128
      csrw mie, t0
      csrsi mstatus, 8
      ld t0, 0(s1)
      addi t0, t0, ${period}
      sd t0, 0(s0)
      li a0, 150
    1: addi a1, a1, 3
      xor a2, a2, a1
      mul a3, a1, a2
      beqz a0, 2f
      addi a0, a0, -1
      j 1b
    2: ${PASS}
    handler:
      csrr s2, mepc
      slli s3, s3, 7
      xor s3, s3, s2
      ld t0, 0(s1)
      addi t0, t0, ${period + 20}
      sd t0, 0(s0)
      mret
    `);
  }
});

test("limits of instructions and cycles end a run at the same place", () => {
  const image = program(`1: addi a0, a0, 1\n xor a1, a1, a0\n slli a2, a1, 3\n j 1b`, INTEGER);
  const { reference, turbo } = onBoth({ isa: INTEGER, image, ramBytes: RAM_BYTES }, (machine) => {
    const seen: unknown[] = [];
    for (let at = 100; at < 200; at += 7) {
      seen.push(machine.run({ maxInstructions: at }), machine.engine.pcc.addr, machine.engine.x(10));
      seen.push(machine.run({ maxCycles: at + 3 }), machine.engine.pcc.addr, machine.engine.x(11));
    }
    return seen;
  });
  expect(turbo).toEqual(reference);
});

describe("code that changes", () => {
  test.each(["", "fence.i"])("in a loop that patches itself is seen at once (%s)", (fence) => {
    bothRun(`
      la s0, patch
      la s1, words
      li s2, 300
    again:
      andi t0, s2, 3
      slli t0, t0, 2
      add t0, t0, s1
      lw t1, 0(t0)
      sw t1, 0(s0)
      ${fence}
      .balign 4
    patch: addi a0, a0, 1
      addi s2, s2, -1
      bnez s2, again
      ${PASS}
      .balign 4
    words:
      .option norvc
      addi a0, a0, 1
      addi a0, a0, 16
      xori a0, a0, 3
      addi a1, a1, 1
    `);
  });

  test("in another region than the one that stores is seen", () => {
    bothRun(`
      la s0, callee
      la s1, words
      li s2, 300
    again:
      jal callee
      andi t0, s2, 31
      bnez t0, 1f
      srli t0, s2, 5
      andi t0, t0, 3
      slli t0, t0, 2
      add t0, t0, s1
      lw t1, 0(t0)
      sw t1, 0(s0)
    1: addi s2, s2, -1
      bnez s2, again
      ${PASS}
      .balign 64
    callee:
      .option norvc
      addi a0, a0, 1
      ret
      .balign 64
    words:
      addi a0, a0, 1
      addi a0, a0, 16
      xori a0, a0, 3
      addi a1, a1, 1
    `);
  });

  test("beside data in one granule runs right", () => {
    bothRun(`
      la s0, word
      li s2, 500
    again:
      ld t0, 0(s0)
      addi t0, t0, 1
      sd t0, 0(s0)
      addi s2, s2, -1
      bnez s2, again
      j 1f
      .balign 8
    word: .dword 5
    1: ${PASS}
    `);
  });
});

describe("memory", () => {
  test("accesses of every size and alignment give the same", () => {
    bothRun(`
      la s0, words
      li s2, 64
    again:
      add s1, s0, s2
      ${["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"].map((l) => `${l} t0, 0(s1)\n add a0, a0, t0\n slli a0, a0, 1`).join("\n")}
      ${["sb", "sh", "sw", "sd"].map((s, i) => `${s} a0, ${8 * i}(s1)`).join("\n")}
      addi s2, s2, -1
      bnez s2, again
      ${PASS}
      .balign 64
    words: .zero 256
    `);
  });

  test("atomics give the same", () => {
    const amos = ["swap", "add", "xor", "and", "or", "min", "max", "minu", "maxu"];
    bothRun(
      `
      la s0, words
      li s2, 100
      li a0, -77
    again:
      ${amos.map((a) => `amo${a}.w a1, a0, (s0)\n amo${a}.d a2, a1, (s1)\n add a0, a0, a2\n xor a0, a0, s2`).join("\n")}
    1: lr.d a3, (s0)
      add a3, a3, a0
      sc.d a4, a3, (s0)
      bnez a4, 1b
      addi s2, s2, -1
      bnez s2, again
      ${PASS}
      .balign 64
    words: .dword 1, 2, 3
    `.replace("la s0, words", "la s0, words\n addi s1, s0, 8"),
    );
  });

  test("misaligned accesses trap where the machine wants that", () => {
    const image = program(
      `la t0, handler
       csrw mtvec, t0
       la s0, words
       li s2, 100
      again: andi t1, s2, 7
       add t1, t1, s0
       .option norvc
       lw a0, 0(t1)
       sd s2, 0(t1)
       .option rvc
       addi s2, s2, -1
       bnez s2, again
       ${PASS}
      handler: csrr t2, mepc
       add s3, s3, t2
       addi t2, t2, 4
       csrw mepc, t2
       mret
       .balign 16
      words: .zero 64`,
      INTEGER,
    );
    const options = { isa: INTEGER, image, ramBytes: RAM_BYTES, misaligned: "trap" } as const;
    const { reference, turbo } = onBoth(options, (machine) => machine.run({ maxInstructions: 10_000 }));
    expect(turbo).toEqual(reference);
  });
});

test("control flow with two entries into a loop, indirect calls and recursion gives the same", () => {
  bothRun(`
    la sp, stack
    li s2, 60
  again:
    andi t0, s2, 1
    beqz t0, odd
  even: addi a0, a0, 3
    addi s3, s3, 1
    andi t1, s3, 7
    beqz t1, out
  odd: slli a0, a0, 1
    xor a0, a0, s3
    addi s3, s3, 1
    andi t1, s3, 3
    bnez t1, even
  out:
    andi a1, s2, 7
    jal fib
    add s4, s4, a1
    la t2, table
    andi t3, s2, 3
    slli t3, t3, 3
    add t2, t2, t3
    ld t2, 0(t2)
    jalr t2
    addi s2, s2, -1
    bnez s2, again
    ${PASS}
  fib: li t0, 2
    bltu a1, t0, 1f
    addi sp, sp, -24
    sd ra, 0(sp)
    sd a1, 8(sp)
    addi a1, a1, -1
    jal fib
    sd a1, 16(sp)
    ld a1, 8(sp)
    addi a1, a1, -2
    jal fib
    ld t0, 16(sp)
    add a1, a1, t0
    ld ra, 0(sp)
    addi sp, sp, 24
  1: ret
  f0: addi a0, a0, 1
    ret
  f1: slli a0, a0, 2
    ret
  f2: mul a0, a0, s2
    ret
  f3: divu a0, a0, s2
    ret
    .balign 8
  table: .dword f0, f1, f2, f3
    .zero 1024
  stack: .dword 0
  `);
});

test("a call through a register goes where it leads now, wherever it led when its code was translated", () => {
  const calls = 60;
  bothRun(`
    la s0, first
    la s1, second
    li s2, ${calls}
  1: li t0, ${calls / 2}
    mv t1, s0
    bgt s2, t0, 2f
    mv t1, s1
  2: jalr t1
    addi s2, s2, -1
    bnez s2, 1b
    ${PASS}
  first: addi a0, a0, 1
    ret
  second: slli a0, a0, 1
    ret
  `);
});
