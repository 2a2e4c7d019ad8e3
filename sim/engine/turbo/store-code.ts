// What generated code knows of stores for the accesses that come after them: as sim/timing/store-blocks.ts and tag-table.ts.
import type { StoreBlocksFastPath } from "../../timing/store-blocks.ts";
import type { TagGroups } from "../../timing/tag-table.ts";
import { RAM_AT } from "./layout.ts";
import {
  element,
  f64,
  i32,
  NUMBER_BYTES,
  NUMBER_SHIFT,
  scaled,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";

const { const: word } = i32;

/** Where, in the table of last stores, the number lies of the last one to the block of a place. */
export const storeBlockAt = (place: Term, { blockShift, blockMask }: StoreBlocksFastPath): Term =>
  scaled(place, blockShift, blockMask, NUMBER_SHIFT);

/** How many stores came after the youngest that a load of last + 1 bytes overlaps. */
export function overlapAgeOf(f: Statements, place: Term, last: Term, blocks: StoreBlocksFastPath): Term {
  const { lastStore, youngest } = blocks;
  const at = f.let(storeBlockAt(place, blocks));
  const store = f.let(f64.load(at, lastStore.byteOffset));
  forOtherBlocks(f, at, place, last, blocks, () =>
    f.set(store, f64.max(store, f.let(f64.load(at, lastStore.byteOffset)))),
  );
  return f64.sub(f64.at(youngest.byteOffset), store);
}

/** Notes such a store, as `StoreBlocks.push`. */
export function noteStore(f: Statements, place: Term, last: Term, blocks: StoreBlocksFastPath): void {
  const { lastStore, youngest } = blocks;
  f.count(youngest.byteOffset);
  const at = f.let(storeBlockAt(place, blocks));
  const note = (): void => f.store(at, lastStore.byteOffset, f64.at(youngest.byteOffset));
  note();
  forOtherBlocks(f, at, place, last, blocks, note);
}

/** Moves `at` on over the blocks of an access behind its first. */
function forOtherBlocks(
  f: Statements,
  at: Local,
  place: Term,
  last: Term,
  blocks: StoreBlocksFastPath,
  visit: () => void,
): void {
  const inBlock = word((1 << blocks.blockShift) - 1);
  f.rarely(i32.ltU(inBlock, i32.add(i32.and(place, inBlock), last)), () => {
    const end = f.let(storeBlockAt(i32.add(place, last), blocks));
    f.while(i32.ne(at, end), () => {
      f.set(at, i32.and(i32.add(at, word(NUMBER_BYTES)), word(NUMBER_BYTES * blocks.blockMask)));
      visit();
    });
  });
}

/** A capability is stored at a place: its group may hold tags. */
export function noteTagGroup(f: Statements, place: Term, groups: TagGroups): void {
  const group = i32.shrU(i32.sub(place, word(RAM_AT)), word(Math.log2(groups.groupBytes)));
  f.store(element(groups.mayHold.byteOffset, group, 2), 0, word(1));
}
