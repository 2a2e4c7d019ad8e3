// Turbo behind page tables: its TLB and its code keep to the tables as they are, in every context.
import { test } from "vitest";
import { bothRun } from "./engines.ts";
import { PASS } from "../../../drivers/machine.ts";
import { A, ALL, enter, pte, putEntry, R, satp, V } from "./supervised.ts";

const TABLES = 0x8000_8000;
const [MIDDLE, LOWEST, ASIDE] = [TABLES + 0x1000, TABLES + 0x2000, TABLES + 0x3000];

/**
 * Code in S-mode at its physical addresses. Pages from virtual 0x40000000 on are the small ones of LOWEST: 0 and 1 are RAM at
 * 0x8000c000 and 0x8000e000, in this order not neighbours; others are the test's. M-mode skips what traps and counts it in s11.
 */
const supervised = (body: string): string => `
  la t0, trapped
  csrw mtvec, t0
  ${putEntry(TABLES + 8 * 2, pte(0x8000_0000, ALL))}
  ${putEntry(TABLES + 8 * 1, pte(MIDDLE, V))}
  ${putEntry(MIDDLE, pte(LOWEST, V))}
  ${putEntry(LOWEST, pte(0x8000_c000, ALL))}
  ${putEntry(LOWEST + 8, pte(0x8000_e000, ALL))}
  li t0, ${satp(TABLES)}
  csrw satp, t0
${enter("S", "1f")}
1: .option norvc
  ${body}
  ecall
trapped: csrr t6, mcause
  addi s11, s11, 1
  slli s10, s10, 1
  xor s10, s10, t6
  li t5, 9
  beq t6, t5, over
  csrr t6, mepc
  addi t6, t6, 4
  csrw mepc, t6
  mret
over: ${PASS}
`;

/** A function at s5, another at s6. Clobbers t0. */
const TWO_FUNCTIONS = `
      li t0, 0x00150513          # addi a0, a0, 1
      sw t0, 0(s5)
      li t0, 0x00251513          # slli a0, a0, 2
      sw t0, 0(s6)
      li t0, 0x00008067          # ret
      sw t0, 4(s5)
      sw t0, 4(s6)`;

/** Calls what is at s0 again and again; now and then s7 and s8 change places, and then comes `change`. Clobbers s2 and t0. */
const calledWhile = (change: string): string => `
      li s2, 120
    1: jalr s0
      andi t0, s2, 15
      bnez t0, 2f
      xor s7, s7, s8
      xor s8, s8, s7
      xor s7, s7, s8
      ${change}
    2: addi s2, s2, -1
      bnez s2, 1b`;

test("accesses through pages, and across two that are not neighbours in RAM, give the same", () => {
  bothRun(
    supervised(`
      li s0, 0x40000ff0
      li s2, 100
    1: andi t0, s2, 31
      add s1, s0, t0
      sd s2, 0(s1)
      lw t2, 2(s1)
      add a0, a0, t2
      sh a0, 1(s1)
      ld t2, 0(s1)
      xor a0, a0, t2
      addi s2, s2, -1
      bnez s2, 1b`),
  );
});

test("a page that comes, goes and moves is seen at once by stores to its entry", () => {
  bothRun(
    supervised(`
      li s0, 0x40002000
      li s3, ${LOWEST + 16}
      la s4, entries
      li s2, 200
    1: andi t0, s2, 3
      bnez t0, 2f
      srli t0, s2, 2
      andi t0, t0, 3
      slli t0, t0, 3
      add t0, t0, s4
      ld t0, 0(t0)
      sd t0, 0(s3)
      sfence.vma
    2: ld t1, 0(s0)
      add a0, a0, t1
      sd s2, 0(s0)
      addi s2, s2, -1
      bnez s2, 1b
      j 3f
      .balign 8
    entries: .dword ${pte(0x8000_c000, ALL)}, 0, ${pte(0x8000_d000, V | R | A)}, ${pte(0x8000_e000, ALL)}
    3: nop`),
  );
});

test("code whose page moves is the code of the new page", () => {
  bothRun(
    supervised(`
      li s0, 0x40002000
      li s3, ${LOWEST + 16}
      li s5, 0x8000c000
      li s6, 0x8000d000
      ${TWO_FUNCTIONS}
      li s7, ${pte(0x8000_c000, ALL)}
      li s8, ${pte(0x8000_d000, ALL)}
      sd s7, 0(s3)
      sfence.vma
      ${calledWhile("sd s7, 0(s3)\n sfence.vma")}`),
  );
});

test("code that goes on in a page that moves goes on in the new page", () => {
  bothRun(
    supervised(`
      li s0, 0x40002ffc
      li s3, ${LOWEST + 24}
      li s5, 0x8000f000
      li s6, 0x8000d000
      ${TWO_FUNCTIONS}
      lw t0, 0(s5)
      sw t0, -4(s5)
      li t0, ${pte(0x8000_e000, ALL)}
      sd t0, -8(s3)
      li s7, ${pte(0x8000_f000, ALL)}
      li s8, ${pte(0x8000_d000, ALL)}
      sd s7, 0(s3)
      sfence.vma
      ${calledWhile("sd s7, 0(s3)\n sfence.vma")}`),
  );
});

test("a store through another address changes the code", () => {
  bothRun(
    supervised(`
      li s0, 0x40000000
      li s5, 0x8000c000
      li s7, 0x00150513          # addi a0, a0, 1
      li s8, 0x00251513          # slli a0, a0, 2
      sw s7, 0(s5)
      li t0, 0x00008067          # ret
      sw t0, 4(s5)
      ${calledWhile("sw s7, 0(s5)")}`),
  );
});

test("a switch between address spaces in a loop gives each its own pages", () => {
  bothRun(
    supervised(`
      li s5, ${ASIDE}
      li t0, ${TABLES}
      li t1, 512
    0: ld t2, 0(t0)
      sd t2, 0(s5)
      addi t0, t0, 8
      addi s5, s5, 8
      addi t1, t1, -1
      bnez t1, 0b
      li s5, ${ASIDE}
      li t2, ${pte(0x8000_c000, ALL)}
      li t2, ${pte(0x8000_0000, ALL)}
      sd t2, 8(s5)
      li s0, 0x40000000
      csrr s6, satp
      li s7, ${satp(ASIDE)}
      li s2, 100
    1: ld t0, 0(s0)
      add a0, a0, t0
      lw t0, 16(s0)
      xor a0, a0, t0
      andi t0, s2, 7
      bnez t0, 2f
      xor s6, s6, s7
      xor s7, s7, s6
      xor s6, s6, s7
      csrw satp, s6
    2: addi s2, s2, -1
      bnez s2, 1b`),
  );
});

test("more address spaces than have tables of their own give each its own pages", () => {
  bothRun(
    supervised(`
      li t0, ${TABLES}
      li s5, ${ASIDE}
      ld t1, 16(t0)
      sd t1, 16(s5)
      li t1, ${pte(0x8000_0000, ALL)}
      sd t1, 8(s5)
      li s0, 0x40000000
      sd s0, 0(s0)
      csrr s6, satp
      li s7, ${satp(ASIDE)}
      li s2, 700
      li s3, 7
    1: remu t0, s2, s3
      slti t0, t0, 3
      mv t1, s6
      beqz t0, 2f
      mv t1, s7
    2: slli t2, s2, 44
      or t1, t1, t2
      csrw satp, t1
      li t3, 3
    3: ld t0, 0(s0)
      slli a0, a0, 1
      xor a0, a0, t0
      addi t3, t3, -1
      bnez t3, 3b
      addi s2, s2, -1
      bnez s2, 1b`),
  );
});
