// A set-associative cache, physically addressed, write-back and write-allocate, with a limit on outstanding misses.
import { bytes, count, cycles, oneOf, isPowerOfTwo, type ConfigOf } from "../config/params.ts";
import { eventBlock, type Part, type Storage } from "./part.ts";
import { prefetcherOf, prefetchParams, type Prefetcher, type PrefetcherLayout } from "./prefetcher.ts";
import { moveToFront, POLICIES, victimsOf, type Victims, type VictimsLayout } from "./replacement/victims.ts";

/** The parameters of an array of lines, whatever waits for it. */
export const arrayParams = {
  sizeBytes: bytes(32768, "Capacity", { min: 16, max: 2 ** 28 }),
  lineBytes: bytes(64, "Line size", { min: 16, max: 4096, powerOfTwo: true }),
  ways: count(8, "Associativity", { min: 1, max: 64 }),
  replacement: oneOf(POLICIES, "lru", "Which way of a full set a fill displaces; plru: a tree of bits"),
};

/** A power of two. */
const MOST_MSHRS = 64;

export const cacheParams = {
  ...arrayParams,
  hitCycles: cycles(3, "From request to data on a hit; a miss is passed on after as many", { max: 1000 }),
  mshrs: count(1, "Outstanding misses; 0: the cache answers nobody until the line is filled", { max: MOST_MSHRS }),
  mshrTargets: count(
    0,
    "Accesses that may wait for one outstanding miss, others come again when it is filled; 0: any",
    {
      max: 64,
    },
  ),
  ...prefetchParams,
};

export type ArrayConfig = ConfigOf<typeof arrayParams>;
export type CacheConfig = ConfigOf<typeof cacheParams>;

/** Sets of an array; undefined where they are not a whole power of two. */
export function setsOf(config: Omit<ArrayConfig, "replacement">): number | undefined {
  const sets = config.sizeBytes / (config.lineBytes * config.ways);
  return isPowerOfTwo(sets) ? sets : undefined;
}

/**
 * A read of the line `words[base] >> 1`, or a store where `words[base]` is also odd, is a hit that changes nothing but `lookups`; without
 * `fills` if it comes at `busy[0]` or later. `line` is the physical address by lineBytes, `base` is (line & setMask) * ways.
 */
export interface CacheFastPath {
  readonly words: Int32Array;
  readonly busy: Float64Array;
  readonly lookups: Float64Array;
  readonly lineBytes: number;
  readonly setMask: number;
  readonly ways: number;
  /** Undefined where nobody is answered before `busy[0]`. */
  readonly fills: FillsFastPath | undefined;
}

/**
 * A line is on its way at cycle t if, of the ring's places from the one before `earliest[0]` backwards, one has it in `lines` and
 * until there all have t or later in `at`: `at[i]` >= t + 1. Where that is not so, FRESH may be taken from its word, if it is certain that
 * nobody asks for it at an earlier cycle any more.
 */
export interface FillsFastPath {
  readonly at: Float64Array;
  readonly lines: Int32Array;
  readonly earliest: Int32Array;
}

/** What code has to know that does all that a cache does. */
export interface CacheLayout extends Omit<CacheFastPath, "lookups" | "fills"> {
  /** By `CacheEvent`. */
  readonly counts: Float64Array;
  readonly hitCycles: number;
  readonly blocking: boolean;
  readonly mshrTargets: number;
  /** As in the class. */
  readonly fillAt: Float64Array;
  readonly fillLines: Int32Array;
  readonly fillTargets: Int32Array;
  readonly earliest: Int32Array;
  readonly victims: VictimsLayout;
  /** As many words of ones as a set has ways, and behind them as many of zeros: masks of the words that come before others. */
  readonly masks: Int32Array;
  readonly prefetcher: PrefetcherLayout | undefined;
}

/** The word of a way that holds nothing. */
export const EMPTY = -2;
/** Set in the word of a line that was prefetched and has not been used: no line compares equal to it. */
export const UNUSED = 1 << 31;
/** Set in the word of a line that may be on its way, if that matters to a fast path: no line compares equal to it either. */
export const FRESH = 1 << 30;
/** Where a word has its line, one bit up. */
const LINE_BITS = ~(UNUSED | FRESH | 1);
const PAGE_BYTES = 4096;
export const CacheEvent = { lookups: 0, misses: 1, writebacks: 2, prefetches: 3, prefetchHits: 4 } as const;

