// The loader's table of pointers as it grows: a work has tens of thousands, so they are kept as the bytes that the loader reads.
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
    this.#u64(row + AT.at, at);
    this.#u64(row + AT.base, base);
    this.#u64(row + AT.length, bytes);
    this.#view.setUint32(row + AT.writable, writable ? 1 : 0, true);
  }

  *[Symbol.iterator](): Generator<PointerRelocation> {
    const u64 = (at: number): number => Number(this.#view.getBigUint64(at, true));
    for (let row = 0; row < this.#end; row += ROW_BYTES) {
      const writable = u64(row + AT.writable) === 1;
      yield { at: u64(row + AT.at), base: u64(row + AT.base), bytes: u64(row + AT.length), writable };
    }
  }

  #u64(at: number, value: number): void {
    this.#view.setUint32(at, value, true); // takes it modulo 2^32
    this.#view.setUint32(at + 4, value / 2 ** 32, true);
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#view.byteLength);
    larger.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(larger.buffer);
  }
}
