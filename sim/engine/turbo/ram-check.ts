// One check for all accesses of a block that go by a register as it is: where the first of them is made, all have to lie in RAM.
//
// What it looks at is written over as more of them are met. Where one of them does not lie in RAM, it exits before the first, and the
// interpreter goes on from there.
import { RAM_AT } from "./layout.ts";
import { Op, type Code } from "./wasm.ts";

/** How many bytes it looks at, at most. */
const MOST_BYTES = 4096n;

export class RamCheck {
  readonly #code: Code;
  readonly #ramBytes: bigint;
  /** Where the numbers stand: what to add to the first access's place to get to the first byte's in RAM, and the highest that this may be. */
  readonly #firstAt: number;
  readonly #mostAt: number;
  readonly #offset: bigint;
  /** Offsets from the register's address: from <= offset < to. */
  #from: bigint;
  #to: bigint;

  /**
   * Leaves whether the bytes do not all lie in RAM; on the stack is the place in linear memory, an i64, where those of the first access would
   * lie, at an offset from the register's address.
   */
  constructor(code: Code, ramBytes: bigint, offset: bigint, bytes: number) {
    this.#code = code;
    this.#ramBytes = ramBytes;
    this.#offset = offset;
    this.#from = offset;
    this.#to = offset + BigInt(bytes);
    code.op(Op.i64Const);
    this.#firstAt = code.length;
    code.fixed64(0n).op(Op.i64Add).op(Op.i64Const);
    this.#mostAt = code.length;
    code.fixed64(0n).op(Op.i64LeU).op(Op.i32Eqz);
    this.#write();
  }

  /** Has it look at the bytes at another offset, too; false where that would be too many. */
  widen(offset: bigint, bytes: number): boolean {
    const end = offset + BigInt(bytes);
    const from = offset < this.#from ? offset : this.#from;
    const to = end > this.#to ? end : this.#to;
    if (to - from > MOST_BYTES) return false;
    this.#from = from;
    this.#to = to;
    this.#write();
    return true;
  }

  #write(): void {
    this.#code.patchFixed64(this.#firstAt, this.#from - this.#offset - BigInt(RAM_AT));
    this.#code.patchFixed64(this.#mostAt, this.#ramBytes - (this.#to - this.#from));
  }
}
