// The code of a data access or a fetch that may be late: what `Pieces.ask` and `fetch` do for it (pieces.ts), as far as nothing has to
// be computed.
//
// Everything is looked up first: the page's leaf, the transition of the piece before the access, the instruction's own. Where any is
// not at hand nothing has changed, and `ask` does all of it; behind a translation that was late, all but that. Then the cache answers,
// and the transition is looked up of an instruction that is so late; where it is not at hand, `finish` goes on from there.
import { NOT_ASKED } from "../../timing/dynamic.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { MOST_LATE_CYCLES } from "../../timing/memo.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { WAITING } from "../../timing/variants.ts";
import { isFar, pushUse, usesOf, type FarCode } from "./far-code.ts";
import { pageOf, type Page, type PageCode } from "./late-page.ts";
import { slotWord, type MemoCode } from "./memo-code.ts";
import type { CacheCode } from "./parts/cache.ts";
import type { Now, OwnFunctions, PieceTables } from "./own-functions.ts";
import { IN_HAND, LINE } from "./lines.ts";
import { LATE_FETCH } from "./pieces.ts";
import { ROW_SHIFT } from "./rows.ts";
import { ACCESS, FETCH_OFFSET, NOTHING_BEFORE, POINT, POINT_INDEX, POINT_SHIFT } from "./points.ts";
import { ANSWER, QUESTIONS, spill, spilled } from "./questions.ts";
import { noteStore, noteTagGroup, overlapAgeOf } from "./store-code.ts";
import {
  element,
  f64,
  i32,
  i64,
  NUMBER_BYTES,
  WORD_BYTES,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { lineOf } from "./timing-functions.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

type Seven = [Local, Local, Local, Local, Local, Local, Local];
type Eight = [Local, ...Seven];

/** What the functions of this file are called with. */
const SIGNATURES = {
  access: { ...QUESTIONS.access, params: [I32, ...QUESTIONS.access.params] },
  fetch: QUESTIONS.fetch,
} as const;

/** What is known of an access while its function is written: `Now` is after the piece before it, and then after itself. */
interface Access extends Now {
  readonly flags: Local;
  readonly last: Local;
  readonly place: Local;
  /** The script of its instruction, all else on time. */
  readonly onTime: Local;
  /** The slot of its instruction with the outcomes found so far. */
  readonly slot: Local;
  readonly page: Page;
  readonly translateCycles: Local;
  readonly blockedCycles: Local;
  readonly overlapAge: Local;
  /** From a far state: `Lateness.bufferCycles`; script and slot are of an instruction with this outcome. */
  readonly bufferCycles: Local;
}

/**
 * What `access` (access-function.ts) goes on with where an access may be late, called with what has been found of its page before all else.
 * Exports `fetch(point, row, line, inHand, age, clock, state)`: the same of a fetch from the line that a record describes; `inHand` is that
 * of the line in hand.
 */
export function defineLateAccess(
  module: Functions,
  timing: GeneratedTiming,
  tables: PieceTables,
  own: OwnFunctions,
): Callee {
  const near = new Writing(module, timing, tables, own);
  const far = new Writing(module, timing, tables, own, own.far);
  const define = (name: "access" | "fetch", exportName?: string): Callee => {
    const ofFar = module.add(SIGNATURES[name], (f, ...params) => far[name](f, params));
    const body = (f: Statements, ...params: Local[]): void => {
      f.rarely(isFar(params.at(-1)!), () => f.return(ofFar(...params)));
      near[name](f, params);
    };
    return module.add(SIGNATURES[name], body, exportName);
  };
  define("fetch", "fetch");
  return define("access");
}

/** Writes the functions of near states, or of far ones. */
class Writing {
  readonly #timing: GeneratedTiming;
  readonly #tables: PieceTables;
  readonly #l1i: CacheCode;
  readonly #l1d: CacheCode;
  readonly #ask: Callee;
  readonly #finish: Callee;
  readonly #stop: Callee;
  readonly #fetch: Callee;
  readonly #finishFetch: Callee;
  readonly #stopFetch: Callee;
  readonly #codePage: PageCode;
  readonly #dataPage: PageCode;
  readonly #memo: MemoCode;
  readonly #far: FarCode | undefined;

  constructor(
    module: Functions,
    timing: GeneratedTiming,
    tables: PieceTables,
    own: Omit<OwnFunctions, "far">,
    far?: FarCode,
  ) {
    this.#timing = timing;
    this.#tables = tables;
    this.#l1i = own.l1i;
    this.#l1d = own.l1d;
    this.#codePage = own.codePage;
    this.#dataPage = own.dataPage;
    this.#memo = own.memo;
    this.#far = far;
    this.#ask = own.askAccess;
    this.#finish = module.imported("finish");
    this.#stop = module.imported("stop");
    this.#fetch = module.imported("fetch");
    this.#finishFetch = module.imported("finishFetch");
    this.#stopFetch = module.imported("stopFetch");
  }

  access(f: Statements, params: Local[]): void {
    const [leaf, point, row, addr, place, age, clockBefore, stateBefore] = params as Eight;
    const nextStore = this.#timing.memo.far.next.byteOffset;
    const firstStore = this.#far && f.let(i32.at(nextStore));
    const pageCycles = f.let(f64.const(NOT_ASKED));
    f.block((ask) => {
      this.#settle(f, clockBefore, stateBefore, ask);
      const record = f.let(element(this.#tables.pointsAt, point, POINT_SHIFT));
      const onTime = f.let(i32.load(record, POINT.onTime));
      const last = f.let(i32.load(record, POINT.last));
      const flags = f.let(i32.load(record, POINT.flags));
      f.rarely(i32.lt(onTime, word(0)), ask);
      const inLine = word(this.#timing.fastPaths.memory.l1d.lineBytes - 1);
      f.rarely(i32.ltU(inLine, i32.add(i32.and(place, inLine), last)), ask);
      const [clock, state] = [f.let(clockBefore), f.let(stateBefore)];
      const before = this.#pieceBefore(f, { record, row, age, clock, state }, ask);
      f.rarely(f64.lt(f64.at(this.#timing.memo.allowed.byteOffset), f64.const(0)), ask);
      const slot = f.let(this.#memo.slotOf(state, onTime));
      f.rarely(i32.not(slot), ask);
      const [translateCycles, blockedCycles, bufferCycles] = [f.let(word(0)), f.let(word(0)), f.let(word(0))];
      const outcomes = { translateCycles, blockedCycles, overlapAge: f.let(word(NO_OVERLAP)), bufferCycles };
      const page: Page = { number: pageOf(addr), leaf, cycles: pageCycles };
      const access: Access = { flags, last, place, onTime, clock, state, slot, page, ...outcomes };
      if (this.#far !== undefined) this.#meetStores(f, access, this.#far, ask);
      this.#awaitPage(f, access, ask);
      this.#awaitCache(f, access, ask);
      if (this.#far === undefined) this.#awaitStores(f, access, ask);
      f.if(before, () => this.#countTaken(f, before));
      this.#throughCache(f, access, point);
      this.#accessed(f, access);
      f.rarely(this.#isNear(clock), () => f.return(clock, state, this.#stop()));
      f.return(clock, state, word(ANSWER.wentThrough));
    });
    if (firstStore !== undefined) f.storeAt(nextStore, firstStore);
    f.do(this.#ask(point, row, addr, place, pageCycles, clockBefore, stateBefore));
  }

  fetch(f: Statements, params: Local[]): void {
    const [point, row, line, inHand, age, clockBefore, stateBefore] = params as Seven;
    const { fastPaths } = this.#timing;
    f.block((ask) => {
      this.#settle(f, clockBefore, stateBefore, ask);
      const record = f.let(element(this.#tables.pointsAt, point, POINT_SHIFT));
      const onTime = f.let(i32.load(record, POINT.onTime));
      const number = f.let(i32.load(record, POINT.last));
      const flags = f.let(i32.load(record, POINT.flags));
      f.rarely(i32.lt(onTime, word(0)), ask);
      const pageCycles = f.let(f64.const(0));
      const leaf = this.#codePage.find(f, this.#has(flags, ACCESS.translated), number, ask);
      const page: Page = { number, leaf, cycles: pageCycles };
      const [clock, state] = [f.let(clockBefore), f.let(stateBefore)];
      const before = this.#pieceBefore(f, { record, row, age, clock, state }, ask);
      f.if(before, () => this.#countTaken(f, before));
      this.#codePage.await(f, page, clock);
      const offset = i32.shrU(i32.and(flags, word(2 ** POINT_INDEX - 1)), word(FETCH_OFFSET));
      this.#noteFetch(f, line, offset, clock);
      this.#throughInstructionCache(f, { point, line, onTime, clock, state, pageCycles });
      f.storeAt(this.#tables.lateFetch.byteOffset + LATE_FETCH.doneAt, clock);
      f.rarely(this.#isNear(clock), () => f.return(clock, state, this.#stopFetch()));
      f.return(clock, state, word(ANSWER.wentThrough));
    });
    this.#spill(f, { clock: clockBefore, state: stateBefore });
    for (const offset of IN_HAND) f.storeAt(fastPaths.line.line.byteOffset + offset, i64.load(inHand, offset));
    const answer = f.let(this.#fetch(point, row, line));
    f.return(...spilled(this.#timing), answer);
  }

  /** A fetch begins of what lies at an offset in a line, which is in hand from now on. */
  #noteFetch(f: Statements, line: Local, offset: Term, clock: Local): void {
    const { line: inHand } = this.#timing.fastPaths.line;
    const { byteOffset } = this.#tables.lateFetch;
    const virt = f.let(f64.load(line, LINE.virt));
    f.storeAt(byteOffset + LATE_FETCH.pc, f64.add(virt, f64.of(offset)));
    f.storeAt(byteOffset + LATE_FETCH.beganAt, clock);
    f.storeAt(inHand.byteOffset, virt);
    f.storeAt(inHand.byteOffset + NUMBER_BYTES, f64.load(line, LINE.delta));
  }

  /** The instruction cache answers, and fetch stands still for as long. */
  #throughInstructionCache(
    f: Statements,
    o: Now & Readonly<Record<"point" | "line" | "onTime" | "pageCycles", Local>>,
  ): void {
    this.#forgetTagCycles(f);
    const number = i32.shrU(i32.load(o.line, LINE.word), word(1));
    const at = f.let(f64.add(o.clock, o.pageCycles));
    const cycles = f.let(f64.sub(this.#l1i.access(number, word(0), at), at));
    const tagCycles = this.#tagCyclesOf(f, cycles);
    const slot = f.let(word(0));
    const isLate = f.let(f64.gt(f64.add(o.pageCycles, cycles), f64.const(0)));
    f.if(isLate, () => {
      const { slotOf, variantOf } = this.#memo;
      const late = [i32.of(o.pageCycles), word(0), word(NO_OVERLAP), i32.of(cycles), i32.of(tagCycles)];
      f.set(slot, slotOf(o.state, variantOf(o.onTime, ...late)));
    });
    f.if(slot, () => this.#take(f, slot, o));
    f.rarely(i32.and(isLate, i32.not(slot)), () =>
      this.#outside(f, o, this.#finishFetch(o.point, o.pageCycles, cycles, tagCycles)),
    );
  }

  /** Is an event so near that no piece fits in before it? */
  #isNear(clock: Term): Term {
    const { answered, event, doneToEvent } = this.#timing;
    const isNear = (doneAt: Term): Term =>
      f64.gt(f64.add(doneAt, f64.at(doneToEvent.byteOffset)), f64.at(event.byteOffset));
    return i32.or(isNear(clock), isNear(f64.at(answered.byteOffset)));
  }

  #spill(f: Statements, { clock, state }: Now): void {
    spill(f, this.#timing, clock, state);
  }

  /** Has JavaScript go on. */
  #outside(f: Statements, now: Now, call: Term): void {
    this.#spill(f, now);
    f.do(call);
    const [clock, state] = spilled(this.#timing);
    f.set(now.clock, clock);
    f.set(now.state, state);
  }

  #forgetTagCycles(f: Statements): void {
    const { tagged } = this.#timing.fastPaths.memory;
    if (tagged !== undefined) f.storeAt(tagged.memory.late.byteOffset, f64.const(0));
  }

  /** How many of the cycles by which a cache was late tags alone took. */
  #tagCyclesOf(f: Statements, cycles: Local): Term {
    const { tagged } = this.#timing.fastPaths.memory;
    return tagged === undefined ? f64.const(0) : f.let(f64.min(f.let(f64.at(tagged.memory.late.byteOffset)), cycles));
  }

  #has(flags: Term, flag: number): Term {
    return i32.and(flags, word(flag));
  }

  /** A far state that is near by now is asked about. */
  #settle(f: Statements, clock: Local, state: Local, ask: () => void): void {
    if (this.#far === undefined) return;
    f.set(state, this.#far.settle(state, clock));
    f.rarely(i32.not(isFar(state)), ask);
  }

  /** Looks the transition up of the piece before the access, and goes on from there; gives its slot, 0 where there is no such piece. */
  #pieceBefore(f: Statements, o: Now & Readonly<Record<"record" | "row" | "age", Local>>, ask: () => void): Local {
    const row = f.let(i32.shrU(i32.sub(o.row, word(this.#tables.rowsAt)), word(ROW_SHIFT)));
    const script = f.let(i32.load(i32.add(i32.load(o.record, POINT.scripts), i32.shl(row, word(2)))));
    const place = i64.of(i32.shrU(i32.load(o.record, POINT.flags), word(POINT_INDEX)));
    const before = i64.sub(i64.shl(i64.const(1n), place), i64.const(1n));
    const slot = f.let(word(0));
    f.if(i32.ne(script, word(NOTHING_BEFORE)), () => {
      if (this.#far !== undefined) f.set(slot, this.#far.pass(o.state, script, o.clock, row, before, o.age));
      else f.set(slot, this.#memo.slotOf(o.state, script));
      f.rarely(i32.not(slot), ask);
      if (this.#far === undefined && !this.#timing.fastPaths.storeBlocks.forwards)
        f.if(f64.lt(o.age, f64.of(slotWord(slot, "waiting"))), () => {
          const overlaps = f.let(this.#memo.overlapsOf(row, before));
          f.set(slot, this.#memo.slotOf(o.state, this.#memo.overlappingOf(overlaps, script)));
          f.rarely(i32.not(slot), ask);
        });
      this.#goThrough(f, slot, o);
    });
    return slot;
  }

  /** Looks for the slot of the instruction with one more outcome. */
  #isLate(f: Statements, a: Access, ask: () => void): void {
    f.set(a.slot, this.#lateSlotOf(a, word(0), word(0)));
    f.rarely(i32.not(a.slot), ask);
  }

  /** The slot of the instruction with the outcomes found so far and these; what is unknown has none. */
  #lateSlotOf(a: Access, accessCycles: Term, tagCycles: Term): Term {
    const { slotOf, variantOf } = this.#memo;
    // From a far state the script says already how long the store that is overlapped stands in the way.
    const overlapAge = this.#far === undefined ? a.overlapAge : word(NO_OVERLAP);
    return slotOf(
      a.state,
      variantOf(a.onTime, a.translateCycles, a.blockedCycles, overlapAge, accessCycles, tagCycles),
    );
  }

  /** Issue stops until the translation is there. */
  #awaitPage(f: Statements, a: Access, ask: () => void): void {
    const { byteOffset } = this.#timing.memo.table.translateAt;
    const askedAt = i32.load(element(byteOffset, slotWord(a.slot, "transition"), 2));
    this.#dataPage.ifMissing(f, a.page, f64.add(a.clock, f64.of(askedAt)), () => {
      f.rarely(f64.gt(a.page.cycles, f64.const(MOST_LATE_CYCLES)), ask);
      f.set(a.translateCycles, i32.of(a.page.cycles));
      f.if(a.translateCycles, () => this.#isLate(f, a, ask));
    });
  }

  /** A cache without MSHRs answers nobody while a miss is outstanding. */
  #awaitCache(f: Statements, a: Access, ask: () => void): void {
    const { blocking, busy } = this.#timing.fastPaths.memory.l1d;
    if (!blocking) return;
    const at = f64.add(a.clock, f64.of(slotWord(a.slot, "blockedAt")));
    const cycles = f.let(f64.sub(f64.at(busy.byteOffset), at));
    f.if(f64.gt(cycles, f64.const(MOST_LATE_CYCLES)), ask);
    f.if(f64.gt(cycles, f64.const(0)), () => {
      f.set(a.blockedCycles, i32.of(cycles));
      this.#isLate(f, a, ask);
    });
  }

  /** Stores may stand in the way. */
  #meetStores(f: Statements, a: Access, far: FarCode, ask: () => void): void {
    const { storeBlocks } = this.#timing.fastPaths;
    const age = f.let(f64.const(storeBlocks.entries));
    if (!storeBlocks.forwards)
      f.if(i32.not(this.#has(a.flags, ACCESS.writes)), () => f.set(age, overlapAgeOf(f, a.place, a.last, storeBlocks)));
    f.set(a.bufferCycles, far.waitFor(usesOf(this.#timing.memo.far, a.slot), a.clock, age));
    f.if(a.bufferCycles, () => {
      const { slotOf, variantOf } = this.#memo;
      f.set(a.onTime, variantOf(a.onTime, word(0), word(WAITING), word(NO_OVERLAP), word(0), a.bufferCycles));
      f.set(a.slot, slotOf(a.state, a.onTime));
      f.rarely(i32.not(a.slot), ask);
      f.if(f64.lt(age, f64.const(storeBlocks.entries)), () => f.set(a.overlapAge, i32.of(age)));
    });
  }

  /** A load may have to wait for a store that it overlaps. */
  #awaitStores(f: Statements, a: Access, ask: () => void): void {
    const { entries, forwards } = this.#timing.fastPaths.storeBlocks;
    if (forwards) return;
    f.if(i32.not(this.#has(a.flags, ACCESS.writes)), () => {
      const age = f.let(overlapAgeOf(f, a.place, a.last, this.#timing.fastPaths.storeBlocks));
      f.rarely(f64.lt(age, f64.const(entries)), () =>
        f.if(f64.lt(age, f64.of(slotWord(a.slot, "waiting"))), () => {
          f.set(a.overlapAge, i32.of(age));
          this.#isLate(f, a, ask);
        }),
      );
    });
  }

  /** The cache answers, and the instruction is gone through. */
  #throughCache(f: Statements, a: Access, point: Local): void {
    const { answered, fastPaths, ramBase } = this.#timing;
    const { l1d } = fastPaths.memory;
    const at = f.let(f64.add(a.clock, f64.of(slotWord(a.slot, "accessAt"))));
    this.#forgetTagCycles(f);
    const dirty = this.#has(a.flags, ACCESS.writes);
    const answer = f.let(this.#l1d.access(lineOf(a.place, ramBase, l1d), dirty, at));
    f.if(f64.gt(answer, f64.at(answered.byteOffset)), () => f.storeAt(answered.byteOffset, answer));
    // Where these are more than a word tells, no slot has them.
    const accessCycles = f.let(f64.sub(f64.sub(answer, at), f64.const(l1d.hitCycles)));
    const tagCycles = this.#tagCyclesOf(f, accessCycles);
    const found = [a.translateCycles, a.blockedCycles, a.overlapAge, a.bufferCycles];
    const isLate = (): void =>
      f.if(f64.gt(accessCycles, f64.const(0)), () =>
        f.set(a.slot, this.#lateSlotOf(a, i32.of(accessCycles), i32.of(tagCycles))),
      );
    const far = this.#far;
    if (far === undefined) isLate();
    else {
      const use = i32.add(usesOf(this.#timing.memo.far, a.slot), word(WORD_BYTES));
      f.if(this.#has(a.flags, ACCESS.stores), () => pushUse(f, far, use, a.clock, accessCycles), isLate);
    }
    f.if(
      a.slot,
      () => this.#take(f, a.slot, a),
      () => this.#outside(f, a, this.#finish(point, ...found, accessCycles, tagCycles)),
    );
  }

  #take(f: Statements, slot: Local, now: Now): void {
    this.#countTaken(f, slot);
    this.#goThrough(f, slot, now);
  }

  #goThrough(f: Statements, slot: Local, { clock, state }: Now): void {
    f.set(clock, f64.add(clock, f64.of(slotWord(slot, "cycles"))));
    f.set(state, slotWord(slot, "next"));
  }

  #countTaken(f: Statements, slot: Term): void {
    const { taken } = this.#timing.memo;
    const at = f.let(element(taken.byteOffset, slotWord(slot, "transition"), 3));
    f.store(at, 0, f64.add(f64.load(at), f64.const(1)));
  }

  /** As `DynamicParts.accessed`, and the look-up of a page that was at hand. */
  #accessed(f: Statements, a: Access): void {
    const { storeBlocks, tagGroups } = this.#timing.fastPaths;
    f.if(this.#has(a.flags, ACCESS.stores), () => noteStore(f, a.place, a.last, storeBlocks));
    this.#dataPage.count(f, a.page);
    if (tagGroups === undefined) return;
    f.if(this.#has(a.flags, ACCESS.capability), () => noteTagGroup(f, a.place, tagGroups));
  }
}
