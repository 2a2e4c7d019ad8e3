// Remembers what a pipeline does: from a state, through a script, so many cycles for these causes, and on in that state.
//
// The technique is that of FastSim (Schnarr and Larus, "Fast Out-Of-Order Processor Simulation Using Memoization", ASPLOS
// 1998): a pipeline that holds no address is a finite automaton. States and scripts are numbered; a transition is computed once,
// by the pipeline itself, and looked up from then on.
//
// The contract with an engine that runs pieces of straight-line code (memo-core.ts keeps it in TypeScript):
//
// - A *piece* is code that runs through: its step words, a branch or jump at most as the last (with its outcome in the word), all
//   of one category. `script` numbers it when it is translated, once for each outcome of its branch.
// - The engine holds a state. At the end of a piece whose outcomes were all on time it takes a transition: it adds CYCLES to its
//   clock and 1 to `taken[TRANSITION]`, and goes on in state NEXT. The transition of state s and script p is among the `slots` that
//   transitions.ts describes, in the one whose STATE and SCRIPT are s and p; where there is none, `advance` says where it is.
// - An access is *on time* if its page is in the first-level TLB and its line in the first-level cache, which was not busy at the
//   piece's first cycle (with two instructions a cycle: at the one before, which the first may share), and if it overlaps no
//   waiting store: the buffer forwards, or the access's overlap age (StoreBlocks) is no
//   less than the transition's WAITING. Each part's `fastPath` says what generated code may compare by itself.
// - An instruction that may not be on time ends the piece before it: `step` takes it, and asks its outcomes of the dynamic parts,
//   each at its cycle. In state LIVE every load with an overlap age is such.
// - What is late of a fetch, asked for at the clock's now, and traps, flushes and waits are scripts of their own.
// - To know WAITING before a piece whose slot holds another, `peek`.
// - Numbers of states last until the next call of these three: the slot's STATE is that by which the given one goes now.
//
// Where code does not repeat itself, remembering costs more than it saves. So transitions are computed out of an allowance that
// grows with simulated time; while there is none, the state is LIVE: a pipeline goes step by step, and nothing is remembered.
import type { MachineConfig } from "../config/machine.ts";
import { Clock } from "./clock.ts";
import { Interner } from "./intern.ts";
import { heapStorage, type Storage } from "./part.ts";
import { Pipeline, type Outcomes } from "./pipeline.ts";
import { StateReader, StateWriter } from "./relative.ts";
import { ScriptCounts, type Counted } from "./script-counts.ts";
import { Answered, copyLateness, DEVICE, ON_TIME, Player, Script, type Lateness } from "./script.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Slot, Transitions } from "./transitions.ts";
import { Class, traitClass } from "./traits.ts";
import { Variants } from "./variants.ts";

/** The state of a pipeline that is not remembered. */
export const LIVE = -2;
const UNKNOWN = -1;

/** Beyond so many transitions the memo starts afresh. */
const MOST_TRANSITIONS = 1 << 16;
/** Cycles that allow one transition to be computed, which takes about as long as 100 instructions of generated code. */
const CYCLES_A_TRANSITION = 256;
const MOST_ALLOWED = 1 << 13;
/** With so many allowed again a live state is numbered. */
const RESUME_ALLOWED = 16;
/** An instruction that is later by more than so many cycles is gone through, and not remembered: what is remembered are words. */
export const MOST_LATE_CYCLES = 2 ** 28;
/** Words that follow those of a script where they are numbered: the category, and `Counted`. */
const ADDED_WORDS = 2;
const COUNTED: readonly Counted[] = ["elsewhere", "physical", "translated"];
/** Scripts of one instruction that are found without their words. */
const SINGLES_BITS = 10;
/** A single: step word, category, number. */
const SINGLE_WORDS = 4;
const SINGLE_SPREAD = 0x9e3779b1;

export interface MemoOptions {
  /** How many the image has. */
  readonly categories: number;
  /** Where `slots` and `taken` lie. */
  readonly storage?: Storage;
  readonly mostTransitions?: number;
  /** Simulated cycles that allow one transition to be computed. */
  readonly cyclesATransition?: number;
  /** Transitions that may be computed at the start. */
  readonly allowed?: number;
}

