// The code cache: translated regions by the address of their head, the table through which they are called, and when they go.
//
// A region is valid as long as its code is in memory as it was, at the addresses at which it was translated. A store to its
// code drops it; a change of page tables empties the entries, and each region is looked over before it gets one again.
import type { CodePage } from "../code.ts";
import { Exits } from "./exits.ts";
import { ENTRY, entriesAt, ENTRIES_BYTES, STATE, TARGETS_AT, TARGETS_BYTES } from "./layout.ts";
import { instantiateShared } from "./host.ts";
import type { LinearMemory } from "./linear.ts";
import { MAX_REGIONS, SHARED_FUNCTIONS, trampolineModule } from "./runtime.ts";

/** A page of code as a region has seen it. */
export interface SeenPage {
  /** Address of the page. */
  readonly virt: bigint;
  readonly page: CodePage;
}

/** Bytes of a page that a region was translated from. */
export interface CodeRange {
  /** Address of the page. */
  readonly virt: bigint;
  /** Offsets in it. */
  readonly from: number;
  readonly to: number;
}

/** What is made once for all places in which the same code stands at the same addresses: that of processes, say. */
export interface TranslatedRegion {
  readonly call: unknown;
  readonly ranges: readonly CodeRange[];
  /** What stood there, range by range. */
  readonly code: readonly Uint8Array[];
  /** To whose account its time goes, by parcel, range by range. */
  readonly categories: readonly Uint16Array[];
  /** Lines that timing wants records of, by their addresses (low 48 bits). */
  readonly lines: readonly number[];
}

export interface CachedRegion {
  readonly pc: bigint;
  readonly meta: bigint;
  /** What the region was translated for: the mode, how addresses are translated, and whether anybody guards them. */
  readonly addressing: number;
  /** The head's comes first. */
  readonly pages: readonly SeenPage[];
  readonly translated: TranslatedRegion;
  /** Linear address of the records of its lines. */
  readonly linesAt: number;
  readonly index: number;
}

/** The memory, and the table of shared functions. */
type RegionImports = Readonly<Record<"memory" | "table", unknown>>;

const ENTRY_INDEX_MASK = (1 << ENTRY.indexBits) - 1;
const MAX_EXITS = 1 << 20;
/** A region's table of targets is not longer (function.ts). */
const MOST_TARGETS_BYTES = 1 << 15;

export class TranslatedCode {
  readonly exits = new Exits();
  /** Calls the region at an index of the table: `run(budget, index)`. */
  readonly run: (budget: number, index: number) => number;
  /** Names the context of the hart's state, for generated code to find. */
  readonly noteContext: (number: number, asid: number) => void;
  /** Counts the regions that stores have dropped. */
  dropped = 0;
  readonly #linear: LinearMemory;
  readonly #shared: () => Readonly<Record<string, unknown>>;
  readonly #trampoline: Readonly<Record<string, unknown>>;
  #imports: RegionImports | undefined;
  readonly #table: WebAssembly.Table;
  /** By the address of their head and the page that it stands in. */
  readonly #regions = new Map<bigint, Map<CodePage, CachedRegion[]>>();
  readonly #byPage = new Map<CodePage, Set<CachedRegion>>();
  readonly #bytes: Uint8Array;
  #nextIndex = 0;
  #nextTarget = 0;
  /** Contexts that may have entries. */
  #contexts = 0;

