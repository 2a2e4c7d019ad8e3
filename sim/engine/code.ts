// Decoded code: one array of instructions for each physical page that was executed, emptied where a store hits it.
import type { Decoded } from "../../isa/codec.ts";
import type { Decoder } from "../../isa/decode.ts";
import type { CategoryRange } from "../../isa/image.ts";
import type { Insn, Operands } from "../../isa/insn.ts";
import { GRANULE_BYTES, Mark, PAGE_BITS, PAGE_BYTES, type Memory } from "../machine/memory.ts";

/** A decoded word with what each step needs at hand. Equal words share one. */
export interface Op {
  readonly exec: Insn["exec"];
  readonly operands: Operands<string>;
  readonly bytes: 2 | 4;
  readonly decoded: Decoded;
}

export const PARCEL_BYTES = 2;
/** So many decoded words are shared; code that makes new words for ever must not fill the host's memory. */
const MAX_WORDS = 1 << 14;

export class CodePage {
  readonly phys: number;
  /** By 16-bit parcel. */
  readonly ops: (Op | undefined)[];
  /** What begins in its last parcel and ends in another page, as it was when it was executed last: `CodeCache.inTwoPages` tells if it still is. */
  straddling: Op | undefined;
  readonly categories: Uint16Array;
  /** May decoded instructions be kept? Not where each fetch has to be looked at. */
  readonly keeps: boolean;

  constructor(phys: number, ops: (Op | undefined)[], categories: Uint16Array, keeps = true) {
    this.phys = phys;
    this.ops = ops;
    this.categories = categories;
    this.keeps = keeps;
  }

  /** The same page with nothing kept. */
  guarded(): CodePage {
    return new CodePage(this.phys, [undefined], this.categories, false);
  }
}

/** Stands for a page that has yet to be looked up: it holds nothing. */
export const NO_PAGE = new CodePage(-1, [undefined], new Uint16Array(1));

/** Length of an instruction from its first parcel: the two lowest bits are ones in all longer than 16 bits. */
export const instructionBytes = (parcel: number): 2 | 4 => ((parcel & 3) === 3 ? 4 : 2);

export class CodeCache {
  /** Called when what was decoded from [start, end) of RAM is forgotten. */
  onInvalidate: (start: number, end: number) => void = () => {};
  readonly #memory: Memory;
  readonly #decode: Decoder;
  readonly #ranges: readonly CategoryRange[];
  readonly #pages: (CodePage | undefined)[];
  /** By the word as a signed number: V8 finds those faster than what goes beyond 31 bits. */
  readonly #ops = new Map<number, Op>();

  constructor(memory: Memory, decode: Decoder, ranges: readonly CategoryRange[]) {
    this.#memory = memory;
    this.#decode = decode;
    this.#ranges = ranges;
    this.#pages = new Array<CodePage | undefined>(memory.sizeBytes / PAGE_BYTES);
  }

  /** The page that holds a physical address; undefined outside RAM. */
  page(phys: number): CodePage | undefined {
    const index = Math.floor((phys - this.#memory.base) / PAGE_BYTES);
    return this.#pages[index] ?? this.#create(index);
  }

  /** Decodes a word; undefined is an illegal instruction. */
  op(word: number): Op | undefined {
    const known = this.#ops.get(word | 0);
    if (known !== undefined) return known;
    const decoded = this.#decode(word);
    if (decoded === undefined) return undefined;
    const op: Op = {
      exec: decoded.insn.exec,
      operands: decoded.operands as Operands<string>,
      bytes: decoded.bytes,
      decoded,
    };
    if (this.#ops.size === MAX_WORDS) this.#ops.clear();
    this.#ops.set(word | 0, op);
    return op;
  }

  /** Category of the code at a physical address. */
  category(phys: number): number {
    const page = this.page(phys);
    return page === undefined ? 0 : page.categories[(phys - page.phys) >>> 1]!;
  }

  /** The instruction that begins in a page and ends in another, if it has been executed and stands there. */
  inTwoPages({ straddling, phys }: CodePage, next: CodePage): Op | undefined {
    const last = phys + PAGE_BYTES - PARCEL_BYTES - this.#memory.base;
    const word = this.#memory.fetch16(last) | (this.#memory.fetch16(next.phys - this.#memory.base) << 16);
    return straddling !== undefined && straddling.decoded.word === word >>> 0 ? straddling : undefined;
  }

  /** The instruction at an offset of a page, decoded and kept; undefined where there is none that lies in the page and is legal. */
  opAt(page: CodePage, offset: number): Op | undefined {
    const known = page.ops[offset >>> 1];
    if (known !== undefined) return known;
    const at = page.phys - this.#memory.base + offset;
    const parcel = this.#memory.fetch16(at);
    const bytes = instructionBytes(parcel);
    if (offset + bytes > PAGE_BYTES) return undefined;
    const op = this.op(bytes === 2 ? parcel : (parcel | (this.#memory.fetch16(at + PARCEL_BYTES) << 16)) >>> 0);
    if (op !== undefined) this.keep(page, offset, op);
    return op;
  }

  /** Keeps an instruction for the next time, until a store hits it. */
  keep(page: CodePage, offset: number, op: Op): void {
    page.ops[offset >>> 1] = op;
    this.#memory.mark(page.phys - this.#memory.base + offset, op.bytes, Mark.code);
  }

  /** Forgets what was decoded from the granules of [offset, offset + bytes) of RAM. */
  invalidate(offset: number, bytes: number): void {
    const first = offset - (offset % GRANULE_BYTES);
    const end = Math.ceil((offset + bytes) / GRANULE_BYTES) * GRANULE_BYTES;
    this.#memory.unmark(first, end - first, Mark.code);
    // A 32-bit instruction may begin one parcel before.
    const start = Math.max(0, first - PARCEL_BYTES);
    this.onInvalidate(start, end);
    for (let index = start >>> PAGE_BITS; index * PAGE_BYTES < end; index += 1) {
      const from = Math.max(0, start - index * PAGE_BYTES) >>> 1;
      const to = Math.min(PAGE_BYTES, end - index * PAGE_BYTES + 1) >>> 1;
      this.#pages[index]?.ops.fill(undefined, from, to);
    }
  }

  #create(index: number): CodePage | undefined {
    if (!(index >= 0 && index < this.#pages.length)) return undefined;
    const phys = this.#memory.base + index * PAGE_BYTES;
    const parcels = PAGE_BYTES / PARCEL_BYTES;
    const categories = new Uint16Array(parcels);
    for (const range of this.#ranges) {
      const from = Math.max(0, Math.ceil((range.start - phys) / PARCEL_BYTES));
      const to = Math.min(parcels, Math.ceil((range.end - phys) / PARCEL_BYTES));
      if (from < to) categories.fill(range.category, from, to);
    }
    const page = new CodePage(phys, new Array<Op | undefined>(parcels).fill(undefined), categories);
    this.#pages[index] = page;
    return page;
  }
}
