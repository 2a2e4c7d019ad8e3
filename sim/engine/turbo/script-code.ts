// The code that numbers scripts: of instructions on time, and with other outcomes, what `late`, `waiting` and fetch stalls come to in sim/timing/.
import { LONGEST_PIECE } from "../../timing/generated.ts";
import { MOST_LATE_CYCLES, type ComputingLayout } from "../../timing/memo.ts";
import { FETCH, FETCH_WORDS, LATE, LATE_WORD, LATE_WORDS, ON_TIME } from "../../timing/script.ts";
import { ADDED_WORDS } from "../../timing/scripts.ts";
import { OUTCOME_SHIFT } from "../../timing/step.ts";
import { Class } from "../../timing/traits.ts";
import { MANY_OVERLAPS, OVERLAP, OVERLAPPING, WAITING } from "../../timing/variants.ts";
import { InternerCode, put, SequencesCode } from "./intern-code.ts";
import { StepFields } from "./parts/step-fields.ts";
import {
  i32,
  i64,
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

/** Words that follow one with LATE, in their order. */
const OUTCOMES = Object.keys(LATE_WORD) as (keyof typeof LATE_WORD)[];
/** More than a script has that is worth remembering with another wait. */
const MOST_WORDS = 1 << 10;

/**
 * Exports `makeSteps(at, count, outcome, category, counted)`: the number of the script of so many step words, the last with an outcome of its
 * transfer; `counted` is an index in COUNTED. And `makeVariant(onTime, translate, blocked, overlap, access, tag)`: that of such a script, as
 * a variant says it (variants.ts). -1 where it is left to the memo. Gives what knows where scripts are.
 */
export function defineScripts(module: Functions, layout: Pick<ComputingLayout, "scripts" | "overlaps">): InternerCode {
  const scripts = new InternerCode(module, layout.scripts);
  const sequences = new SequencesCode(layout.overlaps);
  defineSteps(module, scripts);
  const waiting = waitingFunction(module, scripts);
  const overlapping = overlappingFunction(module, scripts, sequences);
  const params: readonly ValueType[] = [I32, I32, I32, I32, I32, I32];
  const body = (f: Statements, ...[onTime, translate, blocked, overlap, access, tag]: Six): Term => {
    const unknown = (): void => f.return(word(-1));
    f.if(i32.or(i32.lt(onTime, word(0)), scripts.lacksRoom(MOST_WORDS)), unknown);
    f.if(i32.eq(blocked, word(WAITING)), () => f.return(waiting(onTime, access, tag)));
    f.if(i32.eq(blocked, word(OVERLAPPING)), () => f.return(overlapping(onTime, access, tag)));
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

function defineSteps(module: Functions, scripts: InternerCode): void {
  const params: readonly ValueType[] = [I32, I32, I32, I32, I32];
  const body = (f: Statements, at: Local, count: Local, outcome: Local, category: Local, counted: Local): Term => {
    f.if(scripts.lacksRoom(MOST_WORDS), () => f.return(word(-1)));
    return scripts.written(f, (to) => {
      const end = f.let(i32.add(at, i32.shl(count, word(WORD_SHIFT))));
      f.while(i32.ltU(at, end), () => copy(f, to, at));
      f.if(count, () => {
        const last = f.let(i32.sub(to, word(WORD_BYTES)));
        f.store(last, 0, i32.or(i32.load(last), i32.shl(outcome, word(OUTCOME_SHIFT))));
      });
      for (const value of [category, counted]) put(f, to, value);
    });
  };
  module.define(params, I32, (f, ...all) => body(f, ...(all as [Local, Local, Local, Local, Local])), "makeSteps");
}

/** `waiting(script, place, bufferCycles)`: as `Scripts.waiting`, or -1. */
function waitingFunction(module: Functions, scripts: InternerCode): Callee {
  return module.define([I32, I32, I32], I32, (f, script, place, bufferCycles) => {
    f.if(i32.ltU(word(MOST_LATE_CYCLES), bufferCycles), () => f.return(word(-1)));
    return rewritten(f, scripts, script, LATE_WORDS, (from, to) => {
      const step = f.let(i32.load(from));
      const isLate = f.let(i32.and(step, word(LATE)));
      f.if(
        place,
        () => {
          copy(f, to, from);
          f.if(isLate, () => copies(f, to, from, LATE_WORDS));
        },
        () => {
          f.set(from, i32.add(from, word(WORD_BYTES)));
          f.if(
            isLate,
            () => {
              put(f, to, step);
              copies(f, to, from, LATE_WORDS);
            },
            () => putOnTime(f, to, step),
          );
          f.store(i32.sub(to, word(WORD_BYTES)), 0, bufferCycles);
        },
      );
      f.set(place, i32.sub(place, word(1)));
    });
  });
}

/**
 * `overlapping(script, low, high)`: of a piece on time, the script with overlaps, as two words of a variant; -1 where the memo has to say what
 * they are.
 */
function overlappingFunction(module: Functions, scripts: InternerCode, sequences: SequencesCode): Callee {
  const ofMany = overlappingManyFunction(module, scripts, sequences);
  return module.define([I32, I32, I32], I32, (f, script, low, high) => {
    f.if(i32.and(high, word(MANY_OVERLAPS)), () => f.return(ofMany(script, low)));
    const overlaps = f.let(i64.or(i64.of(low), i64.shl(i64.of(high), i64.const(32n))));
    f.if(i64.isZero(overlaps), () => f.return(word(-1)));
    const digit = i64.const(BigInt(OVERLAP.bits));
    // So many bits have not been gone through; before them is a 1.
    const left = f.let(i64.const(0n));
    f.while(i64.ltU(i64.const(1n), i64.shrU(overlaps, left)), () => f.set(left, i64.add(left, digit)));
    return withOverlaps(f, scripts, script, OVERLAP.most, {
      isLeft: () => i32.not(i64.isZero(left)),
      next: () => i32.and(i32.low(i64.shrU(overlaps, i64.sub(left, digit))), word(2 ** OVERLAP.bits - 1)),
      goOn: () => f.set(left, i64.sub(left, digit)),
    });
  });
}

/** `overlappingMany(script, number)`: the same of the overlaps in a sequence. */
function overlappingManyFunction(module: Functions, scripts: InternerCode, sequences: SequencesCode): Callee {
  return module.define([I32, I32], I32, (f, script, number) => {
    const at = f.let(sequences.at(number));
    const end = f.let(sequences.at(i32.add(number, word(1))));
    return withOverlaps(f, scripts, script, LONGEST_PIECE, {
      isLeft: () => i32.ltU(at, end),
      next: () => i32.load(at),
      goOn: () => f.set(at, i32.add(at, word(WORD_BYTES))),
    });
  });
}

/** Overlaps that are gone through in their order. */
interface Overlaps {
  readonly isLeft: () => Term;
  readonly next: () => Term;
  readonly goOn: () => void;
}

function withOverlaps(f: Statements, scripts: InternerCode, script: Local, most: number, overlaps: Overlaps): Term {
  const load = f.let(word(0));
  return rewritten(f, scripts, script, most * LATE_WORDS, (from, to) => {
    const step = f.let(i32.load(from));
    f.if(i32.not(i32.ltU(step, word(LATE))), () => f.return(word(-1)));
    f.set(from, i32.add(from, word(WORD_BYTES)));
    const next = f.let(overlaps.next());
    const isNext = i32.eq(i32.shrU(next, word(OVERLAP.ageBits)), load);
    const isLoad = f.let(new StepFields(step).is(Class.load));
    f.if(
      i32.and(i32.and(isLoad, isNext), overlaps.isLeft()),
      () => {
        putOnTime(f, to, step, { overlapAge: i32.and(next, word(2 ** OVERLAP.ageBits - 1)) });
        overlaps.goOn();
      },
      () => put(f, to, step),
    );
    f.set(load, i32.add(load, isLoad));
  });
}

/** The number of a script whose instructions `step` has written, from those of another at `from`; it gives -1 where they come to too many words. */
function rewritten(
  f: Statements,
  scripts: InternerCode,
  script: Local,
  mostMore: number,
  step: (from: Local, to: Local) => void,
): Term {
  const from = f.let(scripts.at(script));
  const end = f.let(scripts.at(i32.add(script, word(1))));
  const most = word(WORD_BYTES * (MOST_WORDS - mostMore));
  f.if(i32.lt(most, i32.sub(end, from)), () => f.return(word(-1)));
  return scripts.written(f, (to) => {
    const steps = f.let(i32.sub(end, word(WORD_BYTES * ADDED_WORDS)));
    f.while(i32.ltU(from, steps), () => step(from, to));
    copies(f, to, from, ADDED_WORDS);
  });
}

/** An instruction on time, written as one with LATE; of its outcomes, these are others. */
function putOnTime(
  f: Statements,
  to: Local,
  step: Term,
  others: Partial<Record<keyof typeof LATE_WORD, Term>> = {},
): void {
  put(f, to, i32.or(step, word(LATE)));
  for (const name of OUTCOMES) put(f, to, others[name] ?? word(ON_TIME[name]));
}

function copy(f: Statements, to: Local, from: Local): void {
  put(f, to, i32.load(from));
  f.set(from, i32.add(from, word(WORD_BYTES)));
}

function copies(f: Statements, to: Local, from: Local, words: number): void {
  for (let i = 0; i < words; i += 1) copy(f, to, from);
}
