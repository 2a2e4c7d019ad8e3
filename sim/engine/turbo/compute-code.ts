// The code that computes transitions: what `PipelineMemo` does where one is not known yet, on the same words (sim/timing/memo.ts).
//
// Whatever is rare is left to the memo: room that runs out, tables that have to grow, devices, traps, flushes, waits for interrupts.
// Then nothing has changed. Slots stay where they are, and states have their numbers, whatever is computed here.
import { Cause, CAUSE_COUNT } from "../../stats/causes.ts";
import { FIRST_FAR, TO_FAR, Use, USE, USE_PLACE_BITS, USE_WORDS } from "../../timing/far-stores.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { FETCH, FETCH_WORDS, LATE, LATE_WORD, LATE_WORDS } from "../../timing/script.ts";
import { ADDED_WORDS } from "../../timing/scripts.ts";
import { FIRST_WAITING } from "../../timing/states.ts";
import { NO_ACCESS, SIZE_SHIFT } from "../../timing/step.ts";
import { OVERLAPS, STORES } from "../../timing/storebuffer.ts";
import { Class } from "../../timing/traits.ts";
import { NOBODY, Row, ROW_WORDS, Slot } from "../../timing/transitions.ts";
import { InternerCode } from "./intern-code.ts";
import { slotPlaces, slotWord } from "./memo-code.ts";
import { pipelineCode, type PipelineCode } from "./parts/pipeline.ts";
import { StepFields } from "./parts/step-fields.ts";
import { playedAt, playedOutcomes } from "./played-outcomes.ts";
import { element, f64, i32, NUMBER_BYTES, select, WORD_BYTES, WORD_SHIFT } from "./terms.ts";
import type { Callee, Functions, Local, Statements, Term } from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;
/** Words of a state at most, but for those of a window's entry. */
const MOST_STATE_WORDS = 256;
const ENTRY_WORDS = 5;
/** How far a number of a state is its index in. */
const STATE_INDEX = FIRST_WAITING - 1;

/** Exports `compute(state, script)`: the linear address of the slot of a transition that is not known; 0 where that is left to the memo. */
export function defineCompute(module: Functions, timing: Pick<GeneratedTiming, "memo">, scripts: InternerCode): void {
  new Writing(module, timing, scripts).compute();
}

/** What is under way while a script is gone through. */
interface Playing {
  readonly isFar: Local;
  /** Where the next use of the store buffer is noted, and how many instructions there were. */
  readonly use: Local;
  readonly place: Local;
}

class Writing {
  readonly #module: Functions;
  readonly #timing: Pick<GeneratedTiming, "memo">;
  readonly #scripts: InternerCode;
  readonly #states: InternerCode;
  readonly #pipeline: PipelineCode;

  constructor(module: Functions, timing: Pick<GeneratedTiming, "memo">, scripts: InternerCode) {
    const { bench, states } = timing.memo.computing;
    this.#module = module;
    this.#timing = timing;
    this.#scripts = scripts;
    this.#states = new InternerCode(module, states);
    this.#pipeline = pipelineCode(module, bench.pipeline, playedOutcomes(bench));
  }

