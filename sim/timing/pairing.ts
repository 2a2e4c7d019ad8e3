// Which two instructions may issue in one cycle: by the units that their classes use, and the registers that both name.
import { count, cycles, flag, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";
import type { StateReader, StateWriter } from "./relative.ts";
import { traitClass, traitRd, traitRs1, traitRs2, type Class } from "./traits.ts";

export const issueParams = {
  width: count(1, "Instructions that may issue in one cycle, in order", { min: 1, max: 2 }),
  aluPorts: count(2, "Of these, how many may use an ALU; each cycle has one memory access, one transfer, one product", {
    min: 1,
    max: 2,
  }),
  pastTransfers: flag(
    false,
    "An instruction may issue in the cycle of the branch or jump before it, if fetch loses none between",
  ),
  lateAluCycles: cycles(
    0,
    "From issue to a second set of ALUs, for ALU instructions and branches that lack operands at issue; 0: none",
    { max: 10 },
  ),
};

export type IssueConfig = ConfigOf<typeof issueParams>;

/** What an instruction takes for its cycle of issue. */
const Unit = { alone: 0, alu: 1, transfer: 2, mulDiv: 3, memory: 4 } as const;

const UNITS: readonly number[] = Object.entries({
  alu: Unit.alu,
  cap: Unit.alu,
  csr: Unit.alone,
  branch: Unit.transfer,
  jump: Unit.transfer,
  mul: Unit.mulDiv,
  div: Unit.mulDiv,
  load: Unit.memory,
  store: Unit.memory,
  atomic: Unit.alone,
  system: Unit.alone,
  fence: Unit.alone,
  cbo: Unit.alone,
} satisfies Record<keyof typeof Class, number>).map(([, unit]) => unit);

const NOBODY = 0;

/** What the first slot holds in one word: the unit, and above it the destination. */
export const UNIT_BITS = 3;
export const UNIT_MASK = (1 << UNIT_BITS) - 1;

/** What code works on that pairs instructions: as in the class. */
export interface PairingLayout {
  readonly units: Int32Array;
  readonly partners: Int32Array;
  readonly freeAt: Float64Array;
  readonly first: Int32Array;
  /** Is the first's destination noted, and compared? */
  readonly hasLateAlus: boolean;
  readonly ordersWrites: boolean;
}

/** The second issue slot of the last cycle in which an instruction issued alone. */
export class Pairing {
  /** By class. */
  readonly #units: Int32Array;
  /** Classes of those that issue with the pair's first: `partners[firstUnit]` as a set of bits. */
  readonly #partners: Int32Array;
  /** [0]: the cycle whose second slot is free. */
  readonly #freeAt: Float64Array;
  /** [0]: the unit in its first slot and, where only that tells whether the second depends on it, the destination. */
  readonly #first: Int32Array;
  readonly #hasLateAlus: boolean;
  readonly #ordersWrites: boolean;

  constructor(config: IssueConfig, ordersWrites: boolean, storage: Storage) {
    this.#units = storage.int32(UNITS.length);
    this.#units.set(UNITS);
    const partners = partnersOf(config);
    this.#partners = storage.int32(partners.length);
    this.#partners.set(partners);
    this.#hasLateAlus = config.lateAluCycles > 0;
    this.#ordersWrites = ordersWrites;
    this.#freeAt = storage.float64(1, -Infinity);
    this.#first = storage.int32(1);
  }

  get layout(): PairingLayout {
    return {
      ...{ units: this.#units, partners: this.#partners, freeAt: this.#freeAt, first: this.#first },
      ...{ hasLateAlus: this.#hasLateAlus, ordersWrites: this.#ordersWrites },
    };
  }

  /** May an instruction issue in cycle `at`, beside the one that has? */
  admits(word: number, at: number): boolean {
    return this.isOpen(at) && ((this.#allowed >> traitClass(word)) & 1) === 1 && !this.#dependsOnFirst(word);
  }

  /** An instruction has issued in cycle `at`, alone so far. */
  open(word: number, at: number): void {
    this.#freeAt[0] = at;
    this.#first[0] = this.#units[traitClass(word)]! | (this.#hasLateAlus ? traitRd(word) << UNIT_BITS : 0);
  }

  /** Both slots are taken, or the next instruction comes from elsewhere. */
  close(): void {
    this.#freeAt[0] = -Infinity;
  }

  /** Is the second slot of cycle `at` free for anybody? */
  isOpen(at: number): boolean {
    return this.#freeAt[0] === at && this.#allowed !== NOBODY;
  }

  save(now: number, to: StateWriter): void {
    to.put(this.isOpen(now - 1) ? this.#first[0]! : Unit.alone);
  }

  restore(now: number, from: StateReader): void {
    this.#first[0] = from.take();
    this.#freeAt[0] = this.#first[0] === Unit.alone ? -Infinity : now - 1;
  }

  /** Classes of those that may issue with the first. */
  get #allowed(): number {
    return this.#partners[this.#first[0]! & UNIT_MASK]!;
  }

  /** A late ALU could wait for the first's result, but there is no pair with a hazard in it. */
  #dependsOnFirst(word: number): boolean {
    const rd = this.#first[0]! >> UNIT_BITS;
    if (rd === 0) return false;
    return traitRs1(word) === rd || traitRs2(word) === rd || (this.#ordersWrites && traitRd(word) === rd);
  }
}

function partnersOf({ width, aluPorts, pastTransfers }: IssueConfig): number[] {
  const without = (unit: number): number =>
    UNITS.reduce((set, u, c) => (u === Unit.alone || u === unit ? set : set | (1 << c)), NOBODY);
  const of = (unit: number): number => {
    if (width === 1 || unit === Unit.alone || (unit === Unit.transfer && !pastTransfers)) return NOBODY;
    return unit === Unit.alu && aluPorts === 2 ? without(Unit.alone) : without(unit);
  };
  return Object.values(Unit).map(of);
}
