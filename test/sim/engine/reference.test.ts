// The reference engine: atomics, misaligned accesses, code that changes, translation, and that a trap leaves no trace.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { infiniteMeta } from "../../../isa/cap/format.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { Capability } from "../../../sim/machine/capability.ts";
import type { Machine } from "../../../sim/machine/machine.ts";
import type { Retire, Timing, Walk } from "../../../sim/machine/retire.ts";
import { load, PASS, run, type ProgramOptions } from "../../drivers/machine.ts";

const RAM = 0x8000_0000;
const INFINITE = infiniteMeta(false);
const [S2, S3, S4, A0, A1] = [18, 19, 20, 10, 11];

/** Notes cause and value of a trap in s2 and s3. */
const NOTE = ` .balign 4\nnote: csrr s2, mcause\n csrr s3, mtval\n${PASS}`;
const noted = (body: string): string => ` la t0, note\n csrw mtvec, t0\n li s2, -1\n${body}\n${PASS}${NOTE}`;
const DATA =
  "\n .data\n .balign 4096\ndata: .dword 0x1122334455667788, 0x99aabbccddeeff00\n .zero 4080\n .dword 0x0102030405060708\n .zero 8184\n";

describe("LR and SC", () => {
  const outcome = (between: string): bigint =>
    run(`${noted(` la a1, data\n lr.d a2, (a1)\n${between}\n sc.d s4, a2, (a1)`)}${DATA}`).x(S4);

  test("SC succeeds after LR of the same bytes, and once", () => {
    expect(outcome("")).toBe(0n);
    expect(outcome(" sc.d a3, a2, (a1)")).toBe(1n);
  });

  test("SC fails without a reservation, of other bytes, or of more than were reserved", () => {
    expect(outcome(" addi a1, a1, 8")).toBe(1n);
    expect(outcome(" lr.w a2, (a1)")).toBe(1n);
    expect(run(`${noted(" la a1, data\n sc.d s4, a2, (a1)")}${DATA}`).x(S4)).toBe(1n);
  });

  test("a failed SC stores nothing, and takes the reservation with it", () => {
    const { machine, symbol } = run(`${noted(" la a1, data\n li a2, 7\n sc.d s4, a2, (a1)")}${DATA}`);
    expect(machine.memory.load(Number(symbol("data")) - RAM, 8)).toBe(0x1122334455667788n);
    expect(outcome(" la a4, data+8\n sc.d a3, a2, (a4)")).toBe(1n);
  });

  test("a trap takes the reservation", () => {
    const { x } = run(` la t0, skip\n csrw mtvec, t0\n la a1, data\n lr.d a2, (a1)\n ecall\n sc.d s4, a2, (a1)\n${PASS}
      .balign 4\nskip: csrr t0, mepc\n addi t0, t0, 4\n csrw mepc, t0\n mret\n${DATA}`);
    expect(x(S4)).toBe(1n);
  });

  test("misaligned atomics raise address-misaligned exceptions", () => {
    const causeOf = (instruction: string): bigint => run(`${noted(` la a1, data+2\n${instruction}`)}${DATA}`).x(S2);
    expect(["lr.w a2, (a1)", "sc.w a2, a3, (a1)", "amoadd.w a2, a3, (a1)"].map(causeOf)).toEqual([4n, 6n, 6n]);
  });
});

describe("misaligned accesses", () => {
  test("the hardware does them, unless the configuration says trap", () => {
    const body = `${noted(" la a1, data+3\n ld s4, 0(a1)\n sd s4, 9(a1)")}${DATA}`;
    const done = run(body);
    expect([done.x(S4), done.x(S2)]).toEqual([0xeeff001122334455n, (1n << 64n) - 1n]);
    const trapped = run(body, { misaligned: "trap" });
    expect([trapped.x(S2), trapped.x(S3)]).toEqual([4n, trapped.symbol("data") + 3n]);
    expect(run(`${noted(" la a1, data+3\n sh s4, 0(a1)")}${DATA}`, { misaligned: "trap" }).x(S2)).toBe(6n);
  });

  test("an access across the end of RAM is an access fault, with the address of the portion outside", () => {
    const { x } = run(noted(` li a1, ${RAM + 0x1000 - 3}\n sd a0, 0(a1)`), { ramBytes: 0x1000 });
    expect([x(S2), x(S3)]).toEqual([7n, BigInt(RAM + 0x1000)]);
  });
});

