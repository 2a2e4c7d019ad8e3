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
import type { CodePage } from "../code.ts";
import type { Stop } from "../engine.ts";
import { Reference, type ReferenceOptions } from "../reference.ts";
import { TranslatedCode, type Entrance } from "./code-cache.ts";
import { Contexts, inOnePage } from "./contexts.ts";
import type { HeatLimits } from "./decoded-pages.ts";
import { Entrances } from "./entrances.ts";
import { GOES_ON, SWITCHES } from "./exits.ts";
import { Interpreter } from "./interpreter.ts";
import { LEFT } from "./interpreter-loop.ts";
import { Jumps } from "./jumps.ts";
import { ENTRY, RAM_AT, STATE } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import { offsetOf } from "./lines.ts";
import { Access } from "./memory-path.ts";
import { Operations } from "./operations.ts";
import { Pieces } from "./pieces.ts";
import { forgetKnown, RETIRE, retireOf } from "./retire-record.ts";
import { RegionMaker } from "./region-maker.ts";
import { SharedModules } from "./shared-modules.ts";

export interface TurboOptions extends ReferenceOptions {
  /** Holds the RAM of `bus.memory`. */
  readonly linear: LinearMemory;
  /** How often an address is come to before its code is translated. */
  readonly hotAfter: number | undefined;
  /** After how many instructions of JavaScript's the interpreter in WebAssembly begins. */
  readonly interpretedAfter: number | undefined;
  /** Of the core that is `timing`, and where what it remembers lies. */
  readonly generated: GeneratedTiming | undefined;
  readonly storage: Storage;
}

/** Instructions of the interpreter in WebAssembly that take as long as one of JavaScript's. */
const JAVASCRIPT_COST = 48;
/** How often JavaScript comes to an address before its code is translated; and once the interpreter in WebAssembly has begun, which is faster. */
const HOT_AFTER = 48;
const INTERPRETED_HOT_AFTER = JAVASCRIPT_COST * HOT_AFTER;
/** V8 replaces the quick code of a function by the optimised one when it is called: it has to be left now and then. */
const MAX_BUDGET = 1 << 20;
const PAGE_MASK = 0xfffn;
const NOWHERE = -1;
/** The interpreter in WebAssembly begins after JavaScript has executed so many instructions: that takes as long as to make it. */
const INTERPRETED_AFTER = 1 << 10;
/** It is left now and then, for V8 to replace it by its optimised version. */
const INTERPRETED_AT_ONCE = 1 << 14;
/** What is hot changes slowly, and new code has the interpreter begin again and again. */
const LIMITS_FOR = 1 << 10;

export class Turbo extends Reference {
  /** Instructions that generated code has executed, and the interpreter in WebAssembly. */
  translated = 0;
  interpreted = 0;
  readonly #linear: LinearMemory;
  readonly #code: TranslatedCode;
  readonly #contexts: Contexts;
  readonly #entrances: Entrances;
  readonly #pieces: Pieces | undefined;
  readonly #interpretedAfter: number;
  readonly #interpreter: Interpreter;
  readonly #jumps = new Jumps();
  /** Generated code may run up to here; 0: not at all. */
  #untilRetired = 0;
  /** The address that follows the last instruction interpreted: coming there is no jump. */
  #sequential = NOWHERE;
  /** How jumps are counted, until so much has been retired. */
  #limits: HeatLimits = { hot: 0, counted: 0 };
  #limitsUntil = 0;
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
    // What is executed once is not worth remembering: that begins where code is first translated.
    generated?.pieces.lead();
    this.#interpretedAfter = o.interpretedAfter ?? INTERPRETED_AFTER;
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
    const { rvy, zylevels1, instructionAlignment } = o;
    const both = {
      ...{ capabilityMode: rvy, tagged: rvy, zylevels1, instructionAlignment, ramBase },
      ...{ trapsMisaligned: o.misaligned === "trap", layout: linear.layout },
    };
    const operations = new Operations({
      linear,
      surroundings: { ...both, timed: generated !== undefined },
      imports: () => this.#code.imports,
    });
    const pieces = this.#pieces;
    const modules = new SharedModules({ linear, operations, pieces, rvy, zylevels1 });
    const fill = (addr: bigint, access: number): number => this.#fill(BigInt.asUintN(64, addr), access);
    this.#code = new TranslatedCode(linear, fill, () => modules.functions);
    this.#contexts = new Contexts(linear, this.#code);
    this.#interpreter = new Interpreter({ linear, ramBase, operations, loop: () => modules.loop });
    const { hart, csrs, memory } = this;
    const knownPage = (virt: bigint): CodePage | undefined => this.knownPage(virt);
    this.#entrances = new Entrances({
      ...{ code: this.#code, interpreter: this.#interpreter, jumps: this.#jumps, pieces, machine: this, knownPage },
      ...{ hotAfter: o.hotAfter ?? HOT_AFTER, interpretedHotAfter: o.hotAfter ?? INTERPRETED_HOT_AFTER },
      waits: o.hotAfter === undefined,
      progress: () => this.retired + (JAVASCRIPT_COST - 1) * this.#ofJavaScript,
      decoded: this.code,
      maker: new RegionMaker({
        ...{ code: this.#code, memory, knownPage },
        surroundings: { ...both, hart, csrs, restarts: generated?.clearsOnTrap !== true, pieces },
      }),
    });
    this.code.onInvalidate = (start, end) => {
      this.#interpreter.pages.forget(ramBase + start, ramBase + end);
      this.#drop(start, end);
    };
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

