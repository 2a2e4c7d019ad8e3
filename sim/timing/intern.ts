// Numbers sequences of words: equal sequences get the same number, counted from 0.
//
// Generated code numbers some itself, on the same words of the storage, as long as these suffice: what is more lies elsewhere, and code is
// told that there is no room for any.
import type { Storage } from "./part.ts";

/** Words that say how many sequences there are, how many places the table has less one, and with how many of them code adds no more. */
export const KNOWN = { size: 0, mask: 1, most: 2 } as const;
const FIRST_PLACES = 512;
export const HASH_BASIS = 0x811c9dc5;
export const HASH_PRIME = 0x01000193;
/** Folds a hash's high bits into the low ones that index the table. */
export const HASH_FOLD = 15;

/** What code works on that numbers sequences: as in the class, while that has not outgrown it. */
export interface InternerLayout {
  /** `KNOWN` */
  readonly known: Int32Array;
  /** All sequences one after another; sequence n lies from `starts[n]` to `starts[n + 1]`. */
  readonly words: Int32Array;
  readonly starts: Int32Array;
  readonly hashes: Int32Array;
  /** Open addressing: numbers of sequences plus 1, or 0; at most half full. */
  readonly table: Int32Array;
}

export class Interner {
  /** In the storage. */
  readonly layout: InternerLayout;
  readonly #known: Int32Array;
  readonly #most: number;
  /** As in the layout, where that suffices. */
  #words: Int32Array;
  #starts: Int32Array;
  #hashes: Int32Array;
  #table: Int32Array;

  /** @param room - for so many sequences, and their words, that code may number; more become known here. */
  constructor(storage: Storage, room: { readonly sequences: number; readonly words: number }) {
    const { sequences, words } = room;
    this.#most = sequences;
    this.layout = {
      known: storage.int32(3),
      words: storage.int32(words),
      starts: storage.int32(sequences + 1),
      hashes: storage.int32(sequences),
      table: storage.int32(Math.max(FIRST_PLACES, 2 * sequences)),
    };
    this.#known = this.layout.known;
    ({ words: this.#words, starts: this.#starts, hashes: this.#hashes, table: this.#table } = this.layout);
    this.clear();
  }

  get size(): number {
    return this.#known[KNOWN.size]!;
  }

  /** The number of the first `length` words of `words`. */
  intern(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const mask = this.#known[KNOWN.mask]!;
    let place = hash & mask;
    for (; this.#table[place] !== 0; place = (place + 1) & mask) {
      const known = this.#table[place]! - 1;
      if (this.#hashes[known] === hash && this.#equals(known, words, length)) return known;
    }
    this.#table[place] = this.size + 1;
    return this.#append(words, length, hash);
  }

  /** A view of a sequence, good until the next `intern`. */
  wordsOf(number: number): Int32Array {
    return this.#words.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** All sequences one after another, good until the next `intern`. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Where among them a sequence begins; it ends where the next begins. */
  startOf(number: number): number {
    return this.#starts[number]!;
  }

  clear(): void {
    this.layout.table.fill(0, 0, Math.min(this.#known[KNOWN.mask]! + 1, this.layout.table.length));
    ({ words: this.#words, starts: this.#starts, hashes: this.#hashes, table: this.#table } = this.layout);
    this.#known[KNOWN.size] = 0;
    this.#known[KNOWN.mask] = FIRST_PLACES - 1;
    this.#known[KNOWN.most] = this.#most;
  }

  #equals(number: number, words: Int32Array, length: number): boolean {
    const start = this.#starts[number]!;
    if (this.#starts[number + 1]! - start !== length) return false;
    for (let i = 0; i < length; i += 1) if (this.#words[start + i] !== words[i]) return false;
    return true;
  }

  #append(words: Int32Array, length: number, hash: number): number {
    const number = this.size;
    const start = this.#starts[number]!;
    this.#words = this.#withRoom(this.#words, start + length);
    this.#starts = this.#withRoom(this.#starts, number + 2);
    this.#hashes = this.#withRoom(this.#hashes, number + 1);
    for (let i = 0; i < length; i += 1) this.#words[start + i] = words[i]!;
    this.#starts[number + 1] = start + length;
    this.#hashes[number] = hash;
    this.#known[KNOWN.size] = number + 1;
    if (2 * (number + 1) > this.#known[KNOWN.mask]! + 1) this.#rehash();
    return number;
  }

  #rehash(): void {
    const places = 2 * (this.#known[KNOWN.mask]! + 1);
    this.#table = this.#withRoom(this.#table, places);
    this.#table.fill(0, 0, places);
    const mask = (this.#known[KNOWN.mask] = places - 1);
    for (let number = 0; number < this.size; number += 1) {
      let place = this.#hashes[number]! & mask;
      while (this.#table[place] !== 0) place = (place + 1) & mask;
      this.#table[place] = number + 1;
    }
  }

  #withRoom(words: Int32Array, length: number): Int32Array {
    if (length <= words.length) return words;
    this.#known[KNOWN.most] = 0;
    const larger = new Int32Array(Math.max(length, 2 * words.length));
    larger.set(words);
    return larger;
  }
}

/** FNV-1a over words. */
function hashOf(words: Int32Array, length: number): number {
  let hash = HASH_BASIS ^ length;
  for (let i = 0; i < length; i += 1) hash = Math.imul(hash ^ words[i]!, HASH_PRIME);
  return hash ^ (hash >>> HASH_FOLD);
}
