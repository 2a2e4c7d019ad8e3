// Code that has been decoded since it was executed, or stood in a row with what was, as regions are found in it.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { PAGE_BYTES } from "../../machine/memory.ts";
import { PARCEL_BYTES, type CodeCache, type CodePage, type Op } from "../code.ts";
import { virt48 } from "../data.ts";
import type { Reference } from "../reference.ts";
import type { CodeRange, SeenPage } from "./code-cache.ts";
import type { CodeSource, Region } from "./regions.ts";
import type { Where } from "./timing-code.ts";

const PAGE_MASK = 0xfffn;
const LAST_PARCEL = PAGE_BYTES - PARCEL_BYTES;

export interface ExecutedCodeOptions {
  /** All that is decoded. */
  readonly code: CodeCache;
  readonly knownPage: (addr: bigint) => CodePage | undefined;
  readonly jumpsTo: CodeSource["jumpsTo"];
  readonly isWarm: CodeSource["isWarm"];
  readonly isLukewarm: CodeSource["isLukewarm"];
  readonly isElsewhere: CodeSource["isElsewhere"];
  /** The pcc within whose bounds the code is to lie. */
  readonly pc: bigint;
  readonly meta: bigint;
}

export class ExecutedCode implements CodeSource {
  readonly jumpsTo: CodeSource["jumpsTo"];
  readonly isWarm: CodeSource["isWarm"];
  readonly isLukewarm: CodeSource["isLukewarm"];
  readonly isElsewhere: CodeSource["isElsewhere"];
  readonly #code: CodeCache;
  readonly #knownPage: (addr: bigint) => CodePage | undefined;
  readonly #base: bigint;
  readonly #end: bigint;
  readonly #pages = new Map<bigint, CodePage | undefined>();

  constructor(m: Reference, o: ExecutedCodeOptions) {
    const { pc, meta } = o;
    this.#code = o.code;
    this.jumpsTo = o.jumpsTo;
    this.isWarm = o.isWarm;
    this.isLukewarm = o.isLukewarm;
    this.isElsewhere = o.isElsewhere;
    this.#knownPage = o.knownPage;
    const { base, top, topHigh } = decodeBounds(m, meta, pc);
    this.#base = m.rvy ? base : 0n;
    this.#end = m.rvy && topHigh === 0n ? top : 1n << 64n;
  }

  at(pc: bigint): Op | undefined {
    const page = this.#pageAt(pc);
    const offset = Number(pc & PAGE_MASK);
    const op = page?.ops[offset >>> 1] ?? (offset === LAST_PARCEL ? this.#inTwoPages(page, pc) : undefined);
    if (op === undefined || pc < this.#base || pc + BigInt(op.bytes) > this.#end) return undefined;
    return op;
  }

  #pageAt(addr: bigint): CodePage | undefined {
    const virt = addr & ~PAGE_MASK;
    let page = this.#pages.get(virt);
    if (page === undefined && !this.#pages.has(virt)) {
      page = this.#knownPage(virt);
      this.#pages.set(virt, page);
    }
    return page;
  }

  #inTwoPages(page: CodePage | undefined, pc: bigint): Op | undefined {
    const next = this.#pageAt(BigInt.asUintN(64, pc + BigInt(PARCEL_BYTES)));
    return page && next && this.#code.inTwoPages(page, next);
  }

  where(pc: bigint): Where {
    const page = this.#pages.get(pc & ~PAGE_MASK)!;
    const offset = Number(pc & PAGE_MASK);
    return { pc: virt48(pc), category: page.categories[offset >>> 1]! };
  }

  /** What a region was translated from. */
  seen(region: Region): { pages: SeenPage[]; ranges: CodeRange[] } {
    const pages = new Map<bigint, CodePage>();
    const ranges: CodeRange[] = [];
    for (const { from: first, to: end } of region.blocks.flatMap((block) => block.stretches)) {
      for (let virt = first & ~PAGE_MASK; virt < end; virt += BigInt(PAGE_BYTES)) {
        pages.set(virt, this.#pages.get(virt)!);
        const from = first > virt ? Number(first - virt) : 0;
        ranges.push({ virt, from, to: Math.min(Number(end - virt), PAGE_BYTES) });
      }
    }
    return { pages: [...pages].map(([virt, page]) => ({ virt, page })), ranges };
  }
}
