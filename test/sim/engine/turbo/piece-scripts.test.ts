// The code that numbers the scripts of pieces numbers them as the memo does, from what a table says of their blocks.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { pieceScripts } from "../../../../sim/engine/turbo/piece-scripts.ts";
import { ACCESS, NOTHING_BEFORE, POINT, POINT_INDEX, UNKNOWN } from "../../../../sim/engine/turbo/points.ts";
import { OUTCOME_SHIFT, PIECE, ROW_SHIFT } from "../../../../sim/engine/turbo/rows.ts";
import { defineScripts } from "../../../../sim/engine/turbo/script-code.ts";
import { StepTable } from "../../../../sim/engine/turbo/step-table.ts";
import { TimedBlock } from "../../../../sim/engine/turbo/timed-block.ts";
import { Functions } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, I32 } from "../../../../sim/engine/turbo/wasm.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { Script } from "../../../../sim/timing/script.ts";
import { COUNTED, type Counted } from "../../../../sim/timing/script-counts.ts";
import { Scripts } from "../../../../sim/timing/scripts.ts";
import { withOutcome } from "../../../../sim/timing/step.ts";
import { instruction, wordOf } from "./pipelines.ts";

const PAGES = 400;
const ROWS_AT = 1 << ROW_SHIFT;
const ROW = 3;
const CATEGORY = 5;
/** Where a point's record lies, and the word of its row. */
const RECORD = 64;
const WORD_OF_ROW = 128;

interface Code {
  readonly ofPiece: (entry: number) => number;
  readonly tellAccess: (record: number, row: number) => number;
  readonly tellFetch: (record: number, row: number) => number;
}

/** One block, of which a row's piece begins at a place. */
class Bench {
  readonly code: Code;
  readonly steps: StepTable;
  readonly #scripts: Scripts;
  readonly #words: Int32Array;
  readonly #block: readonly number[];
  readonly #counted: Counted;

