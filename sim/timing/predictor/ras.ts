// The return-address stack: a ring, so that calls deeper than it overwrite the oldest return.
import type { Storage } from "../part.ts";

/** In place of an address: nothing is there. No address is negative. */
export const NO_RETURN = -1;

/**
 * `latest[0]` is how far into `returns` the latest return address lies, in bytes. A call steps it round and writes its own there; a return
 * takes what is there, leaves NO_RETURN, and steps back.
 */
export interface RasFastPath {
  readonly returns: Float64Array;
  readonly latest: Int32Array;
}

export class Ras {
  readonly #returns: Float64Array;
  readonly #latest: Int32Array;

  constructor(entries: number, storage: Storage) {
    this.#returns = storage.float64(entries, NO_RETURN);
    this.#latest = storage.int32(1);
  }

  get fastPath(): RasFastPath {
    return { returns: this.#returns, latest: this.#latest };
  }

  push(returnTo: number): void {
    const { byteLength, BYTES_PER_ELEMENT } = this.#returns;
    if (byteLength === 0) return;
    const before = this.#latest[0]!;
    const latest = before === byteLength - BYTES_PER_ELEMENT ? 0 : before + BYTES_PER_ELEMENT;
    this.#returns[latest / BYTES_PER_ELEMENT] = returnTo;
    this.#latest[0] = latest;
  }

  /** The latest return address, or NO_RETURN where none is held. */
  pop(): number {
    const { byteLength, BYTES_PER_ELEMENT } = this.#returns;
    if (byteLength === 0) return NO_RETURN;
    const latest = this.#latest[0]!;
    const returnTo = this.#returns[latest / BYTES_PER_ELEMENT]!;
    this.#returns[latest / BYTES_PER_ELEMENT] = NO_RETURN;
    this.#latest[0] = (latest === 0 ? byteLength : latest) - BYTES_PER_ELEMENT;
    return returnTo;
  }

  clear(): void {
    this.#returns.fill(NO_RETURN);
  }
}
