// The code that has the page of an access, or of a fetch, translated: by a first-level TLB, or by what answers that.
import { PAGE_BITS } from "../../machine/memory.ts";
import type { TlbLayout } from "../../timing/tlb.ts";
import type { TlbCode } from "./parts/tlb.ts";
import { f64, i32, i64, type Callee, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;
/** In place of a leaf: addresses are physical; the TLB holds the page. */
export const UNTRANSLATED = -2;
export const AT_HAND = -1;

/** The page that is accessed. */
export interface Page {
  readonly number: Term;
  /** As `find` gives it. */
  readonly leaf: Local;
  /** Takes how late the translation was, once that has been asked for. */
  readonly cycles: Local;
}

/** The low half of the number of the page in which an address lies. */
export const pageOf = (addr: Term): Term => i32.low(i64.shrU(addr, i64.const(BigInt(PAGE_BITS))));

export class PageCode {
  /** `touch(page)`: as that of the TLB. */
  readonly touch: Callee;
  readonly #tlb: TlbCode;
  readonly #lookupsAt: number;
  readonly #leafOf: Callee;

  constructor(tlb: TlbCode, { lookups }: TlbLayout, leafOf: Callee) {
    this.touch = tlb.touch;
    this.#tlb = tlb;
    this.#lookupsAt = lookups.byteOffset;
    this.#leafOf = leafOf;
  }

  /**
   * Looks for a page, if it is to be translated; where there is none in the TLB nor in the tables, `ask`. Nothing is counted. Gives the leaf
   * of a page that the TLB does not hold, as page-tables.ts has it.
   */
  find(f: Statements, isTranslated: Term, number: Term, ask: () => void): Local {
    const leaf = f.let(word(UNTRANSLATED));
    f.rarely(isTranslated, () => {
      f.set(leaf, word(AT_HAND));
      f.rarely(i32.not(this.#tlb.touch(number)), () => {
        f.set(leaf, this.#leafOf(number));
        f.rarely(i32.lt(leaf, word(0)), ask);
      });
    });
    return leaf;
  }

  /** Does the TLB not hold the page? */
  isMissing(leaf: Local): Term {
    return i32.lt(word(AT_HAND), leaf);
  }

  /** A page that the TLB does not hold is translated at a cycle, and held from then on; then comes `body`. */
  ifMissing(f: Statements, { number, leaf, cycles }: Page, at: Term, body: () => void): void {
    f.if(this.isMissing(leaf), () => {
      const asked = f.let(at);
      f.set(cycles, f64.sub(this.#tlb.miss(number, leaf, asked), asked));
      body();
    });
  }

  /** The same where nothing is done beside. */
  await(f: Statements, page: Page, at: Term): void {
    this.ifMissing(f, page, at, () => {});
    this.count(f, page);
  }

  /** Counts the look-up of a page that the TLB held. */
  count(f: Statements, { leaf }: Page): void {
    f.if(i32.eq(leaf, word(AT_HAND)), () => f.count(this.#lookupsAt));
  }
}
