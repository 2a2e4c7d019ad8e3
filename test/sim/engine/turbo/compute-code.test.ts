// The code that computes transitions does what the memo does: random scripts from random states on random machines.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computingModule } from "../../../../sim/engine/turbo/computing.ts";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import type { MachineConfig } from "../../../../sim/config/machine.ts";
import { CAUSE_COUNT } from "../../../../sim/stats/causes.ts";
import { Clock } from "../../../../sim/timing/clock.ts";
import { isFar, TO_FAR, Use, USE_WORDS, useKind, useOf } from "../../../../sim/timing/far-stores.ts";
import type { InternerLayout } from "../../../../sim/timing/intern.ts";
import { LIVE } from "../../../../sim/timing/live.ts";
import { PipelineMemo, type MemoOptions } from "../../../../sim/timing/memo.ts";
import { heapStorage, linearStorage } from "../../../../sim/timing/part.ts";
import { Pipeline } from "../../../../sim/timing/pipeline.ts";
import { StateReader, StateWriter } from "../../../../sim/timing/relative.ts";
import { DEVICE, LATE, ON_TIME, Player, Script, type Lateness } from "../../../../sim/timing/script.ts";
import { ADDED_WORDS } from "../../../../sim/timing/scripts.ts";
import { FIRST_WAITING } from "../../../../sim/timing/states.ts";
import { NO_OVERLAP } from "../../../../sim/timing/storebuffer.ts";
import { Class } from "../../../../sim/timing/traits.ts";
import { Row, ROW_WORDS, Slot } from "../../../../sim/timing/transitions.ts";
import { MANY_OVERLAPS, OVERLAP, OVERLAPPING, overlapsOf, WAITING } from "../../../../sim/timing/variants.ts";
import { machine } from "../../timing/harness.ts";
import { instruction, machines, stall, wordOf, type Instruction } from "./pipelines.ts";

const PAGES = 700;
const CATEGORY = 1;

const piece = fc.record({ kind: fc.constant("piece" as const), steps: fc.array(instruction, { maxLength: 6 }) });
const late = instruction.map((step) => ({ kind: "late" as const, step }));
/** A store that is late, when no more of them may become part of a near state. */
const far = fc.record({ kind: fc.constant("far" as const), accessCycles: fc.integer({ min: 1, max: 60 }) });
const waiting = fc.record({ kind: fc.constant("waiting" as const), place: fc.nat(5), bufferCycles: fc.nat(30) });
/** A piece some of whose loads overlap stores. */
const overlapping = fc.record({
  kind: fc.constant("overlapping" as const),
  steps: fc.array(
    instruction.map((step) => (step.rd % 2 === 0 ? { ...step, timingClass: Class.load } : step)),
    { maxLength: 8 },
  ),
});
const streams = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: piece },
    { weight: 6, arbitrary: late },
    { weight: 4, arbitrary: overlapping },
    { weight: 1, arbitrary: stall },
    { weight: 2, arbitrary: waiting },
    { weight: 1, arbitrary: far },
  ),
  { minLength: 10, maxLength: 60 },
);

