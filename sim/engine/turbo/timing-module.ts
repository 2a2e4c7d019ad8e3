// The module of functions that serve the timing of all regions; there is one of it, where timing-functions.ts is in every region's.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { instantiateShared } from "./host.ts";
import { defineLateAccess, LATE_ACCESS_IMPORTS } from "./late-access.ts";
import type { LinearMemory } from "./linear.ts";
import type { Pieces } from "./pieces.ts";
import { Functions } from "./terms.ts";
import { encodeModule } from "./wasm.ts";

/** What regions import of it. */
export interface TimingModule {
  readonly access: unknown;
  /** Of the data cache. */
  readonly onItsWay: unknown;
}

export function timingModule(
  { memory, layout }: LinearMemory,
  timing: GeneratedTiming,
  pieces: Pick<Pieces, "rowsAt" | "pointsAt" | "ask" | "finish" | "stop">,
): TimingModule {
  const module = new Functions(LATE_ACCESS_IMPORTS);
  defineLateAccess(module, timing, pieces);
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, memoryPages: layout.pages });
  const { ask, finish, stop } = pieces;
  const { exports } = instantiateShared(bytes, { memory, ask, finish, stop });
  return { access: exports["access"], onItsWay: exports["onItsWay"] };
}
