// The machine with Zyhybrid: reset, switches of the pointer mode by instruction, jump, trap and return, CSR widths, and ddc.
import { describe, expect, test } from "vitest";
import { encodeBounds } from "../../../isa/cap/bounds.ts";
import { INTEGRAL, infiniteMeta, PERMISSION, SEALED } from "../../../isa/cap/format.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import type { Machine } from "../../../sim/machine/machine.ts";
import { load, run as runToEnd, PASS } from "../../drivers/machine.ts";

const isa = "rv64y_zyhybrid";
const RAM_BYTES = 64 << 10;
const START = 0x8000_0000n;
const ROOT = infiniteMeta(false);
const { X, ASR } = PERMISSION;
const [RA, A0, A1, A2] = [1, 10, 11, 12];

const m = new CapabilityArithmetic(false, true);
const plain = ({ tag, meta, addr }: Capability): { tag: bigint; meta: bigint; addr: bigint } => ({ tag, meta, addr });
const number = (addr: bigint): unknown => ({ tag: 0n, meta: 0n, addr });
/** All authority, for Capability Pointer Mode and for Integral. */
const root = (addr: bigint, without = 0n): Capability => new Capability(1n, ROOT & ~without, addr, undefined);
const integral = (y: Capability): Capability => new Capability(y.tag, y.meta | INTEGRAL, y.addr, undefined);
const sealed = (y: Capability): Capability => new Capability(y.tag, y.meta | SEALED, y.addr, undefined);
const at = (y: Capability, addr: bigint): Capability => new Capability(y.tag, y.meta, addr, undefined);
function bounded(base: bigint, length: bigint, without = 0n): Capability {
  const { meta, exact } = encodeBounds(m, ROOT & ~without, base, length);
  expect(exact).toBe(1n);
  return new Capability(1n, meta, base, undefined);
}

/** A machine that is about to execute the program with the given pcc. */
function machineAt(pcc: Capability, source: string): Machine {
  const { machine } = load(source, { isa, ramBytes: RAM_BYTES });
  machine.engine.resume(pcc);
  return machine;
}
function steps(machine: Machine, n: number): Machine {
  for (let i = 0; i < n; i += 1) machine.step();
  return machine;
}
const pccOf = (machine: Machine): unknown => plain(machine.engine.pcc);
/** Which mode does code at the pcc run in? AUIPC and YTAGR tell (riscv-hybrid-integration.adoc). */
const OBSERVE = " auipc t0, 0\n ytagr t0, t0\n";
const T0 = 5;

describe("reset", () => {
  const { machine } = load(" nop", { isa });
  const { engine, hart, csrs } = machine;

  test("is in Integral Pointer Mode, with pcc, ddc, xtvec and xepc Infinite", () => {
    expect(pccOf(machine)).toEqual(plain(integral(root(START))));
    const { ddc, mtvec, stvec, mepc, sepc } = hart;
    for (const y of [ddc, mtvec, stvec, mepc, sepc]) expect(plain(y)).toEqual(plain(integral(root(0n))));
    expect(engine.x(A0)).toBe(0n);
  });

  test("has RVY disabled below M-mode, and misa.Y set", () => {
    expect(csrs.read(0x30a).addr & 0x100n).toBe(0n);
    expect(csrs.read(0x10a).addr & 0x100n).toBe(0n);
    expect(csrs.read(0x301).addr & (1n << 24n)).toBe(1n << 24n);
  });

  test("without Zyhybrid is in capability mode, with xenvcfg.Y fixed and no ddc", () => {
    const pure = load(" csrr a0, ddc", { isa: "rv64y" }).machine;
    expect(pccOf(pure)).toEqual(plain(root(START)));
    expect([pure.csrs.read(0x30a).addr, pure.csrs.read(0x10a).addr]).toEqual([0x100n, 0x100n]);
    expect(steps(pure, 1).hart.mcause).toBe(2n);
  });
});

