// An interrupt (Ctrl-C) as every thread of the process sees it: two words of shared memory, looked at now and then by long work.

import type { Machine, RunLimits, Stop } from "./machine/machine.ts";

const REQUESTED = 0;
const ANSWERED = 1;
const WORDS = 2;

/** Share `memory` with a thread and give it to the constructor there. */
export class Interruption {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Has the user asked for the end? Work that is answered stops and hands over what it has. */
  get requested(): boolean {
    return Atomics.load(this.#words, REQUESTED) !== 0;
  }

  /** Does somebody look at `requested`, so that a thread need not be ended from outside? */
  get answered(): boolean {
    return Atomics.load(this.#words, ANSWERED) !== 0;
  }

  request(): void {
    Atomics.store(this.#words, REQUESTED, 1);
  }

  /** From here on the work looks at `requested` often, and ends by itself with what it has. */
  answer(): void {
    Atomics.store(this.#words, ANSWERED, 1);
  }
}

/** How a run ends that can be interrupted. */
export type Ending = Stop | { readonly kind: "interrupted" };

const LEAST_SLICE_INSTRUCTIONS = 1 << 17;
/** Few enough that a program which turns slow is still heard in some seconds. */
const MOST_SLICE_INSTRUCTIONS = 1 << 22;
/** Slices that end sooner are doubled, longer ones halved: the host's time decides how often a run looks up, and nothing else. */
const SLICE_MS = 50;

/** Runs to the same end as `machine.run(limits)`, but looks up several times a second. */
export function runInterruptibly(
  machine: Machine,
  limits: RunLimits,
  interruption: Interruption,
  onSlice?: () => void,
): Ending {
  const last = limits.maxInstructions ?? Infinity;
  let slice = LEAST_SLICE_INSTRUCTIONS;
  while (!interruption.requested) {
    const begin = performance.now();
    const until = Math.min(last, machine.instructions + slice);
    const stop = machine.run({ ...limits, maxInstructions: until });
    if (stop.kind !== "limit" || stop.limit !== "instructions" || until === last) return stop;
    slice = performance.now() - begin < SLICE_MS ? slice * 2 : slice / 2;
    slice = Math.max(LEAST_SLICE_INSTRUCTIONS, Math.min(MOST_SLICE_INSTRUCTIONS, slice));
    onSlice?.();
  }
  return { kind: "interrupted" };
}
