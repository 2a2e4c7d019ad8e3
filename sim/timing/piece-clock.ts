// A memo's state and clock, and how they go on through pieces of code.
import type { FetchDelay } from "./dynamic.ts";
import { isFar, PASSED, USE, usePlace } from "./far-stores.ts";
import { LIVE } from "./live.ts";
import { MOST_LATE_CYCLES, type PipelineMemo } from "./memo.ts";
import type { Storage } from "./part.ts";
import { ON_TIME, Script, type AgeAt, type Lateness } from "./script.ts";
import type { Counted } from "./script-counts.ts";
import type { Outcomes } from "./pipeline.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Slot } from "./transitions.ts";
import { overlapsOf } from "./variants.ts";

/** Of a piece in a far state that waits for stores more often, instructions are taken one at a time. */
const MOST_WAITS = 4;

export class PieceClock {
  /** [0]: the clock. */
  readonly clock: Float64Array;
  /** [0]: the memo's state. */
  readonly state: Int32Array;
  readonly #memo: PipelineMemo;
  readonly #mostScripts: number;
  readonly #single = new Script();
  readonly #overlapping = new Script();

  /** @param mostScripts - with more than these the memo starts afresh. */
  constructor(memo: PipelineMemo, storage: Storage, mostScripts: number) {
    this.#memo = memo;
    this.#mostScripts = mostScripts;
    this.clock = storage.float64(1);
    this.state = storage.int32(1);
    this.state[0] = memo.start();
  }

  get now(): number {
    return this.clock[0]!;
  }

  /** Takes the transition whose slot begins there. */
  take(slot: number): void {
    const { slots, taken } = this.#memo;
    this.clock[0]! += slots[slot + Slot.cycles]!;
    this.state[0] = slots[slot + Slot.next]!;
    taken[slots[slot + Slot.transition]!]! += 1;
  }

  /** Somebody leads the pipeline from here on, up to `remember`. */
  lead(): void {
    const { live } = this.#memo;
    live.enter(this.state[0]!, this.now);
    live.isLed = true;
    this.state[0] = LIVE;
  }

  /** It was led so far. */
  follow(): void {
    this.clock[0] = this.#memo.live.pipeline.clock.now;
  }

  /** Goes on by what is remembered. */
  remember(): void {
    const { live } = this.#memo;
    live.isLed = false;
    if (this.state[0] === LIVE) this.state[0] = live.number();
  }

