// The turbo engine: hot code runs as WebAssembly, everything else on the reference engine, which it extends.
//
// Both work on the same registers, RAM and tags in linear memory. Generated code runs as many instructions as cannot reach the
// next event and leaves all that is rare to the interpreter by exits before an instruction; so interrupts, limits and traps
// come exactly where they come in the reference engine.
import { Capability, NULL_CAPABILITY } from "../../machine/capability.ts";
import { PAGE_BYTES } from "../../machine/memory.ts";
import { LoadedTags } from "../../machine/mmu.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import type { Storage } from "../../timing/part.ts";
import { isIndirect, packTraits } from "../../timing/traits.ts";
import type { Stop } from "../engine.ts";
import { Reference, type ReferenceOptions } from "../reference.ts";
import { boundsModule } from "./bounds-module.ts";
import { TranslatedCode, type CachedRegion, type Entrance } from "./code-cache.ts";
import { Contexts, inOnePage } from "./contexts.ts";
import { ExecutedCode } from "./executed-code.ts";
import { GOES_ON, SWITCHES } from "./exits.ts";
import { Jumps } from "./jumps.ts";
import { ENTRY, RAM_AT, STATE } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import { Access } from "./memory-path.ts";
import { Pieces } from "./pieces.ts";
import { RegionMaker } from "./region-maker.ts";
import { timingModule } from "./timing-module.ts";

export interface TurboOptions extends ReferenceOptions {
  /** Holds the RAM of `bus.memory`. */
  readonly linear: LinearMemory;
  /** How often the interpreter comes to an address before its code is translated. */
  readonly hotAfter: number | undefined;
  /** Of the core that is `timing`, and where what it remembers lies. */
  readonly generated: GeneratedTiming | undefined;
  readonly storage: Storage;
}

const HOT_AFTER = 48;
/** V8 replaces the quick code of a function by the optimised one when it is called: it has to be left now and then. */
const MAX_BUDGET = 1 << 20;
const MAX_COUNTED = 1 << 16;
/** Each so many times that an address is come to, code is looked for that was translated for it elsewhere. */
const LOOKS_FOR_SHARED = 4;
/** After so many regions were dropped, code has to be twice as hot. */
const DROPS_PER_DOUBLING = 64;
const PAGE_MASK = 0xfffn;
const NOWHERE = -1;
const NEVER = -Infinity;

export class Turbo extends Reference {
  /** Instructions that generated code has executed. */
  translated = 0;
  readonly #linear: LinearMemory;
  readonly #code: TranslatedCode;
  readonly #contexts: Contexts;
  readonly #maker: RegionMaker;
  readonly #pieces: Pieces | undefined;
  readonly #hotAfter: number;
  /** How often the interpreter has come to an address (low 48 bits). */
  readonly #heat = new Map<number, number>();
  readonly #jumps = new Jumps();
  /** Generated code may run up to here; 0: not at all. */
  #untilRetired = 0;
  /** The address that follows the last instruction interpreted: coming there is no jump. */
  #sequential = NOWHERE;
  /** Generated code gave up at this instruction; the next one may be in it again. */
  #gaveUp = false;
  /** The context that the machine's translation is configured for: generated code may be in another. */
  #context = NOWHERE;
  #direct = false;
  /** Bits of what translates and guards addresses: regions are translated for it. */
  #addressing = 0;

