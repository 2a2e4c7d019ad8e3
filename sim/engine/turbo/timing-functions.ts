// Functions of generated code's own that serve its timing: sets of caches, TLBs and targets brought into order of use, lines taken
// in hand, transitions found. Each does what the part that it names does on a hit; whatever else there is, they answer no.
import type { GeneratedTiming } from "../../timing/generated.ts";
import type { PipelineMemo } from "../../timing/memo.ts";
import type { TlbFastPath } from "../../timing/tlb.ts";
import { SCRIPT_SPREAD, Slot, SLOT_BITS, SLOT_WORDS, STATE_SPREAD } from "../../timing/transitions.ts";
import { RAM_AT, STATE } from "./layout.ts";
import { LINE, PIECE } from "./pieces.ts";
import { Code, F64, I32, Op, VOID, type ModuleFunction } from "./wasm.ts";

const NAMES = ["touchLine", "touchPage", "touchTransfer", "findTransition", "takeLine", "touchAccess"] as const;
export type TimingFunction = (typeof NAMES)[number];

const WORD_BYTES = 4;
const NUMBER_BYTES = 8;

/** The functions, the first of which gets the index `first` in its module. */
export function timingFunctions(
  timing: GeneratedTiming,
  first: number,
): readonly { readonly name: TimingFunction; readonly function: ModuleFunction }[] {
  const calls = Object.fromEntries(NAMES.map((name, n) => [name, first + n])) as Record<TimingFunction, number>;
  const functions: Record<TimingFunction, ModuleFunction> = {
    touchLine: touchLineFunction(),
    touchPage: touchPageFunction(),
    touchTransfer: touchTransferFunction(),
    findTransition: findTransitionFunction(timing.memo),
    takeLine: takeLineFunction(timing, calls),
    touchAccess: touchAccessFunction(timing, calls),
  };
  return NAMES.map((name) => ({ name, function: functions[name] }));
}

/**
 * `takeLine(line, page, clock, translated)`: whether the instruction line that a record describes is at hand now, with its page where
 * fetches are translated; then it is counted. As sim/timing/dynamic.ts fetches.
 */
function takeLineFunction(
  { fastPaths: { l1i, itlb } }: GeneratedTiming,
  calls: Record<TimingFunction, number>,
): ModuleFunction {
  const [record, page, clock, translated, set, word] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  const no = (): Code => code.op(Op.if).byte(VOID).i32(0).op(Op.return).op(Op.end);
  code.i32(0).memory(Op.f64Load, l1i.busy.byteOffset).local(Op.localGet, clock).op(Op.f64Gt);
  no();
  code.local(Op.localGet, translated).op(Op.if).byte(VOID);
  touchPage(code, itlb, page, calls);
  code.op(Op.i32Eqz);
  no();
  code.op(Op.end);
  code.local(Op.localGet, record).memory(Op.i32Load, LINE.set).local(Op.localTee, set).memory(Op.i32Load, 0);
  code.local(Op.localGet, record).memory(Op.i32Load, LINE.word).local(Op.localTee, word).op(Op.i32Ne);
  code.op(Op.if).byte(VOID);
  if (l1i.movesAlone) {
    code
      .local(Op.localGet, set)
      .i32(WORD_BYTES * l1i.ways)
      .local(Op.localGet, word)
      .i32(1)
      .op(Op.i32ShrS);
    code.i32(0).call(calls.touchLine).op(Op.i32Eqz);
  } else code.i32(1);
  no();
  code.op(Op.end);
  code.local(Op.localGet, translated).op(Op.if).byte(VOID);
  count(code, itlb.lookups);
  code.op(Op.end);
  count(code, l1i.lookups);
  code.i32(1);
  return { params: [I32, I32, F64, I32], results: [I32], locals: [I32, I32], body: code };
}

/**
 * `touchAccess(place, page, last, dirty, translated)`: whether an access of last + 1 bytes is aligned, and its line, and its page where
 * data addresses are translated, are at hand; then they are the most recently used, and the line is dirty if that is 1.
 */
