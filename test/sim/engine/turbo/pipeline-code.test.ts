// The code of the pipeline does what the pipeline does: random instructions and stalls on random machines, both on memories of their own.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import type { OutcomesCode } from "../../../../sim/engine/turbo/parts/data-access.ts";
import { pipelineCode } from "../../../../sim/engine/turbo/parts/pipeline.ts";
import { f64, Functions, select, type Term } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, F64, I32 } from "../../../../sim/engine/turbo/wasm.ts";
import type { MachineConfig } from "../../../../sim/config/machine.ts";
import { Clock } from "../../../../sim/timing/clock.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { Pipeline, type Outcomes } from "../../../../sim/timing/pipeline.ts";
import { StateReader, StateWriter } from "../../../../sim/timing/relative.ts";
import { NO_OVERLAP } from "../../../../sim/timing/storebuffer.ts";
import { instruction, machines, stall, wordOf, type Instruction } from "./pipelines.ts";

const PAGES = 1;
const CATEGORIES = 3;
/** Where the answers lie that the code gives, and the pipeline's words behind them. */
const ANSWERS_AT = 0;
const STORAGE_AT = 64;

/** What is left to TypeScript, which works on the same words. */
const rest = fc.record({
  kind: fc.constantFrom("category", "trap", "flush", "idle", "restore"),
  category: fc.nat(CATEGORIES - 1),
});
const streams = fc.array(
  fc.oneof({ weight: 30, arbitrary: instruction }, { weight: 3, arbitrary: stall }, { weight: 1, arbitrary: rest }),
  { minLength: 40, maxLength: 120 },
);

describe("the code of the pipeline", () => {
  test("leaves the state, the clock and the counts that the pipeline leaves, after every step", () => {
    fc.assert(
      fc.property(machines, streams, (config, stream) => {
        const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
        const own = { buffer: new ArrayBuffer(PAGES << 16) };
        const [storage, ownStorage] = [linearStorage(memory, STORAGE_AT), linearStorage(own, STORAGE_AT)];
        const ours = new Pipeline(config, new Clock(CATEGORIES, storage), storage);
        const theirs = new Pipeline(config, new Clock(CATEGORIES, ownStorage), ownStorage);
        const [state, ownState] = [memory, own].map(
          ({ buffer }) => new Uint8Array(buffer, STORAGE_AT, storage.end - STORAGE_AT),
        );
        const code = codeOf(ours, memory);
        for (const event of stream) {
          if (event.kind === "step") {
            const word = wordOf(event);
            const answers = answersTo(event, config, theirs.clock.now);
            new Float64Array(memory.buffer, ANSWERS_AT).set(answers);
            code.step(word);
            theirs.step(word, outcomesOf(answers));
          } else if (event.kind === "stall") {
            const { itlbCycles, cacheCycles, tagCycles } = event;
            code.stallFetch(itlbCycles, cacheCycles, tagCycles);
            theirs.stallFetch(itlbCycles, cacheCycles, tagCycles);
          } else if (event.kind === "category") {
            code.setCategory(event.category);
            theirs.clock.category = event.category;
          } else {
            for (const pipeline of [ours, theirs]) rarely(pipeline, event.kind, event.category);
          }
          expect(Buffer.compare(state!, ownState!), JSON.stringify(event)).toBe(0);
        }
      }),
      { numRuns: 250 },
    );
  });
});

/** In the order of the questions: cycles until the translation, a cycle, an age, cycles until the answer, cycles. */
function answersTo(i: Instruction, { l1d, storeBuffer }: MachineConfig, now: number): number[] {
  const blockedUntil = l1d.mshrs === 0 ? now + i.blockedCycles : 0;
  const overlapAge = storeBuffer.onOverlap === "wait" ? i.overlapAge : NO_OVERLAP;
  return [i.translateCycles, blockedUntil, overlapAge, l1d.hitCycles + i.accessCycles, i.tagCycles];
}

function outcomesOf(answers: readonly number[]): Outcomes {
  const [translateCycles, blockedUntil, overlapAge, accessCycles, tagCycles] = answers as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    translate: (at) => at + translateCycles,
    device: () => false,
    blockedUntil: () => blockedUntil,
    overlapAge: () => overlapAge,
    read: (at) => at + accessCycles,
    write: (at) => at + accessCycles,
    tagCycles: () => tagCycles,
  };
}

const answer = (n: number): Term => f64.at(ANSWERS_AT + 8 * n);
const OUTCOMES: OutcomesCode = {
  translate: (_, at, wait) => wait(f64.add(at, answer(0))),
  block: (_, __, wait) => wait(answer(1)),
  overlapAge: () => select(f64.eq(answer(2), f64.const(NO_OVERLAP)), f64.const(Infinity), answer(2)),
  read: (_, at) => f64.add(at, answer(3)),
  write: (_, at) => f64.add(at, answer(3)),
  tagCycles: () => answer(4),
};

interface Code {
  readonly step: (word: number) => void;
  readonly stallFetch: (itlbCycles: number, cacheCycles: number, tagCycles: number) => void;
  readonly setCategory: (category: number) => void;
}

function codeOf(pipeline: Pipeline, memory: WebAssembly.Memory): Code {
  const module = new Functions();
  const { step, stallFetch, clock } = pipelineCode(module, pipeline.layout, OUTCOMES);
  module.define([I32], undefined, (f, word) => f.do(step(word)), "step");
  module.define([F64, F64, F64], undefined, (f, ...cycles) => f.do(stallFetch(...cycles)), "stallFetch");
  module.define([I32], undefined, (f, category) => clock.setCategory(f, category), "setCategory");
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: PAGES });
  return instantiate(bytes, { memory }).exports as unknown as Code;
}

function rarely(pipeline: Pipeline, kind: "trap" | "flush" | "idle" | "restore", cycles: number): void {
  if (kind === "trap") pipeline.trap(cycles & 1);
  else if (kind === "flush") pipeline.flush();
  else if (kind === "idle") pipeline.idle(pipeline.clock.now + cycles);
  else {
    const [writer, reader] = [new StateWriter(), new StateReader()];
    pipeline.save(writer);
    reader.begin(writer.words, 0, pipeline.clock.now);
    pipeline.restore(reader);
  }
}
