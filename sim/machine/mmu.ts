// Address translation: bare and Sv39, with a software cache that is never seen (translations are always those of the
// tables in memory now: a store to a page that a walk has read empties the cache).
import { CAUSE } from "../../isa/cause.ts";
import { Mark, PAGE_BITS, PAGE_BYTES, type Memory } from "./memory.ts";
import { PageCache, setOf } from "./page-cache.ts";
import type { Pmp } from "./pmp.ts";
import type { Walk } from "./retire.ts";

export type AccessType = "fetch" | "load" | "store";
/** What is translated: a store of a tagged capability asks more of a page than another store. */
export type DataAccess = "load" | "store" | "taggedStore";
type Translated = AccessType | DataAccess;
/** Privilege modes as xPP encodes them. */
export const Mode = { user: 0, supervisor: 1, machine: 3 } as const;

/** Page-table entry bits (supervisor.adoc #sv39pte). */
export const PTE = { V: 0x01, R: 0x02, W: 0x04, X: 0x08, U: 0x10, G: 0x20, A: 0x40, D: 0x80 } as const;
const PTE_HIGH_PPN = 0x003f_ffff;
/** pte.rvy, bits 58 to 55, in the upper word: of the base (#section_pte_rvy) Y alone, of Svyrg the other four names. */
const RVY = { Y: 0x0400_0000, YD: 0x0400_0000, YW: 0x0200_0000, YRG: 0x0100_0000, YR: 0x0080_0000 } as const;
const ALL_RVY = RVY.YD | RVY.YW | RVY.YRG | RVY.YR;
const UPPER_WORD_BITS = 32n;
export const PTE_BYTES = 8;
export const LEVELS = 3;
export const VPN_BITS = 9;
const SATP_SV39 = 8n;
/** Virtual addresses are handled as numbers of 48 bits; canonical ones repeat bit 38 in all bits above it. */
const VIRT_BITS = 48;
const CANONICAL_TOP = 2 ** 38;
const CANONICAL_UPPER_HALF = 2 ** VIRT_BITS - CANONICAL_TOP;
const UPPER_HALF = 0xffff_ffc0_0000_0000n;

/** States for which translations are kept. */
const MAX_VIEWS = 256;

const PAGE_FAULT: Readonly<Record<AccessType, number>> = {
  fetch: CAUSE.instructionPageFault,
  load: CAUSE.loadPageFault,
  store: CAUSE.storePageFault,
};
/** The access fault that stands for a physical address at which nothing answers. */
export const ACCESS_FAULT: Readonly<Record<AccessType, number>> = {
  fetch: CAUSE.instructionAccessFault,
  load: CAUSE.loadAccessFault,
  store: CAUSE.storeAccessFault,
};

/** What a page does with the tags of capabilities that are loaded from it. */
export const LoadedTags = { strip: 0, keep: 1, trap: 2 } as const;
export type LoadedTags = (typeof LoadedTags)[keyof typeof LoadedTags];

/** What translation depends on besides the tables: fixed between traps, xRET and writes of satp and mstatus. */
export interface TranslationState {
  readonly mode: number;
  /** The mode of loads and stores: MPRV makes it another. */
  readonly dataMode: number;
  readonly satp: bigint;
  /** The address-space identifier in satp. */
  readonly asid: number;
  readonly sum: boolean;
  readonly mxr: boolean;
  /** menvcfg.ADUE: walks set A and D (Svadu); otherwise they fault where those are clear (Svade). */
  readonly adue: boolean;
  /** sstatus.YRGE: Svyrg gives all of pte.rvy a meaning. */
  readonly yrge: boolean;
  /** The generation that user pages (UYRG) and the others (SYRG) must carry for tags to be loaded from them. */
  readonly uyrg: boolean;
  readonly syrg: boolean;
}

/** One way to see memory: a root table, a privilege mode, and the fields of TranslationState that say what entries mean. */
class Context {
  readonly root: number;
  readonly mode: number;
  readonly state: TranslationState;
  readonly fetch = new PageCache();
  readonly load = new PageCache();
  readonly store = new PageCache();
  readonly taggedStore = new PageCache();

  constructor(state: TranslationState, mode: number) {
    this.root = Number(state.satp & 0xfff_ffff_ffffn) * PAGE_BYTES;
    this.mode = mode;
    this.state = state;
  }

  flush(): void {
    this.fetch.flush();
    this.load.flush();
    this.store.flush();
    this.taggedStore.flush();
  }
}