  /** One instruction, or many of generated code, or of the interpreter in WebAssembly. */
  protected override one(): void {
    let at = this.pageVirt + this.offset;
    if (this.#untilRetired > 0) {
      if (at !== this.#sequential && this.#runTranslated()) return;
      if (!this.#gaveUp && this.#interpreted()) return;
      at = this.pageVirt + this.offset;
    }
    const { retired } = this;
    super.one();
    const trapped = this.retired === retired;
    this.#sequential = this.#gaveUp || trapped ? NOWHERE : at + this.op!.bytes;
    this.#gaveUp = false;
  }

  /** Lets the interpreter in WebAssembly go on. False: this instruction is not for it. */
  #interpreted(): boolean {
    const page = this.knownPage(this.pageBase);
    if (page === undefined || !this.#knows(page)) return false;
    const [meta, within] = [this.currentMeta, this.within];
    const timing = this.#pieces?.timing;
    if (meta === undefined || within === undefined || timing?.hasBegun === true) return false;
    const budget = this.#left(INTERPRETED_AT_ONCE);
    if (budget < 1 || this.now >= this.eventAt) return false;
    if (timing !== undefined) this.#beginTimed(timing);
    const executed = budget - this.#interpreter.run(this.pc, meta, page, within, budget, this.#limitsNow());
    timing?.pieces.follow();
    this.retired += executed;
    this.interpreted += executed;
    this.now = timing?.pieces.now ?? this.now + executed;
    const { words, doubles } = this.#linear;
    const why = words[STATE.exit >>> 2]!;
    if ((why & LEFT.untimed) !== 0) this.#timeLast();
    const pc = doubles[STATE.pc >>> 3]!;
    if ((why & LEFT.entered) !== 0) this.continueAt(pc, doubles[STATE.meta >>> 3]!);
    else this.moveTo(pc);
    this.#sequential = why === LEFT.stuck ? this.pageVirt + this.offset : NOWHERE;
    return executed > 0;
  }

  #limitsNow(): HeatLimits {
    if (this.retired >= this.#limitsUntil) {
      this.#limits = this.#entrances.limits;
      this.#limitsUntil = this.retired + LIMITS_FOR;
    }
    return this.#limits;
  }

  /** Can the interpreter in WebAssembly execute the instruction at the pc? */
  #knows(page: CodePage): boolean {
    if (this.#interpreter.knows(page, this.offset)) return true;
    return this.#ofJavaScript >= this.#interpretedAfter && this.#interpreter.lookAhead(page, this.offset, this.code);
  }

  /** Instructions that JavaScript has executed. */
  get #ofJavaScript(): number {
    return this.retired - this.translated - this.interpreted;
  }

  #beginTimed(timing: GeneratedTiming): void {
    const { words } = this.#linear;
    const { translatesFetch, translatesData } = this.mmu;
    words[RETIRE.translatedFetch >>> 2] = translatesFetch ? 1 : 0;
    words[RETIRE.translatedData >>> 2] = translatesData ? 1 : 0;
    forgetKnown(this.#linear);
    timing.lead(this.eventAt);
  }

  /** Times what the interpreter in WebAssembly has executed last. */
  #timeLast(): void {
    const { words } = this.#linear;
    const { base } = this.memory;
    const phys = base + offsetOf(words[RETIRE.fetchPlace >>> 2]!, RAM_AT);
    const op = this.code.page(phys)!.ops[(phys % PAGE_BYTES) >>> 1]!;
    this.timeOf(retireOf(this.#linear, op.decoded, base));
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
  #runTranslated(): boolean {
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
      const entrance = this.#entrance(pc, meta);
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
    this.#pieces?.timing.pieces.remember();
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
    if (!gaveUp && this.#code.entry() < 0) this.#entrances.left(index, pc, executed, pcNow);
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
    const left = this.#left(MAX_BUDGET);
    if (this.#pieces === undefined) return left;
    const { timing } = this.#pieces;
    timing.event[0] = this.eventAt;
    return timing.mayBegin ? left : 0;
  }

  /** Instructions that are left to execute, so many at most: without timing, where each takes a cycle, none beyond the next event. */
  #left(most: number): number {
    const left = Math.min(this.#untilRetired - this.retired, most);
    return this.#pieces === undefined ? Math.min(left, this.eventAt - this.now) : left;
  }

  /** Where to enter translated code at the pc. */
  #entrance(pc: bigint, meta: bigint): Entrance | undefined {
    const { translatesData, translatesFetch } = this.mmu;
    const entrance = this.#entrances.at({
      ...{ pc, meta, direct: this.#direct, mode: this.hart.mode, bits: this.#addressing },
      addressing: { translatesData, translatesFetch },
    });
    if (entrance !== "never") return entrance;
    this.#gaveUp = true;
    return undefined;
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
}

const DATA_ACCESS = ["load", "store", "load", "taggedStore"] as const;
