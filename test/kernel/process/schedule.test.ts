// Threads, address spaces and the timer of the process kernel.
import { describe, expect, test } from "vitest";
import { ABI_NAMES } from "../../../isa/registers.ts";
import { guestSource } from "../../../kernel/image.ts";
import { KERNEL } from "../../../kernel/process/objects.ts";
import { pageTables } from "../../../kernel/process/tables.ts";
import { Mode } from "../../../sim/machine/mmu.ts";
import { Guest, stream, type Program } from "./guest.ts";

/** Fills every register with a value of its own and checks for ever that none changes; counts how often. */
function canaries(seed: number, turns: number): string {
  const registers = ABI_NAMES.slice(1);
  const value = (r: string): number => seed * 1000 + registers.indexOf(r as (typeof registers)[number]) * 7;
  const kept = registers.filter((r) => r !== "t6");
  // t6 compares all others; then t5 compares t6.
  const checks = kept.map((r) => `li t6, ${value(r)}\n bne ${r}, t6, spoilt`).join("\n");
  return `
start:  ${kept.map((r) => `li ${r}, ${value(r)}`).join("\n")}
again:  ${checks}
        li      t6, ${value("t6")}
        nop
        li      t5, ${value("t6")}
        bne     t6, t5, spoilt
        la      t5, count
        ld      t6, 0(t5)
        addi    t6, t6, 1
        sd      t6, 0(t5)
        addi    t6, t6, -${turns}
        li      t5, ${value("t5")}
        bnez    t6, again
        EXIT    0
spoilt: li      a0, 1
        SYSTEM  exit
        unimp
        .data
        .balign 8
count:  .dword  0`;
}

describe("the timer's tick", () => {
  const programs: Program[] = [
    { name: "one", text: canaries(1, 2000) },
    { name: "two", text: canaries(2, 2000) },
    { name: "client", text: canaries(3, 60) },
  ];
  test("preserves every register of every thread", () => {
    for (const tickCycles of [301, 337, 1009]) {
      const guest = new Guest(programs, { tickCycles });
      expect(guest.run()).toEqual({ kind: "exit", status: 0 });
      expect(guest.faultCount).toBe(0);
    }
  });

  test("lets threads that never block take turns", () => {
    const guest = new Guest(programs, { tickCycles: 1009 });
    guest.run();
    for (const process of [0, 1]) expect(Number(guest.word(process, "count"))).toBeGreaterThan(40);
  });

  test("does not come where the period is 0", () => {
    const guest = new Guest(programs, { tickCycles: 0 });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
    expect([0, 1].map((process) => guest.word(process, "count"))).toEqual([0n, 0n]);
  });

  test("goes back to the only thread that can run", () => {
    const guest = new Guest([{ name: "client", text: canaries(1, 50) }], { tickCycles: 211 });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
  });

  test("is noticed to spoil a register when the kernel does not save it", () => {
    const read: typeof guestSource = (name) => {
      const source = guestSource(name);
      return { ...source, text: source.text.replace("sd      t3, TCB_t3(t6)", "") };
    };
    const stop = new Guest(programs, { tickCycles: 301, read }).run();
    expect(stop).not.toEqual({ kind: "exit", status: 0 });
  });
});

