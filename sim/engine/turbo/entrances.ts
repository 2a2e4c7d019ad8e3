// Where translated code can be entered: in a region that there is, or, where code is hot, in one that is made.
import type { CodeCache, CodePage } from "../code.ts";
import type { Reference } from "../reference.ts";
import { codeAhead } from "./code-ahead.ts";
import { pageOf, type CachedRegion, type Entrance, type TranslatedCode } from "./code-cache.ts";
import { HEAT, type DecodedPages, type HeatLimits } from "./decoded-pages.ts";
import { ExecutedCode } from "./executed-code.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Jumps } from "./jumps.ts";
import { Patience } from "./patience.ts";
import type { Pieces } from "./pieces.ts";
import type { Circumstances, RegionMaker } from "./region-maker.ts";
import { MAX_REGIONS } from "./runtime.ts";

export interface EntrancesOptions {
  readonly code: TranslatedCode;
  readonly maker: RegionMaker;
  readonly interpreter: Interpreter;
  readonly jumps: Jumps;
  readonly pieces: Pieces | undefined;
  /** How often code is come to before it is translated; and after the interpreter in WebAssembly has begun. */
  readonly hotAfter: number;
  readonly interpretedHotAfter: number;
  /** Is code translated later that has little of it: what is soon left, and, with timing, where much of it is warm? */
  readonly waits: boolean;
  /** What has been executed, in instructions of the interpreter in WebAssembly: one of JavaScript's takes as long as many. */
  readonly progress: () => number;
  readonly machine: Reference;
  /** All that is decoded. */
  readonly decoded: CodeCache;
  /** The page of code at the address of a page, as the machine sees it now. */
  readonly knownPage: (virt: bigint) => CodePage | undefined;
}

/** A region takes the functions that are called in it with so many times less heat than its head needs. */
const WARM_SHARE = 16;
/** And with so many times less what its jumps to registers lead to: each state of a machine that is left out becomes a region of its own. */
const LUKEWARM_SHARE = 128;
/** Each so many times that JavaScript comes to an address, code is looked for that was translated for it elsewhere. */
const LOOKS_FOR_SHARED = 4;
/** The more code is translated already, the hotter has to be what follows: a small program is translated at once, a large one where it pays. */
const INSTRUCTIONS_A_SHARE = 64;
/**
 * Without timing there is an end to that: what is executed so often pays, however much of it there is. With timing, much code has more
 * transitions than are remembered, and is slower translated than interpreted.
 */
const MOST_SHARES_UNTIMED = 16;
/** So with timing, the more code there is, the hotter has to be what the interpreter in WebAssembly leaves: each part has learnt less when it is over. */
const PAGES_A_SHARE = 4;
const MOST_SHARES_OF_PAGES = 8;
/** After so many regions were dropped, code has to be twice as hot. */
const DROPS_PER_DOUBLING = 64;
/** Instructions that the interpreter executes while translated code is entered and left again. */
const TRIP = 192;
/** After so many trips that brought nothing, it is not entered there until it is hot again. */
const MOST_TRIPS = 32;
/** Hot code that has little of being translated is passed over so many times. */
const MOST_PASSED_OVER = 4;
/** While nothing is translated, what is left at once is left for the interpreter. */
const MOST_PASSED_OVER_AT_FIRST = 16;
/** To make a region takes as long as to translate so many instructions more: fewer are passed over in proportion. */
const MAKING = 32;
const PAGE_MASK = 0xfffn;

export class Entrances {
  readonly #o: EntrancesOptions;
  readonly #heats: DecodedPages;
  /** What entering regions from the interpreter has cost, in the instructions it executes meanwhile; by their indices. */
  readonly #losses = new Int32Array(MAX_REGIONS);
  readonly #patience: Patience | undefined;
  /** What it adds to a place's heat, once the interpreter has begun, that JavaScript comes there: that takes as long as many of its jumps. */
  readonly #arrival: number;
  /** How often hot code was passed over, by its address. */
  readonly #passedOver = new Map<bigint, number>();
  /** For what translated code was left last. */
  #leftFor: bigint | undefined;

