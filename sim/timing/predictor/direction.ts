// The contract of a direction predictor: it is asked once for each conditional branch, and told the outcome in the same breath.
import type { CountersFastPath } from "./bimodal.ts";
import type { HistoryFastPath } from "./gshare.ts";

/** Predicts and learns. The table is brought up to date at once: no branch is predicted while an older one is in flight. */
export interface DirectionPredictor {
  /**
   * @param backward - the branch's target lies before it.
   * @returns whether it was predicted taken.
   */
  resolve(pc: number, backward: boolean, taken: boolean): boolean;
  clear(): void;
  /** Undefined where nothing is remembered. */
  readonly fastPath: (CountersFastPath & Partial<HistoryFastPath>) | undefined;
}

/** Backward taken, forward not taken. */
export const staticDirection: DirectionPredictor = {
  resolve: (_pc, backward) => backward,
  clear: () => {},
  fastPath: undefined,
};
