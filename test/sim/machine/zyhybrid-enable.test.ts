// Zyhybrid's enables: what menvcfg.Y and senvcfg.Y leave of RVY in each privilege mode, and the checks that they leave in force.
import { describe, expect, test } from "vitest";
import { encodeBounds } from "../../../isa/cap/bounds.ts";
import { INTEGRAL, infiniteMeta, PERMISSION, SEALED } from "../../../isa/cap/format.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import type { Machine } from "../../../sim/machine/machine.ts";
import { load, run, PASS } from "../../drivers/machine.ts";

const isa = "rv64y_zyhybrid";
const RAM_BYTES = 2 << 20;
const START = 0x8000_0000n;
const ROOT = infiniteMeta(false);
const Y = 1n << 8n;
const [U, S, M] = [0, 1, 3] as const;
const [RA, A0, A1] = [1, 10, 11];

const plain = ({ tag, meta, addr }: Capability): { tag: bigint; meta: bigint; addr: bigint } => ({ tag, meta, addr });
const number = (addr: bigint): unknown => ({ tag: 0n, meta: 0n, addr });
const root = (addr: bigint, without = 0n): Capability => new Capability(1n, ROOT & ~without, addr, undefined);
const integral = (y: Capability): Capability => new Capability(y.tag, y.meta | INTEGRAL, y.addr, undefined);
function bounded(base: bigint, length: bigint): Capability {
  const { meta } = encodeBounds(new CapabilityArithmetic(false, true), ROOT, base, length);
  return new Capability(1n, meta, base, undefined);
}

interface Setting {
  readonly mode: 0 | 1 | 3;
  readonly menvcfg: bigint;
  readonly senvcfg: bigint;
}

/** A machine in a privilege mode with these enables, about to execute the program; no trap is delegated. */
function machineIn({ mode, menvcfg, senvcfg }: Setting, pcc: Capability, source: string): Machine {
  const { machine } = load(source, { isa, ramBytes: RAM_BYTES });
  const { hart } = machine;
  hart.mode = mode;
  hart.menvcfg = menvcfg;
  hart.senvcfg = senvcfg;
  machine.engine.resume(pcc);
  return machine;
}
function steps(machine: Machine, n: number): Machine {
  for (let i = 0; i < n; i += 1) machine.step();
  return machine;
}

const SETTINGS: readonly (readonly [title: string, setting: Setting, enabled: boolean])[] = [
  ["M-mode, menvcfg.Y = 0", { mode: M, menvcfg: 0n, senvcfg: 0n }, true],
  ["S-mode, menvcfg.Y = 0", { mode: S, menvcfg: 0n, senvcfg: Y }, false],
  ["S-mode, menvcfg.Y = 1", { mode: S, menvcfg: Y, senvcfg: 0n }, true],
  ["U-mode, neither", { mode: U, menvcfg: 0n, senvcfg: 0n }, false],
  ["U-mode, menvcfg.Y alone", { mode: U, menvcfg: Y, senvcfg: 0n }, false],
  ["U-mode, senvcfg.Y alone", { mode: U, menvcfg: 0n, senvcfg: Y }, false],
  ["U-mode, both", { mode: U, menvcfg: Y, senvcfg: Y }, true],
];

