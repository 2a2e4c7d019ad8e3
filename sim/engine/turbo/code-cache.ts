// The code cache: translated regions by the address of their head, the table through which they are called, and when they go.
//
// A region is valid as long as its code is in memory as it was, at the addresses at which it was translated. A store to its
// code drops it; a change of page tables has entries forgotten, and each region is looked over before it gets one again.
import type { CodePage } from "../code.ts";
import { Exits } from "./exits.ts";
import {
  ENTRIES_AT,
  ENTRIES_BYTES,
  ENTRY,
  ENTRY_SPREAD,
  MAX_CONTEXTS,
  STATE,
  TARGET_LINE_AT,
  TARGETS_AT,
  TARGETS_BYTES,
} from "./layout.ts";
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

export interface RegionTarget {
  readonly pc: bigint;
  /** Its line's number among the region's. */
  readonly line: number;
}

/** What is made once for all places in which the same code stands at the same addresses: that of processes, say. */
export interface TranslatedRegion {
  readonly call: unknown;
  readonly instructions: number;
  /** Where it can be entered, by numbers; the first is its head. */
  readonly targets: readonly RegionTarget[];
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

/** A place at which a region can be entered. */
export interface Entrance {
  readonly region: CachedRegion;
  /** Among its targets. */
  readonly target: number;
}

/** The memory, and the table of shared functions. */
type RegionImports = Readonly<Record<"memory" | "table", unknown>>;

/** Tags of contexts lie between those that are too high for an i32 and that of an entry that nobody made. */
const FIRST_TAGS = MAX_CONTEXTS;
const MOST_TAGS = 2 ** 31 - MAX_CONTEXTS;
const PAGE_MASK = 0xfffn;
/** Code that is reached from several regions is in each of them, until there are so many instructions of generated code. */
const COPIED_FREELY = 192;
const MAX_EXITS = 1 << 20;
/** A region's table of targets is not longer (function.ts). */
const MOST_TARGETS_BYTES = 1 << 15;

export class TranslatedCode {
  readonly exits = new Exits();
  /** Calls the region at an index of the table: `run(budget, index)`. */
  readonly run: (budget: number, index: number) => number;
  /** Names the context of the hart's state, for generated code to find. */
  readonly noteContext: (number: number, asid: number) => void;
  readonly #linear: LinearMemory;
  readonly #shared: () => Readonly<Record<string, unknown>>;
  readonly #trampoline: Readonly<Record<string, unknown>>;
  #imports: RegionImports | undefined;
  readonly #table: WebAssembly.Table;
  /** By address and the page that it stands in, those of heads first. */
  readonly #entrances = new Map<bigint, Map<CodePage, Entrance[]>>();
  readonly #byPage = new Map<CodePage, Set<CachedRegion>>();
  readonly #bytes: Uint8Array;
  #nextIndex = 0;
  #nextTarget = 0;
  #tags = FIRST_TAGS;
  #instructions = 0;
  #dropped = 0;

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
    this.forgetEntries();
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

  /** Instructions of generated code that regions have brought. */
  get instructions(): number {
    return this.#instructions;
  }

  /** Regions that stores have dropped. */
  get dropped(): number {
    return this.#dropped;
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
    this.#instructions += region.translated.instructions;
    region.translated.targets.forEach(({ pc }, target) => this.#addEntrance(pc, { region: added, target }));
    for (const { page } of region.pages) {
      const users = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, users.add(added));
    }
    return added;
  }

  /** Where a region can be entered at an address in this page, if `valid` says so: one whose head that is, if there is one. */
  find(
    page: CodePage,
    pc: bigint,
    meta: bigint,
    addressing: number,
    valid: (region: CachedRegion) => boolean,
  ): Entrance | undefined {
    const entrances = this.#entrances.get(pc)?.get(page);
    return entrances?.find(({ region }) => isFor(region, meta, addressing) && valid(region));
  }

