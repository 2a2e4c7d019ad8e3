// Prefetchers: which lines a cache fetches unasked, after a miss or the first use of a line that was fetched so.
import { count, oneOf, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";

export const prefetchParams = {
  prefetch: oneOf(
    ["none", "next-line", "stride"],
    "none",
    "Lines fetched after a miss or the first use of a line fetched so: those that follow, or as far on as the last ones of the page",
  ),
  prefetchLines: count(1, "How many lines ahead", { min: 1, max: 16 }),
};

export type PrefetchConfig = ConfigOf<typeof prefetchParams>;

/** What code has to know that does what a cache does with its prefetcher. */
export interface PrefetcherLayout {
  /** Lines of a page, and how many it fetches ahead. */
  readonly pageLines: number;
  readonly lines: number;
  /** Undefined where it fetches the lines that follow. */
  readonly stride: StrideLayout | undefined;
}

/** As in the class. */
export interface StrideLayout {
  readonly pages: Int32Array;
  readonly lines: Int32Array;
  readonly strides: Int32Array;
  readonly turn: Int32Array;
}

/** Learns from lines in the order in which they are wanted. */
export interface Prefetcher {
  /** Of what it has learned, if it learns. */
  readonly layout: StrideLayout | undefined;
  /** How far from a line that is wanted the next lie, in lines; 0: nothing is worth fetching. */
  strideFrom(line: number): number;
}

const nextLine: Prefetcher = { layout: undefined, strideFrom: () => 1 };

/** Pages whose strides are known at a time. */
const STREAMS = 16;
const NO_PAGE = -1;

/** Remembers for each of the last pages its last line, and the distance to the one before. A distance seen twice is a stride. */
class StridePrefetcher implements Prefetcher {
  readonly #pages: Int32Array;
  readonly #lines: Int32Array;
  readonly #strides: Int32Array;
  /** [0]: whose turn it is to be displaced. */
  readonly #turn: Int32Array;
  /** log2 of the lines of a page. */
  readonly #pageShift: number;

  constructor(pageLines: number, storage: Storage) {
    this.#pageShift = Math.log2(pageLines);
    this.#pages = storage.int32(STREAMS, NO_PAGE);
    this.#lines = storage.int32(STREAMS);
    this.#strides = storage.int32(STREAMS);
    this.#turn = storage.int32(1);
  }

  get layout(): StrideLayout {
    return { pages: this.#pages, lines: this.#lines, strides: this.#strides, turn: this.#turn };
  }

  strideFrom(line: number): number {
    const page = line >> this.#pageShift;
    const pages = this.#pages;
    let known = 0;
    while (known < STREAMS && pages[known] !== page) known += 1;
    if (known === STREAMS) return this.#begin(page, line);
    const stride = line - this.#lines[known]!;
    const confirmed = stride === this.#strides[known];
    this.#lines[known] = line;
    this.#strides[known] = stride;
    return confirmed ? stride : 0;
  }

  #begin(page: number, line: number): number {
    const i = this.#turn[0]!;
    this.#turn[0] = (i + 1) % STREAMS;
    this.#pages[i] = page;
    this.#lines[i] = line;
    this.#strides[i] = 0;
    return 0;
  }
}

/** @param pageLines - lines of a 4 KiB page, a power of two. */
export function prefetcherOf(config: PrefetchConfig, pageLines: number, storage: Storage): Prefetcher | undefined {
  switch (config.prefetch) {
    case "none":
      return undefined;
    case "next-line":
      return nextLine;
    case "stride":
      return new StridePrefetcher(pageLines, storage);
  }
}
