// The code that numbers scripts with outcomes other than on time: what `late`, `waiting` and fetch stalls come to in sim/timing/.
import { MOST_LATE_CYCLES, type ComputingLayout } from "../../timing/memo.ts";
import { FETCH, FETCH_WORDS, LATE, LATE_WORD, LATE_WORDS, ON_TIME } from "../../timing/script.ts";
import { ADDED_WORDS } from "../../timing/scripts.ts";
import { WAITING } from "../../timing/variants.ts";
import { InternerCode } from "./intern-code.ts";
import {
  i32,
  WORD_BYTES,
  WORD_SHIFT,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { I32, type ValueType } from "./wasm.ts";

const { const: word } = i32;
type Six = [Local, Local, Local, Local, Local, Local];

/** More than a script has that is worth remembering with another wait. */
const MOST_WORDS = 1 << 10;

/**
 * Exports `makeVariant(onTime, translate, blocked, overlap, access, tag)`: the number of such a script, as a variant says it (variants.ts);
 * -1 where that is left to the memo. Gives what knows where scripts are.
 */
export function defineScripts(module: Functions, { scripts: layout }: Pick<ComputingLayout, "scripts">): InternerCode {
  const scripts = new InternerCode(module, layout);
  const waiting = waitingFunction(module, scripts);
  const params: readonly ValueType[] = [I32, I32, I32, I32, I32, I32];
  const body = (f: Statements, ...[onTime, translate, blocked, overlap, access, tag]: Six): Term => {
    const unknown = (): void => f.return(word(-1));
    f.if(i32.or(i32.lt(onTime, word(0)), scripts.lacksRoom(MOST_WORDS)), unknown);
    f.if(i32.eq(blocked, word(WAITING)), () => f.return(waiting(onTime, access, tag)));
    // What stands for no cycles, below 0, is more than that, too.
    for (const cycles of [translate, blocked, access]) f.if(i32.ltU(word(MOST_LATE_CYCLES), cycles), unknown);
    const from = f.let(scripts.at(onTime));
    const to = f.let(scripts.next);
    const first = f.let(i32.load(from));
    f.if(i32.eq(first, word(FETCH)), () => {
      f.if(i32.lt(word(MOST_LATE_CYCLES), i32.add(translate, access)), unknown);
      for (const value of [first, translate, access, tag]) put(f, to, value);
      f.set(from, i32.add(from, word(WORD_BYTES * (1 + FETCH_WORDS))));
      copies(f, to, from, ADDED_WORDS);
      f.return(scripts.intern(word(FETCH_WORDS + 1 + ADDED_WORDS)));
    });
    const buffer = f.let(word(0));
    put(f, to, i32.or(first, word(LATE)));
    f.if(i32.and(first, word(LATE)), () => {
      f.set(from, i32.add(from, word(WORD_BYTES * LATE_WORDS)));
      f.set(buffer, i32.load(from));
    });
    for (const value of [translate, blocked, overlap, access, tag, buffer]) put(f, to, value);
    f.set(from, i32.add(from, word(WORD_BYTES)));
    copies(f, to, from, ADDED_WORDS);
    return scripts.intern(word(1 + LATE_WORDS + ADDED_WORDS));
  };
  module.define(params, I32, (f, ...all) => body(f, ...(all as Six)), "makeVariant");
  return scripts;
}

/** `waiting(script, place, bufferCycles)`: as `Scripts.waiting`, or -1. */
function waitingFunction(module: Functions, scripts: InternerCode): Callee {
  return module.define([I32, I32, I32], I32, (f, script, place, bufferCycles) => {
    const from = f.let(scripts.at(script));
    const end = f.let(scripts.at(i32.add(script, word(1))));
    const first = f.let(scripts.next);
    const to = f.let(first);
    const tooLong = i32.lt(word(WORD_BYTES * (MOST_WORDS - LATE_WORDS)), i32.sub(end, from));
    const tooLate = i32.ltU(word(MOST_LATE_CYCLES), bufferCycles);
    f.if(i32.or(tooLong, tooLate), () => f.return(word(-1)));
    const steps = f.let(i32.sub(end, word(WORD_BYTES * ADDED_WORDS)));
    f.while(i32.ltU(from, steps), () => {
      const step = f.let(i32.load(from));
      const isLate = f.let(i32.and(step, word(LATE)));
      f.if(
        place,
        () => {
          copy(f, to, from);
          f.if(isLate, () => copies(f, to, from, LATE_WORDS));
        },
        () => {
          put(f, to, i32.or(step, word(LATE)));
          f.set(from, i32.add(from, word(WORD_BYTES)));
          f.if(
            isLate,
            () => copies(f, to, from, LATE_WORDS),
            () => Object.keys(LATE_WORD).forEach((name) => put(f, to, word(ON_TIME[name as keyof typeof ON_TIME]))),
          );
          f.store(i32.sub(to, word(WORD_BYTES)), 0, bufferCycles);
        },
      );
      f.set(place, i32.sub(place, word(1)));
    });
    copies(f, to, from, ADDED_WORDS);
    return scripts.intern(i32.shrU(i32.sub(to, first), word(WORD_SHIFT)));
  });
}

function put(f: Statements, to: Local, value: Term): void {
  f.store(to, 0, value);
  f.set(to, i32.add(to, word(WORD_BYTES)));
}

function copy(f: Statements, to: Local, from: Local): void {
  put(f, to, i32.load(from));
  f.set(from, i32.add(from, word(WORD_BYTES)));
}

function copies(f: Statements, to: Local, from: Local, words: number): void {
  for (let i = 0; i < words; i += 1) copy(f, to, from);
}
