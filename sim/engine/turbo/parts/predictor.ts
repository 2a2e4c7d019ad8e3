// The code of the branch predictor: what sim/timing/predictor does, on the same words.
//
// Addresses are i64, of which the low 48 bits count; targets and return addresses are remembered as numbers.
import type { HistoryFastPath } from "../../../timing/predictor/gshare.ts";
import { Outcome, PredictorEvent, type PredictorLayout } from "../../../timing/predictor/predictor.ts";
import { NO_RETURN, type RasFastPath } from "../../../timing/predictor/ras.ts";
import { BACKWARD, CALL, INDIRECT, RETURN } from "../../../timing/traits.ts";
import { VIRT_MASK } from "../../data.ts";
import { STEP, type BranchTable } from "../branch-table.ts";
import { forEachBefore } from "../sets.ts";
import { f64, i32, i64, NUMBER_BYTES, select } from "../terms.ts";
import type { Callee, Functions, Local, Statements, Term } from "../terms.ts";
import { F64, I32, I64 } from "../wasm.ts";

const { const: word } = i32;
const has = (traits: Term, bit: number): Term => i32.and(traits, word(bit));

export interface PredictorCode {
  /** `branch(traits, pc, next, target)`: the outcome of a conditional branch, which is learned. */
  readonly branch: Callee;
  /** `jump(traits, pc, next, target)`: the same of a jump. */
  readonly jump: Callee;
}

/**
 * Writes the predictor's functions.
 *
 * @param rememberTarget - as `rememberTargetFunction` writes it.
 */
export function predictorCode(
  module: Functions,
  predictor: PredictorLayout,
  branches: Pick<BranchTable, "at" | "outcomeShift">,
  rememberTarget: Callee,
): PredictorCode {
  return new Writing(module, predictor, branches, rememberTarget).code();
}

/** The predictor, while its functions are written. */
class Writing {
  readonly #module: Functions;
  readonly #predictor: PredictorLayout;
  readonly #branches: Pick<BranchTable, "at" | "outcomeShift">;
  readonly #rememberTarget: Callee;

  constructor(
    module: Functions,
    predictor: PredictorLayout,
    branches: Pick<BranchTable, "at" | "outcomeShift">,
    rememberTarget: Callee,
  ) {
    this.#module = module;
    this.#predictor = predictor;
    this.#branches = branches;
    this.#rememberTarget = rememberTarget;
  }

