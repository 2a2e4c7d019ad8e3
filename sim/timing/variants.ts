// Scripts some of whose outcomes were late, by the script with all of them on time: in words that generated code looks up by itself.
import type { Storage } from "./part.ts";
import { ON_TIME, type AgeAt, type Lateness, type Script } from "./script.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Class, traitClass } from "./traits.ts";
import { SCRIPT_SPREAD } from "./transitions.ts";

/** Words of a variant. Of an instruction, and of a fetch, `Lateness`; of a piece with loads that overlap stores, `overlapsOf`. */
export const Variant = {
  ...{ onTime: 0, translateCycles: 1, blockedCycles: 2, overlapAge: 3, accessCycles: 4, tagCycles: 5 },
  script: 6,
} as const;
export const VARIANT_WORDS = 8;
export const VARIANT_BITS = 13;
/** Any odd numbers. */
export const ACCESS_SPREAD = 0xc2b2ae35;
export const OTHER_SPREAD = 0x165667b1;
export const TRANSLATE_SPREAD = 0x27d4eb2f;
const UNKNOWN = -1;

/** In place of blocked cycles: a piece is meant, with loads that overlap stores. */
export const OVERLAPPING = -2;
/** The same: of a script that begins in a far state, the instruction at the place `accessCycles` is late by `tagCycles` of `Lateness.bufferCycles`. */
export const WAITING = -3;
/** An overlap: the load's place among the piece's loads, and its overlap age. A piece has as many as fit beside a 1 before the first. */
export const OVERLAP = { ageBits: 6, bits: 12, most: 4 } as const;
/** In generated code, where a piece has more: this bit of the second word; the first is the number of the sequence of its overlaps (scripts.ts). */
export const MANY_OVERLAPS = 1 << 30;

/** The overlaps of a piece, in two words of what an instruction's lateness would be; undefined where there are too many. */
export function overlapsOf({ words, length }: Script, ageAt: AgeAt): Lateness | undefined {
  let overlaps = 1;
  let load = 0;
  for (let i = 0; i < length; i += 1) {
    if (traitClass(words[i]!) !== Class.load) continue;
    const age = ageAt(i);
    if (age !== NO_OVERLAP) {
      if (overlaps >= 2 ** (OVERLAP.bits * OVERLAP.most)) return undefined;
      overlaps = (overlaps * 2 ** (OVERLAP.bits - OVERLAP.ageBits) + load) * 2 ** OVERLAP.ageBits + age;
    }
    load += 1;
  }
  const [low, high] = [overlaps | 0, Math.floor(overlaps / 2 ** 32)];
  return { ...ON_TIME, blockedCycles: OVERLAPPING, accessCycles: low, tagCycles: high };
}

/** Direct-mapped: a variant may displace another. */
export class Variants {
  readonly words: Int32Array;

  constructor(storage: Storage) {
    this.words = storage.int32(VARIANT_WORDS << VARIANT_BITS, UNKNOWN);
  }

  /** The script's number; -1 where it is not known. */
  find(onTime: number, late: Lateness): number {
    const { words } = this;
    const at = placeOf(onTime, late);
    const same =
      words[at] === onTime &&
      words[at + Variant.accessCycles] === late.accessCycles &&
      words[at + Variant.translateCycles] === late.translateCycles &&
      words[at + Variant.blockedCycles] === late.blockedCycles &&
      words[at + Variant.overlapAge] === late.overlapAge &&
      words[at + Variant.tagCycles] === late.tagCycles;
    return same ? words[at + Variant.script]! : UNKNOWN;
  }

  set(onTime: number, late: Lateness, script: number): void {
    const { words } = this;
    const at = placeOf(onTime, late);
    words[at] = onTime;
    words[at + Variant.translateCycles] = late.translateCycles;
    words[at + Variant.blockedCycles] = late.blockedCycles;
    words[at + Variant.overlapAge] = late.overlapAge;
    words[at + Variant.accessCycles] = late.accessCycles;
    words[at + Variant.tagCycles] = late.tagCycles;
    words[at + Variant.script] = script;
  }

  clear(): void {
    this.words.fill(UNKNOWN);
  }
}

function placeOf(onTime: number, late: Lateness): number {
  const others = late.blockedCycles + (late.overlapAge << 16) + (late.tagCycles << 8);
  let hash = Math.imul(onTime, SCRIPT_SPREAD) ^ Math.imul(late.accessCycles, ACCESS_SPREAD);
  hash ^= Math.imul(others, OTHER_SPREAD);
  hash ^= Math.imul(late.translateCycles, TRANSLATE_SPREAD);
  return VARIANT_WORDS * (hash >>> (32 - VARIANT_BITS));
}
