// The memory path of generated code at its edges: granules, the end of RAM, pages that do not follow each other, access rights.
import { describe, expect, test } from "vitest";
import { PASS, program, passThrough } from "../../../drivers/machine.ts";
import { onBoth } from "./engines.ts";

const INTEGER = "rv64imac_zicsr_zifencei";
const CAPABILITY = "rv64y_zicsr";
const RAM_BYTES = 1 << 16;

/** Runs assembly to its end on both engines; gives how many instructions generated code has executed. */
function both(source: string, isa = INTEGER): number {
  const image = program(source, isa);
  const { reference, turbo, translated } = onBoth({ isa, image, ramBytes: RAM_BYTES }, (machine) =>
    machine.run({ maxInstructions: 20_000 }),
  );
  expect(turbo).toEqual(reference);
  expect(turbo).toMatchObject({ returned: { kind: "exit" } });
  expect(translated).toBeGreaterThan(0);
  return translated;
}

/** Traps skip an instruction of four bytes, and leave what they were in s8. MRET leaves U in MPP. */
const HANDLER = `
    .balign 4
  handler:
    .option push
    .option norvc
    csrr t1, mepc
    addi t1, t1, 4
    csrw mepc, t1
    csrr t2, mcause
    slli s8, s8, 1
    add s8, s8, t2
    csrr t2, mtval
    add s8, s8, t2
    mret
    .option pop`;

test.each(["sb", "sh", "sw", "sd"])("%s clears the tags of the granules that it touches, and no others", (store) => {
  both(
    `
    lla s0, granules
    li s2, 48
  again:
    ${[0, 16, 32, 48, 64].map((offset) => `sy s0, ${offset}(s0)`).join("\n")}
    yadd s1, s0, s2
    ${store} s2, 0(s1)
    ${[0, 16, 32, 48, 64].map((offset) => `ly a0, ${offset}(s0)\n ytagr a0, a0\n slli a1, a1, 1\n add a1, a1, a0`).join("\n")}
    addi s2, s2, -1
    bnez s2, again
    lla s1, granules
    ${store} s2, ${store === "sb" ? 15 : 12}(s1)
    li t6, 0x100000
    ${"lla t5, granules\n sub t6, t6, t5\n yadd t6, t5, t6"}
    li t5, 0x5555
    sw t5, 0(t6)
    .balign 16
  granules: .zero 96`,
    CAPABILITY,
  );
});

test.each([
  { end: "first", at: 0x8000_0000 - 24, accesses: ["ld a0, 0(s1)", "lw a2, 8(s1)", "lb a3, -3(s1)"] },
  { end: "last", at: 0x8000_0000 + RAM_BYTES - 56, accesses: ["sd s2, 8(s1)", "ld a0, 0(s1)", "sb s2, 24(s1)"] },
])(
  "of accesses by one register those beyond the $end byte of RAM fault, and the others are made",
  ({ at, accesses }) => {
    both(`
    la t0, handler
    csrw mtvec, t0
    li s2, 48
  again:
    li s0, ${at}
    add s1, s0, s2
    .option norvc
    ${accesses.join("\n")}
    addi s1, s1, 8
    ${[...accesses].reverse().join("\n")}
    addi s1, s1, -16
    ld a4, 0(s1)
    mv s1, s0
    ld a5, 0(s1)
    .option rvc
    ${["a0", "a2", "a3", "a4", "a5"].map((r) => `add a1, a1, ${r}`).join("\n")}
    addi s2, s2, -1
    bnez s2, again
    ${PASS}
    ${HANDLER}`);
  },
);

test("accesses by one register may lie further apart than one check looks at", () => {
  both(`
    la t0, handler
    csrw mtvec, t0
    li s2, 40
  again:
    li s0, ${0x8000_0000 + RAM_BYTES - 6000}
    slli s1, s2, 5
    add s1, s0, s1
    .option norvc
    ld a0, -2048(s1)
    ld a2, 2040(s1)
    addi s1, s1, 2047
    ld a3, -2047(s1)
    ld a4, 1033(s1)
    sd a4, 2001(s1)
    .option rvc
    ${["a0", "a2", "a3", "a4"].map((r) => `add a1, a1, ${r}`).join("\n")}
    addi s2, s2, -1
    bnez s2, again
    ${PASS}
    ${HANDLER}`);
});

