// What generated code knows of stores for the accesses that come after them: as sim/timing/store-blocks.ts and tag-table.ts.
import type { StoreBlocksFastPath } from "../../timing/store-blocks.ts";
import type { TagGroups } from "../../timing/tag-table.ts";
import { RAM_AT } from "./layout.ts";
import { element, i32, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

/** Where, in the table of last stores, the number lies of the last one to the block of a place. */
export const storeBlockAt = (place: Term, { blockShift, blockMask }: StoreBlocksFastPath): Term =>
  i32.shl(i32.and(i32.shrU(place, word(blockShift)), word(blockMask)), word(3));

/** A capability is stored at a place: its group may hold tags. */
export function noteTagGroup(f: Statements, place: Term, groups: TagGroups): void {
  const group = i32.shrU(i32.sub(place, word(RAM_AT)), word(Math.log2(groups.groupBytes)));
  f.store(element(groups.mayHold.byteOffset, group, 2), 0, word(1));
}
