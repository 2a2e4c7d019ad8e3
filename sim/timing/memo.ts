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
// - A state may be *far* (far-stores.ts): the times of waiting stores, all different where they miss, are kept apart from it. A near state
//   becomes far at a store that is late by what is not remembered, when `nearStores` of those have been; a far one becomes near in
//   `settle`, when no store waits. From a far state WAITING says where the list of the script's uses of the store buffer begins: each is
//   compared with the times before the transition is taken, and each store pushed. Generated code compares states of entries only with
//   near ones.
// - Numbers of states last until the next call of these three: the slot's STATE is that by which the given one goes now.
//
// Where code does not repeat itself, remembering costs more than it saves. So transitions are computed out of an allowance that
// grows with simulated time; while there is none, the state is LIVE: a pipeline goes step by step, and nothing is remembered.
import type { MachineConfig } from "../config/machine.ts";
import { Allowance } from "./allowance.ts";
import { Bench, type BenchLayout } from "./bench.ts";
import { FarStores, isFar, TO_FAR, TO_NEAR, Use, useOf } from "./far-stores.ts";
import type { InternerLayout } from "./intern.ts";
import { Live, LIVE } from "./live.ts";
import { heapStorage, type Storage } from "./part.ts";
import type { Outcomes, Pipeline } from "./pipeline.ts";
import { Answered, copyLateness, DEVICE, ON_TIME, type Lateness } from "./script.ts";
import type { ScriptCounts } from "./script-counts.ts";
import { Scripts } from "./scripts.ts";
import { EXCEEDED, States } from "./states.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Slot, Transitions } from "./transitions.ts";
import { Class, isStore, traitClass } from "./traits.ts";

const UNKNOWN = -1;

/** Beyond so many transitions the memo starts afresh. */
const MOST_TRANSITIONS = 1 << 16;
/** Cycles that allow one transition to be computed, which takes about as long as 100 instructions of generated code. */
const CYCLES_A_TRANSITION = 256;
const ALLOWED_AT_FIRST = 1 << 13;
/** Late stores whose times become part of a state: each such state leads to many others, and a loop that repeats itself has few. */
const NEAR_STORES_AT_FIRST = 1 << 8;
const TRANSITIONS_A_NEAR_STORE = 1024;
/** With so many allowed again a live state is numbered. */
const RESUME_ALLOWED = 16;
/** An instruction that is later by more than so many cycles is gone through, and not remembered: what is remembered are words. */
export const MOST_LATE_CYCLES = 2 ** 28;

export interface MemoOptions {
  /** How many the image has. */
  readonly categories: number;
  /** Where `slots`, `taken` and the pipeline of a live state lie. */
  readonly storage?: Storage;
  readonly mostTransitions?: number;
  /** Simulated cycles that allow one transition to be computed. */
  readonly cyclesATransition?: number;
  /** Transitions that may be computed at the start. */
  readonly allowed?: number;
  /** Late stores whose times may become part of a state at the start. */
  readonly nearStores?: number;
}

/** What code works on that computes transitions: as in `Transitions` and the memo. */
export interface ComputingLayout extends Pick<Transitions, "size" | "rows" | "most"> {
  readonly states: InternerLayout;
  readonly scripts: InternerLayout;
  readonly overlaps: InternerLayout;
  readonly bench: BenchLayout;
  readonly nearStores: Float64Array;
  readonly computed: Float64Array;
}

export class PipelineMemo {
  readonly #transitions: Transitions;
  readonly scripts: Scripts;
  readonly #states: States;
  /** Called when states have new numbers, and when scripts have. */
  onRenumbered: (scriptsToo: boolean) => void = () => {};
  readonly #bench: Bench;
  /** Goes on where nothing is remembered. */
  readonly live: Live;
  readonly #late: Lateness = { ...ON_TIME };
  readonly #hitCycles: number;
  /** Transitions; more are computed than allowed, since what is asked about is gone through. */
  readonly #allowance: Allowance;
  readonly #nearStores: Allowance;
  readonly #cyclesANearStore: number;
  /** The stores of far states. */
  readonly far: FarStores;
  /** [0]: transitions computed so far, those forgotten included. */
  readonly #computed: Float64Array;