/** A client asks A, which asks B, which asks A again: two threads of A are in the same request. */
const NESTED: readonly Program[] = [
  {
    name: "a",
    threads: ["start", "start"],
    // Descriptors: 0 the client's, 1 B's, both served; 2 to B. An even number is answered, an odd one goes to B less 1.
    text: `
start:  addi    sp, sp, -16
next:   SYSTEM  poll
        mv      s0, a0
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        ld      s1, 0(sp)
        andi    t0, s1, 1
        beqz    t0, answer
        addi    t0, s1, -1
        sd      t0, 0(sp)
        li      a0, 2
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        li      a0, 2
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        ld      s1, 0(sp)
answer: addi    s1, s1, 100
        sd      s1, 0(sp)
        la      t1, served
        slli    t0, tp, 3
        add     t1, t1, t0
        ld      t0, 0(t1)
        addi    t0, t0, 1
        sd      t0, 0(t1)
        mv      a0, s0
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        j       next
        .data
        .balign 8
served: .dword  0, 0`,
  },
  {
    name: "b",
    text: `
start:  addi    sp, sp, -16
next:   SYSTEM  poll
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        li      a0, 1
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        li      a0, 1
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        ld      t0, 0(sp)
        addi    t0, t0, 1000
        sd      t0, 0(sp)
        li      a0, 0
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        j       next`,
  },
  {
    name: "client",
    text: `
start:  addi    sp, sp, -16
        li      s0, 5
next:   li      t0, 7
        sd      t0, 0(sp)
        li      a0, 0
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        li      a0, 0
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        ld      a0, 0(sp)
        EXPECT  6 + 100 + 1000 + 100, 1
        addi    s0, s0, -1
        bnez    s0, next
        EXIT    0`,
  },
];
const NESTED_STREAMS = [stream([2, 0], [0, 0]), stream([1, 1], [0, 1]), stream([0, 2], [1, 0])];

describe("two threads of one process", () => {
  test("are served in the same request: A asks B, which asks A", () => {
    const guest = new Guest(NESTED, { streams: NESTED_STREAMS });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
    const served = [0, 1].map((i) => Number(guest.word(0, "served", i)));
    expect(served[0]! + served[1]!).toBe(10);
    expect(Math.min(...served)).toBeGreaterThan(0);
  });
});

describe("a switch between address spaces", () => {
  test("writes satp and flushes no translation; boot's flush is the only one", () => {
    const guest = new Guest(NESTED, { streams: NESTED_STREAMS });
    const SFENCE_VMA = { mask: 0xfe00_7fff, match: 0x1200_0073 };
    const spaces = new Set<number>();
    let fences = 0;
    let switches = 0;
    let asid = 0;
    guest.trace((pc, mode) => {
      const now = guest.machine.hart.asid;
      spaces.add(now);
      if (now !== asid) [asid, switches] = [now, switches + 1];
      if (mode === Mode.user) return;
      const word = Number(guest.physical(pc % 2 ** 38) & 0xffff_ffffn);
      if ((word & SFENCE_VMA.mask) >>> 0 === SFENCE_VMA.match) fences += 1;
    });
    expect(fences).toBe(1);
    expect([...spaces].sort()).toEqual([0, 1, 2, 3]);
    expect(switches).toBeGreaterThan(30);
  });
});

describe("boot", () => {
  test("builds as many page tables as the host has made room for, with megapages where they fit", () => {
    const big = { virt: 0x1000_0000, phys: 0x8200_0000, bytes: 0x60_1000, read: true, write: true, execute: false };
    const text = `
start:  li      t0, 0x10000000
        li      t1, 0x10601000
        li      t2, 0x1000
1:      sd      t0, 0(t0)
        add     t0, t0, t2
        bltu    t0, t1, 1b
        EXIT    0`;
    const guest = new Guest([{ name: "client", text, maps: [big] }]);
    const at = KERNEL.layout(8).at;
    const kernel = guest.kernel("fault_count") - at.faultCount;
    const from = guest.physical(kernel + at.pageTables);
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
    expect(guest.physical(kernel + at.pageTables)).toBe(guest.physical(kernel + at.pageTablesEnd));
    const made = Number(guest.physical(kernel + at.pageTables) - from) / 4096;
    // A root; middle and lowest tables for code, for the mapping and its last page, and for the stack.
    expect(made).toBe(1 + 1 + 3);
    expect(pageTables([{ name: "", maps: [big], threads: [] }])).toBe(3);
    for (const page of [0, 0x1ff, 0x200, 0x600]) {
      expect(guest.physical(big.phys + page * 4096)).toBe(BigInt(big.virt + page * 4096));
    }
  });
});