describe("code that changes", () => {
  test("an instruction overwritten just before it is reached is executed as it is now", () => {
    const source = ` la a1, patch\n li a2, 0x00100913\n sw a2, 0(a1)\npatch: li s2, 5\n${PASS}`;
    expect(run(source).x(S2)).toBe(1n);
  });

  test("an instruction executed before is executed anew after a store to it, also to its second half alone", () => {
    const twice = (store: string): bigint[] => {
      const { x } = run(
        ` li t2, 2\nagain: addi s2, s2, 16\n addi s3, s3, 1\n la a1, again\n${store}\n addi t2, t2, -1\n bnez t2, again\n${PASS}`,
      );
      return [x(S2), x(S3)];
    };
    expect(twice(" li a2, 0x02090913\n sw a2, 0(a1)")).toEqual([48n, 2n]);
    expect(twice(" li a2, 0x0209\n sh a2, 2(a1)")).toEqual([48n, 2n]);
    expect(twice(" li a2, 0x02\n sb a2, 3(a1)")).toEqual([48n, 2n]);
  });

  test("a store to the first byte alone of an instruction executed before is seen", () => {
    const source = ` li t2, 2\nagain: addi s2, s2, 16\n la a1, again\n li a2, 0x93\n sb a2, 0(a1)\n addi t2, t2, -1\n bnez t2, again\n${PASS}`;
    // The second time round it is addi s3, s2, 16 in its low half: 0x01090993.
    expect([run(source).x(S2), run(source).x(S3)]).toEqual([16n, 32n]);
  });

  test("a store to the second half of a 32-bit instruction in two parcels is seen", () => {
    const source = ` li t2, 2\n c.nop\nagain: addi s2, s2, 16\n la a1, again+2\n li a2, 0x0209\n sh a2, 0(a1)\n addi t2, t2, -1\n bnez t2, again\n${PASS}`;
    expect(run(source, { isa: "rv64imac_zicsr" }).x(S2)).toBe(48n);
  });
});

describe("compressed instructions", () => {
  test("a 32-bit instruction may lie in two pages", () => {
    const source = ` j over\n .balign 4096\n .zero 4094\nover: addi s2, s2, 5\n addi s2, s2, 6\n${PASS}`;
    expect(run(source, { isa: "rv64imac_zicsr" }).x(S2)).toBe(11n);
  });
});

/** Page tables: root at 0x80100000 maps RAM's first 2 MiB identically, and data pages of 4 KiB at 0x40000000. */
function translated(body: string, flags: readonly bigint[], options: ProgramOptions = {}): Machine {
  const { machine } = load(body, options);
  const pte = (phys: number, bits: bigint): bigint => (BigInt(phys >>> 12) << 10n) | bits;
  const put = (phys: number, value: bigint): void => machine.memory.store(phys - RAM, 8, value);
  const [ROOT, MIDDLE, LEAVES, FRAMES] = [0x8010_0000, 0x8010_1000, 0x8010_2000, 0x8011_0000];
  put(ROOT + 8 * 2, pte(RAM, 0xcfn));
  put(ROOT + 8 * 1, pte(MIDDLE, 1n));
  put(MIDDLE, pte(LEAVES, 1n));
  flags.forEach((bits, i) => put(LEAVES + 8 * i, pte(FRAMES + 0x2000 * i, bits)));
  machine.hart.satp = (8n << 60n) | (7n << 44n) | BigInt(ROOT >>> 12);
  machine.hart.mode = 1;
  machine.hart.medeleg = 0n;
  machine.engine.resume(machine.engine.pcc);
  return machine;
}
const RW = 0xc7n;
const FRAME = 0x11_0000;

