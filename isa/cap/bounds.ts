// Decodes, encodes and compares the compressed bounds of a capability, as section_cap_bounds of the standard does.
import { B, BE, BOUNDS_MASK, EF, SEALED, T, TE, XLEN, type Field } from "./format.ts";
import { isIntegral } from "./perms.ts";
import type { Arithmetic, Bounds, Capabilities, Format } from "../semantics.ts";

/** Parameters of the format (#rvy64_uni_base_name_param_summary). */
const MW = 14;
const CAP_MAX_E = XLEN - MW + 2;
/** Low bits of T and B that hold the exponent when it is internal. */
const EXPONENT_BITS = 3;

// The same numbers as values of the algebra.
const MAX_E = BigInt(CAP_MAX_E);
const MANTISSA = BigInt(MW);
const QUARTER = BigInt(MW - 2);
const INTERNAL = BigInt(EXPONENT_BITS);
const BITS = BigInt(XLEN);

/** What decoding needs: arithmetic, and which fields there are (for integrity). */
export type BoundsMachine<X> = Arithmetic<X> & Format;
/** What has bounds. */
export type BoundedMachine<X, Y> = Arithmetic<X> & Pick<Capabilities<X, Y>, "cap" | "tag" | "meta" | "bounds">;

/** A field of the metadata as a number. */
export function field<X>(m: Arithmetic<X>, meta: X, f: Field): X {
  return m.zext(m.shr(meta, m.const(f.at)), f.width);
}

const not = <X>(m: Arithmetic<X>, cond: X): X => m.xor(cond, m.const(1n));
const isNot = <X>(m: Arithmetic<X>, a: X, b: bigint): X => not(m, m.eq(a, m.const(b)));

/**
 * Bounds of a capability (#section_cap_bounds_decoding). Names are the standard's: E is the exponent, T and B the
 * mantissas of top and base, A the address bits that they replace, R the lower edge of the representable range.
 */
export function decodeBounds<X>(m: BoundsMachine<X>, metadata: X, address: X): Bounds<X> {
  const meta = m.let(metadata);
  const a = m.let(address);
  const ef = m.let(field(m, meta, EF));
  const exponent = m.let(m.or(m.shl(field(m, meta, TE), m.const(3n)), field(m, meta, BE)));
  const E = m.let(m.select(ef, m.const(0n), m.sub(m.const(MAX_E), exponent)));
  const low = m.select(ef, m.const(0n), m.const((1n << INTERNAL) - 1n));
  const stored = m.let(m.xor(low, m.const(-1n)));
  const bMantissa = m.let(m.and(field(m, meta, B), stored));
  const tLow = m.let(m.and(field(m, meta, T), stored));
  const lCout = m.ltu(tLow, m.zext(bMantissa, MW - 2));
  const lMsb = not(m, ef);
  const tHigh = m.zext(m.add(m.add(m.shr(bMantissa, m.const(QUARTER)), lCout), lMsb), 2);
  const tMantissa = m.let(m.or(m.shl(tHigh, m.const(QUARTER)), tLow));

  const shifted = m.let(m.shr(a, E));
  const R = m.let(m.zext(m.sub(bMantissa, m.const(1n << QUARTER)), MW));
  const aBelow = m.let(m.ltu(m.zext(shifted, MW), R));
  const upper = m.let(m.sub(m.shr(shifted, m.const(MANTISSA)), aBelow));
  const place = (mantissa: X): X => {
    const corrected = m.add(upper, m.ltu(mantissa, R)); // ct = (T < R) - (A < R), cb likewise
    return m.shl(m.or(m.shl(corrected, m.const(MANTISSA)), mantissa), E);
  };
  const malformedMsb = m.or(
    m.and(m.eq(exponent, m.const(0n)), isNot(m, bMantissa, 0n)),
    m.and(m.eq(exponent, m.const(1n)), m.shr(bMantissa, m.const(MANTISSA - 1n))),
  );
  const malformedLsb = m.ltu(m.const(MAX_E), exponent);
  const valid = m.let(m.or(ef, not(m, m.or(malformedMsb, malformedLsb))));
  const keep = m.let(m.sub(m.const(0n), valid));
  const base = m.let(m.and(place(bMantissa), keep));
  const top = m.let(m.and(place(tMantissa), keep));
  // #t_bound_msb_inversion_truth_table: t[64] follows from t[63] and b[63] alone, except where T itself reaches bit 64.
  const fromMsbs = m.and(m.shr(base, m.const(63n)), not(m, m.shr(top, m.const(63n))));
  const fromT = m.zext(m.shr(tMantissa, m.sub(m.const(BITS), E)), 1);
  const reachesTop = m.ltu(m.const(MAX_E - 2n), E);
  const topHigh = m.let(m.and(m.select(reachesTop, fromT, fromMsbs), valid));
  return { base, top, topHigh, valid, integral: m.let(m.and(valid, isIntegral(m, meta))) };
}

/** New bounds for a capability: its metadata, and whether they are exactly those asked for. */
export interface EncodedBounds<X> {
  readonly meta: X;
  readonly exact: X;
  /** Number of low address bits that the new bounds cannot express. */
  readonly alignment: X;
}

