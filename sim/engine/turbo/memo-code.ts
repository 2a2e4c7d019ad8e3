// The code that looks up transitions where sim/timing/transitions.ts keeps them, and scripts where variants.ts does.
import type { PipelineMemo } from "../../timing/memo.ts";
import { NOBODY, SCRIPT_SPREAD, Slot, SLOT_WORDS, STATE_SPREAD } from "../../timing/transitions.ts";
import { ACCESS_SPREAD, OTHER_SPREAD, Variant, VARIANT_BITS, VARIANT_WORDS } from "../../timing/variants.ts";
import { element, i32, select, type Callee, type Functions, type Term } from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

export const slotWord = (slot: Term, name: keyof typeof Slot): Term => i32.load(slot, 4 * Slot[name]);

export interface MemoCode {
  readonly slotOf: Callee;
  readonly variantOf: Callee;
}

export const memoCode = (module: Functions, memo: PipelineMemo): MemoCode => ({
  slotOf: slotFunction(module, memo),
  variantOf: variantFunction(module, memo),
});

/** `slotOf(state, script)`: the linear address of a transition's slot; 0 where it is not known. */
function slotFunction(module: Functions, { slots, table: { first, shift } }: PipelineMemo): Callee {
  return module.define([I32, I32], I32, (f, state, script) => {
    const hash = i32.xor(i32.mul(state, word(STATE_SPREAD)), i32.mul(script, word(SCRIPT_SPREAD)));
    const shiftBy = f.let(i32.at(shift.byteOffset));
    const place = f.let(i32.shrU(hash, shiftBy));
    const slotAt = (): Term => element(slots.byteOffset + 4 * first, place, Math.log2(4 * SLOT_WORDS));
    const slot = f.let(slotAt());
    const isOther = i32.or(i32.ne(slotWord(slot, "state"), state), i32.ne(slotWord(slot, "script"), script));
    f.while(isOther, () => {
      f.if(i32.eq(slotWord(slot, "state"), word(NOBODY)), () => f.return(word(0)));
      f.set(place, i32.and(i32.add(place, word(1)), i32.shrU(word(-1), shiftBy)));
      f.set(slot, slotAt());
    });
    return slot;
  });
}

/**
 * `variantOf(onTime, blocked, overlap, access, tag)`: the script of what was not on time, though its page was at hand; `onTime` is its
 * script on time, what follows is as in a variant. -1 where it is not known.
 */
function variantFunction(module: Functions, { table: { variants } }: PipelineMemo): Callee {
  return module.define(
    [I32, I32, I32, I32, I32],
    I32,
    (f, onTime, blockedCycles, overlapAge, accessCycles, tagCycles) => {
      const others = i32.add(blockedCycles, i32.add(i32.shl(overlapAge, word(16)), i32.shl(tagCycles, word(8))));
      const spread = i32.xor(i32.mul(accessCycles, word(ACCESS_SPREAD)), i32.mul(others, word(OTHER_SPREAD)));
      const hash = i32.xor(i32.mul(onTime, word(SCRIPT_SPREAD)), spread);
      const index = i32.shrU(hash, word(32 - VARIANT_BITS));
      const variant = f.let(element(variants.byteOffset, index, Math.log2(4 * VARIANT_WORDS)));
      const wordOf = (name: keyof typeof Variant): Term => i32.load(variant, 4 * Variant[name]);
      const outcomes = { blockedCycles, overlapAge, accessCycles, tagCycles, translateCycles: word(0) };
      const same = Object.entries({ onTime, ...outcomes }).map(([name, value]) =>
        i32.eq(wordOf(name as keyof typeof Variant), value),
      );
      return select(same.reduce(i32.and), wordOf("script"), word(-1));
    },
  );
}
