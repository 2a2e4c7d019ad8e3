// The core: the one file that knows all parts. It leads each retire record through them and gives every cycle its cause.
//
// Order of an instruction's waits, each charged with what it adds: fetch (ITLB, instruction cache), operands, result bus and
// window, data translation, data port, blocked cache, store buffer. docs/timing.md states the model exactly.
import type { MachineConfig } from "../config/machine.ts";
import type { Retire, Timing } from "../machine/retire.ts";
import { Cause } from "../stats/causes.ts";
import { checkSums, eventNames, gatherEvents, type Counters } from "../stats/counters.ts";
import { Cache } from "./cache.ts";
import { Clock } from "./clock.ts";
import { Dram } from "./dram.ts";
import { Frontend } from "./frontend.ts";
import { heapStorage, RAM_BASE, type Part, type Storage, type Walks } from "./part.ts";
import { BranchPredictor, Outcome } from "./predictor/predictor.ts";
import { Producer, Scoreboard, type Arrival } from "./scoreboard.ts";
import { StoreBuffer } from "./storebuffer.ts";
import { TaggedMemory } from "./tag-cache.ts";
import { Tlb } from "./tlb.ts";
import { Class, isFetchFence, isTrapReturn, TraitCache, traitClass, traitRd, traitRs1, traitRs2 } from "./traits.ts";
import { Walker } from "./walker.ts";

const PAGE_BYTES = 4096;
const NO_WAIT: Arrival = { producer: 0, hitAt: 0, dataAt: 0, readyAt: 0 };

/** Times a run: one call of `retire` for each step of the hart. */
export class Core implements Timing {
  readonly #config: MachineConfig;
  readonly #clock: Clock;
  readonly #traits = new TraitCache();
  readonly #frontend: Frontend;
  readonly #scoreboard: Scoreboard;
  readonly #predictor: BranchPredictor;
  readonly #storeBuffer: StoreBuffer;
  readonly #l1i: Cache;
  readonly #l1d: Cache;
  readonly #tags: TaggedMemory | undefined;
  readonly #itlb: Tlb;
  readonly #dtlb: Tlb;
  readonly #l2tlb: Tlb | undefined;
  readonly #walker: Walker;
  /** Issue to dependent instruction, by class, of what the ALU and its neighbours do in fixed time. */
  readonly #latency: Int32Array;
  readonly #ordersWrites: boolean;
  /** [0]: when the data port is free. */
  readonly #portFree: Float64Array;
  readonly #events;
  readonly #eventNames: readonly string[];
  readonly #arrival: Arrival = { ...NO_WAIT };