describe("a switch", () => {
  test("by YMODESWY and YMODESWI holds from the next instruction on", () => {
    const { x } = runToEnd(
      `${OBSERVE} mv a0, t0\n ymodeswy\n${OBSERVE} mv a1, t0\n ymodeswy\n${OBSERVE} mv a2, t0\n ymodeswi\n${OBSERVE} mv a3, t0${PASS}`,
      { isa },
    );
    expect([x(10), x(11), x(12), x(13)]).toEqual([0n, 1n, 1n, 0n]);
  });

  test("by JALR takes the target's P, and a sealed entry's with it", () => {
    for (const seal of [(y: Capability): Capability => y, sealed]) {
      for (const target of [root(START + 16n), integral(root(START + 16n))]) {
        const machine = machineAt(root(START), ` jalr ra, 0(a0)\n .balign 16\n${OBSERVE}`);
        machine.engine.setY(A0, seal(target));
        expect(pccOf(steps(machine, 1))).toEqual(plain(target));
        expect(plain(machine.engine.y(RA))).toEqual(plain(sealed(root(START + 4n))));
        expect(steps(machine, 2).engine.x(T0)).toBe(target.meta & INTEGRAL ? 0n : 1n);
      }
    }
  });

  test("is not what JALR does in Integral Pointer Mode: a sealed entry is an address there", () => {
    const code = bounded(START, 0x1000n);
    const machine = machineAt(integral(code), ` jalr ra, 0(a0)\n .balign 16\n${OBSERVE}`);
    machine.engine.setY(A0, sealed(root(START + 16n)));
    expect(pccOf(steps(machine, 1))).toEqual(plain(integral(at(code, START + 16n))));
    expect(plain(machine.engine.y(RA))).toEqual(number(START + 4n));
  });

  test("of a legacy function's caller returns by switching first and jumping to the sealed link", () => {
    const machine = machineAt(
      root(START),
      " jalr ra, 0(a0)\n ebreak\n .balign 16\n addi a1, zero, 7\n ymodeswy\n jr ra",
    );
    machine.engine.setY(A0, sealed(integral(root(START + 16n))));
    expect(pccOf(steps(machine, 4))).toEqual(plain(root(START + 4n)));
    expect(machine.engine.x(A1)).toBe(7n);
  });

  test("reads the words behind it afresh, in a page that the other mode has executed", () => {
    // c.mv copies a number, c.ymv a capability: one word, run in both modes by turns.
    const source = `loop: .half 0x852e
 xori t0, t0, 1
 beqz t0, back
 ymodeswi
 j loop
back: ymodeswy
 j loop`;
    const machine = machineAt(root(START), source);
    machine.engine.setY(A1, root(0x1000n));
    for (let turn = 0; turn < 3; turn += 1) {
      expect(plain(steps(machine, 1).engine.y(A0))).toEqual(plain(root(0x1000n)));
      steps(machine, 4);
      expect(plain(steps(machine, 1).engine.y(A0))).toEqual(number(0x1000n));
      steps(machine, 4);
    }
  });

  test("does not bring back what a store has overwritten in the other mode", () => {
    const machine = machineAt(integral(root(START)), "loop: li a2, 1\n ymodeswy\n ymodeswi\n sw a1, 0(a0)\n j loop");
    machine.engine.setX(A0, START);
    machine.engine.setX(A1, 0x0020_0613n); // li a2, 2
    expect(steps(machine, 5).engine.x(A2)).toBe(1n);
    expect(steps(machine, 1).engine.x(A2)).toBe(2n);
    // Executed in capability mode, overwritten in Integral Pointer Mode, executed in capability mode again.
    const other = machineAt(root(START), "loop: li a2, 1\n ymodeswi\n sw a1, 0(a0)\n ymodeswy\n j loop");
    other.engine.setX(A0, START);
    other.engine.setX(A1, 0x0020_0613n);
    expect(steps(other, 6).engine.x(A2)).toBe(2n);
  });

  test("at the end of a page or of the pcc's bounds is a switch like any other", () => {
    const source = ` .zero 0xffc\n ymodeswy\n${OBSERVE}`;
    const page = machineAt(integral(root(START + 0xffcn)), source);
    expect(steps(page, 3).engine.x(T0)).toBe(1n);
    const bounds = bounded(START + 0xff0n, 16n);
    const last = steps(machineAt(at(integral(bounds), START + 0xffcn), source), 2);
    expect([last.hart.mcause, plain(last.hart.mepc)]).toEqual([32n, plain(at(bounds, START + 0x1000n))]);
  });
});

