// Sets of caches, TLBs and targets in linear memory: where each begins, and how it is gone through and kept in order of use.
import { i32, WORD_BYTES, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

type Sets = Readonly<Record<"setMask" | "ways", number>>;

/** How far from the first the set of a line, or of a page, begins, where each has `ways` words. */
export const setOffset = (number: Term, { setMask, ways }: Sets): Term =>
  i32.mul(i32.and(number, word(setMask)), word(WORD_BYTES * ways));
export const setAt = (base: number, number: Term, sets: Sets): Term => i32.add(word(base), setOffset(number, sets));

/** Goes through the elements of a set. */
export function forEachWay(f: Statements, set: Term, bytes: Term, step: number, body: (at: Local) => void): void {
  const at = f.let(set);
  const end = f.let(i32.add(set, bytes));
  f.while(i32.ltU(at, end), () => {
    body(at);
    f.set(at, i32.add(at, word(step)));
  });
}

/** Goes from an element back to its set's first; `body` comes before each step. */
export function forEachBefore(f: Statements, set: Term, at: Local, step: number, body: (before: Term) => void): void {
  f.while(i32.ne(at, set), () => {
    body(i32.sub(at, word(step)));
    f.set(at, i32.sub(at, word(step)));
  });
}

/** `moveToFront` of sim/timing/replacement/victims.ts: an element comes to the front of its set, as a new word. */
export function bringToFront(f: Statements, set: Term, at: Local, newWord: Term): void {
  forEachBefore(f, set, at, WORD_BYTES, (before) => f.store(at, 0, i32.load(before)));
  f.store(set, 0, newWord);
}
