// Registers that only hold what they are given, laid out so that an engine may have them in its linear memory.
import { Capability } from "./capability.ts";

/** Offsets within the place of a register; one of XLEN bits has an address alone. */
export const HELD_PART = { addr: 0, meta: 8, tag: 16 } as const;
const PLACE_BYTES = 24;
const [META, TAG] = [HELD_PART.meta / 8, HELD_PART.tag / 8];

/** Each register's offset. */
export const HELD = {
  ...{ mscratch: 0, mepc: PLACE_BYTES, mcause: 2 * PLACE_BYTES, mtval: 3 * PLACE_BYTES, mtidc: 4 * PLACE_BYTES },
  ...{ sscratch: 5 * PLACE_BYTES, sepc: 6 * PLACE_BYTES, scause: 7 * PLACE_BYTES, stval: 8 * PLACE_BYTES },
  ...{ stidc: 9 * PLACE_BYTES, utidc: 10 * PLACE_BYTES },
} as const;
export type HeldName = keyof typeof HELD;
export const HELD_BYTES = Object.keys(HELD).length * PLACE_BYTES;

export class HeldRegisters {
  readonly #doubles: BigUint64Array;

  constructor(buffer: ArrayBuffer = new ArrayBuffer(HELD_BYTES), at = 0) {
    this.#doubles = new BigUint64Array(buffer, at, HELD_BYTES / 8);
  }

  x(name: HeldName): bigint {
    return this.#doubles[HELD[name] >>> 3]!;
  }
  setX(name: HeldName, value: bigint): void {
    this.#doubles[HELD[name] >>> 3] = value;
  }

  y(name: HeldName): Capability {
    const at = HELD[name] >>> 3;
    const doubles = this.#doubles;
    return new Capability(doubles[at + TAG]!, doubles[at + META]!, doubles[at]!, undefined);
  }
  setY(name: HeldName, { tag, meta, addr }: Capability): void {
    const at = HELD[name] >>> 3;
    const doubles = this.#doubles;
    doubles[at] = addr;
    doubles[at + META] = meta;
    doubles[at + TAG] = tag;
  }
}
