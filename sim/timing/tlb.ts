// A translation lookaside buffer: set-associative entries for small pages, some for large ones; address spaces and global pages.
import { count, cycles, type ConfigOf } from "../config/params.ts";
import type { TlbFence } from "../machine/retire.ts";
import { eventBlock, type Found, type Storage, type Translator, type Walks } from "./part.ts";

export const tlbParams = {
  entries: count(32, "Entries", { min: 1, max: 65536 }),
  ways: count(32, "Associativity", { min: 1, max: 128 }),
  superEntries: count(
    0,
    "Entries for pages above 4 KiB; 0: such pages share a fully associative TLB, a set-associative one holds 4 KiB pieces",
    { max: 128 },
  ),
};

export const l2TlbParams = {
  ...tlbParams,
  entries: count(512, "Entries; 0: there is no second level", { max: 65536 }),
  ways: count(4, "Associativity", { min: 1, max: 128 }),
  hitCycles: cycles(4, "From a first-level miss to the translation", { max: 1000 }),
};

export type TlbConfig = ConfigOf<typeof tlbParams>;

/**
 * A page is translated at once, and nothing changes but `lookups`, where `(page & masks[base]) === pages[base]` and `asids[base]`
 * is the address space or -1. `page` is the low 32 bits of the page number, `base` is (page & setMask) * ways.
 */
export interface TlbFastPath {
  readonly pages: Int32Array;
  readonly masks: Int32Array;
  readonly asids: Int32Array;
  readonly lookups: Float64Array;
  readonly setMask: number;
  readonly ways: number;
}

/** All that generated code needs to do what this part does (sim/engine/turbo/parts/tlb.ts). */
export interface TlbLayout extends TlbFastPath {
  readonly misses: Float64Array;
  readonly entries: number;
  /** Behind the small pages. */
  readonly superEntries: number;
  readonly hitCycles: number;
}

const PAGE_BITS = 12;
const PAGE_BYTES = 2 ** PAGE_BITS;
const GLOBAL = -1;
const LOOKUPS = 0;
const MISSES = 1;
const FENCES = 2;

export class Tlb implements Translator {
  readonly events;
  readonly #count: Float64Array;
  readonly found: Found;
  /**
   * Page number, low 32 bits, under the entry's mask; sets of small pages first, then the large pages, each MRU first and its empty
   * entries last.
   */
  readonly #pages: Int32Array;
  /** Bits of the page number that count: all for 4 KiB, none in an empty entry (whose page, -1, then matches nothing). */
  readonly #masks: Int32Array;
  /** Address space, or GLOBAL. */
  readonly #asids: Int32Array;
  readonly #next: Translator;
  readonly #hitCycles: number;
  readonly #entries: number;
  readonly #ways: number;
  readonly #setMask: number;
  readonly #superEntries: number;

  /** @param hitCycles - 0 for a first-level TLB, which is read beside the cache. */
  constructor(name: string, config: TlbConfig, hitCycles: number, next: Translator, storage: Storage) {
    this.events = eventBlock(name, ["lookups", "misses", "fences"], storage);
    this.#count = this.events.values;
    this.found = next.found;
    this.#next = next;
    this.#hitCycles = hitCycles;
    this.#entries = config.entries;
    this.#ways = config.ways;
    this.#setMask = config.entries / config.ways - 1;
    this.#superEntries = config.superEntries;
    const total = config.entries + config.superEntries;
    this.#pages = storage.int32(total, -1);
    this.#masks = storage.int32(total, 0);
    this.#asids = storage.int32(total, 0);
  }

  /** Of a first-level TLB. */
  get fastPath(): TlbFastPath {
    return {
      pages: this.#pages,
      masks: this.#masks,
      asids: this.#asids,
      lookups: this.#count.subarray(LOOKUPS, LOOKUPS + 1),
      setMask: this.#setMask,
      ways: this.#ways,
    };
  }

  get layout(): TlbLayout {
    return {
      ...this.fastPath,
      misses: this.#count.subarray(MISSES, MISSES + 1),
      entries: this.#entries,
      superEntries: this.#superEntries,
      hitCycles: this.#hitCycles,
    };
  }