  /** Is there so much code already that what can be entered at an address should not be in another region, too? */
  isElsewhere(page: CodePage, pc: bigint, meta: bigint, addressing: number): boolean {
    if (this.#instructions < COPIED_FREELY) return false;
    const entrances = this.#entrances.get(pc)?.get(page) ?? [];
    return entrances.some(({ region }) => isFor(region, meta, addressing));
  }

  /** Is the instruction at an address in a region, whether that can be entered there or not? */
  covers(page: CodePage, pc: bigint, meta: bigint, addressing: number): boolean {
    const offset = Number(pc & PAGE_MASK);
    const isIn = ({ virt, from, to }: CodeRange): boolean =>
      virt === (pc & ~PAGE_MASK) && from <= offset && offset < to;
    const regions = [...(this.#byPage.get(page) ?? [])];
    return regions.some((region) => isFor(region, meta, addressing) && region.translated.ranges.some(isIn));
  }

  /** What was translated for this head elsewhere. */
  translatedAt(pc: bigint, meta: bigint, addressing: number): ReadonlySet<TranslatedRegion> {
    const places = [...(this.#entrances.get(pc)?.values() ?? [])].flat();
    const alike = places.filter(({ region, target }) => target === 0 && isFor(region, meta, addressing));
    return new Set(alike.map(({ region }) => region.translated));
  }

  /** Where the entry lies that the context in force has for the state's pc and metadata; -1 where it has none. */
  entry(): number {
    const { words } = this.#linear;
    const [pc, meta, tag] = [STATE.pc >>> 2, STATE.meta >>> 2, words[STATE.tag >>> 2]!];
    const own = slotOf(words[pc]!, tag);
    const names = (slot: number): boolean => {
      const [entryPc, entryMeta] = [slot >>> 2, (slot + ENTRY.meta) >>> 2];
      return (
        words[entryPc] === words[pc] &&
        words[entryPc + 1] === words[pc + 1] &&
        words[entryMeta] === words[meta] &&
        words[entryMeta + 1] === words[meta + 1] &&
        words[(slot + ENTRY.tag) >>> 2] === tag
      );
    };
    return names(own) ? own : names(own ^ ENTRY.other) ? own ^ ENTRY.other : -1;
  }

  /** Lets the trampoline enter a region where the state's pc and metadata are, in the context in force; gives the entry. */
  setEntry({ region, target }: Entrance): number {
    const { words, doubles } = this.#linear;
    const tag = words[STATE.tag >>> 2]!;
    const slot = slotOf(words[STATE.pc >>> 2]!, tag);
    this.#bytes.copyWithin(slot ^ ENTRY.other, slot, slot + (1 << ENTRY.bits));
    doubles[slot >>> 3] = doubles[STATE.pc >>> 3]!;
    doubles[(slot + ENTRY.meta) >>> 3] = region.meta;
    words[(slot + ENTRY.tag) >>> 2] = tag;
    words[(slot + ENTRY.index) >>> 2] = region.index;
    words[(slot + ENTRY.lines) >>> 2] = region.linesAt;
    words[(slot + ENTRY.target) >>> 2] = target | (region.translated.targets[target]!.line << (8 * TARGET_LINE_AT));
    return slot;
  }

  /** Has no context any entry: their tags are others from now on. */
  forgetEntries(): void {
    this.#tags += MAX_CONTEXTS;
    if (this.#tags > MOST_TAGS) {
      this.#bytes.fill(0, ENTRIES_AT, ENTRIES_AT + ENTRIES_BYTES);
      this.#tags = FIRST_TAGS;
    }
    const { words } = this.#linear;
    words[STATE.tags >>> 2] = this.#tags;
    words[STATE.tag >>> 2] = this.#tags + words[STATE.context >>> 2]!;
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
    this.forgetEntries();
    for (let index = 0; index < this.#nextIndex; index += 1) this.#table.set(index, null);
    this.#entrances.clear();
    this.#byPage.clear();
    this.exits.clear();
    this.#bytes.fill(0, TARGETS_AT, TARGETS_AT + this.#nextTarget);
    this.#nextIndex = this.#nextTarget = this.#instructions = 0;
  }

  #remove(region: CachedRegion): void {
    this.#dropped += 1;
    this.forgetEntries();
    this.#table.set(region.index, null);
    for (const { page } of region.pages) this.#byPage.get(page)?.delete(region);
    for (const { pc } of region.translated.targets) this.#removeEntrances(pc, region);
  }

  #addEntrance(pc: bigint, entrance: Entrance): void {
    const places = this.#entrances.get(pc) ?? new Map<CodePage, Entrance[]>();
    const page = pageOf(entrance.region, pc);
    const others = places.get(page) ?? [];
    if (entrance.target === 0) others.unshift(entrance);
    else others.push(entrance);
    this.#entrances.set(pc, places.set(page, others));
  }

  #removeEntrances(pc: bigint, region: CachedRegion): void {
    const places = this.#entrances.get(pc)!;
    const page = pageOf(region, pc);
    const left = places.get(page)!.filter((entrance) => entrance.region !== region);
    if (left.length > 0) places.set(page, left);
    else places.delete(page);
    if (places.size === 0) this.#entrances.delete(pc);
  }
}

const isFor = (region: CachedRegion, meta: bigint, addressing: number): boolean =>
  region.meta === meta && region.addressing === addressing;

/** The page of code in which an address of a region lies. */
export const pageOf = ({ pages }: Pick<CachedRegion, "pages">, pc: bigint): CodePage =>
  pages.find(({ virt }) => virt === (pc & ~PAGE_MASK))!.page;

/** Where an entry for an address, of which the low half counts, would lie in the context of a tag. */
function slotOf(pc: number, tag: number): number {
  const hash = Math.imul(pc ^ (tag << ENTRY_SPREAD.tagShift), ENTRY_SPREAD.pc);
  return ENTRIES_AT + ((hash >>> (32 - ENTRY.indexBits)) << ENTRY.bits);
}
