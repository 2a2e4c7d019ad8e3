// I8 to I10: nothing changes a sealed capability, and what opens one, and when.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode } from "../../isa/codec.ts";
import { instructionsOf } from "../../isa/table.ts";
import { arbOperands } from "../arbitrary/operands.ts";
import { arbX } from "../arbitrary/x.ts";
import { arbDataCapability, bounded, CODE, DATA, hasLevels, infinite, ISAS } from "./hostile.ts";
import { instruction } from "./instruction.ts";
import { BIT, equal, isTagged, type Cap } from "./standard.ts";
import { codeCapability, Watched } from "./watched.ts";

const sealed = (c: Cap): Cap => ({ ...c, meta: c.meta | BIT.sealed });
const SDP_BIT = 1n << 60n;
const RESERVED_BIT = 1n << 40n;

describe.each(ISAS)("%s", (isa) => {
  const levels = hasLevels(isa);

  /** What one instruction does to x10, given x11 and x12. */
  function result(word: number, x11: Cap, x12: Cap): Cap {
    const watched = new Watched(isa);
    watched.set(11, x11);
    watched.set(12, x12);
    watched.resume(infinite(isa, CODE));
    watched.inject(word);
    return watched.register(10);
  }

  test("I8: a sealed capability comes out as it was, or without GL, or without its tag; YSUNSEAL alone opens it", () => {
    const forms = instructionsOf(isa).filter((f) => f.insn.timing === "cap" && f.insn.name !== "ysunseal");
    const arbWord = fc
      .constantFrom(...forms)
      .chain((f) =>
        arbOperands(f).map((values) =>
          encode(f, { ...values, rd: 10, rs1: 11, rs2: f.insn.name === "ysentry" ? 11 : 12 }),
        ),
      );
    fc.assert(
      fc.property(arbWord, arbDataCapability(isa), arbX, (word, c, x) => {
        const input = sealed(c);
        const after = result(word, input, { tag: 0n, meta: 0n, addr: x });
        const kept = equal(after, input) || equal(after, { ...input, meta: input.meta & ~BIT.GL });
        expect(kept || !isTagged(after)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("I8: a sealed capability authorises no access, whatever it permits", () => {
    const causes = { lb: 33n, ld: 33n, ly: 33n, "lr.d": 33n, sb: 34n, sy: 34n, "amoswap.y": 34n, "cbo.zero": 34n };
    for (const [name, cause] of Object.entries(causes)) {
      const watched = new Watched(isa);
      watched.set(11, sealed(infinite(isa, DATA)));
      watched.resume(infinite(isa, CODE));
      const step = watched.inject(instruction(name, { rd: 10, rs1: 11, rs2: 12, imm: 0n }));
      expect([name, step.trap]).toEqual([name, cause]);
    }
  });

  // Each condition, and how a pair that fulfils all others violates it.
  type Pair = readonly [authority: Cap, inner: Cap];
  type Violation = readonly [string, (pair: Pair) => Pair];
  const inner = (c: Cap, change: (c: Cap) => Cap, a: Cap): Pair => [a, change(c)];
  const rebound = (c: Cap, base: bigint, length: bigint): Cap => ({ ...c, meta: bounded(c, base, length).meta });
  const subsetViolations: Violation[] = [
    ["the authority is untagged", ([a, i]) => [{ ...a, tag: 0n }, i]],
    ["the authority is sealed", ([a, i]) => [sealed(a), i]],
    ["AP has a bit more", ([a, i]) => [{ ...a, meta: a.meta & ~BIT.X & ~BIT.ASR }, i]],
    ["SDP has a bit more", ([a, i]) => [{ ...a, meta: a.meta & ~SDP_BIT }, i]],
    ["the base is lower", ([a, i]) => inner(i, (c) => rebound(c, DATA - 16n, 48n), a)],
    ["the top is higher", ([a, i]) => inner(i, (c) => rebound(c, DATA + 16n, 256n), a)],
  ];
  if (levels) subsetViolations.push(["GL is more", ([a, i]) => [{ ...a, meta: a.meta & ~BIT.GL }, i]]);
  const outer = bounded(infinite(isa, 0n), DATA, 256n);
  const within = rebound({ ...outer, addr: DATA + 16n }, DATA + 16n, 32n);

  const single = (violations: readonly Violation[], start: Pair, word: number, opened: (i: Cap) => Cap): void => {
    expect(result(word, ...start)).toEqual(opened(start[1]));
    fc.assert(
      fc.property(fc.subarray([...violations], { minLength: 1 }), (chosen) => {
        const pair = chosen.reduce((p, [, violate]) => violate(p), start);
        expect([chosen.map(([name]) => name), result(word, ...pair).tag]).toEqual([chosen.map(([name]) => name), 0n]);
      }),
      { numRuns: 40 },
    );
    for (const [name, violate] of violations) expect([name, result(word, ...violate(start)).tag]).toEqual([name, 0n]);
  };

  test("I9: YSUNSEAL's result is tagged if and only if all of its conditions hold", () => {
    const violations: readonly Violation[] = [
      ...subsetViolations,
      ["the sealed one is untagged", ([a, i]) => [a, { ...i, tag: 0n }]],
      ["nothing is sealed", ([a, i]) => [a, { ...i, meta: i.meta & ~BIT.sealed }]],
    ];
    const word = instruction("ysunseal", { rd: 10, rs1: 11, rs2: 12 });
    single(violations, [outer, sealed(within)], word, (i) => ({ ...i, meta: i.meta & ~BIT.sealed }));
  });

  test("I9: YBLD's result is tagged if and only if all of its conditions hold", () => {
    const violations: readonly Violation[] = [
      ...subsetViolations,
      ["a reserved bit is set", ([a, i]) => [a, { ...i, meta: i.meta | RESERVED_BIT }]],
      ["ASR stands without X", ([a, i]) => [a, { ...i, meta: (i.meta & ~BIT.X) | BIT.ASR }]],
    ];
    const word = instruction("ybld", { rd: 10, rs1: 11, rs2: 12 });
    single(violations, [outer, { ...within, tag: 0n }], word, (i) => ({ ...i, tag: 1n }));
    single(violations, [outer, { ...sealed(within), tag: 0n }], word, (i) => ({ ...i, tag: 1n }));
  });

  test("I10: JALR never traps; it opens a sealed target only at an even address with offset 0, and its link is sealed", () => {
    const arbTarget = fc.record({
      ...{ tag: fc.constantFrom(0n, 1n), sealed: fc.boolean(), odd: fc.constantFrom(0n, 1n) },
      ...{ imm: fc.constantFrom(0n, 1n, -1n, 16n), executable: fc.boolean(), rd: fc.constantFrom(0, 10, 11) },
    });
    fc.assert(
      fc.property(arbTarget, (t) => {
        const watched = new Watched(isa);
        const source = codeCapability(isa, t.executable ? 0n : BIT.X | BIT.ASR);
        const target: Cap = { tag: t.tag, meta: source.meta | (t.sealed ? BIT.sealed : 0n), addr: CODE + 64n + t.odd };
        const pcc = codeCapability(isa);
        watched.set(11, target);
        watched.resume(pcc);
        const { trap, after } = watched.inject(instruction("jalr", { rd: t.rd, rs1: 11, imm: t.imm }));
        expect(trap).toBe(undefined);
        const opens = t.sealed && t.odd === 0n && t.imm === 0n;
        const tag = t.sealed && !opens ? 0n : t.tag;
        const meta = opens ? source.meta : target.meta;
        expect(after.pcc).toEqual({ tag, meta, addr: (target.addr + t.imm) & ~1n });
        if (t.rd !== 0) expect(after.registers[t.rd]).toEqual(sealed({ ...pcc, addr: pcc.addr + 4n }));
        const usable = tag === 1n && t.executable && (!t.sealed || opens);
        const next = watched.inject(instruction("addi", { rd: 0, rs1: 0, imm: 0n }));
        expect(next.trap).toBe(usable ? undefined : 32n);
      }),
      { numRuns: 120 },
    );
  });
});
