// Traps: what is saved, who takes them, where they return; interrupts at their cycle; handlers that trap for ever.
import { describe, expect, test } from "vitest";
import { load, PASS, run } from "../../drivers/machine.ts";

const RESET = 0x8000_0000n;
const [S2, S3, S4, S5, S6] = [18, 19, 20, 21, 22];

/** Notes cause, value and pc in s2, s3 and s4, then ends the run. */
const NOTE = ` .balign 4\nnote: csrr s2, mcause\n csrr s3, mtval\n csrr s4, mepc\n csrr s5, mstatus\n${PASS}`;
const noted = (body: string): string => ` la t0, note\n csrw mtvec, t0\n${body}\n j .\n${NOTE}`;
/** The same for traps that S-mode takes; M-mode's vector is left at \`note\`. */
const NOTE_S = ` .balign 4\nnote_s: csrr s2, scause\n csrr s3, stval\n csrr s4, sepc\n csrr s6, sstatus\n li s5, 1\n${PASS}`;
const notedBoth = (body: string): string => ` la t0, note_s\n csrw stvec, t0\n${noted(body)}${NOTE_S}`;
/** Goes on in a mode: 0 user, 1 supervisor. */
const dropTo = (mode: number): string =>
  ` li t0, 3 << 11\n csrc mstatus, t0\n li t0, ${mode} << 11\n csrs mstatus, t0\n la t0, 8f\n csrw mepc, t0\n mret\n8:\n`;

describe("exceptions", () => {
  test.each([
    ["ecall", 11n, 0n],
    ["csrr a0, 0x5c0", 2n, 0x5c00_2573n],
    [".word 0xffffffff", 2n, 0xffff_ffffn],
    ["lw a0, 4(zero)", 5n, 4n],
    ["sd a0, 16(zero)", 7n, 16n],
    ["amoadd.w a0, a1, (zero)", 7n, 0n],
    ["lr.d a0, (zero)", 5n, 0n],
    ["sc.d a0, a1, (zero)", 7n, 0n],
    ["li t1, 2\n here: jr t1", 0n, 2n],
  ])("%s in M-mode has cause %i", (instruction, cause, tval) => {
    const { x, stop, symbol } = run(noted(`${instruction.includes("here:") ? "" : "here: "}${instruction}`));
    expect([x(S2), x(S3), x(S4), stop]).toEqual([cause, tval, symbol("here"), { kind: "exit", status: 0 }]);
  });

  test("ebreak gives its own address as value", () => {
    const { x, symbol } = run(noted("here: ebreak"));
    expect([x(S2), x(S3)]).toEqual([3n, symbol("here")]);
  });

  test("a jump to where nothing is faults at its target", () => {
    const { x } = run(noted("li t1, 0x40000000\n jr t1"));
    expect([x(S2), x(S3), x(S4)]).toEqual([1n, 0x4000_0000n, 0x4000_0000n]);
  });

  test.each([
    [0, 8n],
    [1, 9n],
  ])("an environment call from mode %i has its own cause", (mode, cause) => {
    expect(run(noted(`${dropTo(mode)} ecall`)).x(S2)).toBe(cause);
  });

  test("a trap saves the mode and the interrupt enable, and mret restores both", () => {
    const { x, stop } = run(`
      la t0, handler
      csrw mtvec, t0
      csrsi mstatus, 8
      ecall
    back: csrr s3, mstatus
      ${PASS}
      .balign 4
    handler: csrr s2, mstatus
      la t0, back
      csrw mepc, t0
      mret`);
    const [MIE, MPIE, MPP] = [8n, 0x80n, 0x1800n];
    expect(x(S2) & (MIE | MPIE | MPP)).toBe(MPIE | MPP);
    expect([x(S3) & (MIE | MPIE | MPP), stop.kind]).toEqual([MIE | MPIE, "exit"]);
  });

  test("mret to a lower mode clears MPRV, to M-mode it does not", () => {
    const withMprv = " li t0, 1 << 17\n csrs mstatus, t0\n";
    const mprv = (body: string): bigint => (run(noted(body)).x(S5) >> 17n) & 1n;
    const same = " la t0, 8f\n csrw mepc, t0\n li t0, 3 << 11\n csrs mstatus, t0\n mret\n8: ecall";
    expect([mprv(`${withMprv}${dropTo(1)} ecall`), mprv(`${withMprv}${same}`)]).toEqual([0n, 1n]);
  });
});

