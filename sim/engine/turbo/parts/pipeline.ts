// The code of the pipeline: what sim/timing/pipeline.ts does, function by function, on the same words. Devices, traps, flushes and
// waits for interrupts are left to that.
import { Cause } from "../../../stats/causes.ts";
import { LATE_ALU, LATE_SECOND, type PipelineLayout } from "../../../timing/pipeline.ts";
import { Outcome } from "../../../timing/predictor/predictor.ts";
import { Class } from "../../../timing/traits.ts";
import { f64, i32, select, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { F64, I32, type ValueType } from "../wasm.ts";
import type { ClockCode } from "./clock.ts";
import { AccessCode, type OutcomesCode } from "./data-access.ts";
import { PairingCode } from "./pairing.ts";
import { ScoreboardCode } from "./scoreboard.ts";
import { StepFields, type Register } from "./step-fields.ts";
import { WaitsCode, type Slack } from "./waits.ts";

const { const: word } = i32;

export interface PipelineCode {
  readonly clock: ClockCode;
  /** `step(word)`: one instruction, fetched, that asks no device. */
  readonly step: Callee;
  /** `stallFetch(itlbCycles, cacheCycles, tagCycles)` */
  readonly stallFetch: Callee;
}

/** Writes a pipeline's functions. */
export function pipelineCode(module: Functions, layout: PipelineLayout, outcomes: OutcomesCode): PipelineCode {
  return new Writing(module, layout, outcomes).code();
}

/** One pipeline, while its functions are written. In these, `now` is a local that follows the clock. */
class Writing {
  readonly #module: Functions;
  readonly #layout: PipelineLayout;
  readonly #clock: ClockCode;
  readonly #waits: WaitsCode;
  readonly #pairing: PairingCode | undefined;
  readonly #scoreboard: ScoreboardCode;
  readonly #access: AccessCode;

  constructor(module: Functions, layout: PipelineLayout, outcomes: OutcomesCode) {
    this.#module = module;
    this.#layout = layout;
    this.#pairing = layout.config.issue.width > 1 ? new PairingCode(layout.pairing) : undefined;
    this.#scoreboard = new ScoreboardCode(module, layout.scoreboard);
    this.#waits = new WaitsCode(module, layout, this.#scoreboard);
    this.#clock = this.#waits.clock;
    this.#access = new AccessCode(module, layout, outcomes, { waits: this.#waits, scoreboard: this.#scoreboard });
  }

  code(): PipelineCode {
    return { clock: this.#clock, step: this.#stepFunction(), stallFetch: this.#stallFetchFunction() };
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
    const [load, store, others] = [this.#access.load, this.#access.store, this.#othersFunction()];
    const transfer = this.#transferFunction();
    return this.#module.define([I32], undefined, (f, stepWord) => {
      const step = new StepFields(stepWord);
      const joins = this.#pairing && this.#joins(f, step, this.#pairing);
      if (joins !== undefined) f.if(joins, () => this.#clock.share(f));
      const now = f.let(this.#clock.now);
      const late = this.#hasLateAlus ? [f.let(f64.const(0))] : [];
      this.#awaitOperands(f, step, now);
      const isOf = (timingClass: number): Term => i32.eq(step.class, word(timingClass));
      const beyond = (): void => {
        const onward = (callee: Callee) => () => f.do(callee(stepWord));
        f.if(isOf(Class.load), onward(load), () => f.if(isOf(Class.store), onward(store), onward(others)));
        f.set(now, this.#clock.now);
      };
      f.if(this.#isUpTo(step, Class.jump), () => this.#plain(f, step, now, late[0]), beyond);
      this.#scoreboard.issue(f);
      this.#clock.issue(f, now);
      if (joins !== undefined) this.#pair(f, step, joins, now);
      f.rarely(step.hasOutcome, () => f.do(transfer(stepWord, ...late)));
    });
  }

  get #hasLateAlus(): boolean {
    return this.#lateAluCycles > 0;
  }

  /** A word, and how late something may be where it can. */
  get #withLate(): readonly ValueType[] {
    return this.#hasLateAlus ? [I32, F64] : [I32];
  }

  get #lateAluCycles(): number {
    return this.#layout.config.issue.lateAluCycles;
  }

  #isUpTo(step: StepFields, timingClass: number): Term {
    return i32.lt(step.class, word(timingClass + 1));
  }

  /** `#joins` */
  #joins(f: Statements, step: StepFields, pairing: PairingCode): Local {
    const scoreboard = this.#scoreboard;
    const joins = f.let(word(0));
    f.block((no) => {
      const at = f.let(f64.sub(this.#clock.now, f64.const(1)));
      pairing.admits(f, step, at, no);
      if (scoreboard.hasWindow) {
        scoreboard.dropFinished(f, at);
        f.if(scoreboard.windowFull, no);
      }
      this.#operands(f, step, (register, slack) => f.if(this.#isLate(register, at, slack), no));
      const unlessFree = (freeAt: Term): void => f.if(f64.gt(freeAt, at), no);
      const onUnit = (): void => unlessFree(scoreboard.unitFreeAt);
      const onPort = (): void => {
        unlessFree(this.#access.portFree);
        f.if(i32.eq(step.class, word(Class.store)), () => unlessFree(this.#access.buffer.freeAt));
      };
      const { busFreeAt } = scoreboard;
      const onAlu = (): void => (busFreeAt === undefined ? undefined : unlessFree(busFreeAt));
      f.if(this.#isUpTo(step, Class.jump), onAlu, () => f.if(this.#isUpTo(step, Class.div), onUnit, onPort));
      f.set(joins, word(1));
    });
    return joins;
  }

  /** An instruction has issued, when the clock showed `now`. */
  #pair(f: Statements, step: StepFields, joins: Local, now: Local): void {
    f.if(
      joins,
      () => this.#pairing!.close(f),
      () => this.#pairing!.open(f, step, now),
    );
  }

  #awaitOperands(f: Statements, step: StepFields, now: Local): void {
    this.#operands(f, step, (register, slack) =>
      f.rarely(this.#isLate(register, now, slack), () => this.#waits.register(f, now, register, slack)),
    );
  }

  /** The registers that an instruction waits for. */
  #operands(f: Statements, step: StepFields, each: (register: Local, slack: Slack) => void): void {
    const late = f64.const(this.#lateAluCycles);
    const slackOf = (classes: readonly number[]): Slack =>
      this.#hasLateAlus ? f.let(select(step.isOneOf(classes), late, f64.const(0))) : undefined;
    each(f.let(step.place("rs1")), slackOf(LATE_ALU));
    each(f.let(step.place("rs2")), slackOf(LATE_SECOND));
    if (!this.#layout.config.scoreboard.ordersWrites) return;
    each(f.let(step.place("rd")), this.#hasLateAlus ? f.let(late) : undefined);
  }

  #isLate(register: Local, at: Local, slack: Slack): Term {
    return f64.gt(this.#scoreboard.ready(register), slack === undefined ? at : f64.add(at, slack));
  }

  /** Of what has a fixed time on the ALU's result bus: what remains of `#awaitOperands`, and its result. */
  #plain(f: Statements, step: StepFields, now: Local, late: Local | undefined): void {
    const { busFreeAt } = this.#scoreboard;
    if (busFreeAt !== undefined) this.#waits.until(f, now, Cause.muldiv, busFreeAt);
    this.#waits.window(f, now);
    if (late !== undefined) this.#setLate(f, step, now, late);
    const executed = late === undefined ? now : f64.add(now, late);
    this.#scoreboard.plain(f, f.let(step.place("rd")), f64.add(executed, this.#latency(step)));
  }

  #latency(step: StepFields): Term {
    const { latency } = this.#layout;
    if (latency.every((cycles) => cycles === latency[0])) return f64.const(latency[0]!);
    return f64.load(step.classPlace, latency.byteOffset);
  }

  /** `#lateCycles` */
  #setLate(f: Statements, step: StepFields, now: Local, late: Local): void {
    const isReady = (which: Register): Term => f64.le(this.#scoreboard.ready(step.place(which)), now);
    const lacks = i32.not(i32.and(isReady("rs1"), isReady("rs2")));
    f.if(i32.and(lacks, step.isOneOf(LATE_ALU)), () => f.set(late, f64.const(this.#lateAluCycles)));
  }

  /** What goes beyond the ALU, but for loads and stores. */
  #othersFunction(): Callee {
    return this.#module.define([I32], undefined, (f, stepWord) => {
      const step = new StepFields(stepWord);
      const now = f.let(this.#clock.now);
      const rd = f.let(step.place("rd"));
      const timingClass = f.let(step.class);
      const of = (wanted: number, then: () => void): void =>
        f.if(i32.eq(timingClass, word(wanted)), () => {
          then();
          f.return();
        });
      f.if(this.#isUpTo(step, Class.div), () => this.#waits.until(f, now, Cause.muldiv, this.#scoreboard.unitFreeAt));
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

  /** `transfer(word)`, or with late ALUs `transfer(word, lateCycles)`: `#transfer`, of an outcome that is not to fall through. */
  #transferFunction(): Callee {
    const { takenCycles, predecodeCycles, mispredictCycles } = this.#layout.config.frontend;
    return this.#module.define(this.#withLate, undefined, (f, stepWord, late) => {
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
    return select(i32.eq(step.class, word(Class.jump)), f64.const(this.#lateAluCycles), late);
  }

  #bubble(f: Statements, cycles: number): void {
    if (cycles === 0) return;
    const bubble = f.let(f64.const(cycles));
    this.#clock.pass(f, Cause.branch, f.let(f64.sub(bubble, this.#waits.queue.hide(f, bubble))));
  }
}
