// Contexts: ways to see memory, each with a TLB and a tag of its entries into translated code, so that a switch between them keeps both.
import type { TranslationState } from "../../machine/mmu.ts";
import {
  CONTEXT_SLOTS_AT,
  CONTEXT_SLOTS_BYTES,
  GIVEN_AT,
  GIVEN_BYTES,
  MAX_CONTEXTS,
  STATE,
  TLB_BYTES,
  tlbAt,
} from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import type { TranslatedCode } from "./code-cache.ts";

const PAGE_BYTES = 4096;

export class Contexts {
  readonly #linear: LinearMemory;
  readonly #code: TranslatedCode;
  readonly #bytes: Uint8Array;
  readonly #numbers = new Map<TranslationState, number>();
  #used = 0;

  constructor(linear: LinearMemory, code: TranslatedCode) {
    this.#linear = linear;
    this.#code = code;
    this.#bytes = new Uint8Array(linear.buffer);
    this.#forgetNames();
    this.#forgetGiven();
  }

  /** The context in force. Generated code switches, too; -1: to one that has no number yet. */
  get current(): number {
    return this.#linear.words[STATE.context >>> 2]!;
  }

  /** Puts the context of a state in force, which is the hart's. */
  use(state: TranslationState): void {
    let number = this.#numbers.get(state);
    if (number === undefined) {
      if (this.#used === MAX_CONTEXTS) {
        this.#numbers.clear();
        this.#forgetNames();
        this.#forgetGiven();
        this.#used = 0;
        this.#code.forgetEntries();
      }
      number = this.#used++;
      this.#numbers.set(state, number);
      this.#emptyTlb(number);
    }
    const { words } = this.#linear;
    words[STATE.context >>> 2] = number;
    words[STATE.tlb >>> 2] = tlbAt(number);
    words[STATE.tag >>> 2] = words[STATE.tags >>> 2]! + number;
    words[STATE.asid >>> 2] = state.asid;
    this.#code.noteContext(number, state.asid);
  }

  /** Empties all: page tables or protection have changed. */
  flush(): void {
    for (let number = 0; number < this.#used; number += 1) this.#emptyTlb(number);
    this.#forgetGiven();
    this.#code.forgetEntries();
  }

  /** No translation that was given holds any more. */
  #forgetGiven(): void {
    const { words } = this.#linear;
    const generation = (words[STATE.generation >>> 2]! + 1) | 0;
    // Once around, entries of the same number would hold again; nor does one that is all zeros.
    if (generation === 0) this.#bytes.fill(0, GIVEN_AT, GIVEN_AT + GIVEN_BYTES);
    words[STATE.generation >>> 2] = generation === 0 ? 1 : generation;
  }

  /** No satp has all bits set. */
  #forgetNames(): void {
    this.#bytes.fill(0xff, CONTEXT_SLOTS_AT, CONTEXT_SLOTS_AT + CONTEXT_SLOTS_BYTES);
  }

  /** No page number has all bits set. */
  #emptyTlb(number: number): void {
    this.#bytes.fill(0xff, tlbAt(number), tlbAt(number) + TLB_BYTES);
  }
}

/** Do [addr, addr + bytes) lie in one page? */
export const inOnePage = (addr: number, bytes: number): boolean => (addr % PAGE_BYTES) + bytes <= PAGE_BYTES;