export class PipelineMemo {
  readonly #transitions: Transitions;
  readonly #variants: Variants;
  readonly #states = new Interner();
  readonly #scripts = new Interner();
  #categories: number[] = [];
  #counted: Counted[] = [];
  readonly #counts = new ScriptCounts();
  /** Called when states have new numbers, and when scripts have. */
  onRenumbered: (scriptsToo: boolean) => void = () => {};
  /** Computes transitions, each from its cycle 0. */
  readonly #bench: Pipeline;
  readonly #benchPlayer: Player;
  /** Goes on where nothing is remembered. Its counts take in those of all transitions when they are collected. */
  readonly #live: Pipeline;
  readonly #livePlayer: Player;
  readonly #writer = new StateWriter();
  readonly #reader = new StateReader();
  readonly #single = new Script();
  /** Direct-mapped by step word. */
  readonly #singles = new Int32Array(SINGLE_WORDS << SINGLES_BITS).fill(UNKNOWN);
  readonly #late: Lateness = { ...ON_TIME };
  readonly #hitCycles: number;
  readonly #cyclesATransition: number;
  /** [0]: how many transitions may be computed now; less than none: more were than that, since what is asked about is gone through. */
  readonly allowed: Float64Array;
  #earnedUntil = 0;
  #computed = 0;

  constructor(config: MachineConfig, options: MemoOptions) {
    const { categories, storage = heapStorage } = options;
    this.#transitions = new Transitions(options.mostTransitions ?? MOST_TRANSITIONS, storage);
    this.#variants = new Variants(storage);
    this.#cyclesATransition = options.cyclesATransition ?? CYCLES_A_TRANSITION;
    this.allowed = storage.float64(1, options.allowed ?? MOST_ALLOWED);
    this.#hitCycles = config.l1d.hitCycles;
    this.#live = new Pipeline(config, new Clock(categories, heapStorage), heapStorage);
    this.#livePlayer = new Player(this.#live, this.#hitCycles);
    this.#bench = new Pipeline(config, new Clock(1, heapStorage), heapStorage);
    this.#benchPlayer = new Player(this.#bench, this.#hitCycles);
  }

  get slots(): Int32Array {
    return this.#transitions.slots;
  }

  /** Where the slot begins for what is not remembered: it is good until the next one. */
  get spare(): number {
    return this.#transitions.spare;
  }

