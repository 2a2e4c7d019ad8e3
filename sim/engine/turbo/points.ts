// The points of generated code where an access or a fetch may be late: what its functions know of each, in linear memory.
import { PAGE_BYTES } from "../../machine/memory.ts";
import type { Storage } from "../../timing/part.ts";
import { Class, isStore, traitClass } from "../../timing/traits.ts";
import { Shortcuts, SHORTCUTS_BYTES } from "./shortcuts.ts";
import type { Point } from "./timed-block.ts";

/**
 * A point: i32 script of its instruction on time, or UNKNOWN; i32 bytes of the access less one, or ALWAYS_ASKS; i32 flags (`ACCESS`), and
 * from POINT_INDEX on the instruction's place in its block. Of a fetch: i32 script of one on time; i32 number of its page, low 32 bits; i32
 * ACCESS.translated and ACCESS.asks, from FETCH_OFFSET on where in its line the instruction begins, and from POINT_INDEX on as above.
 *
 * Then, of both, i32 where the word would lie for row 0 that has the script of what comes before the instruction in a piece that begins with
 * that row. The words for other rows lie behind it; there are some for the rows of the block.
 */
export const POINT = { onTime: 0, last: 4, flags: 8, scripts: 12 } as const;
export const POINT_SHIFT = 4;
const POINT_WORDS = (1 << POINT_SHIFT) / 4;
/** It is no load; it notes a store; it may store a tag; its address is translated; it is asked whatever is known, as is all that lies in two lines. */
export const ACCESS = { writes: 1, stores: 2, capability: 4, translated: 8, asks: 16 } as const;
export const FETCH_OFFSET = 8;
export const POINT_INDEX = 24;
/** In place of bytes: of an access to whole lines. No address is aligned to it. */
export const ALWAYS_ASKS = -1;
/** In place of a script: the piece begins with the instruction itself. */
export const NOTHING_BEFORE = -2;
export const UNKNOWN = -1;

/** A region has fewer rows, and points, than this. */
export const MOST_OF_REGION = 1 << 12;
/** Bits of a point's number. */
export const POINT_BITS = 16;
const MAX_POINTS = 1 << POINT_BITS;
const MAX_SCRIPTS = 1 << 18;
const MOST_SCRIPTS_OF_REGION = 1 << 16;
/** What `PointTable` takes of its storage. */
export const POINTS_BYTES = (MAX_POINTS << POINT_SHIFT) + 4 * MAX_SCRIPTS + SHORTCUTS_BYTES;

/** What is known of a point while code is generated. */
interface Known {
  readonly last: number;
  readonly flags: number;
}

/** Of a data access, in lines of so many bytes. */
export function knownOfAccess({ block, index, dataBytes, capability }: Point, lineBytes: number): Known {
  const timingClass = traitClass(block.instructions[index]!.traits);
  const loads = timingClass === Class.load;
  let flags = index << POINT_INDEX;
  if (!loads) flags |= ACCESS.writes;
  if (isStore(timingClass)) flags |= ACCESS.stores;
  if (capability && !loads) flags |= ACCESS.capability;
  if (block.translatesData) flags |= ACCESS.translated;
  if (dataBytes >= lineBytes) flags |= ACCESS.asks;
  return { last: dataBytes < lineBytes ? dataBytes - 1 : ALWAYS_ASKS, flags };
}

/** Of a fetch. */
export function knownOfFetch({ block, index }: Point, lineBytes: number): Known {
  const { pc, bytes } = block.instructions[index]!;
  const offset = pc % lineBytes;
  let flags = (offset << FETCH_OFFSET) | (index << POINT_INDEX);
  if (block.translatesFetch) flags |= ACCESS.translated;
  if (offset + bytes > lineBytes) flags |= ACCESS.asks;
  return { last: (pc / PAGE_BYTES) | 0, flags };
}

export class PointTable {
  /** Linear address of the first. */
  readonly at: number;
  readonly shortcuts: Shortcuts;
  readonly #points: Int32Array;
  readonly #scripts: Int32Array;
  #count = 0;
  #scriptCount = 0;

  constructor(storage: Storage) {
    this.#points = storage.int32(POINT_WORDS * MAX_POINTS);
    this.#scripts = storage.int32(MAX_SCRIPTS);
    this.at = this.#points.byteOffset;
    this.shortcuts = new Shortcuts(storage);
  }

  /** Is there no room for another region's? */
  get full(): boolean {
    return this.#count > MAX_POINTS - MOST_OF_REGION || this.#scriptCount > MAX_SCRIPTS - MOST_SCRIPTS_OF_REGION;
  }

  /** Adds a point in a piece that begins with a row in [firstRow, endRow), whose scripts are not known. */
  add(firstRow: number, endRow: number, { last, flags }: Known): void {
    const first = this.#scriptCount;
    this.#scriptCount += endRow - firstRow;
    if (this.#count === MAX_POINTS || this.#scriptCount > MAX_SCRIPTS) throw new Error("a region has too many points");
    const at = POINT_WORDS * this.#count;
    this.#points[at + POINT.onTime / 4] = UNKNOWN;
    this.#points[at + POINT.last / 4] = last;
    this.#points[at + POINT.flags / 4] = flags;
    this.#points[at + POINT.scripts / 4] = this.#scripts.byteOffset + 4 * (first - firstRow);
    this.#scripts.fill(UNKNOWN, first, this.#scriptCount);
    this.#count += 1;
  }

  /** Is a point asked whatever is known? */
  asks(number: number): boolean {
    return (this.#points[POINT_WORDS * number + POINT.flags / 4]! & ACCESS.asks) !== 0;
  }

  /** Has a point's script known, and that of what comes before it in the piece that begins with a row. */
  set(number: number, row: number, onTime: number, before: number): void {
    const at = POINT_WORDS * number;
    this.#points[at + POINT.onTime / 4] = onTime;
    const place = this.#points[at + POINT.scripts / 4]! + 4 * row - this.#scripts.byteOffset;
    this.#scripts[(place >>> 0) / 4] = before;
  }

  /** States have new numbers, and scripts too if that is said. */
  forget(scriptsToo: boolean): void {
    this.shortcuts.forget();
    if (!scriptsToo) return;
    for (let number = 0; number < this.#count; number += 1)
      this.#points[POINT_WORDS * number + POINT.onTime / 4] = UNKNOWN;
    this.#scripts.fill(UNKNOWN, 0, this.#scriptCount);
  }

  clear(): void {
    this.#count = this.#scriptCount = 0;
    this.shortcuts.forget();
  }
}
