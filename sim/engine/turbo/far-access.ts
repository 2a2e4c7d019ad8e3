// A late access from a far state: stores may stand in the way, whose times are not in the state.
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { WAITING } from "../../timing/variants.ts";
import { pushUse, usesOf, type FarCode } from "./far-code.ts";
import type { Access, AccessWay } from "./late-access.ts";
import type { LateCode, LateWay } from "./late-code.ts";
import type { PageCode } from "./late-page.ts";
import { slotWord } from "./memo-code.ts";
import type { OwnFunctions } from "./own-functions.ts";
import { ACCESS, POINT } from "./points.ts";
import { overlapAgeOf } from "./store-code.ts";
import { f64, i32, WORD_BYTES, type Callee, type Functions, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

/** What is found of the access that is being written. */
interface Found {
  /** The script of its instruction, all else on time but for `bufferCycles`; its slot with the outcomes found so far. */
  readonly onTime: Local;
  readonly slot: Local;
  readonly translateCycles: Local;
  readonly blockedCycles: Local;
  readonly overlapAge: Local;
  readonly bufferCycles: Local;
}

export class FarAccess implements AccessWay {
  readonly #code: LateCode;
  readonly #far: FarCode;
  readonly #dataPage: PageCode;
  readonly #finish: Callee;
  #found!: Found;

  constructor(module: Functions, code: LateCode, { far, dataPage }: Pick<OwnFunctions, "far" | "dataPage">) {
    this.#code = code;
    this.#far = far;
    this.#dataPage = dataPage;
    this.#finish = module.imported("finish");
  }

  approach(f: Statements, a: Access, ask: () => void): Term {
    const before = this.#code.pieceBefore(f, "tellAccess", a, ask);
    const onTime = f.let(i32.load(a.record, POINT.onTime));
    const slot = f.let(this.#code.memo.slotOf(a.state, onTime));
    f.rarely(i32.not(slot), ask);
    const [translateCycles, blockedCycles, bufferCycles] = [f.let(word(0)), f.let(word(0)), f.let(word(0))];
    const overlapAge = f.let(word(NO_OVERLAP));
    this.#found = { onTime, slot, translateCycles, blockedCycles, overlapAge, bufferCycles };
    this.#meetStores(f, a, ask);
    const late = (outcome: Local): LateWay => ({
      ask,
      isLate: (cycles) => {
        f.set(outcome, cycles);
        f.set(slot, this.#lateSlotOf(a, word(0), word(0)));
        f.rarely(i32.not(slot), ask);
      },
    });
    const transition = slotWord(slot, "transition");
    this.#code.awaitPage(f, this.#dataPage, { page: a.page, begin: a.clock, transition }, late(translateCycles));
    this.#code.awaitCache(f, a.clock, slotWord(slot, "blockedAt"), late(blockedCycles));
    f.if(before, () => this.#code.countTaken(f, before));
    return f64.of(slotWord(slot, "accessAt"));
  }

  /** Stores may stand in the way. */
  #meetStores(f: Statements, a: Access, ask: () => void): void {
    const { storeBlocks } = this.#code.timing.fastPaths;
    const { onTime, slot, overlapAge, bufferCycles } = this.#found;
    const age = f.let(f64.const(storeBlocks.entries));
    if (!storeBlocks.forwards)
      f.if(i32.not(i32.and(a.flags, word(ACCESS.writes))), () =>
        f.set(age, overlapAgeOf(f, a.place, a.last, storeBlocks)),
      );
    f.set(bufferCycles, this.#far.waitFor(usesOf(this.#code.timing.memo.far, slot), a.clock, age));
    f.if(bufferCycles, () => {
      const { slotOf, variantOf } = this.#code.memo;
      f.set(onTime, variantOf(onTime, word(0), word(WAITING), word(NO_OVERLAP), word(0), bufferCycles));
      f.set(slot, slotOf(a.state, onTime));
      f.rarely(i32.not(slot), ask);
      f.if(f64.lt(age, f64.const(storeBlocks.entries)), () => f.set(overlapAge, i32.of(age)));
    });
  }

  /**
   * The slot of the instruction with the outcomes found so far and these; what is unknown has none. The script says already how long the
   * store that is overlapped stands in the way.
   */
  #lateSlotOf(a: Access, accessCycles: Term, tagCycles: Term): Term {
    const { slotOf, variantOf } = this.#code.memo;
    const { onTime, translateCycles, blockedCycles } = this.#found;
    const late = [translateCycles, blockedCycles, word(NO_OVERLAP), accessCycles, tagCycles];
    return slotOf(a.state, variantOf(onTime, ...late));
  }

  arrive(f: Statements, a: Access, accessCycles: Local, tagCycles: Local): void {
    const { slot, translateCycles, blockedCycles, overlapAge, bufferCycles } = this.#found;
    const use = i32.add(usesOf(this.#code.timing.memo.far, slot), word(WORD_BYTES));
    // Where these are more than a word tells, no slot has them.
    const isLate = (): void => f.set(slot, this.#lateSlotOf(a, i32.of(accessCycles), i32.of(tagCycles)));
    f.if(
      i32.and(a.flags, word(ACCESS.stores)),
      () => pushUse(f, this.#far, use, a.clock, accessCycles),
      () => f.if(f64.gt(accessCycles, f64.const(0)), isLate),
    );
    const found = [translateCycles, blockedCycles, overlapAge, bufferCycles];
    const finish = this.#finish(a.point, ...found, accessCycles, tagCycles);
    f.if(
      slot,
      () => this.#code.take(f, slot, a),
      () => this.#code.outside(f, a, finish),
    );
  }
}
