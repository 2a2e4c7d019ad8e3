// The code that looks up transitions where sim/timing/transitions.ts keeps them, and scripts where variants.ts does; and has those made that
// are not known.
import { LONGEST_PIECE, type GeneratedTiming } from "../../timing/generated.ts";
import type { PipelineMemo } from "../../timing/memo.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { NOBODY, SCRIPT_SPREAD, Slot, SLOT_WORDS, STATE_SPREAD } from "../../timing/transitions.ts";
import {
  ACCESS_SPREAD,
  MANY_OVERLAPS,
  OTHER_SPREAD,
  OVERLAP,
  OVERLAPPING,
  TRANSLATE_SPREAD,
  Variant,
  VARIANT_BITS,
  VARIANT_WORDS,
} from "../../timing/variants.ts";
import { InternerCode, put } from "./intern-code.ts";
import type { Pieces } from "./pieces.ts";
import {
  element,
  f64,
  i32,
  i64,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { I32, I64 } from "./wasm.ts";

const { const: word } = i32;

export const slotWord = (slot: Term, name: keyof typeof Slot): Term => i32.load(slot, 4 * Slot[name]);

export interface MemoCode {
  readonly slotOf: Callee;
  readonly variantOf: Callee;
  readonly overlapsOf: Callee;
  readonly overlappingOf: (overlaps: Local, script: Term) => Term;
}

type LoadTables = Pick<Pieces, "loadsAt" | "agesAt">;

export function memoCode(module: Functions, timing: GeneratedTiming, tables: LoadTables): MemoCode {
  const { memo } = timing;
  const variantOf = variantFunction(module, memo, module.imported("makeVariant"));
  return {
    slotOf: slotFunction(module, memo, module.imported("compute")),
    variantOf,
    overlapsOf: overlapsFunction(module, timing, tables),
    overlappingOf: overlappingOf(variantOf),
  };
}

/** The linear addresses of the slots in which a transition's may be: the first, and the next after one. */
export interface SlotPlaces {
  readonly first: (state: Term, script: Term) => Term;
  readonly next: (slot: Term) => Term;
}

export function slotPlaces({ slots, table: { first, shift } }: PipelineMemo): SlotPlaces {
  const firstAt = slots.byteOffset + 4 * first;
  const bits = Math.log2(4 * SLOT_WORDS);
  const mask = i32.shl(i32.shrU(word(-1), i32.at(shift.byteOffset)), word(bits));
  return {
    first: (state, script) => {
      const hash = i32.xor(i32.mul(state, word(STATE_SPREAD)), i32.mul(script, word(SCRIPT_SPREAD)));
      return element(firstAt, i32.shrU(hash, i32.at(shift.byteOffset)), bits);
    },
    next: (slot) => i32.add(word(firstAt), i32.and(i32.sub(slot, word(firstAt - (1 << bits))), mask)),
  };
}

/** `slotOf(state, script)`: the linear address of a transition's slot, which may be computed; 0 where that is left to the memo. */
function slotFunction(module: Functions, memo: PipelineMemo, compute: Callee): Callee {
  const places = slotPlaces(memo);
  const search = module.define([I32, I64], I32, (f, slot, wanted) => {
    f.while(i64.ne(i64.load(slot), wanted), () => {
      f.if(i32.eq(slotWord(slot, "state"), word(NOBODY)), () => {
        f.return(compute(i32.low(wanted), i32.low(i64.shrU(wanted, i64.const(32n)))));
      });
      f.set(slot, places.next(slot));
    });
    return slot;
  });
  return module.define([I32, I32], I32, (f, state, script) => {
    const slot = f.let(places.first(state, script));
    const wanted = f.let(pair(state, script));
    f.rarely(i64.ne(i64.load(slot), wanted), () => f.set(slot, search(slot, wanted)));
    return slot;
  });
}

/** Two words that follow one another in memory. */
const pair = (first: Term, second: Term): Term => i64.or(i64.of(first), i64.shl(i64.of(second), i64.const(32n)));

/**
 * `variantOf(onTime, translate, blocked, overlap, access, tag)`: the script of what was not on time; `onTime` is its script on time, what
 * follows is as in a variant. It may be made; -1 where that is left to the memo.
 */
function variantFunction(module: Functions, { table: { variants } }: PipelineMemo, makeVariant: Callee): Callee {
  return module.define(
    [I32, I32, I32, I32, I32, I32],
    I32,
    (f, onTime, translateCycles, blockedCycles, overlapAge, accessCycles, tagCycles) => {
      const others = i32.add(blockedCycles, i32.add(i32.shl(overlapAge, word(16)), i32.shl(tagCycles, word(8))));
      const spread = [
        i32.mul(onTime, word(SCRIPT_SPREAD)),
        i32.mul(translateCycles, word(TRANSLATE_SPREAD)),
        i32.mul(accessCycles, word(ACCESS_SPREAD)),
        i32.mul(others, word(OTHER_SPREAD)),
      ];
      const hash = spread.reduce(i32.xor);
      const index = i32.shrU(hash, word(32 - VARIANT_BITS));
      const variant = f.let(element(variants.byteOffset, index, Math.log2(4 * VARIANT_WORDS)));
      const differs = (name: keyof typeof Variant, first: Term, second: Term): Term =>
        i64.xor(i64.load(variant, 4 * Variant[name]), pair(first, second));
      const differences = [
        differs("onTime", onTime, translateCycles),
        differs("blockedCycles", blockedCycles, overlapAge),
        differs("accessCycles", accessCycles, tagCycles),
      ];
      f.rarely(i32.not(i64.isZero(differences.reduce(i64.or))), () => {
        const outcomes = { translateCycles, blockedCycles, overlapAge, accessCycles, tagCycles };
        const script = f.let(makeVariant(onTime, ...Object.values(outcomes)));
        f.if(i32.lt(script, word(0)), () => f.return(script));
        for (const [name, value] of Object.entries({ onTime, ...outcomes, script }))
          f.store(variant, 4 * Variant[name as keyof typeof Variant], value);
      });
      return i32.load(variant, 4 * Variant.script);
    },
  );
}

/**
 * `overlapsOf(row, within)`: the overlaps of a piece that begins with a row, of whose loads `within` has a bit by their places in the
 * block, as `overlapsOf` of variants.ts, or MANY_OVERLAPS and the number of their sequence; 0 where there is no room for that.
 */
function overlapsFunction(module: Functions, timing: GeneratedTiming, tables: LoadTables): Callee {
  const { entries } = timing.fastPaths.storeBlocks;
  const many = manyOverlapsFunction(module, timing, tables);
  return module.define([I32, I64], I64, (f, row, within) => {
    const overlaps = f.let(i64.const(1n));
    forEachOverlap(f, tables, { row, within, entries }, (overlap) => {
      const most = i64.const(BigInt(OVERLAP.bits * OVERLAP.most));
      f.if(i32.not(i64.isZero(i64.shrU(overlaps, most))), () => f.return(many(row, within)));
      f.set(overlaps, i64.or(i64.shl(overlaps, i64.const(BigInt(OVERLAP.bits))), i64.of(overlap)));
    });
    return overlaps;
  });
}

/** `many(row, within)`: the same of overlaps that are too many for a word of 64 bits. */
function manyOverlapsFunction(module: Functions, { memo, fastPaths }: GeneratedTiming, tables: LoadTables): Callee {
  const { entries } = fastPaths.storeBlocks;
  const sequences = new InternerCode(module, memo.computing.overlaps);
  return module.define([I32, I64], I64, (f, row, within) => {
    const unknown = (): void => f.return(i64.const(0n));
    f.if(sequences.lacksRoom(LONGEST_PIECE), unknown);
    const write = (to: Local): void =>
      forEachOverlap(f, tables, { row, within, entries }, (overlap) => put(f, to, overlap));
    const number = f.let(sequences.written(f, write));
    f.if(i32.lt(number, word(0)), unknown);
    return i64.or(i64.of(number), i64.const(BigInt(MANY_OVERLAPS) << 32n));
  });
}

/** Of each load that overlaps a store that may wait: its place among the piece's loads, and its overlap age (`OVERLAP`). */
function forEachOverlap(
  f: Statements,
  { loadsAt, agesAt }: LoadTables,
  { row, within, entries }: { readonly row: Local; readonly within: Local; readonly entries: number },
  visit: (overlap: Term) => void,
): void {
  const loads = f.let(i64.and(i64.load(element(loadsAt, row, 3)), within));
  const load = f.let(word(0));
  f.while(i32.not(i64.isZero(loads)), () => {
    const age = f.let(f64.load(element(agesAt, i32.low(i64.ctz(loads)), 3)));
    f.if(f64.lt(age, f64.const(entries)), () => visit(i32.or(i32.shl(load, word(OVERLAP.ageBits)), i32.of(age))));
    f.set(load, i32.add(load, word(1)));
    f.set(loads, i64.and(loads, i64.sub(loads, i64.const(1n))));
  });
}

/** The script with these overlaps, by the one without any; -1 where it is not known. */
const overlappingOf =
  (variantOf: Callee) =>
  (overlaps: Local, script: Term): Term => {
    const [low, high] = [i32.low(overlaps), i32.low(i64.shrU(overlaps, i64.const(32n)))];
    return variantOf(script, word(0), word(OVERLAPPING), word(NO_OVERLAP), low, high);
  };
