// The machine with capabilities: what the pcc allows, what traps save, what ASR gates, what widened CSRs keep.
import { describe, expect, test } from "vitest";
import { encodeBounds } from "../../../isa/cap/bounds.ts";
import { infiniteMeta, PERMISSION, SEALED } from "../../../isa/cap/format.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import type { Machine } from "../../../sim/machine/machine.ts";
import { load, type ProgramOptions } from "../../drivers/machine.ts";

const START = 0x8000_0000n;
const INFINITE = infiniteMeta(false);
const { X, ASR } = PERMISSION;
const A0 = 10;

const m = new CapabilityArithmetic(false);
const infinite = (addr: bigint): Capability => new Capability(1n, INFINITE, addr, undefined);
/** A capability of exactly these bounds, without the given permissions. */
function bounded(base: bigint, length: bigint, without = 0n): Capability {
  const { meta, exact } = encodeBounds(m, INFINITE & ~without, base, length);
  expect(exact).toBe(1n);
  return new Capability(1n, meta, base, undefined);
}
const at = (y: Capability, addr: bigint): Capability => new Capability(y.tag, y.meta, addr, undefined);
const sealed = (y: Capability): Capability => new Capability(y.tag, y.meta | SEALED, y.addr, undefined);
const plain = ({ tag, meta, addr }: Capability): { tag: bigint; meta: bigint; addr: bigint } => ({ tag, meta, addr });

/** A machine that is about to execute the program with the given pcc; traps go to where nothing is. */
function machineAt(pcc: Capability, source: string, options: ProgramOptions = {}): Machine {
  const { machine } = load(source, { isa: "rv64y", ...options });
  machine.engine.resume(pcc);
  return machine;
}
/** Steps until a trap into M-mode, at most n times. */
function steps(machine: Machine, n: number): Machine {
  for (let i = 0; i < n; i += 1) machine.step();
  return machine;
}
const trapOf = ({ hart }: Machine): { cause: bigint; tval: bigint; mepc: unknown } => ({
  cause: hart.mcause,
  tval: hart.mtval,
  mepc: plain(hart.mepc),
});

describe("reset", () => {
  test("pcc, mtvec and mepc are Infinite, the registers NULL, in M-mode", () => {
    const { machine } = load(" nop", { isa: "rv64y" });
    const { engine, hart } = machine;
    expect(plain(engine.pcc)).toEqual(plain(infinite(START)));
    expect([hart.mtvec, hart.mepc].map(plain)).toEqual([infinite(0n), infinite(0n)].map(plain));
    expect(Array.from({ length: 32 }, (_, r) => plain(engine.y(r)))).toEqual(
      new Array(32).fill({ tag: 0n, meta: 0n, addr: 0n }),
    );
    expect(hart.mode).toBe(3);
  });

  test("an integer machine has no capability anywhere", () => {
    const { machine } = load(" nop");
    expect([machine.engine.pcc, machine.hart.mtvec].map(plain)).toEqual([
      { tag: 0n, meta: 0n, addr: START },
      { tag: 0n, meta: 0n, addr: 0n },
    ]);
  });
});

