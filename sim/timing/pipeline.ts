// The pipeline: what of a core's state is times and small counts. It holds no address, and asks for what depends on one.
//
// Since its state can be copied relative to now (`save`), a pipeline is a finite automaton over step words and outcomes: what it
// does from equal states is equal, whenever it does it. memo.ts remembers its transitions.
//
// Order of an instruction's waits, each charged with what it adds: fetch (ITLB, instruction cache), operands, result bus and
// window, data translation, data port, blocked cache, store buffer. docs/timing.md states the model exactly.
import type { MachineConfig } from "../config/machine.ts";
import { Cause } from "../stats/causes.ts";
import type { Clock, ClockLayout } from "./clock.ts";
import { FetchQueue, type FetchQueueLayout } from "./frontend.ts";
import { Pairing, type PairingLayout } from "./pairing.ts";
import type { Storage } from "./part.ts";
import { Outcome } from "./predictor/predictor.ts";
import type { StateReader, StateWriter } from "./relative.ts";
import { Producer, Scoreboard, type Arrival, type ScoreboardLayout } from "./scoreboard.ts";
import { stepAccesses, stepBytes, stepOutcome } from "./step.ts";
import { StoreBuffer, type StoreBufferLayout } from "./storebuffer.ts";
import { Class, traitClass, traitRd, traitRs1, traitRs2 } from "./traits.ts";

/** What the pipeline asks about an instruction's data access, in this order, of those who know its address. */
export interface Outcomes {
  /** Asks for the translation at `at`; gives when it is there. */
  translate(at: number): number;
  /** Does a device answer? Then nothing else is asked. */
  device(): boolean;
  /** Until when the data cache answers nobody. */
  blockedUntil(): number;
  /** Of a load: how many stores came after the youngest that it overlaps, or NO_OVERLAP. */
  overlapAge(): number;
  /** Asks the data cache for the data at `at`; gives when they are there with their tags. */
  read(at: number): number;
  /** Asks it to make the lines its own; gives when it has. */
  write(at: number): number;
  /** How many cycles of the last answer were a wait for tags alone. */
  tagCycles(): number;
}

/** What the late ALUs can execute: what the early ones do, branches included. */
const LATE_ALU: readonly number[] = [Class.alu, Class.cap, Class.branch];
/** What wants its second operand that late, too: stores their data. */
const LATE_SECOND: readonly number[] = [...LATE_ALU, Class.store];

/** What code works on that goes through instructions: as in the class. */
export interface PipelineLayout {
  readonly config: MachineConfig;
  readonly clock: ClockLayout;
  readonly queue: FetchQueueLayout;
  readonly pairing: PairingLayout;
  readonly scoreboard: ScoreboardLayout;
  readonly stores: StoreBufferLayout;
  readonly portFree: Float64Array;
  readonly latency: Float64Array;
  readonly rs1Slack: Float64Array;
  readonly rs2Slack: Float64Array;
}

export class Pipeline {
  readonly clock: Clock;
  readonly stores: StoreBuffer;
  readonly #config: MachineConfig;
  readonly #queue: FetchQueue;
  readonly #pairing: Pairing;
  readonly #scoreboard: Scoreboard;
  /** [0]: when the data port is free. */
  readonly #portFree: Float64Array;
  /** Issue to dependent instruction, by class, of what the ALU and its neighbours do in fixed time. */
  readonly #latency: Float64Array;
  readonly #paired: boolean;
  readonly #ordersWrites: boolean;
  /** By class, how long after its issue an instruction can take rs1, and rs2. */
  readonly #rs1Slack: Float64Array;
  readonly #rs2Slack: Float64Array;
  readonly #lateAluCycles: number;
  readonly #hitCycles: number;
  readonly #arrival: Arrival = { producer: 0, hitAt: 0, dataAt: 0, readyAt: 0 };

