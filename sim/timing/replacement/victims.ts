// The contract of a replacement policy, and sets in order of use: the most recently used way stands first, so that a hit on it
// changes nothing.
import { isPowerOfTwo } from "../../config/params.ts";
import type { Storage } from "../part.ts";
import { Plru } from "./plru.ts";
import { RandomVictims } from "./random.ts";

export const POLICIES = ["lru", "plru", "random"] as const;
export type Policy = (typeof POLICIES)[number];

/** What code has to know that does what a policy does: its state, as in the classes. */
export type VictimsLayout =
  | { readonly policy: "lru" }
  | { readonly policy: "random"; readonly state: Int32Array }
  | { readonly policy: "plru"; readonly trees: Int32Array; readonly wayAt: Int32Array };

/** Chooses which position of a full set to give up. Positions count from the most recently used entry of the set. */
export interface Victims {
  /** Does it remember more than the order of use? Else `use` need not be called. */
  readonly notesUses: boolean;
  readonly layout: VictimsLayout;
  /** The entry at `position` of the set that begins at `base` is used: it comes to the front, those before it go back by one. */
  use(base: number, position: number): void;
  choose(base: number): number;
}

/** Moves the entry at position `from` of the set that begins at `base` to its front, and writes `word` there. */
export function moveToFront(words: Int32Array, base: number, from: number, word: number): void {
  for (let i = base + from; i > base; i -= 1) words[i] = words[i - 1]!;
  words[base] = word;
}

export function victimsOf(policy: Policy, sets: number, ways: number, storage: Storage): Victims {
  switch (policy) {
    case "lru":
      return { notesUses: false, layout: { policy }, use: () => {}, choose: () => ways - 1 };
    case "plru":
      if (!isPowerOfTwo(ways)) throw new Error(`PLRU needs a power of two of ways, not ${ways}`);
      return new Plru(sets, ways, storage);
    case "random":
      return new RandomVictims(ways, storage);
  }
}
