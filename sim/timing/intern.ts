// Numbers sequences of words: equal sequences get the same number, counted from 0.

const EMPTY = -1;

export class Interner {
  /** All sequences one after another; sequence n lies from `#starts[n]` to `#starts[n + 1]`. */
  #words = new Int32Array(4096);
  #starts = new Int32Array(256);
  #hashes = new Int32Array(256);
  /** Open addressing: sequence numbers, at most half full. */
  #table = new Int32Array(512).fill(EMPTY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the first `length` words of `words`. */
  intern(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (; this.#table[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const known = this.#table[slot]!;
      if (this.#hashes[known] === hash && this.#equals(known, words, length)) return known;
    }
    this.#table[slot] = this.#size;
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
    this.#size = 0;
    this.#table.fill(EMPTY);
  }

  #equals(number: number, words: Int32Array, length: number): boolean {
    const start = this.#starts[number]!;
    if (this.#starts[number + 1]! - start !== length) return false;
    for (let i = 0; i < length; i += 1) if (this.#words[start + i] !== words[i]) return false;
    return true;
  }

  #append(words: Int32Array, length: number, hash: number): number {
    const number = this.#size;
    const start = this.#starts[number]!;
    this.#words = roomFor(this.#words, start + length);
    this.#starts = roomFor(this.#starts, number + 2);
    this.#hashes = roomFor(this.#hashes, number + 1);
    for (let i = 0; i < length; i += 1) this.#words[start + i] = words[i]!;
    this.#starts[number + 1] = start + length;
    this.#hashes[number] = hash;
    this.#size += 1;
    if (2 * this.#size > this.#table.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const table = new Int32Array(2 * this.#table.length).fill(EMPTY);
    const mask = table.length - 1;
    for (let number = 0; number < this.#size; number += 1) {
      let slot = this.#hashes[number]! & mask;
      while (table[slot] !== EMPTY) slot = (slot + 1) & mask;
      table[slot] = number;
    }
    this.#table = table;
  }
}

/** FNV-1a over words, its high bits folded into the low ones that index the table. */
function hashOf(words: Int32Array, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  for (let i = 0; i < length; i += 1) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function roomFor(words: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= words.length) return words;
  const larger = new Int32Array(Math.max(length, 2 * words.length));
  larger.set(words);
  return larger;
}
