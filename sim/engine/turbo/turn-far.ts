// A store in a near state that is late as none was before: the state becomes far, as `PipelineMemo` has it become.
import { TO_FAR, USE_WORDS } from "../../timing/far-stores.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { WAITING } from "../../timing/variants.ts";
import { pushUse, usesOf, type FarCode } from "./far-code.ts";
import type { LateCode } from "./late-code.ts";
import { slotWord } from "./memo-code.ts";
import { outcomesOf } from "./shortcut-code.ts";
import { APPROACH } from "./shortcuts.ts";
import { f64, i32, WORD_BYTES, type Callee, type Functions, type Local, type Statements } from "./terms.ts";
import { F64, I32 } from "./wasm.ts";

const { const: word } = i32;

/**
 * `turnFar(approach, onTime, clock, accessCycles)`: the slot of a store that begins at a clock, from the far state that the approach's next
 * one becomes, all stores pushed; `onTime` is its script. 0 where that is left to the memo: nothing has changed then.
 */
export function turnFarFunction(module: Functions, { timing, memo }: LateCode, far: FarCode): Callee {
  const stores = timing.memo.far;
  return module.define([I32, I32, F64, F64], I32, (f, approach, onTime, clock, accessCycles) => {
    const unknown = (): void => f.return(word(0));
    f.if(f64.ge(clock, f64.at(stores.nearAt.byteOffset)), unknown);
    const turn = f.let(memo.slotOf(i32.load(approach, APPROACH.next), word(TO_FAR)));
    f.if(i32.not(turn), unknown);
    const state = f.let(slotWord(turn, "next"));
    const script = f.let(onTime);
    const slot = f.let(memo.slotOf(state, script));
    f.if(i32.not(slot), unknown);
    const first = f.let(i32.at(stores.next.byteOffset));
    const goOnBy = (variant: Local): void => {
      f.set(slot, memo.slotOf(state, variant));
      f.if(i32.not(slot), () => {
        f.storeAt(stores.next.byteOffset, first);
        unknown();
      });
    };
    pushAll(f, far, f.let(usesOf(stores, turn)), clock);
    const bufferCycles = f.let(far.waitFor(usesOf(stores, slot), clock, f64.const(stores.entries)));
    f.if(bufferCycles, () => {
      f.set(script, memo.variantOf(script, word(0), word(WAITING), word(NO_OVERLAP), word(0), bufferCycles));
      goOnBy(script);
    });
    const { translateCycles, blockedCycles } = outcomesOf(approach);
    f.if(i32.or(translateCycles, blockedCycles), () => {
      const late = [translateCycles, blockedCycles, word(NO_OVERLAP), word(0), word(0)];
      goOnBy(f.let(memo.variantOf(script, ...late)));
    });
    pushUse(f, far, i32.add(usesOf(stores, slot), word(WORD_BYTES)), clock, accessCycles);
    return slot;
  });
}

/** Pushes the stores of a list of uses, all of which are stores that have room. */
function pushAll(f: Statements, far: FarCode, list: Local, clock: Local): void {
  const left = f.let(i32.load(list));
  const use = f.let(i32.add(list, word(WORD_BYTES)));
  f.while(left, () => {
    pushUse(f, far, use, clock);
    f.set(use, i32.add(use, word(WORD_BYTES * USE_WORDS)));
    f.set(left, i32.sub(left, word(1)));
  });
}
