// Where the line is fetched in which a block begins: behind blocks that leave it in hand there is nothing to fetch, and a loop whose turns
// all do fetches it before the first.
import { leadsBack, type Graph, type Shape } from "./control.ts";
import type { Block } from "./regions.ts";

export type FirstFetch = "inBlock" | "beforeLoop" | "nowhere";

/** By the number of a block; without timing nothing is fetched. */
export function firstFetches(
  blocks: readonly Block[],
  { entry, successors }: Graph,
  shape: Shape,
): readonly FirstFetch[] {
  const outside = -1;
  const before: number[][] = successors.map((_, node) => (node === entry ? [outside] : []));
  for (const [from, tos] of successors.entries())
    if (shape.order[from]! >= 0) for (const to of tos) before[to]!.push(from);
  return blocks.map(({ timed, readsCounter }, node) => {
    const line = timed?.firstFetch?.line;
    if (line === undefined || readsCounter) return "inBlock";
    const others = before[node]!.filter((from) => blocks[from]?.timed?.lineInHand !== line);
    if (others.length === 0) return "nowhere";
    const isBack = (from: number): boolean => from !== outside && leadsBack(shape, from, node);
    return before[node]!.some(isBack) && !others.some(isBack) ? "beforeLoop" : "inBlock";
  });
}
