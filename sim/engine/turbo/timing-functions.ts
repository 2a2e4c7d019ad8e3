// Functions that serve the timing of generated code: sets of caches and TLBs brought into order of use, targets remembered, transitions
// found. Each does what the part that it names does on a hit; to whatever else there is, they answer no, or ask.
import type { CacheFastPath } from "../../timing/cache.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { RAM_AT } from "./layout.ts";
import type { OwnFunctions } from "./own-functions.ts";
import { slotWord } from "./memo-code.ts";
import { LINE } from "./lines.ts";
import type { Pieces } from "./pieces.ts";
import { rememberTargetFunction } from "./parts/predictor.ts";
import { NO_STATE, OUTCOME_SHIFT, OVERLAP_ENTRY, OVERLAPS, PIECE, ROW_SHIFT, type Rows } from "./rows.ts";
import { spill } from "./questions.ts";
import { setOffset } from "./sets.ts";
import {
  element,
  f64,
  i32,
  i64,
  scaled,
  WORD_BYTES,
  type Functions,
  type Callee,
  type Import,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { F64, I32 } from "./wasm.ts";

const { const: word } = i32;

/** `Pieces.advance` */
export const ADVANCE_IMPORT: Import = { name: "advance", params: [I32, F64], results: [] };

/** Writes the functions that regions call; gives `rememberTarget`, which others call, too. */
export function defineTimingFunctions(
  module: Functions,
  timing: GeneratedTiming,
  { rows }: Pick<Pieces, "rows">,
  own: OwnFunctions,
): Callee {
  defineAdvance(module, timing, rows, own);
  defineTakeLine(module, timing, own);
  defineTakeLines(module, timing, own);
  module.define([I32], I32, (_, page) => own.dataPage.touch(page), "touchPage");
  return rememberTargetFunction(module, "rememberTarget");
}

/** The number of the row that lies, or in which an entry lies, at a linear address. */
export const rowOf = (at: Term, rows: Pick<Rows, "at">): Term => i32.shrU(i32.sub(at, word(rows.at)), word(ROW_SHIFT));

/** The number of the line of physical memory in which the byte at a place of linear memory lies. */
export const lineOf = (place: Term, ramBase: number, { lineBytes }: Pick<CacheFastPath, "lineBytes">): Term =>
  i32.add(i32.shrU(place, word(Math.log2(lineBytes))), word((ramBase - RAM_AT) / lineBytes));

/** How far from the first its set begins. */
export function setOffsetOf(
  place: Term,
  ramBase: number,
  cache: Pick<CacheFastPath, "lineBytes" | "setMask" | "ways">,
): Term {
  const { lineBytes, setMask, ways } = cache;
  const waysShift = Math.log2(WORD_BYTES * ways);
  const isShifted = Number.isInteger(waysShift) && (((ramBase - RAM_AT) / lineBytes) & setMask) === 0;
  if (!isShifted) return setOffset(lineOf(place, ramBase, cache), cache);
  return scaled(place, Math.log2(lineBytes), setMask, waysShift);
}

/**
 * `takeLine(line, page, clock, translated)`: whether the instruction line that a record describes is at hand now, with its page where
 * fetches are translated; then it is counted. As sim/timing/dynamic.ts fetches.
 */
function defineTakeLine(
  module: Functions,
  { fastPaths: { l1i, itlb } }: GeneratedTiming,
  { l1i: { find, touch }, codePage }: OwnFunctions,
): void {
  const body = (f: Statements, record: Local, page: Local, clock: Local, translated: Local): Term => {
    const no = (): void => f.return(word(0));
    if (l1i.fills === undefined) f.if(f64.gt(f64.at(l1i.busy.byteOffset), clock), no);
    f.if(translated, () => f.if(i32.not(codePage.touch(page)), no));
    const set = f.let(i32.load(record, LINE.set));
    const lineWord = f.let(i32.load(record, LINE.word));
    f.if(i32.ne(i32.load(set), lineWord), () =>
      touch(f, find(f, f.let(i32.shrU(lineWord, word(1)))), word(0), clock, no),
    );
    f.if(translated, () => f.count(itlb.lookups.byteOffset));
    f.count(l1i.lookups.byteOffset);
    return word(1);
  };
  module.define([I32, I32, F64, I32], I32, body, "takeLine");
}

/**
 * `takeLines(first, last, page, clock, translated)`: the same of the two lines of a page in which an instruction lies. Where one of them is
 * not at hand, no more has changed than that the other is the most recently used, as it will be.
 */
function defineTakeLines(
  module: Functions,
  { fastPaths: { l1i, itlb } }: GeneratedTiming,
  { l1i: { find, touch }, codePage }: OwnFunctions,
): void {
  const body = (f: Statements, first: Local, last: Local, page: Local, clock: Local, translated: Local): Term => {
    const no = (): void => f.return(word(0));
    if (l1i.fills === undefined) f.if(f64.gt(f64.at(l1i.busy.byteOffset), clock), no);
    f.if(translated, () => f.if(i32.not(codePage.touch(page)), no));
    const words = [first, last].map((record) => f.let(i32.load(record, LINE.word)));
    const others = [first, last].map((record, n) => i32.ne(i32.load(i32.load(record, LINE.set)), words[n]!));
    f.if(others.reduce(i32.or), () => {
      for (const lineWord of words) touch(f, find(f, f.let(i32.shrU(lineWord, word(1)))), word(0), clock, no);
    });
    f.if(translated, () => f.count(itlb.lookups.byteOffset));
    for (let line = 0; line < 2; line += 1) f.count(l1i.lookups.byteOffset);
    return word(1);
  };
  module.define([I32, I32, I32, F64, I32], I32, body, "takeLines");
}

/**
 * `advance(entry, age, clock, state)`: the entry that has what its piece does from a state on, some of whose loads overlap stores, `age`
 * being the least of their ages: this one, or another of its row. As `Pieces.advance`, which is asked where that is not remembered.
 */
function defineAdvance(
  module: Functions,
  timing: GeneratedTiming,
  rows: Pick<Rows, "at">,
  { memo: { slotOf, overlapsOf, overlappingOf }, scripts, far }: OwnFunctions,
): void {
  const { memo } = timing;
  const fill = (f: Statements, entry: Local, slot: Local): void => {
    f.store(entry, PIECE.taken, element(memo.taken.byteOffset, slotWord(slot, "transition"), 3));
    f.store(entry, PIECE.cycles, f64.of(slotWord(slot, "cycles")));
    f.store(entry, PIECE.next, slotWord(slot, "next"));
  };
  const waiting = (slot: Local): Term => f64.of(slotWord(slot, "waiting"));
  const body = (f: Statements, entry: Local, age: Local, clock: Local, state: Local): Term => {
    const ask = (): void => {
      spill(f, timing, clock, state);
      f.do(module.imported("advance")(entry, age));
      f.return(entry);
    };
    const script = f.let(i32.load(i32.and(entry, word(-1 << OUTCOME_SHIFT)), PIECE.script));
    f.rarely(i32.lt(script, word(0)), () => {
      f.set(script, scripts.ofPiece(entry));
      f.rarely(i32.lt(script, word(0)), ask);
    });
    const row = rowOf(entry, rows);
    const slot = f.let(word(0));
    far.ifFar(f, [clock, state], () => {
      f.set(slot, far.pass(state, script, clock, row, i64.const(-1n), age));
      f.if(i32.not(slot), ask);
      f.store(entry, PIECE.state, word(NO_STATE));
      fill(f, entry, slot);
      f.store(entry, PIECE.waiting, waiting(slot));
      f.return(entry);
    });
    f.if(i32.ne(i32.load(entry, PIECE.state), state), () => {
      f.set(slot, slotOf(state, script));
      f.if(i32.not(slot), ask);
      f.store(entry, PIECE.state, state);
      fill(f, entry, slot);
      f.store(entry, PIECE.waiting, waiting(slot));
      f.if(f64.le(waiting(slot), age), () => f.return(entry));
    });
    const overlaps = f.let(overlapsOf(row, i64.const(-1n)));
    const other = f.let(i32.xor(entry, word(OVERLAP_ENTRY)));
    const mark = f.let(i32.sub(word(OVERLAPS), state));
    const differs = i64.ne(i64.load(other, PIECE.overlaps), overlaps);
    f.if(i32.or(i32.ne(i32.load(other, PIECE.state), mark), differs), () => {
      f.set(slot, slotOf(state, overlappingOf(overlaps, script)));
      f.if(i32.not(slot), ask);
      f.store(other, PIECE.state, mark);
      fill(f, other, slot);
      f.store(other, PIECE.overlaps, overlaps);
    });
    return other;
  };
  module.define([I32, F64, F64, I32], I32, body, "advance");
}
