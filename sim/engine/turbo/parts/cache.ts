// The code of a cache: what sim/timing/cache.ts does, function by function, on the same words.
import { isPowerOfTwo } from "../../../config/params.ts";
import { CacheEvent, EMPTY, FRESH, UNUSED, type CacheLayout } from "../../../timing/cache.ts";
import type { PrefetcherLayout } from "../../../timing/prefetcher.ts";
import { forEachWay, setAt } from "../sets.ts";
import { dropped, element, f64, i32, i32x4, i64, select, WORD_BYTES } from "../terms.ts";
import type { Callee, Functions, Local, Statements, Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import type { PartCode } from "./part-code.ts";
import { prefetchFunction } from "./prefetcher.ts";
import { isWideSet, LANES, moveLastToFront, moveToFrontFunction, victimsCode, type VictimsCode } from "./victims.ts";

const { const: word } = i32;
const MOST_IN_WORD = 16;
/** Bits of a word above its line: UNUSED and FRESH. */
const FLAGS = 2;
const lineIn = (words: Term): Term => i32.shrU(i32.shl(words, word(FLAGS)), word(FLAGS + 1));

export interface CacheCode extends PartCode {
  /** As `read`, and the line becomes dirty where `dirty` is 1. The line is given by its number. */
  readonly access: (line: Term, dirty: Term, at: Term) => Term;
  readonly store: (phys: Term, at: Term) => Term;
  /**
   * A line is used again, and dirty where that is 1, which is there, has been used if it was prefetched, and is not on its way at a cycle
   * before which nobody asks any more; else `no`. It is not counted.
   */
  readonly touch: (f: Statements, line: Local, dirty: Term, at: Term, no: () => void) => void;
}

/** Writes a cache's functions; `next` is the part below it. */
export function cacheCode(module: Functions, cache: CacheLayout, next: PartCode): CacheCode {
  return new Writing(module, cache, next).code();
}

/** One cache, while its functions are written. */
class Writing {
  readonly #module: Functions;
  readonly #cache: CacheLayout;
  readonly #next: PartCode;
  readonly #moveToFront: Callee;
  readonly #victims: VictimsCode;

  constructor(module: Functions, cache: CacheLayout, next: PartCode) {
    this.#module = module;
    this.#cache = cache;
    this.#next = next;
    this.#moveToFront = moveToFrontFunction(module, cache.ways);
    this.#victims = victimsCode(module, cache, this.#moveToFront);
  }

  code(): CacheCode {
    const install = this.#installFunction();
    const fill = this.#fillFunction(install);
    const onItsWay = this.#onItsWayFunction();
    const access = this.#accessFunction(onItsWay, fill);
    const write = this.#writeFunction(install, fill);
    const touch: CacheCode["touch"] = (f, ...o) => this.#touch(f, onItsWay, ...o);
    const lineOf = (phys: Term): Term => i32.low(i64.shrU(phys, i64.const(this.#lineBits)));
    return {
      ...{ access, touch },
      read: (phys, _bytes, at) => access(lineOf(phys), word(0), at),
      store: (phys, at) => access(lineOf(phys), word(1), at),
      write: (phys, bytes, at) => write(lineOf(phys), word(bytes >= this.#cache.lineBytes ? 1 : 0), at),
    };
  }

  get #lineBits(): bigint {
    return BigInt(Math.log2(this.#cache.lineBytes));
  }

  /** Where the set of a line begins. */
  #setOf(line: Term): Term {
    return setAt(this.#cache.words.byteOffset, line, this.#cache);
  }

  #physOf(line: Term): Term {
    return i64.shl(i64.of(line), i64.const(this.#lineBits));
  }

  #event(event: keyof typeof CacheEvent): number {
    return this.#cache.counts.byteOffset + 8 * CacheEvent[event];
  }

  get #busyAt(): number {
    return this.#cache.busy.byteOffset;
  }

  #fillAt(fill: Term): Term {
    return f64.load(i32.shl(fill, word(3)), this.#cache.fillAt.byteOffset);
  }

  get #earliest(): Term {
    return i32.at(this.#cache.earliest.byteOffset);
  }

  /** `#find`, but the word's place: 0 where it is not there. */
  #find(f: Statements, line: Local, set: Local): Local {
    const { ways } = this.#cache;
    const found = f.let(word(0));
    if (!isWideSet(ways)) {
      forEachWay(f, set, word(WORD_BYTES * ways), WORD_BYTES, (at) => {
        f.if(i32.eq(lineIn(i32.load(at)), line), () => f.set(found, at));
      });
      return found;
    }
    const wanted = f.let(i32x4.splat(line));
    const lines = (words: Term): Term => i32x4.shrU(i32x4.shl(words, word(FLAGS)), word(FLAGS + 1));
    const bits = Array.from({ length: ways / LANES }, (_, n) => {
      const same = i32x4.eq(lines(i32x4.load(set, WORD_BYTES * LANES * n)), wanted);
      return i32.shl(i32x4.bits(same), word(LANES * n));
    });
    const hit = f.let(bits.reduce(i32.or));
    f.if(hit, () => f.set(found, i32.add(set, i32.shl(i32.ctz(hit), word(2)))));
    return found;
  }

  /** What `#install` adds to a word. */
  get #fresh(): number {
    return this.#cache.blocking ? 0 : FRESH;
  }

  /** `#install(word, set, at)`, of a word with what that adds */
  #installFunction(): Callee {
    const { ways } = this.#cache;
    const { choose } = this.#victims;
    return this.#module.define([I32, I32, F64], undefined, (f, newWord, set, at) => {
      const last = i32.add(set, word(WORD_BYTES * (ways - 1)));
      if (choose === undefined) {
        const victim = f.let(i32.load(last));
        moveLastToFront(f, ways, set, newWord);
        return this.#writeBack(f, victim, at);
      }
      const place = f.let(last);
      f.if(i32.ne(i32.load(place), word(EMPTY)), () => f.set(place, choose(f, set)));
      const victim = f.let(i32.load(place));
      this.#victims.use(f, set, place);
      f.do(this.#moveToFront(set, place, newWord));
      this.#writeBack(f, victim, at);
    });
  }

  /** What was displaced goes to the next level if it is dirty; what holds nothing is not. */
  #writeBack(f: Statements, victim: Local, at: Local): void {
    f.if(i32.and(victim, word(1)), () => {
      f.count(this.#event("writebacks"));
      f.do(this.#next.write(this.#physOf(lineIn(victim)), this.#cache.lineBytes, at));
    });
  }

  /** `#use` */
  #use(f: Statements, set: Local, place: Local, newWord: Term): void {
    this.#victims.use(f, set, place);
    const first = f.let(newWord);
    f.rarely(i32.ne(place, set), () => f.do(this.#moveToFront(set, place, first)));
    f.store(set, 0, first);
  }

  /** `#noteFill` */
  #noteFill(f: Statements, makeRoom: Callee | undefined, line: Local, ready: Local): void {
    const { fillAt, fillLines, fillTargets, earliest, mshrTargets } = this.#cache;
    const i = f.let(this.#earliest);
    const old = f.let(this.#fillAt(i));
    const time = f.let(f64.add(ready, f64.sub(old, f64.floor(old))));
    if (makeRoom !== undefined) {
      f.storeAt(earliest.byteOffset, this.#after(i));
      f.rarely(f64.ge(this.#fillAt(this.#before(i)), time), () => f.set(i, makeRoom(i, time)));
    }
    f.store(element(fillAt.byteOffset, i, 3), 0, time);
    f.store(element(fillLines.byteOffset, i, 2), 0, line);
    if (mshrTargets > 0) f.store(element(fillTargets.byteOffset, i, 2), 0, word(1));
  }

  /** `makeRoom(place, time)`: moves the fills before a place that are filled later on by one; gives the place that is free then. */
  #makeRoomFunction(): Callee | undefined {
    const { fillAt, fillLines, fillTargets, mshrTargets } = this.#cache;
    const last = fillAt.length - 1;
    if (last === 0) return undefined;
    const at = (i: Term): Term => element(fillAt.byteOffset, i, 3);
    const lineAt = (i: Term): Term => element(fillLines.byteOffset, i, 2);
    const targetsAt = (i: Term): Term => element(fillTargets.byteOffset, i, 2);
    return this.#module.define([I32, F64], I32, (f, i, time) => {
      const n = f.let(word(0));
      const before = f.let(this.#before(i));
      f.while(i32.and(i32.lt(n, word(last)), f64.ge(this.#fillAt(before), time)), () => {
        f.store(at(i), 0, this.#fillAt(before));
        f.store(lineAt(i), 0, i32.load(lineAt(before)));
        if (mshrTargets > 0) f.store(targetsAt(i), 0, i32.load(targetsAt(before)));
        f.set(i, before);
        f.set(before, this.#before(i));
        f.set(n, i32.add(n, word(1)));
      });
      return i;
    });
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

  /** `#fill(line, flags, at)` */
  #fillFunction(install: Callee): Callee {
    const { hitCycles, lineBytes } = this.#cache;
    const makeRoom = this.#makeRoomFunction();
    return this.#module.define([I32, I32, F64], F64, (f, line, flags, at) => {
      const asked = f.let(f64.add(at, f64.const(hitCycles)));
      const ready = f.let(this.#next.read(this.#physOf(line), lineBytes, asked));
      const fresh = i32.or(i32.or(i32.shl(line, word(1)), flags), word(this.#fresh));
      f.do(install(fresh, this.#setOf(line), asked));
      this.#noteFill(f, makeRoom, line, ready);
      f.if(f64.gt(ready, f64.at(this.#busyAt)), () => f.storeAt(this.#busyAt, ready));
      return ready;
    });
  }

  /** `#miss` */
  #miss(f: Statements, fill: Callee, line: Local, dirty: Term, at: Local): Term {
    f.count(this.#event("misses"));
    return fill(line, dirty, f64.max(at, f.let(this.#freeAt)));
  }

  get #freeAt(): Term {
    return f64.floor(this.#fillAt(this.#earliest));
  }

  /** `#onItsWay` */
  #onItsWayFunction(): Callee {
    const { fillAt, fillLines } = this.#cache;
    return this.#module.define([I32, F64], I32, (f, line, at) => {
      const nextCycle = f.let(f64.add(at, f64.const(1)));
      if (this.#ringIsInWord) {
        const i = this.#lastFillOf(f, line);
        return select(f64.lt(this.#fillAt(i), nextCycle), word(-1), i);
      }
      const i = f.let(this.#earliest);
      const n = f.let(word(0));
      f.while(i32.lt(n, word(fillAt.length)), () => {
        f.set(i, this.#before(i));
        f.if(f64.lt(this.#fillAt(i), nextCycle), () => f.return(word(-1)));
        f.if(i32.eq(i32.load(i32.shl(i, word(2)), fillLines.byteOffset), line), () => f.return(i));
        f.set(n, i32.add(n, word(1)));
      });
      return word(-1);
    });
  }

  /** Do two bits for each place of the ring fit into a word? */
  get #ringIsInWord(): boolean {
    const { length } = this.#cache.fillAt;
    return this.#wrapsByBits && length % LANES === 0 && length <= MOST_IN_WORD;
  }

  /** The last place of the ring that has a line; returns -1 where none has. Times rise in the ring: if any will be filled, that will. */
  #lastFillOf(f: Statements, line: Local): Local {
    const { fillLines } = this.#cache;
    const places = fillLines.length;
    const wanted = f.let(i32x4.splat(line));
    const bits = Array.from({ length: places / LANES }, (_, n) => {
      const lines = i32x4.load(word(0), fillLines.byteOffset + WORD_BYTES * LANES * n);
      return i32.shl(i32x4.bits(i32x4.eq(lines, wanted)), word(LANES * n));
    });
    const same = f.let(bits.reduce(i32.or));
    f.if(i32.not(same), () => f.return(word(-1)));
    const earliest = f.let(this.#earliest);
    const twice = i32.or(same, i32.shl(same, word(places)));
    const fromLast = i32.clz(i32.shl(twice, i32.sub(word(2 * MOST_IN_WORD - places), earliest)));
    return f.let(i32.and(i32.sub(i32.sub(earliest, word(1)), fromLast), word(places - 1)));
  }

  /** `#onArrival`, with `#awaitFill` */
  #onArrivalFunction(onItsWay: Callee): Callee {
    const { hitCycles, mshrTargets, fillTargets } = this.#cache;
    return this.#module.define([I32, F64], F64, (f, line, at) => {
      const fill = f.let(onItsWay(line, at));
      const ready = f.let(f64.add(at, f64.const(hitCycles)));
      f.if(i32.lt(fill, word(0)), () => f.return(ready));
      const arrival = f.let(f64.floor(this.#fillAt(fill)));
      if (mshrTargets > 0) {
        const targetsAt = f.let(element(fillTargets.byteOffset, fill, 2));
        const none = i32.lt(i32.load(targetsAt), word(mshrTargets));
        f.if(i32.not(none), () => f.return(f64.add(arrival, f64.const(hitCycles))));
        f.store(targetsAt, 0, i32.add(i32.load(targetsAt), word(1)));
      }
      return f64.max(ready, arrival);
    });
  }

  /** `read` and `store`, with `#access` */
  #accessFunction(onItsWay: Callee, fill: Callee): Callee {
    const { blocking, hitCycles, prefetcher } = this.#cache;
    const onArrival = blocking ? undefined : this.#onArrivalFunction(onItsWay);
    const onHit = (start: Local): Term => f64.add(start, f64.const(hitCycles));
    const prefetch = prefetcher && this.#prefetchFunction(prefetcher, fill);
    return this.#module.define([I32, I32, F64], F64, (f, line, dirty, at) => {
      f.count(this.#event("lookups"));
      const start = f.let(blocking ? f64.max(at, f.let(f64.at(this.#busyAt))) : at);
      const set = f.let(this.#setOf(line));
      const place = this.#find(f, line, set);
      const ready = f.let(onHit(start));
      f.rarely(i32.not(place), () => {
        f.set(ready, this.#miss(f, fill, line, dirty, start));
        if (prefetch !== undefined) f.do(prefetch(line, start));
        f.return(ready);
      });
      const old = f.let(i32.load(place));
      this.#use(f, set, place, i32.or(i32.and(old, word(~UNUSED)), dirty));
      if (onArrival !== undefined)
        f.if(f64.lt(start, f64.at(this.#busyAt)), () => f.set(ready, onArrival(line, start)));
      if (prefetch !== undefined) {
        f.if(i32.lt(old, word(0)), () => {
          f.count(this.#event("prefetchHits"));
          f.do(prefetch(line, start));
        });
      }
      return ready;
    });
  }

  /** `touch`, with which of the fills will bring a line after a cycle. */
  #touch(f: Statements, onItsWay: Callee, line: Local, dirty: Term, at: Term, no: () => void): void {
    const set = f.let(this.#setOf(line));
    const place = f.let(set);
    f.if(i32.ne(lineIn(i32.load(set)), line), () => {
      f.set(place, this.#find(f, line, set));
      f.rarely(i32.not(place), no);
    });
    const old = f.let(i32.load(place));
    if (this.#cache.prefetcher !== undefined) f.rarely(i32.lt(old, word(0)), no);
    if (!this.#cache.blocking)
      f.if(i32.and(old, word(FRESH)), () => {
        f.rarely(f64.lt(at, f64.at(this.#busyAt)), () => f.if(i32.lt(word(-1), onItsWay(line, at)), no));
        f.set(old, i32.and(old, word(~FRESH)));
      });
    this.#use(f, set, place, i32.or(old, dirty));
  }

  /** `write(line, whole, at)` */
  #writeFunction(install: Callee, fill: Callee): Callee {
    return this.#module.define([I32, I32, F64], undefined, (f, line, whole, at) => {
      const set = f.let(this.#setOf(line));
      const place = this.#find(f, line, set);
      f.if(place, () => {
        this.#use(f, set, place, i32.or(i32.and(i32.load(place), word(~UNUSED)), word(1)));
        f.return();
      });
      const newWord = i32.or(i32.shl(line, word(1)), word(this.#fresh | 1));
      f.if(
        whole,
        () => f.do(install(newWord, set, at)),
        () => f.do(dropped(this.#miss(f, fill, line, word(1), at))),
      );
    });
  }

  #prefetchFunction(prefetcher: PrefetcherLayout, fill: Callee): Callee {
    const holds = this.#module.define([I32], I32, (f, line) => this.#find(f, line, f.let(this.#setOf(line))));
    return prefetchFunction(this.#module, prefetcher, holds, fill, this.#freeAt, this.#event("prefetches"));
  }
}
