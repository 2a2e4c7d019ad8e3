// The dynamic parts: everything that remembers addresses (line in hand, caches, TLBs, walker, predictor, store addresses, DRAM),
// wired to each other, and asked about one retire record at a time.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire } from "../machine/retire.ts";
import type { EventBlock } from "../stats/counters.ts";
import { Cache, type CacheLayout } from "./cache.ts";
import { Dram, type DramLayout } from "./dram.ts";
import { LineInHand } from "./frontend.ts";
import { RAM_BASE, type Part, type Storage, type Walks } from "./part.ts";
import type { Outcomes } from "./pipeline.ts";
import { BranchPredictor, Outcome } from "./predictor/predictor.ts";
import type { ScriptCounts } from "./script-counts.ts";
import { StoreBlocks } from "./store-blocks.ts";
import { TaggedMemory, type TaggedLayout } from "./tag-cache.ts";
import { tagTableOf, type TagGroups } from "./tag-table.ts";
import { Tlb, type TlbLayout } from "./tlb.ts";
import { Class, isFetchFence, isStore, isTrapReturn, traitClass } from "./traits.ts";
import { Walker, type WalkerLayout } from "./walker.ts";

const PAGE_BYTES = 4096;

/** A cache with nothing beyond one miss at a time. */
const PLAIN = { mshrs: 1, mshrTargets: 0, prefetch: "none", prefetchLines: 1 } as const;

/** How late the bytes of an instruction are, and what part of that is due to what. */
export interface FetchDelay {
  itlbCycles: number;
  /** Beyond that, until the line is there with its tags. */
  cacheCycles: number;
  /** Of these, those in which only tags were missing. */
  tagCycles: number;
}

/** The first-level caches, and the parts that answer them. */
export interface MemoryLayout {
  readonly l1i: CacheLayout;
  readonly l1d: CacheLayout;
  readonly l2: CacheLayout;
  readonly llc: CacheLayout | undefined;
  readonly tagged:
    { readonly memory: TaggedLayout; readonly cache: CacheLayout; readonly groups: TagGroups | undefined } | undefined;
  readonly dram: DramLayout;
}

/** What translates addresses; the walker reads through the data cache. */
export interface TranslationLayout {
  readonly itlb: TlbLayout;
  readonly dtlb: TlbLayout;
  readonly l2tlb: TlbLayout | undefined;
  readonly walker: WalkerLayout;
}

/** In place of cycles: nobody has asked for the translation yet. */
export const NOT_ASKED = -1;

export class DynamicParts implements Outcomes {
  readonly predictor: BranchPredictor;
  readonly line: LineInHand;
  readonly storeBlocks: StoreBlocks;
  readonly l1i: Cache;
  readonly l1d: Cache;
  readonly itlb: Tlb;
  readonly dtlb: Tlb;
  readonly memory: MemoryLayout;
  readonly translation: TranslationLayout;
  /** Event blocks in the order of a report: above and below the place where the store buffer's belong. */
  readonly eventsAbove: readonly EventBlock[];
  readonly eventsBelow: readonly EventBlock[];
  readonly #clearsOnTrap: boolean;
  readonly #l2tlb: Tlb | undefined;
  readonly #walker: Walker;
  readonly #tags: TaggedMemory | undefined;
  readonly #lineBytes: number;
  readonly #fetchLineBytes: number;
  readonly #deviceCycles: number;
  readonly #delay: FetchDelay = { itlbCycles: 0, cacheCycles: 0, tagCycles: 0 };
  /** The access that is asked about. */
  #virt = 0;
  #phys = 0;
  #bytes = 0;
  #asid = 0;
  #translated = false;
  #translateCycles = NOT_ASKED;
  #walks: Walks = () => undefined;
  /** [0]: when the last access is done, of all that were ever made: from then on no answer is waited for. */
  readonly answered: Float64Array;

