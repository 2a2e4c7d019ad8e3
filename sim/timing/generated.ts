// Timing for an engine that generates code: what its code compares by itself, and what it asks where that does not suffice.
//
// Generated code goes through pieces (memo.ts states the contract) with the clock and the memo's state in locals; before it asks
// anything here it stores them in `pieces`, and afterwards loads them again. Where an event is near (an interrupt, the end of the
// run) it leaves the rest to an interpreter, which can stop at any instruction; `limit` says when.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire } from "../machine/retire.ts";
import type { CacheFastPath } from "./cache.ts";
import type { DynamicParts } from "./dynamic.ts";
import type { LineFastPath } from "./frontend.ts";
import type { PipelineMemo } from "./memo.ts";
import { RAM_BASE, type Storage, type Walks } from "./part.ts";
import type { PieceClock } from "./piece-clock.ts";
import type { PredictorFastPath } from "./predictor/predictor.ts";
import { Script } from "./script.ts";
import type { StoreBlocksFastPath } from "./store-blocks.ts";
import type { TagTable } from "./tag-table.ts";
import type { TlbFastPath } from "./tlb.ts";
import { traitClass } from "./traits.ts";

/** Scripts are few where code repeats itself; with more than these the memo starts afresh. */
const MOST_SCRIPTS = 1 << 16;

export interface FastPaths {
  readonly l1i: CacheFastPath;
  readonly l1d: CacheFastPath;
  readonly itlb: TlbFastPath;
  readonly dtlb: TlbFastPath;
  readonly line: LineFastPath;
  readonly predictor: PredictorFastPath;
  readonly storeBlocks: StoreBlocksFastPath;
  readonly tagGroups: TagTable["groups"];
  /** Bytes of the data port. */
  readonly portBytes: number;
  /** A first-level cache keeps its order of use in its words alone: a hit in another way moves it to the front. */
  readonly movesAlone: boolean;
}

export class GeneratedTiming {
  readonly fastPaths: FastPaths;
  readonly pieces: PieceClock;
  /** Physical address of RAM. */
  readonly ramBase = RAM_BASE;
  /** [0]: the clock at which an event is due. */
  readonly event: Float64Array;
  /** The most cycles that an instruction which meets nobody takes once all before it are done. */
  readonly mostCyclesOnTime: number;
  /** The most cycles until an access or fetch that is late is done, from the clock at which it is asked for. */
  readonly mostCyclesLate: number;
  readonly #memo: PipelineMemo;
  readonly #dynamic: DynamicParts;
  readonly #stall = new Script();

  constructor(config: MachineConfig, memo: PipelineMemo, pieces: PieceClock, dynamic: DynamicParts, storage: Storage) {
    this.#memo = memo;
    this.#dynamic = dynamic;
    this.pieces = pieces;
    this.event = storage.float64(1, Infinity);
    this.mostCyclesOnTime = mostCyclesOnTime(config);
    this.mostCyclesLate = mostCyclesLate(config);
    this.fastPaths = {
      l1i: dynamic.l1i.fastPath,
      l1d: dynamic.l1d.fastPath,
      itlb: dynamic.itlb.fastPath,
      dtlb: dynamic.dtlb.fastPath,
      line: dynamic.line.fastPath,
      predictor: dynamic.predictor.fastPath,
      storeBlocks: dynamic.storeBlocks.fastPath,
      tagGroups: dynamic.tagGroups,
      portBytes: config.l1d.portBytes,
      movesAlone: config.l1d.replacement !== "plru",
    };
  }

  get memo(): PipelineMemo {
    return this.#memo;
  }

  /** An access that is late. The record holds what `Core.retire` asks of it. @param word - its step word. */
  access(word: number, r: Retire, walks: Walks): void {
    this.#dynamic.attend(r, walks);
    this.pieces.step(word, r.category, this.#dynamic);
    this.#dynamic.accessed(r, traitClass(word));
    this.#bound();
  }

  /** A fetch of an instruction of so many bytes that is not in the line in hand. */
  fetch(r: Retire, bytes: number, walks: Walks): void {
    const { itlbCycles, cacheCycles, tagCycles } = this.#dynamic.fetch(r, bytes, this.pieces.now, walks);
    if (itlbCycles + cacheCycles === 0) return;
    this.#stall.clear();
    this.#stall.stallFetch(itlbCycles, cacheCycles, tagCycles);
    this.pieces.advance(this.#stall, r.category);
    this.#bound();
  }

  /** Predicts a transfer, and counts nothing; gives its `Outcome`. */
  transfer(traits: number, pc: number, next: number, target: number): number {
    return this.#dynamic.predictor.predict(traits, pc, next, target);
  }

  /** May something late begin now, so that it is certainly done before the event? */
  get hasTime(): boolean {
    return this.pieces.now + this.mostCyclesLate + LONGEST_PIECE * this.mostCyclesOnTime <= this.event[0]!;
  }

  #bound(): void {
    const { pieces } = this;
    if (this.#memo.scripts > MOST_SCRIPTS) pieces.state[0] = this.#memo.forget(pieces.state[0]!);
  }
}

/** Instructions of a piece at most. */
export const LONGEST_PIECE = 64;

/** All fixed times of the pipeline together are more than any one instruction takes. */
function mostCyclesOnTime({ frontend, scoreboard, storeBuffer, l1d }: MachineConfig): number {
  const { takenCycles, predecodeCycles, mispredictCycles } = frontend;
  const { capCycles, csrCycles, mulCycles, mulBusyCycles, divCycles, atomicCycles, narrowLoadCycles } = scoreboard;
  const execution = capCycles + csrCycles + mulCycles + mulBusyCycles + divCycles + atomicCycles + narrowLoadCycles;
  const beats = Math.ceil(64 / l1d.portBytes);
  return (
    1 + takenCycles + predecodeCycles + mispredictCycles + execution + storeBuffer.drainCycles + l1d.hitCycles + beats
  );
}

/** Generous: three levels of a walk and two lines, each through every level to DRAM, there behind what lies before it. */
function mostCyclesLate({ clockMhz, l1d, l2, llc, l2tlb, tagCache, walker, dram, storeBuffer }: MachineConfig): number {
  const { controllerNs, casNs, rcdNs, rpNs, bandwidthMBps } = dram;
  const burstCycles = bandwidthMBps === 0 ? 0 : Math.ceil((llc.lineBytes * clockMhz) / bandwidthMBps);
  const dramCycles = Math.ceil(((controllerNs + casNs + rcdNs + rpNs) * clockMhz) / 1000) + burstCycles;
  const hitCycles = l1d.hitCycles + l2.hitCycles + llc.hitCycles + l2tlb.hitCycles + tagCache.hitCycles;
  const missCycles = hitCycles + walker.stepCycles + REQUESTS_A_MISS * dramCycles;
  return MISSES_AN_ACCESS * missCycles + (l1d.mshrs + storeBuffer.entries) * dramCycles;
}

/** Data, tags of two levels, and lines that they displace. */
const REQUESTS_A_MISS = 6;
const MISSES_AN_ACCESS = 5;