describe("the pcc in Integral Pointer Mode", () => {
  const code = integral(bounded(START, 0x1000n));

  test("authorises each fetch: tag, seal, X and bounds", () => {
    const nops = " nop\n".repeat(4);
    const cause = (pcc: Capability): bigint => steps(machineAt(pcc, nops), 1).hart.mcause;
    expect([cause(code), cause(at(code, START + 0x1000n))]).toEqual([0n, 32n]);
    expect(cause(sealed(code))).toBe(32n);
    expect(cause(new Capability(0n, code.meta, START, undefined))).toBe(32n);
    expect(cause(bounded(START, 0x1000n, X | ASR))).toBe(32n);
    expect(cause(new Capability(1n, code.meta & ~(X | ASR), START, undefined))).toBe(32n);
  });

  test("moves as YADDRW moves: out of bounds it keeps its tag, out of the representable range it does not", () => {
    const jump = (distance: bigint): unknown => {
      const machine = machineAt(code, " jr a0");
      machine.engine.setX(A0, START + distance);
      return plain(steps(machine, 2).hart.mepc);
    };
    expect(jump(0x1000n)).toEqual(plain(at(code, START + 0x1000n)));
    expect(jump(0x8_0000n)).toEqual({ ...plain(at(code, START + 0x8_0000n)), tag: 0n });
  });

  test("gates system registers by ASR", () => {
    const cause = (source: string): bigint => steps(machineAt(integral(root(START, ASR)), source), 1).hart.mcause;
    for (const source of [" csrr a0, mstatus", " csrw mscratch, a0", " csrw utidc, a0", " mret", " cbo.inval (a0)"])
      expect(cause(source)).toBe(2n);
    for (const source of [" csrr a0, utidc", " csrr a0, ddc", " csrw ddc, a0", " csrr a0, cycle"])
      expect(cause(source)).toBe(0n);
  });
});

describe("a trap", () => {
  const handler = START + 0x100n;
  const source = ` ecall\n .balign 256\n${OBSERVE} mret`;

  test.each([
    ["capability mode to a capability-mode handler", root(START), root(handler)],
    ["capability mode to an Integral Pointer Mode handler", root(START), integral(root(handler))],
    ["Integral Pointer Mode to a capability-mode handler", integral(root(START)), root(handler)],
    ["Integral Pointer Mode to one of its own", integral(root(START)), integral(root(handler))],
  ])("from %s saves the whole pcc, runs in the vector's mode, and MRET restores the mode", (_, pcc, vector) => {
    const machine = machineAt(pcc, source);
    machine.hart.mtvec = vector;
    expect(pccOf(steps(machine, 1))).toEqual(plain(vector));
    expect(plain(machine.hart.mepc)).toEqual(plain(pcc));
    expect(steps(machine, 2).engine.x(T0)).toBe(vector.meta & INTEGRAL ? 0n : 1n);
    expect(pccOf(steps(machine, 1))).toEqual(plain(pcc));
  });

  test("returns by MRET from Integral Pointer Mode to a sealed capability of the other mode", () => {
    const machine = machineAt(integral(root(START)), " mret");
    machine.hart.mepc = sealed(root(handler));
    machine.hart.mpp = 3;
    expect(pccOf(steps(machine, 1))).toEqual(plain(root(handler)));
  });

  test("handler of a plain RISC-V program steps over the trap of a capability program, which goes on as it was", () => {
    const pcc = bounded(START, 64n);
    const machine = machineAt(
      pcc,
      " ecall\n auipc a0, 0\n .balign 256\n csrr t0, mepc\n addi t0, t0, 4\n csrw mepc, t0\n mret",
    );
    machine.hart.mtvec = integral(root(handler));
    expect(pccOf(steps(machine, 5))).toEqual(plain(at(pcc, START + 4n)));
    expect(plain(steps(machine, 1).engine.y(A0))).toEqual(plain(at(pcc, START + 4n)));
  });

  test("handler set up by a plain RISC-V program runs in its mode: only the address of mtvec is written", () => {
    const { x } = runToEnd(
      ` la t1, handler\n csrw mtvec, t1\n ecall\nback: mv a0, t0${PASS}\n .balign 4\nhandler: auipc t0, 0
 ytagr t0, t0\n addi t0, t0, 40\n la t1, back\n csrw mepc, t1\n mret`,
      { isa },
    );
    expect(x(A0)).toBe(40n);
  });
});

