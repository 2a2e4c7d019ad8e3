// Interruption: a tick at every instruction of a crossing changes nothing, and a fault at any of them is an error of the call.
import { describe, expect, test } from "vitest";
import { ERRORS } from "../../../kernel/abi.ts";
import { regionEnd } from "../../../kernel/layout.ts";
import { RAM_BASE } from "../../../sim/machine/machine.ts";
import { CONTEXT, TRUSTED } from "../../../kernel/sasos/objects.ts";
import { encodeBounds } from "../../../isa/cap/bounds.ts";
import { CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { FREE_AT, World, type TestCompartment } from "./world.ts";

const FAULT_ERROR = BigInt.asUintN(64, BigInt(-ERRORS.fault));
const MODE_USER = 0;

/** Where the switcher's instructions are executed in one call and return, in order. */
function crossingOf(world: World): number[] {
  const path: number[] = [];
  const { engine, hart } = world.machine;
  const [from, to] = [world.symbol("entry_stubs"), world.symbol("switcher_left")];
  const inside = (pc: number): boolean => hart.mode === MODE_USER && pc >= from && pc < to;
  while (world.machine.step() === undefined) {
    const pc = Number(engine.pcc.addr);
    if (inside(pc) && !path.includes(pc)) path.push(pc);
  }
  return path;
}

describe("a timer tick", () => {
  const CALLS = 150;
  const client: TestCompartment = {
    name: "client",
    imports: ["server"],
    code: `
client_start:
        FILL_REGISTERS
        li      s0, ${CALLS}
        li      s1, 0
1:      mv      a0, s0
        CALL    0
        add     s1, s1, a0
        addi    s0, s0, -1
        bnez    s0, 1b
        sd      s1, FREE(gp)
        SAVE_REGISTERS
        EXIT`,
  };
  const server: TestCompartment = { name: "server", code: "service_entry: slli a0, a0, 1; ret", stackBytes: 64 };
  const quiet = new World([client, server]).runToEnd();

  test("at each instruction of a crossing leaves the same result and the same registers", () => {
    const missed = new Set(crossingOf(new World([client, server])));
    // Instructions between two ticks and instructions of a loop have no common factor for one of these, so that ticks
    // come to each instruction in turn.
    for (const tickCycles of [150, 151, 152, 153]) {
      if (missed.size === 0) break;
      const world = new World([client, server], { tickCycles });
      const { hart, engine } = world.machine;
      const tick = world.symbol("tick");
      for (;;) {
        if (Number(engine.pcc.addr) === tick && hart.mode !== MODE_USER) missed.delete(Number(hart.sepc.addr));
        const stop = world.machine.step();
        if (stop === undefined) continue;
        expect(stop).toEqual({ kind: "exit", status: 0 });
        break;
      }
      expect(world.bytes(world.compartment("client").data)).toEqual(quiet.bytes(quiet.compartment("client").data));
    }
    expect([...missed].map((pc) => pc.toString(16))).toEqual([]);
  });

  test("comes as often as the manifest says", () => {
    const world = new World([client, server], { tickCycles: 500 });
    let ticks = 0;
    world.stepTo(world.manifest.start.entry);
    const start = world.machine.cycles;
    const tick = world.symbol("tick");
    while (world.machine.step() === undefined) if (Number(world.machine.engine.pcc.addr) === tick) ticks += 1;
    expect(ticks).toBeGreaterThan(5);
    expect(Math.abs(ticks - (world.machine.cycles - start) / 500)).toBeLessThan(ticks / 8 + 1);
  });
});

describe("two threads", () => {
  const C = CONTEXT.layout(16);
  const first = `
client_start:
1:      ld      t0, FREE(gp)                    # waits until the other has counted
        li      t1, 50
        bltu    t0, t1, 1b
        CALL    0                               # its own trusted stack is still there
        sd      a0, FREE + 8(gp)
        EXIT`;
  const second = `
second_start:
        csrr    t0, utidc
        sy      t0, FREE + 16(gp)
1:      addi    s0, s0, 1
        sd      s0, FREE(gp)
        j       1b`;
  const client = { name: "client", imports: ["server"], code: first + second };
  const server = { name: "server", code: "service_entry: li a0, 77; ret" };

  /** Puts a second thread into the ring, as a kernel that makes threads would: at the end of the first one's trusted stack. */
  function addThread(world: World): void {
    const { regions } = world;
    const { memory, engine } = world.machine;
    const at = regionEnd(regions.trustedStack) - C.bytes;
    const m = new CapabilityArithmetic(true);
    const { meta } = world.capability(regions.context + C.at.next);
    const to = (address: number): bigint => encodeBounds(m, meta, BigInt(address), BigInt(C.bytes)).meta;
    const store = (address: number, cap: { meta: bigint; addr: bigint }): void =>
      memory.storeCapability(address - RAM_BASE, 1, cap.meta, cap.addr);
    store(regions.context + C.at.next, { meta: to(at), addr: BigInt(at) });
    store(at + C.at.next, { meta: to(regions.context), addr: BigInt(regions.context) });
    store(at + C.at.pcc, { meta: engine.pcc.meta, addr: BigInt(world.label("client", "second_start")) });
    store(at + C.at.gp, engine.y(3));
  }

  test("take turns at each tick, each with its own registers and its own token", () => {
    const world = new World([client, server], { tickCycles: 400 });
    world.stepTo(world.manifest.start.entry);
    addThread(world);
    world.runToEnd();
    expect(Number(world.free("client"))).toBeGreaterThanOrEqual(50);
    expect(world.free("client", 8)).toBe(77n);
    expect(world.capability(world.compartment("client").data.base + FREE_AT + 16)).toEqual({
      tag: 0,
      meta: 0n,
      addr: 0n,
    });
  });
});

describe("a fault injected at any instruction of a crossing", () => {
  const client: TestCompartment = {
    name: "client",
    imports: ["server"],
    code: `
client_start:
        FILL_REGISTERS
        ymv     s11, sp
        CALL    0
        SAVE_REGISTERS
        yeq     t0, sp, s11
        sd      t0, FREE(gp)
        CALL    0
        sd      a0, FREE + 8(gp)
        EXIT`,
  };
  const server: TestCompartment = {
    name: "server",
    code: "service_entry: FILL_REGISTERS; sd gp, -8(sp); li a0, 7; ret",
  };
  const world = new World([client, server]);
  const path = crossingOf(world);
  const stack = { base: world.stack.base, bytes: world.stack.bytes - 256 };
  const { trustedStack } = world.regions;

  /** Makes the first execution of an instruction an illegal one. */
  function injectAt(pc: number): void {
    const { memory } = world.reboot().machine;
    world.stepTo(pc);
    const offset = pc - RAM_BASE;
    const original = memory.bytes.slice(offset, offset + 4);
    memory.write(offset, new Uint8Array(4));
    world.machine.step();
    memory.write(offset, original);
  }

  test("is an error of that call, with the caller's state its own, and the next call succeeds", () => {
    expect(path.length).toBeGreaterThan(100);
    for (const pc of path) {
      injectAt(pc);
      world.runToEnd();
      const where = `at switcher_call + ${pc - world.symbol("switcher_call")}`;
      expect(world.faults().length, where).toBe(1);
      expect(world.saved("client", "a0").addr, where).toBe(FAULT_ERROR);
      for (const r of ["a1", "a2", "t0", "t6", "tp"]) {
        expect(world.saved("client", r), `${r} ${where}`).toEqual({ tag: 0, meta: 0n, addr: 0n });
      }
      const own = world.compartment("client").data;
      for (const r of ["s0", "s5", "s10"]) {
        const { tag, addr } = world.saved("client", r);
        expect(tag === 1 && Number(addr) >= own.base && Number(addr) < regionEnd(own), `${r} ${where}`).toBe(true);
      }
      expect([world.free("client"), world.free("client", 8)], where).toEqual([1n, 7n]);
      expect(
        world.bytes(stack).every((byte) => byte === 0),
        where,
      ).toBe(true);
      const top = world.word(trustedStack.base + TRUSTED.layout(16).at.top);
      expect(top, where).toBe(world.word(trustedStack.base + TRUSTED.layout(16).at.first));
    }
  });
});
