// How long instructions can take at most that meet nothing late: what has to fit in before an event.
//
// Let all that is under way, at the clock's now, be done at D: no value, unit, port, store-buffer entry or window is waited for beyond D.
// An instruction issues at D or before, and what it begins is done, and the next can issue, so many cycles later as `#cycles` tells of it:
// D moves on by no more. D is never further ahead of now than `#ahead`, what was late apart: an instruction that issued before is done
// after its own cycles, and of stores no more wait than there are entries, which are written one a cycle.
import type { MachineConfig } from "../config/machine.ts";
import { stepAccesses, stepBytes } from "./step.ts";
import { Class, traitClass } from "./traits.ts";

/** The widest access: a cache block. */
const MOST_BYTES = 64;

export class OnTimeBound {
  readonly #config: MachineConfig;
  readonly #ahead: number;
  readonly #restartCycles: number;

  constructor(config: MachineConfig) {
    this.#config = config;
    const classes = Object.values(Class).map((timingClass) => this.#cycles(timingClass, MOST_BYTES));
    this.#ahead = Math.max(...classes) + config.storeBuffer.entries;
    this.#restartCycles = 1 + Math.max(config.frontend.trapCycles, config.frontend.flushCycles);
  }

  /** How many cycles from its begin on a piece, of these step words, is done at the latest; `restarts`: a trap or a flush follows. */
  cycles(words: readonly number[], restarts: boolean): number {
    let cycles = this.#ahead + (restarts ? this.#restartCycles : 0);
    for (const word of words) cycles += this.#cycles(traitClass(word), stepAccesses(word) ? stepBytes(word) : 0);
    return cycles;
  }

  #cycles(timingClass: number, bytes: number): number {
    const { frontend, issue, scoreboard, storeBuffer, l1d } = this.#config;
    const executedAt = 1 + issue.lateAluCycles;
    const beats = Math.max(1, Math.ceil(bytes / l1d.portBytes));
    switch (timingClass) {
      case Class.branch:
      case Class.jump:
        return executedAt + Math.max(frontend.takenCycles, frontend.predecodeCycles, frontend.mispredictCycles);
      case Class.cap:
        return executedAt + scoreboard.capCycles;
      case Class.csr:
        return 1 + scoreboard.csrCycles;
      case Class.mul:
        return 1 + Math.max(scoreboard.mulCycles, scoreboard.mulBusyCycles);
      case Class.div:
        return 1 + scoreboard.divCycles;
      case Class.load:
        return 1 + l1d.hitCycles + beats + scoreboard.narrowLoadCycles;
      case Class.atomic:
        return 1 + l1d.hitCycles + beats + scoreboard.atomicCycles;
      case Class.store:
      case Class.cbo:
        return 1 + storeBuffer.drainCycles + beats;
      default:
        return executedAt;
    }
  }
}
