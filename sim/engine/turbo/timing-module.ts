// The module of functions that serve the timing of all regions. V8 optimises it soon, as it does no single region.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { instantiateShared } from "./host.ts";
import { defineLateAccess, LATE_ACCESS_IMPORTS } from "./late-access.ts";
import type { LinearMemory } from "./linear.ts";
import { memoCode } from "./memo-code.ts";
import { memoryCode } from "./parts/memory.ts";
import type { Pieces } from "./pieces.ts";
import { defineQuestions, FETCH_IMPORT } from "./questions.ts";
import { Functions } from "./terms.ts";
import { ADVANCE_IMPORT, defineTimingFunctions, touchPageFunction } from "./timing-functions.ts";
import { encodeModule } from "./wasm.ts";

/** Gives what regions import of it. */
export function timingModule(
  { memory, layout }: LinearMemory,
  timing: GeneratedTiming,
  pieces: Pick<Pieces, "rowsAt" | "loadsAt" | "agesAt" | "pointsAt" | "advance" | "fetch" | "ask" | "finish" | "stop">,
): Readonly<Record<string, unknown>> {
  const module = new Functions([ADVANCE_IMPORT, FETCH_IMPORT, ...LATE_ACCESS_IMPORTS]);
  const memo = memoCode(module, timing.memo);
  const touchPage = touchPageFunction(module);
  const l1d = memoryCode(module, timing.fastPaths.memory);
  const own = { memo, touchPage, l1d };
  defineQuestions(module, timing, defineLateAccess(module, timing, pieces, own));
  defineTimingFunctions(module, timing, pieces, own);
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, memoryPages: layout.pages });
  const { advance, fetch, ask, finish, stop } = pieces;
  return instantiateShared(bytes, { memory, advance, fetch, ask, finish, stop }).exports;
}
