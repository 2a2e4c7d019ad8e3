// The front end: the line that instructions come from, and the queue that runs ahead of issue and hides its stalls.
import { count, cycles, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";
import type { StateReader, StateWriter } from "./relative.ts";

export const frontendParams = {
  queueEntries: count(4, "Fetched instructions that may wait for issue", { max: 1024 }),
  takenCycles: cycles(0, "Fetch bubble of a taken transfer whose target the branch target buffer gives", { max: 100 }),
  predecodeCycles: cycles(1, "The same where the target comes from the fetched instruction or the return stack", {
    max: 100,
  }),
  mispredictCycles: cycles(5, "From a mispredicted branch's issue slot to that of its successor, beyond one cycle", {
    max: 1000,
  }),
  flushCycles: cycles(
    6,
    "The same after an instruction that restarts the front end (xRET, FENCE.I, SFENCE.VMA, satp)",
    {
      max: 1000,
    },
  ),
  trapCycles: cycles(6, "The same from a trapping instruction, or an interrupt, to its handler", { max: 1000 }),
};

export type FrontendConfig = ConfigOf<typeof frontendParams>;

/** In place of the address of a line: no address is less than a line above it. */
export const NO_LINE = -Infinity;

/** An instruction of `bytes` at `pc` is fetched already if 0 <= pc - line[0] <= lineBytes - bytes and phys - pc = line[1]. */
export interface LineFastPath {
  readonly line: Float64Array;
  readonly lineBytes: number;
}

/** The line that instructions come from. */
export class LineInHand {
  /** [0]: virtual address of the line, or NO_LINE; [1]: what its physical address lies above that. */
  readonly #state: Float64Array;
  readonly #lineBytes: number;
  readonly #lastStart: number;

  constructor(lineBytes: number, storage: Storage) {
    this.#state = storage.float64(2);
    this.#state[0] = NO_LINE;
    this.#lineBytes = lineBytes;
    this.#lastStart = lineBytes - 4;
  }

  get fastPath(): LineFastPath {
    return { line: this.#state, lineBytes: this.#lineBytes };
  }

  /**
   * Does a 4-byte instruction lie wholly in the line in hand? Then its fetch changes nothing: the line is the most recently
   * used of its set and its page of the ITLB's, since nothing else has been fetched since (a flush lets go of the line).
   */
  holds(pc: number, phys: number): boolean {
    const offset = pc - this.#state[0]!;
    return offset >= 0 && offset <= this.#lastStart && phys - pc === this.#state[1];
  }

  /** The same for `bytes` bytes. */
  holdsBytes(pc: number, phys: number, bytes: number): boolean {
    const offset = pc - this.#state[0]!;
    return offset >= 0 && offset + bytes <= this.#lineBytes && phys - pc === this.#state[1];
  }

  /** The line around `pc` is now in hand. */
  take(pc: number, phys: number): void {
    this.#state[0] = pc - (phys & (this.#lineBytes - 1));
    this.#state[1] = phys - pc;
  }

  /** The line is let go: translation may have changed. */
  drop(): void {
    this.#state[0] = NO_LINE;
  }
}

/** What code works on that fetches ahead: as in the class. */
export interface FetchQueueLayout {
  readonly slack: Float64Array;
  readonly entries: number;
}

/** How far fetch has run ahead of issue. */
export class FetchQueue {
  /** [0]: cycles of fetch that issue would not notice. */
  readonly #slack: Float64Array;
  readonly #entries: number;

  constructor(config: FrontendConfig, storage: Storage) {
    this.#slack = storage.float64(1);
    this.#entries = config.queueEntries;
  }

  get layout(): FetchQueueLayout {
    return { slack: this.#slack, entries: this.#entries };
  }

  /** Fetch stands still for `cycles`; gives how many of them the queue hides, issue going on from it. */
  hide(cycles: number): number {
    const hidden = Math.min(cycles, this.#slack[0]!);
    this.#slack[0]! -= hidden;
    return hidden;
  }

  /** Issue stands still for `cycles`, and the queue fills. */
  gain(cycles: number): void {
    this.#slack[0] = Math.min(this.#slack[0]! + cycles, this.#entries);
  }

  /** The queue is thrown away. */
  drop(): void {
    this.#slack[0] = 0;
  }

  save(to: StateWriter): void {
    to.put(this.#slack[0]!);
  }

  restore(from: StateReader): void {
    this.#slack[0] = from.take();
  }
}
