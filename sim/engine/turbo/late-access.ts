// The code of a data access that may be late: what `Pieces.ask` does for it (pieces.ts), as far as nothing has to be computed.
//
// Everything is looked up first: the page's leaf, the transition of the piece before the access, the instruction's own. Where any is
// not at hand nothing has changed, and `ask` does all of it; behind a translation that was late, all but that. Then the cache answers,
// and the transition is looked up of an instruction that is so late; where it is not at hand, `finish` goes on from there.
import { NOT_ASKED } from "../../timing/dynamic.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { FarAccess } from "./far-access.ts";
import { isFar } from "./far-code.ts";
import { LateCode } from "./late-code.ts";
import { LateFetch } from "./late-fetch.ts";
import { pageOf, type Page, type PageCode } from "./late-page.ts";
import { NearAccess } from "./near-access.ts";
import type { Now, OwnFunctions, PieceTables } from "./own-functions.ts";
import type { CacheCode } from "./parts/cache.ts";
import { ACCESS, POINT, POINT_SHIFT } from "./points.ts";
import { ANSWER, QUESTIONS } from "./questions.ts";
import { noteStore, noteTagGroup } from "./store-code.ts";
import { element, f64, i32, type Callee, type Functions, type Local, type Statements, type Term } from "./terms.ts";
import { lineOf } from "./timing-functions.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

type Eight = [Local, Local, Local, Local, Local, Local, Local, Local];

/** What the functions are called with. */
const SIGNATURES = {
  access: { ...QUESTIONS.access, params: [I32, ...QUESTIONS.access.params] },
  fetch: QUESTIONS.fetch,
} as const;

/** An access whose way is being looked up. `Now` is at the piece's begin, then after the piece before it, and then after itself. */
export interface Access extends Now {
  /** As it is called with. */
  readonly point: Local;
  readonly row: Local;
  readonly age: Local;
  readonly place: Local;
  /** What is known of the point. */
  readonly record: Local;
  readonly flags: Local;
  readonly last: Local;
  readonly page: Page;
}

/** How an access is gone through whose page is at hand. */
export interface AccessWay {
  /** Goes through the piece before it; gives when it asks the cache, in cycles after that. */
  readonly approach: (f: Statements, a: Access, ask: () => void) => Term;
  /** Goes through its instruction, which is answered so late. */
  readonly arrive: (f: Statements, a: Access, accessCycles: Local, tagCycles: Local) => void;
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
  const near = new LateCode(timing, tables, own);
  const far = new LateCode(timing, tables, own, own.far);
  const ways = {
    access: [
      new LateAccess(module, near, own, new NearAccess(module, near, own.dataPage)),
      new LateAccess(module, far, own, new FarAccess(module, far, own)),
    ],
    fetch: [new LateFetch(module, near, own), new LateFetch(module, far, own)],
  } as const;
  const define = (name: "access" | "fetch", exportName?: string): Callee => {
    const [ofNear, ofFar] = ways[name];
    const farFunction = module.add(SIGNATURES[name], (f, ...params) => ofFar.write(f, params));
    const body = (f: Statements, ...params: Local[]): void => {
      f.rarely(isFar(params.at(-1)!), () => f.return(farFunction(...params)));
      ofNear.write(f, params);
    };
    return module.add(SIGNATURES[name], body, exportName);
  };
  define("fetch", "fetch");
  return define("access");
}

/** Writes the function of near states, or of far ones. */
class LateAccess {
  readonly #code: LateCode;
  readonly #way: AccessWay;
  readonly #l1d: CacheCode;
  readonly #dataPage: PageCode;
  readonly #ask: Callee;
  readonly #stop: Callee;

  constructor(module: Functions, code: LateCode, { l1d, dataPage, askAccess }: OwnFunctions, way: AccessWay) {
    this.#code = code;
    this.#way = way;
    this.#l1d = l1d;
    this.#dataPage = dataPage;
    this.#ask = askAccess;
    this.#stop = module.imported("stop");
  }

  write(f: Statements, params: Local[]): void {
    const [leaf, point, row, addr, place, age, clockBefore, stateBefore] = params as Eight;
    const { timing, tables, far } = this.#code;
    const nextStore = timing.memo.far.next.byteOffset;
    const firstStore = far && f.let(i32.at(nextStore));
    const pageCycles = f.let(f64.const(NOT_ASKED));
    f.block((ask) => {
      this.#code.settle(f, clockBefore, stateBefore, ask);
      const record = f.let(element(tables.points.at, point, POINT_SHIFT));
      const last = f.let(i32.load(record, POINT.last));
      const flags = f.let(i32.load(record, POINT.flags));
      f.rarely(i32.lt(i32.load(record, POINT.onTime), word(0)), ask);
      const inLine = word(timing.fastPaths.memory.l1d.lineBytes - 1);
      f.rarely(i32.ltU(inLine, i32.add(i32.and(place, inLine), last)), ask);
      f.rarely(f64.lt(f64.at(timing.memo.allowed.byteOffset), f64.const(0)), ask);
      const [clock, state] = [f.let(clockBefore), f.let(stateBefore)];
      const page: Page = { number: pageOf(addr), leaf, cycles: pageCycles };
      const access = { point, row, age, place, record, flags, last, page, clock, state };
      const accessAt = this.#way.approach(f, access, ask);
      this.#throughCache(f, access, accessAt);
      this.#accessed(f, access);
      f.rarely(this.#code.isNear(f, clock), () => f.return(clock, state, this.#stop()));
      f.return(clock, state, word(ANSWER.wentThrough));
    });
    if (firstStore !== undefined) f.storeAt(nextStore, firstStore);
    f.do(this.#ask(point, row, addr, place, pageCycles, clockBefore, stateBefore));
  }

  /** The cache answers, and the instruction is gone through. */
  #throughCache(f: Statements, a: Access, accessAt: Term): void {
    const { answered, fastPaths, ramBase } = this.#code.timing;
    const { l1d } = fastPaths.memory;
    const at = f.let(f64.add(a.clock, accessAt));
    this.#code.forgetTagCycles(f);
    const dirty = i32.and(a.flags, word(ACCESS.writes));
    const answer = f.let(this.#l1d.access(lineOf(a.place, ramBase, l1d), dirty, at));
    f.if(f64.gt(answer, f64.at(answered.byteOffset)), () => f.storeAt(answered.byteOffset, answer));
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