  /** Would a translation be there at once? */
  holds(virt: number, asid: number): boolean {
    const page = (virt / PAGE_BYTES) | 0;
    const base = (page & this.#setMask) * this.#ways;
    return (
      this.#find(base, this.#ways, page, asid) >= 0 || this.#find(this.#entries, this.#superEntries, page, asid) >= 0
    );
  }

  translate(virt: number, asid: number, at: number, walks: Walks): number {
    const page = (virt / PAGE_BYTES) | 0;
    const base = (page & this.#setMask) * this.#ways;
    this.#count[LOOKUPS]! += 1;
    // A hit on the most recently used way changes no state but the count.
    if (this.#matches(base, page, asid)) return this.#hit(base, at);
    const position = this.#find(base, this.#ways, page, asid);
    if (position > 0) {
      this.#front(base, base + position);
      return this.#hit(base, at);
    }
    const large = this.#find(this.#entries, this.#superEntries, page, asid);
    if (large >= 0) {
      this.#front(this.#entries, this.#entries + large);
      return this.#hit(this.#entries, at);
    }
    this.#count[MISSES]! += 1;
    const ready = this.#next.translate(virt, asid, at + this.#hitCycles, walks);
    if (this.found.valid) this.#insert(page, base, asid);
    return ready;
  }

  /** SFENCE.VMA: forgets what its operands select (global pages only where it names no address space). */
  fence(fence: TlbFence): void {
    this.#count[FENCES]! += 1;
    for (let first = 0; first < this.#entries; first += this.#ways) this.#forget(first, this.#ways, fence);
    this.#forget(this.#entries, this.#superEntries, fence);
  }

  /** Those of a set that are not forgotten move together. */
  #forget(first: number, length: number, { page, asid }: TlbFence): void {
    let kept = first;
    for (let i = first; i < first + length; i += 1) {
      const samePage = page === undefined || ((page | 0) & this.#masks[i]!) === this.#pages[i];
      const sameSpace = asid === undefined || this.#asids[i] === asid;
      if (samePage && sameSpace) continue;
      this.#set(kept, this.#pages[i]!, this.#masks[i]!, this.#asids[i]!);
      kept += 1;
    }
    for (; kept < first + length; kept += 1) this.#set(kept, -1, 0, 0);
  }

  #matches(i: number, page: number, asid: number): boolean {
    if ((page & this.#masks[i]!) !== this.#pages[i]) return false;
    const owner = this.#asids[i]!;
    return owner === asid || owner === GLOBAL;
  }

  #hit(i: number, at: number): number {
    // A level below may hold the same page larger: what it hands up is what this entry says.
    this.found.valid = true;
    this.found.global = this.#asids[i] === GLOBAL;
    this.found.pageBits = PAGE_BITS + (31 - Math.clz32(-this.#masks[i]!));
    return at + this.#hitCycles;
  }

  #find(base: number, length: number, page: number, asid: number): number {
    const pages = this.#pages;
    const masks = this.#masks;
    for (let i = base; i < base + length; i += 1) {
      if ((page & masks[i]!) === pages[i] && this.#matches(i, page, asid)) return i - base;
    }
    return -1;
  }

  #insert(page: number, base: number, asid: number): void {
    const { pageBits, global } = this.found;
    const large = pageBits > PAGE_BITS && (this.#superEntries > 0 || this.#setMask === 0);
    const mask = large ? -(2 ** (pageBits - PAGE_BITS)) : -1;
    const separate = large && this.#superEntries > 0;
    const first = separate ? this.#entries : base;
    this.#back(first, first + (separate ? this.#superEntries : this.#ways) - 1);
    this.#set(first, page & mask, mask, global ? GLOBAL : asid);
  }

  /** Moves entry `from` to position `first`, those between one back. */
  #front(first: number, from: number): void {
    const page = this.#pages[from]!;
    const mask = this.#masks[from]!;
    const asid = this.#asids[from]!;
    this.#back(first, from);
    this.#set(first, page, mask, asid);
  }

  /** Moves entries one back, from `first` on, the last over the one at `last`. */
  #back(first: number, last: number): void {
    const pages = this.#pages;
    const masks = this.#masks;
    const asids = this.#asids;
    for (let i = last; i > first; i -= 1) {
      pages[i] = pages[i - 1]!;
      masks[i] = masks[i - 1]!;
      asids[i] = asids[i - 1]!;
    }
  }

  #set(i: number, page: number, mask: number, asid: number): void {
    this.#pages[i] = page;
    this.#masks[i] = mask;
    this.#asids[i] = asid;
  }
}
