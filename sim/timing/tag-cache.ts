// Tagged memory: DRAM that holds no tags of its own, beside a table of tags in that DRAM, behind a cache of the table.
//
// The model is the tag controller of Joannou et al., "Efficient Tagged Memory", ICCD 2017, with a flat table, as in
// CTSRD-CHERI/TagController: below the last-level cache; above it tags travel with their lines. A line is there when its data
// and its tags are. A line written back writes its tags into the cache of the table, whose dirty lines go to DRAM when
// displaced. The paper's hierarchical table is not modelled.
import { cycles, flag, type ConfigOf } from "../config/params.ts";
import { arrayParams, type Cache } from "./cache.ts";
import { eventBlock, type Part, type Storage } from "./part.ts";

export const tagCacheParams = {
  present: flag(true, "Tags are kept in a table in DRAM; false: memory has tags of its own, at no cost"),
  ...arrayParams,
  hitCycles: cycles(2, "From request to tags on a hit", { max: 1000 }),
};

export type TagCacheConfig = ConfigOf<typeof tagCacheParams>;

/** One bit for each 16-byte granule: a byte of the table covers 128 bytes of memory. */
const COVERED_BYTES = 128;

const WAITS = 0;
const LATE_CYCLES = 1;

export class TaggedMemory implements Part {
  readonly events;
  readonly #count: Float64Array;
  readonly #data: Part;
  readonly #table: Pick<Cache, "read" | "store">;
  readonly #late: Float64Array;

  /**
   * @param data - DRAM.
   * @param table - a cache of the tag table, in front of the same DRAM.
   */
  constructor(data: Part, table: Pick<Cache, "read" | "store">, storage: Storage) {
    this.events = eventBlock("tagMemory", ["tagWaits", "tagWaitCycles"], storage);
    this.#count = this.events.values;
    this.#data = data;
    this.#table = table;
    this.#late = storage.float64(1);
  }

  /** By how many cycles tags have come later than data, summed over reads since it was last set to 0. */
  get lateCycles(): number {
    return this.#late[0]!;
  }
  set lateCycles(value: number) {
    this.#late[0] = value;
  }

  read(phys: number, bytes: number, at: number): number {
    const data = this.#data.read(phys, bytes, at);
    const tags = this.#table.read(tableAddress(phys), 1, at);
    if (tags <= data) return data;
    this.#count[WAITS]! += 1;
    this.#count[LATE_CYCLES]! += tags - data;
    this.#late[0]! += tags - data;
    return tags;
  }

  write(phys: number, bytes: number, at: number): void {
    this.#data.write(phys, bytes, at);
    this.#table.store(tableAddress(phys), at);
  }
}

/** The table begins at address 0: below RAM_BASE for all memory that ends below 256 GiB. Only its banks and rows matter. */
const tableAddress = (phys: number): number => Math.floor(phys / COVERED_BYTES);
