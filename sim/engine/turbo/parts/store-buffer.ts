// The code of the store buffer: what sim/timing/storebuffer.ts does while the times are kept there, on the same words.
import { OVERLAPS, STORES, type StoreBufferLayout } from "../../../timing/storebuffer.ts";
import { f64, i32, NUMBER_BYTES, NUMBER_SHIFT, select, type Local, type Statements, type Term } from "../terms.ts";

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

  get #next(): Term {
    return i32.at(this.#stores.next.byteOffset);
  }
}
