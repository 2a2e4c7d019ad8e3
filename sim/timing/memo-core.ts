// A core that goes through remembered transitions, a piece of straight-line code at a time: what an engine with generated code
// does, in TypeScript. It gives the cycles, causes and events of `Core`.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire, Timing } from "../machine/retire.ts";
import { eventNames, gatherEvents, type Counters } from "../stats/counters.ts";
import { DynamicParts } from "./dynamic.ts";
import { PipelineMemo, type MemoOptions } from "./memo.ts";
import { heapStorage, type Walks } from "./part.ts";
import { ON_TIME, Script } from "./script.ts";
import { stepWord } from "./step.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Slot } from "./transitions.ts";
import { Class, TraitCache, traitClass } from "./traits.ts";

/** Words after which a piece ends even where the code runs on. */
const LONGEST_PIECE = 64;
/** Scripts are few where code repeats itself; with more than these the memo starts afresh. */
const MOST_SCRIPTS = 1 << 16;
/** Cycles of one IDLE word. */
const LONGEST_IDLE = 2 ** 30;

export class MemoCore implements Timing {
  readonly #memo: PipelineMemo;
  readonly #mostScripts: number;
  readonly #dynamic: DynamicParts;
  readonly #traits = new TraitCache();
  /** The piece under way: instructions all on time, but for overlaps: the ages of these by their place in the piece. */
  readonly #piece = new Script();
  readonly #overlaps = new Map<number, number>();
  #youngestOverlap = Infinity;
  readonly #single = new Script();
  #category = 0;
  #state: number;
  /** The clock at the piece's begin. */
  #begin = 0;

  constructor(config: MachineConfig, options: MemoOptions & { readonly mostScripts?: number }) {
    const storage = options.storage ?? heapStorage;
    this.#memo = new PipelineMemo(config, options);
    this.#mostScripts = options.mostScripts ?? MOST_SCRIPTS;
    this.#state = this.#memo.start();
    this.#dynamic = new DynamicParts(config, storage);
  }

  /** Ends the piece. */
  get now(): number {
    this.#end();
    return this.#begin;
  }

  /** Transitions computed so far. */
  get computed(): number {
    return this.#memo.computed;
  }

  retire(r: Retire, walks: Walks): void {
    const { insn } = r;
    if (r.category !== this.#category) this.#end();
    this.#category = r.category;
    if (insn === undefined) return this.#trap(0);
    if (!this.#dynamic.line.holdsBytes(r.pc, r.fetchPhys, insn.bytes)) this.#fetch(r, insn.bytes, walks);
    if (r.trap) return this.#trap(1);

    const traits = this.#traits.of(insn);
    const timingClass = traitClass(traits);
    const transfers = timingClass === Class.branch || timingClass === Class.jump;
    const outcome = this.#dynamic.outcome(r, traits, insn.bytes);
    if (r.access === "none") this.#piece.step(stepWord(traits, 0, outcome));
    else this.#access(r, stepWord(traits, r.dataBytes, outcome), timingClass, walks);
    if (r.flush) this.#flush(r, traits);
    if (transfers || this.#piece.length >= LONGEST_PIECE) this.#end();
  }

  idle(until: number, category: number): void {
    this.#end();
    this.#category = category;
    for (let left = until - this.#begin; left > 0; left -= LONGEST_IDLE) {
      this.#piece.idle(Math.min(left, LONGEST_IDLE));
      this.#end();
    }
  }

  snapshot(): Counters {
    const { now } = this;
    const { clock, stores } = this.#memo.collect();
    const events = [...this.#dynamic.eventsAbove, stores.events, ...this.#dynamic.eventsBelow];
    return {
      now,
      instructions: clock.instructions.slice(),
      cycles: clock.cycles.slice(),
      events: gatherEvents(events),
      eventNames: eventNames(events),
    };
  }

  /** The piece is over. */
  #end(): void {
    if (this.#piece.length === 0) return;
    if (this.#youngestOverlap === Infinity) this.#take(this.#advance(this.#piece));
    else this.#endOverlapping();
    this.#piece.clear();
    this.#overlaps.clear();
    this.#youngestOverlap = Infinity;
    if (this.#memo.scripts > this.#mostScripts) this.#state = this.#memo.forget(this.#state);
  }

  /** Where a load may have to wait for a store, the piece's instructions are taken one at a time, each with its overlap age. */
  #endOverlapping(): void {
    const slot = this.#memo.peek(this.#state, this.#memo.script(this.#piece, this.#category), this.#begin);
    if (slot >= 0) {
      this.#state = this.#memo.slots[slot + Slot.state]!;
      if (this.#youngestOverlap >= this.#memo.slots[slot + Slot.waiting]!) return this.#take(slot);
    }
    this.#piece.words.slice(0, this.#piece.length).forEach((word, i) => {
      this.#single.clear();
      this.#single.lateStep(word, { ...ON_TIME, overlapAge: this.#overlaps.get(i) ?? NO_OVERLAP });
      this.#take(this.#advance(this.#single));
    });
  }

  #advance(script: Script): number {
    return this.#memo.advance(this.#state, this.#memo.script(script, this.#category), this.#begin);
  }

  #take(slot: number): void {
    const { slots, taken } = this.#memo;
    this.#begin += slots[slot + Slot.cycles]!;
    this.#state = slots[slot + Slot.next]!;
    taken[slots[slot + Slot.transition]!]! += 1;
  }

  #trap(issueCycles: number): void {
    this.#end();
    this.#piece.trap(issueCycles);
    this.#end();
    this.#dynamic.trapped();
  }

  #flush(r: Retire, traits: number): void {
    this.#end();
    this.#piece.flush();
    this.#end();
    this.#dynamic.flushed(r, traits);
  }

  #fetch(r: Retire, bytes: number, walks: Walks): void {
    if (!this.#dynamic.fetchesOnTime(r, bytes, this.#begin)) this.#end();
    const { itlbCycles, cacheCycles, tagCycles } = this.#dynamic.fetch(r, bytes, this.#begin, walks);
    if (itlbCycles + cacheCycles === 0) return;
    this.#piece.stallFetch(itlbCycles, cacheCycles, tagCycles);
    this.#end();
  }

  #access(r: Retire, word: number, timingClass: number, walks: Walks): void {
    const dynamic = this.#dynamic;
    dynamic.attend(r, walks);
    if (dynamic.accessesOnTime(this.#begin)) {
      this.#accessOnTime(word, timingClass);
    } else {
      this.#end();
      this.#take(this.#memo.step(this.#state, word, this.#category, dynamic, this.#begin));
    }
    dynamic.accessed(r, timingClass);
  }

  /** Whenever it comes it changes the same, so the piece's begin does for its time. */
  #accessOnTime(word: number, timingClass: number): void {
    const dynamic = this.#dynamic;
    dynamic.translate(this.#begin);
    if (timingClass === Class.load) {
      this.#noteOverlap(dynamic.overlapAge());
      dynamic.read(this.#begin);
    } else {
      dynamic.write(this.#begin);
    }
    this.#piece.step(word);
  }

  #noteOverlap(age: number): void {
    if (age === NO_OVERLAP) return;
    this.#overlaps.set(this.#piece.length, age);
    this.#youngestOverlap = Math.min(this.#youngestOverlap, age);
  }
}
