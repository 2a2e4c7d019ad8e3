// The code that does with the stores of far states what sim/timing/far-stores.ts does, on the same words.
import { FIRST_FAR, TO_NEAR, USE, USE_PLACE_BITS, USE_WORDS, Use, type FarStores } from "../../timing/far-stores.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { WAITING } from "../../timing/variants.ts";
import { slotWord, type MemoCode } from "./memo-code.ts";
import type { Pieces } from "./pieces.ts";
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
import { F64, I32, I64 } from "./wasm.ts";

const { const: word } = i32;

export interface FarCode {
  /** Has a state be that by which one goes on; then does what there is to do in a far one. Clock and state are the last two of what is asked with. */
  readonly ifFar: (f: Statements, asked: readonly Local[], then: () => void) => void;
  /**
   * `pass(state, script, clock, row, within, youngest)`: the slot of a piece from a far state, as that of `PieceClock.slotOf`; 0 where
   * one is not known. `within` has a bit for each of its loads, by their places in the block; none's overlap age is less than `youngest`.
   */
  readonly pass: Callee;
  /** `waitFor(list, clock, age)`: as of `FarStores`, of what the list's first use says. */
  readonly waitFor: Callee;
  /** `push(at)`: as there. */
  readonly push: Callee;
}

export const isFar = (state: Term): Term => i32.lt(word(FIRST_FAR - 1), state);
const useOf = (use: Term): Term => i32.and(i32.load(use), word((1 << USE_PLACE_BITS) - 1));
const useIs = (use: Term, kind: keyof typeof Use): Term => i32.eq(useOf(use), word(Use[kind]));
/** A time of a use, in cycles after its script's begin. */
const useTime = (use: Term, name: "begin" | "at" | "doneAfter"): Term => f64.of(i32.load(use, WORD_BYTES * USE[name]));
/** `Lateness.bufferCycles` of a use that may go ahead at a time. */
const waitOf = (use: Term, clearAt: Term, clock: Term): Term =>
  i32.of(f64.sub(clearAt, f64.add(clock, useTime(use, "begin"))));
/** Where the list of a slot's uses lies: a word that says how many, and these. */
export const usesOf = ({ uses }: FarStores, slot: Term): Term =>
  element(uses.byteOffset, slotWord(slot, "waiting"), Math.log2(WORD_BYTES));

export function farCode(
  module: Functions,
  timing: GeneratedTiming,
  tables: Pick<Pieces, "loadsAt" | "agesAt">,
  memo: MemoCode,
): FarCode {
  const { far } = timing.memo;
  const push = pushFunction(module, far);
  const clearFor = clearForFunction(module, far);
  const settle = module.define([F64, I32], I32, (f, clock, state) => {
    const waits = f64.gt(doneAt(far, word(0)), f64.sub(clock, f64.const(1)));
    f.if(waits, () => f.return(state));
    const slot = f.let(memo.slotOf(state, word(TO_NEAR)));
    f.if(i32.not(slot), () => f.return(module.imported("settleState")(state, clock)));
    return slotWord(slot, "next");
  });
  const waitFor = module.define([I32, F64, F64], I32, (f, list, clock, age) => {
    f.if(i32.not(i32.load(list)), () => f.return(word(0)));
    const use = f.let(i32.add(list, word(WORD_BYTES)));
    const clearAt = f.let(clearFor(useOf(use), age));
    f.if(f64.le(clearAt, f64.add(clock, useTime(use, "at"))), () => f.return(word(0)));
    return waitOf(use, clearAt, clock);
  });
  return { ifFar: ifFar(settle), push, waitFor, pass: passFunction(module, far, tables, { ...memo, push, clearFor }) };
}

/** When the store is written that came so many before the youngest. */
const doneAt = ({ ring, next, mask }: FarStores, age: Term): Term => {
  const place = i32.and(i32.sub(i32.sub(i32.at(next.byteOffset), word(1)), age), word(mask));
  return f64.load(element(ring.byteOffset, place, Math.log2(NUMBER_BYTES)));
};

