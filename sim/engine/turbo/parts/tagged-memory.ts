// The code of tagged memory and its table: what sim/timing/tag-cache.ts and tag-table.ts do, on the same words.
import { RAM_BASE } from "../../../timing/part.ts";
import { TaggedEvent, type TaggedLayout } from "../../../timing/tag-cache.ts";
import { COVERED_BYTES, ROOT_BASE, type TagGroups } from "../../../timing/tag-table.ts";
import { dropped, element, f64, i32, i64, inOrder, type Functions, type Term } from "../terms.ts";
import { F64, I64 } from "../wasm.ts";
import type { CacheCode } from "./cache.ts";
import type { PartCode } from "./part-code.ts";

/** As `TagTable`; the write has no result. */
interface TableCode {
  readonly read: (phys: Term, at: Term) => Term;
  readonly write: (phys: Term, at: Term) => Term;
}

/** `TaggedMemory`, whose table is seen through the tag cache. */
export function taggedMemoryCode(
  module: Functions,
  { counts, late }: TaggedLayout,
  groups: TagGroups | undefined,
  tagCache: CacheCode,
  dram: PartCode,
): PartCode {
  const table = groups === undefined ? flatTable(tagCache) : rootedTable(module, groups, tagCache);
  const awaitTags = module.define([I64, F64, F64], F64, (f, phys, data, at) => {
    const tags = f.let(table.read(phys, at));
    f.if(f64.le(tags, data), () => f.return(data));
    const lateCycles = f.let(f64.sub(tags, data));
    f.count(counts.byteOffset + 8 * TaggedEvent.waits);
    f.count(counts.byteOffset + 8 * TaggedEvent.waitCycles, lateCycles);
    f.count(late.byteOffset, lateCycles);
    return tags;
  });
  return {
    read: (phys, bytes, at) => awaitTags(phys, dram.read(phys, bytes, at), at),
    write: (phys, bytes, at) => inOrder(dram.write(phys, bytes, at), table.write(phys, at)),
  };
}

const divided = (a: Term, powerOfTwo: number): Term => i64.shrU(a, i64.const(BigInt(Math.log2(powerOfTwo))));
const leafAddress = (phys: Term): Term => divided(phys, COVERED_BYTES);

/** `flatTable` */
function flatTable(cache: CacheCode): TableCode {
  return {
    read: (phys, at) => cache.read(leafAddress(phys), 1, at),
    write: (phys, at) => dropped(cache.store(leafAddress(phys), at)),
  };
}

/** `RootedTable` */
function rootedTable(module: Functions, { mayHold, noted, groupBytes }: TagGroups, cache: CacheCode): TableCode {
  const rootAddress = (phys: Term): Term => i64.add(i64.const(BigInt(ROOT_BASE)), divided(phys, 8 * groupBytes));
  const groupOf = (phys: Term): Term => i32.low(divided(i64.sub(phys, i64.const(BigInt(RAM_BASE))), groupBytes));
  const read = module.define([I64, F64], F64, (f, phys, at) => {
    const known = f.let(cache.read(rootAddress(phys), 1, at));
    f.if(i32.load(element(noted.byteOffset, groupOf(phys), 2)), () =>
      f.return(cache.read(leafAddress(phys), 1, known)),
    );
    return known;
  });
  const write = module.define([I64, F64], undefined, (f, phys, at) => {
    const group = f.let(groupOf(phys));
    const known = f.let(cache.read(rootAddress(phys), 1, at));
    f.if(i32.not(i32.load(element(mayHold.byteOffset, group, 2))), () => f.return());
    const notedAt = f.let(element(noted.byteOffset, group, 2));
    f.if(i32.not(i32.load(notedAt)), () => f.do(dropped(cache.store(rootAddress(phys), known))));
    f.store(notedAt, 0, i32.const(1));
    f.do(dropped(cache.store(leafAddress(phys), known)));
  });
  return { read, write };
}