describe("a control and status register", () => {
  /** What one instruction with a1 = `value` leaves in a0 and in the register, which held `old`. */
  const access = (
    instruction: string,
    csr: "mscratch" | "mtvec" | "mepc" | "utidc" | "mtidc" | "ddc",
    old: Capability,
    value: Capability,
    pcc = integral(root(START)),
  ): { read: unknown; written: unknown } => {
    const machine = machineAt(pcc, ` ${instruction}`);
    machine.hart[csr] = old;
    machine.engine.setY(A1, value);
    steps(machine, 1);
    return { read: plain(machine.engine.y(A0)), written: plain(machine.hart[csr]) };
  };
  const old = bounded(START, 0x1000n);
  const value = at(bounded(0x9000_0000n, 64n), 0x9000_0010n);
  const near = at(value, START + 0x20n);

  test("of an integer base is XLEN bits wide in Integral Pointer Mode: CSRRW moves its address, as YADDRW does", () => {
    for (const csr of ["mscratch", "mtvec", "mepc"] as const) {
      const instruction = `csrrw a0, ${csr}, a1`;
      expect(access(instruction, csr, old, near)).toEqual({
        read: number(START),
        written: plain(at(old, START + 0x20n)),
      });
      // 0x9000_0010 is out of the representable range.
      expect(access(instruction, csr, old, value)).toEqual({
        read: number(START),
        written: { ...plain(at(old, value.addr)), tag: 0n },
      });
      expect(access(instruction, csr, old, near, root(START))).toEqual({ read: plain(old), written: plain(near) });
    }
  });

  test("of an integer base loses the tag of a sealed capability to any write in Integral Pointer Mode", () => {
    const same = at(value, START);
    expect(access("csrrw zero, mscratch, a1", "mscratch", sealed(old), same).written).toEqual({
      ...{ ...plain(sealed(old)), tag: 0n },
    });
    expect(access("csrrw zero, mscratch, a1", "mscratch", old, sealed(old)).written).toEqual(plain(old));
  });

  test("of an odd address takes the tag of mepc in both modes", () => {
    const odd = at(old, START + 1n);
    for (const pcc of [root(START), integral(root(START))])
      expect(access("csrrw a0, mepc, a1", "mepc", old, odd, pcc).written).toEqual({ ...plain(old), tag: 0n });
  });

  test.each([
    ["csrrs a0, mscratch, a1", START | 0x9000_0010n],
    ["csrrc a0, mscratch, a1", START & ~0x9000_0010n],
    ["csrrwi a0, mscratch, 12", 12n],
    ["csrrsi a0, mscratch, 12", START + 12n],
    ["csrrci a0, mscratch, 12", START],
  ])("of an integer base is read as an integer by %s", (instruction, addr) => {
    const infinite = root(START);
    const expected = { read: number(START), written: plain(at(infinite, addr)) };
    expect(access(instruction, "mscratch", infinite, value)).toEqual(expected);
    const inCapabilityMode = access(instruction, "mscratch", infinite, value, root(START));
    expect(inCapabilityMode).toEqual({ ...expected, read: plain(infinite) });
  });

  test("of YLEN bits is a whole capability in both modes, ddc among them", () => {
    for (const csr of ["utidc", "mtidc", "ddc"] as const) {
      for (const pcc of [root(START), integral(root(START))]) {
        const instruction = `csrrw a0, ${csr}, a1`;
        expect(access(instruction, csr, old, value, pcc)).toEqual({ read: plain(old), written: plain(value) });
        expect(access(instruction, csr, old, sealed(value), pcc).written).toEqual(plain(sealed(value)));
        const corrupt = new Capability(1n, value.meta | (1n << 59n), value.addr, undefined);
        expect(access(instruction, csr, old, corrupt, pcc).written).toEqual({ ...plain(corrupt), tag: 0n });
        const bits = access(`csrrsi a0, ${csr}, 4`, csr, old, value, pcc);
        expect(bits).toEqual({ read: plain(old), written: plain(at(old, START + 4n)) });
      }
    }
  });
});