test("an access that ends behind RAM faults, whatever its size", () => {
  both(`
    la t0, handler
    csrw mtvec, t0
    li s2, 24
  again:
    li s0, ${0x8000_0000 + RAM_BYTES - 16}
    add s1, s0, s2
    .option norvc
    ${["lb", "lh", "lw", "ld"].map((load) => `li a0, 1\n ${load} a0, 0(s1)\n add a1, a1, a0`).join("\n")}
    ${["sb", "sh", "sw", "sd"].map((store) => `${store} s2, 0(s1)`).join("\n")}
    .option rvc
    addi s2, s2, -1
    bnez s2, again
    ${PASS}
    ${HANDLER}`);
});

describe("with data behind page tables", () => {
  /** Two neighbours of the virtual space far apart in RAM: 0x4000_0000 and 0x4000_1000. \`body\` runs in M-mode with MPRV. */
  const paged = (body: string, leaves: readonly [bigint, bigint] = [0xc7n, 0xc7n]): string => `
    la t0, handler
    csrw mtvec, t0
    la s0, root
    la s1, middle
    la s2, last
    srli t1, s1, 12
    slli t1, t1, 10
    ori t1, t1, 1
    sd t1, 8(s0)
    srli t1, s2, 12
    slli t1, t1, 10
    ori t1, t1, 1
    sd t1, 0(s1)
    li t1, ${(0x8000_8000n >> 2n) | leaves[0]}
    sd t1, 0(s2)
    li t1, ${(0x8000_a000n >> 2n) | leaves[1]}
    sd t1, 8(s2)
    srli t1, s0, 12
    li t0, 8
    slli t0, t0, 60
    or t1, t1, t0
    csrw satp, t1
    li s9, 0x20800
    csrs mstatus, s9
    ${body}
    li s9, 0x20000
    csrc mstatus, s9
    ${PASS}
    ${HANDLER}
    .balign 4096
  root: .zero 4096
  middle: .zero 4096
  last: .zero 4096`;
  const loop = (accesses: string): string => `
    li s3, 100
  again:
    .option norvc
    ${accesses}
    .option rvc
    addi s3, s3, -1
    bnez s3, again`;

  test("an access across pages reaches both", () => {
    const at = "li s4, 0x40000ff0\n andi t0, s3, 15\n add s4, s4, t0";
    both(
      paged(
        loop(`${at}\n sd s3, 0(s4)\n lw a0, 1(s4)\n add a1, a1, a0\n sh a1, 2(s4)\n ld a0, 0(s4)\n add a1, a1, a0`),
      ),
    );
  });

  test("a store to a page that can only be read faults, however often it was read", () => {
    both(
      paged(
        loop(
          "li s9, 0x800\n csrs mstatus, s9\n li s4, 0x40000000\n ld a0, 0(s4)\n addi a0, a0, 1\n sd a0, 0(s4)\n ld a1, 8(s4)",
        ),
        [0x43n, 0xc7n],
      ),
    );
  });

  test("an access that another mode may make faults in this one", () => {
    // Each round changes MPP, by which M-mode with MPRV sees the page of the user, between U and S.
    const accesses = `
    li s4, 0x40000000
    li s9, 0x800
    csrc mstatus, s9
    ld a0, 0(s4)
    csrs mstatus, s9
    ld a0, 0(s4)
    add a1, a1, a0`;
    both(paged(loop(accesses), [0xd7n, 0xc7n]));
  });

  test("a table that changes counts from the next access on", () => {
    const accesses = `
    li s4, 0x40000000
    ld a0, 0(s4)
    addi a0, a0, 5
    sd a0, 8(s4)
    li s9, 0x20000
    csrc mstatus, s9
    ld t1, 0(s2)
    ld t2, 8(s2)
    sd t2, 0(s2)
    sd t1, 8(s2)
    csrs mstatus, s9
    ld a1, 8(s4)
    add a2, a2, a1`;
    both(paged(loop(accesses)));
  });
});