  constructor(options: EntrancesOptions) {
    this.#o = options;
    this.#heats = options.interpreter.pages;
    const { hotAfter, interpretedHotAfter, waits, pieces, progress } = options;
    this.#patience = waits && pieces !== undefined ? new Patience(this.#heats, progress) : undefined;
    this.#arrival = interpretedHotAfter > hotAfter ? Math.ceil(interpretedHotAfter / hotAfter) : 1;
  }

  /** How jumps to places are counted now. */
  get limits(): HeatLimits {
    const hot = this.#hot;
    const patience = this.#patience;
    return patience?.waits === true
      ? { hot: HEAT.enters, counted: patience.counted(hot) }
      : { hot, counted: HEAT.most };
  }

  /** Jumps to a place after which its code is hot, where nothing waits. */
  get #hot(): number {
    const { hotAfter, code, pieces } = this.#o;
    const shares = sharesOf(
      code.instructions,
      INSTRUCTIONS_A_SHARE,
      pieces === undefined ? MOST_SHARES_UNTIMED : Infinity,
    );
    const drops = Math.floor(code.dropped / DROPS_PER_DOUBLING);
    return Math.min(Math.max(this.#least, hotAfter * shares) * 2 ** drops, HEAT.most);
  }

  /** The same where little is translated yet. */
  get #least(): number {
    const { hotAfter, interpretedHotAfter, pieces, interpreter } = this.#o;
    if (!interpreter.hasBegun) return hotAfter;
    if (pieces === undefined) return interpretedHotAfter;
    return interpretedHotAfter * sharesOf(this.#heats.size, PAGES_A_SHARE, MOST_SHARES_OF_PAGES);
  }

  /** Where to enter a region at the pc, if anywhere; "never" where none can begin, but may behind the instruction. */
  at(circumstances: Circumstances): Entrance | "never" | undefined {
    const { pc, meta, bits } = circumstances;
    const page = this.#pageAt(pc);
    if (page === undefined) return undefined;
    const before = this.#heatAt(page, pc);
    if (before === HEAT.never) return "never";
    const known = this.#o.code.find(page, pc, meta, bits, (region) => this.#valid(region));
    if (known !== undefined) {
      this.#heat(page, pc, HEAT.enters);
      return known;
    }
    const came = before === HEAT.enters ? 0 : before;
    const { hot, counted } = this.limits;
    const heat = Math.min(came + (this.#o.interpreter.hasBegun ? this.#arrival : 1), counted);
    const isHot = heat >= hot;
    this.#heat(page, pc, heat);
    if (!isHot && came % LOOKS_FOR_SHARED !== 0) return undefined;
    this.#makeRoom();
    const shared = this.#o.maker.share(pc, meta, bits);
    if (shared !== undefined) return this.#enter(shared);
    return isHot ? this.#translate(page, circumstances) : undefined;
  }

  /** A region that was entered at an address has been left, after so many instructions, for code at another that is not translated. */
  left(index: number, pc: bigint, executed: number, leftFor: bigint): void {
    this.#leftFor = leftFor;
    const loss = this.#losses[index]! + TRIP - executed;
    this.#losses[index] = Math.max(loss, -MOST_TRIPS * TRIP);
    if (loss < MOST_TRIPS * TRIP) return;
    this.#losses[index] = 0;
    const page = this.#pageAt(pc);
    if (page !== undefined) this.#heat(page, pc, 0);
  }

  #translate(page: CodePage, circumstances: Circumstances): Entrance | undefined {
    const { pc, meta, bits } = circumstances;
    const { code, maker, interpreter, jumps, machine, decoded, knownPage, hotAfter } = this.#o;
    const hot = this.#hot;
    // Heat comes to an end, where code is never to be hot, too.
    if (hotAfter === Infinity) {
      this.#heat(page, pc, 0);
      return undefined;
    }
    if (this.#patience?.stillWaits() === true) return undefined;
    interpreter.tellJumps(jumps);
    const isWarmWith = (share: number) => (to: bigint) => {
      const seen = this.#pageAt(to);
      return seen !== undefined && this.#heatAt(seen, to) * share > hot;
    };
    const source = new ExecutedCode(machine, {
      ...{ code: decoded, knownPage, pc, meta },
      jumpsTo: (from) => jumps.targets(from),
      isWarm: isWarmWith(WARM_SHARE),
      isLukewarm: isWarmWith(LUKEWARM_SHARE),
      isElsewhere: (to) => {
        const seen = this.#pageAt(to);
        return seen !== undefined && code.isElsewhere(seen, to, meta, bits);
      },
    });
    // What was never executed, or lies outside of this pcc, cannot be translated; what begins with an instruction of the
    // interpreter's never will be.
    if (source.at(pc) === undefined) return undefined;
    if (this.#passesOver(page, circumstances, source)) {
      this.#heat(page, pc, 0);
      return undefined;
    }
    const made = maker.translate(source, circumstances);
    if (made !== undefined) return this.#enter(made);
    this.#heat(page, pc, HEAT.never);
    return undefined;
  }

  /** Is it too early to translate? */
  #passesOver(page: CodePage, circumstances: Circumstances, source: ExecutedCode): boolean {
    const { pc } = circumstances;
    const times = this.#passedOver.get(pc) ?? 0;
    if (!this.#o.waits || times >= this.#passes(page, circumstances, source)) return false;
    this.#passedOver.set(pc, times + 1);
    return true;
  }

  /** How often is hot code passed over? What is in a region already comes to an entrance soon; what is left at once brings nothing by itself. */
  #passes(page: CodePage, { pc, meta, bits }: Circumstances, source: ExecutedCode): number {
    const { code, interpreter } = this.#o;
    if (code.covers(page, pc, meta, bits)) return MOST_PASSED_OVER;
    if (pc === this.#leftFor) return 0;
    const { instructions, longestWay } = codeAhead(pc, source);
    if (longestWay < TRIP) return code.instructions === 0 ? MOST_PASSED_OVER_AT_FIRST : MOST_PASSED_OVER;
    return interpreter.hasBegun ? Math.min(Math.floor(MAKING / instructions), MOST_PASSED_OVER) : 0;
  }

  /** At its head. The interpreter in WebAssembly is to leave wherever it can be entered. */
  #enter(region: CachedRegion): Entrance {
    for (const { pc } of region.translated.targets) this.#heat(pageOf(region, pc), pc, HEAT.enters);
    return { region, target: 0 };
  }

  #pageAt(pc: bigint): CodePage | undefined {
    return this.#o.knownPage(pc & ~PAGE_MASK);
  }

  #heatAt(page: CodePage, pc: bigint): number {
    return this.#heats.heatAt(this.#heats.parcelsOf(page), offsetOf(pc));
  }

  #heat(page: CodePage, pc: bigint, heat: number): void {
    this.#heats.setHeat(this.#heats.parcelsOf(page), offsetOf(pc), heat);
  }

  #valid(region: CachedRegion): boolean {
    return region.pages.every(({ virt, page }) => this.#o.knownPage(virt) === page);
  }

  /** For another region: where there is none, everything is forgotten. */
  #makeRoom(): void {
    const { code, pieces } = this.#o;
    if (!code.full && pieces?.full !== true) return;
    code.clear();
    pieces?.clear();
    this.#heats.coolDown();
    this.#losses.fill(0);
    this.#passedOver.clear();
  }
}

const sharesOf = (count: number, each: number, most: number): number => Math.min(1 + Math.floor(count / each), most);
const offsetOf = (pc: bigint): number => Number(pc & PAGE_MASK);
