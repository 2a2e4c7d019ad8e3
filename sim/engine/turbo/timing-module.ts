// The module of functions that serve the timing of all regions. V8 optimises it soon, as it does no single region.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { askAccessFunction, defineAccess } from "./access-function.ts";
import { farCode } from "./far-code.ts";
import { instantiateShared } from "./host.ts";
import { defineLateAccess } from "./late-access.ts";
import type { LinearMemory } from "./linear.ts";
import { memoCode } from "./memo-code.ts";
import { LATE_ACCESS_IMPORTS } from "./own-functions.ts";
import { memoryCode } from "./parts/memory.ts";
import type { Pieces } from "./pieces.ts";
import { Functions } from "./terms.ts";
import { ADVANCE_IMPORT, defineTimingFunctions, touchPageFunction } from "./timing-functions.ts";
import { encodeModule } from "./wasm.ts";

/** Gives what regions import of it. */
export function timingModule(
  { memory, layout }: LinearMemory,
  timing: GeneratedTiming,
  pieces: Pieces,
): Readonly<Record<string, unknown>> {
  const module = new Functions([ADVANCE_IMPORT, ...LATE_ACCESS_IMPORTS]);
  const memo = memoCode(module, timing, pieces);
  const touchPage = touchPageFunction(module);
  const far = farCode(module, timing, pieces, memo);
  const askAccess = askAccessFunction(module, timing);
  const own = { memo, far, touchPage, askAccess, ...memoryCode(module, timing.fastPaths.memory) };
  const late = defineLateAccess(module, timing, pieces, own);
  defineAccess(module, timing, pieces, own, late);
  defineTimingFunctions(module, timing, pieces, own);
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, memoryPages: layout.pages });
  const { advance, ask, finish, stop, fetch, finishFetch, stopFetch } = pieces;
  const settleState = (state: number, now: number): number => timing.memo.settle(state, now);
  return instantiateShared(bytes, { memory, advance, ask, finish, stop, fetch, finishFetch, stopFetch, settleState })
    .exports;
}
