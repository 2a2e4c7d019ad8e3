// The code of tagged memory and its table: what sim/timing/tag-cache.ts and tag-table.ts do, on the same words.
import { RAM_BASE } from "../../../timing/part.ts";
import { TaggedEvent, type TaggedLayout } from "../../../timing/tag-cache.ts";
import { COVERED_BYTES, ROOT_BASE, type TagGroups } from "../../../timing/tag-table.ts";
import { element, f64, i32, NUMBER_BYTES, type Functions, type Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import type { CacheCode } from "./cache.ts";
import { numberIn, type Line, type PartCode } from "./part-code.ts";

const { const: word } = i32;

/**
 * `TaggedMemory`, whose table is seen through the tag cache.
 *
 * @param lineBits - log2 of the bytes of its lines, which are all of a size.
 */
export function taggedMemoryCode(
  module: Functions,
  { counts, late }: TaggedLayout,
  groups: TagGroups | undefined,
  tagCache: CacheCode,
  dram: PartCode,
  lineBits: number,
): PartCode {
  const table = groups === undefined ? flatTable(tagCache) : rootedTable(module, groups, tagCache, lineBits);
  const event = (name: keyof typeof TaggedEvent): number => counts.byteOffset + NUMBER_BYTES * TaggedEvent[name];
  return {
    read: (f, line, at) => {
      const ready = f.let(dram.read(f, line, at));
      const tags = table.read(f, line, at);
      f.if(f64.gt(tags, ready), () => {
        const lateCycles = f.let(f64.sub(tags, ready));
        f.count(event("waits"));
        f.count(event("waitCycles"), lateCycles);
        f.count(late.byteOffset, lateCycles);
        f.set(ready, tags);
      });
      return ready;
    },
    write: (f, line, at) => {
      dram.write(f, line, at);
      table.write(f, line, at);
    },
  };
}

const COVERED_BITS = Math.log2(COVERED_BYTES);

/** The line of a tag cache with the leaf of a line of memory. */
const leafOf = (line: Line, { lineBits }: CacheCode): Line => ({
  number: numberIn(line, lineBits + COVERED_BITS),
  bits: lineBits,
});

/** `flatTable` */
function flatTable(cache: CacheCode): PartCode {
  return {
    read: (f, line, at) => cache.part.read(f, leafOf(line, cache), at),
    write: (f, line, at) => void cache.store(f, leafOf(line, cache), at),
  };
}

/** `RootedTable` */
function rootedTable(
  module: Functions,
  { mayHold, noted, groupBytes }: TagGroups,
  cache: CacheCode,
  lineBits: number,
): PartCode {
  const groupBits = Math.log2(groupBytes);
  const lineOf = (number: Term): Line => ({ number, bits: lineBits });
  const leaf = (number: Term): Line => leafOf(lineOf(number), cache);
  const root = (number: Term): Line => {
    const inTable = numberIn(lineOf(number), cache.lineBits + 3 + groupBits);
    return { number: i32.add(word(ROOT_BASE / 2 ** cache.lineBits), inTable), bits: cache.lineBits };
  };
  const groupOf = (number: Term): Term => i32.sub(numberIn(lineOf(number), groupBits), word(RAM_BASE / groupBytes));
  const read = module.define([I32, F64], F64, (f, number, at) => {
    const known = cache.part.read(f, root(number), at);
    f.if(i32.load(element(noted.byteOffset, groupOf(number), 2)), () =>
      f.return(cache.part.read(f, leaf(number), known)),
    );
    return known;
  });
  const write = module.define([I32, F64], undefined, (f, number, at) => {
    const group = f.let(groupOf(number));
    const known = cache.part.read(f, root(number), at);
    f.if(i32.not(i32.load(element(mayHold.byteOffset, group, 2))), () => f.return());
    const notedAt = f.let(element(noted.byteOffset, group, 2));
    f.if(i32.not(i32.load(notedAt)), () => void cache.store(f, root(number), known));
    f.store(notedAt, 0, i32.const(1));
    cache.store(f, leaf(number), known);
  });
  return {
    read: (f, { number }, at) => f.let(read(number, at)),
    write: (f, { number }, at) => f.do(write(number, at)),
  };
}