describe("the pcc", () => {
  const nops = " nop\n".repeat(16);

  test("code runs to the last instruction within bounds and faults at the next, whose pcc is still tagged", () => {
    const pcc = bounded(START, 12n);
    const machine = steps(machineAt(pcc, nops), 4);
    expect(machine.instructions).toBe(3);
    expect(trapOf(machine)).toEqual({ cause: 32n, tval: START + 12n, mepc: plain(at(pcc, START + 12n)) });
  });

  test("code below its base faults", () => {
    const pcc = bounded(START + 4n, 12n);
    expect(trapOf(steps(machineAt(at(pcc, START), nops), 1)).cause).toBe(32n);
  });

  test("all bytes of an instruction must be in bounds", () => {
    const causeOf = (instruction: string, length: bigint): bigint =>
      trapOf(steps(machineAt(bounded(START, length), ` ${instruction}`), 1)).cause;
    expect([1n, 2n, 3n, 4n].map((length) => causeOf("lui a0, 1", length))).toEqual([32n, 32n, 32n, 0n]);
    expect([1n, 2n].map((length) => causeOf("c.nop", length))).toEqual([32n, 0n]);
  });

  test.each([
    ["without a tag", new Capability(0n, INFINITE, START, undefined)],
    ["sealed", sealed(infinite(START))],
    ["without X", new Capability(1n, INFINITE & ~(X | ASR), START, undefined)],
    ["with a reserved bit", new Capability(1n, INFINITE | (1n << 59n), START, undefined)],
  ])("a pcc %s faults at its first instruction and is saved as it is", (_, pcc) => {
    expect(trapOf(steps(machineAt(pcc, nops), 1))).toEqual({ cause: 32n, tval: START, mepc: plain(pcc) });
  });

  test("a jump out of the representable range loses the tag, one just out of bounds keeps it", () => {
    const pcc = bounded(START, 0x1000n);
    const jump = (distance: string): Machine => steps(machineAt(pcc, `here: j here + ${distance}`), 2);
    expect(plain(jump("0x1000").hart.mepc)).toEqual(plain(at(pcc, START + 0x1000n)));
    expect(plain(jump("0x80000").hart.mepc)).toEqual({ ...plain(at(pcc, START + 0x80000n)), tag: 0n });
  });

  test("a jump to a capability of other bounds or permissions in the same page brings these into force", () => {
    const jumpTo = (target: Capability): Machine => {
      const machine = machineAt(infinite(START), " jr a0\n .balign 16\n csrr a1, mstatus\n .balign 16\n nop");
      machine.engine.setY(A0, target);
      return steps(machine, 2);
    };
    expect(jumpTo(infinite(START + 16n)).hart.mcause).toBe(0n);
    expect(jumpTo(new Capability(1n, INFINITE & ~ASR, START + 16n, undefined)).hart.mcause).toBe(2n);
    expect(jumpTo(at(bounded(START, 16n), START + 16n)).hart.mcause).toBe(32n);
    expect(plain(jumpTo(bounded(START + 16n, 16n)).engine.pcc)).toEqual(
      plain(at(bounded(START + 16n, 16n), START + 20n)),
    );
  });

  test("bounds hold across pages", () => {
    const pcc = bounded(START + 0xff8n, 16n);
    const machine = steps(machineAt(pcc, " nop\n".repeat(2048)), 5);
    expect([machine.instructions, machine.hart.mtval]).toEqual([4, START + 0x1008n]);
  });

  test("cause 32 comes before a fetch that finds nothing", () => {
    const nowhere = bounded(0x4000_0000n, 8n);
    expect(trapOf(steps(machineAt(nowhere, ""), 1)).cause).toBe(1n);
    expect(trapOf(steps(machineAt(at(nowhere, 0x4000_0008n), ""), 1)).cause).toBe(32n);
  });
});

describe("ASR", () => {
  const illegal = (instruction: string): boolean => {
    const machine = machineAt(new Capability(1n, INFINITE & ~ASR, START, undefined), ` ${instruction}`);
    return steps(machine, 1).hart.mcause === 2n;
  };

  test.each([
    "csrr a0, mstatus",
    "csrr a0, mscratch",
    "csrr a0, stvec",
    "csrw mtvec, a0",
    "csrw utidc, a0",
    "csrw stidc, a0",
    "csrrw a0, mtidc, a1",
    "csrrsi a0, mtidc, 1",
    "mret",
    "sret",
  ])("%s is illegal without it", (instruction) => expect(illegal(instruction)).toBe(true));

  test.each([
    "csrr a0, utidc",
    "csrr a0, stidc",
    "csrr a0, mtidc",
    "csrr a0, cycle",
    "sfence.vma",
    "wfi",
    "fence.i",
    "ecall",
  ])("%s needs none", (instruction) => expect(illegal(instruction)).toBe(false));
});

describe("traps", () => {
  test("the handler runs with the vector's own capability", () => {
    const vector = bounded(START + 0x100n, 0x100n);
    const machine = machineAt(infinite(START), " ecall");
    machine.hart.mtvec = vector;
    expect(plain(steps(machine, 1).engine.pcc)).toEqual(plain(vector));
  });

  test("a sealed or untagged vector faults in its turn: a vector is not unsealed", () => {
    for (const vector of [sealed(infinite(START)), new Capability(0n, INFINITE, START, undefined)]) {
      const machine = machineAt(infinite(START), " ecall");
      machine.hart.mtvec = vector;
      expect(machine.run()).toMatchObject({ kind: "wedge", cause: 32, origin: { cause: 11 } });
    }
  });

  test("mret unseals what mepc holds", () => {
    const target = bounded(START + 8n, 0x100n);
    const machine = machineAt(infinite(START), " mret");
    machine.hart.mepc = sealed(target);
    machine.hart.mpp = 3;
    expect(plain(steps(machine, 1).engine.pcc)).toEqual(plain(target));
  });

  test("a jump to a sealed token of data unseals it into the pcc and faults there: mepc then holds the token's authority", () => {
    const token = bounded(START + 0x1000n, 64n, X | ASR);
    const machine = machineAt(infinite(START), " jr a0");
    machine.engine.setY(A0, sealed(token));
    expect(trapOf(steps(machine, 2))).toEqual({ cause: 32n, tval: token.addr, mepc: plain(token) });
  });

  test("a token with an odd address only loses its tag", () => {
    const token = at(bounded(START + 0x1000n, 64n, X | ASR), START + 0x1001n);
    const machine = machineAt(infinite(START), " jr a0");
    machine.engine.setY(A0, sealed(token));
    expect(steps(machine, 2).hart.mepc.tag).toBe(0n);
  });
});

