// The code that looks up transitions where sim/timing/transitions.ts keeps them. A slot is given by its linear address, 0 where it
// holds another.
import type { PipelineMemo } from "../../timing/memo.ts";
import {
  ACCESS_SPREAD,
  LATE_SLOT_BITS,
  LATE_SLOT_WORDS,
  LateSlot,
  OTHER_SPREAD,
  SCRIPT_SPREAD,
  SLOT_BITS,
  SLOT_WORDS,
  STATE_SPREAD,
} from "../../timing/transitions.ts";
import { element, i32, select, type Callee, type Functions, type Term } from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

export const slotWord = (slot: Term, name: keyof typeof LateSlot): Term => i32.load(slot, 4 * LateSlot[name]);

const mix = (state: Term, script: Term): Term =>
  i32.xor(i32.mul(state, word(STATE_SPREAD)), i32.mul(script, word(SCRIPT_SPREAD)));

const isOf = (slot: Term, words: Readonly<Partial<Record<keyof typeof LateSlot, Term>>>): Term =>
  Object.entries(words)
    .map(([name, value]) => i32.eq(slotWord(slot, name as keyof typeof LateSlot), value))
    .reduce(i32.and);

/** `slotOf(state, script)`: the slot of a transition. */
export function slotFunction(module: Functions, { slots }: PipelineMemo): Callee {
  return module.define([I32, I32], I32, (f, state, script) => {
    const index = i32.shrU(mix(state, script), word(32 - SLOT_BITS));
    const slot = f.let(element(slots.byteOffset, index, Math.log2(4 * SLOT_WORDS)));
    return select(isOf(slot, { state, script }), slot, word(0));
  });
}

/**
 * `lateSlotOf(state, onTime, blocked, overlap, access, tag)`: that of an instruction whose page was at hand; `onTime` is the script of
 * the instruction on time, what follows its outcomes (`Lateness`).
 */
export function lateSlotFunction(module: Functions, { slots, firstLate }: PipelineMemo): Callee {
  return module.define(
    [I32, I32, I32, I32, I32, I32],
    I32,
    (f, state, onTime, blockedCycles, overlapAge, accessCycles, tagCycles) => {
      const others = i32.add(blockedCycles, i32.add(i32.shl(overlapAge, word(16)), i32.shl(tagCycles, word(8))));
      const spread = i32.xor(i32.mul(accessCycles, word(ACCESS_SPREAD)), i32.mul(others, word(OTHER_SPREAD)));
      const hash = f.let(i32.xor(mix(state, onTime), spread));
      const index = i32.and(i32.xor(hash, i32.shrU(hash, word(15))), word((1 << LATE_SLOT_BITS) - 1));
      const first = slots.byteOffset + 4 * firstLate;
      const slot = f.let(element(first, index, Math.log2(4 * LATE_SLOT_WORDS)));
      const outcomes = { blockedCycles, overlapAge, accessCycles, tagCycles, translateCycles: word(0) };
      return select(isOf(slot, { state, onTime, ...outcomes }), slot, word(0));
    },
  );
}
