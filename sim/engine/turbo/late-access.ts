// The code of a data access that may be late: what `Pieces.ask` does for it (pieces.ts), but for what is left to the memo.
//
// Everything is looked up first: the page's leaf, the transition of the piece before the access, the instruction's own. Where any is
// not at hand nothing has changed, and `ask` does all of it; behind a translation that was late, all but that. Then the cache answers,
// and the transition is looked up of an instruction that is so late; where it is not at hand, `finish` goes on from there.
import { NOT_ASKED } from "../../timing/dynamic.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { forgetTagCycles, noteAnswer } from "./answers.ts";
import { FarAccess } from "./far-access.ts";
import { LateCode } from "./late-code.ts";
import { LateFetch } from "./late-fetch.ts";
import { pageOf, type Page, type PageCode } from "./late-page.ts";
import { NearAccess } from "./near-access.ts";
import type { Now, OwnFunctions, PieceTables } from "./own-functions.ts";
import type { CacheCode, Found } from "./parts/cache.ts";
import { ACCESS, POINT, POINT_SHIFT } from "./points.ts";
import { ANSWER, QUESTIONS } from "./questions.ts";
import { noteStore, noteTagGroup } from "./store-code.ts";
import { element, f64, i32, type Callee, type Functions, type Local, type Statements, type Term } from "./terms.ts";
import { lineOf } from "./timing-functions.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

type Seven = [Local, Local, Local, Local, Local, Local, Local];

/** What has been found of an access before it goes on as late. */
export interface Begun {
  /** What is known of its point. */
  readonly record: Local;
  readonly flags: Local;
  readonly last: Local;
  /** Its page's leaf, as `PageCode.find` gives it. */
  readonly leaf: Local;
  readonly found: Found;
}

/** Has an access go on as late; leaves clock, state and answer. */
export type LateAccessCode = (f: Statements, params: readonly Local[], begun: Begun) => void;

/** An access whose way is being looked up. `Now` is at the piece's begin, then after the piece before it, and then after itself. */
export interface Access extends Now {
  /** As it is called with. */
  readonly point: Local;
  readonly row: Local;
  readonly age: Local;
  readonly place: Local;
  readonly record: Local;
  readonly flags: Local;
  readonly last: Local;
  readonly found: Found;
  readonly page: Page;
}

/** How an access is gone through whose page is at hand. */
export interface AccessWay {
  /**
   * Goes through the piece before it; gives when it asks the cache, in cycles after that. Before anything has changed, `ifOnTime` is told at
   * which cycle it asks the cache at the earliest, if nothing else is late; of a far state, nobody is.
   */
  readonly approach: (f: Statements, a: Access, ask: () => void, ifOnTime: (at: Local) => void) => Term;
  /** Goes through its instruction, which is answered so late. */
  readonly arrive: (f: Statements, a: Access, accessCycles: Local, tagCycles: Local) => void;
}

/** What an access that may be late goes on with. */
export function lateAccessCode(
  module: Functions,
  timing: GeneratedTiming,
  tables: PieceTables,
  own: OwnFunctions,
): LateAccessCode {
  const near = new LateCode(timing, tables, own);
  const far = new LateCode(timing, tables, own, own.far);
  const ofNear = new LateAccess(near, own, new NearAccess(module, near, own), module.imported("stop"));
  const ofFar = new LateAccess(far, own, new FarAccess(module, far, own), module.imported("stop"));
  const { params, results } = QUESTIONS.access;
  const farAccess = module.add({ params: [I32, I32, I32, ...params], results }, (f, leaf, place, fill, ...asked) => {
    const record = f.let(element(tables.points.at, asked[0]!, POINT_SHIFT));
    const line = f.let(lineOf(asked[3]!, timing.ramBase, timing.fastPaths.l1d));
    const flags = f.let(i32.load(record, POINT.flags));
    const last = f.let(i32.load(record, POINT.last));
    const found = own.l1d.found(f, { line, place: place!, fill: fill! });
    ofFar.write(f, asked, { record, flags, last, leaf: leaf!, found });
  });
  return (f, asked, begun) => {
    const { leaf, found } = begun;
    own.far.ifFar(f, asked, () => f.return(farAccess(leaf, found.place, found.fill, ...asked)));
    ofNear.write(f, asked, begun);
  };
}

/**
 * Exports `fetch(point, row, line, inHand, age, clock, state)`: the same of a fetch from the line that a record describes; `inHand` is that
 * of the line in hand.
 */
export function defineLateFetch(
  module: Functions,
  timing: GeneratedTiming,
  tables: PieceTables,
  own: OwnFunctions,
): void {
  const [ofNear, ofFar] = [undefined, own.far].map(
    (far) => new LateFetch(module, new LateCode(timing, tables, own, far), own),
  );
  const farFetch = module.add(QUESTIONS.fetch, (f, ...asked) => ofFar!.write(f, asked));
  const body = (f: Statements, ...asked: Local[]): void => {
    own.far.ifFar(f, asked, () => f.return(farFetch(...asked)));
    ofNear!.write(f, asked);
  };
  module.add(QUESTIONS.fetch, body, "fetch");
}

