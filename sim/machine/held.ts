// The state of a hart that code reads and changes by itself, laid out so that an engine may have it in its linear memory.
import type { Arithmetic } from "../../isa/semantics.ts";
import { Capability } from "./capability.ts";

/** Offsets within the place of a register; one of XLEN bits has an address alone. */
export const HELD_PART = { addr: 0, meta: 8, tag: 16 } as const;
const PLACE_BYTES = 24;
const [META, TAG] = [HELD_PART.meta / 8, HELD_PART.tag / 8];

/** Each register's offset: those that only hold what they are given. */
export const HELD_REGISTERS = {
  ...{ mscratch: 0, mepc: PLACE_BYTES, mcause: 2 * PLACE_BYTES, mtval: 3 * PLACE_BYTES, mtidc: 4 * PLACE_BYTES },
  ...{ sscratch: 5 * PLACE_BYTES, sepc: 6 * PLACE_BYTES, scause: 7 * PLACE_BYTES, stval: 8 * PLACE_BYTES },
  ...{ stidc: 9 * PLACE_BYTES, utidc: 10 * PLACE_BYTES, mtvec: 11 * PLACE_BYTES, stvec: 12 * PLACE_BYTES },
} as const;

/** With these, what else is held. */
export const HELD = {
  ...HELD_REGISTERS,
  ...{ mstatus: 13 * PLACE_BYTES, medeleg: 14 * PLACE_BYTES, satp: 15 * PLACE_BYTES },
  /** The privilege mode. */
  mode: 16 * PLACE_BYTES,
  /** The reserved bytes of RAM, by their offsets; none where the end is 0. */
  ...{ reservedFrom: 17 * PLACE_BYTES, reservedTo: 18 * PLACE_BYTES },
  ...{ menvcfg: 19 * PLACE_BYTES, senvcfg: 20 * PLACE_BYTES },
  ...{ mcounteren: 21 * PLACE_BYTES, scounteren: 22 * PLACE_BYTES, mcountinhibit: 23 * PLACE_BYTES },
  /**
   * What is added to the clock for mcycle and for mtime, and to the retired instructions for minstret: software may write them. Of a
   * counter that mcountinhibit has stand still, the value itself.
   */
  ...{ cycleOffset: 24 * PLACE_BYTES, instretOffset: 25 * PLACE_BYTES, timeOffset: 26 * PLACE_BYTES },
} as const;
export type HeldAt = (typeof HELD)[keyof typeof HELD];
export const HELD_BYTES = Object.keys(HELD).length * PLACE_BYTES;

/** What is held, in the values of some engine. */
export interface HeldState<X, Y> {
  x(at: HeldAt): X;
  setX(at: HeldAt, value: X): void;
  y(at: HeldAt): Y;
  setY(at: HeldAt, value: Y): void;
}

/** Is any of these bits of a register set? */
export function isSet<X>(m: Arithmetic<X>, value: X, bits: bigint): X {
  return m.xor(m.eq(m.and(value, m.const(bits)), m.const(0n)), m.const(1n));
}

export class HeldRegisters implements HeldState<bigint, Capability> {
  readonly #doubles: BigUint64Array;
  readonly #words: Int32Array;

  constructor(buffer: ArrayBuffer = new ArrayBuffer(HELD_BYTES), at = 0) {
    this.#doubles = new BigUint64Array(buffer, at, HELD_BYTES / 8);
    this.#words = new Int32Array(buffer, at, HELD_BYTES / 4);
  }

  x(at: HeldAt): bigint {
    return this.#doubles[at >>> 3]!;
  }
  setX(at: HeldAt, value: bigint): void {
    this.#doubles[at >>> 3] = value;
  }

  y(at: HeldAt): Capability {
    const first = at >>> 3;
    const doubles = this.#doubles;
    return new Capability(doubles[first + TAG]!, doubles[first + META]!, doubles[first]!, undefined);
  }
  setY(at: HeldAt, { tag, meta, addr }: Capability): void {
    const first = at >>> 3;
    const doubles = this.#doubles;
    doubles[first] = addr;
    doubles[first + META] = meta;
    doubles[first + TAG] = tag;
  }

  /** The halves of a register of XLEN bits: they cost no bigint. */
  low(at: HeldAt): number {
    return this.#words[at >>> 2]!;
  }
  setLow(at: HeldAt, word: number): void {
    this.#words[at >>> 2] = word;
  }
  high(at: HeldAt): number {
    return this.#words[(at >>> 2) + 1]!;
  }
  setHigh(at: HeldAt, word: number): void {
    this.#words[(at >>> 2) + 1] = word;
  }
}