describe("the code that computes transitions", () => {
  test("adds the transition, the row, the next state and the uses of stores that a pipeline and a player come to", () => {
    fc.assert(
      fc.property(machines, streams, fc.constantFrom(7, 1 << 12), (config, stream, mostTransitions) => {
        const bench = new ComputingBench(config, { nearStores: 0, mostTransitions });
        for (const event of stream) bench.go(event);
        bench.check();
      }),
      { numRuns: 200 },
    );
  });

  test("spends what is allowed: a transition, and for a store that is late in a near state one of these", () => {
    const bench = new ComputingBench(CVA6, { allowed: 10, nearStores: 3 });
    const left = (): number[] => [bench.memo.allowed[0]!, bench.memo.computing.nearStores[0]!, bench.memo.computed];
    bench.compute(
      bench.state,
      bench.scriptOf((s) => s.step(ALU)),
    );
    expect(left()).toEqual([9, 3, 1]);
    bench.compute(
      bench.state,
      bench.scriptOf((s) => s.lateStep(STORE_WORD, { ...ON_TIME, accessCycles: 5 })),
    );
    expect(left()).toEqual([8, 2, 2]);
    bench.compute(
      bench.state,
      bench.scriptOf((s) => s.lateStep(LOAD_WORD, { ...ON_TIME, accessCycles: 5 })),
    );
    bench.compute(
      bench.state,
      bench.scriptOf((s) => s.lateStep(STORE_WORD, { ...ON_TIME, translateCycles: 5 })),
    );
    expect(left()).toEqual([6, 2, 4]);
  });

  const alu = (script: Script): void => script.step(ALU);
  const store = (script: Script): void => script.lateStep(STORE_WORD, { ...ON_TIME, accessCycles: 5 });
  const left: readonly (readonly [string, Partial<MemoOptions>, (script: Script) => void])[] = [
    ["a trap", {}, (s) => s.trap(1)],
    ["a flush", {}, (s) => s.flush()],
    ["a wait for an interrupt", {}, (s) => s.idle(3)],
    ["a device", {}, (s) => s.lateStep(LOAD_WORD, { ...ON_TIME, blockedCycles: DEVICE })],
    [
      "a device behind what is on time",
      {},
      (s) => (alu(s), s.lateStep(LOAD_WORD, { ...ON_TIME, blockedCycles: DEVICE })),
    ],
    ["what is not allowed", { allowed: 0.5 }, alu],
    ["a late store for which there is nothing left", { nearStores: 0.5 }, store],
  ];
  test.each(left)("leaves %s to the memo, and changes nothing", (_, options, write) => {
    const bench = new ComputingBench(CVA6, options);
    const script = bench.scriptOf(write);
    const before = bench.told();
    expect(bench.code.compute(bench.state, script)).toBe(0);
    expect(bench.told()).toEqual(before);
  });

  test("leaves a state that is not remembered to the memo, and a script that is not known", () => {
    const bench = new ComputingBench(CVA6, {});
    expect([bench.code.compute(LIVE, bench.scriptOf(alu)), bench.code.compute(bench.state, -1)]).toEqual([0, 0]);
  });

  /** Scripts of one instruction, two, and so on. */
  const scriptsOf = (bench: ComputingBench, length: number): number[] =>
    Array.from({ length }, (_, i) => bench.scriptOf((s) => Array.from({ length: i + 1 }, () => alu(s))));

  test("computes as many transitions as are remembered", () => {
    const bench = new ComputingBench(CVA6, { mostTransitions: 7 });
    const computed = scriptsOf(bench, 9).map((script) => bench.code.compute(bench.state, script) !== 0);
    expect(computed).toEqual([true, true, true, true, true, true, true, false, false]);
  });

  test("leaves it to the memo to double the table of transitions, and then goes on", () => {
    const bench = new ComputingBench(CVA6, {});
    const half = 2 ** (31 - bench.memo.table.shift[0]!);
    const scripts = scriptsOf(bench, half + 2);
    for (const script of scripts.slice(0, half)) bench.compute(bench.state, script);
    expect(bench.code.compute(bench.state, scripts[half]!)).toBe(0);
    bench.memo.advance(bench.state, scripts[half]!, 0);
    bench.compute(bench.state, scripts[half + 1]!);
  });

  const variants: readonly (readonly [string, readonly number[]])[] = [
    ["later than is remembered", [0, 0, NO_OVERLAP, 2 ** 28 + 1, 0]],
    ["of a page later than is remembered", [2 ** 28 + 1, 0, NO_OVERLAP, 0, 0]],
    ["of a device", [0, DEVICE, NO_OVERLAP, 0, 0]],
    ["of more loads that overlap stores than are told", [0, OVERLAPPING, NO_OVERLAP, 0, 0]],
    ["that waits for longer than is remembered", [0, WAITING, NO_OVERLAP, 0, 2 ** 28 + 1]],
  ];
  test.each(variants)("leaves a script %s to the memo", (_, outcomes) => {
    const bench = new ComputingBench(CVA6, {});
    const onTime = bench.scriptOf((s) => s.step(LOAD_WORD));
    expect([bench.code.makeVariant(onTime, ...outcomes), bench.memo.scripts.size]).toEqual([-1, 1]);
    expect(bench.code.makeVariant(onTime, 2 ** 28, 2 ** 28, NO_OVERLAP, 2 ** 28, 0)).toBe(1);
  });

  test("leaves a fetch to the memo that stands still for longer than a script has it", () => {
    const bench = new ComputingBench(CVA6, {});
    const onTime = bench.scriptOf((s) => s.stallFetch(0, 0, 0));
    const made = [0, 1].map((more) => bench.code.makeVariant(onTime, 2 ** 27, 0, NO_OVERLAP, 2 ** 27 + more, 0));
    expect(made).toEqual([1, -1]);
  });
});

