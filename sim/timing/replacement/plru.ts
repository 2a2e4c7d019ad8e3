// Tree pseudo-LRU: a binary tree of bits over the ways of a set, each pointing to the half that was not used last.
import type { Storage } from "../part.ts";
import { moveToFront, type Victims, type VictimsLayout } from "./victims.ts";

/** A use of the way used last changes nothing: its bits point away from it already. */
export class Plru implements Victims {
  readonly notesUses = true;
  /** By set: node n (from 1, the root; its halves are 2n and 2n + 1) is 1 where the upper half comes next. */
  readonly #trees: Int32Array;
  /** Which way of the set stands at each position. */
  readonly #wayAt: Int32Array;
  readonly #ways: number;

  constructor(sets: number, ways: number, storage: Storage) {
    this.#ways = ways;
    this.#trees = storage.int32(sets * ways);
    this.#wayAt = storage.int32(sets * ways);
    this.#wayAt.forEach((_, i) => (this.#wayAt[i] = ways - 1 - (i % ways)));
  }

  get layout(): VictimsLayout {
    return { policy: "plru", trees: this.#trees, wayAt: this.#wayAt };
  }

  use(base: number, position: number): void {
    const way = this.#wayAt[base + position]!;
    moveToFront(this.#wayAt, base, position, way);
    for (let node = 1, half = this.#ways >> 1; half > 0; half >>= 1) {
      const upper = (way & half) === 0 ? 0 : 1;
      this.#trees[base + node] = 1 - upper;
      node = 2 * node + upper;
    }
  }

  choose(base: number): number {
    const ways = this.#ways;
    let node = 1;
    while (node < ways) node = 2 * node + this.#trees[base + node]!;
    let position = 0;
    while (this.#wayAt[base + position] !== node - ways) position += 1;
    return position;
  }
}
