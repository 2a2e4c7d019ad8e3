// The code of the pipeline: what sim/timing/pipeline.ts does, function by function, on the same words. Devices, traps, flushes and
// waits for interrupts are left to that.
import { Cause } from "../../../stats/causes.ts";
import type { PipelineLayout } from "../../../timing/pipeline.ts";
import { Outcome } from "../../../timing/predictor/predictor.ts";
import { ELSEWHERE } from "../../../timing/storebuffer.ts";
import { Class } from "../../../timing/traits.ts";
import { f64, i32, select, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import type { ClockCode } from "./clock.ts";
import { AccessCode, type OutcomesCode } from "./data-access.ts";
import { PairingCode } from "./pairing.ts";
import { ScoreboardCode } from "./scoreboard.ts";
import { StateReaderCode, StateWriterCode } from "./state-words.ts";
import { StepFields, type Register } from "./step-fields.ts";
import type { StoreBufferCode } from "./store-buffer.ts";
import { WaitsCode, type Slack } from "./waits.ts";

const { const: word } = i32;

export interface PipelineCode {
  readonly clock: ClockCode;
  /** `step(word)`: one instruction, fetched, that asks no device. */
  readonly step: Callee;
  /** `stallFetch(itlbCycles, cacheCycles, tagCycles)` */
  readonly stallFetch: Callee;
  readonly buffer: StoreBufferCode;
  /**
   * Writes the words of its state from an address on, the times of stores left out where these are kept elsewhere; gives how many, and the
   * earliest cycle in which anything can still happen.
   */
  readonly save: (f: Statements, at: Term, elsewhere: Term) => { readonly length: Term; readonly origin: Local };
  /** Goes on from such words at cycle 0. */
  readonly restore: (f: Statements, at: Term) => void;
}

/** Writes a pipeline's functions. */
export function pipelineCode(module: Functions, layout: PipelineLayout, outcomes: OutcomesCode): PipelineCode {
  return new Writing(module, layout, outcomes).code();
}

/** A register that an instruction waits for, when its value is ready, and how much later than at its issue it is wanted. */
interface Operand {
  readonly register: Local;
  readonly ready: Local;
  readonly slack: Slack;
}

/** An instruction that is gone through. */
interface Going {
  readonly step: StepFields;
  readonly operands: readonly Operand[];
  /** How much later than its issue it executes; undefined without late ALUs. */
  readonly late: Local | undefined;
}

/** One pipeline, while its functions are written. Everywhere `now` is a local that follows the clock. */
class Writing {
  readonly #module: Functions;
  readonly #layout: PipelineLayout;
  readonly #clock: ClockCode;
  readonly #waits: WaitsCode;
  readonly #pairing: PairingCode | undefined;
  readonly #scoreboard: ScoreboardCode;
  readonly #access: AccessCode;
  /** `others(word)`: what goes beyond the ALU, but for loads and stores. */
  readonly #others: Callee;
  /** `transfer(word)`, or with late ALUs `transfer(word, lateCycles)`: `#transfer`, of an outcome that is not to fall through. */
  readonly #transfer: Callee;

  constructor(module: Functions, layout: PipelineLayout, outcomes: OutcomesCode) {
    this.#module = module;
    this.#layout = layout;
    this.#pairing = layout.config.issue.width > 1 ? new PairingCode(layout.pairing) : undefined;
    this.#scoreboard = new ScoreboardCode(module, layout.scoreboard);
    this.#waits = new WaitsCode(module, layout, this.#scoreboard);
    this.#clock = this.#waits.clock;
    this.#access = new AccessCode(module, layout, outcomes, { waits: this.#waits, scoreboard: this.#scoreboard });
    this.#others = this.#othersFunction();
    this.#transfer = this.#transferFunction();
  }

  code(): PipelineCode {
    return {
      ...{ clock: this.#clock, step: this.#stepFunction(), stallFetch: this.#stallFetchFunction() },
      ...{ buffer: this.#access.buffer, save: this.#save.bind(this), restore: this.#restore.bind(this) },
    };
  }

  #save(f: Statements, at: Term, elsewhere: Term): { readonly length: Term; readonly origin: Local } {
    const origin = f.let(this.#clock.now);
    const open = f.let(this.#pairing?.isOpen(f64.sub(origin, f64.const(1))) ?? word(0));
    f.if(open, () => f.set(origin, f64.sub(origin, f64.const(1))));
    const to = new StateWriterCode(f, at, origin);
    if (this.#pairing === undefined) to.put(f, word(0));
    else this.#pairing.save(f, open, to);
    this.#waits.queue.save(f, to);
    this.#scoreboard.save(f, to);
    f.if(
      elsewhere,
      () => to.put(f, word(ELSEWHERE)),
      () => this.#access.buffer.save(f, to),
    );
    to.time(f, this.#access.portFree);
    return { length: to.length, origin };
  }

  #restore(f: Statements, at: Term): void {
    const from = new StateReaderCode(f, at);
    this.#clock.reset(f);
    const first = this.#pairing?.restore(f, 0, from) ?? from.take(f);
    f.if(first, () => from.shift(f, f64.const(-1)));
    this.#waits.queue.restore(f, from);
    this.#scoreboard.restore(f, from);
    const { buffer } = this.#access;
    const waiting = from.take(f);
    f.if(i32.ne(waiting, word(ELSEWHERE)), () => buffer.restore(f, waiting, from));
    f.storeAt(this.#layout.portFree.byteOffset, from.time(f));
  }

  #stallFetchFunction(): Callee {
    return this.#module.define([F64, F64, F64], undefined, (f, itlbCycles, cacheCycles, tagCycles) => {
      const total = f.let(f64.add(itlbCycles, cacheCycles));
      f.if(f64.eq(total, f64.const(0)), () => f.return());
      const exposed = f.let(f64.sub(total, this.#waits.queue.hide(f, total)));
      const exposedLine = f.let(f64.min(cacheCycles, exposed));
      const exposedTags = f.let(f64.min(tagCycles, exposedLine));
      this.#clock.pass(f, Cause.itlb, f.let(f64.sub(exposed, exposedLine)));
      this.#clock.pass(f, Cause.icache, f.let(f64.sub(exposedLine, exposedTags)));
      this.#clock.pass(f, Cause.tagCache, exposedTags);
    });
  }

  #stepFunction(): Callee {
    return this.#module.define([I32], undefined, (f, stepWord) => {
      const step = new StepFields(stepWord);
      const late = this.#hasLateAlus ? f.let(f64.const(0)) : undefined;
      const going: Going = { step, late, operands: this.#operands(f, step) };
      const now = f.let(this.#clock.now);
      if (this.#pairing !== undefined) this.#joinOrGoOn(f, going, now, this.#pairing);
      this.#awaitOperands(f, going, now);
      const beyond = (): void => {
        this.#beyondAlu(f, step);
        f.set(now, this.#clock.now);
      };
      f.if(step.isUpTo(Class.jump), () => this.#plain(f, going, now), beyond);
      this.#scoreboard.issue(f);
      this.#clock.issue(f, now);
      this.#pairing?.open(f, step, now);
      this.#go(f, going);
    });
  }

  /** The registers that an instruction waits for. */
  #operands(f: Statements, step: StepFields): Operand[] {
    const { rs1Slack, rs2Slack, config } = this.#layout;
    const operand = (which: Register, slack: Term): Operand => {
      const register = f.let(step.place(which));
      const ready = f.let(this.#scoreboard.ready(register));
      return { register, ready, slack: this.#hasLateAlus ? f.let(slack) : undefined };
    };
    const sources = [
      operand("rs1", f64.load(step.classPlace, rs1Slack.byteOffset)),
      operand("rs2", f64.load(step.classPlace, rs2Slack.byteOffset)),
    ];
    const { ordersWrites } = config.scoreboard;
    return ordersWrites ? [...sources, operand("rd", f64.const(this.#lateAluCycles))] : sources;
  }

  #isLate({ ready, slack }: Operand, at: Local): Term {
    return f64.gt(ready, slack === undefined ? at : f64.add(at, slack));
  }

  get #hasLateAlus(): boolean {
    return this.#lateAluCycles > 0;
  }

  get #lateAluCycles(): number {
    return this.#layout.config.issue.lateAluCycles;
  }

  /** Of an instruction that `#joins` the last one in its cycle, all that there is to do. */
  #joinOrGoOn(f: Statements, going: Going, now: Local, pairing: PairingCode): void {
    const { step } = going;
    f.block((goOn) => {
      const at = f.let(f64.sub(now, f64.const(1)));
      pairing.admits(f, step, at, goOn);
      this.#joins(f, going, at, goOn);
      const plain = (): void => {
        this.#give(f, going, at);
        this.#clock.issueShared(f);
      };
      const beyond = (): void => {
        this.#clock.share(f, at);
        this.#beyondAlu(f, step);
        this.#clock.issue(f, f.let(this.#clock.now));
      };
      f.if(step.isUpTo(Class.jump), plain, beyond);
      this.#scoreboard.issue(f);
      pairing.close(f);
      this.#go(f, going);
      f.return();
    });
  }

  /** What remains of `#joins`, of the cycle `at`; else leaves for `no`. */
  #joins(f: Statements, { step, operands }: Going, at: Local, no: () => void): void {
    const scoreboard = this.#scoreboard;
    if (scoreboard.hasWindow) {
      scoreboard.dropFinished(f, at);
      f.if(scoreboard.windowFull, no);
    }
    for (const operand of operands) f.if(this.#isLate(operand, at), no);
    const unlessFree = (freeAt: Term): void => f.if(f64.gt(freeAt, at), no);
    const onUnit = (): void => unlessFree(scoreboard.unitFreeAt);
    const onPort = (): void => {
      unlessFree(this.#access.portFree);
      f.if(step.is(Class.store), () => unlessFree(this.#access.buffer.freeAt));
    };
    const { busFreeAt } = scoreboard;
    const onAlu = (): void => (busFreeAt === undefined ? undefined : unlessFree(busFreeAt));
    f.if(step.isUpTo(Class.jump), onAlu, () => f.if(step.isUpTo(Class.div), onUnit, onPort));
  }

  #awaitOperands(f: Statements, { operands }: Going, now: Local): void {
    for (const operand of operands)
      f.rarely(this.#isLate(operand, now), () => this.#waits.register(f, now, operand.register, operand.slack));
  }

  /** Of what has a fixed time on the ALU's result bus: what remains of `#awaitOperands`, and its result. */
  #plain(f: Statements, going: Going, now: Local): void {
    const { busFreeAt } = this.#scoreboard;
    if (busFreeAt !== undefined) this.#waits.until(f, now, Cause.muldiv, busFreeAt);
    this.#waits.window(f, now);
    this.#give(f, going, now);
  }

  /** The result of the same, which issues at `at`. */
  #give(f: Statements, { step, operands, late }: Going, at: Local): void {
    if (late !== undefined) this.#setLate(f, late, operands, at);
    const executed = late === undefined ? at : f64.add(at, late);
    this.#scoreboard.plain(f, f.let(step.place("rd")), f64.add(executed, this.#latency(step)));
  }

  /** `#lateCycles`: of the classes that are not executed late, no slack is other than 0. */
  #setLate(f: Statements, late: Local, [rs1, rs2]: readonly Operand[], at: Local): void {
    for (const { ready, slack } of [rs1!, rs2!]) f.if(f64.gt(ready, at), () => f.set(late, slack!));
  }

  #latency(step: StepFields): Term {
    const { latency } = this.#layout;
    if (latency.every((cycles) => cycles === latency[0])) return f64.const(latency[0]!);
    return f64.load(step.classPlace, latency.byteOffset);
  }

  #beyondAlu(f: Statements, step: StepFields): void {
    const goTo = (callee: Callee) => () => f.do(callee(step.word));
    const { load, store } = this.#access;
    f.if(step.is(Class.load), goTo(load), () => f.if(step.is(Class.store), goTo(store), goTo(this.#others)));
  }

  /** An instruction has issued: it may transfer. */
  #go(f: Statements, { step, late }: Going): void {
    f.rarely(step.hasOutcome, () => f.do(this.#transfer(step.word, ...(late === undefined ? [] : [late]))));
  }

  #othersFunction(): Callee {
    return this.#module.define([I32], undefined, (f, stepWord) => {
      const step = new StepFields(stepWord);
      const now = f.let(this.#clock.now);
      const rd = f.let(step.place("rd"));
      const of = (timingClass: number, then: () => void): void =>
        f.if(step.is(timingClass), () => {
          then();
          f.return();
        });
      f.if(step.isUpTo(Class.div), () => this.#waits.until(f, now, Cause.muldiv, this.#scoreboard.unitFreeAt));
      this.#waits.window(f, now);
      of(Class.mul, () => this.#scoreboard.mul(f, rd, now));
      of(Class.div, () => this.#scoreboard.div(f, rd, now));
      of(Class.fence, () => this.#waits.until(f, now, Cause.storeBuffer, this.#access.buffer.emptyAt));
      of(Class.system, () => {});
      this.#access.ask(f, step, now);
      of(Class.atomic, () => this.#access.atomic(f, step, now));
      this.#access.write(f, step, now);
    });
  }

  #transferFunction(): Callee {
    const { takenCycles, predecodeCycles, mispredictCycles } = this.#layout.config.frontend;
    return this.#module.define(this.#hasLateAlus ? [I32, F64] : [I32], undefined, (f, stepWord, late) => {
      const step = new StepFields(stepWord!);
      const of = (outcome: number, then: () => void): void => f.if(i32.eq(step.outcome, word(outcome)), then);
      of(Outcome.remembered, () => this.#bubble(f, takenCycles));
      of(Outcome.predecoded, () => this.#bubble(f, predecodeCycles));
      of(Outcome.mispredicted, () => {
        const cycles = f.let(f64.const(mispredictCycles));
        if (late !== undefined) f.set(cycles, f64.add(cycles, this.#comparedLate(step, late)));
        this.#clock.pass(f, Cause.branch, cycles);
        this.#waits.queue.drop(f);
      });
    });
  }

  /** How much later a transfer is compared than at its issue: jumps to registers always are as late as can be. */
  #comparedLate(step: StepFields, late: Local): Term {
    return select(step.is(Class.jump), f64.const(this.#lateAluCycles), late);
  }

  #bubble(f: Statements, cycles: number): void {
    if (cycles === 0) return;
    const bubble = f.let(f64.const(cycles));
    this.#clock.pass(f, Cause.branch, f.let(f64.sub(bubble, this.#waits.queue.hide(f, bubble))));
  }
}