type Event = typeof streams extends fc.Arbitrary<(infer T)[]> ? T : never;

interface Code {
  readonly compute: (state: number, script: number) => number;
  readonly makeVariant: (onTime: number, ...outcomes: number[]) => number;
}

/** A memo, the code that computes for it, and a pipeline of one's own that says what has to come out. */
class ComputingBench {
  readonly memo: PipelineMemo;
  readonly code: Code;
  state: number;
  readonly #config: MachineConfig;
  readonly #pipeline: Pipeline;
  readonly #player: Player;
  /** What was told of the transitions whose states have their numbers yet. */
  readonly #taken: { readonly state: number; readonly script: number; readonly told: unknown }[] = [];
  /** The script that was gone through last. */
  #last = -1;

  constructor(config: MachineConfig, options: Partial<MemoOptions>) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const storage = linearStorage(memory, 64);
    this.#config = config;
    this.memo = new PipelineMemo(config, { categories: CATEGORY + 1, storage, ...options });
    this.memo.onRenumbered = () => (this.#taken.length = 0);
    this.code = codeOf(this.memo, memory);
    this.state = this.memo.start();
    this.#pipeline = new Pipeline(config, new Clock(1, heapStorage), heapStorage);
    this.#player = new Player(this.#pipeline, config.l1d.hitCycles);
  }

  /** The number of a script. */
  scriptOf(write: (script: Script) => void): number {
    const script = new Script();
    write(script);
    return this.memo.scripts.number(script, CATEGORY);
  }

  /** The slot of a transition that is computed here. */
  compute(state: number, script: number): number {
    const at = this.code.compute(state, script);
    expect(at).toBeGreaterThan(0);
    return (at - this.memo.slots.byteOffset) / 4;
  }

  /** What is known so far, and left. */
  told(): unknown {
    const { computing, far, allowed, slots, table } = this.memo;
    const { states, scripts, size, nearStores } = computing;
    const counts = [states.known, scripts.known, size, far.end, allowed, nearStores].map((numbers) => [...numbers]);
    return { counts, computed: this.memo.computed, slots: slots.slice(0, 1 << 13), translateAt: table.translateAt[0] };
  }

