// Faults: whatever a compartment does wrong, its caller gets an error, the others lose nothing, and the run goes on.
import { describe, expect, test } from "vitest";
import { CAUSE } from "../../../isa/cause.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import { ERRORS } from "../../../kernel/abi.ts";
import { FAULT_LOG_ENTRIES, STATUS } from "../../../kernel/sasos/objects.ts";
import { RAM_BASE } from "../../../sim/machine/machine.ts";
import { everyCapability, World, type TestCompartment } from "./world.ts";

const FAULT_ERROR = BigInt.asUintN(64, BigInt(-ERRORS.fault));

/** Calls slot 0, records a0 and its own state, then calls slot 1 and records that. */
const client: TestCompartment = {
  name: "client",
  imports: ["victim", "healthy"],
  code: `
client_start:
        FILL_REGISTERS
        ymv     s11, sp
        ymv     a0, gp
        CALL    0
after:  SAVE_REGISTERS
        yeq     t0, sp, s11
        sd      t0, FREE(gp)
        CALL    1
        sd      a0, FREE + 8(gp)
        EXIT`,
};
const healthy: TestCompartment = { name: "healthy", code: "service_entry: li a0, 77; ret" };
const victim = (code: string, more: Partial<TestCompartment> = {}): TestCompartment => ({
  name: "victim",
  code: `service_entry: ${code}`,
  imports: ["healthy"],
  ...more,
});

/** What each misdeed does, and the cause that the log has for it; `wrong:` marks the instruction, absent where the target faults. */
const MISDEEDS: Record<string, readonly [cause: number, code: string]> = {
  "loads beyond its data": [CAUSE.cheriLoadAccessFault, "wrong: ld t0, -8(gp)"],
  "loads from its caller's stack": [CAUSE.cheriLoadAccessFault, "wrong: ld t0, 0(sp)"],
  "loads below its own slice": [CAUSE.cheriLoadAccessFault, "wrong: ld t0, -264(sp)"],
  "loads through an integer": [CAUSE.cheriLoadAccessFault, "li t1, 0x80000000; wrong: ld t0, 0(t1)"],
  "loads through an integer that is its own data": [CAUSE.cheriLoadAccessFault, "mv t1, gp; wrong: ld t0, 0(t1)"],
  "loads through another's entry": [CAUSE.cheriLoadAccessFault, "ly t1, 0(gp); wrong: ld t0, 16(t1)"],
  "loads through its return link": [CAUSE.cheriLoadAccessFault, "wrong: ld t0, 0(ra)"],
  "loads through the token in utidc": [CAUSE.cheriLoadAccessFault, "csrr t1, utidc; wrong: ly t0, -1(t1)"],
  "stores beyond its data": [CAUSE.cheriStoreAccessFault, "lui t1, 1; yadd t1, gp, t1; wrong: sd t0, 0(t1)"],
  "stores to its own text": [CAUSE.cheriStoreAccessFault, "auipc t1, 0; wrong: sd t0, 0(t1)"],
  "stores through a capability it made read-only": [
    CAUSE.cheriStoreAccessFault,
    "li t0, PERM_W; ypermc t1, gp, t0; wrong: sd t0, 0(t1)",
  ],
  "zeroes a block of its caller's stack": [CAUSE.cheriStoreAccessFault, "wrong: cbo.zero (sp)"],
  "swaps a word outside its data": [CAUSE.cheriStoreAccessFault, "yaddi t1, gp, -8; wrong: amoswap.d t0, t0, (t1)"],
  "stores a capability at an odd place": [CAUSE.storeAccessFault, "yaddi t1, gp, 8; wrong: sy gp, 0(t1)"],
  "jumps to its data": [CAUSE.cheriInstructionAccessFault, "jr gp"],
  "jumps to the token in utidc": [CAUSE.cheriInstructionAccessFault, "csrr t0, utidc; jr t0"],
  "jumps to data that it sealed, at an even address": [CAUSE.cheriInstructionAccessFault, "ysentry t0, gp; jr t0"],
  "jumps past an entry": [CAUSE.cheriInstructionAccessFault, "ly t0, 0(gp); jr 4(t0)"],
  "jumps to an entry that it moved": [CAUSE.cheriInstructionAccessFault, "ly t0, 0(gp); yaddi t0, t0, 4; jr t0"],
  "jumps to an integer inside the switcher": [CAUSE.cheriInstructionAccessFault, "ly t0, 0(gp); mv t0, t0; jr t0"],
  "jumps to an integer inside the switcher, to be sent back behind the jump": [
    CAUSE.cheriInstructionAccessFault,
    "ymv s0, ra; ly t0, 0(gp); mv t0, t0; jalr ra, 0(t0); li a0, 55; ymv ra, s0; ret",
  ],
  "jumps outside its text": [CAUSE.cheriInstructionAccessFault, "auipc t0, 0x1000; jr t0"],
  "jumps to nothing": [CAUSE.cheriInstructionAccessFault, "li t0, 0; jr t0"],
  "executes its data": [CAUSE.cheriInstructionAccessFault, "li t0, 0x8067; sd t0, FREE(gp); yaddi t0, gp, FREE; jr t0"],
  "executes nonsense": [CAUSE.illegalInstruction, "wrong: .word 0"],
  "writes utidc": [CAUSE.illegalInstruction, "wrong: csrw utidc, gp"],
  "reads the kernel's stvec": [CAUSE.illegalInstruction, "wrong: csrr t0, stvec"],
  "reads the clock": [CAUSE.illegalInstruction, "wrong: rdtime t0"],
  "returns from a trap that it is not in": [CAUSE.illegalInstruction, "wrong: sret"],
  "flushes translations": [CAUSE.illegalInstruction, "wrong: sfence.vma"],
  breaks: [CAUSE.breakpoint, "wrong: ebreak"],
  "makes a system call that there is not": [CAUSE.ecallFromU, "li a7, 12345; wrong: ecall"],
  "tries to end the run": [CAUSE.ecallFromU, "li a0, 0; li a7, SYS_exit; wrong: ecall"],
  "unseals the token with its own data": [
    CAUSE.cheriLoadAccessFault,
    "csrr t0, utidc; ysunseal t0, gp, t0; wrong: ld t0, -1(t0)",
  ],
  "builds a capability from an integer": [
    CAUSE.cheriLoadAccessFault,
    "mv t0, gp; ybld t0, gp, t0; wrong: ld t0, 0(t0)",
  ],
};

