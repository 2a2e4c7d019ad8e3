// A pipeline that goes on where nothing is remembered.
import type { MachineConfig } from "../config/machine.ts";
import { Clock } from "./clock.ts";
import { isFar, type FarStores } from "./far-stores.ts";
import type { Storage } from "./part.ts";
import { Pipeline, type Outcomes } from "./pipeline.ts";
import { Player } from "./script.ts";
import type { Scripts } from "./scripts.ts";
import { EXCEEDED, type States } from "./states.ts";

/** The state of a pipeline that is not remembered. */
export const LIVE = -2;

interface LiveOptions {
  /** How many the image has. */
  readonly categories: number;
  readonly storage: Storage;
  readonly states: States;
  readonly far: FarStores;
}

export class Live {
  /** Its counts take in those of all transitions when they are collected. */
  readonly pipeline: Pipeline;
  readonly player: Player;

  /** Somebody leads the pipeline step by step, on the words of the storage: it is not numbered meanwhile. */
  isLed = false;
  readonly #states: States;
  readonly #far: FarStores;

  constructor(config: MachineConfig, { categories, storage, states, far }: LiveOptions) {
    this.#states = states;
    this.#far = far;
    this.pipeline = new Pipeline(config, new Clock(categories, storage), storage);
    this.player = new Player(this.pipeline, config.l1d.hitCycles);
  }

  /** It goes on from a state. */
  enter(state: number, now: number): void {
    if (state === LIVE) return;
    const { pipeline } = this;
    pipeline.clock.now = now;
    this.#states.restore(state, pipeline);
    if (!isFar(state)) return;
    pipeline.stores.takeOver(this.#far.timesAt(now - 1));
    this.#far.forget();
  }

  /** The number of the state in which it is; LIVE where that cannot be told. */
  number(): number {
    const state = this.#states.numberOfAny(this.pipeline);
    return state === EXCEEDED ? LIVE : state;
  }

  /** Goes through a script; gives the cycles that it takes. */
  play(scripts: Scripts, script: number): number {
    scripts.count(script, 1);
    return this.#timed(scripts.categoryOf(script), () => scripts.play(this.player, script));
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
