// The code of a fetch that may be late: what `Pieces.fetch` does for it (pieces.ts), but for what is left to the memo.
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { forgetTagCycles } from "./answers.ts";
import type { LateCode } from "./late-code.ts";
import type { Page, PageCode } from "./late-page.ts";
import { IN_HAND, LINE } from "./lines.ts";
import type { Now, OwnFunctions } from "./own-functions.ts";
import type { CacheCode } from "./parts/cache.ts";
import { LATE_FETCH } from "./pieces.ts";
import { ACCESS, FETCH_OFFSET, POINT, POINT_INDEX, POINT_SHIFT } from "./points.ts";
import { ANSWER, spilled } from "./questions.ts";
import {
  element,
  f64,
  i32,
  i64,
  NUMBER_BYTES,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";

const { const: word } = i32;

type Seven = [Local, Local, Local, Local, Local, Local, Local];

/** Writes the function of near states, or of far ones. */
export class LateFetch {
  readonly #code: LateCode;
  readonly #l1i: CacheCode;
  readonly #codePage: PageCode;
  readonly #ask: Callee;
  readonly #finish: Callee;
  readonly #stop: Callee;

  constructor(module: Functions, code: LateCode, own: Pick<OwnFunctions, "l1i" | "codePage">) {
    this.#code = code;
    this.#l1i = own.l1i;
    this.#codePage = own.codePage;
    this.#ask = module.imported("fetch");
    this.#finish = module.imported("finishFetch");
    this.#stop = module.imported("stopFetch");
  }

  write(f: Statements, params: readonly Local[]): void {
    const [point, row, line, inHand, age, clockBefore, stateBefore] = params as Seven;
    const code = this.#code;
    const { fastPaths } = code.timing;
    f.block((ask) => {
      const record = f.let(element(code.tables.points.at, point, POINT_SHIFT));
      const number = f.let(i32.load(record, POINT.last));
      const flags = f.let(i32.load(record, POINT.flags));
      const pageCycles = f.let(f64.const(0));
      const leaf = this.#codePage.find(f, i32.and(flags, word(ACCESS.translated)), number, ask);
      const page: Page = { number, leaf, cycles: pageCycles };
      const [clock, state] = [f.let(clockBefore), f.let(stateBefore)];
      const before = code.pieceBefore(f, "tellFetch", { record, row, age, clock, state }, ask);
      const onTime = f.let(i32.load(record, POINT.onTime));
      f.if(before, () => code.countTaken(f, before));
      this.#codePage.await(f, page, clock);
      const offset = i32.shrU(i32.and(flags, word(2 ** POINT_INDEX - 1)), word(FETCH_OFFSET));
      this.#note(f, line, offset, clock);
      this.#throughCache(f, { point, line, onTime, clock, state, pageCycles });
      f.storeAt(code.tables.lateFetch.byteOffset + LATE_FETCH.doneAt, clock);
      f.rarely(code.isNear(f, clock), () => f.return(clock, state, this.#stop()));
      f.return(clock, state, word(ANSWER.wentThrough));
    });
    code.spill(f, { clock: clockBefore, state: stateBefore });
    for (const offset of IN_HAND) f.storeAt(fastPaths.line.line.byteOffset + offset, i64.load(inHand, offset));
    const answer = f.let(this.#ask(point, row, line));
    f.return(...spilled(code.timing), answer);
  }

  /** A fetch begins of what lies at an offset in a line, which is in hand from now on. */
  #note(f: Statements, line: Local, offset: Term, clock: Local): void {
    const { line: inHand } = this.#code.timing.fastPaths.line;
    const { byteOffset } = this.#code.tables.lateFetch;
    const virt = f.let(f64.load(line, LINE.virt));
    f.storeAt(byteOffset + LATE_FETCH.pc, f64.add(virt, f64.of(offset)));
    f.storeAt(byteOffset + LATE_FETCH.beganAt, clock);
    f.storeAt(inHand.byteOffset, virt);
    f.storeAt(inHand.byteOffset + NUMBER_BYTES, f64.load(line, LINE.delta));
  }

  /** The instruction cache answers, and fetch stands still for as long. */
  #throughCache(f: Statements, o: Now & Readonly<Record<"point" | "line" | "onTime" | "pageCycles", Local>>): void {
    const code = this.#code;
    forgetTagCycles(f, code.timing.fastPaths.memory);
    const number = i32.shrU(i32.load(o.line, LINE.word), word(1));
    const at = f.let(f64.add(o.clock, o.pageCycles));
    const cycles = f.let(f64.sub(this.#l1i.access(number, word(0), at), at));
    const tagCycles = code.tagCyclesOf(f, cycles);
    const slot = f.let(word(0));
    const isLate = f.let(f64.gt(f64.add(o.pageCycles, cycles), f64.const(0)));
    f.if(isLate, () => {
      const { slotOf, variantOf } = code.memo;
      const late = [i32.of(o.pageCycles), word(0), word(NO_OVERLAP), i32.of(cycles), i32.of(tagCycles)];
      f.set(slot, slotOf(o.state, variantOf(o.onTime, ...late)));
    });
    f.if(slot, () => code.take(f, slot, o));
    f.rarely(i32.and(isLate, i32.not(slot)), () =>
      code.outside(f, o, this.#finish(o.point, o.pageCycles, cycles, tagCycles)),
    );
  }
}
