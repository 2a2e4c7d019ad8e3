// Where transitions are computed: a pipeline that begins in a state at cycle 0, and a player that leads it.
import type { MachineConfig } from "../config/machine.ts";
import { Clock } from "./clock.ts";
import { Use } from "./far-stores.ts";
import { heapStorage } from "./part.ts";
import { Pipeline } from "./pipeline.ts";
import { Player } from "./script.ts";
import type { States } from "./states.ts";

export class Bench {
  readonly pipeline: Pipeline;
  readonly player: Player;

  constructor(config: MachineConfig) {
    this.pipeline = new Pipeline(config, new Clock(1, heapStorage), heapStorage);
    this.player = new Player(this.pipeline, config.l1d.hitCycles);
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
