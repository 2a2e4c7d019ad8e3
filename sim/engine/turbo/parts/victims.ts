// The code of replacement policies: what sim/timing/replacement does, on the same words. A position of a set is its word's place.
import type { CacheLayout } from "../../../timing/cache.ts";
import { bringToFront } from "../sets.ts";
import { i32x4 } from "../lanes.ts";
import { i32, WORD_BYTES, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { I32 } from "../wasm.ts";

const { const: word } = i32;
/** Words that are moved at once. */
export const LANES = 4;
const MOST_WIDE_WAYS = 32;

export interface VictimsCode {
  /** Before the word at a place comes to the front of its set. */
  readonly use: (f: Statements, set: Term, place: Term) => void;
  /** The place of the word to give up; undefined: always the last. */
  readonly choose: ((f: Statements, set: Local) => Term) | undefined;
}

type Sets = Pick<CacheLayout, "ways" | "masks">;

/**
 * `moveToFront` of sim/timing/replacement/victims.ts: of the word at a place of a set, as a new word. That stands in any place, so that the
 * host could not predict which.
 */
export function moveToFront(f: Statements, { ways, masks }: Sets, set: Local, place: Local, newWord: Local): void {
  if (!isWideSet(ways)) return bringToFront(f, set, f.let(place), newWord);
  const last = word(masks.byteOffset + WORD_BYTES * (ways - 1));
  moveWide(f, ways, set, newWord, f.let(i32.sub(last, i32.sub(place, set))));
}

/** The same of a word that stands in the first place most often, or in the second. */
export function moveNearToFront(f: Statements, sets: Sets, set: Local, place: Local, newWord: Local): void {
  if (!isWideSet(sets.ways)) return bringToFront(f, set, f.let(place), newWord);
  const distance = f.let(i32.sub(place, set));
  f.if(
    i32.ltU(word(WORD_BYTES), distance),
    () => moveToFront(f, sets, set, place, newWord),
    () => {
      f.if(distance, () => f.store(set, WORD_BYTES, i32.load(set)));
      f.store(set, 0, newWord);
    },
  );
}

/** The same of the last. */
export function moveLastToFront(f: Statements, { ways }: Sets, set: Local, last: Local, newWord: Local): void {
  if (isWideSet(ways)) moveWide(f, ways, set, newWord);
  else bringToFront(f, set, f.let(last), newWord);
}

/** Is a set gone through four words at a time, and that written out? */
export const isWideSet = (ways: number): boolean => ways % LANES === 0 && ways <= MOST_WIDE_WAYS;

/** Words for which there are ones from `masks` on move by one, in all places at once; without masks all do. */
function moveWide(f: Statements, ways: number, set: Local, newWord: Term, masks?: Local): void {
  const old = Array.from({ length: ways / LANES }, (_, n) => f.let(i32x4.load(set, WORD_BYTES * LANES * n)));
  old.forEach((words, n) => {
    const at = WORD_BYTES * LANES * n;
    const moved = i32x4.oneOn(old[n - 1] ?? words, words);
    const all = masks === undefined ? moved : i32x4.select(moved, words, i32x4.load(masks, at));
    f.store(set, at, n === 0 ? i32x4.withFirst(all, newWord) : all);
  });
}

export function victimsCode(module: Functions, cache: CacheLayout): VictimsCode {
  const { victims, words, ways, masks } = cache;
  switch (victims.policy) {
    case "lru":
      return { use: () => {}, choose: undefined };
    case "random": {
      const stateAt = victims.state.byteOffset;
      return { use: () => {}, choose: (f, set) => i32.add(set, randomPlace(f, stateAt, ways)) };
    }
    case "plru": {
      const trees = victims.trees.byteOffset - words.byteOffset;
      const wayAt = victims.wayAt.byteOffset - words.byteOffset;
      const use = plruUseFunction(module, { trees, wayAt, ways, masks });
      const choose = plruChooseFunction(module, { trees, wayAt, ways });
      return { use: (f, set, place) => f.do(use(set, place)), choose: (_, set) => choose(set) };
    }
  }
}

/** `RandomVictims.choose`, in bytes */
function randomPlace(f: Statements, stateAt: number, ways: number): Term {
  const x = f.let(i32.at(stateAt));
  f.set(x, i32.xor(x, i32.shl(x, word(13))));
  f.set(x, i32.xor(x, i32.shrU(x, word(17))));
  f.set(x, i32.xor(x, i32.shl(x, word(5))));
  f.storeAt(stateAt, x);
  return i32.shl(i32.remU(x, word(ways)), word(2));
}

/** Where a set's tree and its ways lie, from where its words do. */
interface PlruPlaces {
  readonly trees: number;
  readonly wayAt: number;
  readonly ways: number;
}

/** `Plru.use` */
function plruUseFunction(module: Functions, { trees, wayAt, ...sets }: PlruPlaces & Sets): Callee {
  const { ways } = sets;
  return module.define([I32, I32], undefined, (f, set, place) => {
    const way = f.let(i32.load(i32.add(place, word(wayAt))));
    moveToFront(f, sets, f.let(i32.add(set, word(wayAt))), f.let(i32.add(place, word(wayAt))), way);
    const tree = f.let(i32.add(set, word(trees)));
    const node = f.let(word(1));
    for (let half = ways >> 1; half > 0; half >>= 1) {
      const upper = i32.and(i32.shr(way, word(Math.log2(half))), word(1));
      f.store(i32.add(tree, i32.shl(node, word(2))), 0, i32.xor(upper, word(1)));
      f.set(node, i32.add(i32.shl(node, word(1)), upper));
    }
  });
}

/** `Plru.choose` */
function plruChooseFunction(module: Functions, { trees, wayAt, ways }: PlruPlaces): Callee {
  return module.define([I32], I32, (f, set) => {
    const tree = f.let(i32.add(set, word(trees)));
    const node = f.let(word(1));
    for (let level = 1; level < ways; level *= 2) {
      const bit = i32.load(i32.add(tree, i32.shl(node, word(2))));
      f.set(node, i32.add(i32.shl(node, word(1)), bit));
    }
    const at = f.let(i32.add(set, word(wayAt)));
    f.while(i32.ne(i32.load(at), i32.sub(node, word(ways))), () => f.set(at, i32.add(at, word(4))));
    return i32.sub(at, word(wayAt));
  });
}
