// The code that retires an instruction: what `Core.retire` (sim/timing/core.ts) does for one that has neither trapped nor has the front end
// start afresh, with what sim/timing/dynamic.ts answers to it, on the same words.
//
// What the page tables have to say is found out before anything changes: where that is nothing, the instruction is left to `Core`.
import { FRESH, type CacheLayout } from "../../timing/cache.ts";
import type { FastPaths } from "../../timing/generated.ts";
import type { PipelineLayout } from "../../timing/pipeline.ts";
import type { PredictorLayout } from "../../timing/predictor/predictor.ts";
import { NO_ACCESS, OUTCOME_SHIFT, SIZE_SHIFT } from "../../timing/step.ts";
import { Class, TRAIT_SHIFT } from "../../timing/traits.ts";
import { PAGE_BYTES, PAGE_BITS } from "../../machine/memory.ts";
import { VIRT_MASK } from "../data.ts";
import { forgetTagCycles, noteAnswer, tagCycles } from "./answers.ts";
import type { BranchTable } from "./branch-table.ts";
import { AT_HAND, pageOf, UNTRANSLATED, type PageCode } from "./late-page.ts";
import { RAM_AT } from "./layout.ts";
import type { CacheCode } from "./parts/cache.ts";
import type { OutcomesCode } from "./parts/data-access.ts";
import { pipelineCode, type PipelineCode } from "./parts/pipeline.ts";
import { predictorCode, type PredictorCode } from "./parts/predictor.ts";
import { CAPABILITY, RETIRE } from "./retire-record.ts";
import { setAt } from "./sets.ts";
import { noteStore, noteTagGroup, overlapAgeOf } from "./store-code.ts";
import { f64, i32, i64, NUMBER_BYTES } from "./terms.ts";
import type { Callee, Functions, Local, Statements, Term } from "./terms.ts";
import { lineOf } from "./timing-functions.ts";
import { F64, I32, I64 } from "./wasm.ts";

const { const: word } = i32;
const CLASS_MASK = 15 << TRAIT_SHIFT.class;
const PARCEL_BYTES = 2;
/** Where the retire record says of pages whether they are translated, and which was found last. */
const PAGES = {
  codePage: { translated: RETIRE.translatedFetch, known: RETIRE.knownCodePage },
  dataPage: { translated: RETIRE.translatedData, known: RETIRE.knownDataPage },
} as const;

/** What retiring is put together from. */
export interface RetireParts {
  readonly pipeline: PipelineLayout;
  readonly fastPaths: Pick<FastPaths, "memory" | "line" | "storeBlocks" | "tagGroups">;
  readonly predictor: PredictorLayout;
  /** As in `DynamicParts`. */
  readonly answered: Float64Array;
  /** Physical address of RAM. */
  readonly ramBase: number;
  readonly branches: Pick<BranchTable, "at" | "outcomeShift">;
  /** Functions of the module. */
  readonly own: {
    readonly l1i: CacheCode;
    readonly l1d: CacheCode;
    readonly codePage: PageCode;
    readonly dataPage: PageCode;
    readonly rememberTarget: Callee;
  };
}

/**
 * `retire(traits, bytes, pc, nextPc, place)`: time passes for an instruction, of which the retire record tells the rest (retire-record.ts). 1,
 * or 0 where that is left to `Core`: then the record tells all, and nothing has changed. `place`: linear address of its first byte.
 */
export function retireFunction(module: Functions, parts: RetireParts, exportName?: string): Callee {
  return new Writing(module, parts).retire(exportName);
}

/** A cache, and the code that asks it. */
interface Asked {
  readonly layout: CacheLayout;
  readonly code: CacheCode;
}

/** Retiring, while its functions are written. */
class Writing {
  readonly #module: Functions;
  readonly #o: RetireParts;
  readonly #l1i: Asked;
  readonly #l1d: Asked;
  readonly #writeLines: Callee;
  readonly #pipeline: PipelineCode;
  readonly #predictor: PredictorCode;
  readonly #fetch: Callee;

  constructor(module: Functions, o: RetireParts) {
    const { memory } = o.fastPaths;
    this.#module = module;
    this.#o = o;
    this.#l1i = { layout: memory.l1i, code: o.own.l1i };
    this.#l1d = { layout: memory.l1d, code: o.own.l1d };
    this.#writeLines = this.#writeLinesFunction();
    this.#pipeline = pipelineCode(module, o.pipeline, this.#outcomes());
    this.#predictor = predictorCode(module, o.predictor, o.branches, o.own.rememberTarget);
    this.#fetch = this.#fetchFunction();
  }

