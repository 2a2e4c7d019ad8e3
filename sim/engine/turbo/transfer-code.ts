// Branch prediction in generated code: the cases that leave the predictor almost as it was, and a question for all others.
import { Outcome, type PredictorFastPath } from "../../timing/predictor/predictor.ts";
import { isBackward, isCall, isIndirect, isReturn } from "../../timing/traits.ts";
import type { TimedBlock, TimedInstruction } from "./timed-block.ts";
import type { TimingCalls } from "./runtime.ts";
import { I32, Op, VOID, type Code } from "./wasm.ts";

const WORD_BYTES = 4;
const NUMBER_BYTES = 8;

/** Writes how the transfer at a block's end turns out; it leaves the `Outcome` in a local. */
export class TransferCode {
  readonly #code: Code;
  readonly #block: TimedBlock;
  readonly #last: TimedInstruction;
  readonly #predictor: PredictorFastPath;
  readonly #calls: TimingCalls;
  readonly #locals: { readonly outcome: number; readonly index: number };

  constructor(
    code: Code,
    block: TimedBlock,
    predictor: PredictorFastPath,
    calls: TimingCalls,
    locals: { readonly outcome: number; readonly index: number },
  ) {
    this.#code = code;
    this.#block = block;
    this.#last = block.instructions.at(-1)!;
    this.#predictor = predictor;
    this.#calls = calls;
    this.#locals = locals;
  }

