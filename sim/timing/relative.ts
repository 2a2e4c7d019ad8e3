// Canonical copies of what the pipeline remembers: times as cycles from an origin, those that are past as 0, so that equal
// futures have equal copies.

/** Cycles ahead that a copy can tell: with what one instruction may add they are still words. */
const FARTHEST = 2 ** 30;

/** Takes down the state of one part after another. */
export class StateWriter {
  words: Int32Array;
  length = 0;
  /** A time lies so far ahead that the copy is of no use. */
  exceeded = false;
  #origin = 0;

  constructor(capacity = 256) {
    this.words = new Int32Array(capacity);
  }

  /** Begins a copy. @param origin - the earliest cycle in which anything can still happen. */
  begin(origin: number): void {
    this.#origin = origin;
    this.length = 0;
    this.exceeded = false;
  }

  get origin(): number {
    return this.#origin;
  }

  isPast(cycle: number): boolean {
    return cycle <= this.#origin;
  }

  put(word: number): void {
    if (this.length === this.words.length) this.#grow();
    this.words[this.length] = word;
    this.length += 1;
  }

  time(cycle: number): void {
    const ahead = Math.max(0, cycle - this.#origin);
    if (ahead > FARTHEST) this.exceeded = true;
    this.put(ahead);
  }

  #grow(): void {
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
  }
}

/** Reads a copy back in the order in which it was written; what was past lies at the origin. */
export class StateReader {
  #words: Int32Array = new Int32Array(0);
  #next = 0;
  #origin = 0;

  /** Begins to read a copy that stands from a place on. */
  begin(words: Int32Array, from: number, origin: number): void {
    this.#words = words;
    this.#next = from;
    this.#origin = origin;
  }

  /** The origin lies elsewhere. */
  shift(cycles: number): void {
    this.#origin += cycles;
  }

  take(): number {
    const word = this.#words[this.#next]!;
    this.#next += 1;
    return word;
  }

  time(): number {
    return this.#origin + this.take();
  }
}