  /** All that was told still holds. */
  check(): void {
    for (const { state, script, told } of this.#taken)
      expect(this.#told(this.memo.peek(state, script, 0))).toEqual(told);
  }

  go(event: Event): void {
    const { scripts } = this.memo;
    if (event.kind === "piece") {
      const script = new Script();
      for (const step of event.steps) script.step(wordOf(step));
      return this.#take(scripts.number(script, CATEGORY));
    }
    if (event.kind === "overlapping") return this.#takeOverlapping(event.steps);
    if (event.kind === "stall") {
      const script = new Script();
      script.stallFetch(0, 0, 0);
      const onTime = scripts.number(script, CATEGORY);
      script.clear();
      const cacheCycles = event.cacheCycles + event.tagCycles;
      script.stallFetch(event.itlbCycles, cacheCycles, event.tagCycles);
      const outcomes = [event.itlbCycles, 0, NO_OVERLAP, cacheCycles, event.tagCycles];
      return this.#take(this.#variant(onTime, outcomes, scripts.number(script, CATEGORY)));
    }
    if (event.kind === "waiting") return this.#wait(event.place, event.bufferCycles);
    if (event.kind === "late") return this.#takeLate(event.step);
    this.#turnFar();
    const store = wordOf({ ...STORE, accessCycles: event.accessCycles });
    const slot = this.memo.late(this.state, store, CATEGORY, { ...ON_TIME, accessCycles: event.accessCycles }, 0);
    this.state = this.memo.slots[slot + Slot.next]!;
  }

  /** What a near state is called when it is far, its waiting stores pushed: the state stays as it is. */
  #turnFar(): void {
    const { memo, state } = this;
    if (state === LIVE || isFar(state)) return;
    const at = this.code.compute(state, TO_FAR);
    if (at === 0) return;
    const told = this.#told((at - memo.slots.byteOffset) / 4);
    expect(told).toEqual(this.#expected(state, TO_FAR));
  }

  /** Of a far state: stores stand in the way of an instruction of the last script. */
  #wait(place: number, bufferCycles: number): void {
    if (!isFar(this.state) || this.#last < 0 || bufferCycles === 0) return;
    const words = this.#wordsOf(this.memo.computing.scripts, this.#last).slice(0, -ADDED_WORDS);
    if (words.length === 0 || words.some((word) => word < 0 || (word & LATE) !== 0) || place >= words.length) return;
    if (!this.#usesBuffer(words[place]!)) return;
    const expected = this.memo.scripts.waiting(this.#last, place, bufferCycles);
    this.memo.scripts.variants.clear();
    this.#take(this.#variant(this.#last, [0, WAITING, NO_OVERLAP, place, bufferCycles], expected));
  }

  /** May a far store stand in the way of an instruction? */
  #usesBuffer(word: number): boolean {
    const use = useOf(word, false);
    return isFar(this.state) && use !== Use.none && (use !== Use.load || !this.memo.far.forwards);
  }

  #takeOverlapping(steps: readonly Instruction[]): void {
    const { scripts, far } = this.memo;
    if (isFar(this.state) || far.forwards) return;
    const [onTime, whole] = [new Script(), new Script()];
    const ageAt = (i: number): number => {
      const { timingClass, overlapAge } = steps[i]!;
      return timingClass === Class.load && overlapAge < 2 ** OVERLAP.ageBits ? overlapAge : NO_OVERLAP;
    };
    for (const [i, step] of steps.entries()) {
      onTime.step(wordOf(step));
      if (ageAt(i) === NO_OVERLAP) whole.step(wordOf(step));
      else whole.lateStep(wordOf(step), { ...ON_TIME, overlapAge: ageAt(i) });
    }
    const overlaps = overlapsOf(onTime, ageAt);
    const expected = scripts.number(whole, CATEGORY);
    const [low, high] =
      overlaps === undefined ? this.#manyOf(steps, ageAt) : [overlaps.accessCycles, overlaps.tagCycles];
    const outcomes = [0, OVERLAPPING, NO_OVERLAP, low, high];
    this.#take(this.#variant(scripts.number(onTime, CATEGORY), outcomes, expected));
  }

  /** The words of a variant with more overlaps than those tell. */
  #manyOf(steps: readonly Instruction[], ageAt: (i: number) => number): readonly [number, number] {
    const loads = [...steps.keys()].filter((i) => steps[i]!.timingClass === Class.load);
    const overlaps = loads.flatMap((i, load) =>
      ageAt(i) === NO_OVERLAP ? [] : [(load << OVERLAP.ageBits) | ageAt(i)],
    );
    return [this.memo.scripts.overlaps.intern(Int32Array.from(overlaps), overlaps.length), MANY_OVERLAPS];
  }

  #takeLate(step: Instruction): void {
    const word = wordOf(step);
    const outcomes: Lateness = {
      translateCycles: step.translateCycles,
      blockedCycles: step.blockedCycles,
      overlapAge: isFar(this.state) ? NO_OVERLAP : step.overlapAge,
      accessCycles: step.accessCycles + step.tagCycles,
      tagCycles: step.tagCycles,
      bufferCycles: this.#usesBuffer(word) ? step.blockedCycles : 0,
    };
    const single = this.memo.scripts.single(word, CATEGORY);
    const { bufferCycles } = outcomes;
    const onTime = bufferCycles > 0 ? this.memo.scripts.waiting(single, 0, bufferCycles) : single;
    const expected = this.memo.scripts.late(onTime, word, CATEGORY, outcomes);
    const { translateCycles, blockedCycles, overlapAge, accessCycles, tagCycles } = outcomes;
    const variant = [translateCycles, blockedCycles, overlapAge, accessCycles, tagCycles];
    this.#take(this.#variant(onTime, variant, expected));
  }

