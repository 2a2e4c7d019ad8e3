// The code of the scoreboard: what sim/timing/scoreboard.ts does, on the same words. A register is named by the place of its number.
import { Producer, type ScoreboardLayout } from "../../../timing/scoreboard.ts";
import { f64, i32, NUMBER_BYTES, NUMBER_SHIFT, select, WORD_BYTES, WORD_SHIFT } from "../terms.ts";
import type { Callee, Functions, Local, Statements, Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import type { StateReaderCode, StateWriterCode } from "./state-words.ts";

const { const: word } = i32;

/** `Arrival` */
export interface ArrivalTerms {
  readonly producer: Term;
  readonly hitAt: Term;
  readonly dataAt: Term;
  readonly readyAt: Term;
}

export class ScoreboardCode {
  /** `missed(rd, at, hitAt, dataAt, readyAt)` */
  readonly missed: Callee;
  readonly #board: ScoreboardLayout;
  /** `outlast(at, producer, hitAt, dataAt, readyAt)` */
  readonly #outlast: Callee | undefined;

  constructor(module: Functions, board: ScoreboardLayout) {
    this.#board = board;
    this.#outlast = this.hasWindow ? this.#outlastFunction(module) : undefined;
    this.missed = module.define([I32, F64, F64, F64, F64], undefined, (f, rd, at, hitAt, dataAt, readyAt) =>
      this.#late(f, rd, at, { producer: word(Producer.memory), hitAt, dataAt, readyAt }),
    );
  }

  /** Is the number of instructions limited that may issue behind an unfinished one? */
  get hasWindow(): boolean {
    return this.#board.config.entries > 0;
  }

  /** What can still make an instruction wait. */
  save(f: Statements, to: StateWriterCode): void {
    const board = this.#board;
    const late = f.let(word(0));
    const lateAt = to.reserve(f);
    const register = f.let(word(NUMBER_BYTES));
    f.while(i32.lt(register, word(board.ready.byteLength)), () => {
      f.if(i32.not(to.isPast(this.ready(register))), () => {
        f.set(late, i32.or(late, i32.shl(word(1), i32.shrU(register, word(NUMBER_SHIFT)))));
        const { producer, hitAt, dataAt, readyAt } = this.arrivalOf(register);
        const by = f.let(producer);
        to.put(f, by);
        f.if(i32.eq(by, word(Producer.memory)), () => [hitAt, dataAt].forEach((time) => to.time(f, time)));
        to.time(f, readyAt);
      });
      f.set(register, i32.add(register, word(NUMBER_BYTES)));
    });
    f.store(lateAt, 0, late);
    for (const unit of [0, 1]) to.time(f, f64.at(board.free.byteOffset + NUMBER_BYTES * unit));
    if (this.hasWindow) this.#saveWindow(f, to);
    else to.put(f, word(0));
  }

  restore(f: Statements, from: StateReaderCode): void {
    const board = this.#board;
    const late = from.take(f);
    const register = f.let(word(0));
    f.while(i32.lt(register, word(board.ready.byteLength)), () => {
      f.store(register, board.ready.byteOffset, f64.const(-Infinity));
      f.if(i32.and(late, word(1)), () => this.#restoreRegister(f, register, from));
      f.set(late, i32.shrU(late, word(1)));
      f.set(register, i32.add(register, word(NUMBER_BYTES)));
    });
    for (const unit of [0, 1]) f.storeAt(board.free.byteOffset + NUMBER_BYTES * unit, from.time(f));
    const size = from.take(f);
    if (this.hasWindow) this.#restoreWindow(f, size, from);
  }

  #restoreRegister(f: Statements, register: Local, from: StateReaderCode): void {
    const board = this.#board;
    const by = from.take(f);
    f.store(this.#producerOf(register), board.producer.byteOffset, by);
    f.if(i32.eq(by, word(Producer.memory)), () => {
      for (const times of [board.hitAt, board.dataAt]) f.store(register, times.byteOffset, from.time(f));
    });
    f.store(register, board.ready.byteOffset, from.time(f));
  }

  #saveWindow(f: Statements, to: StateWriterCode): void {
    const { windowFirst, issued } = this.#board;
    const left = f.let(this.#size);
    const place = f.let(this.#oldest);
    const timeOf = (times: Float64Array): Term => f64.load(i32.shl(place, word(NUMBER_SHIFT)), times.byteOffset);
    const next = (): void => {
      f.set(place, this.#after(place, word(1)));
      f.set(left, i32.sub(left, word(1)));
    };
    f.while(i32.and(i32.lt(word(0), left), to.isPast(timeOf(this.#board.windowReadyAt))), next);
    to.put(f, left);
    f.while(left, () => {
      to.put(f, i32.of(f64.sub(timeOf(windowFirst), f64.at(issued.byteOffset))));
      to.put(f, i32.load(i32.shl(place, word(WORD_SHIFT)), this.#board.windowProducer.byteOffset));
      for (const times of this.#windowTimes) to.time(f, timeOf(times));
      next();
    });
  }

  #restoreWindow(f: Statements, size: Local, from: StateReaderCode): void {
    const { window, windowFirst, windowProducer, issued } = this.#board;
    f.storeAt(window.byteOffset, word(0));
    f.storeAt(this.#sizeAt, size);
    f.storeAt(issued.byteOffset, f64.const(0));
    const i = f.let(word(0));
    f.while(i32.lt(i, size), () => {
      const place = f.let(i32.shl(i, word(NUMBER_SHIFT)));
      f.store(place, windowFirst.byteOffset, f64.of(from.take(f)));
      f.store(i32.shl(i, word(WORD_SHIFT)), windowProducer.byteOffset, from.take(f));
      for (const times of this.#windowTimes) f.store(place, times.byteOffset, from.time(f));
      f.set(i, i32.add(i, word(1)));
    });
    f.storeAt(issued.byteOffset + NUMBER_BYTES, select(size, f64.at(windowFirst.byteOffset), f64.const(Infinity)));
  }

  get #windowTimes(): readonly Float64Array[] {
    const { windowHitAt, windowDataAt, windowReadyAt } = this.#board;
    return [windowHitAt, windowDataAt, windowReadyAt];
  }

  get unitFreeAt(): Term {
    return f64.at(this.#board.free.byteOffset);
  }

  /** Undefined where nothing shares the ALU's bus. */
  get busFreeAt(): Term | undefined {
    return this.#board.config.sharedBus ? f64.at(this.#board.free.byteOffset + NUMBER_BYTES) : undefined;
  }

  /** Where there is a window. */
  get windowFull(): Term {
    const { byteOffset } = this.#board.issued;
    return f64.ge(f64.at(byteOffset), f64.at(byteOffset + NUMBER_BYTES));
  }

  /** When a register's value is ready. */
  ready(register: Term): Term {
    return f64.load(register, this.#board.ready.byteOffset);
  }

  issue(f: Statements): void {
    if (this.hasWindow) f.count(this.#board.issued.byteOffset);
  }

  plain(f: Statements, rd: Local, readyAt: Term): void {
    f.if(rd, () => {
      f.store(rd, this.#board.ready.byteOffset, readyAt);
      f.store(this.#producerOf(rd), this.#board.producer.byteOffset, word(Producer.plain));
    });
  }

  mul(f: Statements, rd: Local, at: Local): void {
    const { mulCycles, mulBusyCycles } = this.#board.config;
    this.#mulDiv(f, rd, at, mulCycles, mulBusyCycles);
  }

  div(f: Statements, rd: Local, at: Local): void {
    const { divCycles } = this.#board.config;
    this.#mulDiv(f, rd, at, divCycles, divCycles);
  }

  arrivalOf(register: Local): ArrivalTerms {
    const { producer, hitAt, dataAt } = this.#board;
    return {
      producer: i32.load(this.#producerOf(register), producer.byteOffset),
      hitAt: f64.load(register, hitAt.byteOffset),
      dataAt: f64.load(register, dataAt.byteOffset),
      readyAt: this.ready(register),
    };
  }

  takeOldest(f: Statements): ArrivalTerms {
    const { windowProducer, windowHitAt, windowDataAt, windowReadyAt } = this.#board;
    const i = f.let(this.#oldest);
    const at = i32.shl(i, word(NUMBER_SHIFT));
    const producer = f.let(i32.load(i32.shl(i, word(WORD_SHIFT)), windowProducer.byteOffset));
    const [hitAt, dataAt, readyAt] = [windowHitAt, windowDataAt, windowReadyAt].map((times) =>
      f.let(f64.load(at, times.byteOffset)),
    ) as [Local, Local, Local];
    this.#dropOldest(f, i);
    return { producer, hitAt, dataAt, readyAt };
  }

  dropFinished(f: Statements, at: Local): void {
    const readyAt = f64.load(i32.shl(this.#oldest, word(NUMBER_SHIFT)), this.#board.windowReadyAt.byteOffset);
    f.while(i32.and(i32.lt(word(0), this.#size), f64.le(readyAt, at)), () => this.#dropOldest(f, f.let(this.#oldest)));
  }

  #dropOldest(f: Statements, oldest: Local): void {
    const { window, windowFirst, issued } = this.#board;
    const next = f.let(this.#after(oldest, word(1)));
    f.storeAt(window.byteOffset, next);
    const size = f.let(i32.sub(this.#size, word(1)));
    f.storeAt(this.#sizeAt, size);
    const first = f64.load(i32.shl(next, word(NUMBER_SHIFT)), windowFirst.byteOffset);
    f.storeAt(issued.byteOffset + NUMBER_BYTES, select(size, first, f64.const(Infinity)));
  }

  #mulDiv(f: Statements, rd: Local, at: Local, readyCycles: number, busyCycles: number): void {
    const { free, config } = this.#board;
    const readyAt = f.let(f64.add(at, f64.const(readyCycles)));
    f.storeAt(free.byteOffset, f64.add(at, f64.const(busyCycles)));
    if (config.sharedBus) f.storeAt(free.byteOffset + NUMBER_BYTES, readyAt);
    this.#late(f, rd, at, { producer: word(Producer.muldiv), hitAt: readyAt, dataAt: readyAt, readyAt });
  }

  /** `#late`, and `#outlast` */
  #late(f: Statements, rd: Local, at: Local, { producer, hitAt, dataAt, readyAt }: ArrivalTerms): void {
    const board = this.#board;
    f.if(rd, () => {
      f.store(rd, board.ready.byteOffset, readyAt);
      f.store(this.#producerOf(rd), board.producer.byteOffset, producer);
      f.store(rd, board.hitAt.byteOffset, hitAt);
      f.store(rd, board.dataAt.byteOffset, dataAt);
    });
    if (this.#outlast !== undefined) f.do(this.#outlast(at, producer, hitAt, dataAt, readyAt));
  }

  #outlastFunction(module: Functions): Callee {
    const { windowFirst, windowProducer, windowHitAt, windowDataAt, windowReadyAt, issued, config } = this.#board;
    return module.define([F64, I32, F64, F64, F64], undefined, (f, at, producer, hitAt, dataAt, readyAt) => {
      f.if(f64.le(f64.sub(readyAt, at), f64.const(this.#board.entryCycles)), () => f.return());
      const oldest = f.let(this.#oldest);
      const size = f.let(this.#size);
      const timeOf = (i: Term, times: Float64Array): Term => f64.load(i32.shl(i, word(NUMBER_SHIFT)), times.byteOffset);
      f.if(size, () => {
        const youngest = this.#after(oldest, i32.sub(size, word(1)));
        f.if(f64.ge(timeOf(youngest, windowReadyAt), readyAt), () => f.return());
      });
      const i = f.let(this.#after(oldest, size));
      const first = f.let(f64.add(f64.at(issued.byteOffset), f64.const(config.entries)));
      const place = f.let(i32.shl(i, word(NUMBER_SHIFT)));
      f.store(place, windowFirst.byteOffset, first);
      f.store(i32.shl(i, word(WORD_SHIFT)), windowProducer.byteOffset, producer);
      f.store(place, windowHitAt.byteOffset, hitAt);
      f.store(place, windowDataAt.byteOffset, dataAt);
      f.store(place, windowReadyAt.byteOffset, readyAt);
      f.storeAt(this.#sizeAt, i32.add(size, word(1)));
      f.if(i32.not(size), () => f.storeAt(issued.byteOffset + NUMBER_BYTES, first));
    });
  }

  /** The place in the window so far behind another. */
  #after(place: Term, distance: Term): Term {
    return i32.remU(i32.add(place, distance), word(this.#board.config.entries));
  }

  /** Where a register's producer stands among words. */
  #producerOf(register: Local): Term {
    return i32.shrU(register, word(NUMBER_SHIFT - WORD_SHIFT));
  }

  get #oldest(): Term {
    return i32.at(this.#board.window.byteOffset);
  }

  get #sizeAt(): number {
    return this.#board.window.byteOffset + WORD_BYTES;
  }

  get #size(): Term {
    return i32.at(this.#sizeAt);
  }
}
