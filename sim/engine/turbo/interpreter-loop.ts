// The interpreter's loop: from instruction to instruction through decoded pages, calling the operation of each and then what times it.
//
// It leaves for JavaScript, before an instruction, where that is not decoded or JavaScript's, where its page is not known, where the pcc
// ends, at an event, and where it has often jumped to.
import { PAGE_BITS, PAGE_BYTES } from "../../machine/memory.ts";
import { INDIRECT } from "../../timing/traits.ts";
import { HEAT_MASK } from "./decoded-pages.ts";
import {
  FETCHED,
  FETCHED_AT,
  INTERPRETED,
  INTERPRETED_AT,
  JUMPED,
  JUMPED_AT,
  OPERATION,
  PARCEL,
  STATE,
} from "./layout.ts";
import { instantiateShared } from "./host.ts";
import type { LinearMemory } from "./linear.ts";
import { Outcome } from "./operation-translator.ts";
import { element, i32, i64, Functions, type Callee, type Local, type Statements, type Term } from "./terms.ts";
import { RETIRE } from "./retire-record.ts";
import { encodeModule, I32, Op } from "./wasm.ts";

const { const: word } = i32;

export type InterpreterLoop = (budget: number, hot: number, counted: number) => number;

/**
 * Why the loop has been left. 0: what it was given to do is done, or an event is due. Else JavaScript has to execute the instruction at the
 * pc, or to tell where its page is; or that was jumped to often. Beside these, JavaScript has to time the instruction that was executed
 * last; and a pcc has been entered that is another, or moved out of its bounds.
 */
export const LEFT = { stuck: 1, hot: 2, untimed: 4, entered: 8 } as const;

const OFFSET_MASK = BigInt(PAGE_BYTES - 1);

/** What the loop does for the model of time. */
export interface TimedLoop {
  /** The clock is at an event, or beyond. */
  readonly isDue: Term;
  /** As retire-code.ts has it. */
  readonly retire: Callee;
}

/**
 * Exports `interpret(budget, hot, counted)`: executes so many instructions at most, counts so many jumps to a parcel at most, and leaves at
 * one that was jumped to `hot` times; gives what is left of the budget. STATE.exit says why it was left (`LEFT`).
 */
export function defineInterpreter(module: Functions, timed: TimedLoop | undefined): void {
  const findPage = findPageFunction(module);
  module.define(
    [I32, I32, I32],
    I32,
    (f, left, hot, counted) => {
      const pc = f.let(i64.load(word(0), STATE.pc));
      const page = f.let(i64.const(0n));
      const [parcels, place, jumped] = [f.let(word(0)), f.let(word(0)), f.let(word(0))];
      const takePage = (unknown: () => void): void => {
        const entry = f.let(findPage(i32.low(i64.shrU(pc, i64.const(BigInt(PAGE_BITS))))));
        f.rarely(i32.not(entry), unknown);
        f.set(page, i64.load(entry));
        f.set(parcels, i32.load(entry, FETCHED.parcels));
        f.set(place, i32.load(entry, FETCHED.place));
      };
      const leaveAs = (why: number, leave: () => void): void => {
        f.storeAt(STATE.exit, word(why));
        leave();
      };
      f.storeAt(STATE.exit, word(0));
      f.block((leave) => {
        const stuck = (): void => leaveAs(LEFT.stuck, leave);
        takePage(stuck);
        f.while(left, () => {
          if (timed !== undefined) f.rarely(timed.isDue, leave);
          f.storeAt(STATE.pc, pc);
          const offset = f.let(i64.sub(pc, page));
          f.if(i64.ltU(i64.const(OFFSET_MASK), offset), () => {
            takePage(stuck);
            f.set(offset, i64.sub(pc, page));
          });
          f.rarely(isOutside(pc), stuck);
          const parcel = f.let(i32.add(parcels, i32.shl(i32.low(offset), word(PARCEL.bits - 1))));
          const heat = f.let(i32.load(parcel, PARCEL.heat));
          f.if(jumped, () => {
            const jumps = f.let(i32.and(heat, word(HEAT_MASK)));
            f.rarely(i32.not(i32.lt(jumps, hot)), () => leaveAs(LEFT.hot, leave));
            f.store(parcel, PARCEL.heat, i32.add(heat, i32.lt(jumps, counted)));
          });
          const record = f.let(i32.load(parcel, PARCEL.record));
          f.rarely(i32.not(record), stuck);
          if (timed !== undefined) f.storeAt(RETIRE.category, i32.shrU(heat, word(PARCEL.heatBits)));
          f.set(jumped, calledThroughTable(findPage, i32.load(record, OPERATION.function), record));
          f.rarely(i32.eq(jumped, word(Outcome.left)), stuck);
          f.set(left, i32.sub(left, word(1)));
          const from = f.let(pc);
          const bytes = f.let(i32.load(record, OPERATION.bytes));
          const traits = f.let(i32.load(record, OPERATION.traits));
          f.set(pc, i64.add(pc, i64.of(bytes)));
          f.if(jumped, () => f.set(pc, i64.load(word(0), STATE.next)));
          if (timed !== undefined) {
            const isTimed = timed.retire(traits, bytes, from, pc, i32.add(place, i32.low(offset)));
            f.rarely(i32.not(isTimed), () => f.storeAt(STATE.exit, word(LEFT.untimed)));
          }
          f.if(jumped, () => {
            f.if(i32.and(traits, word(INDIRECT)), () => noteJump(f, from, pc));
            f.if(i32.eq(jumped, word(Outcome.jumpedWithMeta)), () => noteEntered(f, pc));
          });
          f.rarely(i32.at(STATE.exit), leave);
        });
      });
      f.storeAt(STATE.pc, pc);
      return left;
    },
    "interpret",
  );
}

