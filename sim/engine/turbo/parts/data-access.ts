// What accesses memory of the pipeline, in code: `#access` of sim/timing/pipeline.ts and what follows from it, on the same words.
import { Cause } from "../../../stats/causes.ts";
import type { PipelineLayout } from "../../../timing/pipeline.ts";
import { NO_ACCESS } from "../../../timing/step.ts";
import { f64, i32, type Callee, type Functions, type Local, type Statements, type Term } from "../terms.ts";
import { I32 } from "../wasm.ts";
import type { ScoreboardCode } from "./scoreboard.ts";
import { StepFields } from "./step-fields.ts";
import { StoreBufferCode } from "./store-buffer.ts";
import type { WaitsCode } from "./waits.ts";

const { const: word } = i32;
/** The size code of a word: smaller loads are narrow. */
const WORD_SIZE = 2;

/** `Outcomes` for code that is being written, all numbers f64. Each is asked for once an access, in this order. */
export interface OutcomesCode {
  /** Has `wait` written with when the translation is there, for where it may be late. */
  readonly translate: (f: Statements, at: Local, wait: (until: Term) => void) => void;
  /** Has `wait` written with until when the cache answers nobody, for where that may be. */
  readonly block: (f: Statements, at: Local, wait: (until: Term) => void) => void;
  /** Asked only where loads wait for stores; any number as large as the buffer where none is overlapped. */
  readonly overlapAge: (f: Statements) => Term;
  readonly read: (f: Statements, at: Local) => Term;
  readonly write: (f: Statements, at: Local) => Term;
  readonly tagCycles: (f: Statements) => Term;
}

export class AccessCode {
  readonly buffer: StoreBufferCode;
  /** `load(word)`, `store(word)`: of an instruction whose operands are there. */
  readonly load: Callee;
  readonly store: Callee;
  readonly #module: Functions;
  readonly #layout: PipelineLayout;
  readonly #outcomes: OutcomesCode;
  readonly #waits: WaitsCode;
  readonly #scoreboard: ScoreboardCode;

  constructor(
    module: Functions,
    layout: PipelineLayout,
    outcomes: OutcomesCode,
    o: { readonly waits: WaitsCode; readonly scoreboard: ScoreboardCode },
  ) {
    this.#module = module;
    this.#layout = layout;
    this.#outcomes = outcomes;
    this.#waits = o.waits;
    this.#scoreboard = o.scoreboard;
    this.buffer = new StoreBufferCode(layout.stores);
    this.load = this.#loadFunction();
    this.store = this.#accessFunction((f, step, now) => this.write(f, step, now));
  }

  /** `#access`, up to where classes differ; returns where there is none. */
  ask(f: Statements, step: StepFields, now: Local): void {
    f.rarely(i32.eq(step.size, word(NO_ACCESS)), () => {
      this.#scoreboard.plain(f, f.let(step.place("rd")), f64.add(now, f64.const(1)));
      f.return();
    });
    this.#outcomes.translate(f, now, (until) => this.#waits.until(f, now, Cause.dtlb, until));
    this.#waits.until(f, now, Cause.port, this.portFree);
    this.#outcomes.block(f, now, (until) => this.#waits.until(f, now, Cause.dcache, until));
  }

  /** When the data port is free. */
  get portFree(): Term {
    return f64.at(this.#portFreeAt);
  }

  get #portFreeAt(): number {
    return this.#layout.portFree.byteOffset;
  }

  /** A function of a step word that leaves the window and accesses memory. */
  #accessFunction(body: (f: Statements, step: StepFields, now: Local) => void): Callee {
    return this.#module.define([I32], undefined, (f, stepWord) => {
      const step = new StepFields(stepWord);
      const now = f.let(this.#waits.clock.now);
      this.#waits.window(f, now);
      this.ask(f, step, now);
      body(f, step, now);
    });
  }

  /** `#load` */
  #loadFunction(): Callee {
    const { narrowLoadCycles } = this.#layout.config.scoreboard;
    return this.#accessFunction((f, step, now) => {
      if (this.buffer.isSearched) {
        const age = this.#outcomes.overlapAge(f);
        this.buffer.findOverlapped(f, age, now, (until) => this.#waits.until(f, now, Cause.storeBuffer, until));
      }
      const beyond = this.#occupyPort(f, step, now);
      if (narrowLoadCycles > 0) {
        const isNarrow = i32.lt(step.size, word(WORD_SIZE));
        f.if(isNarrow, () => f.set(beyond, f64.add(beyond, f64.const(narrowLoadCycles))));
      }
      this.#result(f, step, now, beyond, this.#outcomes.read(f, now));
    });
  }

  /** `#store` */
  write(f: Statements, step: StepFields, now: Local): void {
    this.#waits.until(f, now, Cause.storeBuffer, this.buffer.freeAt);
    const beyond = this.#occupyPort(f, step, now);
    const written = f.let(this.#outcomes.write(f, now));
    const late = f64.sub(f64.sub(written, now), f64.const(this.#hitCycles));
    this.buffer.push(f, now, f64.add(late, beyond));
  }

  /** `#atomic` */
  atomic(f: Statements, step: StepFields, now: Local): void {
    const { atomicCycles } = this.#layout.config.scoreboard;
    this.#waits.until(f, now, Cause.storeBuffer, this.buffer.emptyAt);
    const beyond = this.#occupyPort(f, step, now);
    f.set(beyond, f64.add(beyond, f64.const(atomicCycles)));
    f.count(this.#portFreeAt, f64.const(atomicCycles));
    this.#result(f, step, now, beyond, this.#outcomes.write(f, now));
  }

  get #hitCycles(): number {
    return this.#layout.config.l1d.hitCycles;
  }

  /** `#result` */
  #result(f: Statements, step: StepFields, at: Local, beyond: Local, answer: Term): void {
    const cacheAt = f.let(answer);
    const onHit = f64.add(at, f64.const(this.#hitCycles));
    const rd = f.let(step.place("rd"));
    const readyAt = f.let(f64.add(cacheAt, beyond));
    f.rarely(i32.not(f64.eq(cacheAt, onHit)), () => {
      const hitAt = f.let(f64.add(onHit, beyond));
      const dataAt = f.let(f64.sub(readyAt, this.#outcomes.tagCycles(f)));
      f.do(this.#scoreboard.missed(rd, at, hitAt, f64.max(hitAt, dataAt), readyAt));
      f.return();
    });
    this.#scoreboard.plain(f, rd, readyAt);
  }

  /** `#occupyPort`, but gives how many cycles more than one the access takes. */
  #occupyPort(f: Statements, step: StepFields, at: Local): Local {
    const beyond = f.let(f64.const(0));
    const portSize = Math.log2(this.#layout.config.l1d.portBytes);
    const wider = f.let(i32.sub(step.size, word(portSize)));
    f.rarely(i32.lt(word(0), wider), () => f.set(beyond, f64.of(i32.sub(i32.shl(word(1), wider), word(1)))));
    f.storeAt(this.#portFreeAt, f64.add(f64.add(at, f64.const(1)), beyond));
    return beyond;
  }
}
