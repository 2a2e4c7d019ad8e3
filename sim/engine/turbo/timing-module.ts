// The module of functions that serve the timing of all regions. V8 optimises it soon, as it does no single region.
import { HELD } from "../../machine/held.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { askAccessFunction, defineAccess } from "./access-function.ts";
import { farCode } from "./far-code.ts";
import { instantiateShared } from "./host.ts";
import { defineLateFetch, lateAccessCode } from "./late-access.ts";
import { PageCode } from "./late-page.ts";
import type { LinearMemory } from "./linear.ts";
import { memoCode } from "./memo-code.ts";
import { HELD_AT, RAM_AT, STATE } from "./layout.ts";
import { LATE_ACCESS_IMPORTS } from "./own-functions.ts";
import { memoryCode } from "./parts/memory.ts";
import { translationCode } from "./parts/translation.ts";
import type { Pieces } from "./pieces.ts";
import { Functions } from "./terms.ts";
import { ADVANCE_IMPORT, defineTimingFunctions } from "./timing-functions.ts";
import { encodeModule } from "./wasm.ts";

/** Gives what regions import of it. */
export function timingModule(
  { memory, layout }: LinearMemory,
  timing: GeneratedTiming,
  pieces: Pieces,
): Readonly<Record<string, unknown>> {
  const module = new Functions([ADVANCE_IMPORT, ...LATE_ACCESS_IMPORTS]);
  const memo = memoCode(module, timing, pieces);
  const far = farCode(module, timing, pieces, memo);
  const askAccess = askAccessFunction(module, timing);
  const { ramBase, fastPaths } = timing;
  const caches = memoryCode(module, fastPaths.memory);
  const places = { asidAt: STATE.asid, satpAt: HELD_AT + HELD.satp, ramAt: RAM_AT };
  const paging = { ...places, ramBase, ramBytes: layout.ramBytes };
  const { itlb, dtlb, leafOf } = translationCode(module, fastPaths.translation, caches.l1d, paging);
  const codePage = new PageCode(itlb, fastPaths.translation.itlb, leafOf);
  const dataPage = new PageCode(dtlb, fastPaths.translation.dtlb, leafOf);
  const own = { memo, far, askAccess, codePage, dataPage, ...caches };
  defineAccess(module, timing, pieces, own, lateAccessCode(module, timing, pieces, own));
  defineLateFetch(module, timing, pieces, own);
  defineTimingFunctions(module, timing, pieces, own);
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, memoryPages: layout.pages });
  const { advance, ask, finish, stop, fetch, finishFetch, stopFetch } = pieces;
  const settleState = (state: number, now: number): number => timing.memo.settle(state, now);
  return instantiateShared(bytes, { memory, advance, ask, finish, stop, fetch, finishFetch, stopFetch, settleState })
    .exports;
}