/** Does an instruction there lie outside of the pcc's bounds? */
function isOutside(pc: Local): Term {
  const within = (field: "low" | "span"): Term => i64.load(word(0), INTERPRETED_AT + INTERPRETED[field]);
  return i64.ltU(within("span"), i64.sub(pc, within("low")));
}

/** `findPage(number)`: where the entry lies of the page in which STATE.pc is, whose number has such low bits; 0: it has none. */
function findPageFunction(module: Functions): Callee {
  return module.define([I32], I32, (f, number) => {
    const entry = f.let(element(FETCHED_AT, i32.and(number, word((1 << FETCHED.indexBits) - 1)), FETCHED.bits));
    const page = i64.and(i64.load(word(0), STATE.pc), i64.const(~OFFSET_MASK));
    f.if(i64.ne(i64.load(entry), page), () => f.return(word(0)));
    f.if(i32.ne(i32.load(entry, FETCHED.tag), i32.at(STATE.tag)), () => f.return(word(0)));
    return entry;
  });
}

/** Calls the function at an index of the module's table, which is of a type with another. */
const calledThroughTable = (like: Callee, index: Term, ...args: readonly Term[]): Term => ({
  type: I32,
  emit: (code) => {
    for (const arg of args) arg.emit(code);
    index.emit(code);
    code.op(Op.callIndirect).unsigned(like.index).byte(0);
  },
});

/** A capability has been jumped to: is the pcc another? */
function noteEntered(f: Statements, pc: Local): void {
  const meta = f.let(i64.load(word(0), STATE.nextMeta));
  const isOther = i64.ne(meta, i64.load(word(0), STATE.meta));
  f.rarely(i32.or(isOther, isOutside(pc)), () => {
    f.storeAt(STATE.meta, meta);
    f.storeAt(STATE.exit, i32.or(i32.at(STATE.exit), word(LEFT.entered)));
  });
}

function noteJump(f: Statements, from: Local, to: Local): void {
  const jumps = f.let(i32.at(INTERPRETED_AT + INTERPRETED.jumps));
  const at = f.let(element(JUMPED_AT, i32.and(jumps, word((1 << JUMPED.indexBits) - 1)), JUMPED.bits));
  f.store(at, 0, from);
  f.store(at, JUMPED.target, to);
  f.storeAt(INTERPRETED_AT + INTERPRETED.jumps, i32.add(jumps, word(1)));
}

/** The module of the loop alone, where no time is modelled; gives what it exports. */
export function interpreterModule({ memory, layout }: LinearMemory, table: unknown): Readonly<Record<string, unknown>> {
  const module = new Functions();
  defineInterpreter(module, undefined);
  const { functions } = module;
  const bytes = encodeModule({ imports: [], functions, usesTable: true, memoryPages: layout.pages });
  return instantiateShared(bytes, { memory, table }).exports;
}
