// The code that writes the words of a state, and reads them: what sim/timing/relative.ts does, on linear memory.
import { f64, i32, WORD_BYTES, WORD_SHIFT, type Local, type Statements, type Term } from "../terms.ts";

const { const: word } = i32;

export class StateWriterCode {
  /** Where the next word lies. */
  readonly #at: Local;
  readonly #from: Local;
  /** The earliest cycle in which anything can still happen. */
  readonly origin: Local;

  constructor(f: Statements, at: Term, origin: Local) {
    this.#from = f.let(at);
    this.#at = f.let(this.#from);
    this.origin = origin;
  }

  /** How many words there are. */
  get length(): Term {
    return i32.shrU(i32.sub(this.#at, this.#from), word(WORD_SHIFT));
  }

  isPast(cycle: Term): Term {
    return f64.le(cycle, this.origin);
  }

  put(f: Statements, value: Term): void {
    f.store(this.#at, 0, value);
    f.set(this.#at, i32.add(this.#at, word(WORD_BYTES)));
  }

  time(f: Statements, cycle: Term): void {
    const ahead = f.let(f64.sub(cycle, this.origin));
    this.put(f, i32.of(f64.max(ahead, f64.const(0))));
  }

  /** A word that is known only when others have been put behind it: gives where it lies. */
  reserve(f: Statements): Local {
    const at = f.let(this.#at);
    f.set(this.#at, i32.add(at, word(WORD_BYTES)));
    return at;
  }
}

export class StateReaderCode {
  readonly #at: Local;
  readonly #origin: Local;

  constructor(f: Statements, at: Term) {
    this.#at = f.let(at);
    this.#origin = f.let(f64.const(0));
  }

  /** The origin lies so many cycles later. */
  shift(f: Statements, cycles: Term): void {
    f.set(this.#origin, f64.add(this.#origin, cycles));
  }

  take(f: Statements): Local {
    const value = f.let(i32.load(this.#at));
    f.set(this.#at, i32.add(this.#at, word(WORD_BYTES)));
    return value;
  }

  time(f: Statements): Local {
    return f.let(f64.add(this.#origin, f64.of(this.take(f))));
  }
}
