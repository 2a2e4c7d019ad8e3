// What V8 may take for a thread of this program, beyond what the thread holds.
import type { ResourceLimits } from "node:worker_threads";

/** A sixth of the young generation that V8 allows itself: what a command or a session throws away it throws away at once. */
export const THREAD_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 8 };
