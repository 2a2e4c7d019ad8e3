// The scoreboard of an in-order core: when each register's value is ready and what a wait for it is due to.
import { count, cycles, flag, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";
import type { StateReader, StateWriter } from "./relative.ts";

export const scoreboardParams = {
  capCycles: cycles(1, "Capability instruction to dependent instruction", { min: 1, max: 1000 }),
  csrCycles: cycles(3, "CSR read to dependent instruction", { min: 1, max: 1000 }),
  mulCycles: cycles(3, "Multiplication to dependent instruction", { min: 1, max: 1000 }),
  mulBusyCycles: cycles(1, "Multiplication to the next multiplication or division (1: pipelined)", {
    min: 1,
    max: 1000,
  }),
  divCycles: cycles(20, "Division to dependent instruction, and to the next multiplication or division", {
    min: 1,
    max: 1000,
  }),
  atomicCycles: cycles(2, "What an atomic operation takes beyond a load", { max: 1000 }),
  narrowLoadCycles: cycles(0, "What loads of 1 and 2 bytes take beyond others", { max: 10 }),
  entries: count(0, "Instructions between the oldest unfinished one and the youngest issued; 0: without limit", {
    max: 1024,
  }),
  ordersWrites: flag(true, "An instruction waits while an older one has yet to write its destination (no renaming)"),
  sharedBus: flag(false, "Products and quotients use the ALU's result bus: no ALU result until theirs is out"),
};

export type ScoreboardConfig = ConfigOf<typeof scoreboardParams>;

/** What makes a value late. */
export const Producer = { plain: 0, muldiv: 1, memory: 2 } as const;

const REGISTERS = 32;

/** When a value is there. Of a value from memory also: when a hit would have given it, when its data alone would have. */
export interface Arrival {
  producer: number;
  hitAt: number;
  dataAt: number;
  readyAt: number;
}

/** What code works on that keeps the scoreboard: as in the class. */
export interface ScoreboardLayout {
  readonly ready: Float64Array;
  readonly producer: Int32Array;
  readonly hitAt: Float64Array;
  readonly dataAt: Float64Array;
  readonly free: Float64Array;
  readonly issued: Float64Array;
  readonly windowFirst: Float64Array;
  readonly windowProducer: Int32Array;
  readonly windowHitAt: Float64Array;
  readonly windowDataAt: Float64Array;
  readonly windowReadyAt: Float64Array;
  readonly window: Int32Array;
  readonly config: ScoreboardConfig;
  readonly entryCycles: number;
}

export class Scoreboard {
  /** When each register's value is ready for an issuing instruction; x0 always is. */
  readonly ready: Float64Array;
  /** `Producer` of each register's value. */
  readonly #producer: Int32Array;
  readonly #hitAt: Float64Array;
  readonly #dataAt: Float64Array;
  /** [0]: when the multiplier and divider are free; [1]: when the shared result bus is. */
  readonly #free: Float64Array;
  /** [0]: instructions issued so far, where there is a window; [1]: the number of the first that it keeps waiting. */
  readonly #issued: Float64Array;
  /** A ring of unfinished operations that outlast their window, oldest first, completion times rising. */
  readonly #windowFirst: Float64Array;
  readonly #windowProducer: Int32Array;
  readonly #windowHitAt: Float64Array;
  readonly #windowDataAt: Float64Array;
  readonly #windowReadyAt: Float64Array;
  /** [0]: where the oldest stands; [1]: how many there are. */
  readonly #window: Int32Array;
  readonly #config: ScoreboardConfig;
  /** Cycles in which as many instructions as the window has entries can issue. */
  readonly #entryCycles: number;

  /** @param issueWidth - instructions that may issue in one cycle. */
  constructor(config: ScoreboardConfig, storage: Storage, issueWidth = 1) {
    this.#config = config;
    this.#entryCycles = Math.floor(config.entries / issueWidth);
    this.ready = storage.float64(REGISTERS);
    this.#producer = storage.int32(REGISTERS);
    this.#hitAt = storage.float64(REGISTERS);
    this.#dataAt = storage.float64(REGISTERS);
    this.#free = storage.float64(2);
    this.#issued = storage.float64(2);
    this.#issued[1] = Infinity;
    this.#windowFirst = storage.float64(config.entries);
    this.#windowProducer = storage.int32(config.entries);
    this.#windowHitAt = storage.float64(config.entries);
    this.#windowDataAt = storage.float64(config.entries);
    this.#windowReadyAt = storage.float64(config.entries);
    this.#window = storage.int32(2);
  }

  get layout(): ScoreboardLayout {
    return {
      ...{ ready: this.ready, producer: this.#producer, hitAt: this.#hitAt, dataAt: this.#dataAt },
      ...{ free: this.#free, issued: this.#issued, window: this.#window },
      ...{ windowFirst: this.#windowFirst, windowProducer: this.#windowProducer, windowHitAt: this.#windowHitAt },
      ...{ windowDataAt: this.#windowDataAt, windowReadyAt: this.#windowReadyAt },
      ...{ config: this.#config, entryCycles: this.#entryCycles },
    };
  }

  /** When the multiplier and divider take the next operation. */
  get unitFreeAt(): number {
    return this.#free[0]!;
  }

  /** When an ALU result may issue: at once, or when a product or quotient has left the shared bus. */
  get busFreeAt(): number {
    return this.#free[1]!;
  }

  /** Must the next instruction wait for the oldest unfinished one? */
  get windowFull(): boolean {
    return this.#issued[0]! >= this.#issued[1]!;
  }

  /** An instruction issues. */
  issue(): void {
    if (this.#config.entries > 0) this.#issued[0]! += 1;
  }

  /** A value that depends on nothing but its latency. */
  plain(rd: number, readyAt: number): void {
    if (rd === 0) return;
    this.ready[rd] = readyAt;
    this.#producer[rd] = Producer.plain;
  }

  mul(rd: number, at: number): void {
    this.#mulDiv(rd, at, at + this.#config.mulCycles, at + this.#config.mulBusyCycles);
  }

  div(rd: number, at: number): void {
    const done = at + this.#config.divCycles;
    this.#mulDiv(rd, at, done, done);
  }

  /** A value from memory that is later than a hit would have been. */
  missed(rd: number, at: number, hitAt: number, dataAt: number, readyAt: number): void {
    this.#late(rd, Producer.memory, hitAt, dataAt, readyAt);
    this.#outlast(at, Producer.memory, hitAt, dataAt, readyAt);
  }

  /** Reads out what a register waits for. */
  arrivalOf(register: number, into: Arrival): void {
    into.producer = this.#producer[register]!;
    into.hitAt = this.#hitAt[register]!;
    into.dataAt = this.#dataAt[register]!;
    into.readyAt = this.ready[register]!;
  }

  /** Operations that the window keeps track of. */
  get unfinished(): number {
    return this.#window[1]!;
  }

  /** Takes the oldest of them out of the window, and reads out when it finishes. */
  takeOldest(into: Arrival): void {
    const i = this.#window[0]!;
    into.producer = this.#windowProducer[i]!;
    into.hitAt = this.#windowHitAt[i]!;
    into.dataAt = this.#windowDataAt[i]!;
    into.readyAt = this.#windowReadyAt[i]!;
    this.#dropOldest();
  }

  /** Takes those out of the window that have finished by cycle `at`. */
  dropFinished(at: number): void {
    while (this.#window[1]! > 0 && this.#windowReadyAt[this.#window[0]!]! <= at) this.#dropOldest();
  }

  #dropOldest(): void {
    const i = this.#window[0]!;
    const next = i + 1 === this.#config.entries ? 0 : i + 1;
    this.#window[0] = next;
    this.#window[1]! -= 1;
    this.#issued[1] = this.#window[1] === 0 ? Infinity : this.#windowFirst[next]!;
  }

  /** Takes down what can still make an instruction wait. */
  save(to: StateWriter): void {
    let late = 0;
    for (let r = 1; r < REGISTERS; r += 1) if (!to.isPast(this.ready[r]!)) late |= 1 << r;
    to.put(late);
    for (let r = 1; r < REGISTERS; r += 1) if (late & (1 << r)) this.#saveRegister(r, to);
    to.time(this.#free[0]!);
    to.time(this.#free[1]!);
    const [oldest, size] = [this.#window[0]!, this.#window[1]!];
    let finished = 0;
    while (finished < size && to.isPast(this.#windowReadyAt[this.#place(oldest + finished)]!)) finished += 1;
    to.put(size - finished);
    for (let k = finished; k < size; k += 1) {
      const i = this.#place(oldest + k);
      to.put(this.#windowFirst[i]! - this.#issued[0]!);
      to.put(this.#windowProducer[i]!);
      to.time(this.#windowHitAt[i]!);
      to.time(this.#windowDataAt[i]!);
      to.time(this.#windowReadyAt[i]!);
    }
  }

  restore(from: StateReader): void {
    const late = from.take();
    this.ready.fill(-Infinity);
    for (let r = 1; r < REGISTERS; r += 1) if (late & (1 << r)) this.#restoreRegister(r, from);
    this.#free[0] = from.time();
    this.#free[1] = from.time();
    this.#window[0] = 0;
    const size = (this.#window[1] = from.take());
    this.#issued[0] = 0;
    for (let i = 0; i < size; i += 1) {
      this.#windowFirst[i] = from.take();
      this.#windowProducer[i] = from.take();
      this.#windowHitAt[i] = from.time();
      this.#windowDataAt[i] = from.time();
      this.#windowReadyAt[i] = from.time();
    }
    this.#issued[1] = size === 0 ? Infinity : this.#windowFirst[0]!;
  }

  #saveRegister(r: number, to: StateWriter): void {
    const producer = this.#producer[r]!;
    to.put(producer);
    if (producer === Producer.memory) {
      to.time(this.#hitAt[r]!);
      to.time(this.#dataAt[r]!);
    }
    to.time(this.ready[r]!);
  }

  #restoreRegister(r: number, from: StateReader): void {
    const producer = (this.#producer[r] = from.take());
    if (producer === Producer.memory) {
      this.#hitAt[r] = from.time();
      this.#dataAt[r] = from.time();
    }
    this.ready[r] = from.time();
  }

  #place(i: number): number {
    return i % this.#config.entries;
  }

  #mulDiv(rd: number, at: number, readyAt: number, unitFreeAt: number): void {
    this.#free[0] = unitFreeAt;
    if (this.#config.sharedBus) this.#free[1] = readyAt;
    this.#late(rd, Producer.muldiv, readyAt, readyAt, readyAt);
    this.#outlast(at, Producer.muldiv, readyAt, readyAt, readyAt);
  }

  #late(rd: number, producer: number, hitAt: number, dataAt: number, readyAt: number): void {
    if (rd === 0) return;
    this.ready[rd] = readyAt;
    this.#producer[rd] = producer;
    this.#hitAt[rd] = hitAt;
    this.#dataAt[rd] = dataAt;
  }

  /**
   * Notes an operation that finishes after `entries` more instructions could have issued: the window will wait for it.
   * One that finishes no later than an older one is covered by that, since instructions leave the window in order.
   */
  #outlast(at: number, producer: number, hitAt: number, dataAt: number, readyAt: number): void {
    const { entries } = this.#config;
    if (entries === 0 || readyAt - at <= this.#entryCycles) return;
    const [oldest, size] = [this.#window[0]!, this.#window[1]!];
    if (size > 0 && this.#windowReadyAt[(oldest + size - 1) % entries]! >= readyAt) return;
    const i = (oldest + size) % entries;
    const first = this.#issued[0]! + entries;
    this.#windowFirst[i] = first;
    this.#windowProducer[i] = producer;
    this.#windowHitAt[i] = hitAt;
    this.#windowDataAt[i] = dataAt;
    this.#windowReadyAt[i] = readyAt;
    this.#window[1]! += 1;
    if (size === 0) this.#issued[1] = first;
  }
}