describe("privilege", () => {
  test.each(["csrr a0, mstatus", "csrr a0, sstatus", "sret", "mret", "sfence.vma", "wfi", "csrr a0, cycle"])(
    "%s is illegal in U-mode",
    (instruction) => expect(run(noted(`${dropTo(0)}${instruction}`)).x(S2)).toBe(2n),
  );

  test.each([
    ["TVM", 20, "csrr a0, satp"],
    ["TVM", 20, "sfence.vma"],
    ["TW", 21, "wfi"],
    ["TSR", 22, "sret"],
  ])("mstatus.%s (bit %i) makes %s illegal in S-mode", (_, bit, instruction) => {
    const causeWith = (value: number): bigint =>
      run(
        notedBoth(` li t0, ${value} << ${bit}\n csrs mstatus, t0\n li t0, 32\n csrw mideleg, t0\n csrw mie, t0\n csrw mip, t0
        ${dropTo(1)} la t0, 8f\n csrw sepc, t0\n li t0, 256\n csrs sstatus, t0\n ${instruction}\n8: ecall`),
      ).x(S2);
    expect([causeWith(1), causeWith(0)]).toEqual([2n, 9n]);
  });

  test("counters are readable below M-mode where the counter-enables of all modes above allow", () => {
    const causeIn = (mode: number, mcounteren: number, scounteren: number): bigint =>
      run(
        noted(
          ` csrwi mcounteren, ${mcounteren}\n csrwi scounteren, ${scounteren}\n${dropTo(mode)} csrr a0, instret\n ecall`,
        ),
      ).x(S2);
    expect([causeIn(1, 4, 0), causeIn(1, 0, 4), causeIn(0, 4, 4), causeIn(0, 4, 0), causeIn(0, 0, 4)]).toEqual([
      9n,
      2n,
      8n,
      2n,
      2n,
    ]);
  });
});

describe("delegation", () => {
  test("a delegated exception of U-mode is taken in S-mode, with its own registers", () => {
    const { x, symbol } = run(notedBoth(` li t0, 1 << 8\n csrw medeleg, t0\n${dropTo(0)}here: ecall`));
    expect([x(S2), x(S3), x(S4), x(S5)]).toEqual([8n, 0n, symbol("here"), 1n]);
  });

  test("sstatus.SPP tells where it came from", () => {
    const spp = (mode: number): bigint =>
      (run(notedBoth(` li t0, 0x304\n csrw medeleg, t0\n${dropTo(mode)} .word 0`)).x(S6) >> 8n) & 1n;
    expect([spp(0), spp(1)]).toEqual([0n, 1n]);
  });

  test("a delegated exception of M-mode is taken in M-mode all the same", () => {
    const { x } = run(notedBoth(" li t0, 4\n csrw medeleg, t0\n .word 0"));
    expect([x(S2), x(S5) === 1n]).toEqual([2n, false]);
  });

  test("sret returns to U-mode", () => {
    const { x } = run(noted(`${dropTo(1)} la t0, 7f\n csrw sepc, t0\n sret\n7: ecall`));
    expect(x(S2)).toBe(8n);
  });
});

