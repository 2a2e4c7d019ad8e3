// The code of the page-table walker: what sim/timing/walker.ts does, on the same words.
import { VPN_BITS } from "../../../machine/mmu.ts";
import { ENTRY_BYTES, WalkerEvent, type WalkerLayout } from "../../../timing/walker.ts";
import { forEachBefore } from "../sets.ts";
import { f64, i32, i64, NUMBER_BYTES, type Callee, type Functions, type Statements, type Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";
import type { CacheCode } from "./cache.ts";
import { entryOffset, leafShift, placeOf, ROOT_SHIFT, rootOf, tableOf, type Paging } from "./page-tables.ts";
import type { TranslatorCode } from "./tlb.ts";

const { const: word } = i32;

/** @param memory - the cache through which entries are read. */
export function walkerCode(
  module: Functions,
  walker: WalkerLayout,
  memory: Pick<CacheCode, "read">,
  paging: Paging,
): TranslatorCode {
  const { counts, cached, stepCycles } = walker;
  const count = (f: Statements, event: keyof typeof WalkerEvent): void =>
    f.count(counts.byteOffset + NUMBER_BYTES * WalkerEvent[event]);
  const isRemembered = cached.length > 0 ? rememberedFunction(module, cached) : undefined;
  const walk = module.define([I32, I32, F64], F64, (f, page, leaf, at) => {
    count(f, "walks");
    const ready = f.let(at);
    const table = f.let(rootOf(paging));
    const shift = f.let(word(ROOT_SHIFT));
    const last = f.let(leafShift(leaf));
    const entry = f.let(i64.const(0n));
    const read = (): void => {
      count(f, "reads");
      f.set(ready, memory.read(entry, ENTRY_BYTES, ready));
    };
    /** Goes on to the table that lies below. */
    const descend = (): void => {
      f.set(table, tableOf(i64.load(placeOf(entry, paging))));
      f.set(shift, i32.sub(shift, word(VPN_BITS)));
    };
    const step = (): void => {
      f.set(entry, i64.add(table, i64.of(entryOffset(page, shift))));
      f.set(ready, f64.add(ready, f64.const(stepCycles)));
    };
    step();
    f.while(i32.ne(shift, last), () => {
      if (isRemembered === undefined) read();
      else f.if(isRemembered(f64.ofLong(entry)), () => count(f, "cachedReads"), read);
      descend();
      step();
    });
    read();
    return ready;
  });
  return { translate: (f, page, leaf, at) => ({ ready: f.let(walk(page, leaf, at)), leaf }) };
}

/** `#remembered(entry)` */
function rememberedFunction(module: Functions, { byteOffset: first, length }: Float64Array): Callee {
  return module.define([F64], I32, (f, entry) => {
    const last = word(first + NUMBER_BYTES * (length - 1));
    const at = f.let(word(first));
    const isOther = (): Term => i32.not(f64.eq(f64.load(at), entry));
    f.while(i32.and(i32.ltU(at, last), isOther()), () => f.set(at, i32.add(at, word(NUMBER_BYTES))));
    const isKnown = f.let(i32.not(isOther()));
    forEachBefore(f, word(first), at, NUMBER_BYTES, (before) => f.store(at, 0, f64.load(before)));
    f.storeAt(first, entry);
    return isKnown;
  });
}
