// Which two instructions may issue in one cycle: by the units that their classes use.
import { count, type ConfigOf } from "../config/params.ts";
import type { Storage } from "./part.ts";
import type { StateReader, StateWriter } from "./relative.ts";
import type { Class } from "./traits.ts";

export const issueParams = {
  width: count(1, "Instructions that may issue in one cycle, in order", { min: 1, max: 2 }),
  aluPorts: count(2, "Of these, how many may use an ALU; each cycle has one memory access, one transfer, one product", {
    min: 1,
    max: 2,
  }),
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

/** The second issue slot of the last cycle in which an instruction issued alone. */
export class Pairing {
  /** Units of those that issue with the pair's first: `joins[firstUnit]` as a set of bits. */
  readonly #partners: readonly number[];
  /** [0]: the cycle whose second slot is free. */
  readonly #freeAt: Float64Array;
  /** [0]: the unit in its first slot. */
  readonly #first: Int32Array;

  constructor(config: IssueConfig, storage: Storage) {
    this.#partners = partners(config);
    this.#freeAt = storage.float64(1, -Infinity);
    this.#first = storage.int32(1);
  }

  /** May an instruction of this class issue in cycle `at`, beside the one that has? */
  admits(timingClass: number, at: number): boolean {
    return this.#freeAt[0] === at && ((this.#partners[this.#first[0]!]! >> UNITS[timingClass]!) & 1) === 1;
  }

  /** An instruction has issued in cycle `at`, alone so far. */
  open(timingClass: number, at: number): void {
    this.#freeAt[0] = at;
    this.#first[0] = UNITS[timingClass]!;
  }

  /** Both slots are taken, or the next instruction comes from elsewhere. */
  close(): void {
    this.#freeAt[0] = -Infinity;
  }

  /** Is the second slot of cycle `at` free for anybody? */
  isOpen(at: number): boolean {
    return this.#freeAt[0] === at && this.#partners[this.#first[0]!] !== NOBODY;
  }

  save(now: number, to: StateWriter): void {
    to.put(this.isOpen(now - 1) ? this.#first[0]! : Unit.alone);
  }

  restore(now: number, from: StateReader): void {
    this.#first[0] = from.take();
    this.#freeAt[0] = this.#first[0] === Unit.alone ? -Infinity : now - 1;
  }
}

/** A transfer ends its pair: what follows it is fetched anew. */
function partners({ width, aluPorts }: IssueConfig): number[] {
  const all = [Unit.alu, Unit.transfer, Unit.mulDiv, Unit.memory];
  const without = (unit: number): number => all.filter((u) => u !== unit).reduce((set, u) => set | (1 << u), NOBODY);
  const of = (unit: number): number => {
    if (width === 1 || unit === Unit.alone || unit === Unit.transfer) return NOBODY;
    return unit === Unit.alu && aluPorts === 2 ? without(Unit.alone) : without(unit);
  };
  return Object.values(Unit).map(of);
}
