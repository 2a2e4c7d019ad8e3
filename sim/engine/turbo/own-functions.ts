// What the code of late accesses makes use of: methods and tables of `Pieces`, and functions of its own module.
import type { FarCode } from "./far-code.ts";
import type { PageCode } from "./late-page.ts";
import type { MemoCode } from "./memo-code.ts";
import type { CacheCode } from "./parts/cache.ts";
import type { PieceScripts } from "./piece-scripts.ts";
import type { PointTable } from "./points.ts";
import type { Rows } from "./rows.ts";
import type { StepTable } from "./step-table.ts";
import type { Callee, Import, Local } from "./terms.ts";
import { F64, I32 } from "./wasm.ts";

/** The methods of `Pieces` that are called, and `settle` of the memo. */
export const LATE_ACCESS_IMPORTS: readonly Import[] = [
  { name: "ask", params: [I32, I32, F64, I32, F64], results: [I32] },
  { name: "finish", params: [I32, I32, I32, I32, I32, F64, F64], results: [] },
  { name: "stop", params: [], results: [I32] },
  { name: "fetch", params: [I32, I32, I32], results: [I32] },
  { name: "finishFetch", params: [I32, F64, F64, F64], results: [] },
  { name: "stopFetch", params: [], results: [I32] },
  { name: "settleState", params: [I32, F64], results: [I32] },
];

/** Where `Pieces` has its tables. */
export interface PieceTables {
  readonly rows: Pick<Rows, "at">;
  readonly points: Pick<PointTable, "at" | "shortcuts">;
  readonly steps: Pick<StepTable, "rowsAt" | "fetchAt">;
  readonly lateFetch: Float64Array;
}

/** Functions of the module. */
export interface OwnFunctions {
  readonly l1i: CacheCode;
  readonly l1d: CacheCode;
  readonly memo: MemoCode;
  readonly scripts: PieceScripts;
  readonly far: FarCode;
  readonly codePage: PageCode;
  readonly dataPage: PageCode;
  readonly askAccess: Callee;
}

/** Where the pipeline stands. */
export interface Now {
  readonly clock: Local;
  readonly state: Local;
}