  /** @param options - `categories`: how many the image has; `storage`: where the parts keep their state. */
  constructor(config: MachineConfig, options: { readonly categories: number; readonly storage?: Storage }) {
    const storage = options.storage ?? heapStorage;
    this.#config = config;
    this.#clock = new Clock(options.categories, storage);
    this.#frontend = new Frontend(config.frontend, config.l1i.lineBytes, storage);
    this.#scoreboard = new Scoreboard(config.scoreboard, storage);
    this.#predictor = new BranchPredictor(config.predictor, storage);
    this.#storeBuffer = new StoreBuffer(config.storeBuffer, config.l1d.portBytes, storage);
    this.#portFree = storage.float64(1);
    this.#ordersWrites = config.scoreboard.ordersWrites;
    this.#latency = storage.int32(Class.jump + 1, 1);
    this.#latency[Class.cap] = config.scoreboard.capCycles;
    this.#latency[Class.csr] = config.scoreboard.csrCycles;

    const dram = new Dram(config.dram, config.clockMhz, storage);
    const tagTable = new Cache("tagCache", { ...config.tagCache, mshrs: 1 }, dram, storage);
    this.#tags = config.tagCache.present ? new TaggedMemory(dram, tagTable, storage) : undefined;
    const memory: Part = this.#tags ?? dram;
    const l2 = new Cache("l2", config.l2, memory, storage);
    // Hits of the instruction cache are pipelined; what the pipeline takes is in the front end's restart times.
    this.#l1i = new Cache("l1i", { ...config.l1i, hitCycles: 0, mshrs: 1 }, l2, storage);
    this.#l1d = new Cache("l1d", config.l1d, l2, storage);

    this.#walker = new Walker(config.walker, this.#l1d, storage);
    const { l2tlb } = config;
    this.#l2tlb = l2tlb.entries === 0 ? undefined : new Tlb("l2tlb", l2tlb, l2tlb.hitCycles, this.#walker, storage);
    const second = this.#l2tlb ?? this.#walker;
    this.#itlb = new Tlb("itlb", config.itlb, 0, second, storage);
    this.#dtlb = new Tlb("dtlb", config.dtlb, 0, second, storage);

    const parts = [this.#predictor, this.#l1i, this.#l1d, l2, this.#itlb, this.#dtlb, this.#l2tlb, this.#walker];
    const below = [this.#storeBuffer, this.#tags && tagTable, this.#tags, dram];
    this.#events = [...parts, ...below].filter((part) => part !== undefined).map((part) => part.events);
    this.#eventNames = eventNames(this.#events);
  }

  get now(): number {
    return this.#clock.now;
  }

  retire(r: Retire, walks: Walks): void {
    const { insn, category } = r;
    if (insn === undefined) return this.#trap(category, 0);
    if (!this.#frontend.holds(r.pc, r.fetchPhys)) this.#fetch(r, insn.bytes, walks);
    if (r.trap) return this.#trap(category, 1);

    const traits = this.#traits.of(insn);
    const timingClass = traitClass(traits);
    this.#awaitOperands(category, traits, timingClass);
    if (timingClass <= Class.jump) {
      this.#scoreboard.plain(traitRd(traits), this.#clock.now + this.#latency[timingClass]!);
    } else {
      this.#execute(r, traits, timingClass, walks);
    }
    this.#scoreboard.issue();
    this.#clock.issue(category);
    if (timingClass === Class.branch || timingClass === Class.jump) this.#transfer(r, traits, insn.bytes);
    if (r.flush) this.#flush(r, traits);
  }

  /** What goes beyond the ALU. */
  #execute(r: Retire, traits: number, timingClass: number, walks: Walks): void {
    switch (timingClass) {
      case Class.mul:
        return this.#scoreboard.mul(traitRd(traits), this.#clock.now);
      case Class.div:
        return this.#scoreboard.div(traitRd(traits), this.#clock.now);
      case Class.fence:
        return this.#wait(r.category, Cause.storeBuffer, this.#storeBuffer.emptyAt);
      case Class.system:
        return;
      default:
        return this.#data(r, traits, timingClass, walks);
    }
  }

  idle(until: number, category: number): void {
    this.#wait(category, Cause.idle, until);
  }

  /** Everything counted up to now, as plain data. */
  snapshot(): Counters {
    return {
      now: this.#clock.now,
      instructions: this.#clock.instructions.slice(),
      cycles: this.#clock.cycles.slice(),
      events: gatherEvents(this.#events),
      eventNames: this.#eventNames,
    };
  }

  /** Throws (our bug) unless causes and categories sum to the clock. */
  check(): void {
    checkSums(this.snapshot());
  }

  /** Issue waits for `cause` until a cycle, and the fetch queue fills meanwhile. */
  #wait(category: number, cause: number, until: number): void {
    const cycles = until - this.#clock.now;
    if (cycles <= 0) return;
    this.#clock.pass(category, cause, cycles);
    this.#frontend.gain(cycles);
  }

  #fetch(r: Retire, bytes: number, walks: Walks): void {
    const { pc, fetchPhys } = r;
    const lineBytes = this.#config.l1i.lineBytes;
    if (this.#frontend.holdsBytes(pc, fetchPhys, bytes)) return;
    const before = this.#clock.now;
    const translated = r.translatedFetch ? this.#itlb.translate(pc, r.asid, before, walks) : before;
    if (this.#tags !== undefined) this.#tags.lateCycles = 0;
    const inLine = this.#frontend.holdsBytes(pc, fetchPhys, 2);
    let ready = inLine ? translated : this.#l1i.read(fetchPhys, bytes, translated);
    this.#frontend.take(pc, fetchPhys);
    const crosses = (fetchPhys & (lineBytes - 1)) + bytes > lineBytes;
    // An instruction that straddles two pages needs a second translation, which the record does not carry: not timed.
    if (crosses && (fetchPhys & (PAGE_BYTES - 1)) + bytes <= PAGE_BYTES) {
      ready = this.#l1i.read(fetchPhys + 2, 2, ready);
      this.#frontend.take(pc + 2, fetchPhys + 2);
    }
    this.#chargeFetch(r.category, translated - before, ready - translated);
  }

  /** What the fetch queue hides of a fetch stall, it hides from the stall's beginning. */
  #chargeFetch(category: number, itlbCycles: number, cacheCycles: number): void {
    const total = itlbCycles + cacheCycles;
    if (total === 0) return;
    const hidden = this.#frontend.hide(total);
    const tagCycles = Math.min(this.#tags?.lateCycles ?? 0, cacheCycles);
    const exposedTags = Math.min(tagCycles, total - hidden);
    const exposedCache = Math.min(cacheCycles, total - hidden) - exposedTags;
    this.#clock.pass(category, Cause.itlb, total - hidden - exposedCache - exposedTags);
    this.#clock.pass(category, Cause.icache, exposedCache);
    this.#clock.pass(category, Cause.tagCache, exposedTags);
  }

  #awaitOperands(category: number, traits: number, timingClass: number): void {
    const scoreboard = this.#scoreboard;
    const { ready } = scoreboard;
    const now = this.#clock.now;
    const rs1 = traitRs1(traits);
    const rs2 = traitRs2(traits);
    if (ready[rs1]! > now) this.#awaitRegister(category, rs1);
    if (ready[rs2]! > now) this.#awaitRegister(category, rs2);
    if (this.#ordersWrites) {
      const rd = traitRd(traits);
      if (ready[rd]! > now) this.#awaitRegister(category, rd);
    }
    if (timingClass <= Class.div) {
      const until = timingClass <= Class.jump ? scoreboard.busFreeAt : scoreboard.unitFreeAt;
      if (until > now) this.#wait(category, Cause.muldiv, until);
    }
    while (scoreboard.windowFull) this.#awaitOldest(category);
  }

  #awaitRegister(category: number, register: number): void {
    this.#scoreboard.arrivalOf(register, this.#arrival);
    this.#awaitArrival(category);
  }

  #awaitOldest(category: number): void {
    this.#scoreboard.takeOldest(this.#arrival);
    this.#awaitArrival(category);
  }