describe("with capabilities behind page tables", () => {
  const Y = 1n << 58n;
  const YW = 1n << 57n;
  const leaf = (0x8000_8000n >> 2n) | 0xc7n;
  const pointer = (register: string, address: string): string =>
    `li ${register}, ${address}\n lla t6, root\n sub ${register}, ${register}, t6\n yadd ${register}, t6, ${register}`;
  const table = (from: string, at: number, to: string): string =>
    `srli t1, ${to}, 12\n slli t1, t1, 10\n ori t1, t1, 1\n sd t1, ${at}(${from})`;
  /** s4 and s5 are the pages of two leaves, s2 the table with these, s3 counts down; MPRV as S-mode sees them. */
  const paged = (leaves: readonly [bigint, bigint], before: string, accesses: string): string => `
    lla t0, handler
    csrw mtvec, t0
    lla s0, root
    lla s1, middle
    lla s2, last
    ${table("s0", 8, "s1")}
    ${table("s1", 0, "s2")}
    li t1, ${leaves[0]}
    sd t1, 0(s2)
    li t1, ${leaves[1]}
    sd t1, 8(s2)
    srli t1, s0, 12
    li t0, 8
    slli t0, t0, 60
    or t1, t1, t0
    csrw satp, t1
    ${pointer("s4", "0x40000000")}
    ${pointer("s5", "0x40001000")}
    ${pointer("s6", "0x100000")}
    ${before}
    li s9, 0x20800
    csrs mstatus, s9
    li s3, 60
  again:
    li s9, 0x800
    csrs mstatus, s9
    ${accesses}
    addi s3, s3, -1
    bnez s3, again
    li s9, 0x20000
    csrc mstatus, s9
    li t5, 0x5555
    sw t5, 0(s6)
    .balign 4
  handler:
    csrr t1, mepc
    yaddi t1, t1, 4
    csrw mepc, t1
    csrr t2, mcause
    add s8, s8, t2
    mret
    .balign 4096
  root: .zero 4096
  middle: .zero 4096
  last: .zero 4096`;

  test("a capability without a tag is stored to a page without Y by generated code", () => {
    const stores = Array.from({ length: 20 }, (_, i) => `sy s3, ${16 * i}(s4)`);
    expect(both(paged([leaf, leaf], "", stores.join("\n")), CAPABILITY)).toBeGreaterThan(50 * stores.length);
  });

  test("a page without Y gives no tag and takes none, however often its neighbour did", () => {
    // Two virtual pages are one page of RAM.
    const accesses = `
    sy s4, 0(s5)
    ly a0, 0(s4)
    ytagr a0, a0
    slli a1, a1, 1
    add a1, a1, a0
    ly a0, 0(s5)
    ytagr a0, a0
    add a2, a2, a0
    sy s4, 16(s4)
    sy s3, 32(s4)`;
    both(paged([leaf, leaf | Y], "", accesses), CAPABILITY);
  });

  test.each(["sets YD", "faults where YD is clear"])(
    "with Svyrg a store %s where what it stores has a tag, only there",
    (which) => {
      const pagesUpdate = which === "sets YD" ? "li t0, 1\n slli t0, t0, 61\n csrs menvcfg, t0" : "";
      // Each of the last rounds but two begins with YD clear; one page never sees a tag, the other at every fourth store.
      const accesses = `
    sy zero, 16(s4)
    sy s3, 32(s4)
    andi t0, s3, 3
    yaddi a0, s4, 0
    beqz t0, 1f
    yaddi a0, zero, 0
  1: sy a0, 16(s5)
    sy zero, 32(s5)
    li s9, 0x20000
    csrc mstatus, s9
    ld t0, 8(s2)
    slli a1, a1, 1
    xor a1, a1, t0
    li t1, 2
    ble s3, t1, 2f
    li t1, ${leaf | YW}
    sd t1, 8(s2)
  2: csrs mstatus, s9`;
      const before = `${pagesUpdate}\n li t0, 1\n slli t0, t0, 59\n csrs mstatus, t0`;
      both(paged([leaf | YW, leaf | YW], before, accesses), "rv64y_zicsr_svyrg");
    },
  );
});