  retire(exportName: string | undefined): Callee {
    const body = (f: Statements, traits: Local, bytes: Local, pc: Local, nextPc: Local, place: Local): Term => {
      const leave = (): void => {
        f.storeAt(RETIRE.pc, pc);
        f.storeAt(RETIRE.nextPc, nextPc);
        f.storeAt(RETIRE.fetchPlace, place);
        f.return(word(0));
      };
      const access = f.let(i32.at(RETIRE.access));
      f.if(access, () => f.storeAt(RETIRE.dataLeaf, this.#findPage(f, "dataPage", i64.at(RETIRE.dataVirt), leave)));
      this.#takeCategory(f);
      this.#unlessInHand(f, bytes, pc, place, () => f.rarely(i32.not(this.#fetch(bytes, pc, place)), leave));

      const step = f.let(i32.or(traits, word(NO_ACCESS << SIZE_SHIFT)));
      const timingClass = i32.and(traits, word(CLASS_MASK));
      const afterBranch = i32.sub(timingClass, word(Class.branch << TRAIT_SHIFT.class));
      f.rarely(i32.ltU(afterBranch, word(2 << TRAIT_SHIFT.class)), () => {
        const transfer = [traits, pc, i64.add(pc, i64.of(bytes)), nextPc];
        const outcome = f.let(word(0));
        f.if(
          afterBranch,
          () => f.set(outcome, this.#predictor.jump(...transfer)),
          () => f.set(outcome, this.#predictor.branch(...transfer)),
        );
        f.set(step, i32.or(step, i32.shl(outcome, word(OUTCOME_SHIFT))));
      });
      f.if(access, () => f.set(step, i32.or(traits, i32.shl(i32.ctz(access), word(SIZE_SHIFT)))));
      f.do(this.#pipeline.step(step));
      f.if(access, () => this.#accessed(f, timingClass, access));
      return word(1);
    };
    return this.#module.define([I32, I32, I64, I64, I32], I32, body, exportName);
  }

  /** Finds the page of an address, as `PageCode.find`, or leaves. One that was found last is at hand, and the most recently used. */
  #findPage(f: Statements, pages: keyof typeof PAGES, virt: Term, leave: () => void): Local {
    const { translated, known } = PAGES[pages];
    const leaf = f.let(word(UNTRANSLATED));
    f.if(i32.at(translated), () => {
      f.set(leaf, word(AT_HAND));
      const page = f.let(i64.shrU(virt, i64.const(BigInt(PAGE_BITS))));
      f.rarely(i64.ne(page, i64.at(known)), () => {
        f.set(leaf, this.#o.own[pages].find(f, word(1), i32.low(page), leave));
        f.storeAt(known, page);
      });
    });
    return leaf;
  }

  #takeCategory(f: Statements): void {
    const { whose } = this.#o.pipeline.clock;
    const category = i32.at(RETIRE.category);
    f.rarely(i32.ne(category, i32.at(whose.byteOffset)), () => this.#pipeline.clock.setCategory(f, category));
  }

  /** For an instruction that does not lie wholly in the line that is known to be in hand. */
  #unlessInHand(f: Statements, bytes: Term, pc: Term, place: Term, body: () => void): void {
    const { lineBytes } = this.#l1i.layout;
    f.block((isInHand) => {
      const offset = f.let(i64.sub(pc, i64.at(RETIRE.knownLine)));
      f.if(i64.ltU(offset, i64.of(i32.sub(word(lineBytes + 1), bytes))), () => {
        f.if(i32.eq(i32.sub(place, i32.low(offset)), i32.at(RETIRE.knownLinePlace)), isInHand);
      });
      body();
    });
  }

  /** `fetch(bytes, pc, place)`: an instruction that is not known to be in the line in hand; 0: its page is not at hand. `Core.#fetch` */
  #fetchFunction(): Callee {
    const { line } = this.#o.fastPaths.line;
    const { lineBytes } = this.#l1i.layout;
    const { codePage } = this.#o.own;
    return this.#module.define([I32, I64, I32], I32, (f, bytes, pc, place) => {
      const virt = f.let(f64.ofLong(i64.and(pc, i64.const(VIRT_MASK))));
      const delta = f.let(f64.sub(f64.ofLong(this.#physOf(place)), virt));
      const offset = f.let(f64.sub(virt, f64.at(line.byteOffset)));
      const isSame = i32.and(f64.eq(delta, f64.at(line.byteOffset + NUMBER_BYTES)), f64.ge(offset, f64.const(0)));
      const end = f.let(f64.const(-1));
      f.if(isSame, () => f.set(end, offset));
      const holds = (length: Term): Term =>
        i32.and(f64.ge(end, f64.const(0)), f64.le(f64.add(end, length), f64.const(lineBytes)));
      f.if(holds(f64.of(bytes)), () => {
        this.#know(f, pc, place);
        f.return(word(1));
      });
      const leaf = this.#findPage(f, "codePage", pc, () => f.return(word(0)));
      const now = f.let(this.#pipeline.clock.now);
      const cycles = f.let(f64.const(0));
      codePage.await(f, { number: pageOf(pc), leaf, cycles }, now);
      const translated = f.let(f64.add(now, cycles));
      forgetTagCycles(f, this.#o.fastPaths.memory);
      const ready = f.let(translated);
      f.if(i32.not(holds(f64.const(PARCEL_BYTES))), () => this.#ask(f, this.#l1i, place, false, translated, ready));
      this.#take(f, pc, place, virt, delta);
      f.rarely(this.#isInTwoLines(bytes, place), () => {
        const [second, secondPlace] = [f.let(ready), f.let(i32.add(place, word(PARCEL_BYTES)))];
        this.#ask(f, this.#l1i, secondPlace, false, second, ready);
        const secondVirt = f.let(f64.add(virt, f64.const(PARCEL_BYTES)));
        this.#take(f, i64.add(pc, i64.const(BigInt(PARCEL_BYTES))), secondPlace, secondVirt, delta);
      });
      f.if(f64.gt(ready, now), () =>
        f.do(this.#pipeline.stallFetch(cycles, f64.sub(ready, translated), tagCycles(this.#o.fastPaths.memory))),
      );
      return word(1);
    });
  }

  /** Of one page. */
  #isInTwoLines(bytes: Local, place: Local): Term {
    const fits = (size: number): Term => i32.lt(i32.add(i32.and(place, word(size - 1)), bytes), word(size + 1));
    return i32.and(i32.not(fits(this.#l1i.layout.lineBytes)), fits(PAGE_BYTES));
  }

  /** `LineInHand.take` */
  #take(f: Statements, pc: Term, place: Local, virt: Local, delta: Local): void {
    const { line } = this.#o.fastPaths.line;
    const within = i32.and(place, word(this.#l1i.layout.lineBytes - 1));
    f.storeAt(line.byteOffset, f64.sub(virt, f64.of(within)));
    f.storeAt(line.byteOffset + NUMBER_BYTES, delta);
    this.#know(f, pc, place);
  }

  /** The line of an instruction is in hand. */
  #know(f: Statements, pc: Term, place: Term): void {
    const { lineBytes } = this.#l1i.layout;
    f.storeAt(RETIRE.knownLine, i64.and(pc, i64.const(-BigInt(lineBytes))));
    f.storeAt(RETIRE.knownLinePlace, i32.and(place, word(-lineBytes)));
  }

  #physOf(place: Term): Term {
    return i64.add(i64.of(place), i64.const(BigInt(this.#o.ramBase - RAM_AT)));
  }

  /** Asks a cache for the line of a place; `ready`: when it is there. The line used last is looked for here. `Cache.read`, and `store` */
  #ask(f: Statements, { layout, code }: Asked, place: Term, stores: boolean, at: Local, ready: Local): void {
    const line = f.let(lineOf(place, this.#o.ramBase, layout));
    const wanted = stores ? i32.or(i32.shl(line, word(1)), word(1)) : i32.shl(line, word(1));
    const first = i32.and(i32.load(setAt(layout.words.byteOffset, line, layout)), word(stores ? ~FRESH : ~(FRESH | 1)));
    const isReady = f64.le(f64.at(layout.busy.byteOffset), at);
    f.block((done) => {
      f.rarely(i32.not(i32.and(i32.eq(first, wanted), isReady)), () => {
        f.set(ready, code.access(line, word(stores ? 1 : 0), at));
        done();
      });
      f.count(layout.counts.byteOffset);
      f.set(ready, f64.add(at, f64.const(layout.hitCycles)));
    });
  }

  /** What the pipeline asks about the data access of the retire record. */
  #outcomes(): OutcomesCode {
    const { fastPaths, own } = this.#o;
    return {
      translate: (f, at, wait) => {
        const cycles = f.let(f64.const(0));
        const leaf = f.let(i32.at(RETIRE.dataLeaf));
        const page = { number: pageOf(i64.at(RETIRE.dataVirt)), leaf, cycles };
        own.dataPage.count(f, page);
        f.rarely(own.dataPage.isMissing(leaf), () =>
          own.dataPage.ifMissing(f, page, at, () => wait(f64.add(at, cycles))),
        );
      },
      block: (_, __, wait) => {
        if (fastPaths.memory.l1d.blocking) wait(f64.at(this.#l1d.layout.busy.byteOffset));
      },
      overlapAge: (f) => {
        const last = i32.sub(this.#dataBytes, word(1));
        return overlapAgeOf(f, f.let(i32.at(RETIRE.dataPlace)), last, fastPaths.storeBlocks);
      },
      read: (f, at) => this.#read(f, at),
      write: (f, at) => this.#write(f, at),
      tagCycles: () => tagCycles(this.#o.fastPaths.memory),
    };
  }

  get #dataBytes(): Term {
    return i32.and(i32.at(RETIRE.access), word(CAPABILITY - 1));
  }

  /** Where a data access of so many bytes ends, counted from the begin of its first line. */
  #endInLine(place: Local, bytes: Term): Term {
    return i32.add(i32.and(place, word(this.#l1d.layout.lineBytes - 1)), bytes);
  }

  /** `DynamicParts.read` */
  #read(f: Statements, at: Local): Local {
    const { lineBytes } = this.#l1d.layout;
    const place = f.let(i32.at(RETIRE.dataPlace));
    const ready = f.let(at);
    forgetTagCycles(f, this.#o.fastPaths.memory);
    this.#ask(f, this.#l1d, place, false, at, ready);
    f.rarely(i32.ltU(word(lineBytes), this.#endInLine(place, this.#dataBytes)), () => {
      const second = f.let(at);
      this.#ask(f, this.#l1d, i32.add(place, word(lineBytes)), false, at, second);
      f.set(ready, f64.max(ready, second));
    });
    noteAnswer(f, this.#o.answered, ready);
    return ready;
  }

  /** `DynamicParts.write` */
  #write(f: Statements, at: Local): Local {
    const { lineBytes } = this.#l1d.layout;
    const place = f.let(i32.at(RETIRE.dataPlace));
    const ready = f.let(at);
    forgetTagCycles(f, this.#o.fastPaths.memory);
    const bytes = f.let(this.#dataBytes);
    const endsInFirst = i32.lt(this.#endInLine(place, bytes), word(lineBytes + 1));
    const isInOne = i32.and(endsInFirst, i32.lt(bytes, word(lineBytes)));
    f.block((done) => {
      f.rarely(i32.not(isInOne), () => {
        f.set(ready, this.#writeLines(place, i32.add(place, bytes), at));
        done();
      });
      this.#ask(f, this.#l1d, place, true, at, ready);
    });
    noteAnswer(f, this.#o.answered, ready);
    return ready;
  }

  /** `writeLines(place, end, at)`: a store of more lines than one, or of a whole one, which is not fetched. */
  #writeLinesFunction(): Callee {
    const { layout, code } = this.#l1d;
    const { lineBytes, hitCycles } = layout;
    return this.#module.define([I32, I32, F64], F64, (f, place, end, at) => {
      const ready = f.let(f64.add(at, f64.const(hitCycles)));
      const line = f.let(i32.and(place, word(-lineBytes)));
      f.while(i32.ltU(line, end), () => {
        const next = i32.add(line, word(lineBytes));
        const number = f.let(lineOf(line, this.#o.ramBase, layout));
        f.if(
          i32.or(i32.ltU(line, place), i32.ltU(end, next)),
          () => {
            const stored = f.let(code.access(number, word(1), at));
            f.set(ready, f64.max(ready, stored));
          },
          () => code.part.write(f, { number, bits: code.lineBits }, at),
        );
        f.set(line, next);
      });
      return ready;
    });
  }

  /** `DynamicParts.accessed`; the record is without access then. */
  #accessed(f: Statements, timingClass: Term, access: Local): void {
    const { storeBlocks, tagGroups } = this.#o.fastPaths;
    const isOf = (wanted: number): Term => i32.eq(timingClass, word(wanted << TRAIT_SHIFT.class));
    f.if(i32.not(isOf(Class.load)), () => {
      const place = f.let(i32.at(RETIRE.dataPlace));
      f.if(i32.not(isOf(Class.atomic)), () =>
        noteStore(f, place, f.let(i32.sub(this.#dataBytes, word(1))), storeBlocks),
      );
      if (tagGroups !== undefined) f.if(i32.and(access, word(CAPABILITY)), () => noteTagGroup(f, place, tagGroups));
    });
    f.storeAt(RETIRE.access, word(0));
  }
}