  /** Waits for `#arrival`, each cycle charged to what is still missing in it. */
  #awaitArrival(category: number): void {
    const { producer, hitAt, dataAt, readyAt } = this.#arrival;
    if (producer === Producer.memory) {
      this.#wait(category, Cause.dependency, hitAt);
      this.#wait(category, Cause.dcache, dataAt);
      this.#wait(category, Cause.tagCache, readyAt);
    } else {
      this.#wait(category, producer === Producer.muldiv ? Cause.muldiv : Cause.dependency, readyAt);
    }
  }

  #data(r: Retire, traits: number, timingClass: number, walks: Walks): void {
    const { category } = r;
    if (r.access === "none") return this.#scoreboard.plain(traitRd(traits), this.#clock.now + 1);
    if (r.translatedData) {
      this.#wait(category, Cause.dtlb, this.#dtlb.translate(r.dataVirt, r.asid, this.#clock.now, walks));
    }
    this.#wait(category, Cause.port, this.#portFree[0]!);
    if (r.dataPhys < RAM_BASE) return this.#device(r, traits);
    this.#wait(category, Cause.dcache, this.#l1d.blockedUntil);
    if (timingClass === Class.load) this.#load(r, traits);
    else if (timingClass === Class.atomic) this.#atomic(r, traits);
    else this.#store(category, r.dataPhys, r.dataBytes);
  }

  /** Devices answer past the caches; stores to them are posted. */
  #device(r: Retire, traits: number): void {
    const { deviceCycles } = this.#config.bus;
    if (r.access === "store") {
      this.#wait(r.category, Cause.storeBuffer, this.#storeBuffer.freeAt);
      this.#storeBuffer.push(r.dataPhys, r.dataBytes, this.#clock.now, deviceCycles);
    }
    this.#scoreboard.plain(traitRd(traits), this.#clock.now + deviceCycles);
  }

  #load(r: Retire, traits: number): void {
    const { dataPhys, dataBytes } = r;
    const may = this.#storeBuffer.loadableAt(dataPhys, dataBytes, this.#clock.now);
    this.#wait(r.category, Cause.storeBuffer, may);
    const at = this.#clock.now;
    const beats = this.#occupyPort(dataBytes, at);
    const beyond = beats - 1 + (dataBytes < 4 ? this.#config.scoreboard.narrowLoadCycles : 0);
    this.#result(traitRd(traits), at, beyond, this.#readLines(dataPhys, dataBytes, at));
  }

  #store(category: number, phys: number, bytes: number): void {
    this.#wait(category, Cause.storeBuffer, this.#storeBuffer.freeAt);
    const at = this.#clock.now;
    const beats = this.#occupyPort(bytes, at);
    this.#storeBuffer.push(phys, bytes, at, this.#writeLines(phys, bytes, at) - at - this.#l1d.hitCycles + beats - 1);
  }

  /** Atomic operations go to the cache when all older stores are written, and keep its port until they are done. */
  #atomic(r: Retire, traits: number): void {
    this.#wait(r.category, Cause.storeBuffer, this.#storeBuffer.emptyAt);
    const at = this.#clock.now;
    const beats = this.#occupyPort(r.dataBytes, at);
    const beyond = beats - 1 + this.#config.scoreboard.atomicCycles;
    this.#portFree[0]! += this.#config.scoreboard.atomicCycles;
    this.#result(traitRd(traits), at, beyond, this.#writeLines(r.dataPhys, r.dataBytes, at));
  }

  /** A value that the cache gives at `cacheAt`, and the register `beyondCycles` later. */
  #result(rd: number, at: number, beyondCycles: number, cacheAt: number): void {
    const hitAt = at + this.#l1d.hitCycles + beyondCycles;
    const readyAt = cacheAt + beyondCycles;
    if (readyAt === hitAt) this.#scoreboard.plain(rd, readyAt);
    else this.#scoreboard.missed(rd, at, hitAt, Math.max(hitAt, readyAt - (this.#tags?.lateCycles ?? 0)), readyAt);
  }

  /** Takes the port for as many cycles as the access has port widths. */
  #occupyPort(bytes: number, at: number): number {
    const { portBytes } = this.#config.l1d;
    const beats = bytes <= portBytes ? 1 : Math.ceil(bytes / portBytes);
    this.#portFree[0] = at + beats;
    return beats;
  }

  #readLines(phys: number, bytes: number, at: number): number {
    if (this.#tags !== undefined) this.#tags.lateCycles = 0;
    const { lineBytes } = this.#config.l1d;
    const inFirst = lineBytes - (phys & (lineBytes - 1));
    const ready = this.#l1d.read(phys, bytes, at);
    return bytes <= inFirst ? ready : Math.max(ready, this.#l1d.read(phys + inFirst, bytes - inFirst, at));
  }

  /** Lines that are written whole are not fetched. */
  #writeLines(phys: number, bytes: number, at: number): number {
    if (this.#tags !== undefined) this.#tags.lateCycles = 0;
    const { lineBytes } = this.#config.l1d;
    let ready = at + this.#l1d.hitCycles;
    for (let line = phys - (phys & (lineBytes - 1)); line < phys + bytes; line += lineBytes) {
      if (line >= phys && line + lineBytes <= phys + bytes) this.#l1d.write(line, lineBytes, at);
      else ready = Math.max(ready, this.#l1d.store(line, at));
    }
    return ready;
  }

  #transfer(r: Retire, traits: number, bytes: number): void {
    const { frontend: cycles } = this.#config;
    switch (this.#predictor.resolve(traits, r.pc, r.pc + bytes, r.nextPc)) {
      case Outcome.remembered:
        return this.#bubble(r.category, cycles.takenCycles);
      case Outcome.predecoded:
        return this.#bubble(r.category, cycles.predecodeCycles);
      case Outcome.mispredicted:
        this.#clock.pass(r.category, Cause.branch, cycles.mispredictCycles);
        return this.#frontend.drop();
    }
  }

  #bubble(category: number, cycles: number): void {
    this.#clock.pass(category, Cause.branch, cycles - this.#frontend.hide(cycles));
  }

  /** @param issueCycles - 1 where an instruction has issued and trapped, 0 where none has. */
  #trap(category: number, issueCycles: number): void {
    // With in-order completion the trap is taken when all older instructions have finished.
    while (this.#scoreboard.unfinished > 0) this.#awaitOldest(category);
    this.#clock.pass(category, Cause.trap, issueCycles + this.#config.frontend.trapCycles);
    this.#frontend.restart();
    if (this.#config.predictor.clearsOnTrap) this.#predictor.clear();
  }

  #flush(r: Retire, traits: number): void {
    while (this.#scoreboard.unfinished > 0) this.#awaitOldest(r.category);
    this.#clock.pass(r.category, Cause.flush, this.#config.frontend.flushCycles);
    this.#frontend.restart();
    if (isFetchFence(traits)) this.#l1i.invalidate();
    if (isTrapReturn(traits) && this.#config.predictor.clearsOnTrap) this.#predictor.clear();
    if (r.fence === undefined) return;
    this.#walker.fence();
    for (const tlb of [this.#itlb, this.#dtlb, this.#l2tlb]) tlb?.fence(r.fence);
  }
}