  /** For generated code: where the slots begin that are found, and by how much hashes are shifted (transitions.ts); variants.ts. */
  get table(): Pick<Transitions, "first" | "shift"> & { readonly variants: Int32Array } {
    const { first, shift } = this.#transitions;
    return { first, shift, variants: this.#variants.words };
  }

  get taken(): Float64Array {
    return this.#transitions.taken;
  }

  /** The state in which a pipeline begins: nothing is waited for. */
  start(): number {
    return this.#stateOf(this.#live);
  }

  /** The number of a script run by code of a category. */
  script(script: Script, category: number, counted: Counted = "elsewhere"): number {
    const { length } = script;
    script.step(category);
    script.step(COUNTED.indexOf(counted));
    const number = this.#scripts.intern(script.words, script.length);
    script.length = length;
    this.#categories[number] = category;
    this.#counted[number] = counted;
    return number;
  }

  /** Scripts numbered so far. */
  get scripts(): number {
    return this.#scripts.size;
  }

  /** Transitions computed so far, those forgotten included. */
  get computed(): number {
    return this.#computed;
  }

  /** Goes through a script from the clock's `now` on; gives where the transition's slot begins. */
  advance(state: number, script: number, now: number): number {
    const slot = this.peek(state, script, now);
    if (slot >= 0) return slot;
    if (state !== LIVE) this.#goLive(state, now);
    return this.#playLive(script);
  }

  /** The same, but gives -1 where `advance` would not remember, and goes nowhere. */
  peek(state: number, script: number, now: number): number {
    const from = state === LIVE ? this.#resume(now) : state;
    if (from === LIVE) return UNKNOWN;
    const found = this.#transitions.find(from, script);
    if (found >= 0) return found;
    this.#earn(now);
    return this.allowed[0]! >= 1 ? this.#compute(from, script) : UNKNOWN;
  }

  /** Goes through one instruction, whose outcomes are asked for; gives where the transition's slot begins. */
  step(state: number, word: number, category: number, outcomes: Outcomes, now: number): number {
    const script = this.single(word, category);
    const slot = this.#isInDebt(now) ? UNKNOWN : this.peek(state, script, now);
    if (slot >= 0) return this.#ask(slot, script, word, category, outcomes, now);
    if (state !== LIVE) this.#goLive(state, now);
    return this.#stepLive(word, category, outcomes);
  }

  /** The slot of an instruction with outcomes that are known, from a state that is remembered. */
  late(state: number, word: number, category: number, late: Lateness, now: number): number {
    copyLateness(late, this.#late);
    if (late.accessCycles <= MOST_LATE_CYCLES)
      return this.#lateSlot(state, this.single(word, category), word, category);
    this.#goLive(state, now);
    return this.#stepLive(word, category, this.#livePlayer.answering(late));
  }

  /** The number of the script of one instruction whose outcomes are on time. */
  single(word: number, category: number): number {
    const singles = this.#singles;
    const at = SINGLE_WORDS * (Math.imul(word ^ category, SINGLE_SPREAD) >>> (32 - SINGLES_BITS));
    if (singles[at] === word && singles[at + 1] === category) return singles[at + 2]!;
    this.#single.clear();
    this.#single.step(word);
    singles[at] = word;
    singles[at + 1] = category;
    return (singles[at + 2] = this.script(this.#single, category));
  }

  /** Has generated code find the script of what was not on time. */
  noteVariant(onTime: number, late: Lateness | undefined, script: number): void {
    if (late !== undefined) this.#variants.set(onTime, late, script);
  }

  /** What has been counted, but for the time of the clock. Good until the next `advance` or `step`. */
  collect(): Pick<Pipeline, "clock" | "stores"> & { readonly counts: ScriptCounts } {
    this.#transitions.collect(this.#categories, this.#live, (script, times) => this.#count(script, times));
    return { clock: this.#live.clock, stores: this.#live.stores, counts: this.#counts };
  }

  /** Forgets all scripts, and all states but one, whose new number it gives. */
  forget(state: number): number {
    const next = this.#startAfresh(state);
    this.#scripts.clear();
    this.#variants.clear();
    this.#singles.fill(UNKNOWN);
    this.#categories = [];
    this.#counted = [];
    this.onRenumbered(true);
    return next;
  }

  /** Were more transitions computed than allowed? */
  #isInDebt(now: number): boolean {
    if (this.allowed[0]! < 0) this.#earn(now);
    return this.allowed[0]! < 0;
  }

  #earn(now: number): void {
    this.allowed[0] = Math.min(this.allowed[0]! + (now - this.#earnedUntil) / this.#cyclesATransition, MOST_ALLOWED);
    this.#earnedUntil = now;
  }

  /** A live state is numbered when transitions may be computed again; gives the number, or LIVE. */
  #resume(now: number): number {
    this.#earn(now);
    if (this.allowed[0]! < RESUME_ALLOWED) return LIVE;
    this.#live.save(this.#writer);
    return this.#writer.exceeded ? LIVE : this.#states.intern(this.#writer.words, this.#writer.length);
  }

  #goLive(state: number, now: number): void {
    this.#live.clock.now = now;
    this.#restore(state, this.#live);
  }

  #playLive(script: number): number {
    const { clock } = this.#live;
    const before = clock.now;
    clock.category = this.#categories[script]!;
    this.#count(script, 1);
    this.#play(this.#livePlayer, script);
    return this.#transitions.unremembered(LIVE, clock.now - before, LIVE);
  }

  #stepLive(word: number, category: number, outcomes: Outcomes): number {
    const { clock } = this.#live;
    const before = clock.now;
    clock.category = category;
    this.#live.step(word, outcomes);
    return this.#transitions.unremembered(LIVE, clock.now - before, LIVE);
  }

  /**
   * Asks for the outcomes of an instruction, whose slot with all of them on time is known; gives its slot with those that are
   * found. Each question is asked at the cycle that the answers before it lead to: another than on time only once one was late.
   */
  #ask(onTime: number, script: number, word: number, category: number, outcomes: Outcomes, now: number): number {
    const transitions = this.#transitions;
    const late = this.#late;
    late.blockedCycles = late.accessCycles = late.tagCycles = 0;
    late.overlapAge = NO_OVERLAP;
    let slot = onTime;
    const translateAt = now + transitions.translateAt(slot);
    late.translateCycles = outcomes.translate(translateAt) - translateAt;
    const blockedUntil = outcomes.blockedUntil();
    if (late.translateCycles > MOST_LATE_CYCLES)
      return this.#stepBeyond(slot, word, category, outcomes, blockedUntil, now);
    if (late.translateCycles > 0) slot = this.#lateSlot(this.slots[slot]!, script, word, category);
    if (outcomes.device()) {
      late.blockedCycles = DEVICE;
      return this.#lateSlot(this.slots[slot]!, script, word, category);
    }
    const blockedAt = now + this.slots[slot + Slot.blockedAt]!;
    if (blockedUntil > blockedAt) {
      late.blockedCycles = blockedUntil - blockedAt;
      if (late.blockedCycles > MOST_LATE_CYCLES)
        return this.#stepBeyond(slot, word, category, outcomes, blockedUntil, now);
      slot = this.#lateSlot(this.slots[slot]!, script, word, category);
    }
    const loads = traitClass(word) === Class.load;
    if (loads) {
      const age = outcomes.overlapAge();
      if (age !== NO_OVERLAP && age < this.slots[slot + Slot.waiting]!) {
        late.overlapAge = age;
        slot = this.#lateSlot(this.slots[slot]!, script, word, category);
      }
    }
    const accessAt = now + this.slots[slot + Slot.accessAt]!;
    const answer = loads ? outcomes.read(accessAt) : outcomes.write(accessAt);
    late.accessCycles = answer - accessAt - this.#hitCycles;
    if (late.accessCycles === 0) return slot;
    // Of what nobody waits for, tags may be later still.
    late.tagCycles = Math.min(outcomes.tagCycles(), late.accessCycles);
    if (late.accessCycles > MOST_LATE_CYCLES)
      return this.#stepBeyond(slot, word, category, outcomes, blockedUntil, now);
    return this.#lateSlot(this.slots[slot]!, script, word, category);
  }

