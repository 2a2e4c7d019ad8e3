// A pipeline that goes on where nothing is remembered.
import type { MachineConfig } from "../config/machine.ts";
import { Clock } from "./clock.ts";
import type { Storage } from "./part.ts";
import { Pipeline, type Outcomes } from "./pipeline.ts";
import { Player } from "./script.ts";
import type { Scripts } from "./scripts.ts";

export class Live {
  /** Its counts take in those of all transitions when they are collected. */
  readonly pipeline: Pipeline;
  readonly player: Player;

  constructor(config: MachineConfig, categories: number, storage: Storage) {
    this.pipeline = new Pipeline(config, new Clock(categories, storage), storage);
    this.player = new Player(this.pipeline, config.l1d.hitCycles);
  }

  /** Goes through a script; gives the cycles that it takes. */
  play(scripts: Scripts, script: number): number {
    scripts.count(script, 1);
    return this.#timed(scripts.categories[script]!, () => scripts.play(this.player, script));
  }

  /** Goes through one instruction; gives the cycles that it takes. */
  step(word: number, category: number, outcomes: Outcomes): number {
    return this.#timed(category, () => this.pipeline.step(word, outcomes));
  }

  #timed(category: number, go: () => void): number {
    const { clock } = this.pipeline;
    const before = clock.now;
    clock.category = category;
    go();
    return clock.now - before;
  }
}
