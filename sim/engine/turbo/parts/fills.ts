// The code of a cache's outstanding misses: what sim/timing/cache.ts does with its ring of fills, on the same words.
import { isPowerOfTwo } from "../../../config/params.ts";
import type { CacheLayout } from "../../../timing/cache.ts";
import { i32x4 } from "../lanes.ts";
import {
  element,
  f64,
  i32,
  select,
  WORD_BYTES,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import { LANES } from "./victims.ts";

const { const: word } = i32;
const MOST_IN_WORD = 16;
/** In place of a fill: none brings the line. Where one does, it is not below 0. */
const NONE = -1;

export class FillsCode {
  /** `#onItsWay(line, at)` */
  readonly onItsWay: Callee;
  readonly #cache: CacheLayout;
  readonly #makeRoom: Callee | undefined;

  constructor(module: Functions, cache: CacheLayout) {
    this.#cache = cache;
    this.#makeRoom = this.#makeRoomFunction(module);
    this.onItsWay = this.#onItsWayFunction(module);
  }

  /** `#freeAt` */
  get freeAt(): Term {
    return this.#isAlone ? f64.at(this.#cache.fillAt.byteOffset) : f64.floor(this.#at(this.#earliest));
  }

  /** Is there room for one alone? It has no fraction then, and is filled when the cache is no longer busy. */
  get #isAlone(): boolean {
    return this.#cache.fillAt.length === 1;
  }

  /** `#noteFill`, and until when the cache is busy. */
  note(f: Statements, line: Local, ready: Local): void {
    const { fillAt, fillLines, fillTargets, earliest, mshrTargets, busy } = this.#cache;
    if (this.#isAlone) {
      for (const at of [fillAt, busy]) f.storeAt(at.byteOffset, ready);
      f.storeAt(fillLines.byteOffset, line);
      if (mshrTargets > 0) f.storeAt(fillTargets.byteOffset, word(1));
      return;
    }
    const i = f.let(this.#earliest);
    const old = f.let(this.#at(i));
    const time = f.let(f64.add(ready, f64.sub(old, f64.floor(old))));
    f.storeAt(earliest.byteOffset, this.#after(i));
    // The one before it is filled last of all, when the cache is no longer busy.
    f.block((last) => {
      f.rarely(f64.ge(this.#at(this.#before(i)), time), () => {
        f.set(i, this.#makeRoom!(i, time));
        last();
      });
      f.storeAt(busy.byteOffset, ready);
    });
    f.store(element(fillAt.byteOffset, i, 3), 0, time);
    f.store(element(fillLines.byteOffset, i, 2), 0, line);
    if (mshrTargets > 0) f.store(element(fillTargets.byteOffset, i, 2), 0, word(1));
  }

  /** `#onArrival`, with `#awaitFill`: sets `ready` to when a line can be had that a fill may bring, which is of an earlier cycle or this one. */
  await(f: Statements, fill: Local, at: Local, ready: Local): void {
    const { hitCycles, mshrTargets, fillTargets } = this.#cache;
    this.ifAwaited(f, fill, at, (filledAt) => {
      const arrival = f.let(f64.floor(filledAt));
      const wait = (): void => f.set(ready, f64.max(ready, arrival));
      if (mshrTargets === 0) return wait();
      const targetsAt = f.let(element(fillTargets.byteOffset, fill, 2));
      const targets = f.let(i32.load(targetsAt));
      f.if(
        i32.lt(targets, word(mshrTargets)),
        () => {
          f.store(targetsAt, 0, i32.add(targets, word(1)));
          wait();
        },
        () => f.set(ready, f64.add(arrival, f64.const(hitCycles))),
      );
    });
  }

  /** Does something if a fill that is of an earlier cycle, or this one, still brings its line at a cycle; tells when. */
  ifAwaited(f: Statements, fill: Local, at: Local, then: (filledAt: Local) => void): void {
    f.if(i32.lt(word(NONE), fill), () => {
      const filledAt = f.let(this.#at(fill));
      f.if(f64.ge(filledAt, f64.add(at, f64.const(1))), () => then(filledAt));
    });
  }

  #at(fill: Term): Term {
    return f64.load(i32.shl(fill, word(3)), this.#cache.fillAt.byteOffset);
  }

  get #earliest(): Term {
    return i32.at(this.#cache.earliest.byteOffset);
  }

  #after(i: Term): Term {
    const last = word(this.#cache.fillAt.length - 1);
    const next = i32.add(i, word(1));
    return this.#wrapsByBits ? i32.and(next, last) : select(i32.eq(i, last), word(0), next);
  }

  #before(i: Term): Term {
    const last = word(this.#cache.fillAt.length - 1);
    const next = i32.sub(i, word(1));
    return this.#wrapsByBits ? i32.and(next, last) : select(i32.not(i), last, next);
  }

  get #wrapsByBits(): boolean {
    return isPowerOfTwo(this.#cache.fillAt.length);
  }

  /** `makeRoom(place, time)`: moves the fills before a place that are filled later on by one; gives the place that is free then. */
  #makeRoomFunction(module: Functions): Callee | undefined {
    const { fillAt, fillLines, fillTargets, mshrTargets } = this.#cache;
    const last = fillAt.length - 1;
    if (last === 0) return undefined;
    const at = (i: Term): Term => element(fillAt.byteOffset, i, 3);
    const lineAt = (i: Term): Term => element(fillLines.byteOffset, i, 2);
    const targetsAt = (i: Term): Term => element(fillTargets.byteOffset, i, 2);
    return module.define([I32, F64], I32, (f, i, time) => {
      const n = f.let(word(0));
      const before = f.let(this.#before(i));
      f.while(i32.and(i32.lt(n, word(last)), f64.ge(this.#at(before), time)), () => {
        f.store(at(i), 0, this.#at(before));
        f.store(lineAt(i), 0, i32.load(lineAt(before)));
        if (mshrTargets > 0) f.store(targetsAt(i), 0, i32.load(targetsAt(before)));
        f.set(i, before);
        f.set(before, this.#before(i));
        f.set(n, i32.add(n, word(1)));
      });
      return i;
    });
  }

  #onItsWayFunction(module: Functions): Callee {
    const { fillAt, fillLines } = this.#cache;
    return module.define([I32, F64], I32, (f, line, at) => {
      const nextCycle = f.let(f64.add(at, f64.const(1)));
      if (this.#ringIsInWord) {
        const i = this.#lastFillOf(f, line);
        return select(f64.lt(this.#at(i), nextCycle), word(NONE), i);
      }
      const i = f.let(this.#earliest);
      const n = f.let(word(0));
      f.while(i32.lt(n, word(fillAt.length)), () => {
        f.set(i, this.#before(i));
        f.if(f64.lt(this.#at(i), nextCycle), () => f.return(word(NONE)));
        f.if(i32.eq(i32.load(i32.shl(i, word(2)), fillLines.byteOffset), line), () => f.return(i));
        f.set(n, i32.add(n, word(1)));
      });
      return word(NONE);
    });
  }

  /** Do two bits for each place of the ring fit into a word? */
  get #ringIsInWord(): boolean {
    const { length } = this.#cache.fillAt;
    return this.#wrapsByBits && length % LANES === 0 && length <= MOST_IN_WORD;
  }

  /** The last place of the ring that has a line; returns NONE where none has. Times rise in the ring: if any will be filled, that will. */
  #lastFillOf(f: Statements, line: Local): Local {
    const { fillLines } = this.#cache;
    const places = fillLines.length;
    const wanted = f.let(i32x4.splat(line));
    const bits = Array.from({ length: places / LANES }, (_, n) => {
      const lines = i32x4.load(word(0), fillLines.byteOffset + WORD_BYTES * LANES * n);
      return i32.shl(i32x4.bits(i32x4.eq(lines, wanted)), word(LANES * n));
    });
    const same = f.let(bits.reduce(i32.or));
    f.if(i32.not(same), () => f.return(word(NONE)));
    const earliest = f.let(this.#earliest);
    const twice = i32.or(same, i32.shl(same, word(places)));
    const fromLast = i32.clz(i32.shl(twice, i32.sub(word(2 * MOST_IN_WORD - places), earliest)));
    return f.let(i32.and(i32.sub(i32.sub(earliest, word(1)), fromLast), word(places - 1)));
  }
}
