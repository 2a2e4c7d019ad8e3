// The table of tags in DRAM, flat or with a root, seen through the tag cache.
//
// With a root (Joannou et al., "Efficient Tagged Memory", ICCD 2017), a bit says of each group of memory whether it may hold
// tags; where it says no, the leaves need not be read or written. Records carry no values: a group may hold tags from the first
// store of a capability into it, tagged or not, on, and for ever. What the image brings with it is not seen.
import { bytes, oneOf, type ConfigOf } from "../config/params.ts";
import type { Cache } from "./cache.ts";
import { RAM_BASE, type Storage } from "./part.ts";

export const tagTableParams = {
  table: oneOf(["flat", "root-and-leaves"], "flat", "Levels of the tag table; a root says which groups may hold tags"),
  groupBytes: bytes(8192, "Memory that a bit of the root stands for", { min: 128, max: 2 ** 22, powerOfTwo: true }),
};

export type TagTableConfig = ConfigOf<typeof tagTableParams>;

/** What the table needs of its cache. */
export type TableCache = Pick<Cache, "read" | "store">;

/** By group of RAM, of `groupBytes` each: 1 where it may hold tags, and where its bit of the root says so. */
export interface TagGroups {
  readonly mayHold: Int32Array;
  readonly noted: Int32Array;
  readonly groupBytes: number;
}

export interface TagTable {
  /** Reads the tags of a line at cycle `at`; gives when they are known. */
  read(phys: number, at: number): number;
  /** Writes the tags of a line. */
  write(phys: number, at: number): void;
  /** A capability has been stored. */
  capabilityAt(phys: number): void;
  /** Where that matters: it sets the word of its group of `groupBytes`, counted from RAM's beginning, to 1. */
  readonly groups: TagGroups | undefined;
}

/** One bit for each 16-byte granule: a byte of the table covers 128 bytes of memory. */
export const COVERED_BYTES = 128;

/** The table begins at address 0: below RAM_BASE for all memory that ends below 256 GiB. Only its banks and rows matter. */
const leafAddress = (phys: number): number => Math.floor(phys / COVERED_BYTES);

/** The root lies behind the leaves of all physical addresses that a machine can have. */
export const ROOT_BASE = leafAddress(2 ** 33);

export function tagTableOf(config: TagTableConfig, cache: TableCache, ramBytes: number, storage: Storage): TagTable {
  return config.table === "flat" ? flatTable(cache) : new RootedTable(config, cache, ramBytes, storage);
}

export function flatTable(cache: TableCache): TagTable {
  return {
    read: (phys, at) => cache.read(leafAddress(phys), 1, at),
    write: (phys, at) => void cache.store(leafAddress(phys), at),
    capabilityAt: () => {},
    groups: undefined,
  };
}

class RootedTable implements TagTable {
  /** As in `TagGroups`. */
  readonly #mayHold: Int32Array;
  readonly #noted: Int32Array;
  readonly #cache: TableCache;
  readonly #groupBytes: number;

  constructor(config: TagTableConfig, cache: TableCache, ramBytes: number, storage: Storage) {
    const groups = Math.ceil(ramBytes / config.groupBytes);
    this.#cache = cache;
    this.#groupBytes = config.groupBytes;
    this.#mayHold = storage.int32(groups);
    this.#noted = storage.int32(groups);
  }

  read(phys: number, at: number): number {
    const known = this.#cache.read(this.#rootAddress(phys), 1, at);
    return this.#noted[this.#groupOf(phys)] === 1 ? this.#cache.read(leafAddress(phys), 1, known) : known;
  }

  /** The first line with tags of a group is noted in the root; from then on its lines write their leaves, tags or none. */
  write(phys: number, at: number): void {
    const group = this.#groupOf(phys);
    const known = this.#cache.read(this.#rootAddress(phys), 1, at);
    if (this.#mayHold[group] === 0) return;
    if (this.#noted[group] === 0) this.#cache.store(this.#rootAddress(phys), known);
    this.#noted[group] = 1;
    this.#cache.store(leafAddress(phys), known);
  }

  get groups(): TagGroups {
    return { mayHold: this.#mayHold, noted: this.#noted, groupBytes: this.#groupBytes };
  }

  capabilityAt(phys: number): void {
    this.#mayHold[this.#groupOf(phys)] = 1;
  }

  #groupOf(phys: number): number {
    return Math.floor((phys - RAM_BASE) / this.#groupBytes);
  }

  #rootAddress(phys: number): number {
    return ROOT_BASE + Math.floor(phys / this.#groupBytes / 8);
  }
}
