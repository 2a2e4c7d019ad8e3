// The code of TLBs: what sim/timing/tlb.ts does, function by function, on the same words. A position of a set is its page's place.
import type { TlbLayout } from "../../../timing/tlb.ts";
import { forEachBefore, forEachWay, setAt } from "../sets.ts";
import { i32x4 } from "../lanes.ts";
import { f64, i32, select, WORD_BYTES, type Callee, type Functions, type Local } from "../terms.ts";
import type { Statements, Term } from "../terms.ts";
import { F64, I32, type Signature } from "../wasm.ts";
import { leafIsGlobal, leafShift, LEAF_GLOBAL_BIT } from "./page-tables.ts";
import { LANES } from "./victims.ts";

const { const: word } = i32;
const GLOBAL = word(-1);
const VECTOR_BYTES = WORD_BYTES * LANES;

/** `Translator` for code that is being written. */
export interface TranslatorCode {
  /**
   * Translates a page to which the tables have this leaf (page-tables.ts), at a cycle; gives when the translation is there, and the leaf
   * as it is held here.
   */
  readonly translate: (
    f: Statements,
    page: Term,
    leaf: Local,
    at: Term,
  ) => { readonly ready: Local; readonly leaf: Local };
}

export interface TlbCode extends TranslatorCode {
  /** `touch(page)`: where a page stands that is held, and now the most recently used; 0 where it is not. It is not counted. */
  readonly touch: Callee;
  /** `miss(page, leaf, at)`: when the translation is there of a page that is not held, and will be. It is counted. */
  readonly miss: Callee;
}

/** Writes a TLB's functions. `asidAt`: where the address space in force stands. */
export function tlbCode(module: Functions, tlb: TlbLayout, next: TranslatorCode, asidAt: number): TlbCode {
  return new Writing(module, tlb, next, asidAt).code();
}

/** Entries among which a page is looked for. */
interface Entries {
  readonly ways: number;
  /** `moveToFront(set, place, page, mask, asid)`: an entry comes to the front of its set, as another. */
  readonly moveToFront: Callee;
  /** `touch(set, page)`: as that of the whole. */
  readonly touch: Callee;
}

/** One TLB, while its functions are written. */
class Writing {
  readonly #module: Functions;
  readonly #tlb: TlbLayout;
  readonly #next: TranslatorCode;
  readonly #asid: Term;
  /** An entry's page, mask and address space, from its place on. */
  readonly #columns: readonly number[];

  constructor(module: Functions, tlb: TlbLayout, next: TranslatorCode, asidAt: number) {
    this.#module = module;
    this.#tlb = tlb;
    this.#next = next;
    this.#asid = i32.at(asidAt);
    const { pages, masks, asids } = tlb;
    this.#columns = [pages, masks, asids].map(({ byteOffset }) => byteOffset - pages.byteOffset);
  }