  constructor(config: MachineConfig, clock: Clock, storage: Storage) {
    this.#config = config;
    this.clock = clock;
    this.#queue = new FetchQueue(config.frontend, storage);
    this.#pairing = new Pairing(config.issue, config.scoreboard.ordersWrites, storage);
    this.#scoreboard = new Scoreboard(config.scoreboard, storage, config.issue.width);
    this.stores = new StoreBuffer(config.storeBuffer, storage);
    this.#portFree = storage.float64(1);
    this.#paired = config.issue.width > 1;
    this.#ordersWrites = config.scoreboard.ordersWrites;
    this.#lateAluCycles = config.issue.lateAluCycles;
    this.#rs1Slack = storage.float64(Class.cbo + 1);
    this.#rs2Slack = storage.float64(Class.cbo + 1);
    for (const timingClass of LATE_ALU) this.#rs1Slack[timingClass] = config.issue.lateAluCycles;
    for (const timingClass of LATE_SECOND) this.#rs2Slack[timingClass] = config.issue.lateAluCycles;
    this.#hitCycles = config.l1d.hitCycles;
    this.#latency = storage.float64(Class.jump + 1, 1);
    this.#latency[Class.cap] = config.scoreboard.capCycles;
    this.#latency[Class.csr] = config.scoreboard.csrCycles;
  }