describe.each(Object.entries(MISDEEDS))("a compartment that %s", (_, [cause, code]) => {
  const world = new World([client, victim(code), healthy]).runToEnd();

  test("is stopped, its caller gets the error and keeps its own state, and the run goes on", () => {
    expect(world.saved("client", "a0")).toEqual({ tag: 0, meta: 0n, addr: FAULT_ERROR });
    for (const r of ["a1", "a2", "a7", "t0", "t6", "tp"]) {
      expect(world.saved("client", r), r).toEqual({ tag: 0, meta: 0n, addr: 0n });
    }
    expect(world.saved("client", "s0").tag).toBe(1);
    expect([world.free("client"), world.free("client", 8)]).toEqual([1n, 77n]);
  });

  test("is in the log with cause and place, and counted", () => {
    const [fault, ...more] = world.faults();
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ compartment: "victim", cause });
    if (code.includes("wrong:")) expect(Number(fault!.pc)).toBe(world.label("victim", "wrong"));
    const counts = world.manifest.compartments.map((__, i) => world.word(world.symbol("fault_counts") + 8 * i));
    expect(counts).toEqual([0n, 1n, 0n]);
  });
});

test("what a compartment left in its stack slice is gone after its fault", () => {
  const leaves = "sd sp, -8(sp); sy gp, -32(sp); yaddi t0, sp, -256; sd t0, 0(t0); wrong: ebreak";
  const caller = { ...client, code: "client_start: CALL 0; EXIT", imports: ["victim"] };
  const world = new World([caller, victim(leaves), healthy]).runToEnd();
  expect(world.faults().map((fault) => fault.compartment)).toEqual(["victim"]);
  expect(world.bytes({ base: world.stack.base, bytes: world.stack.bytes - 256 }).every((byte) => byte === 0)).toBe(
    true,
  );
});

test("a fault two calls deep is an error to the compartment in between, which may carry on", () => {
  const between = victim("yaddi sp, sp, -16; sy ra, 0(sp); CALL 0; ly ra, 0(sp); addi a0, a0, 100; ret", {
    name: "between",
    imports: ["deep"],
  });
  const deep = victim("ld t0, 0(sp)", { name: "deep" });
  const world = new World([{ ...client, imports: ["between", "healthy"] }, between, deep, healthy]).runToEnd();
  expect(world.saved("client", "a0").addr).toBe(BigInt.asUintN(64, FAULT_ERROR + 100n));
  expect(world.faults().map((f) => f.compartment)).toEqual(["deep"]);
});

