// The code of everything below the first-level data cache, and of that cache, wired as sim/timing/dynamic.ts wires the parts.
import type { MemoryLayout } from "../../../timing/dynamic.ts";
import type { Functions } from "../terms.ts";
import { cacheCode, type CacheCode } from "./cache.ts";
import { dramCode } from "./dram.ts";
import { taggedMemoryCode } from "./tagged-memory.ts";

/** Gives the first-level data cache. */
export function memoryCode(module: Functions, { l1d, l2, llc, tagged, dram }: MemoryLayout): CacheCode {
  const data = dramCode(module, dram);
  const memory =
    tagged === undefined
      ? data
      : taggedMemoryCode(module, tagged.memory, tagged.groups, cacheCode(module, tagged.cache, data), data);
  const below = llc === undefined ? memory : cacheCode(module, llc, memory);
  return cacheCode(module, l1d, cacheCode(module, l2, below));
}