describe("interrupts", () => {
  const MTIMECMP = " li t1, 0x2004000\n";
  const enable = (mie: string): string => ` li t0, ${mie}\n csrw mie, t0\n csrsi mstatus, 8\n`;

  test("the timer is taken before the first instruction that would begin at or after its cycle", () => {
    for (let cycle = 8; cycle < 20; cycle += 1) {
      const body = `${MTIMECMP} li t0, ${cycle}\n sd t0, 0(t1)\n${enable("128")}start: ${" addi s6, s6, 1\n".repeat(32)}`;
      const { x, symbol } = run(noted(body));
      // Without a timing model one instruction takes one cycle, and the program begins at cycle 0.
      const startCycle = Number(symbol("start") - RESET) / 4;
      const executed = BigInt(Math.max(0, cycle - startCycle));
      expect([x(S2), x(S4), x(S6)]).toEqual([(1n << 63n) | 7n, symbol("start") + 4n * executed, executed]);
    }
  });

  test("a timer behind the clock is pending at once, and waits for both enables", () => {
    const { x, symbol } = run(
      noted(`${MTIMECMP} sd zero, 0(t1)\n li t0, 128\n csrw mie, t0\n nop\n csrsi mstatus, 8\nhere: nop`),
    );
    expect([x(S2), x(S4)]).toEqual([(1n << 63n) | 7n, symbol("here")]);
  });

  test("in vectored mode an interrupt goes to base + 4 x its number, an exception to the base", () => {
    const vectors = ` .balign 64\nvectors: ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `j v${n}\n`).join("")}${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `v${n}: li s6, ${n}\n j note\n`).join("")}`;
    const vectored = (body: string): bigint =>
      run(`${noted(` la t0, vectors\n addi t0, t0, 1\n csrw mtvec, t0\n${body}`)}${vectors}`).x(S6);
    expect(vectored(`${MTIMECMP} sd zero, 0(t1)\n${enable("128")}`)).toBe(7n);
    expect(vectored(` li t1, 0x2000000\n li t0, 1\n sw t0, 0(t1)\n${enable("8")}`)).toBe(3n);
    expect(vectored(" .word 0")).toBe(0n);
  });

  test("of several interrupts the highest in priority is taken: external, software, timer, machine before supervisor", () => {
    const pending = ` li t1, 0x2000000\n li t0, 1\n sw t0, 0(t1)\n li t1, 0x2004000\n sd zero, 0(t1)\n li t0, 0x222\n csrw mip, t0\n`;
    const cause = (mie: string): bigint => run(noted(`${pending}${enable(mie)}`)).x(S2) & 0xffn;
    expect(["0xaaa", "0x2aa", "0x2a2", "0x222", "0x022", "0x020"].map(cause)).toEqual([3n, 3n, 7n, 9n, 1n, 5n]);
  });

  test("a delegated interrupt is taken in S-mode where sstatus.SIE allows, and never in M-mode", () => {
    const pending = " li t0, 2\n csrw mideleg, t0\n csrw mie, t0\n csrw mip, t0\n csrsi mstatus, 8\n nop\n nop\n";
    const { x, symbol } = run(notedBoth(`${pending}${dropTo(1)} nop\n csrsi sstatus, 2\nhere: nop\n ecall`));
    expect([x(S2), x(S4), x(S5)]).toEqual([(1n << 63n) | 1n, symbol("here"), 1n]);
  });

  test("in U-mode a delegated interrupt needs no enable in sstatus", () => {
    const { x } = run(
      notedBoth(` li t0, 2\n csrw mideleg, t0\n csrw mie, t0\n csrw mip, t0\n${dropTo(0)} nop\n ecall`),
    );
    expect([x(S2), x(S5)]).toEqual([(1n << 63n) | 1n, 1n]);
  });

  test("with menvcfg.STCE stimecmp drives STIP, which software then cannot write", () => {
    const on = " li t0, 1 << 63\n csrw menvcfg, t0\n";
    const pendingBit = (body: string): bigint => (run(noted(`${body} csrr s6, mip\n ecall`)).x(S6) >> 5n) & 1n;
    expect(pendingBit(`${on} csrw stimecmp, zero\n`)).toBe(1n);
    expect(pendingBit(`${on} li t0, -1\n csrw stimecmp, t0\n li t0, 32\n csrw mip, t0\n`)).toBe(0n);
    expect(pendingBit(` li t0, 32\n csrw mip, t0\n${on} li t0, -1\n csrw stimecmp, t0\n`)).toBe(0n);
    expect(pendingBit(`${on} li t0, 32\n csrw mip, t0\n csrw menvcfg, zero\n`)).toBe(0n);
    expect(pendingBit(" csrw stimecmp, zero\n")).toBe(0n);
    expect(pendingBit(" li t0, 32\n csrw mip, t0\n")).toBe(1n);
  });

  test("S-mode reaches stimecmp where STCE and mcounteren.TM both allow", () => {
    const causeWith = (stce: number, tm: number): bigint =>
      run(
        noted(
          ` li t0, ${stce} << 63\n csrw menvcfg, t0\n csrwi mcounteren, ${tm << 1}\n${dropTo(1)} csrw stimecmp, zero\n ecall`,
        ),
      ).x(S2);
    expect([causeWith(1, 1), causeWith(1, 0), causeWith(0, 1)]).toEqual([9n, 2n, 2n]);
  });
});

