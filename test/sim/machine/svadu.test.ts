// Svadu on a whole machine: a program runs over pages not yet accessed, and records say where its code lies.
import { expect, test } from "vitest";
import type { Timing } from "../../../sim/machine/retire.ts";
import { PASS, run } from "../../drivers/machine.ts";

const VIRT = 0x4000_0ffe;

/** Sv39 with three tables at `root`; `li a0` at VIRT lies in two pages, of which none was accessed. */
const source = (adue: number): string => `
  la      t0, trap
  csrw    mtvec, t0
  li      t0, ${adue} << 61
  csrs    menvcfg, t0
  la      t0, root
  la      t2, code
  srli    t1, t0, 2
  srli    t2, t2, 2
  addi    t3, t1, 0x401
  sd      t3, 8(t0)                       # root[1] -> the second table
  addi    t3, t1, 0x7ff
  addi    t3, t3, 2
  li      t4, 4096
  add     t0, t0, t4
  sd      t3, 0(t0)                       # its first entry -> the third
  add     t0, t0, t4
  addi    t3, t2, 0xb                     # V R X
  sd      t3, 0(t0)
  addi    t3, t3, 0x400
  sd      t3, 8(t0)
  la      t0, root
  srli    t0, t0, 12
  li      t1, 8 << 60
  or      t0, t0, t1
  csrw    satp, t0
  li      t0, ${VIRT}
  csrw    mepc, t0
  li      t0, 1 << 11
  csrs    mstatus, t0
  mret
trap:
  csrr    s2, mcause
  la      t0, root + 8192
  ld      s3, 0(t0)
  ld      s4, 8(t0)
  ${PASS}
  .align  12
root:
  .zero   3 * 4096
code:
  .zero   4094
  addi    a0, zero, 7
  ecall
`;

const A = 0x40n;

test("with ADUE code in pages not accessed runs and A is set in both; without it the fetch faults", () => {
  const outcome = (adue: number): bigint[] => {
    const ran = run(source(adue), { isa: "rv64imac" });
    return [ran.x(18), ran.x(19) & A, ran.x(20) & A, ran.x(10)];
  };
  expect([outcome(1), outcome(0)]).toEqual([
    [9n, A, A, 7n],
    [12n, 0n, 0n, 0n],
  ]);
});

test("an instruction of which the second page is walked last keeps its place in the record", () => {
  let found = -1;
  const timing: Timing & { now: number } = {
    now: 0,
    retire(r) {
      this.now += 1;
      if (r.pc === VIRT && !r.trap) found = r.fetchPhys;
    },
    idle() {},
  };
  const ran = run(source(1), { isa: "rv64imac", timing });
  expect(BigInt(found)).toBe(ran.symbol("code") + 4094n);
});
