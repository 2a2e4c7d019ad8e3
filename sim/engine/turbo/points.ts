// The points of generated code where an access or a fetch may be late: what late-access.ts knows of each, in linear memory.
import type { Storage } from "../../timing/part.ts";

/**
 * A point: i32 script of its instruction on time, or UNKNOWN; i32 bytes of the access less one; i32 flags (`ACCESS`). Of a fetch: i32
 * script of one on time; i32 number of its page, low 32 bits; i32 ACCESS.translated, and from FETCH_OFFSET on where in its line the
 * instruction begins. In both, from POINT_INDEX on,
 * the instruction's place in its block. Then i32 where the word would lie for row 0 that has the script of what comes before the instruction in a piece that begins with that row. The words
 * for other rows lie behind it; there are some for the rows of the block.
 */
export const POINT = { onTime: 0, last: 4, flags: 8, scripts: 12 } as const;
export const POINT_SHIFT = 4;
const POINT_WORDS = (1 << POINT_SHIFT) / 4;
/** It is no load; it notes a store; it may store a tag; its address is translated. */
export const ACCESS = { writes: 1, stores: 2, capability: 4, translated: 8 } as const;
export const FETCH_OFFSET = 8;
export const POINT_INDEX = 24;
/** In place of a script: the piece begins with the instruction itself. */
export const NOTHING_BEFORE = -2;
const UNKNOWN = -1;

/** A region has fewer rows, and points, than this. */
export const MOST_OF_REGION = 1 << 12;
const MAX_POINTS = 1 << 16;
const MAX_SCRIPTS = 1 << 18;
const MOST_SCRIPTS_OF_REGION = 1 << 16;
/** What `PointTable` takes of its storage. */
export const POINTS_BYTES = (MAX_POINTS << POINT_SHIFT) + 4 * MAX_SCRIPTS;

export class PointTable {
  /** Linear address of the first. */
  readonly at: number;
  readonly #points: Int32Array;
  readonly #scripts: Int32Array;
  #count = 0;
  #scriptCount = 0;

  constructor(storage: Storage) {
    this.#points = storage.int32(POINT_WORDS * MAX_POINTS);
    this.#scripts = storage.int32(MAX_SCRIPTS);
    this.at = this.#points.byteOffset;
  }

  /** Is there no room for another region's? */
  get full(): boolean {
    return this.#count > MAX_POINTS - MOST_OF_REGION || this.#scriptCount > MAX_SCRIPTS - MOST_SCRIPTS_OF_REGION;
  }

  /** Adds a point in a piece that begins with a row in [firstRow, endRow); nothing is known of it. */
  add(firstRow: number, endRow: number): void {
    const first = this.#scriptCount;
    this.#scriptCount += endRow - firstRow;
    if (this.#count === MAX_POINTS || this.#scriptCount > MAX_SCRIPTS) throw new Error("a region has too many points");
    const at = POINT_WORDS * this.#count;
    this.#points[at + POINT.onTime / 4] = UNKNOWN;
    this.#points[at + POINT.scripts / 4] = this.#scripts.byteOffset + 4 * (first - firstRow);
    this.#scripts.fill(UNKNOWN, first, this.#scriptCount);
    this.#count += 1;
  }

  /** Has a point known, and what comes before it in the piece that begins with a row. */
  set(
    number: number,
    row: number,
    o: { readonly onTime: number; readonly last: number; readonly flags: number; readonly script: number },
  ): void {
    const at = POINT_WORDS * number;
    this.#points[at + POINT.onTime / 4] = o.onTime;
    this.#points[at + POINT.last / 4] = o.last;
    this.#points[at + POINT.flags / 4] = o.flags;
    const place = this.#points[at + POINT.scripts / 4]! + 4 * row - this.#scripts.byteOffset;
    this.#scripts[(place >>> 0) / 4] = o.script;
  }

  /** Scripts have new numbers. */
  forgetScripts(): void {
    for (let number = 0; number < this.#count; number += 1)
      this.#points[POINT_WORDS * number + POINT.onTime / 4] = UNKNOWN;
    this.#scripts.fill(UNKNOWN, 0, this.#scriptCount);
  }

  clear(): void {
    this.#count = this.#scriptCount = 0;
  }
}