  code(): PredictorCode {
    const signature = [[I32, I64, I64, I64], I32] as const;
    const branch = this.#module.define(...signature, (f, traits, pc, next, target) => {
      const taken = f.let(i64.ne(target, next));
      const outcome = this.#predict(f, traits, pc, taken);
      this.#count(f, "branches", "branchMisses", outcome);
      if (!this.#predictor.btbHoldsAll) return outcome;
      f.if(taken, () => {
        const known = this.#remembered(f, pc, numberOf(target));
        const early = i32.and(known, i32.eq(outcome, word(Outcome.predecoded)));
        f.if(early, () => f.set(outcome, word(Outcome.remembered)));
      });
      return outcome;
    });
    const jump = this.#module.define(...signature, (f, traits, pc, next, target) => {
      const to = f.let(numberOf(target));
      const fromStack = has(traits, RETURN);
      const returned = f.let(word(0));
      const place = f.let(word(0));
      f.if(fromStack, () => popReturn(f, this.#predictor.ras, place, to, () => f.set(returned, word(1))));
      f.if(has(traits, CALL), () => pushReturn(f, this.#predictor.ras, place, numberOf(next)));
      const fromBuffer = i32.eq(has(traits, INDIRECT | RETURN), word(INDIRECT));
      const early = f.let(word(0));
      const ask = (): void => f.set(early, this.#remembered(f, pc, to));
      if (this.#predictor.btbHoldsAll) ask();
      else f.if(fromBuffer, ask);
      const right = f.let(select(fromStack, returned, i32.or(early, i32.not(fromBuffer))));
      const known = i32.sub(word(Outcome.predecoded), early);
      const outcome = f.let(select(right, known, word(Outcome.mispredicted)));
      this.#count(f, "jumps", "jumpMisses", outcome);
      return outcome;
    });
    return { branch, jump };
  }

  #count(f: Statements, event: keyof typeof PredictorEvent, miss: keyof typeof PredictorEvent, outcome: Local): void {
    const at = (name: keyof typeof PredictorEvent): number =>
      this.#predictor.counts.byteOffset + NUMBER_BYTES * PredictorEvent[name];
    f.count(at(event));
    f.if(i32.eq(outcome, word(Outcome.mispredicted)), () => f.count(at(miss)));
  }

  /** Predicts a branch's direction and learns; a branch that is taken as predicted is `predecoded`. */
  #predict(f: Statements, traits: Term, pc: Term, taken: Local): Local {
    const { direction } = this.#predictor;
    const backward = has(traits, BACKWARD);
    if (direction === undefined) {
      const wrong = i32.xor(i32.not(i32.not(backward)), taken);
      return f.let(select(wrong, word(Outcome.mispredicted), i32.shl(taken, word(Math.log2(Outcome.predecoded)))));
    }
    const { counters, mask, granuleBytes } = direction;
    const { history, historyMask, shift } = direction;
    const own = this.#granuleOf(pc, granuleBytes);
    const index = history === undefined ? own : i32.xor(i32.shl(i32.at(history.byteOffset), word(shift!)), own);
    const at = f.let(i32.shl(i32.and(index, word(mask)), word(2)));
    if (history !== undefined) noteOutcome(f, { history, historyMask: historyMask! }, taken);
    const counter = i32.load(at, counters.byteOffset);
    const place = i32.shl(i32.add(i32.shl(counter, word(1)), taken), word(STEP.shift));
    const table = select(backward, word(this.#branches.at(true)), word(this.#branches.at(false)));
    const step = f.let(i32.add(place, table));
    f.store(at, counters.byteOffset, i32.load(step, STEP.next));
    return f.let(i32.shrU(i32.load(step, STEP.outcome), word(this.#branches.outcomeShift)));
  }

  /** Whether the branch target buffer has this transfer with this target, as it has from then on. */
  #remembered(f: Statements, pc: Term, target: Term): Local {
    const { sources, targets, setMask, ways, granuleBytes } = this.#predictor.btb;
    const setNumber = i32.and(this.#granuleOf(pc, granuleBytes), word(setMask));
    const set = f.let(i32.add(word(sources.byteOffset), i32.mul(setNumber, word(NUMBER_BYTES * ways))));
    const [from, to] = [f.let(numberOf(pc)), f.let(target)];
    const apart = targets.byteOffset - sources.byteOffset;
    const latest = i32.and(sameNumber(f64.load(set), from), sameNumber(f64.load(i32.add(set, word(apart))), to));
    const known = f.let(latest);
    f.if(i32.not(known), () => {
      f.set(known, this.#rememberTarget(set, word(NUMBER_BYTES * ways), from, to, word(apart)));
    });
    return known;
  }

  #granuleOf(pc: Term, granuleBytes: number): Term {
    return i32.low(i64.shrU(pc, i64.const(BigInt(Math.log2(granuleBytes)))));
  }
}

/** Are two numbers the same? Of those that are neither NaN nor -0, bits compare with less code. */
export const sameNumber = (a: Term, b: Term): Term => i64.eq(i64.bits(a), i64.bits(b));

const numberOf = (addr: Term): Term => f64.ofLong(i64.and(addr, i64.const(VIRT_MASK)));

/** The history takes in a branch's outcome. */
export function noteOutcome(
  f: Statements,
  { history, historyMask }: Pick<HistoryFastPath, "history" | "historyMask">,
  taken: Term,
): void {
  const before = i32.shl(i32.at(history.byteOffset), word(1));
  f.storeAt(history.byteOffset, i32.and(i32.or(before, taken), word(historyMask)));
}

/** Takes the latest return address off the stack, and leaves in `place` where it lay; does `right` if it is the target. */
export function popReturn(
  f: Statements,
  { returns, latest }: RasFastPath,
  place: Local,
  target: Term,
  right: () => void,
): void {
  if (returns.length === 0) return;
  const last = returns.byteLength - NUMBER_BYTES;
  f.set(place, i32.at(latest.byteOffset));
  const take = (): void => {
    f.store(place, returns.byteOffset, f64.const(NO_RETURN));
    f.storeAt(latest.byteOffset, select(place, i32.sub(place, word(NUMBER_BYTES)), word(last)));
  };
  f.if(andThen(sameNumber(f64.load(place, returns.byteOffset), target), take), right);
}

/** A term, behind which something is done. */
const andThen = ({ type, emit }: Term, then: () => void): Term => ({
  type,
  emit: (code) => {
    emit(code);
    then();
  },
});

/** Puts a return address on the stack; leaves where it lies. */
export function pushReturn(f: Statements, { returns, latest }: RasFastPath, place: Local, returnTo: Term): void {
  if (returns.length === 0) return;
  const last = returns.byteLength - NUMBER_BYTES;
  f.set(place, i32.at(latest.byteOffset));
  f.set(place, select(i32.eq(place, word(last)), word(0), i32.add(place, word(NUMBER_BYTES))));
  f.store(place, returns.byteOffset, returnTo);
  f.storeAt(latest.byteOffset, place);
}

/**
 * `rememberTarget(set, bytes, pc, target, stride)`: whether a set of the branch target buffer, whose targets lie `stride` bytes behind its
 * sources, has a transfer with this target; from then on it has. `Btb.resolve`.
 */
export function rememberTargetFunction(module: Functions, exportName?: string): Callee {
  const body = (f: Statements, set: Local, bytes: Local, pc: Local, target: Local, stride: Local): Term => {
    const columns = [(at: Term) => at, (at: Term) => i32.add(at, stride)];
    const [sources, targets] = columns as [(at: Term) => Term, (at: Term) => Term];
    const last = f.let(i32.add(set, i32.sub(bytes, word(NUMBER_BYTES))));
    const at = f.let(set);
    const isOther = i32.not(f64.eq(f64.load(sources(at)), pc));
    f.while(i32.and(i32.ltU(at, last), isOther), () => f.set(at, i32.add(at, word(NUMBER_BYTES))));
    const right = f.let(i32.and(i32.not(isOther), f64.eq(f64.load(targets(at)), target)));
    forEachBefore(f, set, at, NUMBER_BYTES, (before) => {
      for (const column of columns) f.store(column(at), 0, f64.load(column(before)));
    });
    f.store(sources(set), 0, pc);
    f.store(targets(set), 0, target);
    return right;
  };
  return module.define([I32, I32, F64, F64, I32], I32, body, exportName);
}