  /** Scripts are few where code repeats itself; where they are many, all are forgotten. */
  boundScripts(): void {
    if (this.#memo.scripts.size > this.#mostScripts) this.state[0] = this.#memo.forget(this.state[0]!);
  }

  /** Fetch stands still: where long, in parts that words can tell, what is charged first first. */
  stallFetch({ itlbCycles, cacheCycles, tagCycles }: FetchDelay, category: number): void {
    let itlb = itlbCycles;
    let tags = Math.min(tagCycles, cacheCycles);
    let data = cacheCycles - tags;
    while (itlb + data + tags > 0) {
      const i = Math.min(itlb, MOST_LATE_CYCLES);
      const d = Math.min(data, MOST_LATE_CYCLES - i);
      const t = Math.min(tags, MOST_LATE_CYCLES - i - d);
      const late = { ...ON_TIME, translateCycles: i, accessCycles: d + t, tagCycles: t };
      const script = this.#stall(late, category);
      this.#memo.scripts.noteVariant(this.fetchScript(category), late, script);
      this.take(this.#memo.advance(this.state[0]!, script, this.now));
      [itlb, data, tags] = [itlb - i, data - d, tags - t];
    }
  }

  /** The number of the script of a fetch that is on time, by which those of late ones are found. */
  fetchScript(category: number): number {
    return this.#stall(ON_TIME, category);
  }

  #stall({ translateCycles, accessCycles, tagCycles }: Lateness, category: number): number {
    this.#single.clear();
    this.#single.stallFetch(translateCycles, accessCycles, tagCycles);
    return this.#memo.scripts.number(this.#single, category);
  }

  /** Goes through an instruction whose outcomes are asked for. */
  step(word: number, category: number, outcomes: Outcomes): void {
    this.#settle();
    this.take(this.#memo.step(this.state[0]!, word, category, outcomes, this.now));
  }

  /**
   * The slot of a piece as a whole, to be taken now; -1 where `takeSlowly` has to. `ageAt` has the overlap ages of its loads; none is less
   * than `youngest`.
   */
  slotOf(script: number, youngest: number, ageAt: AgeAt): number {
    this.#settle();
    if (isFar(this.state[0]!)) {
      const slot = this.#farSlot(script, ageAt);
      if (slot >= 0 || isFar(this.state[0]!)) return slot;
    }
    if (youngest === Infinity) return this.#memo.advance(this.state[0]!, script, this.now);
    const slot = this.#peek(script);
    return slot >= 0 && youngest >= this.#memo.slots[slot + Slot.waiting]! ? slot : -1;
  }

  /** Goes through a piece with loads that overlap stores: as a whole if that is remembered, or may be, else one instruction at a time. */
  takeSlowly(piece: Script, category: number, ageAt: AgeAt, counted: Counted = "elsewhere"): void {
    if (isFar(this.state[0]!)) return this.#takeSingly(piece, category, ageAt, counted);
    const whole = this.#overlapping;
    whole.clear();
    for (let i = 0; i < piece.length; i += 1) this.#addOverlapping(whole, piece.words[i]!, ageAt(i));
    const script = this.#memo.scripts.number(whole, category, counted);
    const slot = this.#memo.peek(this.state[0]!, script, this.now);
    if (slot < 0) return this.#takeSingly(piece, category, ageAt, counted);
    this.take(slot);
    this.#memo.scripts.noteVariant(
      this.#memo.scripts.number(piece, category, counted),
      overlapsOf(piece, ageAt),
      script,
    );
  }

  #takeSingly(piece: Script, category: number, ageAt: AgeAt, counted: Counted): void {
    for (let i = 0; i < piece.length; i += 1) this.#takeSingle(piece.words[i]!, category, ageAt(i), counted);
  }

  #takeSingle(word: number, category: number, age: number, counted: Counted): void {
    const single = this.#single;
    single.clear();
    single.step(word);
    this.#settle();
    if (isFar(this.state[0]!)) {
      const slot = this.#farSlot(this.#memo.scripts.number(single, category, counted), () => age);
      if (slot >= 0) return this.take(slot);
    }
    single.clear();
    this.#addOverlapping(single, word, age);
    this.take(this.#memo.advance(this.state[0]!, this.#memo.scripts.number(single, category, counted), this.now));
  }

  /**
   * The slot of a script from a far state, its stores pushed, as many waits for others in it as are looked for. -1: there are more of
   * them, or the state is near now, since what it does is not remembered.
   */
  #farSlot(onTime: number, ageAt: AgeAt): number {
    const { far } = this.#memo;
    const first = far.next[0]!;
    let slot = this.#peek(onTime);
    let [script, use] = [onTime, 0];
    for (let waits = 0; slot >= 0; waits += 1) {
      const list = this.#memo.slots[slot + Slot.waiting]!;
      use = far.pass(list, use, this.now, ageAt);
      if (use === PASSED) return slot;
      const at = far.useAt(list, use);
      const cycles = far.clearAt - this.now - far.uses[at + USE.begin]!;
      if (waits === MOST_WAITS) {
        far.next[0] = first;
        return -1;
      }
      if (cycles > MOST_LATE_CYCLES) break;
      script = this.#memo.scripts.waiting(script, usePlace(far.uses[at]!), cycles);
      slot = this.#peek(script);
    }
    far.next[0] = first;
    this.state[0] = this.#memo.leaveFar(this.state[0]!, this.now);
    return -1;
  }

  /** The slot of a script, if it is remembered or may be; -1 else. */
  #peek(script: number): number {
    const { slots } = this.#memo;
    const slot = this.#memo.peek(this.state[0]!, script, this.now);
    if (slot >= 0) this.state[0] = slots[slot + Slot.state]!;
    return slot;
  }

  #settle(): void {
    this.state[0] = this.#memo.settle(this.state[0]!, this.now);
  }

  #addOverlapping(script: Script, word: number, overlapAge: number): void {
    if (overlapAge === NO_OVERLAP) script.step(word);
    else script.lateStep(word, { ...ON_TIME, overlapAge });
  }
}