  constructor(o: TurboOptions) {
    super(o);
    const { linear, generated } = o;
    const ramBase = o.bus.memory.base;
    this.#linear = linear;
    this.#hotAfter = o.hotAfter ?? HOT_AFTER;
    this.#pieces =
      generated &&
      new Pieces({
        timing: generated,
        storage: o.storage,
        walks: (virt) => {
          this.#catchUp();
          return this.mmu.walk(virt);
        },
        asid: () => linear.words[STATE.asid >>> 2]!,
      });
    const shared = (): Readonly<Record<string, unknown>> => ({
      ...(o.rvy && boundsModule(linear, o.zylevels1)),
      ...(this.#pieces && timingModule(linear, this.#pieces.timing, this.#pieces)),
    });
    const fill = (addr: bigint, access: number): number => this.#fill(BigInt.asUintN(64, addr), access);
    this.#code = new TranslatedCode(linear, fill, shared);
    this.#contexts = new Contexts(linear, this.#code);
    this.#maker = new RegionMaker({
      surroundings: {
        hart: this.hart,
        csrs: this.csrs,
        restarts: generated?.clearsOnTrap !== true,
        capabilityMode: o.rvy,
        tagged: o.rvy,
        zylevels1: o.zylevels1,
        instructionAlignment: o.instructionAlignment,
        trapsMisaligned: o.misaligned === "trap",
        layout: linear.layout,
        ramBase,
        pieces: this.#pieces,
      },
      code: this.#code,
      memory: this.memory,
      knownPage: (virt) => this.knownPage(virt),
    });
    this.code.onInvalidate = (start, end) => this.#drop(start, end);
  }

  // Registers

  override x(r: number): bigint {
    return this.#linear.xs[r]!;
  }
  override setX(r: number, value: bigint): void {
    if (r === 0) return;
    this.#linear.xs[r] = value;
    this.#linear.metas[r] = 0n;
    this.#linear.tags[r] = 0;
  }
  override y(r: number): Capability {
    if (r === 0) return NULL_CAPABILITY;
    const { tags, metas, xs } = this.#linear;
    return new Capability(BigInt(tags[r]!), metas[r]!, xs[r]!, undefined);
  }
  override setY(r: number, value: Capability): void {
    if (r === 0) return;
    this.#linear.xs[r] = value.addr;
    this.#linear.metas[r] = value.meta;
    this.#linear.tags[r] = Number(value.tag);
  }

  // Control

  override jump(target: bigint): void {
    super.jump(target);
    this.#noteJump(target);
  }
  override jumpY(target: Capability): void {
    super.jumpY(target);
    this.#noteJump(target.addr);
  }

  // Running

  override run(untilRetired: number, untilCycle: number): Stop {
    this.#untilRetired = untilRetired;
    try {
      return super.run(untilRetired, untilCycle);
    } finally {
      this.#untilRetired = 0;
    }
  }

  /** One instruction, or many of generated code. */
  protected override one(): void {
    let at = this.pageVirt + this.offset;
    if (at !== this.#sequential && this.#untilRetired > 0) {
      if (this.#runTranslated(at)) return;
      at = this.pageVirt + this.offset;
    }
    const { retired } = this;
    super.one();
    const trapped = this.retired === retired;
    this.#sequential = this.#gaveUp || trapped ? NOWHERE : at + this.op!.bytes;
    this.#gaveUp = false;
  }

  #noteJump(target: bigint): void {
    if (isIndirect(packTraits(this.op!.decoded))) this.#jumps.note(this.pc, target);
  }

  protected override takeOver(): void {
    super.takeOver();
    const { mmu } = this;
    this.#direct = !mmu.translatesData && !mmu.guardsData;
    const addressing = (this.#direct ? 1 : 0) | (mmu.translatesData ? 2 : 0) | (mmu.translatesFetch ? 4 : 0);
    const { translation } = this;
    this.#addressing = addressing | (translation.mode << 3);
    this.#contexts.use(translation);
    this.#context = this.#contexts.current;
    this.#sequential = NOWHERE;
  }

  /** Takes over what generated code has changed. */
  #catchUp(): void {
    if (this.#contexts.current !== this.#context) this.takeOver();
  }

  protected override translationsGone(): void {
    super.translationsGone();
    this.#contexts.flush();
  }

  /** Runs generated code at the pc if there is any, or if it is worth while to make it. False: the interpreter goes on at once. */
  #runTranslated(at: number): boolean {
    const budget = this.#budget();
    if (budget < 1) return false;
    const meta = this.currentMeta;
    if (meta === undefined) return false;
    const { words, doubles, numbers } = this.#linear;
    const { pc } = this;
    doubles[STATE.pc >>> 3] = pc;
    doubles[STATE.meta >>> 3] = meta;
    let slot = this.#code.entry();
    if (slot < 0) {
      const entrance = this.#entrance(at, pc, meta);
      if (entrance === undefined) return false;
      slot = this.#code.setEntry(entrance);
      // What an event leaves time for is less where a longer piece has come to be.
      if (this.#pieces?.timing.mayBegin === false) return false;
    }
    words[STATE.lines >>> 2] = words[(slot + ENTRY.lines) >>> 2]!;
    words[STATE.target >>> 2] = words[(slot + ENTRY.target) >>> 2]!;
    const index = words[(slot + ENTRY.index) >>> 2]!;
    words[STATE.inHand >>> 2] = this.#pieces?.lines.enter() ?? 0;
    words[STATE.pending >>> 2] = this.pending === 0 ? 0 : 1;
    words[STATE.traps >>> 2] = 0;
    words[STATE.trappedAt >>> 2] = this.justTrapped ? budget : NOWHERE;
    numbers[STATE.now >>> 3] = this.now + budget;
    numbers[STATE.retired >>> 3] = this.retired + budget;
    const left = this.#code.run(budget, index);
    this.#pieces?.lines.leave(words[STATE.inHand >>> 2]!);
    const number = words[STATE.exit >>> 2]!;
    const gaveUp = number !== GOES_ON && number !== SWITCHES;
    let executed = budget - left;
    let pcNow = doubles[STATE.pc >>> 3]!;
    this.#catchUp();
    let now = this.#pieces?.timing.pieces.now;
    const exit = gaveUp ? this.#code.exits.get(number) : undefined;
    if (exit !== undefined) {
      executed -= exit.unexecuted;
      pcNow = exit.pc;
      now = this.#pieces?.settle(exit);
    }
    const traps = words[STATE.traps >>> 2]!;
    this.translated += executed - traps;
    this.retired += executed - traps;
    if (traps > 0 && words[STATE.trappedAt >>> 2] === budget - executed) this.noteTrap();
    this.now = now ?? this.now + executed;
    if (this.now > this.eventAt && this.#pieces?.begun === false) throw new Error("generated code ran past an event");
    this.continueAt(pcNow, doubles[STATE.meta >>> 3]!);
    // Where the budget was at its end, generated code can go on; where it gave up, it would again. Near an event the next jump is early
    // enough to try.
    this.#gaveUp = exit?.notEntered === false && this.#pieces?.begun !== true;
    this.#sequential = this.#gaveUp ? this.pageVirt + this.offset : NOWHERE;
    if (this.#pieces?.begun === true) return (this.#pieces.begun = false);
    return executed > 0;
  }

  /** Instructions that generated code may execute now. */
  #budget(): number {
    const left = Math.min(this.#untilRetired - this.retired, MAX_BUDGET);
    if (this.#pieces === undefined) return Math.min(left, this.eventAt - this.now);
    const { timing } = this.#pieces;
    timing.event[0] = this.eventAt;
    return timing.mayBegin ? left : 0;
  }

  /** Where to enter a region at the pc: one that there is, or, where the code is hot, a new one. */
  #entrance(at: number, pc: bigint, meta: bigint): Entrance | undefined {
    const heat = (this.#heat.get(at) ?? 0) + 1;
    if (heat === NEVER) {
      // The interpreter's own: what follows it may be translated.
      this.#gaveUp = true;
      return undefined;
    }
    const page = this.knownPage(pc & ~PAGE_MASK);
    const known = page && this.#code.find(page, pc, meta, this.#addressing, (region) => this.#valid(region));
    if (known !== undefined) return known;
    if (this.#heat.size >= MAX_COUNTED) this.#heat.clear();
    this.#heat.set(at, heat);
    if (this.#code.full || this.#pieces?.full === true) this.#clear();
    const hot = heat >= this.#hotAfter * 2 ** Math.floor(this.#code.dropped / DROPS_PER_DOUBLING);
    const shared = hot || heat % LOOKS_FOR_SHARED === 1 ? this.#maker.share(pc, meta, this.#addressing) : undefined;
    if (shared !== undefined || !hot) return shared && { region: shared, target: 0 };
    const source = new ExecutedCode(this, {
      code: this.code,
      knownPage: (addr) => this.knownPage(addr),
      jumpsTo: (from) => this.#jumps.targets(from),
      isElsewhere: (to) => {
        const seen = this.knownPage(to & ~PAGE_MASK);
        return seen !== undefined && this.#code.isElsewhere(seen, to, meta, this.#addressing);
      },
      ...{ pc, meta },
    });
    // What was never executed, or lies outside of this pcc, cannot be translated; what begins with an instruction of the
    // interpreter's never will be.
    if (source.at(pc) === undefined) return undefined;
    const { translatesData, translatesFetch } = this.mmu;
    const made = this.#maker.translate(source, {
      ...{ pc, meta, direct: this.#direct, mode: this.hart.mode, bits: this.#addressing },
      addressing: { translatesData, translatesFetch },
    });
    this.#heat.set(at, made === undefined ? NEVER : 0);
    return made && { region: made, target: 0 };
  }

  #valid(region: CachedRegion): boolean {
    return region.pages.every(({ virt, page }) => this.knownPage(virt) === page);
  }

  /** Finds the place of an access to a page that may be accessed so anywhere; 0 where the interpreter has to do it. */
  #fill(addr: bigint, packed: number): number {
    this.#catchUp();
    const access = packed & 3;
    const bytes = packed >>> 2;
    const { mmu, memory } = this;
    const near = Number(addr);
    const stores = access === Access.store || access === Access.storeCapability;
    if (!inOnePage(Number(addr & PAGE_MASK), bytes)) return 0;
    const dropped = this.#code.dropped;
    const phys = mmu.translateData(addr, near, DATA_ACCESS[access]!);
    if (phys < 0 || !memory.holds(phys, bytes) || dropped !== this.#code.dropped) return 0;
    // A page that has a say in the tags that are loaded from it is the interpreter's.
    if (access === Access.loadCapability && mmu.loadedTags !== LoadedTags.keep) return 0;
    const place = RAM_AT + (phys - memory.base);
    const pageAt = phys - (phys % PAGE_BYTES);
    return !mmu.guardsData || mmu.allows(pageAt, PAGE_BYTES, stores ? "store" : "load") ? place : 0;
  }

  /** Code in [start, end) of RAM was stored to. */
  #drop(start: number, end: number): void {
    for (let offset = start - (start % PAGE_BYTES); offset < end; offset += PAGE_BYTES) {
      const page = this.code.page(this.memory.base + offset);
      if (page !== undefined) this.#code.drop(page, start - offset, end - offset);
    }
  }

  #clear(): void {
    this.#code.clear();
    this.#pieces?.clear();
    this.#heat.clear();
  }
}

const DATA_ACCESS = ["load", "store", "load", "taggedStore"] as const;
