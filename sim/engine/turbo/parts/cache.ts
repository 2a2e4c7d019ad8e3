// The code of a cache: what sim/timing/cache.ts does, on the same words. A look-up is written where it is asked for, with what a hit does;
// a miss is a function.
import { CacheEvent, EMPTY, FRESH, UNUSED, type CacheLayout } from "../../../timing/cache.ts";
import type { PrefetcherLayout } from "../../../timing/prefetcher.ts";
import { forEachWay, setAt } from "../sets.ts";
import { i32x4 } from "../lanes.ts";
import {
  dropped,
  f64,
  i32,
  i64,
  NUMBER_BYTES,
  WORD_BYTES,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import { FillsCode } from "./fills.ts";
import { numberIn, type Line, type PartCode } from "./part-code.ts";
import { prefetchFunction } from "./prefetcher.ts";
import {
  isWideSet,
  LANES,
  moveLastToFront,
  moveNearToFront,
  moveToFront,
  victimsCode,
  type VictimsCode,
} from "./victims.ts";

const { const: word } = i32;
/** Bits of a word above its line: UNUSED and FRESH. */
const FLAGS = 2;
const lineIn = (words: Term): Term => i32.shrU(i32.shl(words, word(FLAGS)), word(FLAGS + 1));

export interface CacheCode {
  /** log2 of the bytes of its lines. */
  readonly lineBits: number;
  /** What it is to the part above it. */
  readonly part: PartCode;
  /** As `read` of its part, and the line becomes dirty. */
  readonly store: PartCode["read"];
  /** Functions: `read` at a physical address, an i64; the same of a line that is given by its number, and becomes dirty where `dirty` is 1. */
  readonly read: (phys: Term, bytes: number, at: Term) => Term;
  readonly access: (line: Term, dirty: Term, at: Term) => Term;
  /** Looks for a line, to `touch` it and then, if it must be, to access it. */
  readonly find: (f: Statements, line: Local) => Found;
  /** What was found elsewhere. */
  readonly found: (f: Statements, found: Omit<Found, "set">) => Found;
  /** Looks for it again, as the cache may have changed. */
  readonly findAgain: (f: Statements, found: Found) => void;
  /**
   * A line is used again, and dirty where that is 1, which is there, has been used if it was prefetched, and is not on its way at a cycle
   * before which nobody asks any more; else `no`. It is not counted.
   */
  readonly touch: (f: Statements, found: Found, dirty: Term, at: Term, no: () => void) => void;
  /** As `touch`, of a cache that is not blocking, at the cycle at which it is asked for; others that ask earlier still wait as before. */
  readonly touchAt: (f: Statements, found: Found, dirty: Term, at: Local, no: () => void) => void;
  /** As `access`, of what `touch` may have answered no for an earlier cycle, or this one. */
  readonly accessFound: (f: Statements, found: Found, dirty: Term, at: Local) => Local;
}

/** What is known of a line. */
export interface Found {
  readonly line: Local;
  readonly set: Local;
  /** Where its word lies; 0 where it is not there. */
  readonly place: Local;
  /** Which of the fills brings it, below 0 where none does; NOT_ASKED. */
  readonly fill: Local;
}

const NOT_ASKED = -2;

/** Writes a cache's functions; `next` is the part below it. */
export function cacheCode(module: Functions, cache: CacheLayout, next: PartCode): CacheCode {
  return new Writing(module, cache, next).code();
}

/** One cache, while its code is written. */
class Writing {
  readonly #module: Functions;
  readonly #cache: CacheLayout;
  readonly #next: PartCode;
  readonly #lineBits: number;
  readonly #victims: VictimsCode;
  readonly #fills: FillsCode;
  /** `#fill(line, flags, at)`; undefined: there is no prefetcher, and what fills is written where a miss is. */
  readonly #fill: Callee | undefined;
  readonly #prefetch: Callee | undefined;
  /** `#miss(line, dirty, at)`, and then what is fetched before it is asked for. */
  readonly #miss: Callee;
  #put: Callee | undefined;
  #fetch: Callee | undefined;

  constructor(module: Functions, cache: CacheLayout, next: PartCode) {
    this.#module = module;
    this.#cache = cache;
    this.#next = next;
    this.#lineBits = Math.log2(cache.lineBytes);
    this.#victims = victimsCode(module, cache);
    this.#fills = new FillsCode(module, cache);
    const { prefetcher } = cache;
    this.#fill = prefetcher && this.#fillFunction();
    this.#prefetch = prefetcher && this.#prefetchFunction(prefetcher, this.#fill!);
    this.#miss = this.#missFunction(true);
  }

  code(): CacheCode {
    const access = this.#module.define([I32, I32, F64], F64, (f, line, dirty, at) => this.#lookUp(f, line, dirty, at));
    const numberOf = (f: Statements, line: Line): Local => f.let(numberIn(line, this.#lineBits));
    const lineOf = (phys: Term): Term => i32.low(i64.shrU(phys, i64.const(BigInt(this.#lineBits))));
    return {
      ...{ lineBits: this.#lineBits, access },
      part: {
        read: (f, line, at) => this.#lookUp(f, numberOf(f, line), word(0), at),
        write: (f, line, at) => this.#write(f, numberOf(f, line), line.bits >= this.#lineBits, at),
      },
      store: (f, line, at) => this.#lookUp(f, numberOf(f, line), word(1), at),
      read: (phys, _bytes, at) => access(lineOf(phys), word(0), at),
      find: (f, line) => this.#findForTouch(f, line),
      found: (f, found) => ({ ...found, set: f.let(this.#setOf(found.line)) }),
      findAgain: (f, found) => this.#findAgain(f, found),
      touch: (f, ...o) => this.#touch(f, ...o),
      touchAt: (f, ...o) => this.#touchAt(f, ...o),
      accessFound: (f, ...o) => this.#accessFound(f, ...o),
    };
  }

  #event(event: keyof typeof CacheEvent): number {
    return this.#cache.counts.byteOffset + NUMBER_BYTES * CacheEvent[event];
  }

  get #busyAt(): number {
    return this.#cache.busy.byteOffset;
  }

  /** Where the set of a line begins. */
  #setOf(line: Term): Term {
    return setAt(this.#cache.words.byteOffset, line, this.#cache);
  }

  // Looking for a line

  /** `#find`: writes what is done with the place of a line's word, and what where it is not there. */
  #ifThere(f: Statements, line: Local, set: Local, then: (place: Local) => void, otherwise: () => void): void {
    const { ways } = this.#cache;
    if (isWideSet(ways)) {
      const hit = f.let(this.#placesOf(f, line, set));
      f.if(hit, () => then(f.let(i32.add(set, i32.shl(i32.ctz(hit), word(2))))), otherwise);
      return;
    }
    const place = f.let(word(0));
    forEachWay(f, set, word(WORD_BYTES * ways), WORD_BYTES, (at) => {
      f.if(i32.eq(lineIn(i32.load(at)), line), () => f.set(place, at));
    });
    f.if(place, () => then(place), otherwise);
  }

  /** A bit for the place of a line in a wide set. */
  #placesOf(f: Statements, line: Local, set: Local): Term {
    const wanted = f.let(i32x4.splat(line));
    const lines = (words: Term): Term => i32x4.shrU(i32x4.shl(words, word(FLAGS)), word(FLAGS + 1));
    const bits = Array.from({ length: this.#cache.ways / LANES }, (_, n) => {
      const same = i32x4.eq(lines(i32x4.load(set, WORD_BYTES * LANES * n)), wanted);
      return i32.shl(i32x4.bits(same), word(LANES * n));
    });
    return bits.reduce(i32.or);
  }

  /** Most often it is the most recently used one, on its way. */
  #findForTouch(f: Statements, line: Local): Found {
    const set = f.let(this.#setOf(line));
    const found = { line, set, place: f.let(set), fill: f.let(word(NOT_ASKED)) };
    f.if(i32.ne(lineIn(i32.load(set)), line), () => this.#place(f, found));
    return found;
  }

  #findAgain(f: Statements, found: Found): void {
    this.#place(f, found);
    f.set(found.fill, word(NOT_ASKED));
  }

  #place(f: Statements, { line, set, place }: Found): void {
    this.#ifThere(
      f,
      line,
      set,
      (at) => f.set(place, at),
      () => f.set(place, word(0)),
    );
  }

  // Hits

  /** `read` and `store`, with `#access` */
  #lookUp(f: Statements, line: Local, dirty: Term, at: Local): Local {
    const start = this.#start(f, at);
    const ready = f.let(f64.const(0));
    const set = f.let(this.#setOf(line));
    this.#ifThere(
      f,
      line,
      set,
      (place) => this.#hit(f, { line, set, place, fill: undefined }, dirty, start, ready),
      () => f.set(ready, this.#miss(line, dirty, start)),
    );
    return ready;
  }

  #accessFound(f: Statements, found: Found, dirty: Term, at: Local): Local {
    const start = this.#start(f, at);
    const ready = f.let(f64.const(0));
    f.if(
      found.place,
      () => this.#hit(f, found, dirty, start, ready),
      () => f.set(ready, this.#miss(found.line, dirty, start)),
    );
    return ready;
  }

  /** Counts a look-up; gives when it is made. */
  #start(f: Statements, at: Local): Local {
    f.count(this.#event("lookups"));
    return this.#cache.blocking ? f.let(f64.max(at, f.let(f64.at(this.#busyAt)))) : at;
  }

  #hit(
    f: Statements,
    { line, set, place, fill }: Omit<Found, "fill"> & { readonly fill: Local | undefined },
    dirty: Term,
    start: Local,
    ready: Local,
  ): void {
    const old = f.let(i32.load(place));
    this.#use(f, set, place, i32.or(this.#used(old), dirty), fill === undefined ? moveToFront : moveNearToFront);
    f.set(ready, f64.add(start, f64.const(this.#cache.hitCycles)));
    if (!this.#cache.blocking)
      f.if(f64.lt(start, f64.at(this.#busyAt)), () => {
        const bringing = fill ?? f.let(this.#fills.onItsWay(line, start));
        if (fill !== undefined) this.#askForFill(f, { line, fill }, start);
        this.#fills.await(f, bringing, start, ready);
      });
    const prefetch = this.#prefetch;
    if (prefetch === undefined) return;
    f.if(i32.lt(old, word(0)), () => {
      f.count(this.#event("prefetchHits"));
      f.do(prefetch(line, start));
    });
  }

  #touch(f: Statements, found: Found, dirty: Term, at: Term, no: () => void): void {
    this.#touchUnless(f, found, dirty, no, (old) => {
      if (this.#cache.blocking) return;
      f.if(i32.and(old, word(FRESH)), () => {
        f.rarely(f64.lt(at, f64.at(this.#busyAt)), () => {
          f.set(found.fill, this.#fills.onItsWay(found.line, at));
          f.if(i32.lt(word(-1), found.fill), no);
        });
        f.set(old, i32.and(old, word(~FRESH)));
      });
    });
  }

  #touchAt(f: Statements, found: Found, dirty: Term, at: Local, no: () => void): void {
    this.#touchUnless(f, found, dirty, no, () =>
      f.if(f64.lt(at, f64.at(this.#busyAt)), () => {
        this.#askForFill(f, found, at);
        this.#fills.ifAwaited(f, found.fill, at, no);
      }),
    );
  }

  /** `ifOnItsWay` finds out, by the word, whether the line is still on its way: `no` then. */
  #touchUnless(
    f: Statements,
    { set, place }: Found,
    dirty: Term,
    no: () => void,
    ifOnItsWay: (old: Local) => void,
  ): void {
    f.if(i32.not(place), no);
    const old = f.let(i32.load(place));
    if (this.#cache.prefetcher !== undefined) f.rarely(i32.lt(old, word(0)), no);
    ifOnItsWay(old);
    this.#use(f, set, place, i32.or(old, dirty), moveNearToFront);
  }

  /** Which of the fills brings the line of what was found is known from here on. */
  #askForFill(f: Statements, { line, fill }: Pick<Found, "line" | "fill">, at: Local): void {
    f.rarely(i32.eq(fill, word(NOT_ASKED)), () => f.set(fill, this.#fills.onItsWay(line, at)));
  }

  /** A word that is used. */
  #used(old: Term): Term {
    return this.#cache.prefetcher === undefined ? old : i32.and(old, word(~UNUSED));
  }

  /** `#use` */
  #use(f: Statements, set: Local, place: Local, newWord: Term, move = moveToFront): void {
    this.#victims.use(f, set, place);
    move(f, this.#cache, set, place, f.let(newWord));
  }

  // Misses

  #missFunction(prefetches: boolean): Callee {
    return this.#module.define([I32, I32, F64], F64, (f, line, dirty, at) => {
      f.count(this.#event("misses"));
      const asked = f.let(f64.max(at, f.let(this.#fills.freeAt)));
      const ready =
        this.#fill === undefined ? this.#writeFill(f, line, dirty, asked) : f.let(this.#fill(line, dirty, asked));
      if (prefetches && this.#prefetch !== undefined) f.do(this.#prefetch(line, at));
      return ready;
    });
  }

  #fillFunction(): Callee {
    return this.#module.define([I32, I32, F64], F64, (f, line, flags, at) => this.#writeFill(f, line, flags, at));
  }

  /** `#fill` */
  #writeFill(f: Statements, line: Local, flags: Term, at: Local): Local {
    const asked = f.let(f64.add(at, f64.const(this.#cache.hitCycles)));
    const ready = this.#next.read(f, { number: line, bits: this.#lineBits }, asked);
    const newWord = i32.or(i32.or(i32.shl(line, word(1)), flags), word(this.#fresh));
    this.#install(f, newWord, f.let(this.#setOf(line)), asked);
    this.#fills.note(f, line, ready);
    return ready;
  }

  /** What `#install` adds to a word. */
  get #fresh(): number {
    return this.#cache.blocking ? 0 : FRESH;
  }

  /** `#install`, of a word with what that adds */
  #install(f: Statements, newWord: Term, set: Local, at: Local): void {
    const { ways } = this.#cache;
    const { choose } = this.#victims;
    const last = f.let(i32.add(set, word(WORD_BYTES * (ways - 1))));
    if (choose === undefined) {
      const victim = f.let(i32.load(last));
      moveLastToFront(f, this.#cache, set, last, f.let(newWord));
      return this.#writeBack(f, victim, at);
    }
    const place = f.let(last);
    f.if(i32.ne(i32.load(place), word(EMPTY)), () => f.set(place, choose(f, set)));
    const victim = f.let(i32.load(place));
    this.#use(f, set, place, newWord);
    this.#writeBack(f, victim, at);
  }

  /** What was displaced goes to the next level if it is dirty; what holds nothing is not. */
  #writeBack(f: Statements, victim: Local, at: Local): void {
    f.if(i32.and(victim, word(1)), () => {
      f.count(this.#event("writebacks"));
      this.#next.write(f, { number: f.let(lineIn(victim)), bits: this.#lineBits }, at);
    });
  }

  /** `write`, of a whole line or of a part of one */
  #write(f: Statements, line: Local, whole: boolean, at: Local): void {
    const set = f.let(this.#setOf(line));
    this.#ifThere(
      f,
      line,
      set,
      (place) => this.#use(f, set, place, i32.or(this.#used(i32.load(place)), word(1))),
      () => f.do(whole ? this.#putFunction(line, at) : dropped(this.#fetchFunction(line, word(1), at))),
    );
  }

  /** `put(line, at)`: a line comes that is written as a whole. */
  get #putFunction(): Callee {
    return (this.#put ??= this.#module.define([I32, F64], undefined, (f, line, at) => {
      const newWord = i32.or(i32.shl(line, word(1)), word(this.#fresh | 1));
      this.#install(f, newWord, f.let(this.#setOf(line)), at);
    }));
  }

  /** `#miss(line, dirty, at)` */
  get #fetchFunction(): Callee {
    return (this.#fetch ??= this.#prefetch === undefined ? this.#miss : this.#missFunction(false));
  }

  #prefetchFunction(prefetcher: PrefetcherLayout, fill: Callee): Callee {
    const holds = this.#module.define([I32], I32, (f, line) => this.#findForTouch(f, line).place);
    return prefetchFunction(this.#module, prefetcher, holds, fill, this.#fills.freeAt, this.#event("prefetches"));
  }
}