  /** @param fill - as `FILL_IMPORT`. @param shared - makes the other `SHARED_FUNCTIONS`, by their names. */
  constructor(linear: LinearMemory, fill: unknown, shared: () => Readonly<Record<string, unknown>>) {
    this.#linear = linear;
    this.#shared = shared;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: MAX_REGIONS });
    this.#bytes = new Uint8Array(linear.buffer);
    const env = { memory: linear.memory, table: this.#table, fill };
    this.#trampoline = instantiateShared(trampolineModule(linear.layout.pages), env).exports;
    this.run = this.#trampoline["run"] as TranslatedCode["run"];
    this.noteContext = this.#trampoline["noteContext"] as TranslatedCode["noteContext"];
  }

  /** What regions import. A program that ends before any of it is hot has no shared functions made. */
  get imports(): RegionImports {
    return (this.#imports ??= { memory: this.#linear.memory, table: this.#sharedTable() });
  }

  /** A table of their own: V8 copies what an instance imports. */
  #sharedTable(): WebAssembly.Table {
    const table = new WebAssembly.Table({ element: "anyfunc", initial: SHARED_FUNCTIONS.length });
    const functions = { ...this.#shared(), ...this.#trampoline };
    SHARED_FUNCTIONS.forEach(({ name }, slot) => table.set(slot, functions[name] ?? null));
    return table;
  }

  /** Is there no room for another region? Then the cache is cleared before the next. */
  get full(): boolean {
    return (
      this.#nextIndex >= MAX_REGIONS ||
      this.exits.count >= MAX_EXITS ||
      this.#nextTarget > TARGETS_BYTES - MOST_TARGETS_BYTES
    );
  }

  /** Room for a table of targets, all zero. */
  reserveTargets(bytes: number): { at: number; bytes: Uint8Array } | undefined {
    if (this.#nextTarget + bytes > TARGETS_BYTES) return undefined;
    const at = TARGETS_AT + this.#nextTarget;
    this.#nextTarget += bytes;
    return { at, bytes: this.#bytes.subarray(at, at + bytes) };
  }

  add(region: Omit<CachedRegion, "index">): CachedRegion {
    const added = { ...region, index: this.#nextIndex++ };
    this.#table.set(added.index, region.translated.call);
    const places = this.#regions.get(region.pc) ?? new Map<CodePage, CachedRegion[]>();
    const head = headPage(region);
    this.#regions.set(region.pc, places.set(head, [...(places.get(head) ?? []), added]));
    for (const { page } of region.pages) {
      const users = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, users.add(added));
    }
    return added;
  }

  /** The region whose head stands in this page, if `valid` says that it may be entered. */
  find(
    page: CodePage,
    pc: bigint,
    meta: bigint,
    addressing: number,
    valid: (region: CachedRegion) => boolean,
  ): CachedRegion | undefined {
    const regions = this.#regions.get(pc)?.get(page);
    return regions?.find((r) => r.meta === meta && r.addressing === addressing && valid(r));
  }

  /** What was translated for this head elsewhere. */
  translatedAt(pc: bigint, meta: bigint, addressing: number): ReadonlySet<TranslatedRegion> {
    const places = this.#regions.get(pc)?.values() ?? [];
    const alike = [...places].flat().filter((r) => r.meta === meta && r.addressing === addressing);
    return new Set(alike.map((r) => r.translated));
  }

  /** Where the entry lies by which a context names a region for the state's pc and metadata; -1 where it names none. */
  entry(context: number): number {
    const { words } = this.#linear;
    const [pc, meta] = [STATE.pc >>> 2, STATE.meta >>> 2];
    const own = entriesAt(context) + (((words[pc]! >>> 1) & ENTRY_INDEX_MASK) << ENTRY.bits);
    const names = (slot: number): boolean => {
      const [entryPc, entryMeta] = [slot >>> 2, (slot + ENTRY.meta) >>> 2];
      return (
        words[entryPc] === words[pc] &&
        words[entryPc + 1] === words[pc + 1] &&
        words[entryMeta] === words[meta] &&
        words[entryMeta + 1] === words[meta + 1]
      );
    };
    return names(own) ? own : names(own ^ ENTRY.other) ? own ^ ENTRY.other : -1;
  }

  /** Lets the trampoline enter a region in a context; gives the entry. */
  setEntry(context: number, region: CachedRegion): number {
    const slot = slotOf(context, region.pc);
    this.#bytes.copyWithin(slot ^ ENTRY.other, slot, slot + (1 << ENTRY.bits));
    this.#linear.doubles[slot >>> 3] = region.pc;
    this.#linear.doubles[(slot + ENTRY.meta) >>> 3] = region.meta;
    this.#linear.words[(slot + ENTRY.index) >>> 2] = region.index;
    this.#linear.words[(slot + ENTRY.lines) >>> 2] = region.linesAt;
    this.#contexts = Math.max(this.#contexts, context + 1);
    return slot;
  }

  /** Empties the entries of a context. */
  emptyContext(context: number): void {
    const at = entriesAt(context);
    this.#bytes.fill(0xff, at, at + ENTRIES_BYTES);
  }

  /** Drops the regions with code at offsets [from, to) of a page. */
  drop(page: CodePage, from: number, to: number): void {
    for (const region of this.#byPage.get(page) ?? []) {
      const isOf = (virt: bigint): boolean => region.pages.some((p) => p.page === page && p.virt === virt);
      if (region.translated.ranges.some((r) => r.from < to && from < r.to && isOf(r.virt))) this.#remove(region);
    }
  }

  /** Drops everything. */
  clear(): void {
    for (let context = 0; context < this.#contexts; context += 1) this.emptyContext(context);
    for (let index = 0; index < this.#nextIndex; index += 1) this.#table.set(index, null);
    this.#regions.clear();
    this.#byPage.clear();
    this.exits.clear();
    this.#bytes.fill(0, TARGETS_AT, TARGETS_AT + this.#nextTarget);
    this.#nextIndex = this.#nextTarget = 0;
  }

  #remove(region: CachedRegion): void {
    this.dropped += 1;
    this.#table.set(region.index, null);
    for (const { page } of region.pages) this.#byPage.get(page)?.delete(region);
    const places = this.#regions.get(region.pc)!;
    const left = places.get(headPage(region))!.filter((r) => r !== region);
    if (left.length > 0) places.set(headPage(region), left);
    else places.delete(headPage(region));
    if (places.size === 0) this.#regions.delete(region.pc);
    for (let context = 0; context < this.#contexts; context += 1) {
      const own = slotOf(context, region.pc);
      for (const slot of [own, own ^ ENTRY.other]) {
        if (this.#linear.words[(slot + ENTRY.index) >>> 2] !== region.index) continue;
        this.#bytes.fill(0xff, slot, slot + ENTRY.index);
      }
    }
  }
}

const headPage = ({ pages }: Pick<CachedRegion, "pages">): CodePage => pages[0]!.page;

/** An entry holds no address with all bits set: that is odd. */
function slotOf(context: number, pc: bigint): number {
  const index = Number((pc >> 1n) & BigInt(ENTRY_INDEX_MASK));
  return entriesAt(context) + (index << ENTRY.bits);
}