/** The contexts of a state; undefined where addresses are physical. */
interface View {
  readonly fetch: Context | undefined;
  readonly data: Context | undefined;
}

/** A leaf as it stands: the low word's bits, pte.rvy in place, and where it leads. */
type Leaf = { readonly flags: number; readonly rvy: number; readonly phys: number; readonly walk: Walk };
type WalkFault = "page" | "access" | "capability";

export class Mmu {
  /** The cause of the last failed translation. */
  cause = 0;
  /** What the page last translated does with loaded tags; untranslated memory keeps them. */
  loadedTags: LoadedTags = LoadedTags.keep;
  /** Called when cached translations go, so that an engine drops what it derived from them. */
  onFlush: () => void = () => {};
  readonly #memory: Memory;
  readonly #capabilityPages: boolean;
  readonly #contexts = new Map<bigint, Context[]>();
  readonly #views = new Map<TranslationState, View>();
  /** RAM offsets of the pages that walks have read. */
  readonly #tablePages = new Set<number>();
  #fetchContext: Context | undefined;
  #dataContext: Context | undefined;
  readonly #pmp: Pmp;
  #pmpGeneration = 0;
  #fetchMode: number = Mode.machine;
  #dataMode: number = Mode.machine;
  /** Does PMP ask for a look at each access (`allows`)? */
  guardsFetch = false;
  guardsData = false;

  /** `capabilityPages`: the ISA has RVY, so that pte.rvy means something. */
  constructor(memory: Memory, pmp: Pmp, capabilityPages: boolean) {
    this.#memory = memory;
    this.#pmp = pmp;
    this.#capabilityPages = capabilityPages;
  }

  get translatesFetch(): boolean {
    return this.#fetchContext !== undefined;
  }
  get translatesData(): boolean {
    return this.#dataContext !== undefined;
  }

