// I14 to I16: bounds that are encoded are those decoded, permissions are legal and never grow, integers are not capabilities.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeBounds } from "../../isa/cap/bounds.ts";
import { clearPermissions } from "../../isa/cap/perms.ts";
import { CapabilityArithmetic } from "../../sim/machine/capability.ts";
import { arbX } from "../arbitrary/x.ts";
import { plainBounds } from "../drivers/plain-bounds.ts";
import { arbHoldings, arbHostileCode, CODE, hasLevels, infinite, ISAS } from "./hostile.ts";
import { instruction } from "./instruction.ts";
import { BIT, equal, isSubset, type Cap } from "./standard.ts";
import { codeCapability, watch, Watched } from "./watched.ts";

const SPACE = 1n << 64n;
const NULL: Cap = { tag: 0n, meta: 0n, addr: 0n };
/** YPERMC's bits for AP, SDP and GL (#acperm_bit_field). */
const ALLOCATED = 0x0703ffn;

describe.each(ISAS)("%s", (isa) => {
  const m = new CapabilityArithmetic(hasLevels(isa));
  const watched = new Watched(isa);
  const run = (name: string, x11: Cap, x12: Cap = NULL, imm = 0n): Cap => {
    watched.set(11, x11);
    watched.set(12, x12);
    watched.resume(infinite(isa, CODE));
    watched.inject(instruction(name, { rd: 10, rs1: 11, rs2: 12, imm, uimm: imm }));
    return watched.register(10);
  };
  const integer = (addr: bigint): Cap => ({ ...NULL, addr });

  test("I14: bounds decoded hold the region encoded, and no more than 1/512 of it beyond", () => {
    fc.assert(
      fc.property(arbX, arbX, (base, wanted) => {
        const length = wanted > SPACE - base ? SPACE - base : wanted;
        const { meta, exact } = encodeBounds(m, 0n, base, BigInt.asUintN(64, length));
        const b = plainBounds(meta, base);
        expect(b.malformed).toBe(false);
        expect(b.base <= base && b.top >= base + length).toBe(true);
        expect(b.base === base && b.top === base + length).toBe(exact === 1n);
        expect(b.top - b.base - length <= length / 256n).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test("I14: YBNDSW gives the bounds asked for or no tag, never more than its source; asked for within it, the result is", () => {
    fc.assert(
      fc.property(arbX, arbX, arbX, arbX, (base, length, offset, wanted) => {
        const outer = run("ybndsrw", infinite(isa, base), integer(length > SPACE - 1n - base ? 0n : length));
        const o = plainBounds(outer.meta, outer.addr);
        const span = o.top - o.base;
        const at = BigInt.asUintN(64, o.base + (span === 0n ? 0n : offset % span));
        const source = run("yaddrw", outer, integer(at));
        const asked = o.top === at ? 0n : BigInt.asUintN(64, wanted % (o.top - at + 1n));
        const [exact, rounded] = [run("ybndsw", source, integer(asked)), run("ybndsrw", source, integer(asked))];
        if (exact.tag === 1n) expect(plainBounds(exact.meta, at)).toMatchObject({ base: at, top: at + asked });
        expect([rounded.tag, isSubset(rounded, source)]).toEqual([1n, true]);
        const beyond = run("ybndsw", source, integer(o.top - at + 1n));
        if (o.top < SPACE) expect(beyond.tag).toBe(0n);
      }),
      { numRuns: 200 },
    );
  });

  test("I14: bounds that would begin below the source's lose the tag, also where its address already stands there", () => {
    const source = run("ybndsw", infinite(isa, 0x1000n), integer(64n));
    const below = run("yaddrw", source, integer(0xff0n));
    expect(below.tag).toBe(1n);
    for (const name of ["ybndsw", "ybndsrw"])
      for (const length of [0n, 16n, 32n, 80n])
        expect([name, run(name, below, integer(length)).tag]).toEqual([name, 0n]);
  });

  test("I14: an address can be taken exactly where the bounds decoded there are the same, and always in bounds or one past", () => {
    fc.assert(
      fc.property(arbX, arbX, arbX, (base, length, addr) => {
        const c = run("ybndsrw", infinite(isa, base), integer(length > SPACE - 1n - base ? 0n : length));
        const [old, moved] = [plainBounds(c.meta, c.addr), plainBounds(c.meta, addr)];
        const same = old.base === moved.base && old.top === moved.top;
        expect(run("yaddrw", c, integer(addr)).tag).toBe(same ? 1n : 0n);
        for (const edge of [old.base, BigInt.asUintN(64, old.top)])
          if (edge !== 0n) expect(run("yaddrw", c, integer(edge)).tag).toBe(1n);
      }),
      { numRuns: 200 },
    );
  });

  // Where properties of an earlier 128-bit format were found to fail (sail-cheri-mips, properties_128.sail): the length nears 2^64.
  test("I14: the longest regions are no exception", () => {
    for (const [base, length] of [
      [0n, SPACE - 1n],
      [1n, SPACE - 1n],
      [0n, SPACE - (1n << 52n)],
      [1n << 51n, SPACE - (1n << 52n)],
      [SPACE - 4096n, 4096n],
      [SPACE - 1n, 1n],
    ] as const) {
      const c = run("ybndsrw", infinite(isa, base), integer(length));
      const b = plainBounds(c.meta, c.addr);
      expect([c.tag, b.base <= base, b.top >= base + length, b.top <= SPACE]).toEqual([1n, true, true, true]);
    }
  });

  test("I14: YAMASK's mask makes bounds exact", () => {
    fc.assert(
      fc.property(arbX, arbX, (addr, wanted) => {
        const mask = run("yamask", integer(wanted)).addr;
        const [length, base] = [(wanted + (SPACE - 1n - mask)) & mask, addr & mask];
        fc.pre(base + length < SPACE && length >= wanted);
        expect(run("ybndsw", infinite(isa, base), integer(length)).tag).toBe(1n);
      }),
      { numRuns: 150 },
    );
  });

  /** The rules of #base_clrperm_rule_summary and #zylevels1_clrperm_table, as conditions on a finished set. */
  function isLegal(meta: bigint): boolean {
    const on = (bits: bigint): boolean => (meta & bits) === bits;
    const levels = hasLevels(isa);
    return (
      (!on(BIT.C) || on(BIT.R) || on(BIT.W)) &&
      (!on(BIT.LM) || on(BIT.C | BIT.R)) &&
      (!on(BIT.ASR) || on(BIT.X)) &&
      (levels ? (!on(BIT.LG) || on(BIT.C | BIT.R)) && (!on(BIT.SL) || on(BIT.C | BIT.W)) : on(BIT.LG | BIT.SL))
    );
  }

  test("I15: of any permissions YPERMC leaves a legal subset without those named, once and for all", () => {
    const all = infinite(isa, 0n).meta;
    for (let ap = 0n; ap < 512n; ap += 1n) {
      const global = ap >= 256n ? BIT.GL : 0n;
      const start = (all & ~(0xffn << 45n) & ~BIT.GL) | ((ap & 0xffn) << 45n) | (hasLevels(isa) ? global : 0n);
      if (!isLegal(start)) continue;
      for (let seed = 0n; seed < 48n; seed += 1n) {
        const mask = seed < 12n ? 1n << (seed < 10n ? seed : seed + 6n) : (seed * 0x9e37_79b9n) & ALLOCATED;
        const left = clearPermissions(m, start, mask);
        expect([left & ~start, isLegal(left), clearPermissions(m, left, mask)]).toEqual([0n, true, left]);
      }
    }
  });

  test("I16: x0 is always NULL, and whatever computes an integer leaves no tag and no metadata", () => {
    const givesCapability =
      /^(y(?!baser|topr|lenr|tagr|permr|typer|eq|ss|amask)|packy|auipc|jal|csr|c\.|ly|lr\.y|amoswap\.y)/;
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa), (holdings, words) => {
        watch(new Watched(isa, holdings), words, codeCapability(isa), ({ insn, before, after }) => {
          expect(after.registers[0]).toEqual(NULL);
          if (insn === undefined || givesCapability.test(insn.insn.name)) return;
          const written = after.registers.filter((c, r) => !equal(c, before.registers[r]!));
          expect(written.map(({ tag, meta }) => ({ tag, meta }))).toEqual(written.map(() => ({ tag: 0n, meta: 0n })));
        });
      }),
      { numRuns: 40 },
    );
  });
});
