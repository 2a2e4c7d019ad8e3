// The step words of blocks, in linear memory: generated code makes the scripts of their pieces of them.
import type { Storage } from "../../timing/part.ts";
import { FETCH, FETCH_WORDS } from "../../timing/script.ts";
import { COUNTED, type Counted } from "../../timing/script-counts.ts";
import { MAX_ROWS } from "./rows.ts";
import type { TimedBlock } from "./timed-block.ts";

/** A row's words: i32 where the record of its block lies, 0 where its scripts are left to `Pieces`; i32 the place in the block at which its piece begins. */
export const ROW_STEPS = { block: 0, from: 4 } as const;
export const ROW_STEPS_SHIFT = 3;
/** A block's record: i32 category, i32 index of what is counted in COUNTED, i32 how many steps, and from there on their words. */
export const BLOCK_STEPS = { category: 0, counted: 4, steps: 8, words: 12 } as const;
const MAX_WORDS = 1 << 18;
/** The words of a fetch that is on time lie before all records. */
const FIRST_RECORD = 1 + FETCH_WORDS;
/** What `StepTable` takes of its storage. */
export const STEPS_BYTES = 4 * MAX_WORDS + (MAX_ROWS << ROW_STEPS_SHIFT);

export class StepTable {
  /** Linear addresses of the first row's words, and of the words of a fetch that is on time. */
  readonly rowsAt: number;
  readonly fetchAt: number;
  readonly #rows: Int32Array;
  readonly #words: Int32Array;
  #length = FIRST_RECORD;

  constructor(storage: Storage) {
    this.#rows = storage.int32(2 * MAX_ROWS);
    this.#words = storage.int32(MAX_WORDS);
    this.#words[0] = FETCH;
    this.rowsAt = this.#rows.byteOffset;
    this.fetchAt = this.#words.byteOffset;
  }

  /** Adds a block, if there is room; gives where its record lies, or 0. */
  add({ category, instructions, steps }: TimedBlock, counted: Counted): number {
    const first = this.#length;
    const length = first + BLOCK_STEPS.words / 4 + steps;
    if (length > MAX_WORDS) return 0;
    this.#length = length;
    this.#words[first + BLOCK_STEPS.category / 4] = category;
    this.#words[first + BLOCK_STEPS.counted / 4] = COUNTED.indexOf(counted);
    this.#words[first + BLOCK_STEPS.steps / 4] = steps;
    for (let i = 0; i < steps; i += 1) this.#words[first + BLOCK_STEPS.words / 4 + i] = instructions[i]!.word;
    return this.#words.byteOffset + 4 * first;
  }

  /** Has a row be one of the block whose record lies there. */
  setRow(row: number, block: number, from: number): void {
    const at = row << (ROW_STEPS_SHIFT - 2);
    this.#rows[at + ROW_STEPS.block / 4] = block;
    this.#rows[at + ROW_STEPS.from / 4] = from;
  }

  /** The place in its block at which a row's piece begins. */
  fromOf(row: number): number {
    return this.#rows[(row << (ROW_STEPS_SHIFT - 2)) + ROW_STEPS.from / 4]!;
  }

  clear(): void {
    this.#length = FIRST_RECORD;
  }
}