  constructor(words: readonly number[], from: number, counted: Counted = "physical") {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const storage = linearStorage(memory, ROWS_AT + 8 * (1 << ROW_SHIFT));
    [this.#block, this.#counted] = [words, counted];
    this.#words = new Int32Array(memory.buffer);
    this.#scripts = new Scripts(storage);
    this.steps = new StepTable(storage);
    const block = new TimedBlock(0, 0, CATEGORY, false, false);
    for (const word of words) block.instructions.push({ word, traits: 0, pc: 0, bytes: 4 });
    this.steps.setRow(ROW, this.steps.add(block, counted), from);
    this.code = codeOf(memory, this.#scripts, this.steps);
  }

  /** As the memo has it. */
  number(from: number, to: number, outcome: number, counted = this.#counted): number {
    const script = new Script();
    for (const word of this.#block.slice(from, to)) script.step(word);
    if (to > from) script.words[to - from - 1] = withOutcome(script.words[to - from - 1]!, outcome);
    return this.#scripts.number(script, CATEGORY, counted);
  }

  fetch(): number {
    const script = new Script();
    script.stallFetch(0, 0, 0);
    return this.#scripts.number(script, CATEGORY);
  }

  /** The script of the piece, by any entry with an outcome; and what the row says of it then. */
  ofPiece(outcome: number, state: number): readonly number[] {
    const group = ROWS_AT + (ROW << ROW_SHIFT) + (outcome << OUTCOME_SHIFT);
    this.#words[(group + PIECE.script) / 4] = UNKNOWN;
    return [this.code.ofPiece(group + 32 * state), this.#words[(group + PIECE.script) / 4]!];
  }

  /** What a point knows when it has been told, or whether that is left to others. */
  tell(name: "tellAccess" | "tellFetch", index: number, flags = 0): "left" | { before: number; onTime: number } {
    this.#words[(RECORD + POINT.onTime) / 4] = UNKNOWN;
    this.#words[(RECORD + POINT.flags) / 4] = flags | (index << POINT_INDEX);
    this.#words[(RECORD + POINT.scripts) / 4] = WORD_OF_ROW - 4 * ROW;
    this.#words[WORD_OF_ROW / 4] = UNKNOWN;
    const told = this.code[name](RECORD, ROW);
    const [before, onTime] = [this.#words[WORD_OF_ROW / 4]!, this.#words[(RECORD + POINT.onTime) / 4]!];
    if (told !== 0) return { before, onTime };
    expect(onTime).toBe(UNKNOWN);
    return "left";
  }
}

function codeOf(memory: WebAssembly.Memory, scripts: Scripts, steps: StepTable): Code {
  const making = new Functions();
  defineScripts(making, { scripts: scripts.layout, overlaps: scripts.overlaps.layout });
  const made = encodeModule({ imports: [], functions: making.functions, memoryPages: PAGES });
  const { makeSteps } = instantiate(made, { memory }).exports;
  const module = new Functions([{ name: "makeSteps", params: [I32, I32, I32, I32, I32], results: [I32] }]);
  const code = pieceScripts(module, { rows: { at: ROWS_AT }, steps });
  module.define([I32], I32, (_, entry) => code.ofPiece(entry), "ofPiece");
  module.define([I32, I32], I32, (_, record, row) => code.tellAccess(record, row), "tellAccess");
  module.define([I32, I32], I32, (_, record, row) => code.tellFetch(record, row), "tellFetch");
  const { imports, functions } = module;
  const bytes = encodeModule({ imports, functions, memoryPages: PAGES });
  return instantiate(bytes, { memory, makeSteps }).exports as unknown as Code;
}

const words = fc.array(instruction.map(wordOf), { minLength: 1, maxLength: 12 });
const places = fc.record({ words, at: fc.nat(11), outcome: fc.nat(3), counted: fc.constantFrom(...COUNTED) });

describe("generated code", () => {
  test("numbers the script of a piece, with the outcome of its transfer, and has its row know it", () => {
    fc.assert(
      fc.property(places, fc.nat(15), ({ words, at, outcome, counted }, state) => {
        const from = at % (words.length + 1);
        const bench = new Bench(words, from, counted);
        const [script, known] = bench.ofPiece(outcome, state);
        expect([script, known]).toEqual(Array(2).fill(bench.number(from, words.length, outcome)));
      }),
      { numRuns: 60 },
    );
  });

  test("numbers the script of an access's instruction, and of what comes before it in its piece", () => {
    fc.assert(
      fc.property(places, fc.nat(11), ({ words, at, counted }, place) => {
        const [index, from] = [at % words.length, place % words.length];
        const bench = new Bench(words, from, counted);
        const told = bench.tell("tellAccess", index);
        const before = from < index ? bench.number(from, index, 0) : NOTHING_BEFORE;
        expect(told).toEqual({ before, onTime: bench.number(index, index + 1, 0, "elsewhere") });
      }),
      { numRuns: 60 },
    );
  });

  test("numbers the script of a fetch that is on time", () => {
    const bench = new Bench([1, 2, 3], 1);
    expect(bench.tell("tellFetch", 2)).toEqual({ before: bench.number(1, 2, 0), onTime: bench.fetch() });
    expect(bench.tell("tellFetch", 3)).toEqual({ before: bench.number(1, 3, 0), onTime: bench.fetch() });
  });

  test("leaves what lies in two lines to others, and rows whose block no table has", () => {
    const bench = new Bench([1, 2, 3], 1);
    expect(bench.tell("tellFetch", 2, ACCESS.asks)).toBe("left");
    expect(bench.tell("tellAccess", 2, ACCESS.asks)).toBe("left");
    bench.steps.setRow(ROW, 0, 1);
    expect(bench.tell("tellAccess", 2)).toBe("left");
    expect(bench.ofPiece(0, 0)).toEqual([UNKNOWN, UNKNOWN]);
  });
});

test("a table has a block while there is room for all of its steps", () => {
  const bench = new Bench([1], 0);
  const block = new TimedBlock(0, 0, CATEGORY, false, false);
  for (let i = 0; i < 61; i += 1) block.instructions.push({ word: i, traits: 0, pc: 0, bytes: 4 });
  let records = 0;
  while (bench.steps.add(block, "physical") !== 0) records += 1;
  // With 3 words more each; 4 of a fetch and 4 of the first block are there.
  expect(records).toBe(2 ** 12 - 1);
  bench.steps.clear();
  expect(bench.steps.add(block, "physical")).toBe(bench.steps.fetchAt + 16);
});
