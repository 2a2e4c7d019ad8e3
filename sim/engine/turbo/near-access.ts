// A late access from a near state: by shortcuts, and else the long way (shortcut-code.ts).
import type { Access, AccessWay } from "./late-access.ts";
import { countAt, type LateCode, type LateWay } from "./late-code.ts";
import type { PageCode } from "./late-page.ts";
import type { OwnFunctions } from "./own-functions.ts";
import { ACCESS, POINT } from "./points.ts";
import { outcomesOf, shortcutCode, type ApproachOutcomes, type ShortcutCode } from "./shortcut-code.ts";
import { APPROACH, ARRIVAL } from "./shortcuts.ts";
import { overlapAgeOf } from "./store-code.ts";
import { turnFarFunction } from "./turn-far.ts";
import { f64, i32, type Callee, type Functions, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

export class NearAccess implements AccessWay {
  readonly #code: LateCode;
  readonly #dataPage: PageCode;
  readonly #shortcuts: ShortcutCode;
  readonly #turnFar: Callee;
  readonly #finish: Callee;
  /** Where the approach lies of the access that is being written. */
  #approach!: Local;

  constructor(module: Functions, code: LateCode, { dataPage, far }: Pick<OwnFunctions, "dataPage" | "far">) {
    this.#code = code;
    this.#dataPage = dataPage;
    this.#turnFar = turnFarFunction(module, code, far);
    this.#shortcuts = shortcutCode(module, code);
    this.#finish = module.imported("finish");
  }

  approach(f: Statements, a: Access, ask: () => void, ifOnTime: (at: Local) => void): Term {
    const approach = this.#shortcuts.approach(f, a, ask);
    this.#approach = approach;
    const begin = f.let(f64.add(a.clock, f64.load(approach, APPROACH.cycles)));
    ifOnTime(f.let(f64.add(begin, f64.load(approach, APPROACH.accessAt))));
    const late = (name: keyof ApproachOutcomes): LateWay => ({
      ask,
      isLate: (cycles) => this.#isLate(f, a, { [name]: cycles }, ask),
    });
    const transition = i32.load(approach, APPROACH.transition);
    this.#code.awaitPage(f, this.#dataPage, { page: a.page, begin, transition }, late("translateCycles"));
    this.#code.awaitCache(f, begin, i32.load(approach, APPROACH.blockedAt), late("blockedCycles"));
    this.#awaitStores(f, a, ask);
    f.set(a.clock, begin);
    countAt(f, f.let(i32.load(approach, APPROACH.taken)));
    return f64.load(approach, APPROACH.accessAt);
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
        f.if(i32.and(a.flags, word(ACCESS.stores)), () => {
          const slot = f.let(this.#turnFar(approach, i32.load(a.record, POINT.onTime), a.clock, accessCycles));
          f.if(slot, () => {
            this.#code.take(f, slot, a);
            done();
          });
        });
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
