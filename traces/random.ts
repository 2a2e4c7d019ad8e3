// Seeded random numbers that are the same on every machine: SplitMix64 seeds xoshiro256**.

const MASK = (1n << 64n) - 1n;

/** SplitMix64 (Steele, Lea and Flood, OOPSLA 2014; constants as in Vigna's splitmix64.c): the 64-bit numbers after a seed. */
export function* splitmix64(seed: bigint): Generator<bigint, never, undefined> {
  let state = seed & MASK;
  for (;;) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    yield z ^ (z >> 31n);
  }
}

/** xoshiro256** 1.0 (Blackman and Vigna, ACM TOMS 47(4), 2021). */
export class Random {
  readonly #state: [bigint, bigint, bigint, bigint];

  constructor(state: readonly [bigint, bigint, bigint, bigint]) {
    this.#state = [...state];
  }

  static fromSeed(seed: number | bigint): Random {
    const seeds = splitmix64(BigInt(seed));
    return new Random([seeds.next().value, seeds.next().value, seeds.next().value, seeds.next().value]);
  }

  /** The next 64 bits. */
  next(): bigint {
    const s = this.#state;
    const result = (rotateLeft((s[1] * 5n) & MASK, 7n) * 9n) & MASK;
    const shifted = (s[1] << 17n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 45n);
    return result;
  }

  /** A number from 0 up to 1, which it never is, in steps of 2^-53. */
  unit(): number {
    return Number(this.next() >> 11n) * 2 ** -53;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

function rotateLeft(x: bigint, by: bigint): bigint {
  return ((x << by) | (x >> (64n - by))) & MASK;
}

/** A distribution by its quantiles: pairs of probability and value, both ascending, from 0 to 1. */
export type Quantiles = readonly (readonly [probability: number, value: number])[];

/**
 * One whole number of a distribution, straight lines between its quantiles. Only + - * / are used: logarithms and
 * powers differ in their last bit between JavaScript engines.
 */
export function draw(random: Random, quantiles: Quantiles): number {
  const u = random.unit();
  let i = 1;
  while (i < quantiles.length - 1 && quantiles[i]![0] <= u) i += 1;
  const [p0, v0] = quantiles[i - 1]!;
  const [p1, v1] = quantiles[i]!;
  return Math.floor(v0 + ((u - p0) / (p1 - p0)) * (v1 - v0));
}
