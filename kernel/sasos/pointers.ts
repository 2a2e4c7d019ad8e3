// The loader's table of pointers as it grows: a work has tens of thousands, so they are kept as the bytes that the loader reads.
import { setU64 } from "../abi.ts";
import { POINTER } from "./objects.ts";

/** A capability that the loader stores at `at`: for `bytes` from `base` on. */
export interface PointerRelocation {
  readonly at: number;
  readonly base: number;
  readonly bytes: number;
  readonly writable: boolean;
}

const { at: AT, bytes: ROW_BYTES } = POINTER.layout(16);

/** A POINTER[] (objects.ts). */
export class PointerTable implements Iterable<PointerRelocation> {
  #view = new DataView(new ArrayBuffer(64 * ROW_BYTES));
  #end = 0;

  /** A table of these. */
  static of(...pointers: readonly PointerRelocation[]): PointerTable {
    const table = new PointerTable();
    for (const p of pointers) table.add(p.at, p.base, p.bytes, p.writable);
    return table;
  }

  /** How many there are. */
  get length(): number {
    return this.#end / ROW_BYTES;
  }

  /** The table in guest memory. */
  get contents(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#end);
  }

  add(at: number, base: number, bytes: number, writable: boolean): void {
    const row = this.#end;
    this.#end += ROW_BYTES;
    if (this.#end > this.#view.byteLength) this.#grow();
    setU64(this.#view, row + AT.at, at);
    setU64(this.#view, row + AT.base, base);
    setU64(this.#view, row + AT.length, bytes);
    this.#view.setUint32(row + AT.writable, writable ? 1 : 0, true);
  }

  /** Shifts both what points and what is pointed at. */
  move(delta: number): void {
    for (let row = 0; row < this.#end; row += ROW_BYTES) {
      for (const field of [row + AT.at, row + AT.base]) setU64(this.#view, field, this.#number(field) + delta);
    }
  }

  *[Symbol.iterator](): Generator<PointerRelocation> {
    for (let row = 0; row < this.#end; row += ROW_BYTES) {
      const [at, base, bytes] = [AT.at, AT.base, AT.length].map((field) => this.#number(row + field));
      yield { at: at!, base: base!, bytes: bytes!, writable: this.#number(row + AT.writable) === 1 };
    }
  }

  #number(at: number): number {
    return this.#view.getUint32(at, true) + 2 ** 32 * this.#view.getUint32(at + 4, true);
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#view.byteLength);
    larger.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(larger.buffer);
  }
}