function touchAccessFunction(
  { fastPaths: { l1d, dtlb }, ramBase }: GeneratedTiming,
  calls: Record<TimingFunction, number>,
): ModuleFunction {
  const [place, page, last, dirty, translated, line] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  const no = (): Code => code.op(Op.if).byte(VOID).i32(0).op(Op.return).op(Op.end);
  code.local(Op.localGet, place).local(Op.localGet, last).op(Op.i32And);
  no();
  code.local(Op.localGet, translated).op(Op.if).byte(VOID);
  touchPage(code, dtlb, page, calls);
  code.op(Op.i32Eqz);
  no();
  code.op(Op.end);
  if (!l1d.movesAlone) {
    // The order of use is kept elsewhere, too: only the most recently used line will do.
    lineOf(code, place, ramBase, l1d.lineBytes).local(Op.localTee, line).i32(l1d.setMask).op(Op.i32And);
    code
      .i32(WORD_BYTES * l1d.ways)
      .op(Op.i32Mul)
      .memory(Op.i32Load, l1d.words.byteOffset);
    code
      .i32(1)
      .op(Op.i32ShrS)
      .local(Op.localGet, line)
      .op(Op.i32Eq)
      .local(Op.localGet, dirty)
      .op(Op.i32Eqz)
      .op(Op.i32And);
    return { params: [I32, I32, I32, I32, I32], results: [I32], locals: [I32], body: code };
  }
  lineOf(code, place, ramBase, l1d.lineBytes).local(Op.localTee, line).i32(l1d.setMask).op(Op.i32And);
  code
    .i32(WORD_BYTES * l1d.ways)
    .op(Op.i32Mul)
    .i32(l1d.words.byteOffset)
    .op(Op.i32Add);
  code
    .i32(WORD_BYTES * l1d.ways)
    .local(Op.localGet, line)
    .local(Op.localGet, dirty)
    .call(calls.touchLine);
  return { params: [I32, I32, I32, I32, I32], results: [I32], locals: [I32], body: code };
}

/** Leaves the number of the line of physical memory in which the byte at a place of linear memory lies. */
export function lineOf(code: Code, place: number, ramBase: number, lineBytes: number): Code {
  code.local(Op.localGet, place).i32(Math.log2(lineBytes)).op(Op.i32ShrU);
  return code.i32((ramBase - RAM_AT) / lineBytes).op(Op.i32Add);
}

function touchPage(
  code: Code,
  { pages, masks, asids, setMask, ways }: TlbFastPath,
  page: number,
  calls: Record<TimingFunction, number>,
): void {
  const stride = masks.byteOffset - pages.byteOffset;
  if (asids.byteOffset - masks.byteOffset !== stride) throw new Error("a TLB's words lie apart");
  code.local(Op.localGet, page).i32(setMask).op(Op.i32And);
  code
    .i32(WORD_BYTES * ways)
    .op(Op.i32Mul)
    .i32(pages.byteOffset)
    .op(Op.i32Add);
  code
    .i32(WORD_BYTES * ways)
    .local(Op.localGet, page)
    .i32(stride)
    .call(calls.touchPage);
}

/** Adds what `more` leaves to a counter. */
export function count(code: Code, counter: Float64Array, more: () => void = () => void code.f64(1)): void {
  const at = counter.byteOffset;
  code.i32(0).i32(0).memory(Op.f64Load, at);
  more();
  code.op(Op.f64Add).memory(Op.f64Store, at);
}

/**
 * `touchLine(set, bytes, line, dirty)`: whether a line stands in a set of a cache, which begins at a linear address and has so many
 * bytes; then it becomes the most recently used, and dirty if that is 1. As sim/timing/cache.ts does on a hit.
 */
