// The code of the first-level caches, and of everything below them, wired as sim/timing/dynamic.ts wires the parts.
import type { MemoryLayout } from "../../../timing/dynamic.ts";
import type { Functions } from "../terms.ts";
import { cacheCode, type CacheCode } from "./cache.ts";
import { dramCode } from "./dram.ts";
import { taggedMemoryCode } from "./tagged-memory.ts";

/** Gives the first-level caches. */
export function memoryCode(
  module: Functions,
  { l1i, l1d, l2, llc, tagged, dram }: MemoryLayout,
): Readonly<Record<"l1i" | "l1d", CacheCode>> {
  const data = dramCode(dram);
  const lineBits = Math.log2((llc ?? l2).lineBytes);
  const tags = tagged && cacheCode(module, tagged.cache, data);
  const memory = tags ? taggedMemoryCode(module, tagged.memory, tagged.groups, tags, data, lineBits) : data;
  const below = llc === undefined ? memory : cacheCode(module, llc, memory).part;
  const second = cacheCode(module, l2, below).part;
  return { l1i: cacheCode(module, l1i, second), l1d: cacheCode(module, l1d, second) };
}
