// A small seeded generator of random numbers, for campaigns too large for fast-check.

const TWO_32 = 0x1_0000_0000;

/** mulberry32: the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The generator of one of many programs: campaigns number them. */
  static of(seed: number, program: number): Random {
    return new Random(Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(program + 1, 0xc2b2_ae35));
  }

  /** 32 bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 64 bits. */
  bits64(): bigint {
    return (BigInt(this.bits()) << 32n) | BigInt(this.bits());
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor((this.bits() / TWO_32) * below);
  }

  /** 64 bits modulo a number of at most 21 bits. */
  below64(below: number): number {
    return ((this.bits() % below) * TWO_32 + this.bits()) % below;
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.bits() < probability * TWO_32;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
