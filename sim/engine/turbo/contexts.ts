// Contexts: ways to see memory, each with a TLB and entries into translated code, so that a switch between them keeps both.
import type { TranslationState } from "../../machine/mmu.ts";
import {
  CONTEXT_SLOTS_AT,
  CONTEXT_SLOTS_BYTES,
  entriesAt,
  MAX_CONTEXTS,
  STATE,
  TLB,
  TLB_BYTES,
  TLB_KIND_BYTES,
  tlbAt,
} from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import type { TranslatedCode } from "./code-cache.ts";

const PAGE_BYTES = 4096;
const TLB_INDEX_MASK = (1 << TLB.indexBits) - 1;

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
        this.#used = 0;
      }
      number = this.#used++;
      this.#numbers.set(state, number);
      this.#empty(number);
    }
    const { words } = this.#linear;
    words[STATE.context >>> 2] = number;
    words[STATE.tlb >>> 2] = tlbAt(number);
    words[STATE.entries >>> 2] = entriesAt(number);
    words[STATE.asid >>> 2] = state.asid;
    this.#code.noteContext(number, state.asid);
  }

  /** Empties all: page tables or protection have changed. */
  flush(): void {
    for (let number = 0; number < this.#used; number += 1) this.#empty(number);
  }

  /** Remembers where the page of an address lies: `place` is that of the byte in linear memory. */
  fill(addr: bigint, access: number, place: number): void {
    const page = addr >> 12n;
    const index = Number(page & BigInt(TLB_INDEX_MASK));
    const at = tlbAt(this.current) + access * TLB_KIND_BYTES + (index << TLB.entryBits);
    this.#linear.doubles[at >>> 3] = page;
    const low = Number(BigInt.asUintN(32, addr));
    this.#linear.words[(at + TLB.delta) >>> 2] = place - low;
  }

  /** No satp has all bits set. */
  #forgetNames(): void {
    this.#bytes.fill(0xff, CONTEXT_SLOTS_AT, CONTEXT_SLOTS_AT + CONTEXT_SLOTS_BYTES);
  }

  /** No page number has all bits set. */
  #empty(number: number): void {
    this.#bytes.fill(0xff, tlbAt(number), tlbAt(number) + TLB_BYTES);
    this.#code.emptyContext(number);
  }
}

/** Do [addr, addr + bytes) lie in one page? */
export const inOnePage = (addr: number, bytes: number): boolean => (addr % PAGE_BYTES) + bytes <= PAGE_BYTES;