  constructor(config: MachineConfig, options: MemoOptions) {
    const { categories, storage = heapStorage } = options;
    const { mostTransitions = MOST_TRANSITIONS, cyclesATransition = CYCLES_A_TRANSITION } = options;
    this.#transitions = new Transitions(mostTransitions, storage);
    this.#states = new States(mostTransitions, storage);
    this.scripts = new Scripts(storage);
    this.#allowance = new Allowance(options.allowed ?? ALLOWED_AT_FIRST, cyclesATransition, storage);
    this.#cyclesANearStore = TRANSITIONS_A_NEAR_STORE * cyclesATransition;
    this.#nearStores = new Allowance(options.nearStores ?? NEAR_STORES_AT_FIRST, this.#cyclesANearStore, storage);
    this.far = new FarStores(config.storeBuffer, mostTransitions, storage);
    this.#hitCycles = config.l1d.hitCycles;
    this.live = new Live(config, { categories, storage, states: this.#states, far: this.far });
    this.#bench = new Bench(config, storage);
    this.#computed = storage.float64(1);
  }

  get slots(): Int32Array {
    return this.#transitions.slots;
  }

  /** Where the slot begins for what is not remembered: it is good until the next one. */
  get spare(): number {
    return this.#transitions.spare;
  }

  /** For generated code: where the slots begin that are found, and by how much hashes are shifted (transitions.ts); variants.ts. */
  get table(): Pick<Transitions, "first" | "shift" | "translateAt"> & { readonly variants: Int32Array } {
    const { first, shift, translateAt } = this.#transitions;
    return { first, shift, translateAt, variants: this.scripts.variants.words };
  }

  /** For generated code that computes transitions. */
  get computing(): ComputingLayout {
    const { size, rows, most } = this.#transitions;
    return {
      ...{ states: this.#states.layout, scripts: this.scripts.layout, bench: this.#bench.layout },
      overlaps: this.scripts.overlaps.layout,
      ...{ size, rows, most, nearStores: this.#nearStores.left, computed: this.#computed },
    };
  }

  /** [0]: how many transitions may be computed now; less than none: more were than that. */
  get allowed(): Float64Array {
    return this.#allowance.left;
  }

  get taken(): Float64Array {
    return this.#transitions.taken;
  }

  /** The state in which a pipeline begins: nothing is waited for. */
  start(): number {
    return this.#states.numberOf(this.live.pipeline);
  }

  get computed(): number {
    return this.#computed[0]!;
  }

  /** Goes through a script from the clock's `now` on; gives where the transition's slot begins. */
  advance(state: number, script: number, now: number): number {
    const slot = this.peek(state, script, now);
    if (slot >= 0) return slot;
    this.live.enter(state, now);
    return this.#transitions.unremembered(LIVE, this.live.play(this.scripts, script), LIVE);
  }

  /** The same, but gives -1 where `advance` would not remember, and goes nowhere. */
  peek(state: number, script: number, now: number): number {
    const from = state === LIVE ? this.#resume(now) : state;
    if (from === LIVE) return UNKNOWN;
    const found = this.#transitions.find(from, script);
    if (found >= 0) return found;
    return this.#allowance.at(now) >= 1 ? this.#compute(from, script) : UNKNOWN;
  }

  /** Goes through one instruction, whose outcomes are asked for; gives where the transition's slot begins. */
  step(state: number, word: number, category: number, outcomes: Outcomes, now: number): number {
    const script = this.scripts.single(word, category);
    const slot = this.#isInDebt(now) ? UNKNOWN : this.peek(state, script, now);
    if (slot >= 0) return this.#ask(slot, word, category, outcomes, now);
    return this.#stepLive(state, word, category, outcomes, now);
  }

  /** The slot of an instruction with outcomes that are known, from a state that is remembered. */
  late(state: number, word: number, category: number, late: Lateness, now: number): number {
    copyLateness(late, this.#late);
    if (late.accessCycles <= MOST_LATE_CYCLES) {
      if (isFar(state)) this.#late.overlapAge = NO_OVERLAP;
      const onTime = this.scripts.single(word, category);
      const script = late.bufferCycles > 0 ? this.scripts.waiting(onTime, 0, late.bufferCycles) : onTime;
      if (isStore(traitClass(word))) return this.#storeSlot(state, script, word, category, now);
      return this.#lateSlot(state, script, word, category);
    }
    return this.#stepLive(state, word, category, this.live.player.answering(late), now);
  }

  /** The state by which one goes on: a far one is near again when no store waits any more. */
  settle(state: number, now: number): number {
    if (!isFar(state) || !this.far.doneBy(now - 1)) return state;
    return this.slots[this.#turnSlot(state, TO_NEAR) + Slot.next]!;
  }

  /** A far state becomes near, with the stores that wait. */
  leaveFar(state: number, now: number): number {
    this.#bench.begin(this.#states, state);
    this.#bench.becomeNear(this.far.timesAt(now - 1).map((time) => time - now));
    const near = this.#states.numberOfAny(this.#bench.pipeline);
    if (near === EXCEEDED) {
      this.live.enter(state, now);
      return LIVE;
    }
    this.far.forget();
    return near;
  }

  /** What has been counted, but for the time of the clock. Good until the next `advance` or `step`. */
  collect(): Pick<Pipeline, "clock" | "stores"> & { readonly counts: ScriptCounts } {
    const { pipeline } = this.live;
    this.#transitions.collect(pipeline, this.scripts);
    return { clock: pipeline.clock, stores: pipeline.stores, counts: this.scripts.counts };
  }

  /** Forgets all scripts, and all states but one, whose new number it gives. */
  forget(state: number): number {
    const next = this.#startAfresh(state);
    this.scripts.clear();
    this.onRenumbered(true);
    return next;
  }

  /** Were more transitions computed than allowed? */
  #isInDebt(now: number): boolean {
    return this.allowed[0]! < 0 && this.#allowance.at(now) < 0;
  }

  /** A live state is numbered when transitions may be computed again; gives the number, or LIVE. */
  #resume(now: number): number {
    if (this.live.isLed || this.#allowance.at(now) < RESUME_ALLOWED) return LIVE;
    return this.live.number();
  }

  /** Goes through an instruction that is not remembered. */
  #stepLive(state: number, word: number, category: number, outcomes: Outcomes, now: number): number {
    this.live.enter(state, now);
    return this.#transitions.unremembered(LIVE, this.live.step(word, category, outcomes), LIVE);
  }

  /**
   * Asks for the outcomes of an instruction, whose slot with all of them on time is known; gives its slot with those that are
   * found. Each question is asked at the cycle that the answers before it lead to: another than on time only once one was late.
   */
  #ask(onTime: number, word: number, category: number, outcomes: Outcomes, now: number): number {
    const late = this.#late;
    late.translateCycles = late.blockedCycles = late.accessCycles = late.tagCycles = late.bufferCycles = 0;
    late.overlapAge = NO_OVERLAP;
    const timingClass = traitClass(word);
    const loads = timingClass === Class.load;
    const isDevice = outcomes.device();
    let slot = onTime;
    const far = isFar(this.slots[slot]!);
    if (far) {
      const age = loads && !isDevice ? outcomes.overlapAge() : NO_OVERLAP;
      slot = this.#farSlot(slot, useOf(word, isDevice), age, now);
      if (slot < 0) return this.#stepLive(this.slots[onTime]!, word, category, outcomes, now);
    }
    const script = this.slots[slot + Slot.script]!;
    const translateAt = now + this.#transitions.translateAt[this.slots[slot + Slot.transition]!]!;
    late.translateCycles = outcomes.translate(translateAt) - translateAt;
    const blockedUntil = outcomes.blockedUntil();
    // Too late to be remembered, of which `#late` has what was asked.
    const stepBeyond = (): number => {
      const answered = new Answered(outcomes, late, this.#hitCycles, blockedUntil);
      return this.#stepLive(this.slots[slot]!, word, category, answered, now);
    };
    if (late.translateCycles > MOST_LATE_CYCLES) return stepBeyond();
    if (late.translateCycles > 0) slot = this.#lateSlot(this.slots[slot]!, script, word, category);
    if (isDevice) {
      late.blockedCycles = DEVICE;
      slot = this.#lateSlot(this.slots[slot]!, script, word, category);
      return far ? this.#push(slot, now, 0) : slot;
    }
    const blockedAt = now + this.slots[slot + Slot.blockedAt]!;
    if (blockedUntil > blockedAt) {
      late.blockedCycles = blockedUntil - blockedAt;
      if (late.blockedCycles > MOST_LATE_CYCLES) return stepBeyond();
      slot = this.#lateSlot(this.slots[slot]!, script, word, category);
    }
    if (loads && !far) {
      const age = outcomes.overlapAge();
      if (age !== NO_OVERLAP && age < this.slots[slot + Slot.waiting]!) {
        late.overlapAge = age;
        slot = this.#lateSlot(this.slots[slot]!, script, word, category);
      }
    }
    const accessAt = now + this.slots[slot + Slot.accessAt]!;
    const answer = loads ? outcomes.read(accessAt) : outcomes.write(accessAt);
    late.accessCycles = answer - accessAt - this.#hitCycles;
    if (far && isStore(timingClass)) return this.#push(slot, now, late.accessCycles);
    if (late.accessCycles === 0) return slot;
    // Of what nobody waits for, tags may be later still.
    late.tagCycles = Math.min(outcomes.tagCycles(), late.accessCycles);
    if (late.accessCycles > MOST_LATE_CYCLES) return stepBeyond();
    if (isStore(timingClass)) return this.#storeSlot(this.slots[slot]!, script, word, category, now);
    return this.#lateSlot(this.slots[slot]!, script, word, category);
  }

  /**
   * From the slot of a far state's single instruction to that with what stores stand in its way, which `#late` has from then on; -1: they do
   * for longer than is remembered.
   */
  #farSlot(slot: number, use: number, overlapAge: number, now: number): number {
    const { slots } = this;
    const bufferCycles = this.far.waitFor(slots[slot + Slot.waiting]!, use, overlapAge, now);
    this.#late.bufferCycles = bufferCycles;
    if (bufferCycles === 0) return slot;
    if (bufferCycles > MOST_LATE_CYCLES) return UNKNOWN;
    return this.#slotOf(slots[slot]!, this.scripts.waiting(slots[slot + Slot.script]!, 0, bufferCycles));
  }

  /** Pushes the store, so late, of a far state's single instruction, if it is one; gives its slot back. */
  #push(slot: number, now: number, late: number): number {
    this.far.pushLate(this.slots[slot + Slot.waiting]!, now, late);
    return slot;
  }

  /** The slot, from a near state, of a store with the outcomes in `#late`: its times become part of the state, or that becomes far. */
  #storeSlot(state: number, onTime: number, word: number, category: number, now: number): number {
    const late = this.#late;
    if (this.#nearStores.at(now) >= 1) {
      const known = this.computed;
      const slot = this.#lateSlot(state, onTime, word, category);
      if (this.computed > known) this.#nearStores.spend();
      return slot;
    }
    const found = this.#transitions.find(state, this.scripts.late(onTime, word, category, late));
    if (found >= 0) return found;
    this.far.nearAt[0] = now + this.#cyclesANearStore;
    const turn = this.#turnSlot(state, TO_FAR);
    this.far.pass(this.slots[turn + Slot.waiting]!, 0, now, () => NO_OVERLAP);
    const { accessCycles } = late;
    late.accessCycles = late.tagCycles = 0;
    let slot = this.#farSlot(this.#slotOf(this.slots[turn + Slot.next]!, onTime), Use.store, NO_OVERLAP, now);
    if (late.translateCycles > 0 || late.blockedCycles > 0)
      slot = this.#lateSlot(this.slots[slot]!, this.slots[slot + Slot.script]!, word, category);
    return this.#push(slot, now, accessCycles);
  }

  /** The slot of an instruction with the outcomes in `#late`. What is asked for has begun, and is gone through, allowed or not. */
  #lateSlot(state: number, onTime: number, word: number, category: number): number {
    return this.#slotOf(state, this.scripts.late(onTime, word, category, this.#late));
  }

