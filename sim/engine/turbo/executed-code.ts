// Code that the interpreter has executed, as regions are found in it.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { PAGE_BYTES } from "../../machine/memory.ts";
import type { CodePage, Op } from "../code.ts";
import { virt48 } from "../data.ts";
import type { Reference } from "../reference.ts";
import type { CodeRange, SeenPage } from "./code-cache.ts";
import type { CodeSource, Region } from "./regions.ts";
import type { Where } from "./timing-code.ts";

const PAGE_MASK = 0xfffn;

export interface ExecutedCodeOptions {
  readonly knownPage: (addr: bigint) => CodePage | undefined;
  readonly jumpsTo: CodeSource["jumpsTo"];
  /** The pcc within whose bounds the code is to lie. */
  readonly pc: bigint;
  readonly meta: bigint;
}

export class ExecutedCode implements CodeSource {
  readonly jumpsTo: CodeSource["jumpsTo"];
  readonly #knownPage: (addr: bigint) => CodePage | undefined;
  readonly #base: bigint;
  readonly #end: bigint;
  readonly #pages = new Map<bigint, CodePage | undefined>();

  constructor(m: Reference, o: ExecutedCodeOptions) {
    const { pc, meta } = o;
    this.jumpsTo = o.jumpsTo;
    this.#knownPage = o.knownPage;
    const { base, top, topHigh } = decodeBounds(m, meta, pc);
    this.#base = m.rvy ? base : 0n;
    this.#end = m.rvy && topHigh === 0n ? top : 1n << 64n;
  }

  at(pc: bigint): Op | undefined {
    const virt = pc & ~PAGE_MASK;
    let page = this.#pages.get(virt);
    if (page === undefined && !this.#pages.has(virt)) {
      page = this.#knownPage(virt);
      this.#pages.set(virt, page);
    }
    const op = page?.ops[Number(pc & PAGE_MASK) >>> 1];
    if (op === undefined || pc < this.#base || pc + BigInt(op.bytes) > this.#end) return undefined;
    return op;
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
    for (const { pc, end } of region.blocks) {
      for (let virt = pc & ~PAGE_MASK; virt < end; virt += BigInt(PAGE_BYTES)) {
        pages.set(virt, this.#pages.get(virt)!);
        const from = pc > virt ? Number(pc - virt) : 0;
        ranges.push({ virt, from, to: Math.min(Number(end - virt), PAGE_BYTES) });
      }
    }
    return { pages: [...pages].map(([virt, page]) => ({ virt, page })), ranges };
  }
}
