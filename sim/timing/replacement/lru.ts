// Sets in order of use: the most recently used way stands first, so that a hit on it changes nothing and the last is the LRU.

/** Moves the entry at position `from` of the set that begins at `base` to its front, and writes `word` there. */
export function moveToFront(words: Int32Array, base: number, from: number, word: number): void {
  for (let i = base + from; i > base; i -= 1) words[i] = words[i - 1]!;
  words[base] = word;
}

/** Chooses which position of a full set to give up. */
export interface Victims {
  position(): number;
}

export function lruVictims(ways: number): Victims {
  return { position: () => ways - 1 };
}
