// The page-table walker: reads page-table entries one after another through the data cache, and remembers non-leaf ones.
import { count, cycles, type ConfigOf } from "../config/params.ts";
import { eventBlock, type Found, type Part, type Storage, type Translator, type Walks } from "./part.ts";

export const walkerParams = {
  stepCycles: cycles(2, "Work of the walker for each level, beside reading the entry", { max: 1000 }),
  cacheEntries: count(0, "Non-leaf entries remembered, least recently used displaced", { max: 1024 }),
};

export type WalkerConfig = ConfigOf<typeof walkerParams>;

/** All that generated code needs to do what this part does (sim/engine/turbo/parts/walker.ts). */
export interface WalkerLayout {
  readonly counts: Float64Array;
  readonly cached: Float64Array;
  readonly stepCycles: number;
}

export const ENTRY_BYTES = 8;
export const WalkerEvent = { walks: 0, reads: 1, cachedReads: 2 } as const;

export class Walker implements Translator {
  readonly events;
  readonly #count: Float64Array;
  readonly found: Found = { valid: false, pageBits: 12, global: false };
  readonly #memory: Part;
  readonly #stepCycles: number;
  /** Physical addresses of remembered entries, most recently used first; -1 where empty. */
  readonly #cached: Float64Array;

  /** @param memory - the cache through which entries are read. */
  constructor(config: WalkerConfig, memory: Part, storage: Storage) {
    this.events = eventBlock("walker", Object.keys(WalkerEvent), storage);
    this.#count = this.events.values;
    this.#memory = memory;
    this.#stepCycles = config.stepCycles;
    this.#cached = storage.float64(config.cacheEntries, -1);
  }

  get layout(): WalkerLayout {
    return { counts: this.#count, cached: this.#cached, stepCycles: this.#stepCycles };
  }

  /** Where there is no translation the access traps, and the walk that found that out is not timed. */
  translate(virt: number, _asid: number, at: number, walks: Walks): number {
    const walk = walks(virt);
    this.found.valid = walk !== undefined;
    if (walk === undefined) return at;
    this.found.pageBits = walk.pageBits;
    this.found.global = walk.global;
    this.#count[WalkerEvent.walks]! += 1;
    const { entries } = walk;
    let ready = at;
    for (let level = 0; level < entries.length; level += 1) {
      ready += this.#stepCycles;
      if (level < entries.length - 1 && this.#remembered(entries[level]!)) {
        this.#count[WalkerEvent.cachedReads]! += 1;
      } else {
        this.#count[WalkerEvent.reads]! += 1;
        ready = this.#memory.read(entries[level]!, ENTRY_BYTES, ready);
      }
    }
    return ready;
  }

  /** SFENCE.VMA: forgets every remembered entry. */
  fence(): void {
    this.#cached.fill(-1);
  }

  /** Is a non-leaf entry remembered? From now on it is. */
  #remembered(entry: number): boolean {
    const cached = this.#cached;
    const entries = cached.length;
    if (entries === 0) return false;
    let at = 0;
    while (at < entries && cached[at] !== entry) at += 1;
    for (let i = Math.min(at, entries - 1); i > 0; i -= 1) cached[i] = cached[i - 1]!;
    cached[0] = entry;
    return at < entries;
  }
}
