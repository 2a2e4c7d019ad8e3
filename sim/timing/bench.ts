// Where transitions are computed: a pipeline that begins in a state at cycle 0, and a player that leads it.
import type { MachineConfig } from "../config/machine.ts";
import { Clock } from "./clock.ts";
import { Use } from "./far-stores.ts";
import type { Storage } from "./part.ts";
import { Pipeline, type PipelineLayout } from "./pipeline.ts";
import { LATE_WORD, LATE_WORDS, Player } from "./script.ts";
import type { States } from "./states.ts";
import { NO_OVERLAP } from "./storebuffer.ts";

/** What code works on that computes transitions. */
export interface BenchLayout {
  readonly pipeline: PipelineLayout;
  /** What code notes: as in `Player`, by `PLAYED`. */
  readonly played: Float64Array;
  /** [0]: linear address of the outcomes of the step that it goes through; [1]: is the state far? */
  readonly playing: Int32Array;
  /** The outcomes of a step on time, in the words of one that is late. */
  readonly onTime: Int32Array;
}

export const PLAYED = { translateAt: 0, blockedAt: 1, accessAt: 2, waiting: 3 } as const;

export class Bench {
  readonly pipeline: Pipeline;
  readonly player: Player;
  readonly layout: BenchLayout;

  constructor(config: MachineConfig, storage: Storage) {
    this.pipeline = new Pipeline(config, new Clock(1, storage), storage);
    this.player = new Player(this.pipeline, config.l1d.hitCycles);
    const onTime = storage.int32(LATE_WORDS);
    onTime[LATE_WORD.overlapAge] = NO_OVERLAP;
    this.layout = {
      ...{ pipeline: this.pipeline.layout, onTime },
      ...{ played: storage.float64(Object.keys(PLAYED).length), playing: storage.int32(2) },
    };
  }

  begin(states: States, state: number): void {
    const { clock, stores } = this.pipeline;
    clock.reset();
    stores.events.values.fill(0);
    this.player.uses.clear();
    states.restore(state, this.pipeline);
  }

  /** From a far state: stores are written then, and no others wait. */
  becomeNear(times: readonly number[]): void {
    this.pipeline.stores.takeOver(times);
  }

  /** From a near state: its waiting stores are the uses. */
  becomeFar(): void {
    const { stores } = this.pipeline;
    for (const time of stores.timesAt(-Infinity)) this.player.uses.step(Use.store, 0, time, 0);
    stores.leave();
  }
}
