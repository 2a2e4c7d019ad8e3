// I5 to I7, I19, I20: what authorises an access to memory, and what happens to tags on the way.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbX } from "../arbitrary/x.ts";
import { instruction } from "./instruction.ts";
import { arbDataCapability, arbHoldings, arbHostileCode, DATA, hasLevels, infinite, ISAS } from "./hostile.ts";
import { authorises, BIT, has, isSealed, type Cap } from "./standard.ts";
import { changedGranules, codeCapability, watch, Watched, type Step } from "./watched.ts";

const RAM = 0x8000_0000n;
const UART = 0x1000_0000n;
const PERMISSIONS = { load: BIT.R, store: BIT.W, atomic: BIT.R | BIT.W } as const;

/** Granules that an access touches, by number. */
function touched({ access }: Step): number[] {
  if (access === undefined || access.kind === "load") return [];
  const first = Number(access.address - RAM) >> 4;
  const last = (Number(access.address - RAM) + access.bytes - 1) >> 4;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

describe.each(ISAS)("%s", (isa) => {
  const levels = hasLevels(isa);
  const watchAll = (look: (step: Step) => void, numRuns: number): void =>
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa), (holdings, words) => {
        watch(new Watched(isa, holdings), words, codeCapability(isa), look);
      }),
      { numRuns },
    );
  const at = (c: Cap, addr: bigint): Cap => ({ ...c, addr });

  test("I5: every byte accessed lies in a tagged, unsealed capability that permits it, and so does every byte executed", () => {
    watchAll((step) => {
      const { insn, before, access, trap } = step;
      if (trap !== undefined || insn === undefined) return;
      expect(authorises(before.pcc, before.pcc.addr, BigInt(insn.bytes), BIT.X)).toBe(true);
      if (access === undefined) return;
      const authority = before.registers[insn.rs1]!;
      expect(authorises(authority, access.address, BigInt(access.bytes), PERMISSIONS[access.kind])).toBe(true);
    }, 40);
  });

  test("I6: only a whole capability's store sets a tag; any other clears those of the granules it touches, and no others", () => {
    watchAll((step) => {
      const { before, after, access } = step;
      const granules = touched(step);
      for (const granule of changedGranules(before, after).map((offset) => offset >> 4))
        expect(granules).toContain(granule);
      for (const granule of granules) if (!access!.capability) expect(after.tags[granule]).toBe(0);
      if (access?.capability) expect(access.address % 16n).toBe(0n);
    }, 40);
  });

  test("a load gives the bytes of memory, least significant first; LB, LH, LW and LR repeat their sign, others do not", () => {
    const plain = { lb: -8, lh: -16, lw: -32, ld: 64, lbu: 8, lhu: 16, lwu: 32 };
    const reserving = { "lr.b": -8, "lr.h": -16, "lr.w": -32, "lr.d": 64 };
    fc.assert(
      fc.property(arbX, fc.constantFrom(0, 0, 1, 3, 7), (stored, offset) => {
        const watched = new Watched(isa);
        watched.machine.memory.store(0x1000 + offset, 8, stored);
        watched.set(11, infinite(isa, DATA + BigInt(offset)));
        for (const [name, width] of Object.entries(offset % 8 === 0 ? { ...plain, ...reserving } : plain)) {
          watched.resume(infinite(isa, RAM));
          watched.execute(instruction(name, { rd: 10, rs1: 11, imm: 0n }));
          const value = width < 0 ? BigInt.asUintN(64, BigInt.asIntN(-width, stored)) : BigInt.asUintN(width, stored);
          expect([name, watched.register(10)]).toEqual([name, { tag: 0n, meta: 0n, addr: value }]);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("I7: LY, LR.Y and AMOSWAP.Y filter by C, LM and LG; sealed capabilities lose no more than GL", () => {
    const loads = ["ly", "lr.y", "amoswap.y"].map((name) => instruction(name, { rd: 10, rs1: 11, rs2: 0, imm: 0n }));
    fc.assert(
      fc.property(fc.constantFrom(...loads), arbDataCapability(isa), arbDataCapability(isa), (word, mask, held) => {
        const watched = new Watched(isa);
        // Any permissions, but for those that the access itself needs, over all of memory.
        const meta = infinite(isa, 0n).meta & (mask.meta | BIT.R | BIT.W | (levels ? 0n : BIT.LG | BIT.SL));
        const legal = has({ ...mask, meta }, BIT.C) ? meta : meta & ~(BIT.LM | (levels ? BIT.LG | BIT.SL : 0n));
        const authority: Cap = { tag: 1n, meta: legal & ~BIT.X & ~BIT.ASR, addr: DATA };
        watched.put(DATA, held);
        watched.set(11, authority);
        watched.resume(infinite(isa, RAM));
        const { after, trap } = watched.inject(word);
        const got = after.registers[10]!;
        expect(trap).toBe(undefined);
        if (!has(authority, BIT.C)) {
          expect(got).toEqual({ ...held, tag: 0n });
          return;
        }
        expect([got.tag, got.addr, got.meta & ~held.meta]).toEqual([1n, held.addr, 0n]);
        const [deep, shared] = [has(authority, BIT.LM), !levels || has(authority, BIT.LG)];
        if (!shared) expect(has(got, BIT.GL)).toBe(false);
        if (isSealed(held)) {
          expect(got.meta | BIT.GL).toBe(held.meta | BIT.GL);
        } else {
          if (!deep) expect(got.meta & (BIT.W | BIT.LM)).toBe(0n);
          if (!shared) expect(has(got, BIT.LG)).toBe(false);
        }
        if (deep && shared) expect(got.meta).toBe(held.meta);
      }),
      { numRuns: 120 },
    );
  });

  test("I7: SY, SC.Y and AMOSWAP.Y store a tag only with C, and a local capability's only with SL", () => {
    const stores = ["sy", "sc.y", "amoswap.y"];
    fc.assert(
      fc.property(fc.constantFrom(...stores), arbDataCapability(isa), fc.nat(3), (name, held, kind) => {
        const watched = new Watched(isa);
        const without =
          [0n, BIT.SL, BIT.C | BIT.LM | BIT.LG | BIT.SL, BIT.LM][kind]! & (levels ? -1n : ~(BIT.SL | BIT.LG));
        const authority = infinite(isa, DATA, without | BIT.X | BIT.ASR);
        watched.set(11, authority);
        watched.set(12, held);
        watched.resume(infinite(isa, RAM));
        if (name === "sc.y") watched.inject(instruction("lr.y", { rd: 13, rs1: 11 }));
        watched.inject(instruction(name, { rd: 10, rs1: 11, rs2: 12, imm: 0n }));
        const keeps = has(authority, BIT.C) && (!levels || has(held, BIT.GL) || has(authority, BIT.SL));
        expect(watched.get(DATA)).toEqual({ ...held, tag: keeps ? 1n : 0n });
      }),
      { numRuns: 120 },
    );
  });

  test("I19: a device holds no capability: LY, SY and atomics of one are access faults, integers go through", () => {
    const cause = (name: string): bigint | undefined => {
      const watched = new Watched(isa);
      watched.set(11, infinite(isa, UART));
      watched.set(12, infinite(isa, DATA));
      watched.resume(infinite(isa, RAM));
      return watched.inject(instruction(name, { rd: 10, rs1: 11, rs2: 12, imm: 0n })).trap;
    };
    expect(["ly", "lr.y"].map(cause)).toEqual([5n, 5n]);
    expect(["sy", "sc.y", "amoswap.y"].map(cause)).toEqual([7n, 7n, 7n]);
    expect(["lb", "sb"].map(cause)).toEqual([undefined, undefined]);
  });

  test("I20: a trap, whatever its cause, takes the reservation; without one SC succeeds", () => {
    const widths = ["b", "h", "w", "d", "y"];
    const traps = ["ecall", "ebreak", "mret", "ly", "sd", "csrrw"];
    const trap = (name: string): number => instruction(name, { rd: 13, rs1: 0, rs2: 0, imm: 0n, csr: 0x340 });
    fc.assert(
      fc.property(fc.constantFrom(...widths), fc.option(fc.constantFrom(...traps)), (width, cause) => {
        const watched = new Watched(isa);
        const pcc = codeCapability(isa, BIT.ASR);
        watched.set(11, at(infinite(isa, 0n), DATA + 64n));
        watched.set(12, infinite(isa, DATA));
        const before = watched.get(DATA + 64n);
        watched.resume(pcc);
        watched.inject(instruction(`lr.${width}`, { rd: 10, rs1: 11 }));
        if (cause !== null) expect(watched.inject(trap(cause)).trap).not.toBe(undefined);
        watched.resume(pcc);
        watched.inject(instruction(`sc.${width}`, { rd: 10, rs1: 11, rs2: 12 }));
        expect(watched.register(10).addr).toBe(cause === null ? 0n : 1n);
        if (cause !== null) expect(watched.get(DATA + 64n)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });
});
