// The code of the fetch queue: what `FetchQueue` of sim/timing/frontend.ts does, on the same words.
import type { FetchQueueLayout } from "../../../timing/frontend.ts";
import { f64, i32, type Local, type Statements, type Term } from "../terms.ts";
import type { StateReaderCode, StateWriterCode } from "./state-words.ts";

export class FetchQueueCode {
  readonly #queue: FetchQueueLayout;

  constructor(queue: FetchQueueLayout) {
    this.#queue = queue;
  }

  /** Fetch stands still; gives for how many cycles the queue hides it. */
  hide(f: Statements, cycles: Term): Local {
    const slack = f.let(this.#slack);
    const hidden = f.let(f64.min(cycles, slack));
    this.#set(f, f64.sub(slack, hidden));
    return hidden;
  }

  /** Issue stands still. */
  gain(f: Statements, cycles: Local): void {
    const filled = f.let(f64.add(this.#slack, cycles));
    this.#set(f, f64.min(filled, f64.const(this.#queue.entries)));
  }

  drop(f: Statements): void {
    this.#set(f, f64.const(0));
  }

  save(f: Statements, to: StateWriterCode): void {
    to.put(f, i32.of(this.#slack));
  }

  restore(f: Statements, from: StateReaderCode): void {
    this.#set(f, f64.of(from.take(f)));
  }

  get #slack(): Term {
    return f64.at(this.#queue.slack.byteOffset);
  }

  #set(f: Statements, slack: Term): void {
    f.storeAt(this.#queue.slack.byteOffset, slack);
  }
}
