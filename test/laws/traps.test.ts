// I12, I13, I22: a trap changes nothing but what it says; of several faults the one of highest priority is reported.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbHoldings, arbHostileCode, CODE, DATA, infinite, ISAS } from "./hostile.ts";
import { instruction } from "./instruction.ts";
import { BIT, equal, type Cap } from "./standard.ts";
import { changedGranules, codeCapability, watch, Watched } from "./watched.ts";

/** mepc, mcause, mtval, mstatus and their supervisor's counterparts. */
const TRAP_CSRS = [0x341, 0x342, 0x343, 0x300, 0x141, 0x142, 0x143, 0x100];
const NOWHERE = 0x4000_0000n;

describe.each(ISAS)("%s", (isa) => {
  test("I12, I22: an instruction that traps changes no register, no byte, no tag, and no CSR but xepc, xcause, xtval, xstatus", () => {
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa), fc.boolean(), (holdings, words, asr) => {
        const watched = new Watched(isa, holdings);
        watch(watched, words, codeCapability(isa, asr ? 0n : BIT.ASR), ({ trap, before, after }) => {
          if (trap === undefined) return;
          expect(after.registers).toEqual(before.registers);
          expect(changedGranules(before, after)).toEqual([]);
          const changed = [...after.csrs].filter(([n, c]) => !equal(c, before.csrs.get(n)!));
          expect(changed.map(([n]) => n).filter((n) => !TRAP_CSRS.includes(n))).toEqual([]);
          expect(after.csrs.get(after.mode === 1 ? 0x141 : 0x341)).toEqual(before.pcc);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("I12: a store across two pages that faults in the second leaves nothing in the first", () => {
    const TABLE = 0x3000;
    const [POINTER, LEAF] = [1n, 0xcfn];
    // One page serves as table on all three levels: entries 2 and 3 lead back to it, 4 is the code, 5 the data, 6 nothing.
    const virt = (page: bigint): bigint => (2n << 30n) | (3n << 21n) | (page << 12n);
    for (const [name, bytes] of [
      ["sh", 2n],
      ["sw", 4n],
      ["sd", 8n],
    ] as const) {
      for (let inFirst = 1n; inFirst < bytes; inFirst += 1n) {
        const watched = new Watched(isa);
        const { memory, hart, engine } = watched.machine;
        const entries = [
          [2, 0x8_0003n, POINTER],
          [3, 0x8_0003n, POINTER],
          [4, 0x8_0000n, LEAF],
          [5, 0x8_0001n, LEAF],
        ] as const;
        for (const [index, page, bits] of entries) memory.store(TABLE + 8 * index, 8, (page << 10n) | bits);
        memory.store(0, 4, BigInt(instruction(name, { rs1: 11, rs2: 12, imm: 0n })));
        hart.satp = (8n << 60n) | 0x8_0003n;
        hart.mode = 1;
        watched.set(11, infinite(isa, virt(6n) - inFirst));
        watched.set(12, infinite(isa, -1n & 0xffff_ffff_ffff_ffffn));
        watched.resume(infinite(isa, virt(4n)));
        const before = watched.state();
        watched.machine.step();
        expect([engine.retired, hart.mcause, hart.mtval]).toEqual([0, 15n, virt(6n)]);
        expect(changedGranules(before, watched.state())).toEqual([]);
      }
    }
  });

  const bad = (c: Cap, kind: number): Cap =>
    kind === 0
      ? { ...c, tag: 0n }
      : kind === 1
        ? { ...c, meta: c.meta | BIT.sealed }
        : { ...c, meta: c.meta & ~(BIT.R | BIT.W) & ~(BIT.C | BIT.LM) };

  test("I13: of a fault of authority, of alignment and of the address, the first is taken, in this order", () => {
    const accesses = [
      { name: "ly", authority: 33n, misaligned: 5n, nowhere: 5n },
      { name: "lr.y", authority: 33n, misaligned: 5n, nowhere: 5n },
      { name: "sy", authority: 34n, misaligned: 7n, nowhere: 7n },
      { name: "sc.y", authority: 34n, misaligned: 7n, nowhere: 7n },
      { name: "amoswap.y", authority: 34n, misaligned: 7n, nowhere: 7n },
      { name: "lr.d", authority: 33n, misaligned: 4n, nowhere: 5n },
      { name: "sc.d", authority: 34n, misaligned: 6n, nowhere: 7n },
      { name: "amoadd.d", authority: 34n, misaligned: 6n, nowhere: 7n },
      { name: "ld", authority: 33n, misaligned: undefined, nowhere: 5n },
      { name: "sd", authority: 34n, misaligned: undefined, nowhere: 7n },
    ];
    const arbFaults = fc.record({
      authority: fc.boolean(),
      kind: fc.nat(2),
      misaligned: fc.boolean(),
      nowhere: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.constantFrom(...accesses), arbFaults, (access, faults) => {
        const watched = new Watched(isa);
        const place = infinite(isa, (faults.nowhere ? NOWHERE : DATA) + (faults.misaligned ? 4n : 0n));
        watched.set(11, faults.authority ? bad(place, faults.kind) : place);
        watched.resume(infinite(isa, CODE));
        const { trap } = watched.inject(instruction(access.name, { rd: 10, rs1: 11, rs2: 0, imm: 0n }));
        const expected = faults.authority
          ? access.authority
          : faults.misaligned && access.misaligned !== undefined
            ? access.misaligned
            : faults.nowhere
              ? access.nowhere
              : undefined;
        expect(trap).toBe(expected);
      }),
      { numRuns: 250 },
    );
  });

  test("I13: a pcc of no use (32) comes before an address where nothing is (1), and that before an illegal instruction (2)", () => {
    const illegal = 0xffff_ffff;
    const arbPcc = fc.record({ useless: fc.boolean(), kind: fc.nat(1), nowhere: fc.boolean(), illegal: fc.boolean() });
    fc.assert(
      fc.property(arbPcc, (faults) => {
        const watched = new Watched(isa);
        const pcc = infinite(isa, faults.nowhere ? NOWHERE : CODE);
        watched.resume(faults.useless ? bad(pcc, faults.kind) : pcc);
        const { trap } = watched.inject(faults.illegal ? illegal : instruction("addi", { rd: 0, rs1: 0, imm: 0n }));
        expect(trap).toBe(faults.useless ? 32n : faults.nowhere ? 1n : faults.illegal ? 2n : undefined);
      }),
      { numRuns: 60 },
    );
  });

  test("I13: an instruction that ASR or privilege forbids is illegal (2) before its operands are looked at (33, 34)", () => {
    const watched = new Watched(isa);
    watched.set(11, { ...infinite(isa, DATA), tag: 0n });
    watched.resume(codeCapability(isa, BIT.ASR));
    expect(watched.inject(instruction("cbo.inval", { rs1: 11 })).trap).toBe(2n);
    watched.resume(codeCapability(isa));
    expect(watched.inject(instruction("cbo.inval", { rs1: 11 })).trap).toBe(34n);
  });
});
