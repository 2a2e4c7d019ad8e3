// The front end: the line that instructions come from, and the queue that runs ahead of issue and hides its stalls.
import { count, cycles, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";

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

const NO_LINE = -1;

export class Frontend {
  /** [0]: virtual address of the line in hand, or NO_LINE; [1]: what its physical address lies above that; [2]: slack. */
  readonly #state: Float64Array;
  readonly #queueEntries: number;
  readonly #lineBytes: number;
  readonly #lastStart: number;

  constructor(config: FrontendConfig, lineBytes: number, storage: Storage) {
    this.#state = storage.float64(3);
    this.#state[0] = NO_LINE;
    this.#queueEntries = config.queueEntries;
    this.#lineBytes = lineBytes;
    this.#lastStart = lineBytes - 4;
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

  /** Fetch stands still for `cycles`; gives how many of them the queue hides, issue going on from it. */
  hide(cycles: number): number {
    const hidden = Math.min(cycles, this.#state[2]!);
    this.#state[2]! -= hidden;
    return hidden;
  }

  /** Issue stands still for `cycles`, and the queue fills. */
  gain(cycles: number): void {
    this.#state[2] = Math.min(this.#state[2]! + cycles, this.#queueEntries);
  }

  /** The queue is thrown away. */
  drop(): void {
    this.#state[2] = 0;
  }

  /** The queue and the line in hand are thrown away: translation may have changed. */
  restart(): void {
    this.#state[0] = NO_LINE;
    this.#state[2] = 0;
  }
}
