// Bounds decoded a second time, straight from the standard's pseudo-code on whole integers, sharing nothing with isa/cap.

const MW = 14n;
const CAP_MAX_E = 52n;
const ADDRESS_SPACE = 1n << 64n;

const bits = (value: bigint, high: bigint, low: bigint): bigint => (value >> low) & ((1n << (high - low + 1n)) - 1n);

export interface PlainBounds {
  readonly malformed: boolean;
  readonly base: bigint;
  /** Up to 2^64 and, for corrupt capabilities, beyond. */
  readonly top: bigint;
  readonly exponent: bigint;
}

/** #bounds_variable_usage, #section_cap_bounds_correction_factors, #top_bound_dec, #t_bound_msb_inversion */
export function plainBounds(meta: bigint, address: bigint): PlainBounds {
  const direct = bits(meta, 26n, 26n) === 1n;
  const E = direct ? 0n : CAP_MAX_E - ((bits(meta, 16n, 14n) << 3n) | bits(meta, 2n, 0n));
  const tLow = (bits(meta, 25n, 17n) << 3n) | (direct ? bits(meta, 16n, 14n) : 0n);
  const B = (bits(meta, 13n, 3n) << 3n) | (direct ? bits(meta, 2n, 0n) : 0n);
  const carry = tLow < bits(B, 11n, 0n) ? 1n : 0n;
  const T = (((bits(B, 13n, 12n) + carry + (direct ? 0n : 1n)) & 3n) << 12n) | tLow;
  const malformedMsb = (E === CAP_MAX_E && B !== 0n) || (E === CAP_MAX_E - 1n && bits(B, 13n, 13n) === 1n);
  if (!direct && (malformedMsb || E < 0n)) return { malformed: true, base: 0n, top: 0n, exponent: E };

  const A = bits(address, E + MW - 1n, E);
  const R = (B - (1n << (MW - 2n))) & ((1n << MW) - 1n);
  const correction = (mantissa: bigint): bigint => (mantissa < R ? 1n : 0n) - (A < R ? 1n : 0n);
  const place = (mantissa: bigint): bigint =>
    (((address >> (E + MW)) + correction(mantissa)) << (E + MW)) + (mantissa << E);
  const base = BigInt.asUintN(64, place(B));
  let top = BigInt.asUintN(65, place(T));
  if (E < CAP_MAX_E - 1n && ((bits(top, 64n, 63n) - bits(base, 63n, 63n)) & 3n) >= 2n) top ^= ADDRESS_SPACE;
  return { malformed: false, base, top, exponent: E };
}
