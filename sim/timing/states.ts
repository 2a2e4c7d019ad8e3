// The states of a memo's pipelines, numbered: those in which stores wait from FIRST_WAITING on, far ones (far-stores.ts) from FIRST_FAR on.
import { FIRST_FAR } from "./far-stores.ts";
import { Interner, type InternerLayout } from "./intern.ts";
import type { Storage } from "./part.ts";
import type { Pipeline } from "./pipeline.ts";
import { StateReader, StateWriter } from "./relative.ts";

/** There are fewer states: a number from here on says that a load may find a store waiting that it overlaps, one below that it does not. */
export const FIRST_WAITING = 1 << 28;

/** A time of a state lies farther ahead than a word tells. */
export const EXCEEDED = -1;

/** Words of a state, in the mean, for which there is room; and of so many states more, so that few have room, too. */
const STATE_WORDS = 32;
const MORE_STATES = 64;

export class States {
  readonly #interner: Interner;
  readonly #writer = new StateWriter();
  readonly #reader = new StateReader();

  /** @param most - for which code has room. */
  constructor(most: number, storage: Storage) {
    this.#interner = new Interner(storage, { sequences: most, words: STATE_WORDS * (most + MORE_STATES) });
  }

  get layout(): InternerLayout {
    return this.#interner.layout;
  }

  /** The number of the state that a pipeline is in. */
  numberOf(pipeline: Pipeline): number {
    pipeline.save(this.#writer);
    return this.#number(pipeline);
  }

  /** The same of a pipeline that was gone through whatever it took, or EXCEEDED. */
  numberOfAny(pipeline: Pipeline): number {
    pipeline.save(this.#writer);
    return this.#writer.exceeded ? EXCEEDED : this.#number(pipeline);
  }

  /** Has a pipeline go on in a state, from its clock's now. */
  restore(state: number, pipeline: Pipeline): void {
    this.#reader.begin(this.#interner.words, this.#interner.startOf(indexOf(state)), pipeline.clock.now);
    pipeline.restore(this.#reader);
  }

  clear(): void {
    this.#interner.clear();
  }

  /** Forgets all but one, whose new number it gives. */
  keep(state: number): number {
    const words = this.#interner.wordsOf(indexOf(state)).slice();
    this.clear();
    return state - indexOf(state) + this.#interner.intern(words, words.length);
  }

  #number({ stores }: Pipeline): number {
    const number = this.#interner.intern(this.#writer.words, this.#writer.length);
    if (stores.elsewhere) return FIRST_FAR + number;
    // The next instruction may share the cycle before.
    return stores.waitsAt(this.#writer.origin) ? FIRST_WAITING + number : number;
  }
}

const indexOf = (state: number): number => state & (FIRST_WAITING - 1);
