// Branch prediction in generated code, as sim/timing/predictor does it.
import { Outcome, type PredictorFastPath } from "../../timing/predictor/predictor.ts";
import { isBackward, isCall, isIndirect, isReturn } from "../../timing/traits.ts";
import { STEP, type BranchTable } from "./branch-table.ts";
import { noteOutcome, popReturn, pushReturn, sameNumber } from "./parts/predictor.ts";
import { OUTCOME_SHIFT } from "./rows.ts";
import type { TimedBlock, TimedInstruction } from "./timed-block.ts";
import type { SharedCalls } from "./runtime.ts";
import { f64, i32, localOf, select, Statements, type Local, type Term, NUMBER_BYTES, WORD_BYTES } from "./terms.ts";
import { I32, Op, type Code } from "./wasm.ts";

const { const: word } = i32;
/** An outcome as code has it: how far ahead in a row its entries lie. */
const ahead = (outcome: keyof typeof Outcome): Term => word(Outcome[outcome] << OUTCOME_SHIFT);

/** Locals of which it makes use: the outcome stands in the first. */
export interface TransferLocals {
  readonly outcome: number;
  readonly index: number;
  readonly line: number;
  /** Is the branch taken? */
  readonly taken: number;
}

/** Writes how the transfer at a block's end turns out. */
export class TransferCode {
  readonly #f: Statements;
  readonly #last: TimedInstruction;
  readonly #predictor: PredictorFastPath;
  readonly #branches: BranchTable;
  readonly #calls: SharedCalls;
  readonly #outcome: Local;
  readonly #index: Local;
  /** Did the branch target buffer have the target? */
  readonly #known: Local;
  readonly #taken: Local;

  constructor(
    code: Code,
    block: TimedBlock,
    predictor: PredictorFastPath,
    branches: BranchTable,
    calls: SharedCalls,
    locals: TransferLocals,
  ) {
    this.#f = new Statements([], code);
    this.#last = block.instructions.at(-1)!;
    this.#predictor = predictor;
    this.#branches = branches;
    this.#calls = calls;
    this.#outcome = localOf(I32, locals.outcome);
    this.#index = localOf(I32, locals.index);
    this.#known = localOf(I32, locals.line);
    this.#taken = localOf(I32, locals.taken);
  }

  /** A conditional branch to `target`: the local says whether it is taken. */
  branch(target: number): void {
    const { pc, bytes } = this.#last;
    // What a branch to the next instruction does, it does not matter.
    if (target === pc + bytes) this.#predict(word(0));
    else this.#predict(this.#taken);
    if (target === pc + bytes || !this.#predictor.btbHoldsAll) return;
    this.#f.if(this.#taken, () => {
      this.#f.set(this.#known, this.#remembered(f64.const(target)));
      const early = i32.and(this.#known, i32.eq(this.#outcome, ahead("predecoded")));
      this.#f.if(early, () => this.#f.set(this.#outcome, ahead("remembered")));
    });
  }

  /** A jump to an address (low 48 bits). */
  jump(target: Term): void {
    const { traits } = this.#last;
    const fromStack = isReturn(traits);
    const fromBuffer = isIndirect(traits) && !fromStack;
    const { ras, btbHoldsAll } = this.#predictor;
    const f = this.#f;
    if (fromStack) {
      f.set(this.#outcome, ahead("mispredicted"));
      popReturn(f, ras, this.#index, target, () => f.set(this.#outcome, ahead("predecoded")));
    }
    if (isCall(traits)) pushReturn(f, ras, this.#index, f64.const(this.#last.pc + this.#last.bytes));
    const early = btbHoldsAll || fromBuffer ? this.#remembered(target) : word(0);
    if (!fromStack)
      f.set(this.#outcome, select(early, ahead("remembered"), ahead(fromBuffer ? "mispredicted" : "predecoded")));
    else if (btbHoldsAll)
      f.if(i32.and(early, i32.eq(this.#outcome, ahead("predecoded"))), () => f.set(this.#outcome, ahead("remembered")));
  }

  /** Predicts a branch's direction and learns; a branch that is taken as predicted is `predecoded`. */
  #predict(taken: Term): void {
    const backward = isBackward(this.#last.traits);
    const f = this.#f;
    // Each bit of the other outcomes is one of `mispredicted`; `select` would be a branch of the host.
    if (this.#predictor.direction === undefined) {
      const wrong = i32.xor(word(backward ? 1 : 0), taken);
      return f.set(this.#outcome, i32.or(i32.mul(taken, ahead("predecoded")), i32.mul(wrong, ahead("mispredicted"))));
    }
    const [counterAt, base] = this.#counter();
    const [counter, step] = [this.#outcome, this.#known];
    f.set(this.#index, counterAt);
    f.set(counter, i32.load(this.#index, base));
    const { history, historyMask } = this.#predictor.direction;
    if (history !== undefined) noteOutcome(f, { history, historyMask: historyMask! }, taken);
    const place = i32.add(i32.add(i32.shl(counter, word(1)), taken), word(2));
    f.set(step, i32.shl(place, word(STEP.shift)));
    const steps = this.#branches.at(backward) - (2 << STEP.shift);
    f.store(this.#index, base, i32.load(step, steps + STEP.next));
    f.set(this.#outcome, i32.load(step, steps + STEP.outcome));
  }

  /** An address that, with the offset that comes with it, is that of the branch's counter. */
  #counter(): [Term, number] {
    const { counters, mask, granuleBytes, history, shift } = this.#predictor.direction!;
    const own = (this.#last.pc / granuleBytes) | 0;
    if (history === undefined) return [word(0), counters.byteOffset + WORD_BYTES * (own & mask)];
    const number = i32.and(i32.xor(i32.shl(i32.at(history.byteOffset), word(shift!)), word(own)), word(mask));
    return [i32.shl(number, word(2)), counters.byteOffset];
  }

  /** Whether the branch target buffer has this transfer with this target, as it has from then on. */
  #remembered(target: Term): Term {
    const { sources, targets, setMask, ways, granuleBytes } = this.#predictor.btb;
    const { pc } = this.#last;
    const base = NUMBER_BYTES * ((pc / granuleBytes) & setMask) * ways;
    const latest = i32.and(
      sameNumber(f64.at(sources.byteOffset + base), f64.const(pc)),
      sameNumber(f64.at(targets.byteOffset + base), target),
    );
    return {
      type: I32,
      emit: (code) => {
        latest.emit(code);
        code.mostly(Op.if).byte(I32).i32(1).op(Op.else);
        code
          .i32(sources.byteOffset + base)
          .i32(NUMBER_BYTES * ways)
          .f64(pc);
        target.emit(code);
        code
          .i32(targets.byteOffset - sources.byteOffset)
          .callThroughTable(this.#calls.rememberTarget)
          .op(Op.end);
      },
    };
  }
}
