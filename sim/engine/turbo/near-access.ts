// A late access from a near state: by shortcuts, and else the long way (shortcut-code.ts).
import { MOST_LATE_CYCLES } from "../../timing/memo.ts";
import type { Access, AccessWay } from "./late-access.ts";
import { countAt, type LateCode } from "./late-code.ts";
import type { PageCode } from "./late-page.ts";
import { ACCESS, POINT } from "./points.ts";
import { outcomesOf, shortcutCode, type ApproachOutcomes, type ShortcutCode } from "./shortcut-code.ts";
import { APPROACH, ARRIVAL } from "./shortcuts.ts";
import { overlapAgeOf } from "./store-code.ts";
import { f64, i32, type Callee, type Functions, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

export class NearAccess implements AccessWay {
  readonly #code: LateCode;
  readonly #dataPage: PageCode;
  readonly #shortcuts: ShortcutCode;
  readonly #finish: Callee;
  /** Where the approach lies of the access that is being written. */
  #approach!: Local;

  constructor(module: Functions, code: LateCode, dataPage: PageCode) {
    this.#code = code;
    this.#dataPage = dataPage;
    this.#shortcuts = shortcutCode(module, code);
    this.#finish = module.imported("finish");
  }

  approach(f: Statements, a: Access, ask: () => void): Term {
    const approach = this.#shortcuts.approach(f, a, ask);
    this.#approach = approach;
    const { blocking } = this.#code.timing.fastPaths.memory.l1d;
    const begin = f.let(f64.add(a.clock, f64.load(approach, APPROACH.cycles)));
    this.#awaitPage(f, a, begin, ask);
    if (blocking) this.#awaitCache(f, a, begin, ask);
    this.#awaitStores(f, a, ask);
    f.set(a.clock, begin);
    countAt(f, f.let(i32.load(approach, APPROACH.taken)));
    return f64.load(approach, APPROACH.accessAt);
  }

  /** Issue stops until the translation is there. */
  #awaitPage(f: Statements, a: Access, begin: Local, ask: () => void): void {
    const asked = f64.add(begin, this.#code.translateAt(i32.load(this.#approach, APPROACH.transition)));
    this.#dataPage.ifMissing(f, a.page, asked, () => {
      const { cycles } = a.page;
      f.rarely(f64.gt(cycles, f64.const(MOST_LATE_CYCLES)), ask);
      f.if(f64.gt(cycles, f64.const(0)), () => this.#isLate(f, a, { translateCycles: i32.of(cycles) }, ask));
    });
  }

  /** A cache without MSHRs answers nobody while a miss is outstanding. */
  #awaitCache(f: Statements, a: Access, begin: Local, ask: () => void): void {
    const { busy } = this.#code.timing.fastPaths.memory.l1d;
    const at = f64.add(begin, f64.of(i32.load(this.#approach, APPROACH.blockedAt)));
    const cycles = f.let(f64.sub(f64.at(busy.byteOffset), at));
    f.rarely(f64.gt(cycles, f64.const(MOST_LATE_CYCLES)), ask);
    f.if(f64.gt(cycles, f64.const(0)), () => this.#isLate(f, a, { blockedCycles: i32.of(cycles) }, ask));
  }

  /** A load may have to wait for a store that it overlaps. */
  #awaitStores(f: Statements, a: Access, ask: () => void): void {
    const { storeBlocks } = this.#code.timing.fastPaths;
    if (storeBlocks.forwards) return;
    f.if(i32.not(i32.and(a.flags, word(ACCESS.writes))), () => {
      const waiting = f.let(i32.load(this.#approach, APPROACH.waiting));
      f.if(waiting, () => {
        const age = f.let(overlapAgeOf(f, a.place, a.last, storeBlocks));
        f.rarely(f64.lt(age, f64.of(waiting)), () => this.#isLate(f, a, { overlapAge: i32.of(age) }, ask));
      });
    });
  }

  /** One more outcome of the instruction: its approach is one of its own. */
  #isLate(f: Statements, a: Access, outcome: Partial<ApproachOutcomes>, ask: () => void): void {
    const onTime = i32.load(a.record, POINT.onTime);
    f.set(this.#approach, this.#shortcuts.own(this.#approach, onTime, outcome));
    f.rarely(i32.not(this.#approach), ask);
  }

  arrive(f: Statements, a: Access, accessCycles: Local, tagCycles: Local): void {
    const approach = this.#approach;
    f.block((done) => {
      const arrival = this.#shortcuts.arrival(f, { ...a, approach, accessCycles, tagCycles }, () => {
        f.set(a.state, i32.load(approach, APPROACH.next));
        const { translateCycles, blockedCycles, overlapAge } = outcomesOf(approach);
        const late = [translateCycles, blockedCycles, overlapAge, word(0), accessCycles, tagCycles];
        this.#code.outside(f, a, this.#finish(a.point, ...late));
        done();
      });
      countAt(f, f.let(i32.load(arrival, ARRIVAL.taken)));
      f.set(a.clock, f64.add(a.clock, f64.of(i32.load(arrival, ARRIVAL.cycles))));
      f.set(a.state, i32.load(arrival, ARRIVAL.next));
    });
  }
}
