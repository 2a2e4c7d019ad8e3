// A core that goes through remembered transitions, a piece of straight-line code at a time: what an engine with generated code
// does, in TypeScript. It gives the cycles, causes and events of `Core`.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire, TimedCore } from "../machine/retire.ts";
import { checkSums, eventNames, gatherEvents, type Counters } from "../stats/counters.ts";
import { DynamicParts } from "./dynamic.ts";
import { PipelineMemo, type MemoOptions } from "./memo.ts";
import { GeneratedTiming, LONGEST_PIECE } from "./generated.ts";
import { heapStorage, type Walks } from "./part.ts";
import { PieceClock } from "./piece-clock.ts";
import { Script } from "./script.ts";
import { MOST_SCRIPTS } from "./scripts.ts";
import { stepWord } from "./step.ts";
import { NO_OVERLAP } from "./storebuffer.ts";
import { Class, TraitCache, traitClass } from "./traits.ts";

/** Cycles of one IDLE word. */
const LONGEST_IDLE = 2 ** 30;

export interface MemoLimits extends Pick<
  MemoOptions,
  "mostTransitions" | "cyclesATransition" | "allowed" | "nearStores"
> {
  readonly mostScripts?: number;
}

export class MemoCore implements TimedCore {
  /** For an engine that generates code: while it runs pieces there, no piece is under way here (`now` ends it). */
  readonly generated: GeneratedTiming;
  readonly #memo: PipelineMemo;
  readonly #dynamic: DynamicParts;
  readonly #traits = new TraitCache();
  /** The piece under way: instructions all on time, but for overlaps: the ages of these by their place in the piece. */
  readonly #piece = new Script();
  readonly #overlaps = new Map<number, number>();
  #youngestOverlap = Infinity;
  #category = 0;
  /** At the piece's begin. */
  readonly #pieces: PieceClock;

  constructor(config: MachineConfig, options: MemoOptions & MemoLimits) {
    const storage = options.storage ?? heapStorage;
    this.#memo = new PipelineMemo(config, options);
    this.#pieces = new PieceClock(this.#memo, storage, options.mostScripts ?? MOST_SCRIPTS);
    this.#dynamic = new DynamicParts(config, storage);
    this.generated = new GeneratedTiming(config, {
      ...{ memo: this.#memo, pieces: this.#pieces, dynamic: this.#dynamic, storage },
    });
  }

  /** Ends the piece. */
  get now(): number {
    this.#end();
    return this.#pieces.now;
  }

  /** Transitions computed so far. */
  get computed(): number {
    return this.#memo.computed;
  }

  retire(r: Retire, walks: Walks): void {
    const { insn } = r;
    if (this.generated.takeBegun()) return;
    if (r.category !== this.#category) this.#end();
    this.#category = r.category;
    if (insn === undefined) return this.#trap(0);
    const inHand = this.#dynamic.line.holdsBytes(r.pc, r.fetchPhys, insn.bytes);
    if (!inHand && !this.generated.takeFetched(r.pc)) this.#fetch(r, insn.bytes, walks);
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
    for (let left = until - this.#pieces.now; left > 0; left -= LONGEST_IDLE) {
      this.#piece.idle(Math.min(left, LONGEST_IDLE));
      this.#end();
    }
  }

  snapshot(): Counters {
    const { now } = this;
    const { clock, stores, counts } = this.#memo.collect();
    this.#dynamic.addCounts(counts);
    const events = [...this.#dynamic.eventsAbove, stores.events, ...this.#dynamic.eventsBelow];
    return {
      now,
      instructions: clock.instructions,
      cycles: clock.cycles.slice(),
      events: gatherEvents(events),
      eventNames: eventNames(events),
    };
  }

  check(): void {
    checkSums(this.snapshot());
  }

  /** The piece is over. */
  #end(): void {
    if (this.#piece.length === 0) return;
    const ageAt = (i: number): number => this.#overlaps.get(i) ?? NO_OVERLAP;
    const script = this.#memo.scripts.number(this.#piece, this.#category);
    const slot = this.#pieces.slotOf(script, this.#youngestOverlap, ageAt);
    if (slot >= 0) this.#pieces.take(slot);
    else this.#pieces.takeSlowly(this.#piece, this.#category, ageAt);
    this.#piece.clear();
    this.#overlaps.clear();
    this.#youngestOverlap = Infinity;
    this.#pieces.boundScripts();
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
    const begin = this.#pieces.now;
    if (!this.#dynamic.fetchesOnTime(r, bytes, begin)) this.#end();
    const delay = this.#dynamic.fetch(r, bytes, this.#pieces.now, walks);
    this.#pieces.stallFetch(delay, this.#category);
  }

  #access(r: Retire, word: number, timingClass: number, walks: Walks): void {
    const dynamic = this.#dynamic;
    dynamic.attend(r, walks);
    if (dynamic.accessesOnTime(this.#pieces.now - this.generated.fastPaths.earlyCycles)) {
      this.#accessOnTime(word, timingClass);
    } else {
      this.#end();
      this.#pieces.step(word, this.#category, dynamic);
      if (dynamic.device()) dynamic.deviceAsked(this.#pieces.now);
    }
    dynamic.accessed(r, timingClass);
  }

  /** Whenever it comes it changes the same, so the piece's begin does for its time. */
  #accessOnTime(word: number, timingClass: number): void {
    const dynamic = this.#dynamic;
    const begin = this.#pieces.now;
    dynamic.translate(begin);
    if (timingClass === Class.load) {
      this.#noteOverlap(dynamic.overlapAge());
      dynamic.read(begin);
    } else {
      dynamic.write(begin);
    }
    this.#piece.step(word);
  }

  #noteOverlap(age: number): void {
    if (age === NO_OVERLAP) return;
    this.#overlaps.set(this.#piece.length, age);
    this.#youngestOverlap = Math.min(this.#youngestOverlap, age);
  }
}
