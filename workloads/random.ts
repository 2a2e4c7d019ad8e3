// Seeded random numbers and distributions, the same on every host: by IEEE 754 arithmetic alone, without Math.log.

/** xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018): 32 bits a step. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** A generator in this state; all zero is not a state. */
  constructor(state: readonly [number, number, number, number]) {
    [this.#a, this.#b, this.#c, this.#d] = state;
    if ((this.#a | this.#b | this.#c | this.#d) === 0) throw new Error("Random: the state is all zero");
  }

  /** The generator of one place in a run: other words, or other order, give an unrelated sequence. */
  static at(...words: readonly number[]): Random {
    let hash = 0x9e37_79b9;
    const absorb = (word: number): number => (hash = mix(hash ^ mix((word + 0x9e37_79b9) | 0)));
    for (const word of words) {
      absorb(word);
      absorb(Math.floor(word / 2 ** 32));
    }
    return new Random([absorb(1), absorb(2), absorb(3), absorb(4) | 1]);
  }

  /** An integer in [0, 2^32). */
  u32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotate(this.#d, 11);
    return result;
  }

  /** An integer of `bits` bits, at most 64. */
  bits(bits: number): bigint {
    words.setUint32(0, this.u32());
    words.setUint32(4, this.u32());
    const all = words.getBigUint64(0);
    return bits === 64 ? all : BigInt.asUintN(bits, all);
  }

  /** A number in [0, 1) with 53 random bits. */
  unit(): number {
    const high = this.u32() >>> 5;
    return (high * 2 ** 26 + (this.u32() >>> 6)) / 2 ** 53;
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** An integer in [least, most]. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** The standard normal distribution, by Marsaglia's polar method; the second value of a pair is not kept. */
  normal(): number {
    for (;;) {
      const x = 2 * this.unit() - 1;
      const y = 2 * this.unit() - 1;
      const s = x * x + y * y;
      if (s > 0 && s < 1) return x * Math.sqrt((-2 * logarithm(s)) / s);
    }
  }

  /** A value whose logarithm is normal: `sigma` is that logarithm's standard deviation. */
  lognormal(median: number, sigma: number): number {
    return median * exponential(sigma * this.normal());
  }
}

const words = new DataView(new ArrayBuffer(8));

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** A bijection of 32 bits in which each bit moves every other: MurmurHash3's finaliser. */
function mix(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

/** e^x. ECMAScript leaves the last bits of Math.exp to the engine, and a result must not depend on it. */
export function exponential(x: number): number {
  const exponent = Math.round(x / Math.LN2);
  const r = x - exponent * Math.LN2;
  let sum = 1;
  for (let n = 18; n >= 1; n -= 1) sum = 1 + (sum * r) / n; // Horner's scheme of the series, |r| <= ln 2 / 2
  for (let i = 0; i < exponent; i += 1) sum *= 2;
  for (let i = 0; i > exponent; i -= 1) sum /= 2;
  return sum;
}

/** ln x for x > 0, by the series of the inverse hyperbolic tangent around 1. */
export function logarithm(x: number): number {
  let exponent = 0;
  let m = x;
  for (; m > Math.SQRT2; m /= 2) exponent += 1;
  for (; m < Math.SQRT1_2; m *= 2) exponent -= 1;
  const z = (m - 1) / (m + 1); // |z| < 0.172
  let sum = 0;
  for (let n = 25; n >= 1; n -= 2) sum = sum * z * z + 1 / n;
  return 2 * z * sum + exponent * Math.LN2;
}