describe("translation", () => {
  const step = (machine: Machine, n = 1): Machine => {
    for (let i = 0; i < n; i += 1) machine.step();
    return machine;
  };

  test("an access across two pages goes to both frames", () => {
    const machine = translated(" sd a0, 0(a1)\n ld s2, 0(a1)", [RW, RW]);
    machine.engine.setX(A0, 0x1122334455667788n);
    machine.engine.setX(A1, 0x4000_0ffdn);
    step(machine, 2);
    expect(machine.engine.x(S2)).toBe(0x1122334455667788n);
    expect(machine.memory.load(FRAME + 0xffd, 1)).toBe(0x88n);
    expect(machine.memory.load(FRAME + 0x2000, 4)).toBe(0x22334455n);
  });

  test("one that faults in its second page stores nothing and names that page", () => {
    const machine = translated(" sd a0, 0(a1)", [RW, 0n]);
    machine.engine.setX(A0, -1n & ((1n << 64n) - 1n));
    machine.engine.setX(A1, 0x4000_0ffdn);
    step(machine);
    expect([machine.hart.mcause, machine.hart.mtval]).toEqual([15n, 0x4000_1000n]);
    expect(machine.memory.load(FRAME + 0xff8, 8)).toBe(0n);
  });

  test("a write to satp is in force at the next instruction", () => {
    const machine = translated(" csrw satp, zero\n ld s2, 0(a1)", [RW]);
    machine.engine.setX(A1, 0x4000_0000n);
    step(machine, 2);
    expect(machine.hart.mcause).toBe(5n);
  });

  const Y_PAGE = RW | (1n << 58n);
  const cap = (addr: bigint, tag = 1n): Capability => new Capability(tag, INFINITE, addr, undefined);
  const withCaps = (body: string, flags: bigint): Machine => {
    const machine = translated(body, [flags], { isa: "rv64y" });
    machine.engine.setY(A0, cap(0x1234n));
    machine.engine.setY(A1, cap(0x4000_0000n));
    return machine;
  };

  test("a page without Y takes no tagged capability, from any instruction, and any untagged one", () => {
    for (const instruction of ["sy a0, 0(a1)", "amoswap.y a2, a0, (a1)", "sc.y a2, a0, (a1)"]) {
      const machine = withCaps(instruction, RW);
      expect([step(machine).hart.mcause, machine.hart.mtval]).toEqual([36n, 0x4000_0000n]);
      const untagged = withCaps(instruction, RW);
      untagged.engine.setY(A0, cap(0x1234n, 0n));
      expect(step(untagged).hart.mcause).toBe(0n);
      expect(step(withCaps(instruction, Y_PAGE)).hart.mcause).toBe(0n);
    }
  });

  test("a page without Y gives capabilities without their tags", () => {
    for (const instruction of ["ly a2, 0(a1)", "lr.y a2, (a1)"]) {
      const tagOn = (flags: bigint): bigint => {
        const machine = withCaps(instruction, flags);
        machine.memory.storeCapability(FRAME, 1, INFINITE, 0x1234n);
        return step(machine).engine.y(12).tag;
      };
      expect([tagOn(RW), tagOn(Y_PAGE)]).toEqual([0n, 1n]);
    }
  });

  test("an address that is not canonical is a page fault under Infinite authority, a capability fault under a finite one", () => {
    const causeUnder = (meta: bigint): bigint => {
      const machine = withCaps(" ld a2, 0(a1)", RW);
      machine.engine.setY(A1, new Capability(1n, meta, 1n << 62n, undefined));
      return step(machine).hart.mcause;
    };
    // Exponent 1 and a base of 0: bounds [0, 2^63).
    expect([causeUnder(INFINITE), causeUnder(INFINITE | 1n)]).toEqual([13n, 33n]);
  });
});