const lineOf = (word: number): number => (word & LINE_BITS) >> 1;

export class Cache implements Part {
  readonly events;
  readonly #count: Float64Array;
  readonly hitCycles: number;
  /** Line number (29 bits: 8 GiB of 16-byte lines) and dirty bit of each way, most recently used first; EMPTY where none. */
  readonly #words: Int32Array;
  /**
   * When each of the last misses is filled, and which line it fills: a ring, the times rising from `#earliest[0]` on. A time has the
   * number of its MSHR as a fraction, so that of misses filled together the one of the lower number comes first.
   */
  readonly #fillAt: Float64Array;
  readonly #fillLine: Int32Array;
  readonly #earliest: Int32Array;
  /** How many accesses wait for it, where that matters. */
  readonly #fillTargets: Int32Array;
  /** [0]: when the last outstanding miss is filled. */
  readonly #busy: Float64Array;
  readonly #victims: Victims;
  /** As in `CacheLayout`. */
  readonly #masks: Int32Array;
  readonly #noteUse: boolean;
  readonly #next: Part;
  readonly #lineBytes: number;
  readonly #perByte: number;
  readonly #setMask: number;
  readonly #ways: number;
  readonly #blocking: boolean;
  readonly #mshrTargets: number;
  readonly #prefetcher: Prefetcher | undefined;
  readonly #prefetchLines: number;
  readonly #pageLines: number;

  constructor(name: string, config: CacheConfig, next: Part, storage: Storage) {
    const sets = setsOf(config);
    if (sets === undefined) throw new Error(`${name}: sets are not a power of two`);
    this.#pageLines = Math.max(1, PAGE_BYTES / config.lineBytes);
    this.#prefetcher = prefetcherOf(config, this.#pageLines, storage);
    this.#prefetchLines = config.prefetchLines;
    const prefetched = this.#prefetcher === undefined ? [] : ["prefetches", "prefetchHits"];
    this.events = eventBlock(name, ["lookups", "misses", "writebacks", ...prefetched], storage);
    this.#count = this.events.values;
    this.hitCycles = config.hitCycles;
    this.#next = next;
    this.#ways = config.ways;
    this.#lineBytes = config.lineBytes;
    this.#perByte = 1 / config.lineBytes;
    this.#setMask = sets - 1;
    this.#blocking = config.mshrs === 0;
    this.#words = storage.int32(sets * config.ways, EMPTY);
    this.#fillAt = storage.float64(Math.max(1, config.mshrs));
    this.#fillAt.forEach((_, mshr) => (this.#fillAt[mshr] = mshr / MOST_MSHRS));
    this.#fillLine = storage.int32(Math.max(1, config.mshrs), -1);
    this.#fillTargets = storage.int32(Math.max(1, config.mshrs));
    this.#earliest = storage.int32(1);
    this.#mshrTargets = config.mshrTargets;
    this.#busy = storage.float64(1);
    this.#victims = victimsOf(config.replacement, sets, config.ways, storage);
    this.#noteUse = this.#victims.notesUses;
    this.#masks = storage.int32(2 * config.ways).fill(-1, 0, config.ways);
  }

  get fastPath(): CacheFastPath {
    return {
      words: this.#words,
      busy: this.#busy,
      lookups: this.#count.subarray(CacheEvent.lookups, CacheEvent.lookups + 1),
      lineBytes: this.#lineBytes,
      setMask: this.#setMask,
      ways: this.#ways,
      fills: this.#blocking ? undefined : { at: this.#fillAt, lines: this.#fillLine, earliest: this.#earliest },
    };
  }