  /** A conditional branch that goes to `target`, or is not taken. */
  branch(taken: boolean, target: number): void {
    const leaveTarget = (): void => void this.#code.f64(target);
    if (!taken) this.#predict(false, Outcome.fallThrough);
    else if (!this.#predictor.btbHoldsAll) this.#predict(true, Outcome.predecoded);
    else {
      this.#remembered(leaveTarget);
      this.#eitherAsk(leaveTarget, () => this.#predict(true, Outcome.remembered));
    }
  }

  /** A jump whose target stands in the instruction. */
  jumpTo(target: number): void {
    const { btbHoldsAll } = this.#predictor;
    const { traits } = this.#last;
    const push = (): void => {
      if (isCall(traits)) this.#push();
    };
    if (!btbHoldsAll) {
      push();
      return this.#set(Outcome.predecoded);
    }
    const leaveTarget = (): void => void this.#code.f64(target);
    this.#remembered(leaveTarget);
    this.#eitherAsk(leaveTarget, () => {
      push();
      this.#set(Outcome.remembered);
    });
  }

  /** A jump to the address (low 48 bits) in a local. */
  jumpIndirect(target: number): void {
    const { traits } = this.#last;
    const code = this.#code;
    const leaveTarget = (): void => void code.local(Op.localGet, target);
    const returns = isReturn(traits);
    if (!isIndirect(traits) || (returns && (isCall(traits) || this.#predictor.ras.returns.length === 0))) {
      this.#ask(leaveTarget);
      return;
    }
    if (returns) this.#onStack(leaveTarget);
    if (!returns || this.#predictor.btbHoldsAll) this.#remembered(leaveTarget);
    if (returns && this.#predictor.btbHoldsAll) code.op(Op.i32And);
    this.#eitherAsk(leaveTarget, () => {
      if (returns) this.#pop();
      if (isCall(traits)) this.#push();
      this.#set(returns && !this.#predictor.btbHoldsAll ? Outcome.predecoded : Outcome.remembered);
    });
  }

  /** With the condition on the stack: `right` where it holds; else who knows it is asked. */
  #eitherAsk(leaveTarget: () => void, right: () => void): void {
    const code = this.#code;
    code.op(Op.if).byte(VOID);
    right();
    code.op(Op.else);
    this.#ask(leaveTarget);
    code.op(Op.end);
  }

  #ask(leaveTarget: () => void): void {
    const code = this.#code;
    code.i32(this.#block.number);
    leaveTarget();
    code.call(this.#calls.transfer).local(Op.localSet, this.#locals.outcome);
  }

  #set(outcome: number): void {
    this.#code.i32(outcome).local(Op.localSet, this.#locals.outcome);
  }

  /** Predicts a branch's direction and learns; gives `right` where that is what the branch did. As sim/timing/predictor does. */
  #predict(taken: boolean, right: number): void {
    const { direction } = this.#predictor;
    const { traits } = this.#last;
    if (direction === undefined) return this.#set(isBackward(traits) === taken ? right : Outcome.mispredicted);
    const { highest, coldStatic } = direction;
    const { index, outcome: counter } = this.#locals;
    const code = this.#code;
    const counterAt = this.#leaveCounterAddress();
    code.local(Op.localTee, index).memory(Op.i32Load, counterAt).local(Op.localSet, counter);
    this.#noteOutcome(taken);
    // A counter that has never counted is -1, and starts at 0.
    const end = taken ? highest : 0;
    code.local(Op.localGet, counter).i32(end).op(Op.i32Ne).op(Op.if).byte(VOID);
    code.local(Op.localGet, index);
    code
      .i32(taken ? 1 : 0)
      .local(Op.localGet, counter)
      .i32(1);
    code
      .op(taken ? Op.i32Add : Op.i32Sub)
      .local(Op.localGet, counter)
      .i32(0)
      .op(Op.i32LtS)
      .op(Op.select);
    code.memory(Op.i32Store, counterAt).op(Op.end);
    const [ifTaken, ifNot] = taken ? [right, Outcome.mispredicted] : [Outcome.mispredicted, right];
    code.i32(ifTaken).i32(ifNot);
    code
      .i32(highest >> 1)
      .local(Op.localGet, counter)
      .op(Op.i32LtS);
    if (coldStatic && isBackward(traits)) code.local(Op.localGet, counter).i32(-1).op(Op.i32Eq).op(Op.i32Or);
    code.op(Op.select).local(Op.localSet, this.#locals.outcome);
  }

  /** Leaves an address that, with the offset it gives, is that of the branch's counter. */
  #leaveCounterAddress(): number {
    const { counters, mask, granuleBytes, history, shift } = this.#predictor.direction!;
    const own = (this.#last.pc / granuleBytes) | 0;
    const code = this.#code;
    if (history === undefined) {
      code.i32(0);
      return counters.byteOffset + WORD_BYTES * (own & mask);
    }
    code.i32(0).memory(Op.i32Load, history.byteOffset).i32(shift!).op(Op.i32Shl).i32(own).op(Op.i32Xor);
    code.i32(mask).op(Op.i32And).i32(2).op(Op.i32Shl);
    return counters.byteOffset;
  }

  #noteOutcome(taken: boolean): void {
    const { history, historyMask } = this.#predictor.direction!;
    if (history === undefined) return;
    const at = history.byteOffset;
    const code = this.#code;
    code.i32(0).i32(0).memory(Op.i32Load, at).i32(1).op(Op.i32Shl);
    if (taken) code.i32(1).op(Op.i32Or);
    code.i32(historyMask!).op(Op.i32And).memory(Op.i32Store, at);
  }

  /** Leaves whether the branch target buffer holds this transfer with this target, now as the most recently used of its set. */
  #remembered(leaveTarget: () => void): void {
    const { sources, targets, setMask, ways, granuleBytes } = this.#predictor.btb;
    const code = this.#code;
    const base = NUMBER_BYTES * ((this.#last.pc / granuleBytes) & setMask) * ways;
    code
      .i32(0)
      .memory(Op.f64Load, sources.byteOffset + base)
      .f64(this.#last.pc)
      .op(Op.f64Eq);
    code.i32(0).memory(Op.f64Load, targets.byteOffset + base);
    leaveTarget();
    code.op(Op.f64Eq).op(Op.i32And);
    if (ways === 1) return;
    code.op(Op.if).byte(I32).i32(1).op(Op.else);
    code
      .i32(sources.byteOffset + base)
      .i32(NUMBER_BYTES * ways)
      .f64(this.#last.pc);
    leaveTarget();
    code
      .i32(targets.byteOffset - sources.byteOffset)
      .call(this.#calls.touchTransfer)
      .op(Op.end);
  }

  /** Leaves whether the return-address stack's top is the target. */
  #onStack(leaveTarget: () => void): void {
    const { returns, state } = this.#predictor.ras;
    const code = this.#code;
    this.#top();
    code.local(Op.localTee, this.#locals.index).i32(3).op(Op.i32Shl).memory(Op.f64Load, returns.byteOffset);
    leaveTarget();
    code.op(Op.f64Eq).i32(0).memory(Op.i32Load, state.byteOffset).i32(0).op(Op.i32Ne).op(Op.i32And);
  }

  /** Leaves the index of the stack's latest entry. */
  #top(): void {
    const { returns, state } = this.#predictor.ras;
    const next = (): Code => this.#code.i32(0).memory(Op.i32Load, state.byteOffset + WORD_BYTES);
    this.#code.i32(returns.length - 1);
    next().i32(1).op(Op.i32Sub);
    next().op(Op.i32Eqz).op(Op.select);
  }

  /** After `#onStack`: the entry goes. */
  #pop(): void {
    const at = this.#predictor.ras.state.byteOffset;
    const code = this.#code;
    code
      .i32(0)
      .local(Op.localGet, this.#locals.index)
      .memory(Op.i32Store, at + WORD_BYTES);
    code.i32(0).i32(0).memory(Op.i32Load, at).i32(1).op(Op.i32Sub).memory(Op.i32Store, at);
  }

  #push(): void {
    const { returns, state } = this.#predictor.ras;
    const entries = returns.length;
    if (entries === 0) return;
    const { index } = this.#locals;
    const at = state.byteOffset;
    const code = this.#code;
    code
      .i32(0)
      .memory(Op.i32Load, at + WORD_BYTES)
      .local(Op.localTee, index)
      .i32(3)
      .op(Op.i32Shl);
    code.f64(this.#last.pc + this.#last.bytes).memory(Op.f64Store, returns.byteOffset);
    code.i32(0).i32(0).local(Op.localGet, index).i32(1).op(Op.i32Add);
    code
      .local(Op.localGet, index)
      .i32(entries - 1)
      .op(Op.i32Eq)
      .op(Op.select)
      .memory(Op.i32Store, at + WORD_BYTES);
    code.i32(0).i32(entries).i32(0).memory(Op.i32Load, at).i32(1).op(Op.i32Add).local(Op.localTee, index);
    code.local(Op.localGet, index).i32(entries).op(Op.i32GtU).op(Op.select).memory(Op.i32Store, at);
  }
}
