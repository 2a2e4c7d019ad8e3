// Judges the capability format by vectors of cheri-compressed-cap: decoding, new bounds, representability, alignment.
import { encode } from "../../isa/codec.ts";
import { PERMISSION } from "../../isa/cap/format.ts";
import { permissionWord } from "../../isa/cap/perms.ts";
import { allInstructions } from "../../isa/table.ts";
import { Capability, CapabilityArithmetic } from "../../sim/machine/capability.ts";
import type { Difference } from "../drivers/instruction-vectors.ts";
import { execute, integer, type Value } from "../drivers/meaning.ts";

/** Every field but `k` is a number or the text of one; the names are explained in the vectors' README. */
export interface CapabilityVector {
  readonly k: string;
  readonly [field: string]: string | number | null;
}

/** P belongs to Zyhybrid, which the judge had and these machines have not: the bit is cleared on both sides. */
const P = 1n << 44n;

const number = (v: CapabilityVector, field: string): bigint => BigInt(v[field]!);
const meta = (v: CapabilityVector, field: string): bigint => number(v, field) & ~P;
const capability = (v: CapabilityVector): Value => ({
  tag: number(v, "tag"),
  meta: meta(v, "m"),
  addr: number(v, "a"),
});
const isaOf = (v: CapabilityVector): string => (v["lv"] === 1 ? "rv64y_zylevels1" : "rv64y");

const plain = new CapabilityArithmetic(false);
const levels = new CapabilityArithmetic(true);

/** Value found and value expected, by name. */
type Facts = Readonly<Record<string, readonly [found: bigint, expected: bigint]>>;

const KINDS: Readonly<Record<string, (v: CapabilityVector) => Facts>> = {
  dec: decoding,
  sb: newBounds,
  rep: newAddress,
  cram: alignment,
};

/** Is it a kind of vector that these functions judge? */
export const isCapabilityKind = (kind: string): boolean => Object.hasOwn(KINDS, kind);

/** What differs from the vector, whose kind is known. */
export function capabilityDifferences(v: CapabilityVector): Difference[] {
  return Object.entries(KINDS[v.k]!(v))
    .filter(([, [found, expected]]) => found !== expected)
    .map(([what, [found, expected]]) => ({ what, expected: hex(expected), found: hex(found) }));
}

/** The vector's input, as the subject of a failure. */
export function capabilitySubject(v: CapabilityVector): string {
  return `${v.k} ${["m", "a", "tag", "len", "na"].flatMap((f) => (v[f] === undefined ? [] : [`${f}=${v[f]}`])).join(" ")}`;
}

function decoding(v: CapabilityVector): Facts {
  const decode = (m: CapabilityArithmetic): ReturnType<CapabilityArithmetic["bounds"]> =>
    m.bounds(new Capability(0n, meta(v, "m"), number(v, "a"), undefined));
  // The judge also takes P without X for a fault of integrity.
  const wrongMode = (number(v, "m") & P) !== 0n && (number(v, "m") & PERMISSION.X) === 0n;
  const of = (m: CapabilityArithmetic, suffix: string): Facts => {
    const b = decode(m);
    return {
      [`valid${suffix}`]: [b.valid, number(v, "bv")],
      [`base${suffix}`]: [b.base, number(v, "base")],
      [`top${suffix}`]: [(b.topHigh << 64n) | b.top, number(v, "top")],
      [`permissions${suffix}`]: [permissionWord(m, meta(v, "m"), 1n), number(v, `permr${suffix}`)],
      [`integrity${suffix}`]: [wrongMode ? 0n : b.integral, number(v, `intg${suffix}`)],
    };
  };
  return { ...of(plain, "0"), ...of(levels, "1") };
}

function newBounds(v: CapabilityVector): Facts {
  const exact = result("ybndsw", isaOf(v), capability(v), number(v, "len"));
  const rounded = result("ybndsrw", isaOf(v), capability(v), number(v, "len"));
  return {
    "metadata of ybndsw": [exact.meta, meta(v, "m2")],
    "tag of ybndsw": [exact.tag, number(v, "tagw")],
    "metadata of ybndsrw": [rounded.meta, meta(v, "m2")],
    "tag of ybndsrw": [rounded.tag, number(v, "tagrw")],
  };
}

function newAddress(v: CapabilityVector): Facts {
  const moved = result("yaddrw", isaOf(v), capability(v), number(v, "na"));
  const b = plain.bounds(new Capability(0n, moved.meta, moved.addr, undefined));
  return {
    address: [moved.addr, number(v, "na")],
    tag: [moved.tag, number(v, "tag2")],
    base: [b.base, number(v, "base2")],
    top: [(b.topHigh << 64n) | b.top, number(v, "top2")],
  };
}

function alignment(v: CapabilityVector): Facts {
  const length = number(v, "len");
  const mask = result("yamask", "rv64y", integer(length), 0n).addr;
  const rounded = BigInt.asUintN(64, (length + ~mask) & mask);
  return { mask: [mask, number(v, "mask")], length: [rounded, BigInt.asUintN(64, number(v, "rlen"))] };
}

/** x10 after `name x10, x11, x12`. */
function result(name: string, isa: string, x11: Value, x12: bigint): Value {
  const form = FORMS.get(name)!;
  return execute(encode(form, { rd: 10, rs1: 11, rs2: 12 }), { isa, registers: { 11: x11, 12: x12 } }).registers.get(
    10,
  )!;
}
const FORMS = new Map(allInstructions().map((form) => [form.insn.name, form]));

const hex = (value: bigint): string => `0x${value.toString(16)}`;
