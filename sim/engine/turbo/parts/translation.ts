// The code of the first-level TLBs, and of what answers them, wired as sim/timing/dynamic.ts wires the parts.
import type { TranslationLayout } from "../../../timing/dynamic.ts";
import type { Callee, Functions } from "../terms.ts";
import type { CacheCode } from "./cache.ts";
import { leafFunction, type Paging } from "./page-tables.ts";
import { tlbCode, type TlbCode } from "./tlb.ts";
import { walkerCode } from "./walker.ts";

export interface TranslationCode {
  readonly itlb: TlbCode;
  readonly dtlb: TlbCode;
  /** As `leafFunction`. */
  readonly leafOf: Callee;
}

/** @param l1d - the cache through which page tables are read. */
export function translationCode(
  module: Functions,
  { itlb, dtlb, l2tlb, walker }: TranslationLayout,
  l1d: Pick<CacheCode, "read">,
  paging: Paging,
): TranslationCode {
  const walks = walkerCode(module, walker, l1d, paging);
  const second = l2tlb === undefined ? walks : tlbCode(module, l2tlb, walks, paging.asidAt);
  return {
    itlb: tlbCode(module, itlb, second, paging.asidAt),
    dtlb: tlbCode(module, dtlb, second, paging.asidAt),
    leafOf: leafFunction(module, paging),
  };
}