  compute(): void {
    const { memo } = this.#timing;
    const { nearStores, computed } = memo.computing;
    const begin = this.#beginFunction();
    const play = this.#playFunction();
    const add = this.#addFunction();
    const farSlot = this.#farSlotFunction(begin, add);
    const body = (f: Statements, state: Local, script: Local): Term => {
      const unknown = (): void => f.return(word(0));
      f.if(i32.eq(script, word(TO_FAR)), () => f.return(farSlot(state)));
      f.if(i32.lt(i32.or(state, script), word(0)), unknown);
      const isFar = f.let(i32.lt(word(FIRST_FAR - 1), state));
      f.if(this.#lacksRoom(isFar), unknown);
      const isLateStore = f.let(i32.and(i32.not(isFar), this.#isLateStore(f, script)));
      f.if(i32.and(isLateStore, f64.lt(f64.at(nearStores.byteOffset), f64.const(1))), unknown);
      f.do(begin(state));
      f.if(i32.not(play(script, isFar)), unknown);
      const slot = f.let(add(state, script, isFar));
      f.if(slot, () => {
        f.count(memo.allowed.byteOffset, f64.const(-1));
        f.if(isLateStore, () => f.count(nearStores.byteOffset, f64.const(-1)));
        f.count(computed.byteOffset);
      });
      return slot;
    };
    this.#module.define([I32, I32], I32, body, "compute");
  }

  /** `farSlot(state)`: the slot that says what a near state is called when it is far, as of `PipelineMemo`. */
  #farSlotFunction(begin: Callee, add: Callee): Callee {
    const { computing, far } = this.#timing.memo;
    return this.#module.define([I32], I32, (f, state) => {
      const isFar = f.let(word(1));
      const isNear = i32.ltU(state, word(FIRST_FAR));
      f.if(i32.or(i32.not(isNear), this.#lacksRoom(isFar)), () => f.return(word(0)));
      f.do(begin(state));
      f.clear(computing.bench.played);
      const { buffer } = this.#pipeline;
      const age = buffer.waitingAt(f, f64.const(-Infinity));
      const use = f.let(this.#firstUse);
      const count = f.let(word(0));
      f.while(age, () => {
        f.set(age, i32.sub(age, word(1)));
        const at = i32.of(buffer.ageDoneAt(age));
        this.#noteUse(f, use, { what: word(Use.store), place: count, begin: word(0), at, doneAfter: word(0) });
        f.set(count, i32.add(count, word(1)));
      });
      f.store(i32.shl(i32.at(far.end.byteOffset), word(WORD_SHIFT)), far.uses.byteOffset, count);
      return add(state, word(TO_FAR), isFar);
    });
  }

  /** Where the first use of the next list lies. */
  get #firstUse(): Term {
    const { uses, end } = this.#timing.memo.far;
    return element(uses.byteOffset, i32.add(i32.at(end.byteOffset), word(1)), WORD_SHIFT);
  }

  /** Notes how a store buffer is used, and goes on to the next such note. */
  #noteUse(
    f: Statements,
    use: Local,
    o: Readonly<Record<"what" | "place" | "begin" | "at" | "doneAfter", Term>>,
  ): void {
    f.store(use, WORD_BYTES * USE.what, i32.or(o.what, i32.shl(o.place, word(USE_PLACE_BITS))));
    for (const name of ["begin", "at", "doneAfter"] as const) f.store(use, WORD_BYTES * USE[name], o[name]);
    f.set(use, i32.add(use, word(WORD_BYTES * USE_WORDS)));
  }

  /** Is there nothing left of what is allowed, or no room for another transition, or for its state? */
  #lacksRoom(isFar: Local): Term {
    const { allowed, far, computing, table } = this.#timing.memo;
    const { size, most, bench } = computing;
    const following = i32.add(i32.at(size.byteOffset), word(1));
    const slots = i32.shl(word(1), i32.sub(word(32), i32.at(table.shift.byteOffset)));
    return [
      this.#scripts.isOutgrown,
      f64.lt(f64.at(allowed.byteOffset), f64.const(1)),
      i32.lt(word(most), following),
      i32.lt(slots, i32.shl(following, word(1))),
      this.#states.lacksRoom(MOST_STATE_WORDS + ENTRY_WORDS * bench.pipeline.config.scoreboard.entries),
      i32.and(isFar, i32.lt(word(far.lastBegin), i32.at(far.end.byteOffset))),
    ].reduce(i32.or);
  }

  /** Is a script that of a single store whose access is late? Its time becomes part of a near state. */
  #isLateStore(f: Statements, script: Local): Term {
    const at = f.let(this.#scripts.at(script));
    const step = f.let(i32.load(at));
    const isLate = i32.ne(i32.load(at, WORD_BYTES * (1 + LATE_WORD.accessCycles)), word(0));
    const hasOutcomes = i32.eq(i32.shrU(step, word(Math.log2(LATE))), word(1));
    return [hasOutcomes, isLate, isOneOf(new StepFields(step), [Class.store, Class.cbo])].reduce(i32.and);
  }