describe.each(SETTINGS)("in %s", (_, setting, enabled) => {
  const legal = (source: string, pcc: Capability): boolean => {
    const machine = steps(machineIn(setting, pcc, ` ${source}`), 1);
    expect([0n, 2n]).toContain(machine.hart.mcause);
    return machine.hart.mcause === 0n;
  };
  const BOTH = [root(START), integral(root(START))];
  const [capability, integer] = BOTH as [Capability, Capability];

  test("instructions of RVY are there exactly where it is enabled, whatever the pcc's P says", () => {
    for (const source of [
      "ymv a0, a1",
      "ymodeswy",
      "ymodeswi",
      "ymodew a0, a1, a2",
      "yamask a0, a1",
      "ysh2add a0, a1, a2",
    ])
      expect(BOTH.map((pcc) => legal(source, pcc))).toEqual([enabled, enabled]);
  });

  test("registers of YLEN bits are there exactly where RVY is enabled", () => {
    for (const source of ["csrr a0, utidc", "csrw utidc, a0", "csrr a0, ddc", "csrw ddc, a0"])
      expect(BOTH.map((pcc) => legal(source, pcc))).toEqual([enabled, enabled]);
    if (setting.mode !== U) expect(BOTH.map((pcc) => legal("csrr a0, stidc", pcc))).toEqual([enabled, enabled]);
  });

  test("registers of XLEN bits and integer instructions are there", () => {
    for (const source of ["add a0, a1, a2", "mul a0, a1, a2", "sh1add a0, a1, a2"])
      expect(legal(source, integer)).toBe(true);
    if (setting.mode !== U) expect(BOTH.map((pcc) => legal("csrr a0, senvcfg", pcc))).toEqual([true, true]);
  });

  test("16-bit instructions of RVY are those of capability mode, where RVY is enabled", () => {
    const copied = (pcc: Capability): unknown => {
      const machine = machineIn(setting, pcc, " .half 0x852e"); // c.ymv a0, a1, or c.mv
      machine.engine.setY(A1, root(8n));
      return plain(steps(machine, 1).engine.y(A0));
    };
    expect([copied(capability), copied(integer)]).toEqual([enabled ? plain(root(8n)) : number(8n), number(8n)]);
    const machine = machineIn(setting, capability, " c.ly a0, 0(a1)");
    machine.engine.setY(A1, root(START));
    expect(steps(machine, 1).hart.mcause).toBe(enabled ? 0n : 2n);
    expect(legal("c.ly a0, 0(a1)", integer)).toBe(false);
  });

  test("pointers are what P says, and integers where RVY is disabled: AUIPC, JAL, JALR", () => {
    const made = (pcc: Capability): unknown[] => {
      const machine = machineIn(setting, pcc, " auipc a0, 0\n jal ra, 1f\n1: jalr t0, 8(a0)\n");
      const link = plain(steps(machine, 2).engine.y(RA));
      steps(machine, 1);
      return [machine.engine.y(A0).tag, link.tag, machine.engine.y(5).tag];
    };
    expect(made(capability)).toEqual(enabled ? [1n, 1n, 1n] : [0n, 0n, 0n]);
    expect(made(integer)).toEqual([0n, 0n, 0n]);
  });

  test("data accesses are authorised by rs1 or ddc, as P says, and by ddc where RVY is disabled", () => {
    const loads = (pcc: Capability, rs1: Capability, ddc: Capability): bigint => {
      const machine = machineIn(setting, pcc, " lw a0, 0(a1)");
      machine.engine.setY(A1, rs1);
      machine.hart.ddc = ddc;
      return steps(machine, 1).hart.mcause;
    };
    const [yes, no] = [root(START), bounded(0x9000_0000n, 64n)];
    const untagged = new Capability(0n, 0n, START, undefined);
    expect([loads(capability, yes, no), loads(capability, untagged, yes)]).toEqual(enabled ? [0n, 33n] : [33n, 0n]);
    expect([loads(integer, yes, no), loads(integer, untagged, yes)]).toEqual([33n, 0n]);
  });

  if (setting.mode !== U)
    test("widened registers are as wide as pointers are", () => {
      const read = (pcc: Capability): unknown => {
        const machine = machineIn(setting, pcc, " csrrw a0, sscratch, a1");
        machine.hart.sscratch = bounded(START, 64n);
        machine.engine.setY(A1, root(START + 8n));
        const { engine, hart } = steps(machine, 1);
        return [engine.y(A0).tag, plain(hart.sscratch)];
      };
      const moved = plain(new Capability(1n, bounded(START, 64n).meta, START + 8n, undefined));
      expect(read(capability)).toEqual(enabled ? [1n, plain(root(START + 8n))] : [0n, moved]);
      expect(read(integer)).toEqual([0n, moved]);
    });

  test("the pcc's tag, bounds and ASR hold", () => {
    for (const pcc of [bounded(START, 4n), integral(bounded(START, 4n))]) {
      const machine = steps(machineIn(setting, pcc, " nop\n nop"), 2);
      expect([machine.hart.mcause, machine.hart.mtval, machine.instructions]).toEqual([32n, START + 4n, 1]);
    }
    for (const pcc of BOTH) {
      const withoutAsr = new Capability(1n, pcc.meta & ~PERMISSION.ASR, START, undefined);
      expect(legal("csrr a0, cycle", withoutAsr)).toBe(setting.mode === M);
      if (setting.mode !== U) expect(legal("csrr a0, senvcfg", withoutAsr)).toBe(false);
    }
  });

  test("a trap saves the pcc whole, P as it was", () => {
    for (const pcc of [bounded(START, 64n), integral(bounded(START, 64n))]) {
      const machine = steps(machineIn(setting, pcc, " ecall"), 1);
      expect(plain(machine.hart.mepc)).toEqual(plain(pcc));
    }
  });
});

