// The code of the clock: what sim/timing/clock.ts does, on the same words.
import { CAUSE_COUNT, Cause } from "../../../stats/causes.ts";
import type { ClockLayout } from "../../../timing/clock.ts";
import { f64, i32, NUMBER_BYTES, NUMBER_SHIFT, WORD_BYTES, type Local, type Statements, type Term } from "../terms.ts";

const { const: word } = i32;

/** Where a cause's number stands in its row. */
export const causeBytes = (cause: number): number => NUMBER_BYTES * cause;

export class ClockCode {
  readonly #clock: ClockLayout;

  constructor(clock: ClockLayout) {
    this.#clock = clock;
  }

  get now(): Term {
    return f64.at(this.#clock.now.byteOffset);
  }

  #set(f: Statements, now: Term): void {
    f.storeAt(this.#clock.now.byteOffset, now);
  }

  /** Whose time passes from now on. */
  setCategory(f: Statements, category: Term): void {
    const { byteOffset } = this.#clock.whose;
    const whose = f.let(category);
    f.storeAt(byteOffset, whose);
    f.storeAt(byteOffset + WORD_BYTES, i32.mul(whose, word(CAUSE_COUNT)));
  }

  /** Back to the beginning. */
  reset(f: Statements): void {
    this.#set(f, f64.const(0));
    f.clear(this.#clock.cycles);
    f.clear(this.#clock.shared);
  }

  /** An instruction issues at the clock's `now`. */
  issue(f: Statements, now: Local): void {
    this.#set(f, f64.add(now, f64.const(1)));
    this.#add(f, this.#row, causeBytes(Cause.base), f64.const(1));
  }

  /** The next instruction issues in the cycle of the last, `at`. */
  share(f: Statements, at: Local): void {
    this.#set(f, at);
    this.#add(f, this.#row, causeBytes(Cause.base), f64.const(-1));
    this.issueShared(f);
  }

  /** What `share` and `issue` come to: an instruction issues in the cycle of the last, and keeps nobody waiting. */
  issueShared(f: Statements): void {
    const shared = f.let(i32.shl(i32.at(this.#clock.whose.byteOffset), word(NUMBER_SHIFT)));
    const { byteOffset } = this.#clock.shared;
    f.store(shared, byteOffset, f64.add(f64.load(shared, byteOffset), f64.const(1)));
  }

  pass(f: Statements, cause: number, cycles: Local): void {
    this.passFor(f, word(causeBytes(cause)), cycles);
  }

  /** The same for a cause of which it is known where in its row it stands. */
  passFor(f: Statements, bytes: Term, cycles: Local): void {
    this.#set(f, f64.add(this.now, cycles));
    this.#add(f, i32.add(this.#row, bytes), 0, cycles);
  }

  get #row(): Term {
    return i32.shl(i32.at(this.#clock.whose.byteOffset + WORD_BYTES), word(NUMBER_SHIFT));
  }

  #add(f: Statements, row: Term, bytes: number, cycles: Term): void {
    const at = f.let(row);
    const offset = this.#clock.cycles.byteOffset + bytes;
    f.store(at, offset, f64.add(f64.load(at, offset), cycles));
  }
}
