// The code that numbers sequences of words: what sim/timing/intern.ts does, on the same words, while there is room in them.
import { HASH_BASIS, HASH_FOLD, HASH_PRIME, KNOWN, type InternerLayout } from "../../timing/intern.ts";
import {
  element,
  i32,
  WORD_BYTES,
  WORD_SHIFT,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

/** Writes a word, and goes on to the next. */
export function put(f: Statements, to: Local, value: Term): void {
  f.store(to, 0, value);
  f.set(to, i32.add(to, word(WORD_BYTES)));
}

/** Finds sequences by their numbers. */
export class SequencesCode {
  protected readonly layout: InternerLayout;

  constructor(layout: InternerLayout) {
    this.layout = layout;
  }

  /** Where the words of a sequence lie; those of one that is not known yet follow on the last. */
  at(number: Term): Term {
    return element(this.layout.words.byteOffset, this.startOf(number), WORD_SHIFT);
  }

  protected startOf(number: Term): Term {
    return i32.load(i32.shl(number, word(WORD_SHIFT)), this.layout.starts.byteOffset);
  }
}

export class InternerCode extends SequencesCode {
  /** `intern(length)`: the number of the sequence that has been written at `next`; -1 where it is another than all known ones, and left to others. */
  readonly intern: Callee;

  constructor(module: Functions, layout: InternerLayout) {
    super(layout);
    this.intern = this.#internFunction(module);
  }

  /** The number, as `intern` gives it, of the sequence whose words `write` puts at `to`. There is room for them. */
  written(f: Statements, write: (to: Local) => void): Term {
    const first = f.let(this.next);
    const to = f.let(first);
    write(to);
    return this.intern(i32.shrU(i32.sub(to, first), word(WORD_SHIFT)));
  }

  get next(): Term {
    return this.at(this.#size);
  }

  /** Has the class outgrown these words? They are not all there then. */
  get isOutgrown(): Term {
    return i32.not(this.#most);
  }

  /** Is there no room for another sequence of so many words? */
  lacksRoom(words: number): Term {
    const isFull = i32.lt(word(this.layout.words.length - words), this.startOf(this.#size));
    return i32.or(this.isOutgrown, isFull);
  }

  get #most(): Term {
    return i32.at(this.layout.known.byteOffset + WORD_BYTES * KNOWN.most);
  }

  get #size(): Term {
    return i32.at(this.layout.known.byteOffset + WORD_BYTES * KNOWN.size);
  }

  #internFunction(module: Functions): Callee {
    const { known, starts, hashes, table } = this.layout;
    return module.define([I32], I32, (f, length) => {
      const size = f.let(this.#size);
      const from = f.let(this.at(size));
      const end = f.let(i32.add(from, i32.shl(length, word(WORD_SHIFT))));
      const hash = f.let(i32.xor(word(HASH_BASIS | 0), length));
      const at = f.let(from);
      f.while(i32.ltU(at, end), () => {
        f.set(hash, i32.mul(i32.xor(hash, i32.load(at)), word(HASH_PRIME)));
        f.set(at, i32.add(at, word(WORD_BYTES)));
      });
      f.set(hash, i32.xor(hash, i32.shrU(hash, word(HASH_FOLD))));
      const mask = f.let(i32.at(known.byteOffset + WORD_BYTES * KNOWN.mask));
      const place = f.let(i32.and(hash, mask));
      const inTable = (): Term => i32.load(i32.shl(place, word(WORD_SHIFT)), table.byteOffset);
      const other = f.let(inTable());
      f.while(other, () => {
        const number = f.let(i32.sub(other, word(1)));
        f.block((differs) => {
          const theirHash = i32.load(i32.shl(number, word(WORD_SHIFT)), hashes.byteOffset);
          f.if(i32.ne(theirHash, hash), differs);
          const theirLength = i32.sub(this.startOf(other), this.startOf(number));
          f.if(i32.ne(theirLength, length), differs);
          this.#compare(f, { from, end, with: this.at(number) }, differs);
          f.return(number);
        });
        f.set(place, i32.and(i32.add(place, word(1)), mask));
        f.set(other, inTable());
      });
      const following = f.let(i32.add(size, word(1)));
      const isFull = i32.lt(this.#most, following);
      const isCrowded = i32.lt(mask, i32.sub(i32.shl(following, word(1)), word(1)));
      f.rarely(i32.or(isFull, isCrowded), () => f.return(word(-1)));
      f.store(i32.shl(place, word(WORD_SHIFT)), table.byteOffset, following);
      f.store(i32.shl(size, word(WORD_SHIFT)), hashes.byteOffset, hash);
      const start = this.startOf(size);
      f.store(i32.shl(following, word(WORD_SHIFT)), starts.byteOffset, i32.add(start, length));
      f.storeAt(known.byteOffset + WORD_BYTES * KNOWN.size, following);
      return size;
    });
  }

  /** Leaves for `differs` where words are not equal. */
  #compare(
    f: Statements,
    o: { readonly from: Local; readonly end: Local; readonly with: Term },
    differs: () => void,
  ): void {
    const [ours, theirs] = [f.let(o.from), f.let(o.with)];
    f.while(i32.ltU(ours, o.end), () => {
      f.if(i32.ne(i32.load(ours), i32.load(theirs)), differs);
      for (const at of [ours, theirs]) f.set(at, i32.add(at, word(WORD_BYTES)));
    });
  }
}
