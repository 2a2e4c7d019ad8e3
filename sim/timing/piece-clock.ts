// A memo's state and clock, and how they go on through pieces of code.
import type { FetchDelay } from "./dynamic.ts";
import { MOST_LATE_CYCLES, type PipelineMemo } from "./memo.ts";
import type { Storage } from "./part.ts";
import { ON_TIME, Script, type AgeAt, type Lateness } from "./script.ts";
import type { Counted } from "./script-counts.ts";
import type { Outcomes } from "./pipeline.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Slot } from "./transitions.ts";
import { overlapsOf } from "./variants.ts";

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

  /** Scripts are few where code repeats itself; where they are many, all are forgotten. */
  boundScripts(): void {
    if (this.#memo.scripts > this.#mostScripts) this.state[0] = this.#memo.forget(this.state[0]!);
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
      this.#memo.noteVariant(this.fetchScript(category), late, script);
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
    return this.#memo.script(this.#single, category);
  }

  /** Goes through a script. */
  advance(script: Script, category: number, counted: Counted = "elsewhere"): void {
    this.take(this.#memo.advance(this.state[0]!, this.#memo.script(script, category, counted), this.now));
  }

  /** Goes through an instruction whose outcomes are asked for. */
  step(word: number, category: number, outcomes: Outcomes): void {
    this.take(this.#memo.step(this.state[0]!, word, category, outcomes, this.now));
  }

  /** The slot of a piece with a load whose overlap age is `youngest`, if it waits for none; -1 where that is not known. */
  slotWithout(script: number, youngest: number): number {
    const { slots } = this.#memo;
    const slot = this.#memo.peek(this.state[0]!, script, this.now);
    if (slot < 0) return slot;
    this.state[0] = slots[slot + Slot.state]!;
    return youngest >= slots[slot + Slot.waiting]! ? slot : -1;
  }

  /** Goes through a piece with loads that overlap stores: as a whole if that is remembered, or may be, else one instruction at a time. */
  takeOverlapping(piece: Script, category: number, ageAt: AgeAt, counted: Counted = "elsewhere"): void {
    const whole = this.#overlapping;
    whole.clear();
    for (let i = 0; i < piece.length; i += 1) this.#addOverlapping(whole, piece.words[i]!, ageAt(i));
    const script = this.#memo.script(whole, category, counted);
    const slot = this.#memo.peek(this.state[0]!, script, this.now);
    if (slot < 0) return this.#takeSingly(piece, category, ageAt, counted);
    this.take(slot);
    this.#memo.noteVariant(this.#memo.script(piece, category, counted), overlapsOf(piece, ageAt), script);
  }

  #takeSingly(piece: Script, category: number, ageAt: AgeAt, counted: Counted): void {
    for (let i = 0; i < piece.length; i += 1) {
      this.#single.clear();
      this.#addOverlapping(this.#single, piece.words[i]!, ageAt(i));
      this.advance(this.#single, category, counted);
    }
  }

  #addOverlapping(script: Script, word: number, overlapAge: number): void {
    if (overlapAge === NO_OVERLAP) script.step(word);
    else script.lateStep(word, { ...ON_TIME, overlapAge });
  }
}