  constructor(config: MachineConfig, storage: Storage) {
    this.answered = storage.float64(1);
    this.#lineBytes = config.l1d.lineBytes;
    this.#fetchLineBytes = config.l1i.lineBytes;
    this.#deviceCycles = config.bus.deviceCycles;
    this.line = new LineInHand(config.l1i.lineBytes, storage);
    this.#clearsOnTrap = config.predictor.clearsOnTrap;
    this.predictor = new BranchPredictor(config.predictor, storage);
    this.storeBlocks = new StoreBlocks(config.storeBuffer, config.l1d.portBytes, storage);

    const dram = new Dram(config.dram, config.clockMhz, storage);
    const tagCache = new Cache("tagCache", { ...config.tagCache, ...PLAIN }, dram, storage);
    const tagTable = tagTableOf(config.tagCache, tagCache, config.ramBytes, storage);
    this.#tags = config.tagCache.present ? new TaggedMemory(dram, tagTable, storage) : undefined;
    const memory: Part = this.#tags ?? dram;
    const llc = config.llc.present ? new Cache("llc", config.llc, memory, storage) : undefined;
    const l2 = new Cache("l2", config.l2, llc ?? memory, storage);
    // One miss that fetch waits for, and one that it does not.
    const mshrs = config.l1i.prefetch === "none" ? 1 : 2;
    // Hits of the instruction cache are pipelined; what the pipeline takes is in the front end's restart times.
    this.l1i = new Cache("l1i", { ...PLAIN, ...config.l1i, hitCycles: 0, mshrs }, l2, storage);
    this.l1d = new Cache("l1d", config.l1d, l2, storage);
    const tagged = this.#tags && { memory: this.#tags.layout, cache: tagCache.layout, groups: tagTable.groups };
    this.memory = {
      l1i: this.l1i.layout,
      l1d: this.l1d.layout,
      l2: l2.layout,
      llc: llc?.layout,
      tagged,
      dram: dram.layout,
    };

    this.#walker = new Walker(config.walker, this.l1d, storage);
    const { l2tlb } = config;
    this.#l2tlb = l2tlb.entries === 0 ? undefined : new Tlb("l2tlb", l2tlb, l2tlb.hitCycles, this.#walker, storage);
    const second = this.#l2tlb ?? this.#walker;
    this.itlb = new Tlb("itlb", config.itlb, 0, second, storage);
    this.dtlb = new Tlb("dtlb", config.dtlb, 0, second, storage);
    this.translation = {
      itlb: this.itlb.layout,
      dtlb: this.dtlb.layout,
      l2tlb: this.#l2tlb?.layout,
      walker: this.#walker.layout,
    };

    const above = [this.predictor, this.l1i, this.l1d, l2, llc, this.itlb, this.dtlb, this.#l2tlb, this.#walker];
    const below = [this.#tags && tagCache, this.#tags, dram];
    const blocks = (parts: readonly ({ readonly events: EventBlock } | undefined)[]): EventBlock[] =>
      parts.flatMap((part) => (part === undefined ? [] : [part.events]));
    this.eventsAbove = blocks(above);
    this.eventsBelow = blocks(below);
  }

  /**
   * The questions that follow are about this record's access.
   *
   * @param translateCycles - how late its translation was, where that has been asked for.
   */
  attend(r: Retire, walks: Walks, translateCycles = NOT_ASKED): void {
    this.#virt = r.dataVirt;
    this.#phys = r.dataPhys;
    this.#bytes = r.dataBytes;
    this.#asid = r.asid;
    this.#translated = r.translatedData;
    this.#walks = walks;
    this.#translateCycles = translateCycles;
  }

  /** Fetches an instruction that is not wholly in the line in hand; the answer is overwritten by the next. */
  fetch(r: Retire, bytes: number, at: number, walks: Walks): FetchDelay {
    const { pc, fetchPhys } = r;
    const translated = r.translatedFetch ? this.itlb.translate(pc, r.asid, at, walks) : at;
    this.#forgetTagCycles();
    const inLine = this.line.holdsBytes(pc, fetchPhys, 2);
    let ready = inLine ? translated : this.l1i.read(fetchPhys, bytes, translated);
    this.line.take(pc, fetchPhys);
    const crosses = (fetchPhys & (this.#fetchLineBytes - 1)) + bytes > this.#fetchLineBytes;
    // An instruction that straddles two pages needs a second translation, which the record does not carry: not timed.
    if (crosses && (fetchPhys & (PAGE_BYTES - 1)) + bytes <= PAGE_BYTES) {
      ready = this.l1i.read(fetchPhys + 2, 2, ready);
      this.line.take(pc + 2, fetchPhys + 2);
    }
    this.#delay.itlbCycles = translated - at;
    this.#delay.cacheCycles = ready - translated;
    this.#delay.tagCycles = this.tagCycles();
    return this.#delay;
  }

  /** Would `fetch` find nothing late, at `at` or whenever later? */
  fetchesOnTime(r: Retire, bytes: number, at: number): boolean {
    const crosses = (r.fetchPhys & (this.#fetchLineBytes - 1)) + bytes > this.#fetchLineBytes;
    return !crosses && (!r.translatedFetch || this.itlb.holds(r.pc, r.asid)) && this.l1i.holds(r.fetchPhys, at);
  }

  /** Would the access find nothing late, at `at` or whenever later? Overlaps apart. */
  accessesOnTime(at: number): boolean {
    const inLine = (this.#phys & (this.#lineBytes - 1)) + this.#bytes;
    return (
      this.#phys >= RAM_BASE &&
      inLine <= this.#lineBytes &&
      this.#bytes < this.#lineBytes &&
      (!this.#translated || this.dtlb.holds(this.#virt, this.#asid)) &&
      this.l1d.holds(this.#phys, at)
    );
  }

  translate(at: number): number {
    if (this.#translateCycles !== NOT_ASKED) return at + this.#translateCycles;
    return this.#translated ? this.dtlb.translate(this.#virt, this.#asid, at, this.#walks) : at;
  }

  device(): boolean {
    return this.#phys < RAM_BASE;
  }

  /** A device was asked at `at` or before. */
  deviceAsked(at: number): void {
    this.#answered(at + this.#deviceCycles);
  }

  blockedUntil(): number {
    return this.l1d.blockedUntil;
  }

  overlapAge(): number {
    return this.storeBlocks.overlapAge(this.#phys, this.#bytes);
  }

  read(at: number): number {
    this.#forgetTagCycles();
    const phys = this.#phys;
    const bytes = this.#bytes;
    const inFirst = this.#lineBytes - (phys & (this.#lineBytes - 1));
    let ready = this.l1d.read(phys, bytes, at);
    if (bytes > inFirst) ready = Math.max(ready, this.l1d.read(phys + inFirst, bytes - inFirst, at));
    return this.#answered(ready);
  }

  /** Lines that are written whole are not fetched. */
  write(at: number): number {
    this.#forgetTagCycles();
    const lineBytes = this.#lineBytes;
    const phys = this.#phys;
    const end = phys + this.#bytes;
    let ready = at + this.l1d.hitCycles;
    for (let line = phys - (phys & (lineBytes - 1)); line < end; line += lineBytes) {
      if (line >= phys && line + lineBytes <= end) this.l1d.write(line, lineBytes, at);
      else ready = Math.max(ready, this.l1d.store(line, at));
    }
    return this.#answered(ready);
  }

  tagCycles(): number {
    return this.#tags?.lateCycles ?? 0;
  }

  /** What a stored capability changes below the caches. */
  get tagGroups(): TagGroups | undefined {
    return this.memory.tagged?.groups;
  }

  /** A record's data have been accessed. */
  accessed(r: Retire, timingClass: number): void {
    if (isStore(timingClass)) this.storeBlocks.push(r.dataPhys, r.dataBytes);
    if (r.capability && timingClass !== Class.load) this.#tags?.capabilityAt(r.dataPhys);
  }

  /** How the front end gets to what follows a record's instruction (`Outcome`). */
  outcome(r: Retire, traits: number, bytes: number): number {
    const timingClass = traitClass(traits);
    const transfers = timingClass === Class.branch || timingClass === Class.jump;
    return transfers ? this.predictor.resolve(traits, r.pc, r.pc + bytes, r.nextPc) : Outcome.fallThrough;
  }

  /** A trap was taken. */
  trapped(): void {
    this.line.drop();
    if (this.#clearsOnTrap) this.predictor.clear();
  }

  /** The front end starts afresh after a record's instruction. */
  flushed({ fence }: Retire, traits: number): void {
    this.line.drop();
    if (isFetchFence(traits)) this.l1i.invalidate();
    if (isTrapReturn(traits) && this.#clearsOnTrap) this.predictor.clear();
    if (fence === undefined) return;
    this.#walker.fence();
    for (const tlb of [this.itlb, this.dtlb, this.#l2tlb]) tlb?.fence(fence);
  }

  /** Adds what scripts have counted, and has it forgotten there. */
  addCounts(counts: ScriptCounts): void {
    this.l1d.events.values[0]! += counts.accesses;
    this.dtlb.events.values[0]! += counts.translations;
    this.predictor.add(counts);
    counts.clear();
  }

  #answered(at: number): number {
    if (at > this.answered[0]!) this.answered[0] = at;
    return at;
  }

  #forgetTagCycles(): void {
    if (this.#tags !== undefined) this.#tags.lateCycles = 0;
  }
}