  /** Takes over new translation state. */
  configure(state: TranslationState): void {
    // Walks go through PMP, so what they found is cached for these entries alone.
    if (this.#pmp.generation !== this.#pmpGeneration) this.flush();
    this.#pmpGeneration = this.#pmp.generation;
    this.#fetchMode = state.mode;
    this.#dataMode = state.dataMode;
    const { fetch, data } = this.#views.get(state) ?? this.#view(state);
    this.#fetchContext = fetch;
    this.#dataContext = data;
    this.guardsFetch = this.#pmp.guards(this.#fetchMode);
    this.guardsData = this.#pmp.guards(this.#dataMode);
  }

  /** Does PMP let an access to these physical bytes through? Otherwise sets `cause`. */
  allows(phys: number, bytes: number, type: AccessType): boolean {
    const allowed = this.#pmp.permits(type === "fetch" ? this.#fetchMode : this.#dataMode, phys, bytes, type);
    if (!allowed) this.cause = ACCESS_FAULT[type];
    return allowed;
  }

  /**
   * Physical address of a data access, or -1 with `cause` set. `near` is the address as a number: above 2^53 it is not exact,
   * but there nothing is to be found untranslated.
   */
  translateData(addr: bigint, near: number, type: DataAccess): number {
    const context = this.#dataContext;
    if (context === undefined) {
      this.loadedTags = LoadedTags.keep;
      return near;
    }
    return this.#translate(context, context[type], addr, near, type);
  }

  /** Physical address of an instruction fetch, or -1 with `cause` set. */
  translateFetch(addr: bigint): number {
    const context = this.#fetchContext;
    const near = Number(addr);
    return context === undefined ? near : this.#translate(context, context.fetch, addr, near, "fetch");
  }

  /** Physical address of an instruction fetch if it needs no walk; else -1. It leaves no trace. */
  knownFetch(addr: bigint): number {
    const cache = this.#fetchContext?.fetch;
    if (cache === undefined) return Number(addr);
    return Mmu.canonical(addr) ? cache.find(Number(BigInt.asUintN(VIRT_BITS, addr))) : -1;
  }

  /** Is an address one that translation can take? */
  static canonical(addr: bigint): boolean {
    return addr < BigInt(CANONICAL_TOP) || addr >= UPPER_HALF;
  }

  /** Where an instruction's page lies as its tables stand, its permissions unchecked: asking sets no A bit. -1: nowhere. */
  peekFetch(addr: bigint): number {
    const context = this.#fetchContext;
    if (context === undefined) return Number(addr);
    if (!Mmu.canonical(addr)) return -1;
    const virt = Number(BigInt.asUintN(VIRT_BITS, addr));
    const leaf = this.#walk(context, virt);
    return typeof leaf === "string" ? -1 : leaf.phys + (virt % PAGE_BYTES);
  }

  /**
   * The walk that a translation of `virt` (low 48 bits) takes, without a trace in the machine; undefined where translation is
   * off or the walk ends in a fault.
   */
  walk(virt: number): Walk | undefined {
    const context = this.#dataContext ?? this.#fetchContext;
    if (context === undefined || !canonical48(virt)) return undefined;
    const leaf = this.#walk(context, virt);
    return typeof leaf === "string" ? undefined : leaf.walk;
  }

  /** Empties the cache: a table may have changed. */
  flush(): void {
    for (const contexts of this.#contexts.values()) for (const context of contexts) context?.flush();
    for (const page of this.#tablePages) this.#memory.unmark(page, PAGE_BYTES, Mark.table);
    this.#tablePages.clear();
    this.onFlush();
  }

  #view(state: TranslationState): View {
    if (this.#views.size >= MAX_VIEWS) {
      this.#views.clear();
      this.#contexts.clear();
    }
    const view = { fetch: this.#context(state, state.mode), data: this.#context(state, state.dataMode) };
    this.#views.set(state, view);
    return view;
  }

  #context(state: TranslationState, mode: number): Context | undefined {
    if (mode === Mode.machine || state.satp >> 60n !== SATP_SV39) return undefined;
    let contexts = this.#contexts.get(state.satp);
    if (contexts === undefined) this.#contexts.set(state.satp, (contexts = []));
    const { sum, mxr, adue, yrge, uyrg, syrg } = state;
    const key = [sum, mxr, adue, yrge, uyrg, syrg].reduce((bits, flag, i) => bits | (flag ? 2 << i : 0), mode);
    return (contexts[key] ??= new Context(state, mode));
  }

  #translate(context: Context, cache: PageCache, addr: bigint, near: number, type: Translated): number {
    const inLowerHalf = near < CANONICAL_TOP;
    const virt = inLowerHalf ? near : Number(BigInt.asUintN(VIRT_BITS, addr));
    const page = Math.floor(virt / PAGE_BYTES);
    const set = setOf(page);
    const canonical = inLowerHalf || Mmu.canonical(addr);
    if (cache.pages[set] !== page || !canonical) {
      const fault = canonical ? this.#fill(context, cache, virt, type) : "page";
      if (fault !== undefined) {
        this.cause = causeOf(fault, type === "taggedStore" ? "store" : type);
        return -1;
      }
    }
    this.loadedTags = cache.loadedTags[set] as LoadedTags;
    return cache.phys[set]! + (virt - page * PAGE_BYTES);
  }

  /** The checks of a leaf, in the order of the translation process (#sv32algorithm). */
  #fill(context: Context, cache: PageCache, virt: number, type: Translated): WalkFault | undefined {
    const leaf = this.#walk(context, virt);
    if (typeof leaf === "string") return leaf;
    if (!permitsMode(context, leaf.flags, type)) return "page";
    if (type === "taggedStore" && !takesTags(context.state, leaf)) return "capability";
    if (!permits(context.state, leaf.flags, type)) return "page";
    const unset = unsetBits(context.state, leaf, type);
    if (unset !== 0n && !context.state.adue) return unset >> UPPER_WORD_BITS === 0n ? "page" : "capability";
    if (unset !== 0n && !this.#setBits(leaf.walk.entries.at(-1)!, unset)) return "access";
    const page = Math.floor(virt / PAGE_BYTES);
    const set = setOf(page);
    cache.pages[set] = page;
    cache.phys[set] = leaf.phys;
    cache.loadedTags[set] = loadedTags(context.state, leaf);
    cache.used = true;
    for (const entry of leaf.walk.entries) this.#markTable(entry);
    return undefined;
  }

  /** Sets bits of an entry, as an S-mode store (#sec:svadu); false where PMP forbids it. */
  #setBits(entry: number, bits: bigint): boolean {
    if (!this.#pmp.permits(Mode.supervisor, entry, PTE_BYTES, "store")) return false;
    const offset = entry - this.#memory.base;
    this.#memory.store(offset, PTE_BYTES, this.#memory.load(offset, PTE_BYTES) | bits);
    return true;
  }

  #markTable(entry: number): void {
    const page = entry - this.#memory.base - (entry % PAGE_BYTES);
    if (this.#tablePages.has(page)) return;
    this.#tablePages.add(page);
    this.#memory.mark(page, PAGE_BYTES, Mark.table);
  }

  /** Follows the tables (supervisor.adoc #sv32algorithm): a leaf as it stands, permissions unchecked. */
  #walk({ root, state }: Context, virt: number): Leaf | WalkFault {
    const entries: number[] = [];
    const meaningful = !this.#capabilityPages ? 0 : state.yrge ? ALL_RVY : RVY.Y;
    let table = root;
    let global = false;
    for (let level = LEVELS - 1; level >= 0; level -= 1) {
      const pageBits = PAGE_BITS + VPN_BITS * level;
      const entry = table + (Math.floor(virt / 2 ** pageBits) % 2 ** VPN_BITS) * PTE_BYTES;
      if (!this.#memory.holds(entry, PTE_BYTES)) return "access";
      if (!this.#pmp.permits(Mode.supervisor, entry, PTE_BYTES, "load")) return "access"; // #pmp-vmem
      entries.push(entry);
      const low = this.#memory.fetch32(entry - this.#memory.base);
      const high = this.#memory.fetch32(entry - this.#memory.base + 4);
      const ppn = (high & PTE_HIGH_PPN) * 2 ** 22 + (low >>> 10);
      const reserved = high & ~PTE_HIGH_PPN & ~meaningful;
      if ((low & PTE.V) === 0 || (low & (PTE.R | PTE.W)) === PTE.W || reserved !== 0) return "page";
      global ||= (low & PTE.G) !== 0;
      if ((low & (PTE.R | PTE.X)) === 0) {
        if ((low & (PTE.D | PTE.A | PTE.U)) !== 0) return "page";
        table = ppn * PAGE_BYTES;
        continue;
      }
      const within = 2 ** (VPN_BITS * level);
      if (ppn % within !== 0) return "page";
      const phys = (ppn + (Math.floor(virt / PAGE_BYTES) % within)) * PAGE_BYTES;
      return { flags: low, rvy: high & ALL_RVY, phys, walk: { entries, pageBits, global } };
    }
    return "page";
  }
}

function causeOf(fault: WalkFault, type: AccessType): number {
  if (fault === "capability") return CAUSE.cheriStorePageFault;
  return fault === "page" ? PAGE_FAULT[type] : ACCESS_FAULT[type];
}

/** Does a leaf's U bit let this access through? */
function permitsMode({ mode, state }: Context, flags: number, type: Translated): boolean {
  const userPage = (flags & PTE.U) !== 0;
  if (mode === Mode.user) return userPage;
  return !userPage || (type !== "fetch" && state.sum);
}

/** Do a leaf's R, W and X let this access through? */
function permits(state: TranslationState, flags: number, type: Translated): boolean {
  if (type === "fetch") return (flags & PTE.X) !== 0;
  if (type === "load") return (flags & PTE.R) !== 0 || (state.mxr && (flags & PTE.X) !== 0);
  return (flags & PTE.W) !== 0;
}

/** May tagged capabilities be stored to the page (#section_pte_rvy; with Svyrg #sec_cap_dirty_tracking)? */
function takesTags(state: TranslationState, { rvy }: Leaf): boolean {
  return (rvy & (state.yrge ? RVY.YW : RVY.Y)) !== 0;
}

/** What becomes of loaded tags (#section_pte_rvy; with Svyrg #pte_rvy_load_summary). */
function loadedTags({ yrge, uyrg, syrg }: TranslationState, { flags, rvy }: Leaf): LoadedTags {
  if (!yrge) return (rvy & RVY.Y) !== 0 ? LoadedTags.keep : LoadedTags.strip;
  const generation = (rvy & RVY.YRG) !== 0;
  if ((rvy & RVY.YR) === 0) return generation ? LoadedTags.keep : LoadedTags.strip;
  return generation === ((flags & PTE.U) !== 0 ? uyrg : syrg) ? LoadedTags.keep : LoadedTags.trap;
}

/** Which of A, D and YD does the access want set that are not? */
function unsetBits(state: TranslationState, { flags, rvy }: Leaf, type: Translated): bigint {
  const wanted = type === "fetch" || type === "load" ? PTE.A : PTE.A | PTE.D;
  const dirty = type === "taggedStore" && state.yrge ? RVY.YD : 0;
  return BigInt(wanted & ~flags) | (BigInt(dirty & ~rvy) << UPPER_WORD_BITS);
}

const canonical48 = (virt: number): boolean => virt < CANONICAL_TOP || virt >= CANONICAL_UPPER_HALF;