test("execution ends at the top of the pcc, also where code behind it is known under another pcc", () => {
  both(
    `
    lla t0, handler
    csrw mtvec, t0
    lla s0, body
    ybndswi s1, s0, 16
    li s2, 60
  again:
    jalr ra, 0(s0)
    jalr ra, 0(s1)
    addi s2, s2, -1
    bnez s2, again
    li s6, 0x100000
    sub s6, s6, t0
    yadd s6, t0, s6
    li t5, 0x5555
    sw t5, 0(s6)
    .balign 16
  body:
    addi a0, a0, 1
    slli a1, a1, 1
    add a1, a1, a0
    addi a2, a2, 3
    addi a3, a3, 1
    add a4, a4, a3
    ret
    .balign 4
  handler:
    csrr t2, mcause
    add s8, s8, t2
    csrw mepc, ra
    mret`,
    CAPABILITY,
  );
});

test("what a PMP entry closes faults, however often the rest of its page was used", () => {
  both(`
    la t0, handler
    csrw mtvec, t0
    li t0, ${((0x8000_8000n + 64n) >> 2n) | 7n}
    csrw pmpaddr0, t0
    li t0, -1
    csrw pmpaddr1, t0
    li t0, 0x1f98
    csrw pmpcfg0, t0
    li s3, 100
  again:
    li s4, 0x80008000
    .option norvc
    ld a0, 0(s4)
    sd s3, 0(s4)
    ld a0, 64(s4)
    sd s3, 64(s4)
    ld a0, 128(s4)
    .option rvc
    addi s3, s3, -1
    bnez s3, again
    ${PASS}
    ${HANDLER}`);
});

describe("zeroing a block", () => {
  const ISA = "rv64y_zicsr_zicboz";

  test("clears its bytes and tags, and no others", () => {
    both(
      `auipc s0, 0
      li t0, 0x80008000
      yaddrw s1, s0, t0
      li s2, 40
    1: li t0, 5
      ymv s3, s1
    2: sy s0, 0(s3)
      sy s0, 16(s3)
      sy s0, 48(s3)
      yaddi s3, s3, 64
      addi t0, t0, -1
      bnez t0, 2b
      andi t0, s2, 3
      slli t0, t0, 6
      addi t0, t0, 61
      yadd s3, s1, t0
      cbo.zero (s3)
      addi s2, s2, -1
      bnez s2, 1b
      ${passThrough("s0")}`,
      ISA,
    );
  });

  test("of code in its last granule is seen at once", () => {
    both(
      `la t0, handler
      csrw mtvec, t0
      la s0, block
      li s2, 60
    1: andi t0, s2, 7
      addi t0, t0, -4
      bnez t0, 2f
      la t0, insns
      lw t1, 0(t0)
      lw t2, 4(t0)
      sw t1, 56(s0)
      sw t2, 60(s0)
    2: andi t0, s2, 7
      bnez t0, 3f
      cbo.zero (s0)
    3: jal ra, call
      addi s2, s2, -1
      bnez s2, 1b
      ${PASS}
      ${HANDLER.replace("addi t1, t1, 4", "mv t1, ra")}
    call: addi t0, s0, 56
      jr t0
      .balign 4
      .option norvc
    insns: addi a0, a0, 1
      jr ra
      .balign 64
    block: .zero 64`,
      `${INTEGER}_zicboz`,
    );
  });

  test.each([1, 0])("is the interpreter's where menvcfg or senvcfg forbids it in mode %i", (mode) => {
    both(
      `la t0, handler
      csrw mtvec, t0
      li t0, 0x80
      csrw menvcfg, t0
      csrw senvcfg, t0
      li t0, 0x1800
      csrc mstatus, t0
      la s0, block
      li s2, 60
    1: li t0, ${mode << 11}
      csrs mstatus, t0
      la t0, 2f
      csrw mepc, t0
      .option norvc
      mret
    2: cbo.zero (s0)
      ecall
      andi t0, s2, 15
      bnez t0, 3f
      li t0, 0x80
      csrrc zero, ${mode === 1 ? "menvcfg" : "senvcfg"}, t0
    3: addi s2, s2, -1
      bnez s2, 1b
      ${PASS}
      ${HANDLER.replace("mret", "li t2, 8\n csrr t1, mcause\n bltu t1, t2, 9f\n csrr t1, mepc\n li t2, 0x1800\n csrs mstatus, t2\n 9: mret")}
      .balign 64
    block: .zero 64`,
      `${INTEGER}_zicboz`,
    );
  });
});
