// Where generated code asks whether budget and time suffice: where a region is entered, and at the heads of its loops, for all ways that lead
// from there to the next such place. Blocks between two of them are entered without being asked for.
import { LONGEST_PIECE } from "../../timing/generated.ts";
import { leadsBack, type Graph, type Shape } from "./control.ts";
import type { Block } from "./regions.ts";
import { timedWay, type TimedWay } from "./timed-block.ts";

/** What is executed at most from a block's begin to the next checkpoint: by instructions, and by time. */
export interface Ahead {
  readonly instructions: number;
  readonly way: TimedWay;
}

/**
 * By the number of a block: what has to fit in where it is entered; undefined where that was asked before.
 *
 * @param heads - blocks at which the region can be entered, or that a dispatcher leads to.
 * @param cycles - how long a way takes at most.
 */
export function checkpoints(
  blocks: readonly Block[],
  { successors }: Graph,
  shape: Shape,
  heads: readonly number[],
  cycles: (way: TimedWay) => number,
): (Ahead | undefined)[] {
  const asks = new Set(heads);
  for (const [from] of blocks.entries())
    for (const to of successors[from]!) if (leadsBack(shape, from, to)) asks.add(to);
  const { order } = shape;
  const ahead: Ahead[] = [];
  const lastFirst = [...blocks.keys()].filter((n) => order[n]! >= 0).sort((a, b) => order[b]! - order[a]!);
  for (const node of lastFirst) {
    const { instructions, timed } = blocks[node]!;
    const own = timedWay(timed);
    let [most, longest] = [instructions, own];
    for (const to of successors[node]!) {
      const next = ahead[to];
      if (next === undefined || asks.has(to)) continue;
      if (instructions + next.instructions > LONGEST_PIECE) {
        asks.add(to);
        continue;
      }
      most = Math.max(most, instructions + next.instructions);
      const way = { words: [...own.words, ...next.way.words], restarts: own.restarts || next.way.restarts };
      if (cycles(way) > cycles(longest)) longest = way;
    }
    ahead[node] = { instructions: most, way: longest };
  }
  return blocks.map((_, node) => (asks.has(node) ? ahead[node] : undefined));
}
