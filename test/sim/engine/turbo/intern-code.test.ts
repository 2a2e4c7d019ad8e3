// The code that numbers sequences of words gives them the numbers that the class does.
import fc from "fast-check";
import { expect, test } from "vitest";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { InternerCode } from "../../../../sim/engine/turbo/intern-code.ts";
import { Functions, type Term } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, I32 } from "../../../../sim/engine/turbo/wasm.ts";
import { HASH_BASIS, HASH_PRIME, Interner } from "../../../../sim/timing/intern.ts";
import { heapStorage, linearStorage } from "../../../../sim/timing/part.ts";

const PAGES = 1;
const ROOM = { sequences: 16, words: 64 };

/** Any number. */
const HASH = 3;
const word = fc.integer({ min: -2, max: 2 });
/** Sequences of which many have the hash of another, and begin as it does: a word behind them makes up for those before it. */
const sequences = fc.array(
  fc.record({ words: fc.array(word, { maxLength: 3 }), made: fc.nat(2) }).map(({ words, made }) => {
    const sequence = [...words];
    for (let i = 0; i < made; i += 1) sequence.push(HASH ^ hashOf(sequence, sequence.length + 1));
    return sequence;
  }),
  { maxLength: 40 },
);

/** Of the first words of a sequence. */
const hashOf = (words: readonly number[], length: number): number =>
  words.reduce((hash, w) => Math.imul(hash ^ w, HASH_PRIME), HASH_BASIS ^ length);

test("the number of a sequence is that of an equal one, or the next, while there is room", () => {
  fc.assert(
    fc.property(sequences, (all) => {
      const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
      const ours = new Interner(linearStorage(memory, 8), ROOM);
      const theirs = new Interner(heapStorage, ROOM);
      const intern = internOf(ours, memory);
      for (const sequence of all) {
        const known = theirs.size;
        const number = theirs.intern(Int32Array.from(sequence), sequence.length);
        const has =
          number < known || (known < ROOM.sequences && ours.layout.starts[known]! + sequence.length <= ROOM.words);
        if (!has) return;
        expect(intern(sequence)).toBe(number);
        expect(ours.size).toBe(theirs.size);
      }
      const words = Array.from({ length: ours.size }, (_, number) => [...ours.wordsOf(number)]);
      expect(words).toEqual(Array.from({ length: theirs.size }, (_, number) => [...theirs.wordsOf(number)]));
    }),
    { numRuns: 500 },
  );
});

test("a sequence beyond those for which there is room is left to the class", () => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const interner = new Interner(linearStorage(memory, 8), ROOM);
  const intern = internOf(interner, memory);
  const numbers = Array.from({ length: ROOM.sequences + 1 }, (_, i) => intern([i]));
  expect(numbers).toEqual([...Array(ROOM.sequences).keys(), -1]);
  expect([intern([3]), interner.size]).toEqual([3, ROOM.sequences]);
});

test("a sequence for which the table has to grow is left to the class", () => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const interner = new Interner(linearStorage(memory, 8), { sequences: 1024, words: 2048 });
  const intern = internOf(interner, memory);
  const numbers = Array.from({ length: 258 }, (_, i) => intern([i]));
  expect(numbers.slice(254)).toEqual([254, 255, -1, -1]);
  expect(interner.intern(Int32Array.of(256), 1)).toBe(256);
  expect([intern([257]), intern([7])]).toEqual([257, 7]);
});

test("code knows when the class has outgrown the words, until it begins afresh", () => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const interner = new Interner(linearStorage(memory, 8), ROOM);
  const isOutgrown = asking(interner, memory, (code) => code.isOutgrown);
  const intern = (i: number): number => interner.intern(Int32Array.of(i), 1);
  const outgrown = Array.from({ length: ROOM.sequences + 1 }, (_, i) => (intern(i), isOutgrown()));
  expect(outgrown).toEqual([...Array<number>(ROOM.sequences).fill(0), 1]);
  interner.clear();
  expect([isOutgrown(), intern(40), intern(41)]).toEqual([0, 0, 1]);
});

test("there is no room for a sequence that is longer than the words that are left", () => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const interner = new Interner(linearStorage(memory, 8), ROOM);
  const lacksRoom = asking(interner, memory, (code) => code.lacksRoom(10));
  const after = [54, 1].map((length) => (interner.intern(new Int32Array(length), length), lacksRoom()));
  expect(after).toEqual([0, 1]);
});

/** A question to the code, which answers with a truth. */
function asking(interner: Interner, memory: WebAssembly.Memory, question: (code: InternerCode) => Term): () => number {
  const module = new Functions();
  const code = new InternerCode(module, interner.layout);
  module.define([], I32, () => question(code), "ask");
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: PAGES });
  return (instantiate(bytes, { memory }).exports as { readonly ask: () => number }).ask;
}

/** The number of a sequence that lies behind all that are known. */
function internOf(interner: Interner, memory: WebAssembly.Memory): (sequence: readonly number[]) => number {
  const module = new Functions();
  const code = new InternerCode(module, interner.layout);
  module.define([I32], I32, (_, length) => code.intern(length), "intern");
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: PAGES });
  const { intern } = instantiate(bytes, { memory }).exports as { readonly intern: (length: number) => number };
  return (sequence) => {
    const { words, starts } = interner.layout;
    words.set(sequence.slice(0, words.length - starts[interner.size]!), starts[interner.size]);
    return intern(sequence.length);
  };
}