describe("the enable", () => {
  test("of S-mode returns by SRET to the whole of sepc, unsealed, though RVY is disabled there", () => {
    const machine = machineIn({ mode: S, menvcfg: 0n, senvcfg: 0n }, root(START), " sret\n auipc a0, 0");
    machine.hart.sepc = new Capability(1n, bounded(START, 64n).meta | SEALED, START + 4n, undefined);
    machine.hart.mstatus |= 1n << 8n; // SPP: back to S-mode
    steps(machine, 1);
    expect(plain(machine.engine.pcc)).toEqual({ ...plain(bounded(START, 64n)), addr: START + 4n });
    expect(plain(steps(machine, 1).engine.y(A0))).toEqual(number(START + 4n));
  });

  test("takes effect where the privilege mode changes: M-mode enables S-mode, S-mode enables U-mode", () => {
    // Each mode calls the next with a capability-mode pcc and sees by AUIPC whether it has capabilities.
    const { x } = run(
      ` la t0, machine
 csrw mtvec, t0
 ymodeswy
 .option capmode
 la s0, supervisor
 csrw mepc, s0
 li t1, 1 << 11
 csrs mstatus, t1
 mret
 .balign 4
 .option nocapmode
machine: li t1, 0x100
 csrr t0, mcause
 li t2, 2
 bne t0, t2, done
 csrs menvcfg, t1
 mret
 .option capmode
supervisor: auipc a0, 0
 ytagr a1, a0 # traps, and finds that a0 is an integer
 auipc a2, 0
 ytagr a2, a2
 la t0, user
 csrw sepc, t0
 li t1, 0x100
 csrw senvcfg, t1
 sret
user: auipc a3, 0
 ytagr a3, a3
 ecall
 .option nocapmode
done:${PASS}`,
      { isa },
    );
    expect([x(11), x(12), x(13)]).toEqual([0n, 1n, 1n]);
  });

  test("bits are writable with Zyhybrid, senvcfg's whether menvcfg's is set or not, and read back", () => {
    const { machine } = load(
      " csrw menvcfg, a0\n csrw senvcfg, a0\n csrw menvcfg, zero\n csrr a1, senvcfg\n csrw senvcfg, zero",
      { isa },
    );
    machine.engine.setX(A0, Y);
    expect(machine.csrs.read(0x30a).addr).toBe(0n);
    steps(machine, 1);
    expect(machine.csrs.read(0x30a).addr).toBe(Y);
    expect(steps(machine, 3).engine.x(A1)).toBe(Y);
    expect([machine.csrs.read(0x30a).addr, machine.csrs.read(0x10a).addr]).toEqual([0n, Y]);
    expect(steps(machine, 1).csrs.read(0x10a).addr).toBe(0n);
  });

  test("misa.Y is read-only 1: no program of M-mode drops the checks", () => {
    const { machine } = load(" csrw misa, zero\n csrr a0, misa", { isa });
    expect((steps(machine, 2).engine.x(A0) >> 24n) & 1n).toBe(1n);
  });
});

