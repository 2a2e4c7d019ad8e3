// The code of prefetchers: what sim/timing/prefetcher.ts finds worth fetching, and what sim/timing/cache.ts then fetches.
import { UNUSED } from "../../../timing/cache.ts";
import type { PrefetcherLayout, StrideLayout } from "../../../timing/prefetcher.ts";
import { dropped, f64, i32, type Callee, type Functions, type Term } from "../terms.ts";
import { F64, I32 } from "../wasm.ts";

const { const: word } = i32;

/**
 * `Cache.#prefetch(line, at)`
 *
 * @param holds - whether the cache holds a line.
 * @param freeAt - when the cache has room for another miss.
 * @param counter - where its prefetches are counted.
 */
export function prefetchFunction(
  module: Functions,
  { pageLines, lines, stride: streams }: PrefetcherLayout,
  holds: Callee,
  fill: Callee,
  freeAt: Term,
  counter: number,
): Callee {
  const strideFrom = streams && strideFunction(module, streams, pageLines);
  return module.define([I32, F64], undefined, (f, line, at) => {
    const stride = f.let(strideFrom === undefined ? word(1) : strideFrom(line));
    const page = f.let(i32.and(line, word(-pageLines)));
    const next = f.let(i32.add(line, stride));
    const left = f.let(word(lines));
    const inPage = i32.eq(i32.and(next, word(-pageLines)), page);
    f.while(i32.and(i32.and(i32.ne(stride, word(0)), i32.ne(left, word(0))), inPage), () => {
      f.if(i32.not(holds(next)), () => {
        f.if(f64.gt(freeAt, at), () => f.return());
        f.count(counter);
        f.do(dropped(fill(next, word(UNUSED), at)));
      });
      f.set(next, i32.add(next, stride));
      f.set(left, i32.sub(left, word(1)));
    });
  });
}

/** `StridePrefetcher.strideFrom` */
function strideFunction(module: Functions, { pages, lines, strides, turn }: StrideLayout, pageLines: number): Callee {
  const of = (array: Int32Array, at: Term): Term => i32.load(at, array.byteOffset);
  return module.define([I32], I32, (f, line) => {
    const page = f.let(i32.shr(line, word(Math.log2(pageLines))));
    const at = f.let(word(0));
    const end = 4 * pages.length;
    f.while(i32.ltU(at, word(end)), () => {
      f.if(i32.eq(of(pages, at), page), () => {
        const stride = f.let(i32.sub(line, of(lines, at)));
        const confirmed = f.let(i32.eq(stride, of(strides, at)));
        f.store(at, lines.byteOffset, line);
        f.store(at, strides.byteOffset, stride);
        f.return(i32.mul(stride, confirmed));
      });
      f.set(at, i32.add(at, word(4)));
    });
    const mine = i32.shl(i32.at(turn.byteOffset), word(2));
    f.set(at, mine);
    const next = i32.add(i32.at(turn.byteOffset), word(1));
    f.storeAt(turn.byteOffset, i32.remU(next, word(pages.length)));
    f.store(at, pages.byteOffset, page);
    f.store(at, lines.byteOffset, line);
    f.store(at, strides.byteOffset, word(0));
    return word(0);
  });
}