  /** Goes through an instruction that is too late to be remembered, of which `#late` has what was asked. @param slot - as `#lateSlot`. */
  #stepBeyond(
    slot: number,
    word: number,
    category: number,
    outcomes: Outcomes,
    blockedUntil: number,
    now: number,
  ): number {
    this.#goLive(this.slots[slot]!, now);
    return this.#stepLive(word, category, new Answered(outcomes, this.#late, this.#hitCycles, blockedUntil));
  }

  /** The slot of an instruction with the outcomes in `#late`. What is asked for has begun, and is gone through, allowed or not. */
  #lateSlot(state: number, onTime: number, word: number, category: number): number {
    let script = this.#variants.find(onTime, this.#late);
    if (script < 0) {
      this.#single.clear();
      this.#single.lateStep(word, this.#late);
      script = this.script(this.#single, category);
      this.#variants.set(onTime, this.#late, script);
    }
    const found = this.#transitions.find(state, script);
    return found >= 0 ? found : this.#compute(state, script);
  }

  #compute(from: number, script: number): number {
    this.allowed[0]! -= 1;
    this.#computed += 1;
    const state = this.#transitions.full ? this.#startAfresh(from) : from;
    const bench = this.#bench;
    bench.clock.reset();
    bench.stores.events.values.fill(0);
    this.#restore(state, bench);
    this.#play(this.#benchPlayer, script);
    return this.#transitions.add(state, script, this.#stateOf(bench), bench, this.#benchPlayer);
  }

  #startAfresh(state: number): number {
    this.collect();
    this.#transitions.clear();
    this.onRenumbered(false);
    if (state === LIVE) {
      this.#states.clear();
      return LIVE;
    }
    const kept = this.#states.wordsOf(state).slice();
    this.#states.clear();
    return this.#states.intern(kept, kept.length);
  }

  #stateOf(pipeline: Pipeline): number {
    pipeline.save(this.#writer);
    return this.#states.intern(this.#writer.words, this.#writer.length);
  }

  #restore(state: number, pipeline: Pipeline): void {
    this.#reader.begin(this.#states.words, this.#states.startOf(state), pipeline.clock.now);
    pipeline.restore(this.#reader);
  }

  #play(player: Player, script: number): void {
    player.play(this.#scripts.words, this.#scripts.startOf(script), this.#endOf(script));
  }

  /** Where a script's words end, what `script` adds to them left out. */
  #endOf(script: number): number {
    return this.#scripts.startOf(script + 1) - ADDED_WORDS;
  }

  #count(script: number, times: number): void {
    const counted = this.#counted[script]!;
    if (counted === "elsewhere") return;
    this.#counts.add(this.#scripts.words, this.#scripts.startOf(script), this.#endOf(script), counted, times);
  }
}