describe("under translation, in Integral Pointer Mode", () => {
  const RAM = 0x8000_0000;
  /** RAM's first 2 MiB identically, one data page at 0x40000000, in S-mode. */
  function translated(source: string, pcc: Capability, flags = 0xc7n): Machine {
    const machine = machineIn({ mode: S, menvcfg: Y, senvcfg: 0n }, pcc, source);
    const pte = (phys: number, bits: bigint): bigint => (BigInt(phys >>> 12) << 10n) | bits;
    const put = (phys: number, value: bigint): void => machine.memory.store(phys - RAM, 8, value);
    const [tables, middle, leaves] = [0x8010_0000, 0x8010_1000, 0x8010_2000];
    put(tables + 8 * 2, pte(RAM, 0xcfn));
    put(tables + 8, pte(middle, 1n));
    put(middle, pte(leaves, 1n));
    put(leaves, pte(0x8011_0000, flags));
    machine.hart.satp = (8n << 60n) | BigInt(tables >>> 12);
    machine.engine.resume(pcc);
    return machine;
  }
  const far = 1n << 62n;
  /** Exponent 1 and a base of 0: bounds [0, 2^63). */
  const half = (y: Capability): Capability => new Capability(y.tag, y.meta | 1n, y.addr, undefined);

  test("an address that is not canonical faults in translation under an Infinite ddc, for ddc under a finite one", () => {
    const cause = (ddc: Capability): bigint => {
      const machine = translated(" ld a0, 0(a1)", integral(root(START)));
      machine.hart.ddc = ddc;
      machine.engine.setX(A1, far);
      return steps(machine, 1).hart.mcause;
    };
    expect([cause(root(0n)), cause(half(root(0n)))]).toEqual([13n, 33n]);
  });

  test("a jump there faults in translation under an Infinite pcc, and takes the tag of a finite one", () => {
    const trap = (pcc: Capability): unknown => {
      const machine = translated(" jr a1", pcc);
      machine.engine.setX(A1, far);
      const { hart } = steps(machine, 2);
      return [hart.mcause, hart.mepc.tag];
    };
    expect(trap(integral(root(START)))).toEqual([12n, 1n]);
    expect(trap(half(integral(root(START))))).toEqual([32n, 0n]);
  });

  test("ddc is asked before translation, and a page without Y after it", () => {
    const cause = (source: string, addr: bigint, ddc: Capability): bigint => {
      const machine = translated(source, integral(root(START)), 0xc3n); // read-only
      machine.hart.ddc = ddc;
      machine.engine.setX(A1, addr);
      machine.engine.setY(A0, root(0n));
      return steps(machine, 1).hart.mcause;
    };
    const page = bounded(0x4000_0000n, 0x1000n);
    expect(cause(" sw a0, 0(a1)", 0x4000_0000n, page)).toBe(15n);
    expect(cause(" sw a0, 0(a1)", 0x4000_0000n, bounded(0x4000_0004n, 64n))).toBe(34n);
    expect(cause(" lw a0, 0(a1)", 0x4000_1000n, page)).toBe(33n);
    expect(cause(" lw a0, 0(a1)", 0x4000_1000n, root(0n))).toBe(13n);
    expect(cause(" ly a0, 0(a1)", 0x4000_0008n, page)).toBe(5n);
    const writable = translated(" sy a0, 0(a1)", integral(root(START)));
    writable.engine.setX(A1, 0x4000_0000n);
    writable.engine.setY(A0, root(0n));
    expect(steps(writable, 1).hart.mcause).toBe(36n);
  });
});