  #slotOf(state: number, script: number): number {
    const found = this.#transitions.find(state, script);
    return found >= 0 ? found : this.#compute(state, script);
  }

  #compute(from: number, script: number): number {
    this.#allowance.spend();
    this.#computed[0]! += 1;
    const state = this.#begin(from);
    this.scripts.play(this.#bench.player, script);
    return this.#add(state, script);
  }

  /** The slot that says what a state is called when it is far, or near. */
  #turnSlot(from: number, turn: typeof TO_FAR | typeof TO_NEAR): number {
    const found = this.#transitions.find(from, turn);
    if (found >= 0) return found;
    const state = this.#begin(from);
    if (turn === TO_FAR) this.#bench.becomeFar();
    else this.#bench.becomeNear([]);
    return this.#add(state, turn);
  }

  /** Has the bench begin in a state, for which there is room for one more transition; gives its number. */
  #begin(from: number): number {
    const state = this.#transitions.full || this.far.full ? this.#startAfresh(from) : from;
    this.#bench.begin(this.#states, state);
    return state;
  }

  /** Adds what the bench has done; gives the slot. */
  #add(state: number, script: number): number {
    const { pipeline, player } = this.#bench;
    if (pipeline.stores.elsewhere) player.waiting = this.far.note(player.uses);
    return this.#transitions.add(state, script, this.#states.numberOf(pipeline), pipeline, player);
  }

  #startAfresh(state: number): number {
    this.collect();
    this.#transitions.clear();
    this.far.clear();
    this.onRenumbered(false);
    if (state === LIVE) {
      this.#states.clear();
      return LIVE;
    }
    return this.#states.keep(state);
  }
}