  code(): TlbCode {
    const small = this.#entries(this.#tlb.ways);
    const large = this.#tlb.superEntries > 0 ? this.#entries(this.#tlb.superEntries) : undefined;
    const touch = this.#touchFunction(small, large);
    const insert = this.#insertFunction(small, large);
    const fetch = (f: Statements, page: Local, leaf: Local, at: Local): ReturnType<TranslatorCode["translate"]> => {
      f.count(this.#tlb.lookups.byteOffset);
      f.count(this.#tlb.misses.byteOffset);
      const found = this.#next.translate(f, page, leaf, f64.add(at, f64.const(this.#tlb.hitCycles)));
      f.do(insert(page, found.leaf));
      return found;
    };
    const miss = this.#module.define([I32, I32, F64], F64, (f, page, leaf, at) => fetch(f, page, leaf, at).ready);
    const signature: Signature = { params: [I32, I32, F64], results: [F64, I32] };
    const translate = this.#module.add(signature, (f, ...params) => {
      const [page, leaf, at] = params as [Local, Local, Local];
      const place = f.let(touch(page));
      f.if(place, () => {
        f.count(this.#tlb.lookups.byteOffset);
        f.return(f64.add(at, f64.const(this.#tlb.hitCycles)), this.#leafOf(place));
      });
      const found = fetch(f, page, leaf, at);
      f.return(found.ready, found.leaf);
    });
    return {
      ...{ touch, miss },
      translate: (f, page, leaf, at) => {
        const [ready, found] = f.lets(translate(page, leaf, at), [F64, I32]) as [Local, Local];
        return { ready, leaf: found };
      },
    };
  }

  #column(n: number, at: Term): Term {
    return i32.load(at, this.#columns[n]!);
  }

  get #superAt(): Term {
    return word(this.#tlb.pages.byteOffset + WORD_BYTES * this.#tlb.entries);
  }

  #setOf(page: Term): Term {
    return setAt(this.#tlb.pages.byteOffset, page, this.#tlb);
  }

  #entries(ways: number): Entries {
    const isWide = ways % LANES === 0;
    const moveToFront = isWide ? this.#moveToFrontWide() : this.#moveToFrontFunction();
    const find = isWide ? this.#findWide(ways) : this.#findFunction(ways);
    const touch = this.#module.define([I32, I32], I32, (f, set, page) => {
      f.if(this.#isOf(page, set), () => f.return(set));
      if (ways === 1) return word(0);
      const second = f.let(i32.add(set, word(WORD_BYTES)));
      f.if(this.#isOf(page, second), () => {
        for (const column of this.#columns) {
          const kept = f.let(i32.load(set, column));
          f.store(set, column, i32.load(second, column));
          f.store(second, column, kept);
        }
        f.return(set);
      });
      if (ways === 2) return word(0);
      const place = f.let(find(set, page));
      f.if(place, () => {
        f.do(moveToFront(set, place, ...this.#columns.map((_, n) => this.#column(n, place))));
        f.return(set);
      });
      return word(0);
    });
    return { ways, moveToFront, touch };
  }

  #touchFunction(small: Entries, large: Entries | undefined): Callee {
    return this.#module.define([I32], I32, (f, page) => {
      const place = small.touch(this.#setOf(page), page);
      if (large === undefined) return place;
      const known = f.let(place);
      f.if(i32.not(known), () => f.set(known, large.touch(this.#superAt, page)));
      return known;
    });
  }

  /** `#matches` */
  #isOf(page: Term, at: Term): Term {
    const owner = this.#column(2, at);
    const isOwned = i32.or(i32.eq(owner, GLOBAL), i32.eq(owner, this.#asid));
    return i32.and(i32.eq(i32.and(page, this.#column(1, at)), this.#column(0, at)), isOwned);
  }

  /** `find(set, page)`: as `#find`, but the place; 0 where it is not there. */
  #findFunction(ways: number): Callee {
    return this.#module.define([I32, I32], I32, (f, set, page) => {
      forEachWay(f, set, word(WORD_BYTES * ways), WORD_BYTES, (at) => {
        f.if(this.#isOf(page, at), () => f.return(at));
      });
      return word(0);
    });
  }

  /** The same, four at a time. */
  #findWide(ways: number): Callee {
    const column = (n: number, at: Term): Term => i32x4.load(at, this.#columns[n]!);
    return this.#module.define([I32, I32], I32, (f, set, page) => {
      const wanted = f.let(i32x4.splat(page));
      const asid = f.let(i32x4.splat(this.#asid));
      const global = f.let(i32x4.splat(GLOBAL));
      forEachWay(f, set, word(WORD_BYTES * ways), VECTOR_BYTES, (at) => {
        const owner = f.let(column(2, at));
        const isOwned = i32x4.or(i32x4.eq(owner, global), i32x4.eq(owner, asid));
        const isSame = i32x4.eq(i32x4.and(wanted, column(1, at)), column(0, at));
        const bits = f.let(i32x4.bits(i32x4.and(isSame, isOwned)));
        f.if(bits, () => f.return(i32.add(at, i32.shl(i32.ctz(bits), word(2)))));
      });
      return word(0);
    });
  }

  #moveToFrontFunction(): Callee {
    return this.#module.define([I32, I32, I32, I32, I32], undefined, (f, set, place, ...entry) => {
      forEachBefore(f, set, place, WORD_BYTES, (before) => {
        this.#columns.forEach((column, n) => f.store(place, column, this.#column(n, before)));
      });
      this.#put(f, set, entry);
    });
  }

  /** The same, four at a time, from those on among which the place is. What comes before a set is read, and overwritten. */
  #moveToFrontWide(): Callee {
    const places = [0, 1, 2, 3].map((n) => WORD_BYTES * n - 1);
    return this.#module.define([I32, I32, I32, I32, I32], undefined, (f, set, place, ...entry) => {
      const within = f.let(i32.and(i32.sub(place, set), word(VECTOR_BYTES - 1)));
      const at = f.let(i32.sub(place, within));
      const isMoved = f.let(i32x4.gt(i32x4.splat(within), i32x4.const(...places)));
      f.while(i32.not(i32.ltU(at, set)), () => {
        for (const column of this.#columns) {
          const old = f.let(i32x4.load(at, column));
          const before = i32x4.load(i32.sub(at, word(VECTOR_BYTES)), column);
          f.store(at, column, i32x4.select(i32x4.oneOn(before, old), old, isMoved));
        }
        f.set(isMoved, i32x4.splat(word(-1)));
        f.set(at, i32.sub(at, word(VECTOR_BYTES)));
      });
      this.#put(f, set, entry);
    });
  }

  #put(f: Statements, at: Local, entry: readonly Local[]): void {
    entry.forEach((value, n) => f.store(at, this.#columns[n]!, value));
  }

  /** The leaf as an entry has it. */
  #leafOf(place: Local): Term {
    const isGlobal = i32.eq(this.#column(2, place), GLOBAL);
    return i32.or(i32.ctz(this.#column(1, place)), i32.shl(isGlobal, word(LEAF_GLOBAL_BIT)));
  }

  /** `insert(page, leaf)`: `#insert` */
  #insertFunction(small: Entries, large: Entries | undefined): Callee {
    return this.#module.define([I32, I32], undefined, (f, page, leaf) => {
      const asid = f.let(select(leafIsGlobal(leaf), GLOBAL, this.#asid));
      const put = ({ ways, moveToFront }: Entries, begin: Term, mask: Term): void => {
        const set = f.let(begin);
        const last = i32.add(set, word(WORD_BYTES * (ways - 1)));
        f.do(moveToFront(set, last, i32.and(page, mask), mask, asid));
      };
      const mask = f.let(i32.shl(word(-1), leafShift(leaf)));
      if (large !== undefined) {
        f.if(
          leafShift(leaf),
          () => put(large, this.#superAt, mask),
          () => put(small, this.#setOf(page), mask),
        );
      } else put(small, this.#setOf(page), this.#tlb.setMask === 0 ? mask : word(-1));
    });
  }
}
