// What an instruction of the pipeline waits for, in code: the waits of sim/timing/pipeline.ts, on the same words.
import { Cause } from "../../../stats/causes.ts";
import type { PipelineLayout } from "../../../timing/pipeline.ts";
import { Producer } from "../../../timing/scoreboard.ts";
import { f64, i32, select, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { F64, I32, type ValueType } from "../wasm.ts";
import { causeBytes, ClockCode } from "./clock.ts";
import { FetchQueueCode } from "./fetch-queue.ts";
import type { ArrivalTerms, ScoreboardCode } from "./scoreboard.ts";

const { const: word } = i32;

/** How much later than at its issue an instruction wants an operand; undefined: never. */
export type Slack = Local | undefined;

/** Everywhere `now` is a local that follows the clock. */
export class WaitsCode {
  readonly clock: ClockCode;
  readonly queue: FetchQueueCode;
  readonly #module: Functions;
  readonly #scoreboard: ScoreboardCode;
  /** `stall(causeBytes, until)`: waits until a cycle that is yet to come. */
  readonly #stall: Callee;
  /** `awaitRegister(register, slack)`, without slack where there are no late ALUs. */
  readonly #awaitRegister: Callee;
  /** `awaitWindow()` */
  readonly #awaitWindow: Callee | undefined;

  constructor(module: Functions, layout: PipelineLayout, scoreboard: ScoreboardCode) {
    this.#module = module;
    this.clock = new ClockCode(layout.clock);
    this.queue = new FetchQueueCode(layout.queue);
    this.#scoreboard = scoreboard;
    this.#stall = this.#stallFunction();
    const params: readonly ValueType[] = layout.config.issue.lateAluCycles > 0 ? [I32, F64] : [I32];
    this.#awaitRegister = this.#awaitRegisterFunction(params);
    this.#awaitWindow = scoreboard.hasWindow ? this.#awaitWindowFunction() : undefined;
  }

  /** Issue waits for `cause` until a cycle, and the fetch queue fills meanwhile. */
  until(f: Statements, now: Local, cause: number, cycle: Term): void {
    this.#untilFor(f, now, word(causeBytes(cause)), cycle);
  }

  /** Issue waits for a register that is late. */
  register(f: Statements, now: Local, register: Local, slack: Slack): void {
    f.do(this.#awaitRegister(register, ...(slack === undefined ? [] : [slack])));
    f.set(now, this.clock.now);
  }

  /** Issue waits until the window has room. */
  window(f: Statements, now: Local): void {
    const awaitWindow = this.#awaitWindow;
    if (awaitWindow === undefined) return;
    f.rarely(this.#scoreboard.windowFull, () => {
      f.do(awaitWindow());
      f.set(now, this.clock.now);
    });
  }

  #untilFor(f: Statements, now: Local, bytes: Term, cycle: Term): void {
    const end = f.let(cycle);
    f.rarely(f64.gt(end, now), () => {
      f.do(this.#stall(bytes, end));
      f.set(now, this.clock.now);
    });
  }

  #stallFunction(): Callee {
    return this.#module.define([I32, F64], undefined, (f, bytes, until) => {
      const cycles = f.let(f64.sub(until, this.clock.now));
      this.clock.passFor(f, bytes, cycles);
      this.queue.gain(f, cycles);
    });
  }

  #awaitRegisterFunction(params: readonly ValueType[]): Callee {
    return this.#module.define(params, undefined, (f, ...[register, slack]) =>
      this.#arrival(f, this.#scoreboard.arrivalOf(register!), slack),
    );
  }

  #awaitWindowFunction(): Callee {
    return this.#module.define([], undefined, (f) =>
      f.while(this.#scoreboard.windowFull, () => this.#arrival(f, this.#scoreboard.takeOldest(f), undefined)),
    );
  }

  /** `#awaitArrival` */
  #arrival(f: Statements, { producer, hitAt, dataAt, readyAt }: ArrivalTerms, slack: Slack): void {
    const now = f.let(this.clock.now);
    const early = (time: Term): Term => (slack === undefined ? time : f64.sub(time, slack));
    const isOf = (who: number): Term => i32.eq(producer, word(who));
    const cause = select(isOf(Producer.muldiv), word(causeBytes(Cause.muldiv)), word(causeBytes(Cause.dependency)));
    const fromMemory = (): void => {
      this.until(f, now, Cause.dependency, early(hitAt));
      this.until(f, now, Cause.dcache, early(dataAt));
      this.until(f, now, Cause.tagCache, early(readyAt));
    };
    f.if(isOf(Producer.memory), fromMemory, () => this.#untilFor(f, now, cause, early(readyAt)));
  }
}