describe("registers that hold capabilities", () => {
  const written = (
    csr: "mscratch" | "mtvec" | "mepc" | "utidc" | "sepc" | "stvec",
    value: Capability,
    isa = "rv64y",
  ): unknown => {
    const machine = machineAt(infinite(START), ` csrw ${csr}, a0`, { isa });
    machine.engine.setY(A0, value);
    return plain(steps(machine, 1).hart[csr]);
  };
  const small = bounded(START, 64n);
  const token = sealed(at(small, START + 4n));
  const corrupt = new Capability(1n, INFINITE | (1n << 59n), START, undefined);

  test("mscratch and utidc hold what they are given, sealed or not", () => {
    for (const csr of ["mscratch", "utidc"] as const) {
      expect([written(csr, small), written(csr, token)]).toEqual([plain(small), plain(token)]);
    }
  });

  test("a write of a corrupt capability loses its tag", () => {
    expect(written("mscratch", corrupt)).toEqual({ ...plain(corrupt), tag: 0n });
  });

  test("mtvec and stvec drop the tag of a sealed value", () => {
    expect([written("mtvec", token), written("stvec", token)]).toEqual(Array(2).fill({ ...plain(token), tag: 0n }));
  });

  test("a vectored mtvec keeps its tag only where every vector is representable", () => {
    const vectored = (y: Capability): unknown => written("mtvec", at(y, y.addr + 1n));
    const wide = bounded(START, 0x1000n);
    expect(vectored(wide)).toEqual(plain(at(wide, START + 1n)));
    // 64 MiB in steps of 16 KiB: the representable range ends 3/4 of 2^(E+14) above the base.
    const far = bounded(START, 1n << 26n);
    const edge = at(far, START + (3n << 26n) - 4n);
    expect(written("mtvec", edge)).toEqual(plain(edge));
    expect(vectored(edge)).toEqual({ ...plain(at(edge, edge.addr + 1n)), tag: 0n });
  });

  test("reserved modes of mtvec become direct and vectored", () => {
    expect([2n, 3n].map((mode) => written("mtvec", infinite(START + mode)))).toEqual(
      [0n, 1n].map((mode) => plain(infinite(START + mode))),
    );
  });

  test("mepc holds a sealed value, and loses the tag where the address is no instruction's", () => {
    expect(written("mepc", token)).toEqual(plain(token));
    expect(written("sepc", at(small, START + 1n))).toEqual({ ...plain(small), tag: 0n });
    const half = at(small, START + 2n);
    expect(written("mepc", half)).toEqual(plain(half));
    expect(written("mepc", half, "rv64ima_zicsr_y")).toEqual({ ...plain(small), tag: 0n });
  });

  test("setting bits moves the address as YADDRW does: a sealed value, or one moved too far, loses its tag", () => {
    const moved = (y: Capability, bits: bigint): Capability => {
      const machine = machineAt(infinite(START), " csrs mscratch, a0");
      machine.hart.mscratch = y;
      machine.engine.setX(A0, bits);
      return steps(machine, 1).hart.mscratch;
    };
    expect(plain(moved(small, 8n))).toEqual(plain(at(small, START + 8n)));
    expect(moved(token, 8n).tag).toBe(0n);
    expect(moved(small, 1n << 40n).tag).toBe(0n);
  });

  test("reading gives the whole register, and an integer register gives an integer", () => {
    const machine = machineAt(infinite(START), " csrr a0, mscratch\n csrr a1, mstatus");
    machine.hart.mscratch = token;
    expect(plain(steps(machine, 2).engine.y(A0))).toEqual(plain(token));
    expect(machine.engine.y(11).meta).toBe(0n);
  });
});