describe("precision", () => {
  const forms = instructionsOf("rv64y");
  const arbWord = fc
    .tuple(fc.constantFrom(...forms), fc.integer({ min: 0, max: 0xffff_ffff }))
    .map(([f, bits]) => ((bits & ~f.mask) | f.match) >>> 0);
  const arbAddress = fc.oneof(
    fc.integer({ min: 0, max: 0x4000 }).map((n) => BigInt(RAM + n)),
    fc.bigInt(0n, (1n << 64n) - 1n),
  );
  const arbRegister = fc.record({
    tag: fc.constantFrom(0n, 1n),
    meta: fc.oneof(
      fc.constant(INFINITE),
      fc.bigInt(0n, (1n << 64n) - 1n).map((bits) => INFINITE ^ (bits & 0x3fff_ffffn)),
    ),
    addr: arbAddress,
  });

  test("an instruction that traps changes no register, no memory and no tag", () => {
    let traps = 0;
    fc.assert(
      fc.property(
        arbWord,
        fc.array(arbRegister, { minLength: 31, maxLength: 31 }),
        fc.constantFrom(0, 3),
        (word, registers, mode) => {
          const { machine } = load(` .word ${word}`, { isa: "rv64y", ramBytes: 0x5000 });
          const { engine, hart, memory } = machine;
          registers.forEach(({ tag, meta, addr }, i) => engine.setY(i + 1, new Capability(tag, meta, addr, undefined)));
          for (let granule = 0x1000; granule < 0x2000; granule += 16) memory.storeCapability(granule, 1, INFINITE, 0n);
          hart.mode = mode;
          engine.resume(engine.pcc);
          const state = (): unknown => [
            Array.from({ length: 32 }, (_, r) => [engine.y(r).tag, engine.y(r).meta, engine.y(r).addr]),
            Buffer.from(memory.bytes).toString("latin1"),
            Buffer.from(memory.tags).toString("latin1"),
          ];
          const before = state();
          machine.step();
          if (machine.instructions > 0) return;
          traps += 1;
          expect(state()).toEqual(before);
          expect(hart.mepc.addr).toBe(BigInt(RAM));
        },
      ),
      { numRuns: 400 },
    );
    expect(traps).toBeGreaterThan(50);
  });
});

/** Keeps a copy of each record. */
class Recorder implements Timing {
  now = 0;
  readonly records: Retire[] = [];
  readonly walks: (Walk | undefined)[] = [];
  retire(r: Retire, walk: (virt: number) => Walk | undefined): void {
    this.records.push({ ...r });
    this.walks.push(r.translatedData ? walk(r.dataVirt) : undefined);
    this.now += 1;
  }
  idle(until: number): void {
    this.now = until;
  }
}