  get layout(): PipelineLayout {
    return {
      ...{ config: this.#config, clock: this.clock.layout, queue: this.#queue.layout, pairing: this.#pairing.layout },
      ...{ scoreboard: this.#scoreboard.layout, stores: this.stores.layout },
      ...{ portFree: this.#portFree, latency: this.#latency, rs1Slack: this.#rs1Slack, rs2Slack: this.#rs2Slack },
    };
  }

  /** What the fetch queue hides of a fetch stall, it hides from the stall's beginning. */
  stallFetch(itlbCycles: number, cacheCycles: number, tagCycles: number): void {
    const total = itlbCycles + cacheCycles;
    if (total === 0) return;
    const exposed = total - this.#queue.hide(total);
    const exposedTags = Math.min(tagCycles, cacheCycles, exposed);
    const exposedCache = Math.min(cacheCycles, exposed) - exposedTags;
    this.clock.pass(Cause.itlb, exposed - exposedCache - exposedTags);
    this.clock.pass(Cause.icache, exposedCache);
    this.clock.pass(Cause.tagCache, exposedTags);
  }

  /** One instruction, fetched. */
  step(word: number, outcomes: Outcomes): void {
    const timingClass = traitClass(word);
    const joins = this.#paired && this.#joins(word, timingClass);
    if (joins) this.clock.share();
    this.#awaitOperands(word, timingClass);
    const lateCycles = this.#lateCycles(word, timingClass);
    if (timingClass <= Class.jump) {
      this.#scoreboard.plain(traitRd(word), this.clock.now + lateCycles + this.#latency[timingClass]!);
    } else {
      this.#execute(word, timingClass, outcomes);
    }
    this.#scoreboard.issue();
    this.clock.issue();
    if (this.#paired) {
      if (joins) this.#pairing.close();
      else this.#pairing.open(word, this.clock.now - 1);
    }
    if (timingClass === Class.branch) this.#transfer(stepOutcome(word), lateCycles);
    else if (timingClass === Class.jump) this.#transfer(stepOutcome(word), this.#lateAluCycles);
  }

  /** @param issueCycles - 1 where an instruction has issued and trapped, 0 where none has. */
  trap(issueCycles: number): void {
    this.#finish();
    this.clock.pass(Cause.trap, issueCycles + this.#config.frontend.trapCycles);
    this.#queue.drop();
  }

  /** The front end starts afresh. */
  flush(): void {
    this.#finish();
    this.clock.pass(Cause.flush, this.#config.frontend.flushCycles);
    this.#queue.drop();
  }

  idle(until: number): void {
    this.#wait(Cause.idle, until);
  }

  /** Takes down everything that the future can depend on. */
  save(to: StateWriter): void {
    const { now } = this.clock;
    to.begin(this.#pairing.isOpen(now - 1) ? now - 1 : now);
    this.#pairing.save(now, to);
    this.#queue.save(to);
    this.#scoreboard.save(to);
    this.stores.save(to);
    to.time(this.#portFree[0]!);
  }

  /** Goes on from such a copy, whose origin is the clock's now. */
  restore(from: StateReader): void {
    const { now } = this.clock;
    this.#pairing.restore(now, from);
    if (this.#pairing.isOpen(now - 1)) from.shift(-1);
    this.#queue.restore(from);
    this.#scoreboard.restore(from);
    this.stores.restore(from);
    this.#portFree[0] = from.time();
  }

  /** With in-order completion a trap or flush happens when all older instructions have finished. */
  #finish(): void {
    while (this.#scoreboard.unfinished > 0) this.#awaitOldest();
    this.#pairing.close();
  }

  /** Issue waits for `cause` until a cycle, and the fetch queue fills meanwhile. */
  #wait(cause: number, until: number): void {
    const cycles = until - this.clock.now;
    if (cycles <= 0) return;
    this.clock.pass(cause, cycles);
    this.#queue.gain(cycles);
  }

  /** Can the instruction issue in the cycle of the last one, without waiting for anything of the pipeline's? */
  #joins(word: number, timingClass: number): boolean {
    const at = this.clock.now - 1;
    if (!this.#pairing.admits(word, at)) return false;
    this.#scoreboard.dropFinished(at);
    const { ready, unitFreeAt, busFreeAt, windowFull } = this.#scoreboard;
    if (ready[traitRs1(word)]! > at + this.#rs1Slack[timingClass]! || windowFull) return false;
    if (ready[traitRs2(word)]! > at + this.#rs2Slack[timingClass]!) return false;
    if (this.#ordersWrites && ready[traitRd(word)]! > at + this.#lateAluCycles) return false;
    if (timingClass <= Class.div) return at >= (timingClass <= Class.jump ? busFreeAt : unitFreeAt);
    return at >= this.#portFree[0]! && (timingClass === Class.load || at >= this.stores.freeAt);
  }

  #awaitOperands(word: number, timingClass: number): void {
    const scoreboard = this.#scoreboard;
    const { ready } = scoreboard;
    const now = this.clock.now;
    const rs1 = traitRs1(word);
    const rs2 = traitRs2(word);
    const rs1Slack = this.#rs1Slack[timingClass]!;
    const rs2Slack = this.#rs2Slack[timingClass]!;
    if (ready[rs1]! > now + rs1Slack) this.#awaitRegister(rs1, rs1Slack);
    if (ready[rs2]! > now + rs2Slack) this.#awaitRegister(rs2, rs2Slack);
    if (this.#ordersWrites) {
      // Registers are written in order behind the late ALUs.
      const rd = traitRd(word);
      if (ready[rd]! > now + this.#lateAluCycles) this.#awaitRegister(rd, this.#lateAluCycles);
    }
    if (timingClass <= Class.div) {
      const until = timingClass <= Class.jump ? scoreboard.busFreeAt : scoreboard.unitFreeAt;
      if (until > now) this.#wait(Cause.muldiv, until);
    }
    while (scoreboard.windowFull) this.#awaitOldest();
  }

  #awaitRegister(register: number, slack: number): void {
    this.#scoreboard.arrivalOf(register, this.#arrival);
    this.#awaitArrival(slack);
  }

  #awaitOldest(): void {
    this.#scoreboard.takeOldest(this.#arrival);
    this.#awaitArrival(0);
  }

  /** Waits until `slack` cycles before `#arrival`, each cycle charged to what is still missing in it. */
  #awaitArrival(slack: number): void {
    const { producer, hitAt, dataAt, readyAt } = this.#arrival;
    if (producer === Producer.memory) {
      this.#wait(Cause.dependency, hitAt - slack);
      this.#wait(Cause.dcache, dataAt - slack);
      this.#wait(Cause.tagCache, readyAt - slack);
    } else {
      this.#wait(producer === Producer.muldiv ? Cause.muldiv : Cause.dependency, readyAt - slack);
    }
  }

  /** How much later than its issue an instruction executes whose operands have been waited for. */
  #lateCycles(word: number, timingClass: number): number {
    const late = this.#rs1Slack[timingClass]!;
    if (late === 0) return 0;
    const { ready } = this.#scoreboard;
    const now = this.clock.now;
    return ready[traitRs1(word)]! > now || ready[traitRs2(word)]! > now ? late : 0;
  }

  /** What goes beyond the ALU. */
  #execute(word: number, timingClass: number, outcomes: Outcomes): void {
    switch (timingClass) {
      case Class.mul:
        return this.#scoreboard.mul(traitRd(word), this.clock.now);
      case Class.div:
        return this.#scoreboard.div(traitRd(word), this.clock.now);
      case Class.fence:
        return this.#wait(Cause.storeBuffer, this.stores.emptyAt);
      case Class.system:
        return;
      default:
        if (stepAccesses(word)) this.#access(word, timingClass, outcomes);
        else this.#scoreboard.plain(traitRd(word), this.clock.now + 1);
    }
  }

  #access(word: number, timingClass: number, outcomes: Outcomes): void {
    this.#wait(Cause.dtlb, outcomes.translate(this.clock.now));
    this.#wait(Cause.port, this.#portFree[0]!);
    if (outcomes.device()) return this.#device(word, timingClass);
    this.#wait(Cause.dcache, outcomes.blockedUntil());
    if (timingClass === Class.load) this.#load(word, outcomes);
    else if (timingClass === Class.atomic) this.#atomic(word, outcomes);
    else this.#store(stepBytes(word), outcomes);
  }

  /** Devices answer past the caches; stores to them are posted. */
  #device(word: number, timingClass: number): void {
    const { deviceCycles } = this.#config.bus;
    if (timingClass !== Class.load) {
      this.#wait(Cause.storeBuffer, this.stores.freeAt);
      this.stores.push(this.clock.now, deviceCycles);
    }
    this.#scoreboard.plain(traitRd(word), this.clock.now + deviceCycles);
  }

  #load(word: number, outcomes: Outcomes): void {
    this.#wait(Cause.storeBuffer, this.stores.loadableAt(outcomes.overlapAge(), this.clock.now));
    const at = this.clock.now;
    const bytes = stepBytes(word);
    const beats = this.#occupyPort(bytes, at);
    const beyond = beats - 1 + (bytes < 4 ? this.#config.scoreboard.narrowLoadCycles : 0);
    this.#result(traitRd(word), at, beyond, outcomes.read(at), outcomes);
  }

  #store(bytes: number, outcomes: Outcomes): void {
    this.#wait(Cause.storeBuffer, this.stores.freeAt);
    const at = this.clock.now;
    const beats = this.#occupyPort(bytes, at);
    this.stores.push(at, outcomes.write(at) - at - this.#hitCycles + beats - 1);
  }

  /** Atomic operations go to the cache when all older stores are written, and keep its port until they are done. */
  #atomic(word: number, outcomes: Outcomes): void {
    this.#wait(Cause.storeBuffer, this.stores.emptyAt);
    const at = this.clock.now;
    const beats = this.#occupyPort(stepBytes(word), at);
    const beyond = beats - 1 + this.#config.scoreboard.atomicCycles;
    this.#portFree[0]! += this.#config.scoreboard.atomicCycles;
    this.#result(traitRd(word), at, beyond, outcomes.write(at), outcomes);
  }

  /** A value that the cache gives at `cacheAt`, and the register `beyondCycles` later. */
  #result(rd: number, at: number, beyondCycles: number, cacheAt: number, outcomes: Outcomes): void {
    const hitAt = at + this.#hitCycles + beyondCycles;
    const readyAt = cacheAt + beyondCycles;
    if (readyAt === hitAt) this.#scoreboard.plain(rd, readyAt);
    else this.#scoreboard.missed(rd, at, hitAt, Math.max(hitAt, readyAt - outcomes.tagCycles()), readyAt);
  }

  /** Takes the port for as many cycles as the access has port widths. */
  #occupyPort(bytes: number, at: number): number {
    const { portBytes } = this.#config.l1d;
    const beats = bytes <= portBytes ? 1 : Math.ceil(bytes / portBytes);
    this.#portFree[0] = at + beats;
    return beats;
  }

  /** @param lateCycles - from issue to where a wrong prediction is found out: jumps to registers are compared late. */
  #transfer(outcome: number, lateCycles: number): void {
    const { takenCycles, predecodeCycles, mispredictCycles } = this.#config.frontend;
    switch (outcome) {
      case Outcome.remembered:
        return this.#bubble(takenCycles);
      case Outcome.predecoded:
        return this.#bubble(predecodeCycles);
      case Outcome.mispredicted:
        this.clock.pass(Cause.branch, mispredictCycles + lateCycles);
        return this.#queue.drop();
    }
  }

  #bubble(cycles: number): void {
    this.clock.pass(Cause.branch, cycles - this.#queue.hide(cycles));
  }
}
