// Makes regions: code is translated, or found to have been translated where the same code stands elsewhere.
import { Mark, PAGE_BYTES, type Memory } from "../../machine/memory.ts";
import type { CodePage } from "../code.ts";
import { virt48 } from "../data.ts";
import type { CachedRegion, CodeRange, SeenPage, TranslatedCode, TranslatedRegion } from "./code-cache.ts";
import type { ExecutedCode } from "./executed-code.ts";
import { translateFunction, type Surroundings } from "./function.ts";
import { instantiate } from "./host.ts";
import type { Addressing } from "./timing-code.ts";
import { SHARED_FUNCTIONS } from "./runtime.ts";
import { encodeModule } from "./wasm.ts";

export interface RegionMakerOptions {
  readonly surroundings: Omit<Surroundings, "direct" | "addressing" | "mode" | "pccMeta">;
  readonly code: TranslatedCode;
  readonly memory: Memory;
  /** The page of code at the address of a page, as the machine sees it now. */
  readonly knownPage: (virt: bigint) => CodePage | undefined;
}

/** For what a region is translated. */
export interface Circumstances {
  /** The pcc at its head. */
  readonly pc: bigint;
  readonly meta: bigint;
  /** Data addresses are physical, and nothing guards them. */
  readonly direct: boolean;
  readonly mode: number;
  readonly addressing: Addressing;
  /** All of that but the pcc in a number, by which the region is found. */
  readonly bits: number;
}

export class RegionMaker {
  readonly #o: RegionMakerOptions;

  constructor(options: RegionMakerOptions) {
    this.#o = options;
  }

  /** Translates the code at a head; undefined where its first instruction is the interpreter's. */
  translate(
    source: ExecutedCode,
    { pc, meta, direct, mode, addressing, bits }: Circumstances,
  ): CachedRegion | undefined {
    const { surroundings, code: cache } = this.#o;
    const made = translateFunction(
      pc,
      source,
      { ...surroundings, direct, mode, addressing, pccMeta: meta },
      cache.exits,
      (bytes) => cache.reserveTargets(bytes),
    );
    if (made === undefined) return undefined;
    const { layout } = surroundings;
    const bytes = encodeModule({
      imports: [],
      functions: [made.function],
      types: SHARED_FUNCTIONS,
      usesTable: true,
      memoryPages: layout.pages,
    });
    const { exports } = instantiate(bytes, cache.imports);
    for (const { timed } of made.region.blocks) if (timed !== undefined) surroundings.pieces?.endBlock(timed);
    const { pages, ranges } = source.seen(made.region);
    const pageOf = (range: CodeRange): CodePage => pages.find((p) => p.virt === range.virt)!.page;
    const code = ranges.map((r) => this.#bytesOf(pageOf(r), r.from, r.to).slice());
    const categories = ranges.map((r) => pageOf(r).categories.slice(r.from >>> 1, r.to >>> 1));
    const { lines } = made;
    const targets = made.targets.map((target) => ({ pc: target, line: this.#lineOf(target, lines) }));
    const instructions = made.region.blocks.reduce((sum, block) => sum + block.instructions, 0);
    const translated = { call: exports["region"], instructions, targets, ranges, code, categories, lines };
    return this.#add(pc, meta, bits, pages, translated);
  }

  /** A region whose code was translated where it stands elsewhere, too: the same bytes at the same addresses. */
  share(pc: bigint, meta: bigint, bits: number): CachedRegion | undefined {
    const { code } = this.#o;
    for (const translated of code.translatedAt(pc, meta, bits)) {
      const pages = this.#pagesWith(translated);
      if (pages === undefined) continue;
      return this.#add(pc, meta, bits, pages, translated);
    }
    return undefined;
  }

  /** The pages at a translated region's addresses if they hold its code. */
  #pagesWith({ ranges, code, categories }: TranslatedRegion): SeenPage[] | undefined {
    const pages = new Map<bigint, CodePage>();
    for (const [i, { virt, from, to }] of ranges.entries()) {
      const page = pages.get(virt) ?? this.#o.knownPage(virt);
      if (page === undefined) return undefined;
      pages.set(virt, page);
      if (Buffer.compare(this.#bytesOf(page, from, to), code[i]!) !== 0) return undefined;
      if (!categories[i]!.every((category, n) => category === page.categories[(from >>> 1) + n])) return undefined;
    }
    return [...pages].map(([virt, page]) => ({ virt, page }));
  }

  /** The number of an address's line; 0 where lines are of no account. */
  #lineOf(pc: bigint, lines: readonly number[]): number {
    const { pieces } = this.#o.surroundings;
    if (pieces === undefined) return 0;
    const virt = virt48(pc);
    return lines.indexOf(virt - (virt % pieces.timing.fastPaths.line.lineBytes));
  }

  #bytesOf(page: CodePage, from: number, to: number): Uint8Array {
    const { memory } = this.#o;
    const at = page.phys - memory.base;
    return memory.bytes.subarray(at + from, at + to);
  }

  #add(
    pc: bigint,
    meta: bigint,
    addressing: number,
    pages: readonly SeenPage[],
    translated: TranslatedRegion,
  ): CachedRegion {
    const { code, surroundings, memory } = this.#o;
    for (const { virt, from, to } of translated.ranges) {
      const { page } = pages.find((p) => p.virt === virt)!;
      memory.mark(page.phys - memory.base + from, to - from, Mark.code);
    }
    const physOf = (virt: number): number => {
      const { page } = pages.find((p) => virt48(p.virt) === virt - (virt % PAGE_BYTES))!;
      return page.phys + (virt % PAGE_BYTES);
    };
    const lines = translated.lines.map((virt) => ({ virt, phys: physOf(virt) }));
    const linesAt = surroundings.pieces?.lines.add(lines) ?? 0;
    return code.add({ pc, meta, addressing, pages, translated, linesAt });
  }
}
