// A script: a stretch of a run as words, from which a pipeline can go through it again without asking anybody.
//
// A step word (step.ts) is an instruction all of whose outcomes were on time. With LATE set, six words follow it: what was not.
// Negative words are what happens beside instructions: fetch stalls, traps, flushes, waits for interrupts.
import type { Outcomes, Pipeline } from "./pipeline.ts";
import { BufferUses, useOf } from "./far-stores.ts";
import { NO_OVERLAP } from "./storebuffer.ts";

export const LATE = 1 << 30;
/** Words that follow one with LATE. */
export const LATE_WORD = {
  ...{ translateCycles: 0, blockedCycles: 1, overlapAge: 2, accessCycles: 3, tagCycles: 4, bufferCycles: 5 },
} as const satisfies Record<keyof Lateness, number>;
export const LATE_WORDS = 6;
export const FETCH = -1;
/** Words that follow it. */
export const FETCH_WORDS = 3;
const TRAP = -2;
const FLUSH = -3;
const IDLE = -4;

/** Blocked cycles of an access that a device answers. */
export const DEVICE = -1;

/** The outcomes of one access. */
export interface Lateness {
  /** Until the translation was there. */
  translateCycles: number;
  /** How much longer the cache answered nobody; DEVICE: a device answered, and the rest is without meaning. */
  blockedCycles: number;
  /** As `Outcomes.overlapAge`. */
  overlapAge: number;
  /** Until the cache answered, beyond a hit. */
  accessCycles: number;
  /** Of these, those that tags alone took. */
  tagCycles: number;
  /** Where the times of stores are kept elsewhere: how long these stand in the way of the instruction, from the cycle before its begin; 0: they do not. */
  bufferCycles: number;
}

/** An access that waits for nobody. */
export const ON_TIME: Readonly<Lateness> = {
  translateCycles: 0,
  blockedCycles: 0,
  overlapAge: NO_OVERLAP,
  accessCycles: 0,
  tagCycles: 0,
  bufferCycles: 0,
};

export function copyLateness(from: Readonly<Lateness>, to: Lateness): void {
  to.translateCycles = from.translateCycles;
  to.blockedCycles = from.blockedCycles;
  to.overlapAge = from.overlapAge;
  to.accessCycles = from.accessCycles;
  to.tagCycles = from.tagCycles;
  to.bufferCycles = from.bufferCycles;
}

/** Gives the overlap age of the load at a place of a piece, or NO_OVERLAP. */
export type AgeAt = (index: number) => number;

/** A script being written. */
export class Script {
  words = new Int32Array(64);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** An instruction all of whose outcomes are on time. */
  step(word: number): void {
    this.#put(word);
  }

  lateStep(word: number, late: Lateness): void {
    this.#put(word | LATE);
    this.#put(late.translateCycles);
    this.#put(late.blockedCycles);
    this.#put(late.overlapAge);
    this.#put(late.accessCycles);
    this.#put(late.tagCycles);
    this.#put(late.bufferCycles);
  }

  /** Copies a script of steps, the words from `from` to `to`, but that stores stand in the way of the one at `place`. */
  waitingCopy(words: Int32Array, from: number, to: number, place: number, bufferCycles: number): void {
    this.clear();
    for (let i = from, step = 0; i < to; i += 1, step += 1) {
      const late = (words[i]! & LATE) !== 0;
      if (step === place && !late) {
        this.lateStep(words[i]!, { ...ON_TIME, bufferCycles });
        continue;
      }
      const end = i + (late ? LATE_WORDS : 0);
      for (const word of words.subarray(i, end + 1)) this.#put(word);
      if (step === place) this.words[this.length - 1] = bufferCycles;
      i = end;
    }
  }

  /** As `Pipeline.stallFetch`. */
  stallFetch(itlbCycles: number, cacheCycles: number, tagCycles: number): void {
    this.#put(FETCH);
    this.#put(itlbCycles);
    this.#put(cacheCycles);
    this.#put(tagCycles);
  }

  trap(issueCycles: number): void {
    this.#put(TRAP);
    this.#put(issueCycles);
  }

  flush(): void {
    this.#put(FLUSH);
  }

  idle(cycles: number): void {
    this.#put(IDLE);
    this.#put(cycles);
  }

  #put(word: number): void {
    if (this.length === this.words.length) {
      const longer = new Int32Array(2 * this.length);
      longer.set(this.words);
      this.words = longer;
    }
    this.words[this.length] = word;
    this.length += 1;
  }
}

/** Leads a pipeline through scripts, noting when it asks. */
export class Player implements Outcomes {
  /** When the last access asked for its translation, found out whether the cache is blocked, and asked the cache. */
  translateAt = 0;
  blockedAt = 0;
  accessAt = 0;
  /** The most stores that waited at any load. */
  waiting = 0;
  /** What the script asked of a store buffer whose times are kept elsewhere. */
  readonly uses = new BufferUses();
  readonly #pipeline: Pipeline;
  readonly #hitCycles: number;
  readonly #late: Lateness = { ...ON_TIME };

