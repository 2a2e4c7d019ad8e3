// Tagged memory: DRAM that holds no tags of its own, beside a table of tags in that DRAM, behind a cache of the table.
//
// The model is the tag controller of Joannou et al., "Efficient Tagged Memory", ICCD 2017, as in CTSRD-CHERI/TagController: below
// the last-level cache; above it tags travel with their lines. A line is there when its data and its tags are. A line written
// back writes its tags into the cache of the table, whose dirty lines go to DRAM when displaced.
import { cycles, flag, type ConfigOf } from "../config/params.ts";
import { arrayParams } from "./cache.ts";
import { eventBlock, type Part, type Storage } from "./part.ts";
import { tagTableParams, type TagTable } from "./tag-table.ts";

export const tagCacheParams = {
  present: flag(true, "Tags are kept in a table in DRAM; false: memory has tags of its own, at no cost"),
  ...arrayParams,
  hitCycles: cycles(2, "From request to tags on a hit", { max: 1000 }),
  ...tagTableParams,
};

export type TagCacheConfig = ConfigOf<typeof tagCacheParams>;

export const TaggedEvent = { waits: 0, waitCycles: 1 } as const;

/** What code has to know that does what tagged memory does, beside its table and DRAM: state, as in the class. */
export interface TaggedLayout {
  /** By `TaggedEvent`. */
  readonly counts: Float64Array;
  readonly late: Float64Array;
}

export class TaggedMemory implements Part {
  readonly events;
  readonly #count: Float64Array;
  readonly #data: Part;
  readonly #table: TagTable;
  readonly #late: Float64Array;

  /**
   * @param data - DRAM.
   * @param table - the tag table, in the same DRAM.
   */
  constructor(data: Part, table: TagTable, storage: Storage) {
    this.events = eventBlock("tagMemory", ["tagWaits", "tagWaitCycles"], storage);
    this.#count = this.events.values;
    this.#data = data;
    this.#table = table;
    this.#late = storage.float64(1);
  }

  get layout(): TaggedLayout {
    return { counts: this.#count, late: this.#late };
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
    const tags = this.#table.read(phys, at);
    if (tags <= data) return data;
    this.#count[TaggedEvent.waits]! += 1;
    this.#count[TaggedEvent.waitCycles]! += tags - data;
    this.#late[0]! += tags - data;
    return tags;
  }

  /** A capability has been stored. */
  capabilityAt(phys: number): void {
    this.#table.capabilityAt(phys);
  }

  write(phys: number, bytes: number, at: number): void {
    this.#data.write(phys, bytes, at);
    this.#table.write(phys, at);
  }
}