describe("ddc", () => {
  test("takes effect with the next instruction, and can be withdrawn and restored", () => {
    const machine = machineAt(
      integral(root(START)),
      " csrrw a2, ddc, a0\n lw t0, 0(a1)\n lw t0, 64(a1)\n .balign 256\n csrw ddc, a2\n lw t0, 64(a1)",
    );
    const data = bounded(START + 0x200n, 64n);
    machine.hart.mtvec = integral(root(START + 0x100n));
    machine.engine.setY(A0, data);
    machine.engine.setX(A1, data.addr);
    expect(plain(steps(machine, 2).engine.y(A2))).toEqual(plain(integral(root(0n))));
    expect([machine.instructions, steps(machine, 1).hart.mcause, machine.hart.mtval]).toEqual([2, 33n, START + 0x240n]);
    expect(steps(machine, 2).instructions).toBe(4);
  });

  test("confines what a handler of the same mode does until it changes it: a trap leaves ddc as it is", () => {
    const machine = machineAt(integral(root(START)), " sd a0, 0(a0)\n sd a1, 0(a1)");
    machine.hart.ddc = bounded(START, 64n);
    machine.hart.mtvec = integral(root(START + 4n));
    machine.engine.setX(A0, START + 64n);
    machine.engine.setX(A1, START + 0x1000n);
    steps(machine, 2);
    expect([machine.hart.mcause, machine.hart.mtval]).toEqual([34n, START + 0x1000n]);
    expect(plain(machine.hart.mepc)).toEqual(plain(integral(root(START + 4n))));
  });

  test("is judged by what it holds, not by its own address", () => {
    const machine = machineAt(integral(root(START)), " lw t0, 0(a0)");
    machine.hart.ddc = at(bounded(START, 64n), START + 0x400n);
    machine.engine.setX(A0, START + 60n);
    expect(steps(machine, 1).instructions).toBe(1);
  });

  test("stores and loads capabilities with their tags where it grants C", () => {
    const machine = machineAt(integral(root(START)), " sy a0, 0(a1)\n ly a2, 0(a1)\n sb zero, 3(a1)\n ly a3, 0(a1)");
    machine.engine.setY(A0, sealed(root(0x40n)));
    machine.engine.setX(A1, START + 0x1000n);
    steps(machine, 4);
    expect([plain(machine.engine.y(A2)), machine.engine.y(13).tag]).toEqual([plain(sealed(root(0x40n))), 0n]);
  });
});