  /** The code numbers the script of a variant as the memo does. */
  #variant(onTime: number, outcomes: readonly number[], expected: number): number {
    expect(this.code.makeVariant(onTime, ...outcomes)).toBe(expected);
    return expected;
  }

  #take(script: number): void {
    const { memo, state } = this;
    const at = this.code.compute(state, script);
    if (at === 0) return;
    const slot = (at - memo.slots.byteOffset) / 4;
    const told = this.#told(slot);
    expect(told).toEqual(this.#expected(state, script));
    this.#taken.push({ state, script, told });
    this.#last = script;
    this.state = memo.slots[slot + Slot.next]!;
  }

  /** What the memo's tables say of a transition. */
  #told(slot: number): unknown {
    const { slots, table, computing, far } = this.memo;
    const word = (name: keyof typeof Slot): number => slots[slot + Slot[name]]!;
    const transition = word("transition");
    const row = computing.rows.subarray(ROW_WORDS * transition, ROW_WORDS * (transition + 1));
    const goesFar = isFar(word("next"));
    const uses = goesFar ? far.uses.subarray(word("waiting") + 1) : [];
    return {
      state: word("state"),
      script: word("script"),
      times: [word("cycles"), table.translateAt[transition], word("blockedAt"), word("accessAt")],
      counts: [row[Row.script], row[Row.shared], row[Row.stores], row[Row.overlaps]],
      causes: [...row.subarray(Row.causes)],
      waiting: goesFar ? 0 : word("waiting"),
      uses: [...uses.slice(0, USE_WORDS * (word("waiting") === 0 ? 0 : far.uses[word("waiting")]!))],
      next: [...this.#wordsOf(computing.states, word("next") & (FIRST_WAITING - 1))],
      kind: word("next") >>> 28,
    };
  }

  /** The same as a pipeline of its own has it. */
  #expected(state: number, script: number): unknown {
    const { states, scripts } = this.memo.computing;
    const [pipeline, player] = [this.#pipeline, this.#player];
    const { clock, stores } = pipeline;
    clock.reset();
    stores.events.values.fill(0);
    player.uses.clear();
    const reader = new StateReader();
    reader.begin(this.#wordsOf(states, state & (FIRST_WAITING - 1)), 0, 0);
    pipeline.restore(reader);
    player.play(new Int32Array(0), 0, 0);
    if (script === TO_FAR) {
      for (const time of stores.timesAt(-Infinity)) player.uses.step(Use.store, 0, time, 0);
      stores.leave();
    } else {
      const words = this.#wordsOf(scripts, script);
      player.play(words, 0, words.length - ADDED_WORDS);
    }
    const writer = new StateWriter();
    pipeline.save(writer);
    const waits = !stores.elsewhere && stores.waitsAt(writer.origin);
    return {
      ...{ state, script },
      times: [clock.now, player.translateAt, player.blockedAt, player.accessAt],
      counts: [script, clock.shared[0], ...stores.events.values],
      causes: [...clock.cycles.subarray(0, CAUSE_COUNT)],
      waiting: stores.elsewhere ? 0 : player.waiting,
      uses: stores.elsewhere ? this.#usesOf(player) : [],
      next: [...writer.words.subarray(0, writer.length)],
      kind: stores.elsewhere ? 2 : waits ? 1 : 0,
    };
  }

  #usesOf({ uses: { words } }: Player): number[] {
    const { onOverlap } = this.#config.storeBuffer;
    const uses = Array.from({ length: words.length / USE_WORDS }, (_, i) =>
      words.slice(USE_WORDS * i, USE_WORDS * (i + 1)),
    );
    return uses.filter(([what]) => onOverlap === "wait" || useKind(what!) !== Use.load).flat();
  }

  #wordsOf({ words, starts }: InternerLayout, number: number): Int32Array {
    return words.subarray(starts[number], starts[number + 1]);
  }
}

const CVA6 = machine([], "cva6@1");
const STORE: Instruction = {
  kind: "step",
  ...{ timingClass: Class.store, rd: 0, rs1: 0, rs2: 0, dataBytes: 8, outcome: 0 },
  ...{ translateCycles: 0, blockedCycles: 0, overlapAge: NO_OVERLAP, accessCycles: 0, tagCycles: 0 },
};
const STORE_WORD = wordOf(STORE);
const LOAD_WORD = wordOf({ ...STORE, timingClass: Class.load, rd: 5 });
const ALU = wordOf({ ...STORE, timingClass: Class.alu, rd: 5, dataBytes: 0 });

function codeOf(memo: PipelineMemo, memory: WebAssembly.Memory): Code {
  return instantiate(computingModule({ memo }, PAGES), { memory }).exports as unknown as Code;
}