/**
 * The smallest representable bounds that contain [base, base + length). The exponent puts the length's most significant
 * bit on T[MW-2]; where rounding the top up carries the length past that, the exponent is one more.
 */
export function encodeBounds<X>(m: Arithmetic<X>, meta: X, newBase: X, length: X): EncodedBounds<X> {
  const base = m.let(newBase);
  const size = m.let(length);
  const top = m.let(m.add(base, size));
  const topHigh = m.let(m.ltu(top, base));
  const msb = m.let(m.sub(m.const(63n), m.clz(size)));
  const small = m.let(m.ltu(size, m.const(1n << QUARTER)));
  const E = m.let(m.select(small, m.const(0n), m.sub(msb, m.const(QUARTER))));

  const first = round(m, base, top, topHigh, m.let(m.add(E, m.const(INTERNAL))));
  const mantissaBits = MW - EXPONENT_BITS;
  const length1 = m.zext(m.sub(first.top, first.base), mantissaBits);
  const carried = m.let(m.shr(length1, m.const(BigInt(mantissaBits - 1))));
  const alignment = m.let(m.add(m.add(E, m.const(INTERNAL)), carried));
  const second = round(m, base, top, topHigh, alignment);

  const exponent = m.let(m.sub(m.const(MAX_E + INTERNAL), alignment));
  const internal = fields(m, 0n, [
    [T, m.or(m.shl(second.top, m.const(3n)), m.shr(exponent, m.const(3n)))],
    [B, m.or(m.shl(second.base, m.const(3n)), m.zext(exponent, 3))],
  ]);
  const direct = fields(m, 1n, [
    [T, top],
    [B, base],
  ]);
  return {
    meta: m.or(m.and(meta, m.const(~BOUNDS_MASK)), m.select(small, direct, internal)),
    exact: m.or(small, second.exact),
    alignment: m.select(small, m.const(0n), alignment),
  };
}

/** Base rounded down and top rounded up to a multiple of 2^amount, then divided by it; amount is 3 or more. */
function round<X>(m: Arithmetic<X>, base: X, top: X, topHigh: X, amount: X): { base: X; top: X; exact: X } {
  const lost = m.let(m.sub(m.shl(m.const(1n), amount), m.const(1n)));
  const lostTop = m.let(isNot(m, m.and(top, lost), 0n));
  const lostBase = isNot(m, m.and(base, lost), 0n);
  const whole = m.or(m.shr(top, amount), m.shl(topHigh, m.sub(m.const(BITS), amount)));
  return {
    base: m.let(m.shr(base, amount)),
    top: m.let(m.add(whole, lostTop)),
    exact: not(m, m.or(lostTop, lostBase)),
  };
}

/** Bounds fields put in their places, excess high bits dropped. */
function fields<X>(m: Arithmetic<X>, ef: bigint, values: readonly (readonly [Field, X])[]): X {
  return values.reduce(
    (meta, [f, value]) => m.or(meta, m.shl(m.zext(value, f.width), m.const(f.at))),
    m.const(ef << EF.at),
  );
}

/** Does [addr, addr + length) lie within the bounds, with no wrap at 2^64? (inCapBoundsNoWrap in the Sail model) */
export function contains<X>(m: Arithmetic<X>, bounds: Bounds<X>, addr: X, length: X): X {
  const top = m.let(m.add(addr, length));
  const topHigh = m.let(m.ltu(top, addr));
  const above = m.or(
    m.ltu(topHigh, bounds.topHigh),
    m.and(m.eq(topHigh, bounds.topHigh), not(m, m.ltu(bounds.top, top))),
  );
  return m.and(m.and(bounds.valid, not(m, m.ltu(addr, bounds.base))), above);
}

/** Does what has a tag pass all integrity checks? */
export function isIntact<X, Y>(m: Capabilities<X, Y>, y: Y): X {
  return m.isIntact?.(y) ?? m.bounds(y).integral;
}

/** A capability with another address, as YADDRW makes it. */
export function setAddress<X, Y>(m: Arithmetic<X> & Capabilities<X, Y>, y: Y, addr: X): Y {
  const moved = m.cap(m.tag(y), m.meta(y), addr);
  return m.keepTagIf(moved, m.keepsTagAt?.(y, addr) ?? keepsTagAt(m, y, addr));
}

/**
 * Does a capability keep its tag at another address? Not where it is sealed or corrupt, or the address is outside the
 * representable range. It suffices to compare bases (#section_cap_representable_check).
 */
export function keepsTagAt<X, Y>(m: BoundedMachine<X, Y>, y: Y, addr: X): X {
  const meta = m.meta(y);
  const moved = m.cap(m.tag(y), meta, addr);
  const old = m.bounds(y);
  const unsealed = m.eq(m.and(meta, m.const(SEALED)), m.const(0n));
  const representable = m.eq(m.bounds(moved).base, old.base);
  return m.and(m.and(unsealed, old.integral), representable);
}
