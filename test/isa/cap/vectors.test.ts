// The capability format against an outside judge: 10,000 vectors of cheri-compressed-cap, in the layout of the standard.
import { describe, expect, test } from "vitest";
import { encode } from "../../../isa/codec.ts";
import { PERMISSION } from "../../../isa/cap/format.ts";
import { permissionWord } from "../../../isa/cap/perms.ts";
import { allInstructions } from "../../../isa/table.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { execute, integer, type Value } from "../../drivers/meaning.ts";
import { readVectors } from "../../drivers/vectors.ts";

/** Every field but `k` is a number or the text of one; the names are explained in the vectors' README. */
interface Vector {
  readonly k: "dec" | "sb" | "rep" | "cram";
  readonly [field: string]: string | number | null;
}

const VECTORS = readVectors<Vector>("capabilities.jsonl.gz");
const of = (kind: Vector["k"]): readonly Vector[] => (VECTORS ?? []).filter((v) => v.k === kind);
const number = (v: Vector, field: string): bigint => BigInt(v[field]!);

/** P belongs to Zyhybrid, which the judge had and meshsim has not: the bit is cleared on both sides. */
const P = 1n << 44n;
const meta = (v: Vector, field: string): bigint => number(v, field) & ~P;
const capability = (v: Vector): Value => ({ tag: number(v, "tag"), meta: meta(v, "m"), addr: number(v, "a") });
const isaOf = (v: Vector): string => (v["lv"] === 1 ? "rv64y_zylevels1" : "rv64y");

/** x10 after `name x10, x11, x12`. */
function result(name: string, isa: string, x11: Value, x12: bigint): Value {
  const form = allInstructions().find((f) => f.insn.name === name)!;
  const word = encode(form, { rd: 10, rs1: 11, rs2: 12 });
  return execute(word, { isa, registers: { 11: x11, 12: x12 } }).registers.get(10)!;
}

describe.skipIf(VECTORS === undefined)("a capability, as the vectors of cheri-compressed-cap have it", () => {
  const plain = new CapabilityArithmetic(false);
  const levels = new CapabilityArithmetic(true);

  test("has the bounds, the permissions and the integrity that its bits say", () => {
    for (const v of of("dec")) {
      const decode = (m: CapabilityArithmetic): object => {
        const b = m.bounds(new Capability(0n, meta(v, "m"), number(v, "a"), undefined));
        return { valid: b.valid, base: b.base, top: (b.topHigh << 64n) | b.top };
      };
      const expected = { valid: number(v, "bv"), base: number(v, "base"), top: number(v, "top") };
      expect({ v, ...decode(plain) }).toEqual({ v, ...expected });
      expect({ v, ...decode(levels) }).toEqual({ v, ...expected });

      const word = (m: CapabilityArithmetic): bigint => permissionWord(m, meta(v, "m"), 1n);
      expect([v, word(plain), word(levels)]).toEqual([v, number(v, "permr0"), number(v, "permr1")]);

      // The judge also takes P without X for a fault of integrity.
      const wrongMode = (number(v, "m") & P) !== 0n && (number(v, "m") & PERMISSION.X) === 0n;
      const integral = (m: CapabilityArithmetic): bigint =>
        wrongMode ? 0n : m.bounds(new Capability(0n, meta(v, "m"), number(v, "a"), undefined)).integral;
      expect([v, integral(plain), integral(levels)]).toEqual([v, number(v, "intg0"), number(v, "intg1")]);
    }
  });

  test("gets the bounds that YBNDSW and YBNDSRW encode, and keeps its tag where they may", () => {
    for (const v of of("sb")) {
      const exact = result("ybndsw", isaOf(v), capability(v), number(v, "len"));
      const rounded = result("ybndsrw", isaOf(v), capability(v), number(v, "len"));
      expect([v, exact.meta, exact.tag]).toEqual([v, meta(v, "m2"), number(v, "tagw")]);
      expect([v, rounded.meta, rounded.tag]).toEqual([v, meta(v, "m2"), number(v, "tagrw")]);
    }
  });

  test("keeps its tag at a new address exactly where its bounds stay the same", () => {
    for (const v of of("rep")) {
      const moved = result("yaddrw", isaOf(v), capability(v), number(v, "na"));
      const b = plain.bounds(new Capability(0n, moved.meta, moved.addr, undefined));
      expect([v, moved.addr, moved.tag]).toEqual([v, number(v, "na"), number(v, "tag2")]);
      expect([v, b.base, (b.topHigh << 64n) | b.top]).toEqual([v, number(v, "base2"), number(v, "top2")]);
    }
  });

  test("finds with YAMASK the alignment that a length needs", () => {
    for (const v of of("cram")) {
      const mask = result("yamask", "rv64y", integer(number(v, "len")), 0n).addr;
      const rounded = BigInt.asUintN(64, (number(v, "len") + ~mask) & mask);
      expect([v, mask, rounded]).toEqual([v, number(v, "mask"), BigInt.asUintN(64, number(v, "rlen"))]);
    }
  });
});