  get layout(): CacheLayout {
    return {
      ...{ words: this.#words, busy: this.#busy, counts: this.#count, victims: this.#victims.layout },
      masks: this.#masks,
      ...{ lineBytes: this.#lineBytes, setMask: this.#setMask, ways: this.#ways, hitCycles: this.hitCycles },
      ...{ blocking: this.#blocking, mshrTargets: this.#mshrTargets, earliest: this.#earliest },
      ...{ fillAt: this.#fillAt, fillLines: this.#fillLine, fillTargets: this.#fillTargets },
      prefetcher: this.#prefetcher && {
        ...{ pageLines: this.#pageLines, lines: this.#prefetchLines, stride: this.#prefetcher.layout },
      },
    };
  }

  /** Until when nobody is answered: a miss is outstanding in a cache without MSHRs. */
  get blockedUntil(): number {
    return this.#blocking ? this.#busy[0]! : 0;
  }

  /** Would an access at `at` or later be answered after `hitCycles`, and change the same, whenever it comes? */
  holds(phys: number, at: number): boolean {
    const line = (phys * this.#perByte) | 0;
    const base = (line & this.#setMask) * this.#ways;
    if (at < this.#busy[0]! && (this.#blocking || this.#onItsWay(line, at) >= 0)) return false;
    const position = this.#find(line, base);
    return position >= 0 && this.#words[base + position]! >= 0;
  }

  read(phys: number, _bytes: number, at: number): number {
    const line = (phys * this.#perByte) | 0;
    const base = (line & this.#setMask) * this.#ways;
    this.#count[CacheEvent.lookups]! += 1;
    // A hit on the most recently used way changes no state but the count.
    if ((this.#words[base]! & ~FRESH) >> 1 === line && at >= this.#busy[0]!) return at + this.hitCycles;
    return this.#access(line, base, 0, at);
  }

  /** As `read`, and the line becomes dirty. */
  store(phys: number, at: number): number {
    const line = (phys * this.#perByte) | 0;
    const base = (line & this.#setMask) * this.#ways;
    this.#count[CacheEvent.lookups]! += 1;
    const dirty = (line << 1) | 1;
    if ((this.#words[base]! & ~FRESH) === dirty && at >= this.#busy[0]!) return at + this.hitCycles;
    return this.#access(line, base, 1, at);
  }

  /** Takes a whole line that somebody writes: nothing is fetched. */
  write(phys: number, bytes: number, at: number): void {
    const line = (phys * this.#perByte) | 0;
    const base = (line & this.#setMask) * this.#ways;
    const position = this.#find(line, base);
    if (position >= 0) this.#use(base, position, (this.#words[base + position]! & ~UNUSED) | 1);
    else if (bytes >= this.#lineBytes) this.#install((line << 1) | 1, base, at);
    else this.#miss(line, base, 1, at);
  }

  /** Forgets everything. Dirty lines are lost: for instruction caches, which hold none. */
  invalidate(): void {
    this.#words.fill(EMPTY);
  }

  #access(line: number, base: number, dirty: 0 | 1, at: number): number {
    const start = this.#blocking && at < this.#busy[0]! ? this.#busy[0]! : at;
    const position = this.#find(line, base);
    if (position < 0) {
      const ready = this.#miss(line, base, dirty, start);
      if (this.#prefetcher !== undefined) this.#prefetch(line, start);
      return ready;
    }
    const word = this.#words[base + position]!;
    this.#use(base, position, (word & ~UNUSED) | dirty);
    const ready = start < this.#busy[0]! ? this.#onArrival(line, start) : start + this.hitCycles;
    if (word < 0) {
      this.#count[CacheEvent.prefetchHits]! += 1;
      this.#prefetch(line, start);
    }
    return ready;
  }

  /** Fetches lines of the page that may be wanted next, as far as outstanding misses leave room. */
  #prefetch(line: number, at: number): void {
    const stride = this.#prefetcher!.strideFrom(line);
    const firstOfPage = line & -this.#pageLines;
    for (let n = 1; stride !== 0 && n <= this.#prefetchLines; n += 1) {
      const next = line + n * stride;
      if (next < firstOfPage || next >= firstOfPage + this.#pageLines) return;
      const base = (next & this.#setMask) * this.#ways;
      if (this.#find(next, base) >= 0) continue;
      if (this.#freeAt > at) return;
      this.#count[CacheEvent.prefetches]! += 1;
      this.#fill(next, base, UNUSED, at);
    }
  }

  /** The way at `position` becomes the most recently used, with a new word. */
  #use(base: number, position: number, word: number): void {
    if (this.#noteUse) this.#victims.use(base, position);
    moveToFront(this.#words, base, position, word);
  }

  #find(line: number, base: number): number {
    const words = this.#words;
    const end = base + this.#ways;
    for (let i = base; i < end; i += 1) {
      if (lineOf(words[i]!) === line) return i - base;
    }
    return -1;
  }

  /** When a line that is there, or on its way, can be had. */
  #onArrival(line: number, at: number): number {
    const ready = at + this.hitCycles;
    const fill = this.#onItsWay(line, at);
    return fill < 0 ? ready : this.#awaitFill(fill, Math.floor(this.#fillAt[fill]!), ready);
  }

  /** Which of the fills will bring a line after cycle `at`, the last if there are several; -1 where none will. */
  #onItsWay(line: number, at: number): number {
    const entries = this.#fillAt.length;
    let i = this.#earliest[0]!;
    for (let n = 0; n < entries; n += 1) {
      i = i === 0 ? entries - 1 : i - 1;
      if (this.#fillAt[i]! < at + 1) return -1;
      if (this.#fillLine[i] === line) return i;
    }
    return -1;
  }

  #awaitFill(i: number, arrival: number, ready: number): number {
    if (this.#mshrTargets > 0) {
      if (this.#fillTargets[i]! >= this.#mshrTargets) return arrival + this.hitCycles;
      this.#fillTargets[i]! += 1;
    }
    return Math.max(ready, arrival);
  }

  #miss(line: number, base: number, dirty: 0 | 1, at: number): number {
    this.#count[CacheEvent.misses]! += 1;
    return this.#fill(line, base, dirty, Math.max(at, this.#freeAt));
  }

  /** When the outstanding miss is filled that is filled first. */
  get #freeAt(): number {
    return Math.floor(this.#fillAt[this.#earliest[0]!]!);
  }

  /** Asks for a line, whose word gets `flags`; gives when it is there. */
  #fill(line: number, base: number, flags: number, at: number): number {
    const ready = this.#next.read(line * this.#lineBytes, this.#lineBytes, at + this.hitCycles);
    this.#install((line << 1) | flags, base, at + this.hitCycles);
    this.#noteFill(line, ready);
    if (ready > this.#busy[0]!) this.#busy[0] = ready;
    return ready;
  }

  /** Takes the place of the miss that is filled first; those that are filled later than this one stay behind it. */
  #noteFill(line: number, ready: number): void {
    const fillAt = this.#fillAt;
    const last = fillAt.length - 1;
    let i = this.#earliest[0]!;
    const time = ready + (fillAt[i]! - Math.floor(fillAt[i]!));
    this.#earliest[0] = i === last ? 0 : i + 1;
    for (let n = 0; n < last; n += 1) {
      const before = i === 0 ? last : i - 1;
      if (fillAt[before]! < time) break;
      fillAt[i] = fillAt[before]!;
      this.#fillLine[i] = this.#fillLine[before]!;
      if (this.#mshrTargets > 0) this.#fillTargets[i] = this.#fillTargets[before]!;
      i = before;
    }
    fillAt[i] = time;
    this.#fillLine[i] = line;
    if (this.#mshrTargets > 0) this.#fillTargets[i] = 1;
  }

  /**
   * Puts a line in, which may be on its way even if it is not fetched now; the one it displaces goes to the next level if it is dirty. Empty
   * ways stand last, and go first.
   */
  #install(word: number, base: number, at: number): void {
    const last = this.#ways - 1;
    const position = this.#words[base + last] === EMPTY ? last : this.#victims.choose(base);
    const victim = this.#words[base + position]!;
    this.#use(base, position, this.#blocking ? word : word | FRESH);
    if (victim !== EMPTY && (victim & 1) === 1) {
      this.#count[CacheEvent.writebacks]! += 1;
      this.#next.write(lineOf(victim) * this.#lineBytes, this.#lineBytes, at);
    }
  }
}
