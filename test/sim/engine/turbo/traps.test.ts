// Traps, returns and switches between modes and address spaces that generated code makes by itself, and those that it must not make.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PASS, program, passThrough } from "../../../drivers/machine.ts";
import { configOf } from "../../../lockstep/contests.ts";
import { bothRun, INTEGER, onBoth, RAM_BYTES } from "./engines.ts";
import { compareTimed } from "./timing.ts";

const CVA6 = configOf("cva6@1");
/** Runs on both engines, without timing and with it; gives how many instructions generated code has executed. */
function bothWays(source: string, isa = INTEGER): number {
  const translated = bothRun(source, isa);
  const image = program(source, isa);
  const slices = [{ instructions: 777 }, { cycles: 5000 }, { instructions: 100_000 }];
  expect(compareTimed({ isa, image, ramBytes: RAM_BYTES, core: CVA6, slices }).found).toBeUndefined();
  return translated;
}

/** The handlers of both modes note what they see in s11, and go on behind the instruction; every eighth trap M-mode does `tricks`. */
const handlers = (tricks: readonly string[]): string => `
  .balign 4
m_handler: csrw mscratch, t0
  csrr t0, mcause
  xor s11, s11, t0
  csrr t0, mtval
  xor s11, s11, t0
  csrr t0, mstatus
  slli s11, s11, 1
  xor s11, s11, t0
  csrr t0, mcause
  bltz t0, 9f
  csrr t0, mepc
  xor s11, s11, t0
  addi t0, t0, 4
  csrw mepc, t0
9: addi s10, s10, 1
  andi t0, s10, 7
  ${tricks.map((trick, i) => `addi t0, t0, -1\n bnez t0, 8f\n ${trick}\n j 7f\n 8:`.replaceAll("8", `8${i}`)).join("\n")}
7: csrr t0, mscratch
  mret
  .balign 4
s_handler: csrw sscratch, t0
  csrr t0, scause
  bltz t0, 9f
  csrr t0, sepc
  addi t0, t0, 4
  csrw sepc, t0
9: csrr t0, sstatus
  slli s11, s11, 1
  xor s11, s11, t0
  csrci sip, 2
  csrr t0, sscratch
  sret
`;

/** The body twenty times, begun in a mode. */
const inMode = (body: string, mode: number, tricks: readonly string[]): string => `
  .option norvc
  la t0, m_handler
  csrw mtvec, t0
  la t0, s_handler
  csrw stvec, t0
  li t0, -1
  csrw mcounteren, t0
  csrw scounteren, t0
  la s0, data
  li s1, 20
  li s2, 0x40000
  li s3, 0x80000
  li s4, 0x122
  li t0, 0x1800
  csrc mstatus, t0
  li t0, ${mode << 11}
  csrs mstatus, t0
  la t0, again
  csrw mepc, t0
  mret
again: ${body}
  addi s1, s1, -1
  bnez s1, again
  ${PASS}
  .balign 8
data: .dword 1, 2, 3, 4
  ${handlers(tricks)}
`;

const LINES = [
  ...["ecall", "ebreak", "ecall", "addi a0, a0, 1", "ld a1, 0(s0)", "sd a0, 8(s0)", "csrr a2, sstatus", "wfi"],
  ...["csrrs a3, sstatus, s2", "csrrc a3, sstatus, s2", "csrrs a3, sstatus, s3", "csrrc a3, sstatus, s3"],
  ...["csrrs a3, sstatus, s4", "csrrc a3, sstatus, s4", "csrrsi a3, sip, 2", "csrr a4, satp", "csrw satp, zero"],
  ...["csrr a5, mstatus", "csrrci a5, mstatus, 8", "csrrsi a5, mstatus, 8", "rdinstret a6", "rdcycle a7", "mret"],
  ...["lr.d a1, (s0)", "sc.d a2, a0, (s0)", "sc.d zero, a0, (s0)", "lr.w a1, (s0)", "sc.w a2, a0, 0(s0)"],
  "lla t1, 1f\n csrw sepc, t1\n sret\n 1:",
  "lla t1, 1f\n csrrw zero, mepc, t1\n mret\n 1:",
];
const TRICKS = [
  ...["li t0, 0x1800\n csrc mstatus, t0", "li t0, 0x1800\n csrs mstatus, t0", "li t0, 0x800\n csrs mstatus, t0"],
  ...["li t0, 0x400000\n csrs mstatus, t0", "li t0, 0x400000\n csrc mstatus, t0", "li t0, 0x100000\n csrs mstatus, t0"],
  ...["li t0, 0x100000\n csrc mstatus, t0", "li t0, 0x200000\n csrs mstatus, t0", "li t0, 0x20000\n csrs mstatus, t0"],
  ...[
    "li t0, 0x100\n csrs medeleg, t0",
    "li t0, 0x308\n csrc medeleg, t0",
    "li t0, 8\n csrs medeleg, t0",
    "csrwi mideleg, 2",
  ],
  ...["csrwi mideleg, 0", "csrsi mie, 2", "csrci mie, 2", "csrsi mip, 2", "csrci mip, 2", "csrsi mtvec, 1"],
];
const arbSystem = fc.record({
  lines: fc.array(fc.constantFrom(...LINES), { minLength: 3, maxLength: 12 }),
  tricks: fc.array(fc.constantFrom(...TRICKS), { minLength: 7, maxLength: 7 }),
  mode: fc.constantFrom(0, 1, 3),
});

