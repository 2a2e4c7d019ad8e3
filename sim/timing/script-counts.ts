// What scripts say of accesses and transfers that met nobody on their way: events that generated code does not count one by one.
import { Outcome } from "./predictor/predictor.ts";
import { LATE, LATE_WORDS } from "./script.ts";
import { stepAccesses, stepOutcome } from "./step.ts";
import { Class, traitClass } from "./traits.ts";

/** Who counts the events of a script's instructions: who runs them, or `ScriptCounts`; their data addresses are translated, or not. */
export const COUNTED = ["elsewhere", "physical", "translated"] as const;
export type Counted = (typeof COUNTED)[number];

export class ScriptCounts {
  /** Look-ups of the first-level data cache, and of its TLB. */
  accesses = 0;
  translations = 0;
  branches = 0;
  branchMisses = 0;
  jumps = 0;
  jumpMisses = 0;

  /** Adds a script, the words from `from` to `to`, that was gone through so many times. It has no words but step words. */
  add(words: Int32Array, from: number, to: number, counted: Counted, times: number): void {
    for (let i = from; i < to; i += 1) {
      const word = words[i]!;
      const timingClass = traitClass(word);
      const missed = stepOutcome(word) === Outcome.mispredicted ? times : 0;
      if (timingClass === Class.branch) {
        this.branches += times;
        this.branchMisses += missed;
      } else if (timingClass === Class.jump) {
        this.jumps += times;
        this.jumpMisses += missed;
      } else if (stepAccesses(word)) {
        this.accesses += times;
        if (counted === "translated") this.translations += times;
      }
      if ((word & LATE) !== 0) i += LATE_WORDS;
    }
  }

  /** Forgets what has been counted. */
  clear(): void {
    this.accesses = this.translations = 0;
    this.branches = this.branchMisses = this.jumps = this.jumpMisses = 0;
  }
}
