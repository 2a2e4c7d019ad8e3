// Timing for an engine that generates code: what its code compares by itself, and what it asks where that does not suffice.
//
// Generated code goes through pieces (memo.ts states the contract) with the clock and the memo's state in locals; before it asks
// anything here it stores them in `pieces`, and afterwards loads them again. Where an event is near (an interrupt, the end of the
// run) it leaves the rest to an interpreter, which can stop at any instruction: an instruction that is late is gone through however
// long it takes, as it would be there, and then it is seen whether there is time for more (`hasTime`).
import type { MachineConfig } from "../config/machine.ts";
import type { Retire } from "../machine/retire.ts";
import type { CacheFastPath } from "./cache.ts";
import type { DynamicParts, FetchDelay, MemoryLayout, TranslationLayout } from "./dynamic.ts";
import type { LineFastPath } from "./frontend.ts";
import type { PipelineMemo } from "./memo.ts";
import { RAM_BASE, type Storage, type Walks } from "./part.ts";
import type { PieceClock } from "./piece-clock.ts";
import type { PredictorLayout } from "./predictor/predictor.ts";
import { OnTimeBound } from "./on-time-bound.ts";
import type { Lateness } from "./script.ts";
import type { StoreBlocksFastPath } from "./store-blocks.ts";
import type { TagGroups } from "./tag-table.ts";
import type { TlbFastPath } from "./tlb.ts";
import { traitClass } from "./traits.ts";

export interface FastPaths {
  readonly l1i: CacheFastPath;
  readonly l1d: CacheFastPath;
  /** Both caches, and all below them. */
  readonly memory: MemoryLayout;
  readonly itlb: TlbFastPath;
  readonly dtlb: TlbFastPath;
  /** Both TLBs, and what answers them. */
  readonly translation: TranslationLayout;
  readonly line: LineFastPath;
  readonly predictor: PredictorLayout;
  readonly storeBlocks: StoreBlocksFastPath;
  readonly tagGroups: TagGroups | undefined;
  /** Bytes of the data port. */
  readonly portBytes: number;
  /** An access may ask so many cycles before its piece begins: it shares the cycle of the instruction before. */
  readonly earlyCycles: number;
}

export class GeneratedTiming {
  readonly fastPaths: FastPaths;
  readonly predictor: PredictorLayout;
  readonly pieces: PieceClock;
  /** Physical address of RAM. */
  readonly ramBase = RAM_BASE;
  /** [0]: the clock at which an event is due. */
  readonly event: Float64Array;
  /** [0]: 1. */
  readonly one: Float64Array;
  /** How long pieces on time take at most. */
  readonly bound: OnTimeBound;
  /** Do traps and their returns clear the predictor? Generated code leaves them to others then. */
  readonly clearsOnTrap: boolean;
  /** An instruction has been gone through here that is yet to be executed: the record that tells of it is not counted. */
  begun = false;
  /** The same of the fetch of the instruction at this address. */
  fetchedPc = NOWHERE;
  /** As in `DynamicParts`. */
  readonly answered: Float64Array;
  /** [0]: with so many cycles left when all is done, any piece of code that there is fits in before an event, if it is on time. */
  readonly doneToEvent: Float64Array;
  readonly memo: PipelineMemo;
  readonly #dynamic: DynamicParts;

  constructor(
    config: MachineConfig,
    o: {
      readonly memo: PipelineMemo;
      readonly pieces: PieceClock;
      readonly dynamic: DynamicParts;
      readonly storage: Storage;
    },
  ) {
    const { dynamic, storage } = o;
    this.memo = o.memo;
    this.answered = dynamic.answered;
    this.predictor = dynamic.predictor.layout;
    this.#dynamic = dynamic;
    this.pieces = o.pieces;
    this.event = storage.float64(1, Infinity);
    this.one = storage.float64(1, 1);
    this.bound = new OnTimeBound(config);
    this.clearsOnTrap = config.predictor.clearsOnTrap;
    this.doneToEvent = storage.float64(1);
    this.fastPaths = {
      l1i: dynamic.l1i.fastPath,
      l1d: dynamic.l1d.fastPath,
      memory: dynamic.memory,
      itlb: dynamic.itlb.fastPath,
      dtlb: dynamic.dtlb.fastPath,
      translation: dynamic.translation,
      line: dynamic.line.fastPath,
      predictor: dynamic.predictor.layout,
      storeBlocks: dynamic.storeBlocks.fastPath,
      tagGroups: dynamic.tagGroups,
      portBytes: config.l1d.portBytes,
      earlyCycles: config.issue.width - 1,
    };
  }

  /**
   * An access that is late. The record holds what `Core.retire` asks of it.
   *
   * @param word - its step word.
   * @param translateCycles - as `DynamicParts.attend`.
   */
  access(word: number, r: Retire, walks: Walks, translateCycles: number): void {
    this.#dynamic.attend(r, walks, translateCycles);
    this.pieces.step(word, r.category, this.#dynamic);
    this.#dynamic.accessed(r, traitClass(word));
    this.pieces.boundScripts();
  }

  /** An instruction, to which all that follows has been answered, is gone through from a state that is remembered. */
  finish(word: number, category: number, late: Lateness): void {
    this.pieces.take(this.memo.late(this.pieces.state[0]!, word, category, late, this.pieces.now));
    this.pieces.boundScripts();
  }

  /** A fetch of an instruction of so many bytes that is not in the line in hand. */
  fetch(r: Retire, bytes: number, walks: Walks): void {
    this.pieces.stallFetch(this.#dynamic.fetch(r, bytes, this.pieces.now, walks), r.category);
    this.pieces.boundScripts();
  }

  /** The same where it is known how late all was. */
  finishFetch(category: number, delay: FetchDelay): void {
    this.pieces.stallFetch(delay, category);
    this.pieces.boundScripts();
  }

  /** Is everything under way certainly done so long before the event that any piece of code on time fits in? */
  get hasTime(): boolean {
    return Math.max(this.pieces.now, this.answered[0]!) + this.doneToEvent[0]! <= this.event[0]!;
  }

  /** May code be entered, which asks itself before each block whether that fits in if nothing late is under way? */
  get mayBegin(): boolean {
    return this.answered[0]! <= this.pieces.now ? this.pieces.now < this.event[0]! : this.hasTime;
  }

  /** Has anything of the instruction that is executed next been gone through here? */
  get hasBegun(): boolean {
    return this.begun || this.fetchedPc !== NOWHERE;
  }

  /** Somebody leads the pipeline from here on, step by step, up to an event. */
  lead(eventAt: number): void {
    this.event[0] = eventAt;
    this.pieces.lead();
  }

  /** How many cycles from its begin on a piece that is on time, and what is under way then, are done at the latest. */
  mostCycles(words: readonly number[], restarts: boolean): number {
    const cycles = this.bound.cycles(words, restarts);
    if (cycles > this.doneToEvent[0]!) this.doneToEvent[0] = cycles;
    return cycles;
  }

  /** Has the instruction whose record comes now been gone through here? Then nothing more is told of it, nor of its fetch. */
  takeBegun(): boolean {
    const { begun } = this;
    this.begun = false;
    if (begun) this.fetchedPc = NOWHERE;
    return begun;
  }

  /** Has an instruction that is not in the line in hand been fetched here? Then that is told now. */
  takeFetched(pc: number): boolean {
    const fetched = this.fetchedPc === pc;
    this.fetchedPc = NOWHERE;
    return fetched;
  }
}

const NOWHERE = -1;

/** Instructions of a piece at most: then it ends even where the code runs on. */
export const LONGEST_PIECE = 64;
