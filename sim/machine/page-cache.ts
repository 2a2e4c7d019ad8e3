// Cached translations of pages for one kind of access, direct mapped by virtual page number.
import { PAGE_BYTES } from "./memory.ts";

const SET_BITS = 8;
const CACHE_SETS = 1 << SET_BITS;

export class PageCache {
  readonly pages = new Float64Array(CACHE_SETS).fill(-1);
  readonly phys = new Float64Array(CACHE_SETS);
  /** `LoadedTags` of each page. */
  readonly loadedTags = new Uint8Array(CACHE_SETS);
  used = false;

  flush(): void {
    if (this.used) this.pages.fill(-1);
    this.used = false;
  }

  /** Physical address of a virtual one (its low 48 bits), or -1 where its page is not cached. */
  find(virt: number): number {
    const page = Math.floor(virt / PAGE_BYTES);
    const set = setOf(page);
    return this.pages[set] === page ? this.phys[set]! + (virt - page * PAGE_BYTES) : -1;
  }
}

/** Where a page is cached. Pages that lie apart by a round number, as parts of a program do, have sets of their own. */
export function setOf(page: number): number {
  return (page ^ (page >>> SET_BITS) ^ (page >>> (2 * SET_BITS))) & (CACHE_SETS - 1);
}