  constructor(pipeline: Pipeline, hitCycles: number) {
    this.#pipeline = pipeline;
    this.#hitCycles = hitCycles;
  }

  /** Has these be the outcomes of the next access. */
  answering(late: Lateness): this {
    copyLateness(late, this.#late);
    return this;
  }

  /** @param script - words, of which those from `from` to `to` are gone through. */
  play(script: Int32Array, from: number, to: number): void {
    const pipeline = this.#pipeline;
    this.translateAt = this.blockedAt = this.accessAt = this.waiting = 0;
    this.uses.clear();
    for (let i = from; i < to; i += 1) {
      const word = script[i]!;
      if (word === FETCH) {
        pipeline.stallFetch(script[i + 1]!, script[i + 2]!, script[i + 3]!);
        i += 3;
      } else if (word === TRAP) {
        pipeline.trap(script[i + 1]!);
        i += 1;
      } else if (word === FLUSH) {
        pipeline.flush();
      } else if (word === IDLE) {
        pipeline.idle(pipeline.clock.now + script[i + 1]!);
        i += 1;
      } else {
        i += this.#take(script, i);
        this.#step(word & ~LATE);
      }
    }
  }

  translate(at: number): number {
    this.translateAt = at;
    return at + this.#late.translateCycles;
  }

  device(): boolean {
    this.blockedAt = this.#pipeline.clock.now;
    return this.#late.blockedCycles === DEVICE;
  }

  blockedUntil(): number {
    return this.blockedAt + this.#late.blockedCycles;
  }

  overlapAge(): number {
    const { stores, clock } = this.#pipeline;
    if (!stores.forwards) this.waiting = Math.max(this.waiting, stores.waitingAt(clock.now));
    return this.#late.overlapAge;
  }

  read(at: number): number {
    this.accessAt = at;
    return at + this.#hitCycles + this.#late.accessCycles;
  }

  write(at: number): number {
    return this.read(at);
  }

  tagCycles(): number {
    return this.#late.tagCycles;
  }

  #step(word: number): void {
    const { stores, clock } = this.#pipeline;
    if (!stores.elsewhere) return this.#pipeline.step(word, this);
    const { bufferCycles, blockedCycles } = this.#late;
    const begin = clock.now - 1;
    stores.clearAt = bufferCycles === 0 ? -Infinity : begin + bufferCycles;
    this.#pipeline.step(word, this);
    // What asks the buffer issues as soon as it may.
    this.uses.step(useOf(word, blockedCycles === DEVICE), begin, clock.now - 1, stores.doneAfter);
  }

  #onTime(): void {
    const late = this.#late;
    late.translateCycles = late.blockedCycles = late.accessCycles = late.tagCycles = late.bufferCycles = 0;
    late.overlapAge = NO_OVERLAP;
  }

  /** Reads the outcomes of the step at `i`; gives how many words they take. */
  #take(script: Int32Array, i: number): number {
    if ((script[i]! & LATE) === 0) {
      this.#onTime();
      return 0;
    }
    this.#late.translateCycles = script[i + 1]!;
    this.#late.blockedCycles = script[i + 2]!;
    this.#late.overlapAge = script[i + 3]!;
    this.#late.accessCycles = script[i + 4]!;
    this.#late.tagCycles = script[i + 5]!;
    this.#late.bufferCycles = script[i + 6]!;
    return LATE_WORDS;
  }
}

/** Outcomes of which the translation has been asked for, and perhaps the cache: those are not asked again. */
export class Answered implements Outcomes {
  readonly #outcomes: Outcomes;
  readonly #late: Lateness;
  readonly #hitCycles: number;
  readonly #blockedUntil: number;

  /** @param blockedUntil - as it was before the cache was asked. */
  constructor(outcomes: Outcomes, late: Lateness, hitCycles: number, blockedUntil: number) {
    this.#outcomes = outcomes;
    this.#late = late;
    this.#hitCycles = hitCycles;
    this.#blockedUntil = blockedUntil;
  }

  translate(at: number): number {
    return at + this.#late.translateCycles;
  }

  device(): boolean {
    return this.#outcomes.device();
  }

  blockedUntil(): number {
    return this.#blockedUntil;
  }

  overlapAge(): number {
    return this.#outcomes.overlapAge();
  }

  read(at: number): number {
    return this.#known(at) ?? this.#outcomes.read(at);
  }

  write(at: number): number {
    return this.#known(at) ?? this.#outcomes.write(at);
  }

  tagCycles(): number {
    return this.#outcomes.tagCycles();
  }

  #known(at: number): number | undefined {
    const { accessCycles } = this.#late;
    return accessCycles === 0 ? undefined : at + this.#hitCycles + accessCycles;
  }
}
