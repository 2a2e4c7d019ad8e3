// The core: leads each retire record through the pipeline, which asks the dynamic parts for what depends on addresses.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire, TimedCore } from "../machine/retire.ts";
import { checkSums, eventNames, gatherEvents, type Counters, type EventBlock } from "../stats/counters.ts";
import { Clock } from "./clock.ts";
import { DynamicParts } from "./dynamic.ts";
import { heapStorage, type Storage, type Walks } from "./part.ts";
import { Pipeline } from "./pipeline.ts";
import { stepWord } from "./step.ts";
import { TraitCache, traitClass } from "./traits.ts";

/** Times a run: one call of `retire` for each step of the hart. */
export class Core implements TimedCore {
  readonly #clock: Clock;
  readonly #pipeline: Pipeline;
  readonly #dynamic: DynamicParts;
  readonly #traits = new TraitCache();
  readonly #events: readonly EventBlock[];
  readonly #eventNames: readonly string[];

  /** @param options - `categories`: how many the image has; `storage`: where the parts keep their state. */
  constructor(config: MachineConfig, options: { readonly categories: number; readonly storage?: Storage }) {
    const storage = options.storage ?? heapStorage;
    this.#clock = new Clock(options.categories, storage);
    this.#pipeline = new Pipeline(config, this.#clock, storage);
    this.#dynamic = new DynamicParts(config, storage);
    this.#events = [...this.#dynamic.eventsAbove, this.#pipeline.stores.events, ...this.#dynamic.eventsBelow];
    this.#eventNames = eventNames(this.#events);
  }

  get now(): number {
    return this.#clock.now;
  }

  retire(r: Retire, walks: Walks): void {
    const { insn } = r;
    const dynamic = this.#dynamic;
    this.#clock.category = r.category;
    if (insn === undefined) return this.#trap(0);
    if (!dynamic.line.holds(r.pc, r.fetchPhys)) this.#fetch(r, insn.bytes, walks);
    if (r.trap) return this.#trap(1);

    const traits = this.#traits.of(insn);
    const outcome = dynamic.outcome(r, traits, insn.bytes);
    const accesses = r.access !== "none";
    if (accesses) dynamic.attend(r, walks);
    this.#pipeline.step(stepWord(traits, accesses ? r.dataBytes : 0, outcome), dynamic);
    if (accesses) dynamic.accessed(r, traitClass(traits));
    if (r.flush) this.#flush(r, traits);
  }

  idle(until: number, category: number): void {
    this.#clock.category = category;
    this.#pipeline.idle(until);
  }

  snapshot(): Counters {
    return {
      now: this.#clock.now,
      instructions: this.#clock.instructions,
      cycles: this.#clock.cycles.slice(),
      events: gatherEvents(this.#events),
      eventNames: this.#eventNames,
    };
  }

  check(): void {
    checkSums(this.snapshot());
  }

  #fetch(r: Retire, bytes: number, walks: Walks): void {
    if (this.#dynamic.line.holdsBytes(r.pc, r.fetchPhys, bytes)) return;
    const { itlbCycles, cacheCycles, tagCycles } = this.#dynamic.fetch(r, bytes, this.#clock.now, walks);
    this.#pipeline.stallFetch(itlbCycles, cacheCycles, tagCycles);
  }

  #trap(issueCycles: number): void {
    this.#pipeline.trap(issueCycles);
    this.#dynamic.trapped();
  }

  #flush(r: Retire, traits: number): void {
    this.#pipeline.flush();
    this.#dynamic.flushed(r, traits);
  }
}
