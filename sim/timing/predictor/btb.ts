// The branch target buffer: where transfers went last time, set-associative, least recently used displaced.
import type { Storage } from "../part.ts";

export const NO_TARGET = -1;

/**
 * A transfer from `pc` with `sources[base] === pc` and `targets[base]` its target is remembered, and changes nothing. `base` is
 * ((pc by granuleBytes) & setMask) * ways.
 */
export interface BtbFastPath {
  readonly sources: Float64Array;
  readonly targets: Float64Array;
  readonly setMask: number;
  readonly ways: number;
  readonly granuleBytes: number;
}

export class Btb {
  /** Address and target of each way, most recently used first; address -1 where empty. */
  readonly #sources: Float64Array;
  readonly #targets: Float64Array;
  readonly #setMask: number;
  readonly #ways: number;
  readonly #perByte: number;

  /** @param granuleBytes - bytes of code that share an index. */
  constructor(entries: number, ways: number, granuleBytes: number, storage: Storage) {
    this.#sources = storage.float64(entries, -1);
    this.#targets = storage.float64(entries, NO_TARGET);
    this.#setMask = entries / ways - 1;
    this.#ways = ways;
    this.#perByte = 1 / granuleBytes;
  }

  get fastPath(): BtbFastPath {
    return {
      sources: this.#sources,
      targets: this.#targets,
      setMask: this.#setMask,
      ways: this.#ways,
      granuleBytes: 1 / this.#perByte,
    };
  }

  /** Gives the target remembered for a transfer (or NO_TARGET), and remembers the one it took. */
  resolve(pc: number, target: number): number {
    const base = (((pc * this.#perByte) | 0) & this.#setMask) * this.#ways;
    let way = 0;
    while (way < this.#ways - 1 && this.#sources[base + way] !== pc) way += 1;
    const at = base + way;
    const remembered = this.#sources[at] === pc ? this.#targets[at]! : NO_TARGET;
    for (let i = at; i > base; i -= 1) {
      this.#sources[i] = this.#sources[i - 1]!;
      this.#targets[i] = this.#targets[i - 1]!;
    }
    this.#sources[base] = pc;
    this.#targets[base] = target;
    return remembered;
  }

  clear(): void {
    this.#sources.fill(-1);
  }
}