describe("retire records", () => {
  const recordsOf = (source: string, options: ProgramOptions = {}): Retire[] => {
    const timing = new Recorder();
    run(source, { ...options, timing });
    return timing.records;
  };

  test("a load, a store, an AMO and an ALU instruction tell what they access", () => {
    const [alu, ...rest] = recordsOf(
      ` auipc a1, 1\n lw a0, 4(a1)\n sd a0, 8(a1)\n amoadd.w a0, a0, (a1)\n sc.w a0, a0, (a1)\n${PASS}`,
    );
    const accesses = rest
      .slice(0, 4)
      .map((r) => [r.insn!.insn.name, r.access, r.dataVirt, r.dataPhys, r.dataBytes, r.translatedData]);
    expect([alu!.access, alu!.pc, alu!.fetchPhys, alu!.nextPc]).toEqual(["none", RAM, RAM, RAM + 4]);
    expect(accesses).toEqual([
      ["lw", "load", RAM + 0x1004, RAM + 0x1004, 4, false],
      ["sd", "store", RAM + 0x1008, RAM + 0x1008, 8, false],
      ["amoadd.w", "atomic", RAM + 0x1000, RAM + 0x1000, 4, false],
      ["sc.w", "none", RAM + 0x1000, RAM + 0x1000, 4, false],
    ]);
  });

  test("only an access of a whole capability says so", () => {
    const records = recordsOf(` auipc a1, 1\n sy a1, 0(a1)\n ly a2, 0(a1)\n sd a1, 0(a1)\n nop\n`, { isa: "rv64y" });
    expect(records.slice(0, 5).map((r) => r.capability && r.access !== "none")).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test("a taken branch, a jump and a trap tell where execution goes on", () => {
    const records = recordsOf(` la t0, note\n csrw mtvec, t0\n beqz zero, 1f\n nop\n1: j 2f\n nop\n2: ecall\n${NOTE}`);
    const flow = records.slice(3, 6).map((r) => [r.pc - RAM, r.nextPc - RAM, r.trap, r.flush, r.insn?.insn.name]);
    expect(flow).toEqual([
      [12, 20, false, false, "beq"],
      [20, 28, false, false, "jal"],
      [28, 32, true, true, "ecall"],
    ]);
  });

  test("a fetch that fails and an interrupt have no instruction", () => {
    const failed = recordsOf(noted(" li t1, 0x40000000\n jr t1")).find((r) => r.trap)!;
    expect([failed.insn, failed.fetchPhys, failed.pc]).toEqual([undefined, -1, 0x4000_0000]);
    const taken = recordsOf(
      noted(" li t1, 0x2004000\n sd zero, 0(t1)\n li t0, 128\n csrw mie, t0\n csrsi mstatus, 8\n nop"),
    ).find((r) => r.trap)!;
    expect([taken.insn, taken.fetchPhys, taken.flush]).toEqual([undefined, -1, true]);
  });

  test("what starts the front end afresh says so: FENCE.I, SFENCE.VMA, a write to satp, xRET; a write to mscratch does not", () => {
    const source = ` fence.i\n li t0, 5\n sfence.vma a0, t0\n sfence.vma\n csrw satp, zero\n csrw mscratch, zero\n la t0, 1f\n csrw mepc, t0\n mret\n1: nop`;
    const named = recordsOf(source).filter((r) => !["addi", "auipc"].includes(r.insn?.insn.name ?? "") && !r.trap);
    const flushes = named.map((r) => [r.insn!.insn.name, r.flush]);
    expect(flushes).toEqual([
      ["fence.i", true],
      ["sfence.vma", true],
      ["sfence.vma", true],
      ["csrrw", true],
      ["csrrw", false],
      ["csrrw", false],
      ["mret", true],
    ]);
    expect(named.slice(0, 3).map((r) => r.fence)).toEqual([
      undefined,
      { page: 0, asid: 5 },
      { page: undefined, asid: undefined },
    ]);
  });

  test("a write to mstatus starts the front end afresh where it changes translation: SUM, MXR, MPRV, and MPP under MPRV", () => {
    const flushes = (bits: string, prepare = ""): boolean =>
      recordsOf(` ${prepare}\n li t0, ${bits}\n csrs mstatus, t0\n nop`).findLast((r) => r.insn?.insn.name === "csrrs")!
        .flush;
    expect(["1 << 18", "1 << 19", "1 << 17", "8", "1 << 11"].map((bits) => flushes(bits))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(flushes("1 << 11", "li t0, 1 << 17\n csrs mstatus, t0")).toBe(true);
  });

  test("under translation the walk is at hand, with the address space", () => {
    const timing = new Recorder();
    const machine = translated(" ld a0, 8(a1)", [RW], { timing });
    machine.engine.setX(A1, 0x4000_0000n);
    machine.step();
    expect(timing.records[0]).toMatchObject({
      translatedFetch: true,
      translatedData: true,
      asid: 7,
      dataPhys: RAM + FRAME + 8,
    });
    expect(timing.walks[0]).toEqual({ entries: [0x8010_0008, 0x8010_1000, 0x8010_2000], pageBits: 12, global: false });
  });

  test("the category is that of the code's range, by physical address", () => {
    const { machine } = load(" nop\n nop\n nop\n nop");
    expect(machine.instructions).toBe(0);
    const source = ` .text\n nop\n j other\n .section .text.marshal, "ax"\nother: nop\n${PASS}`;
    const seen = recordsOf(source).map((r) => r.category);
    expect(seen.slice(0, 2)).toEqual([seen[0], seen[0]]);
    expect(seen[2]).not.toBe(seen[0]);
  });

  test("timing on or off, the same state", () => {
    const source = `${noted(" li a0, 100\n1: addi a0, a0, -1\n mul s4, s4, a0\n addi s4, s4, 7\n bnez a0, 1b")}`;
    expect(run(source, { timing: new Recorder() }).x(S4)).toBe(run(source).x(S4));
  });
});
