// The module of functions that serve the timing of all regions. V8 optimises it soon, as it does no single region.
import { HELD } from "../../machine/held.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { askAccessFunction, defineAccess } from "./access-function.ts";
import { Computing, COMPUTING_IMPORTS } from "./computing.ts";
import { farCode } from "./far-code.ts";
import { instantiateShared } from "./host.ts";
import { defineLateFetch, lateAccessCode } from "./late-access.ts";
import { PageCode } from "./late-page.ts";
import type { LinearMemory } from "./linear.ts";
import { defineInterpreter } from "./interpreter-loop.ts";
import { memoCode } from "./memo-code.ts";
import { HELD_AT, RAM_AT, STATE } from "./layout.ts";
import { LATE_ACCESS_IMPORTS } from "./own-functions.ts";
import { memoryCode } from "./parts/memory.ts";
import { translationCode } from "./parts/translation.ts";
import { pieceScripts } from "./piece-scripts.ts";
import type { Pieces } from "./pieces.ts";
import { retireFunction } from "./retire-code.ts";
import { f64, Functions } from "./terms.ts";
import { ADVANCE_IMPORT, defineTimingFunctions } from "./timing-functions.ts";
import { encodeModule } from "./wasm.ts";

/**
 * Gives what regions import of it, and the interpreter's loop.
 *
 * @param operations - the table that the loop calls.
 */
export function timingModule(
  linear: LinearMemory,
  timing: GeneratedTiming,
  pieces: Pieces,
  operations: unknown,
): Readonly<Record<string, unknown>> {
  const { memory, layout } = linear;
  const module = new Functions([ADVANCE_IMPORT, ...LATE_ACCESS_IMPORTS, ...COMPUTING_IMPORTS]);
  const memo = memoCode(module, timing, pieces);
  const scripts = pieceScripts(module, pieces);
  const far = farCode(module, timing, pieces, memo);
  const askAccess = askAccessFunction(module, timing);
  const { ramBase, fastPaths } = timing;
  const caches = memoryCode(module, fastPaths.memory);
  const places = { asidAt: STATE.asid, satpAt: HELD_AT + HELD.satp, ramAt: RAM_AT };
  const paging = { ...places, ramBase, ramBytes: layout.ramBytes };
  const { itlb, dtlb, leafOf } = translationCode(module, fastPaths.translation, caches.l1d, paging);
  const codePage = new PageCode(itlb, fastPaths.translation.itlb, leafOf);
  const dataPage = new PageCode(dtlb, fastPaths.translation.dtlb, leafOf);
  const own = { memo, scripts, far, askAccess, codePage, dataPage, ...caches };
  defineAccess(module, timing, pieces, own, lateAccessCode(module, timing, pieces, own));
  defineLateFetch(module, timing, pieces, own);
  const rememberTarget = defineTimingFunctions(module, timing, pieces, own);
  const { answered, predictor } = timing;
  const pipeline = timing.memo.live.pipeline.layout;
  const { branches } = pieces;
  const retire = retireFunction(module, {
    ...{ pipeline, fastPaths, predictor, answered, ramBase, branches },
    own: { ...own, rememberTarget },
  });
  const isDue = f64.ge(f64.at(pipeline.clock.now.byteOffset), f64.at(timing.event.byteOffset));
  defineInterpreter(module, { isDue, retire });
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, usesTable: true, memoryPages: layout.pages });
  const { advance, ask, finish, stop, fetch, finishFetch, stopFetch } = pieces;
  const { compute, makeSteps, makeVariant } = new Computing(linear, timing);
  const settleState = (state: number, now: number): number => timing.memo.settle(state, now);
  return instantiateShared(bytes, {
    ...{ memory, table: operations, advance, ask, finish, stop, fetch, finishFetch, stopFetch, settleState },
    ...{ compute, makeSteps, makeVariant },
  }).exports;
}