describe("WFI", () => {
  test("time passes to the timer's cycle, and the interrupt comes after the WFI", () => {
    const { x, machine, symbol } = run(
      noted(
        " li t1, 0x2004000\n li t0, 5000\n sd t0, 0(t1)\n li t0, 128\n csrw mie, t0\n csrsi mstatus, 8\n wfi\nhere: nop",
      ),
    );
    expect([x(S2), x(S4)]).toEqual([(1n << 63n) | 7n, symbol("here")]);
    expect(machine.cycles).toBeGreaterThan(5000);
    expect(machine.cycles).toBeLessThan(5020);
  });

  test("with interrupts disabled globally it goes on behind the WFI", () => {
    const { x, stop } = run(
      ` li t1, 0x2004000\n li t0, 5000\n sd t0, 0(t1)\n li t0, 128\n csrw mie, t0\n wfi\n li s2, 1\n${PASS}`,
    );
    expect([x(S2), stop.kind]).toEqual([1n, "exit"]);
  });

  test("where no timer will ever end it the run ends, and says where", () => {
    const { stop, symbol } = run(" wfi\nbehind: nop\n");
    expect(stop).toEqual({ kind: "asleep", pc: `0x${symbol("behind").toString(16)}` });
  });

  test("a limit on cycles ends a sleep, and a later run goes on with it", () => {
    const { machine } = load(
      ` li t1, 0x2004000\n li t0, 5000\n sd t0, 0(t1)\n li t0, 128\n csrw mie, t0\n wfi\n${PASS}`,
    );
    expect(machine.run({ maxCycles: 2000 })).toEqual({ kind: "limit", limit: "cycles" });
    expect([machine.cycles, machine.run()]).toEqual([2000, { kind: "exit", status: 0 }]);
  });
});

describe("wedges", () => {
  test("a vector where nothing is ends the run with the trap that led there", () => {
    const { stop } = run(" csrw mtvec, zero\nhere: lw a0, 8(zero)");
    const fetch = { cause: 1, pc: "0x0", tval: "0x0" };
    expect(stop).toEqual({ kind: "wedge", ...fetch, origin: { cause: 5, pc: "0x80000004", tval: "0x8" } });
  });

  test("a handler that gets one instruction further is no wedge", () => {
    const { stop } = run(" la t0, handler\n csrw mtvec, t0\n .balign 4\nhandler: nop\n .word 0\n");
    expect(stop).toEqual({ kind: "limit", limit: "instructions" });
  });

  test("an S-mode handler that traps for ever is no wedge while a timer of M-mode may come", () => {
    const timer = " li t1, 0x2004000\n li t0, 500\n sd t0, 0(t1)\n li t0, 128\n csrw mie, t0\n";
    const stuck = (setup: string): string =>
      noted(`${setup} li t0, 6\n csrw medeleg, t0\n csrw stvec, zero\n${dropTo(1)} .word 0`);
    expect(run(stuck(timer)).x(S2)).toBe((1n << 63n) | 7n);
    expect(run(stuck("")).stop.kind).toBe("wedge");
  });
});

describe("limits", () => {
  test("a run of n instructions retires n, and goes on where it stopped", () => {
    const { machine } = load(`${" addi s2, s2, 1\n".repeat(20)}${PASS}`);
    expect(machine.run({ maxInstructions: 7 })).toEqual({ kind: "limit", limit: "instructions" });
    expect([machine.instructions, machine.engine.x(S2)]).toEqual([7, 7n]);
    expect([machine.run(), machine.engine.x(S2)]).toEqual([{ kind: "exit", status: 0 }, 20n]);
  });

  test("progress is told every so many instructions", () => {
    const seen: number[] = [];
    run(`${" nop\n".repeat(25)}${PASS}`, { onProgress: (n) => seen.push(n), progressInstructions: 10 });
    expect(seen).toEqual([10, 20]);
  });
});