  /** `begin(state)`: as `Bench.begin`. */
  #beginFunction(): Callee {
    const { bench } = this.#timing.memo.computing;
    return this.#module.define([I32], undefined, (f, state) => {
      f.clear(bench.pipeline.stores.counts);
      this.#pipeline.restore(f, this.#states.at(i32.and(state, word(STATE_INDEX))));
    });
  }

  /** `play(script, isFar)`: goes through a script, as `Player.play`; 0 where it has what is left to that. */
  #playFunction(): Callee {
    const { computing, far } = this.#timing.memo;
    const { bench } = computing;
    return this.#module.define([I32, I32], I32, (f, script, isFar) => {
      f.clear(bench.played);
      f.storeAt(bench.playing.byteOffset + WORD_BYTES, isFar);
      const at = f.let(this.#scripts.at(script));
      const end = f.let(this.#scripts.at(i32.add(script, word(1))));
      f.set(end, i32.sub(end, word(WORD_BYTES * ADDED_WORDS)));
      const use = f.let(this.#firstUse);
      const playing: Playing = { isFar, use, place: f.let(word(0)) };
      f.while(i32.ltU(at, end), () => {
        const step = f.let(i32.load(at));
        f.set(at, i32.add(at, word(WORD_BYTES)));
        f.if(
          i32.lt(step, word(0)),
          () => {
            f.if(i32.ne(step, word(FETCH)), () => f.return(word(0)));
            const cycles = [0, 1, 2].map((i) => f64.of(i32.load(at, WORD_BYTES * i)));
            f.do(this.#pipeline.stallFetch(...cycles));
            f.set(at, i32.add(at, word(WORD_BYTES * FETCH_WORDS)));
          },
          () => this.#step(f, step, at, playing),
        );
      });
      const bytes = i32.sub(use, this.#firstUse);
      const uses = i32.shrU(bytes, word(Math.log2(WORD_BYTES * USE_WORDS)));
      f.store(i32.shl(i32.at(far.end.byteOffset), word(WORD_SHIFT)), far.uses.byteOffset, uses);
      return word(1);
    });
  }

  /** Goes through one instruction, whose outcomes lie at `at` if it has any. */
  #step(f: Statements, step: Local, at: Local, playing: Playing): void {
    const { bench } = this.#timing.memo.computing;
    const outcomes = f.let(word(bench.onTime.byteOffset));
    f.if(i32.and(step, word(LATE)), () => {
      f.set(outcomes, at);
      f.set(at, i32.add(at, word(WORD_BYTES * LATE_WORDS)));
      f.set(step, i32.and(step, word(~LATE)));
      f.if(i32.lt(i32.load(outcomes, WORD_BYTES * LATE_WORD.blockedCycles), word(0)), () => f.return(word(0)));
    });
    f.storeAt(bench.playing.byteOffset, outcomes);
    f.if(
      playing.isFar,
      () => this.#farStep(f, step, outcomes, playing),
      () => f.do(this.#pipeline.step(step)),
    );
  }

  /** The same where the times of stores are kept elsewhere: notes how it uses the buffer, as `BufferUses.step`, and `FarStores.note`. */
  #farStep(f: Statements, step: Local, outcomes: Local, { use, place }: Playing): void {
    const { clock, buffer } = this.#pipeline;
    const begin = f.let(f64.sub(clock.now, f64.const(1)));
    const cycles = f.let(i32.load(outcomes, WORD_BYTES * LATE_WORD.bufferCycles));
    const clearAt = select(cycles, f64.add(begin, f64.of(cycles)), f64.const(-Infinity));
    buffer.clear(f, f.let(clearAt));
    f.do(this.#pipeline.step(step));
    const what = f.let(this.#useOf(f, step));
    f.if(what, () => {
      const at = f.let(f64.sub(clock.now, f64.const(1)));
      const doneAfter = select(i32.eq(what, word(Use.store)), i32.of(f64.sub(f.let(buffer.emptyAt), at)), word(0));
      this.#noteUse(f, use, { what, place, begin: i32.of(begin), at: i32.of(at), doneAfter });
    });
    f.set(place, i32.add(place, word(1)));
  }

  /** As `useOf`; loads that wait for no store are left out. */
  #useOf(f: Statements, step: Local): Term {
    const fields = new StepFields(step);
    const use = f.let(word(Use.all));
    f.if(isOneOf(fields, [Class.store, Class.cbo]), () => f.set(use, word(Use.store)));
    const ofLoad = this.#timing.memo.far.forwards ? Use.none : Use.load;
    f.if(fields.is(Class.load), () => f.set(use, word(ofLoad)));
    const accesses = i32.ne(i32.and(i32.shrU(step, word(SIZE_SHIFT)), word(NO_ACCESS)), word(NO_ACCESS));
    return select(i32.or(accesses, fields.is(Class.fence)), use, word(Use.none));
  }

  /** `add(state, script, isFar)`: as `PipelineMemo.#add`; 0 where the state cannot be numbered. */
  #addFunction(): Callee {
    const { memo } = this.#timing;
    const { bench } = memo.computing;
    return this.#module.define([I32, I32, I32], I32, (f, state, script, isFar) => {
      const next = f.let(this.#numberState(f, isFar));
      f.if(i32.lt(next, word(0)), () => f.return(word(0)));
      const waiting = f.let(i32.of(f64.at(playedAt(bench, "waiting"))));
      f.if(isFar, () => f.set(waiting, this.#noteUses(f)));
      const transition = f.let(this.#addRow(f, script));
      const translateAt = i32.of(f64.at(playedAt(bench, "translateAt")));
      f.store(i32.shl(transition, word(WORD_SHIFT)), memo.table.translateAt.byteOffset, translateAt);
      const slot = this.#freeSlot(f, state, script);
      const values: Readonly<Record<keyof typeof Slot, Term>> = {
        ...{ state, script, next, waiting, transition },
        cycles: i32.of(this.#pipeline.clock.now),
        blockedAt: i32.of(f64.at(playedAt(bench, "blockedAt"))),
        accessAt: i32.of(f64.at(playedAt(bench, "accessAt"))),
      };
      for (const [name, value] of Object.entries(values))
        f.store(slot, WORD_BYTES * Slot[name as keyof typeof Slot], value);
      return slot;
    });
  }

  /** The number of the state in which the pipeline is; less than 0 where that cannot be told. */
  #numberState(f: Statements, isFar: Local): Term {
    const { length, origin } = this.#pipeline.save(f, this.#states.next, isFar);
    const number = f.let(this.#states.intern(length));
    f.if(i32.lt(number, word(0)), () => f.return(word(0)));
    const waits = f64.gt(this.#pipeline.buffer.emptyAt, origin);
    const near = select(waits, word(FIRST_WAITING), word(0));
    return i32.or(number, select(isFar, word(FIRST_FAR), near));
  }

  /** The list of uses that has been noted: where it begins, or 0 for one without any. */
  #noteUses(f: Statements): Term {
    const { end, uses } = this.#timing.memo.far;
    const at = f.let(i32.at(end.byteOffset));
    const count = f.let(i32.load(i32.shl(at, word(WORD_SHIFT)), uses.byteOffset));
    f.if(count, () => f.storeAt(end.byteOffset, i32.add(i32.add(at, word(1)), i32.mul(count, word(USE_WORDS)))));
    return select(count, at, word(0));
  }

  /** As `Transitions.add` fills a row; gives the transition's number. */
  #addRow(f: Statements, script: Local): Term {
    const { size, rows, bench } = this.#timing.memo.computing;
    const { clock, stores } = bench.pipeline;
    const transition = f.let(i32.at(size.byteOffset));
    f.storeAt(size.byteOffset, i32.add(transition, word(1)));
    const row = f.let(i32.mul(transition, word(WORD_BYTES * ROW_WORDS)));
    const put = (place: number, value: Term): void => f.store(row, rows.byteOffset + WORD_BYTES * place, value);
    const numberAt = (numbers: Float64Array, i: number): Term => i32.of(f64.at(numbers.byteOffset + NUMBER_BYTES * i));
    put(Row.script, script);
    put(Row.shared, numberAt(clock.shared, 0));
    put(Row.stores, numberAt(stores.counts, STORES));
    put(Row.overlaps, numberAt(stores.counts, OVERLAPS));
    for (let cause: number = Cause.base; cause < CAUSE_COUNT; cause += 1)
      put(Row.causes + cause, numberAt(clock.cycles, cause));
    return transition;
  }

  /** Where the slot of a transition will be. */
  #freeSlot(f: Statements, state: Local, script: Local): Local {
    const places = slotPlaces(this.#timing.memo);
    const slot = f.let(places.first(state, script));
    f.while(i32.ne(slotWord(slot, "state"), word(NOBODY)), () => f.set(slot, places.next(slot)));
    return slot;
  }
}

const isOneOf = (step: StepFields, classes: readonly number[]): Term =>
  classes.map((timingClass) => step.is(timingClass)).reduce(i32.or);