/** Writes the way of near states, or of far ones. */
class LateAccess {
  readonly #code: LateCode;
  readonly #way: AccessWay;
  readonly #l1d: CacheCode;
  readonly #dataPage: PageCode;
  readonly #ask: Callee;
  readonly #stop: Callee;

  constructor(code: LateCode, { l1d, dataPage, askAccess }: OwnFunctions, way: AccessWay, stop: Callee) {
    this.#code = code;
    this.#way = way;
    this.#l1d = l1d;
    this.#dataPage = dataPage;
    this.#ask = askAccess;
    this.#stop = stop;
  }

  write(f: Statements, asked: readonly Local[], begun: Begun): void {
    const [point, row, addr, place, age, clockBefore, stateBefore] = asked as Seven;
    const { last, leaf } = begun;
    const { timing, far } = this.#code;
    const nextStore = timing.memo.far.next.byteOffset;
    const firstStore = far && f.let(i32.at(nextStore));
    const pageCycles = f.let(f64.const(NOT_ASKED));
    f.block((ask) => {
      const inLine = word(timing.fastPaths.memory.l1d.lineBytes - 1);
      f.rarely(i32.and(place, last), () => f.rarely(i32.ltU(inLine, i32.add(i32.and(place, inLine), last)), ask));
      f.rarely(f64.lt(f64.at(timing.memo.allowed.byteOffset), f64.const(0)), ask);
      const [clock, state] = [f.let(clockBefore), f.let(stateBefore)];
      const page: Page = { number: pageOf(addr), leaf, cycles: pageCycles };
      const access = { point, row, age, place, ...begun, page, clock, state };
      const accessAt = this.#way.approach(f, access, ask, (at) => {
        f.block((late) => {
          this.#touch(f, access, at, late);
          f.return(clockBefore, stateBefore, word(ANSWER.onTime));
        });
      });
      this.#throughCache(f, access, accessAt);
      this.#accessed(f, access);
      f.rarely(this.#code.isNear(f, clock), () => f.return(clock, state, this.#stop()));
      f.return(clock, state, word(ANSWER.wentThrough));
    });
    if (firstStore !== undefined) f.storeAt(nextStore, firstStore);
    f.do(this.#ask(point, row, addr, place, pageCycles, clockBefore, stateBefore));
  }

  /**
   * The line was on its way when the piece began, and may be there when it is asked for: the access is on time then, and the piece goes on;
   * else `late`. A piece tells of few loads that overlap stores: one that has any ends here.
   */
  #touch(f: Statements, a: Access, at: Local, late: () => void): void {
    const { storeBlocks, memory } = this.#code.timing.fastPaths;
    const { l1d } = memory;
    if (l1d.blocking) return late();
    if (this.#code.ordersLoads) f.if(f64.lt(a.age, f64.const(storeBlocks.entries)), late);
    f.rarely(this.#dataPage.isMissing(a.page.leaf), late);
    f.rarely(i32.and(a.place, a.last), late);
    this.#l1d.touchAt(f, a.found, i32.and(a.flags, word(ACCESS.writes)), at, late);
  }

  /** The cache answers, and the instruction is gone through. */
  #throughCache(f: Statements, a: Access, accessAt: Term): void {
    const { answered, fastPaths } = this.#code.timing;
    const { l1d } = fastPaths.memory;
    // The walker reads through the cache.
    f.rarely(this.#dataPage.isMissing(a.page.leaf), () => this.#l1d.findAgain(f, a.found));
    const at = f.let(f64.add(a.clock, accessAt));
    forgetTagCycles(f, fastPaths.memory);
    const dirty = i32.and(a.flags, word(ACCESS.writes));
    const answer = this.#l1d.accessFound(f, a.found, dirty, at);
    noteAnswer(f, answered, answer);
    const accessCycles = f.let(f64.sub(f64.sub(answer, at), f64.const(l1d.hitCycles)));
    this.#way.arrive(f, a, accessCycles, this.#code.tagCyclesOf(f, accessCycles));
  }

  /** As `DynamicParts.accessed`, and the look-up of a page that was at hand. */
  #accessed(f: Statements, a: Access): void {
    const { storeBlocks, tagGroups } = this.#code.timing.fastPaths;
    const has = (flag: number): Term => i32.and(a.flags, word(flag));
    f.if(has(ACCESS.stores), () => noteStore(f, a.place, a.last, storeBlocks));
    this.#dataPage.count(f, a.page);
    if (tagGroups === undefined) return;
    f.if(has(ACCESS.capability), () => noteTagGroup(f, a.place, tagGroups));
  }
}