describe("programs of random system instructions in all modes, whose handler changes what is delegated, allowed and enabled", () => {
  const sourceOf = ({ lines, tricks, mode }: { lines: string[]; tricks: string[]; mode: number }): string =>
    inMode(lines.join("\n"), mode, tricks);

  test("end alike", () => {
    fc.assert(
      fc.property(arbSystem, (system) => {
        const options = { isa: INTEGER, image: program(sourceOf(system), INTEGER), ramBytes: RAM_BYTES };
        const { reference, turbo } = onBoth(options, (m) => m.run({ maxInstructions: 8000 }));
        expect(turbo).toEqual(reference);
      }),
      { numRuns: 150 },
    );
  });

  test("take the same time for the same reasons", () => {
    fc.assert(
      fc.property(arbSystem, (system) => {
        const options = { isa: INTEGER, image: program(sourceOf(system), INTEGER), ramBytes: RAM_BYTES, core: CVA6 };
        const slices = [{ instructions: 1500 }, { cycles: 6000 }, { instructions: 5000 }];
        expect(compareTimed({ ...options, slices }).found).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});

/** A loop in M-mode whose environment calls add to a0, with such a prologue and what the handler does besides. */
const calls = (body: string, prologue = "", besides = ""): string => `
  .option norvc
  la t0, handler
  csrw mtvec, t0
  ${prologue}
  li s1, 60
again: ${body}
  addi s1, s1, -1
  bnez s1, again
  ${PASS}
  .balign 4
handler: csrr t0, mcause
  csrr t1, mepc
  slli s11, s11, 3
  xor s11, s11, t1
  ${besides}
  bltz t0, 1f
  addi t1, t1, 4
  csrw mepc, t1
1: mret
`;

describe("an interrupt", () => {
  const clears = "bgez t0, 5f\n csrci mip, 2\n 5:";
  const places = [0, 1, 2, 3, 4];

  test.each(places)("that waits comes when mstatus lets it in, at place %i of a loop", (place) => {
    const lines = ["addi a0, a0, 1", "addi a1, a1, 2", "xor a2, a2, a0", "add a3, a3, a1"];
    lines.splice(place, 0, "csrsi mstatus, 8");
    const raises = "andi t2, s1, 7\n bnez t2, 1f\n csrsi mip, 2\n 1:";
    bothWays(calls(`csrci mstatus, 8\n ${raises}\n ${lines.join("\n")}`, "csrwi mie, 2", clears));
  });

  test.each(["ecall", "ebreak"])("that waits comes behind the return that lets it in, of %s", (trap) => {
    const raises = "bltz t0, 5f\n andi t2, s1, 7\n bnez t2, 6f\n csrsi mip, 2\n j 6f\n 5: csrci mip, 2\n 6:";
    bothWays(calls(`addi a0, a0, 1\n ${trap}\n addi a1, a1, 1`, "csrwi mie, 2\n csrsi mstatus, 8", raises));
  });

  test("of the timer comes at the same cycle of calls and returns, whichever it is", () => {
    const arms = "ld t2, 0(s3)\n addi t2, t2, PERIOD\n sd t2, 0(s2)\n";
    for (let period = 1; period <= 45; period += 1) {
      const arm = arms.replace("PERIOD", `${period}`);
      const prologue = `li s2, 0x2004000\n li s3, 0x200bff8\n li t0, 128\n csrw mie, t0\n csrsi mstatus, 8\n ${arm}`;
      const again = `bgez t0, 5f\n ${arms.replace("PERIOD", `${period + 40}`)}\n 5:`;
      const source = calls("addi a0, a0, 1\n ecall\n addi a1, a1, 1\n ebreak", prologue, again);
      bothRun(source);
      if (period % 9 === 0) bothWays(source.replaceAll(`, ${period + 40}`, `, ${300 + 7 * period}`));
    }
  });

  test("has its own entry where the vector has entries", () => {
    const vectored = "csrwi mie, 2\n csrsi mstatus, 8\n addi t0, t0, 1\n csrw mtvec, t0";
    const raises = "andi t2, s1, 7\n bnez t2, 1f\n csrsi mip, 2\n 1: ecall";
    bothWays(
      calls(raises, vectored).replace("handler:", "handler: j 7f\n j 8f\n 8: csrci mip, 2\n addi a5, a5, 1\n 7:"),
    );
  });
});

test("limits end a run of calls and returns at the same place, a trap before it or behind", () => {
  const image = program(calls("ecall\n ecall\n addi a1, a1, 1\n ecall"), INTEGER);
  const { reference, turbo } = onBoth({ isa: INTEGER, image, ramBytes: RAM_BYTES }, (machine) => {
    const seen: unknown[] = [];
    for (let at = 100; at < 200; at += 1) {
      seen.push(machine.run({ maxInstructions: at }), machine.engine.pcc.addr, machine.cycles);
      seen.push(machine.run({ maxCycles: machine.cycles + (at % 3) }), machine.engine.pcc.addr, machine.instructions);
    }
    return seen;
  });
  expect(turbo).toEqual(reference);
});

describe("a handler whose first instruction traps", () => {
  const endless = (trap: string): string =>
    calls("ecall", "", "").replace("li s1, 60", "li s1, 60\n li s5, 50") +
    `
    .balign 4
  endless: ${trap}
    j endless
  `;
  test.each(["ecall", "ebreak", "lw t0, 1(zero)"])("ends the run where it does so for ever: %s", (trap) => {
    const switches = "addi s5, s5, -1\n bnez s5, 3f\n lla t2, endless\n csrw mtvec, t2\n 3:";
    bothWays(endless(trap).replace("bltz t0, 1f", `${switches}\n bltz t0, 1f`));
  });

  test("goes on where that trap is another mode's", () => {
    // U-mode calls S-mode, whose handler does nothing before it calls M-mode.
    bothWays(`
      .option norvc
      lla t0, machine
      csrw mtvec, t0
      lla t0, supervisor
      csrw stvec, t0
      li t0, 0x100
      csrw medeleg, t0
      li t0, 0x1800
      csrc mstatus, t0
      lla t0, user
      csrw mepc, t0
      li s1, 60
      mret
    user: ecall
      addi a0, a0, 1
      addi s1, s1, -1
      bnez s1, user
      ${PASS}
      .balign 4
    supervisor: ecall
      addi a1, a1, 1
      csrr t0, sepc
      addi t0, t0, 4
      csrw sepc, t0
      sret
      .balign 4
    machine: csrr t0, mepc
      addi t0, t0, 4
      csrw mepc, t0
      addi a2, a2, 1
      mret
    `);
  });
});

const [V, R, W, X, U, A, D] = [1n, 2n, 4n, 8n, 16n, 64n, 128n];
const ALL = V | R | W | X | A | D;
const TABLES = 0x8000_4000;
const pte = (phys: number, bits: bigint): string => `${((BigInt(phys) >> 12n) << 10n) | bits}`;
const entry = (at: number, value: string): string => `li t0, ${at}\n li t1, ${value}\n sd t1, 0(t0)\n`;
const satp = (asid: number, root: number): string => `${(8n << 60n) | (BigInt(asid) << 44n) | (BigInt(root) >> 12n)}`;

/** Two address spaces see RAM at its address in S-mode, and in U-mode 1 GiB above; at 0 each has a page of its own. */
const SPACES = [0, 1].flatMap((space) => {
  const root = TABLES + 0x3000 * space;
  return [
    entry(root + 8 * 2, pte(0x8000_0000, ALL)),
    entry(root + 8 * 3, pte(0x8000_0000, ALL | U)),
    entry(root, pte(root + 0x1000, V)),
    entry(root + 0x1000, pte(root + 0x2000, V)),
    entry(root + 0x2000, pte(0x8000_c000 + 0x1000 * space, ALL | U)),
  ];
});

/** Of the two, the one that is not in force. */
const OTHER_SPACE = "csrr t4, satp\n xor t4, t4, s8\n xor t4, t4, s9";

/** Two processes; an environment call of either goes to the other, and the kernel adds to a word of both. `next`: t4 = the next satp. */
const processes = (count: number, next = OTHER_SPACE): string => `
  .option norvc
  ${SPACES.join("")}
  li t0, 0x100
  csrw medeleg, t0
  la t0, kernel
  csrw stvec, t0
  la t0, finished
  csrw mtvec, t0
  li s8, ${satp(1, TABLES)}
  li s9, ${satp(2, TABLES + 0x3000)}
  csrw satp, s8
  li t0, 0x1800
  csrc mstatus, t0
  la t0, user
  li t1, 0x40000000
  add t0, t0, t1
  csrw mepc, t0
  mv s7, t0
  li s1, ${count}
  li s2, 0x40000
  la s5, finished
  mret
user: addi a0, a0, 1
  ld a1, 0(zero)
  add a1, a1, a0
  sd a1, 0(zero)
  ecall
  addi s1, s1, -1
  bnez s1, user
  ebreak
  .balign 4
kernel: csrr t0, sepc
  addi t0, t0, 4
  csrrs t3, sstatus, s2
  ld t1, 8(zero)
  add t1, t1, s1
  sd t1, 8(zero)
  csrrc zero, sstatus, s2
  csrw sepc, s6
  mv s6, s7
  mv s7, t0
  csrw sepc, s7
  ${next}
  csrw satp, t4
  sc.d zero, zero, (s5)
  sret
  .balign 8
finished: ${PASS}
`;

describe("processes that call each other through a kernel", () => {
  // Their kernel reserves nothing: SC is to an address that it can write.
  const source = processes(150)
    .replace("(s9)", "(s5)")
    .replace("li s2, 0x40000\n", "li s2, 0x40000\n la s5, finished\n");

  test("run as generated code, in which modes and address spaces change", () => {
    const translated = bothWays(source);
    expect(translated).toBeGreaterThan(150 * 20);
  });

  test("are interrupted at whatever instruction", () => {
    const image = program(source, INTEGER);
    const { reference, turbo } = onBoth({ isa: INTEGER, image, ramBytes: RAM_BYTES }, (machine) => {
      const seen: unknown[] = [];
      for (let at = 900; at < 1100; at += 1) {
        machine.run({ maxCycles: at });
        seen.push([machine.instructions, machine.engine.pcc.addr, machine.hart.mode, machine.hart.mstatus]);
        machine.run({ maxInstructions: machine.instructions + (at % 3) });
        seen.push([machine.cycles, machine.engine.pcc.addr, machine.hart.mode, machine.hart.satp]);
      }
      return seen;
    });
    expect(turbo).toEqual(reference);
  });
});

test("a walk that is due behind a switch is one through the tables in force", () => {
  // More pages of each process than a TLB holds.
  const pages = [0, 1].map((space) => {
    const lowest = TABLES + 0x3000 * space + 0x2000;
    const first = pte(0x8001_0000 + 0x2_0000 * space, ALL | U);
    return `li t0, ${lowest}\n li t1, ${first}\n li t2, 32\n 1: sd t1, 0(t0)\n addi t0, t0, 8\n addi t1, t1, 1024
      addi t2, t2, -1\n bnez t2, 1b\n`;
  });
  const touch = "lui t0, 20\n lui t1, 1\n 3: ld a2, 16(t0)\n add a1, a1, a2\n sub t0, t0, t1\n bnez t0, 3b\n";
  const source = processes(60)
    .replace("li t0, 0x100\n", `${pages.join("")} li t0, 0x100\n`)
    .replace("user: ", `user: ${touch}`);
  const image = program(source, INTEGER);
  const slices = [{ instructions: 3000 }, { instructions: 100_000 }];
  expect(compareTimed({ isa: INTEGER, image, ramBytes: 1 << 19, core: CVA6, slices }).found).toBeUndefined();
});

test("data of M-mode that looks as another mode does is seen as that mode sees it, whichever that is", () => {
  // MPP is user and supervisor in turn: its page at 0 is open to one, that of its code to the other.
  bothWays(`
    .option norvc
    ${SPACES.join("")}
    la t0, handler
    csrw mtvec, t0
    li t0, ${satp(1, TABLES)}
    csrw satp, t0
    li s1, 80
    li s2, 0x1800
    li s3, 0x20000
    la s4, handler
    csrs mstatus, s3
  again: csrc mstatus, s2
    andi t0, s1, 1
    slli t0, t0, 11
    csrs mstatus, t0
    ld t1, 0(zero)
    add a0, a0, t1
    csrc mstatus, s2
    csrs mstatus, t0
    ld t1, 0(s4)
    add a0, a0, t1
    csrc mstatus, s2
    andi t0, s1, 3
    bnez t0, 2f
    csrc mstatus, s3
    ld t1, 0(s4)
    add a1, a1, t1
    csrs mstatus, s3
  2: addi s1, s1, -1
    bnez s1, again
    csrc mstatus, s3
    ${PASS}
    .balign 8
  handler: csrr t2, mepc
    addi t2, t2, 4
    csrw mepc, t2
    li t1, 77
    add a2, a2, t2
    mret
  `);
});

test("more address spaces than contexts are kept of are told apart", () => {
  // Forty numbers in turn; every other one has the pages of the first process, the rest those of the second.
  const next = `addi s10, s10, 1
    li t5, 40
    bltu s10, t5, 4f
    li s10, 0
  4: andi t5, s10, 1
    mv t4, s8
    beqz t5, 5f
    mv t4, s9
  5: slli t5, s10, 46
    xor t4, t4, t5`;
  expect(bothWays(processes(600, next))).toBeGreaterThan(600 * 20);
});

describe("with capabilities", () => {
  const ISA = "rv64y";
  /** Calls whose handler leaves another capability in mepc at each eighth turn. */
  const leaves = (what: string): string => `
    auipc s0, 0
    lla t0, handler
    csrw mtvec, t0
    li s1, 80
  again: addi a0, a0, 1
    ecall
    addi a1, a1, 1
  back: addi s1, s1, -1
    bnez s1, again
    ${passThrough("s0")}
    .balign 4
  handler: csrr t0, mcause
    li t1, 11
    bne t0, t1, 9f
    csrr t0, mepc
    yaddi t0, t0, 4
    andi t1, s1, 7
    bnez t1, 8f
    ${what}
  8: csrw mepc, t0
    mret
  9: addi s11, s11, 1
    csrr t1, mepc
    ytagr t1, t1
    add s11, s11, t1
    lla t0, back
    csrw mepc, t0
    mret
  `;

  test.each([
    ["sealed", "ysentry t0, t0"],
    ["without a tag", "li t1, 0\n yaddrw t0, zero, t0"],
    ["bounded to what follows", "ybndswi t0, t0, 64"],
    ["bounded away from what follows", "yaddi t0, t0, 64\n ybndswi t0, t0, 8\n yaddi t0, t0, -64"],
    ["without leave to execute", "li t1, 0x20000\n ypermc t0, t0, t1"],
    ["without access to system registers", "li t1, 0x10000\n ypermc t0, t0, t1"],
  ])("a return goes to a pcc that is %s as in the interpreter", (_, what) => {
    bothWays(leaves(what), ISA);
  });

  test.each([
    ["an integer", "csrw mtvec, t2"],
    [
      "the handler's own, stored as an integer",
      "lla t2, handler\n lla t3, room\n sy t2, 0(t3)\n sd t2, 0(t3)\n ly t2, 0(t3)\n csrw mtvec, t2",
    ],
  ])("a vector without a tag ends the run where it does in the interpreter: %s", (_, vector) => {
    const untagged = `addi a1, a1, 1\n li t2, 20\n bne s1, t2, back\n ${vector}`;
    bothWays(`${leaves("").replace("addi a1, a1, 1", untagged)}\n .balign 16\n room: .zero 16`, ISA);
  });
});
