// The code of the store buffer: what sim/timing/storebuffer.ts does while the times are kept there, on the same words.
import { OVERLAPS, STORES, type StoreBufferLayout } from "../../../timing/storebuffer.ts";
import { f64, i32, NUMBER_BYTES, NUMBER_SHIFT, select, type Local, type Statements, type Term } from "../terms.ts";
import type { StateReaderCode, StateWriterCode } from "./state-words.ts";

const { const: word } = i32;

export class StoreBufferCode {
  readonly #stores: StoreBufferLayout;

  constructor(stores: StoreBufferLayout) {
    this.#stores = stores;
  }

  get freeAt(): Term {
    return f64.load(i32.shl(this.#next, word(NUMBER_SHIFT)), this.#stores.doneAt.byteOffset);
  }

  get emptyAt(): Term {
    return f64.at(this.#stores.last.byteOffset);
  }

  /** Does a load look for stores that it overlaps? */
  get isSearched(): boolean {
    return this.#stores.config.onOverlap === "wait";
  }

  /** Takes a store. */
  push(f: Statements, at: Local, late: Term): void {
    const { counts, doneAt, last, next, config } = this.#stores;
    f.count(counts.byteOffset + NUMBER_BYTES * STORES);
    const i = f.let(this.#next);
    const inTime = f.let(f64.add(f64.add(at, f64.const(config.drainCycles)), late));
    const inOrder = f.let(f64.add(this.emptyAt, f64.const(1)));
    const done = f.let(f64.max(inTime, inOrder));
    f.store(i32.shl(i, word(NUMBER_SHIFT)), doneAt.byteOffset, done);
    f.storeAt(last.byteOffset, done);
    const following = f.let(i32.add(i, word(1)));
    f.storeAt(next.byteOffset, select(i32.eq(following, word(config.entries)), word(0), following));
  }

  /** `loadableAt`: has `wait` written with when the store is written that a load overlaps, for where that waits at cycle `at`. */
  findOverlapped(f: Statements, age: Term, at: Local, wait: (until: Local) => void): void {
    const { counts, doneAt, config } = this.#stores;
    const overlapped = f.let(age);
    f.rarely(f64.lt(overlapped, f64.const(config.entries)), () => {
      const i = f.let(i32.sub(i32.sub(this.#next, word(1)), i32.of(overlapped)));
      f.if(i32.lt(i, word(0)), () => f.set(i, i32.add(i, word(config.entries))));
      const done = f.let(f64.load(i32.shl(i, word(NUMBER_SHIFT)), doneAt.byteOffset));
      f.if(f64.gt(done, at), () => {
        f.count(counts.byteOffset + NUMBER_BYTES * OVERLAPS);
        wait(done);
      });
    });
  }

  /** Of times that are kept here. */
  save(f: Statements, to: StateWriterCode): void {
    const waiting = this.waitingAt(f, to.origin);
    to.put(f, waiting);
    f.while(waiting, () => {
      f.set(waiting, i32.sub(waiting, word(1)));
      to.time(f, this.ageDoneAt(waiting));
    });
  }

  /** Of so many stores, whose times are read; none of them is kept elsewhere. */
  restore(f: Statements, waiting: Local, from: StateReaderCode): void {
    const { doneAt, last, next, config } = this.#stores;
    this.#empty(f);
    f.storeAt(next.byteOffset, select(i32.eq(waiting, word(config.entries)), word(0), waiting));
    const i = f.let(word(0));
    f.while(i32.lt(i, waiting), () => {
      const time = from.time(f);
      f.store(i32.shl(i, word(NUMBER_SHIFT)), doneAt.byteOffset, time);
      f.storeAt(last.byteOffset, time);
      f.set(i, i32.add(i, word(1)));
    });
  }

  /** No store waits. */
  #empty(f: Statements): void {
    const { doneAt, last, next } = this.#stores;
    f.storeAt(last.byteOffset, f64.const(-Infinity));
    f.storeAt(next.byteOffset, word(0));
    const bytes = f.let(word(doneAt.byteLength));
    f.while(bytes, () => {
      f.set(bytes, i32.sub(bytes, word(NUMBER_BYTES)));
      f.store(bytes, doneAt.byteOffset, f64.const(-Infinity));
    });
  }

  /** Has whoever asks next find room, or the stores that matter written, at a cycle. */
  clear(f: Statements, clearAt: Local): void {
    const { doneAt, last, next } = this.#stores;
    f.storeAt(next.byteOffset, word(0));
    f.storeAt(last.byteOffset, clearAt);
    for (const place of [doneAt.byteOffset, doneAt.byteOffset + doneAt.byteLength - NUMBER_BYTES])
      f.storeAt(place, clearAt);
  }

  /** How many stores wait at a cycle. */
  waitingAt(f: Statements, at: Term): Local {
    const { entries } = this.#stores.config;
    const waiting = f.let(word(0));
    const waits = i32.and(i32.lt(waiting, word(entries)), f64.gt(this.ageDoneAt(waiting), at));
    f.while(waits, () => f.set(waiting, i32.add(waiting, word(1))));
    return waiting;
  }

  /** When the store is written that came so many before the youngest, of as many as there are entries at most. */
  ageDoneAt(age: Term): Term {
    const { doneAt, config } = this.#stores;
    const place = i32.remU(i32.add(i32.sub(this.#next, age), word(2 * config.entries - 1)), word(config.entries));
    return f64.load(i32.shl(place, word(NUMBER_SHIFT)), doneAt.byteOffset);
  }

  get #next(): Term {
    return i32.at(this.#stores.next.byteOffset);
  }
}
