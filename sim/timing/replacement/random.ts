// Random victims, from a generator that starts the same in every run.
import { isPowerOfTwo } from "../../config/params.ts";
import type { Storage } from "../part.ts";
import type { Victims, VictimsLayout } from "./victims.ts";

const SEED = 0x2545f491;

/** Marsaglia's xorshift32 (13, 17, 5): period 2^32 - 1. */
export class RandomVictims implements Victims {
  readonly notesUses = false;
  readonly #state: Int32Array;
  readonly #ways: number;
  /** Of the remainder by `#ways`, where that is a power of two, else 0. */
  readonly #mask: number;

  constructor(ways: number, storage: Storage) {
    this.#state = storage.int32(1, SEED);
    this.#ways = ways;
    this.#mask = isPowerOfTwo(ways) ? ways - 1 : 0;
  }

  get layout(): VictimsLayout {
    return { policy: "random", state: this.#state };
  }

  use(): void {}

  choose(): number {
    let x = this.#state[0]!;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state[0] = x;
    return this.#mask > 0 ? x & this.#mask : (x >>> 0) % this.#ways;
  }
}