function touchLineFunction(): ModuleFunction {
  const [set, bytes, line, dirty, at, word] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  forEachWay(code, { set, bytes, at }, () => {
    code.local(Op.localGet, at).memory(Op.i32Load, 0).local(Op.localTee, word);
    code.i32(1).op(Op.i32ShrS).local(Op.localGet, line).op(Op.i32Eq).op(Op.if).byte(VOID);
    forEachBefore(code, { set, at }, () => {
      code.local(Op.localGet, at).local(Op.localGet, at).i32(WORD_BYTES).op(Op.i32Sub);
      code.memory(Op.i32Load, 0).memory(Op.i32Store, 0);
    });
    code.local(Op.localGet, set).local(Op.localGet, word).local(Op.localGet, dirty).op(Op.i32Or);
    code.memory(Op.i32Store, 0).i32(1).op(Op.return).op(Op.end);
  });
  code.i32(0);
  return { params: [I32, I32, I32, I32], results: [I32], locals: [I32, I32], body: code };
}

/**
 * `touchPage(set, bytes, page, stride)`: the same for a page in a set of a TLB, whose masks lie `stride` bytes behind its pages, and
 * whose address spaces as far behind those. As sim/timing/tlb.ts does on a hit.
 */
function touchPageFunction(): ModuleFunction {
  const [set, bytes, page, stride, at, asid, found] = [0, 1, 2, 3, 4, 5, 6];
  const code = new Code();
  const column = (n: number): Code => {
    code.local(Op.localGet, at);
    for (let i = 0; i < n; i += 1) code.local(Op.localGet, stride).op(Op.i32Add);
    return code;
  };
  const columns = [0, 1, 2];
  const kept = columns.map((n) => found + n);
  forEachWay(code, { set, bytes, at }, () => {
    column(1).memory(Op.i32Load, 0).local(Op.localGet, page).op(Op.i32And);
    column(0).memory(Op.i32Load, 0).op(Op.i32Eq);
    column(2).memory(Op.i32Load, 0).local(Op.localTee, asid).i32(-1).op(Op.i32Eq);
    code.local(Op.localGet, asid).i32(0).memory(Op.i32Load, STATE.asid).op(Op.i32Eq).op(Op.i32Or).op(Op.i32And);
    code.op(Op.if).byte(VOID);
    for (const n of columns) column(n).memory(Op.i32Load, 0).local(Op.localSet, kept[n]!);
    forEachBefore(code, { set, at }, () => {
      for (const n of columns) {
        column(n).i32(WORD_BYTES).op(Op.i32Sub).memory(Op.i32Load, 0).local(Op.localSet, asid);
        column(n).local(Op.localGet, asid).memory(Op.i32Store, 0);
      }
    });
    for (const n of columns) column(n).local(Op.localGet, kept[n]!).memory(Op.i32Store, 0);
    code.i32(1).op(Op.return).op(Op.end);
  });
  code.i32(0);
  return { params: [I32, I32, I32, I32], results: [I32], locals: [I32, I32, I32, I32, I32], body: code };
}

/**
 * `touchTransfer(set, bytes, pc, target, stride)`: the same for a transfer and its target in a set of the branch target buffer, whose
 * targets lie `stride` bytes behind its sources. As sim/timing/predictor/btb.ts does where it remembers the right target.
 */
function touchTransferFunction(): ModuleFunction {
  const [set, bytes, pc, target, stride, at] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  const column = (n: number): Code => {
    code.local(Op.localGet, at);
    return n === 0 ? code : code.local(Op.localGet, stride).op(Op.i32Add);
  };
  forEachWay(
    code,
    { set, bytes, at },
    () => {
      column(0).memory(Op.f64Load, 0).local(Op.localGet, pc).op(Op.f64Eq).op(Op.if).byte(VOID);
      column(1).memory(Op.f64Load, 0).local(Op.localGet, target).op(Op.f64Eq).op(Op.if).byte(VOID);
      forEachBefore(
        code,
        { set, at },
        () => {
          for (const n of [0, 1]) {
            column(n);
            column(n).i32(NUMBER_BYTES).op(Op.i32Sub).memory(Op.f64Load, 0).memory(Op.f64Store, 0);
          }
        },
        NUMBER_BYTES,
      );
      column(0).local(Op.localGet, pc).memory(Op.f64Store, 0);
      column(1).local(Op.localGet, target).memory(Op.f64Store, 0);
      code.i32(1).op(Op.return).op(Op.end).i32(0).op(Op.return).op(Op.end);
    },
    NUMBER_BYTES,
  );
  code.i32(0);
  return { params: [I32, I32, F64, F64, I32], results: [I32], locals: [I32], body: code };
}

