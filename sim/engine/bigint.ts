// 64-bit arithmetic on bigint: a value is an integer in [0, 2^64), as slow and as obvious as it can be.
import type { Arithmetic } from "../../isa/semantics.ts";

const XLEN = 64;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const MOST_NEGATIVE = 0x8000_0000_0000_0000n;

const wrap = (a: bigint): bigint => BigInt.asUintN(XLEN, a);
const signed = (a: bigint): bigint => BigInt.asIntN(XLEN, a);

/**
 * `Arithmetic` on bigint values in [0, 2^64). Every result is in that range if the operands are. And, or and xor wrap without
 * need: it tells V8 that 64 bits suffice, and halves their time.
 */
export class BigintArithmetic implements Arithmetic<bigint> {
  const(n: bigint): bigint {
    return n >= 0n ? n : wrap(n);
  }
  add(a: bigint, b: bigint): bigint {
    return wrap(a + b);
  }
  sub(a: bigint, b: bigint): bigint {
    return wrap(a - b);
  }
  mul(a: bigint, b: bigint): bigint {
    return wrap(a * b);
  }
  mulh(a: bigint, b: bigint): bigint {
    return wrap((signed(a) * signed(b)) >> 64n);
  }
  mulhsu(a: bigint, b: bigint): bigint {
    return wrap((signed(a) * b) >> 64n);
  }
  mulhu(a: bigint, b: bigint): bigint {
    return (a * b) >> 64n;
  }
  div(a: bigint, b: bigint): bigint {
    if (b === 0n) return ALL_ONES;
    if (a === MOST_NEGATIVE && b === ALL_ONES) return a;
    return wrap(signed(a) / signed(b));
  }
  divu(a: bigint, b: bigint): bigint {
    return b === 0n ? ALL_ONES : a / b;
  }
  rem(a: bigint, b: bigint): bigint {
    if (b === 0n) return a;
    if (a === MOST_NEGATIVE && b === ALL_ONES) return 0n;
    return wrap(signed(a) % signed(b));
  }
  remu(a: bigint, b: bigint): bigint {
    return b === 0n ? a : a % b;
  }
  and(a: bigint, b: bigint): bigint {
    return wrap(a & b);
  }
  or(a: bigint, b: bigint): bigint {
    return wrap(a | b);
  }
  xor(a: bigint, b: bigint): bigint {
    return wrap(a ^ b);
  }
  shl(a: bigint, amount: bigint): bigint {
    return wrap(a << (amount & 63n));
  }
  shr(a: bigint, amount: bigint): bigint {
    return a >> (amount & 63n);
  }
  sar(a: bigint, amount: bigint): bigint {
    return wrap(signed(a) >> (amount & 63n));
  }
  eq(a: bigint, b: bigint): bigint {
    return a === b ? 1n : 0n;
  }
  ltu(a: bigint, b: bigint): bigint {
    return a < b ? 1n : 0n;
  }
  lts(a: bigint, b: bigint): bigint {
    return signed(a) < signed(b) ? 1n : 0n;
  }
  select(cond: bigint, a: bigint, b: bigint): bigint {
    return cond !== 0n ? a : b;
  }
  sext(a: bigint, bits: number): bigint {
    return wrap(BigInt.asIntN(bits, a));
  }
  zext(a: bigint, bits: number): bigint {
    return BigInt.asUintN(bits, a);
  }
  clz(a: bigint): bigint {
    const high = Number(a >> 32n);
    return BigInt(high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(a & 0xffff_ffffn)));
  }
  ctz(a: bigint): bigint {
    return a === 0n ? 64n : 63n - this.clz(a & wrap(-a));
  }
  popcount(a: bigint): bigint {
    return BigInt(ones(Number(a & 0xffff_ffffn)) + ones(Number(a >> 32n)));
  }
  let(a: bigint): bigint {
    return a;
  }
}

/** Set bits of a 32-bit number, by halving sums (Hacker's Delight, 5-1). */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
