// Random victims, from a generator that starts the same in every run.
import type { Storage } from "../part.ts";
import type { Victims } from "./victims.ts";

const SEED = 0x2545f491;

/** Marsaglia's xorshift32 (13, 17, 5): period 2^32 - 1. */
export function randomVictims(ways: number, storage: Storage): Victims {
  const state = storage.int32(1, SEED);
  return {
    notesUses: false,
    use: () => {},
    choose: () => {
      let x = state[0]!;
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      state[0] = x;
      return (x >>> 0) % ways;
    },
  };
}