/** `findTransition(entry, state)`: whether the memo's slots have the transition of an entry's script; then the entry has it, too. */
function findTransitionFunction({ slots, taken }: PipelineMemo): ModuleFunction {
  const [entry, state, script, slot] = [0, 1, 2, 3];
  const code = new Code();
  const word = (n: number): Code => code.local(Op.localGet, slot).memory(Op.i32Load, slots.byteOffset + WORD_BYTES * n);
  code.local(Op.localGet, entry).memory(Op.i32Load, PIECE.script).local(Op.localTee, script);
  code.i32(SCRIPT_SPREAD).op(Op.i32Mul).local(Op.localGet, state).i32(STATE_SPREAD).op(Op.i32Mul).op(Op.i32Xor);
  code
    .i32(32 - SLOT_BITS)
    .op(Op.i32ShrU)
    .i32(WORD_BYTES * SLOT_WORDS)
    .op(Op.i32Mul)
    .local(Op.localSet, slot);
  word(Slot.state).local(Op.localGet, state).op(Op.i32Eq);
  word(Slot.script).local(Op.localGet, script).op(Op.i32Eq).op(Op.i32And).op(Op.i32Eqz);
  code.op(Op.if).byte(VOID).i32(0).op(Op.return).op(Op.end);
  code.local(Op.localGet, entry).local(Op.localGet, state).memory(Op.i32Store, PIECE.state);
  code.local(Op.localGet, entry);
  word(Slot.transition).i32(3).op(Op.i32Shl).i32(taken.byteOffset).op(Op.i32Add).memory(Op.i32Store, PIECE.taken);
  code.local(Op.localGet, entry);
  word(Slot.cycles).op(Op.f64ConvertI32S).memory(Op.f64Store, PIECE.cycles);
  code.local(Op.localGet, entry);
  word(Slot.next).memory(Op.i32Store, PIECE.next);
  code.local(Op.localGet, entry);
  word(Slot.waiting).op(Op.f64ConvertI32S).memory(Op.f64Store, PIECE.waiting);
  code.i32(1);
  return { params: [I32, I32], results: [I32], locals: [I32, I32], body: code };
}

/** Has `at` go through the words of a set. */
function forEachWay(
  code: Code,
  l: { set: number; bytes: number; at: number },
  body: () => void,
  step = WORD_BYTES,
): void {
  code.local(Op.localGet, l.set).local(Op.localSet, l.at);
  code.op(Op.loop).byte(VOID);
  body();
  code.local(Op.localGet, l.at).i32(step).op(Op.i32Add).local(Op.localTee, l.at);
  code.local(Op.localGet, l.set).local(Op.localGet, l.bytes).op(Op.i32Add).op(Op.i32LtU).op(Op.brIf).unsigned(0);
  code.op(Op.end);
}

/** Has `at` go back to the beginning of its set; `body` comes before each step. */
function forEachBefore(code: Code, l: { set: number; at: number }, body: () => void, step = WORD_BYTES): void {
  code.op(Op.block).byte(VOID).op(Op.loop).byte(VOID);
  code.local(Op.localGet, l.at).local(Op.localGet, l.set).op(Op.i32Eq).op(Op.brIf).unsigned(1);
  body();
  code.local(Op.localGet, l.at).i32(step).op(Op.i32Sub).local(Op.localSet, l.at);
  code.op(Op.br).unsigned(0).op(Op.end).op(Op.end);
}
