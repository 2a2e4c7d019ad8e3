// Branch prediction as one part: a direction predictor, a branch target buffer and a return-address stack.
import { count, flag, oneOf, powerOfTwo, type ConfigOf } from "../../config/params.ts";
import { eventBlock, type Storage } from "../part.ts";
import { Class, isBackward, isCall, isIndirect, isReturn, traitClass } from "../traits.ts";
import { Bimodal } from "./bimodal.ts";
import { Btb, type BtbFastPath } from "./btb.ts";
import { staticDirection, type DirectionPredictor } from "./direction.ts";
import { Gshare } from "./gshare.ts";
import { NO_RETURN, Ras, type RasFastPath } from "./ras.ts";

export const predictorParams = {
  direction: oneOf(["static", "bimodal", "gshare"], "bimodal", "Conditional branches; static: backward taken"),
  entries: powerOfTwo(512, "Counters (bimodal, gshare)", { max: 1 << 20 }),
  counterBits: count(2, "Bits of a counter", { min: 1, max: 8 }),
  historyBits: count(8, "Outcomes in the global history (gshare)", { min: 1, max: 20 }),
  cold: oneOf(["not-taken", "backward-taken"], "not-taken", "Prediction where the counter has never counted"),
  granuleBytes: powerOfTwo(2, "Bytes of code that share a counter or a target", { min: 2, max: 4 }),
  btbEntries: count(64, "Branch targets remembered", { min: 1, max: 65536 }),
  btbWays: count(1, "Associativity of the branch target buffer", { min: 1, max: 128 }),
  btbHolds: oneOf(["all", "indirect"], "all", "Every taken transfer, or only jumps to a register"),
  rasEntries: count(4, "Return addresses remembered", { max: 1024 }),
  clearsOnTrap: flag(false, "Traps and their returns clear the tables"),
};

export type PredictorConfig = ConfigOf<typeof predictorParams>;

/** How the front end got to the instruction that follows a branch or jump. */
export const Outcome = {
  /** It follows in memory, as predicted. */
  fallThrough: 0,
  /** Taken as predicted, its target given by the branch target buffer. */
  remembered: 1,
  /** Taken as predicted, its target read from the instruction or the return-address stack. */
  predecoded: 2,
  mispredicted: 3,
} as const;

/** That of a conditional branch; `early`: the branch target buffer had its target. */
export function branchOutcome(predicted: boolean, taken: boolean, early: boolean): number {
  if (predicted !== taken) return Outcome.mispredicted;
  if (!taken) return Outcome.fallThrough;
  return early ? Outcome.remembered : Outcome.predecoded;
}

/** Each predicts and learns as its own fast path says. */
export interface PredictorFastPath {
  readonly direction: DirectionPredictor["fastPath"];
  readonly btb: BtbFastPath;
  readonly ras: RasFastPath;
  readonly btbHoldsAll: boolean;
}

export const PredictorEvent = { branches: 0, branchMisses: 1, jumps: 2, jumpMisses: 3 } as const;

/** All that generated code needs to do what this part does (sim/engine/turbo/parts/predictor.ts). */
export interface PredictorLayout extends PredictorFastPath {
  /** By `PredictorEvent`. */
  readonly counts: Float64Array;
}

export class BranchPredictor {
  readonly events;
  readonly #count: Float64Array;
  readonly #direction: DirectionPredictor;
  readonly #btb: Btb;
  readonly #ras: Ras;
  readonly #holdsAll: boolean;

  constructor(config: PredictorConfig, storage: Storage) {
    this.events = eventBlock("predictor", Object.keys(PredictorEvent), storage);
    this.#count = this.events.values;
    this.#direction = directionPredictor(config, storage);
    this.#btb = new Btb(config.btbEntries, config.btbWays, config.granuleBytes, storage);
    this.#ras = new Ras(config.rasEntries, storage);
    this.#holdsAll = config.btbHolds === "all";
  }

  get fastPath(): PredictorFastPath {
    return {
      direction: this.#direction.fastPath,
      btb: this.#btb.fastPath,
      ras: this.#ras.fastPath,
      btbHoldsAll: this.#holdsAll,
    };
  }

  get layout(): PredictorLayout {
    return { ...this.fastPath, counts: this.#count };
  }

  /** Predicts a branch or jump (by its traits) that went from `pc` to `target`, `next` following it in memory; learns; and counts. */
  resolve(traits: number, pc: number, next: number, target: number): number {
    const branches = traitClass(traits) === Class.branch;
    const outcome = branches ? this.#branch(traits, pc, next, target) : this.#jump(traits, pc, next, target);
    this.#count[branches ? PredictorEvent.branches : PredictorEvent.jumps]! += 1;
    if (outcome === Outcome.mispredicted)
      this.#count[branches ? PredictorEvent.branchMisses : PredictorEvent.jumpMisses]! += 1;
    return outcome;
  }

  /** Adds transfers that were predicted elsewhere. */
  add(c: {
    readonly branches: number;
    readonly branchMisses: number;
    readonly jumps: number;
    readonly jumpMisses: number;
  }): void {
    this.#count[PredictorEvent.branches]! += c.branches;
    this.#count[PredictorEvent.branchMisses]! += c.branchMisses;
    this.#count[PredictorEvent.jumps]! += c.jumps;
    this.#count[PredictorEvent.jumpMisses]! += c.jumpMisses;
  }

  clear(): void {
    this.#direction.clear();
    this.#btb.clear();
    this.#ras.clear();
  }

  #branch(traits: number, pc: number, next: number, target: number): number {
    const taken = target !== next;
    const predicted = this.#direction.resolve(pc, isBackward(traits), taken);
    const early = taken && this.#holdsAll && this.#btb.resolve(pc, target) === target;
    return branchOutcome(predicted, taken, early);
  }

  #jump(traits: number, pc: number, next: number, target: number): number {
    const returned = isReturn(traits) ? this.#ras.pop() : NO_RETURN;
    if (isCall(traits)) this.#ras.push(next);
    const indirect = isIndirect(traits);
    const fromStack = isReturn(traits);
    const early = (this.#holdsAll || (indirect && !fromStack)) && this.#btb.resolve(pc, target) === target;
    if (indirect && !(fromStack ? returned === target : early)) return Outcome.mispredicted;
    return early ? Outcome.remembered : Outcome.predecoded;
  }
}

function directionPredictor(config: PredictorConfig, storage: Storage): DirectionPredictor {
  switch (config.direction) {
    case "static":
      return staticDirection;
    case "bimodal":
      return new Bimodal(config, storage);
    case "gshare":
      return new Gshare(config, config.historyBits, storage);
  }
}
