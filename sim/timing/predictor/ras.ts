// The return-address stack: a ring, so that calls deeper than it overwrite the oldest return.
import type { Storage } from "../part.ts";

/**
 * A call writes its return address to `returns[state[1]]`, and steps state[1] round and state[0] up to the length; a return
 * steps state[1] back and state[0] down, unless that is 0, and reads there.
 */
export interface RasFastPath {
  readonly returns: Float64Array;
  readonly state: Int32Array;
}

export class Ras {
  readonly #returns: Float64Array;
  /** [0]: entries in use; [1]: where the next is pushed. */
  readonly #state: Int32Array;

  constructor(entries: number, storage: Storage) {
    this.#returns = storage.float64(entries);
    this.#state = storage.int32(2);
  }

  get fastPath(): RasFastPath {
    return { returns: this.#returns, state: this.#state };
  }

  push(returnTo: number): void {
    const entries = this.#returns.length;
    if (entries === 0) return;
    const next = this.#state[1]!;
    this.#returns[next] = returnTo;
    this.#state[1] = next + 1 === entries ? 0 : next + 1;
    this.#state[0] = Math.min(this.#state[0]! + 1, entries);
  }

  /** The latest return address, or -1 where none is held. */
  pop(): number {
    if (this.#state[0] === 0) return -1;
    const entries = this.#returns.length;
    const top = this.#state[1] === 0 ? entries - 1 : this.#state[1]! - 1;
    this.#state[1] = top;
    this.#state[0]! -= 1;
    return this.#returns[top]!;
  }

  clear(): void {
    this.#state.fill(0);
  }
}
