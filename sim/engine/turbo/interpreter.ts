// The interpreter in WebAssembly, as the engine sees it: what it goes through until code is hot, and where it leaves off.
import { PAGE_BYTES } from "../../machine/memory.ts";
import type { CodeCache, CodePage, Op } from "../code.ts";
import { DecodedPages, type HeatLimits } from "./decoded-pages.ts";
import type { InterpreterLoop } from "./interpreter-loop.ts";
import type { Jumps } from "./jumps.ts";
import { FETCHED, FETCHED_AT, INTERPRETED, INTERPRETED_AT, JUMPED, JUMPED_AT, RAM_AT, STATE } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import type { Operations } from "./operations.ts";

export interface InterpreterOptions {
  readonly linear: LinearMemory;
  /** Physical address of RAM. */
  readonly ramBase: number;
  readonly operations: Operations;
  /** `interpret` of interpreter-loop.ts, made when it is first wanted. */
  readonly loop: () => InterpreterLoop;
}

/** Addresses at which instructions may begin. */
export interface Within {
  readonly low: bigint;
  readonly span: bigint;
}

const PAGE_MASK = 0xfffn;
const PAGE_BITS = 12n;

export class Interpreter {
  readonly pages: DecodedPages;
  readonly #linear: LinearMemory;
  readonly #ramBase: number;
  readonly #operations: Operations;
  readonly #makeLoop: () => InterpreterLoop;
  #loop: InterpreterLoop | undefined;

  constructor({ linear, ramBase, operations, loop }: InterpreterOptions) {
    this.#linear = linear;
    this.#ramBase = ramBase;
    this.#operations = operations;
    this.#makeLoop = loop;
    this.pages = new DecodedPages(linear);
  }

  /** Has it executed any instruction? */
  get hasBegun(): boolean {
    return this.#loop !== undefined;
  }

  /** Can it go on there? */
  knows(page: CodePage, offset: number): boolean {
    return this.pages.recordAt(this.pages.parcelsOf(page), offset) !== 0;
  }

  /** Takes up what is executed in a row from an offset of a page on. False: that is nothing, JavaScript executes what is there. */
  lookAhead(page: CodePage, offset: number, code: CodeCache): boolean {
    let at = offset;
    do {
      const op = code.opAt(page, at);
      if (op === undefined || !this.#note(page, at, op)) break;
      at += op.bytes;
      const { timing } = op.decoded.insn;
      if (timing === "branch" || timing === "jump") break;
    } while (at < PAGE_BYTES && !this.knows(page, at));
    return at > offset;
  }

  /** The page at an address, in the context in force. */
  enterPage(virt: bigint, page: CodePage): void {
    const { words, doubles } = this.#linear;
    const index = Number((virt >> PAGE_BITS) & BigInt((1 << FETCHED.indexBits) - 1));
    const at = FETCHED_AT + (index << FETCHED.bits);
    doubles[at >>> 3] = virt;
    words[(at + FETCHED.tag) >>> 2] = words[STATE.tag >>> 2]!;
    words[(at + FETCHED.parcels) >>> 2] = this.pages.parcelsOf(page);
    words[(at + FETCHED.place) >>> 2] = RAM_AT + (page.phys - this.#ramBase);
  }

  /**
   * Executes instructions from an address on, which is in a known page; STATE has then where it goes on, and why it has been left (`LEFT`).
   *
   * @param limits - it is left where a place is hot.
   * @returns what is left of the budget.
   */
  run(pc: bigint, meta: bigint, page: CodePage, { low, span }: Within, budget: number, limits: HeatLimits): number {
    const { doubles } = this.#linear;
    doubles[STATE.pc >>> 3] = pc;
    doubles[STATE.meta >>> 3] = meta;
    doubles[(INTERPRETED_AT + INTERPRETED.low) >>> 3] = low;
    doubles[(INTERPRETED_AT + INTERPRETED.span) >>> 3] = span;
    this.enterPage(pc & ~PAGE_MASK, page);
    this.#operations.make();
    this.#loop ??= this.#makeLoop();
    return this.#loop(budget, limits.hot, limits.counted);
  }

  /** Tells of the jumps through registers since it did so last, but of so many at most as are kept. */
  tellJumps(to: Jumps): void {
    const { words, doubles } = this.#linear;
    const count = words[(INTERPRETED_AT + INTERPRETED.jumps) >>> 2]!;
    const kept = 1 << JUMPED.indexBits;
    for (let jump = Math.max(0, count - kept); jump < count; jump += 1) {
      const at = JUMPED_AT + ((jump & (kept - 1)) << JUMPED.bits);
      to.note(doubles[at >>> 3]!, doubles[(at + JUMPED.target) >>> 3]!);
    }
    words[(INTERPRETED_AT + INTERPRETED.jumps) >>> 2] = 0;
  }

  /** Takes up an instruction at an offset of a page. False: JavaScript executes it. */
  #note(page: CodePage, offset: number, op: Op): boolean {
    if (this.#operations.full) this.#startAfresh();
    const record = this.#operations.recordOf(op);
    if (record !== 0) this.pages.note(this.pages.parcelsOf(page), offset, record);
    return record !== 0;
  }

  #startAfresh(): void {
    this.#operations.clear();
    this.pages.forgetRecords();
  }
}