test("what a compartment left on its stack when it faulted is gone", () => {
  const code = "yaddi sp, sp, -64; sd gp, 0(sp); sy gp, 16(sp); sy ra, 32(sp); ld t0, 64(sp)";
  const world = new World([client, victim(code), healthy]).runToEnd();
  expect(world.bytes({ base: world.stack.base, bytes: world.stack.bytes - 256 }).every((b) => b === 0)).toBe(true);
});

test("more faults than the log holds are all counted, and the log keeps the newest", () => {
  const faults = FAULT_LOG_ENTRIES + 3;
  const code = `
client_start:
        li      s0, ${faults}
1:      mv      a0, s0
        CALL    0
        addi    s0, s0, -1
        bnez    s0, 1b
        EXIT`;
  const storing = victim("sd zero, 0(a0)", { imports: [] });
  const world = new World([{ ...client, code, imports: ["victim"] }, storing]).runToEnd();
  expect(world.word(world.symbol("fault_count"))).toBe(BigInt(faults));
  expect(world.word(world.symbol("fault_counts") + 8)).toBe(BigInt(faults));
  const newest = Array.from({ length: FAULT_LOG_ENTRIES }, (_, i) => BigInt(i < 3 ? 3 - i : faults - i));
  expect(
    world
      .faults()
      .slice(0, FAULT_LOG_ENTRIES)
      .map((f) => f.tval),
  ).toEqual(newest);
});

describe("the client, whom nobody called, ends the run and says so", () => {
  test.each([
    ["with a fault", CAUSE.cheriLoadAccessFault, "ld t0, -8(gp)"],
    ["with a fault that looks like its exit", CAUSE.cheriLoadAccessFault, "li a0, 0; li a7, SYS_exit; ld t0, -8(gp)"],
    ["with a system call that there is not", CAUSE.ecallFromU, "li a0, 0; li a7, 12345; ecall"],
  ])("%s", (_, cause, code) => {
    const world = new World([{ name: "client", code: `client_start: ${code}` }]);
    expect(world.run()).toEqual({ kind: "exit", status: STATUS.clientFault });
    expect(world.faults()).toMatchObject([{ compartment: "client", cause }]);
  });
});

describe("a trap of the kernel itself, which is a bug, ends the run and says so:", () => {
  test.each([
    ["while it serves a fault", STATUS.kernelTrap, (world: World): number => world.symbol("fault")],
    ["while it loads", STATUS.refused, (world: World): number => world.symbol("load_links")],
    ["at the end of boot", STATUS.machineTrap, lastOfBoot],
  ])("%s", (_, status, place) => {
    const world = new World([client, victim("ebreak"), healthy]);
    world.machine.memory.write(place(world) - RAM_BASE, new Uint8Array(4));
    expect(world.run()).toEqual({ kind: "exit", status });
  });
});

/** Address of boot's mret: the firmware's own handler is in force there. */
function lastOfBoot(world: World): number {
  const MRET = 0x3020_0073;
  for (let at = world.symbol("boot"); ; at += 4) {
    if (world.machine.memory.fetch32(at - RAM_BASE) === MRET) return at;
  }
}

test("the data of others is the same as if the call had returned the error", () => {
  const run = (code: string): World => new World([client, victim(code), healthy]).runToEnd();
  const [faulted, returned] = [run("ld t0, 0(sp); nop; nop"), run("li a0, -ERROR_fault; li a1, 0; ret")];
  for (const name of ["client", "healthy"]) {
    expect(faulted.bytes(faulted.compartment(name).data)).toEqual(returned.bytes(returned.compartment(name).data));
  }
});

test("a token that a jump opened, for its address was even, stays in the kernel", () => {
  const world = new World([client, victim("ysentry t0, gp; jr t0"), healthy]);
  const opened = BigInt(world.compartment("victim").data.base);
  world.stepTo(world.symbol("fault"), false);
  expect(world.machine.hart.sepc).toMatchObject({ tag: 1n, addr: opened });
  expect(world.machine.hart.sepc.meta & SEALED).toBe(0n);
  world.stepTo(world.label("client", "after"));
  const registers = everyCapability(world.machine).filter((c) => c.where.startsWith("x"));
  expect(registers.filter((c) => c.cap.addr === opened)).toEqual([]);
});