function pushFunction(module: Functions, far: FarStores): Callee {
  const { ring, next, mask } = far;
  return module.define([F64], undefined, (f, at) => {
    const place = f.let(i32.at(next.byteOffset));
    const done = f64.max(at, f.let(f64.add(doneAt(far, word(0)), f64.const(1))));
    f.store(element(ring.byteOffset, place, Math.log2(NUMBER_BYTES)), 0, done);
    f.storeAt(next.byteOffset, i32.and(i32.add(place, word(1)), word(mask)));
  });
}

function clearForFunction(module: Functions, far: FarStores): Callee {
  return module.define([I32, F64], F64, (f, use, age) => {
    f.if(i32.eq(use, word(Use.all)), () => f.return(doneAt(far, word(0))));
    f.if(i32.eq(use, word(Use.store)), () => f.return(doneAt(far, word(far.entries - 1))));
    f.if(f64.lt(age, f64.const(far.entries)), () => f.return(doneAt(far, i32.of(age))));
    return f64.const(-Infinity);
  });
}

function passFunction(
  module: Functions,
  far: FarStores,
  { loadsAt, agesAt }: Pick<Pieces, "loadsAt" | "agesAt">,
  { slotOf, variantOf, push, clearFor }: MemoCode & Readonly<Record<"push" | "clearFor", Callee>>,
): Callee {
  const nextAt = far.next.byteOffset;
  return module.define([I32, I32, F64, I32, I64, F64], I32, (f, state, script, clock, row, within, youngest) => {
    const slot = f.let(slotOf(state, script));
    f.if(i32.not(slot), () => f.return(word(0)));
    const list = f.let(usesOf(far, slot));
    const left = f.let(i32.load(list));
    f.if(i32.not(left), () => f.return(slot));
    const first = f.let(i32.at(nextAt));
    const loads = f.let(i64.and(i64.load(element(loadsAt, row, 3)), within));
    const use = f.let(i32.add(list, word(WORD_BYTES)));
    const age = f.let(youngest);
    f.while(left, () => {
      f.if(i32.and(useIs(use, "load"), f64.lt(youngest, f64.const(far.entries))), () => {
        f.set(age, f64.load(element(agesAt, i32.low(i64.ctz(loads)), 3)));
        f.set(loads, i64.and(loads, i64.sub(loads, i64.const(1n))));
      });
      const clearAt = f.let(clearFor(useOf(use), age));
      f.if(f64.gt(clearAt, f64.add(clock, useTime(use, "at"))), () => {
        const cycles = waitOf(use, clearAt, clock);
        const place = i32.shrU(i32.load(use), word(USE_PLACE_BITS));
        f.set(script, variantOf(script, word(0), word(WAITING), word(NO_OVERLAP), place, cycles));
        f.set(slot, slotOf(state, script));
        f.if(i32.not(slot), () => {
          f.storeAt(nextAt, first);
          f.return(word(0));
        });
        f.set(use, i32.sub(use, list));
        f.set(list, usesOf(far, slot));
        f.set(use, i32.add(use, list));
      });
      f.if(useIs(use, "store"), () => pushUse(f, { push }, use, clock));
      f.set(use, i32.add(use, word(WORD_BYTES * USE_WORDS)));
      f.set(left, i32.sub(left, word(1)));
    });
    return slot;
  });
}

/** @param settle - `settle(clock, state)`: as `PipelineMemo.settle` of a far state. */
function ifFar(settle: Callee): FarCode["ifFar"] {
  return (f, asked, then) => {
    const [clock, state] = asked.slice(-2) as [Local, Local];
    f.rarely(isFar(state), () => {
      f.set(state, settle(clock, state));
      f.if(isFar(state), then);
    });
  };
}

/** Pushes the store of a use, whose script began at a clock; it is late by so many cycles. */
export function pushUse(f: Statements, { push }: Pick<FarCode, "push">, use: Term, clock: Term, late?: Term): void {
  const written = f64.add(f64.add(clock, useTime(use, "at")), useTime(use, "doneAfter"));
  f.do(push(late === undefined ? written : f64.add(written, late)));
}
