// Builds a service's data: structs, tables and payloads at final addresses, with the pointers that a loader must install.
import { alignUp, type Layout, type PointerBytes } from "../kernel/abi.ts";
import { exactAlignment } from "../kernel/layout.ts";

/** A pointer to store at `at` once memory is loaded; where pointers are integers the bytes hold it already. */
export interface InstalledPointer {
  readonly at: number;
  readonly base: number;
  readonly bytes: number;
  readonly writable: boolean;
}

/** An object placed in the block. */
export interface Placed {
  readonly base: number;
  readonly bytes: number;
}

const WORD_BYTES = 8;

/** Grows upwards from `base`; unwritten bytes are zero. */
export class DataBlock {
  readonly base: number;
  readonly pointerBytes: PointerBytes;
  readonly pointers: InstalledPointer[] = [];
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #end: number;
  #written = 0;

  constructor(base: number, pointerBytes: PointerBytes) {
    this.base = base;
    this.#end = base;
    this.pointerBytes = pointerBytes;
  }

  /** First free address. */
  get end(): number {
    return this.#end;
  }

  /** Everything written, from `base`; what follows up to `end` is zero. */
  contents(): Uint8Array {
    return this.#bytes.slice(0, this.#written);
  }

  /** Reserves memory that a capability can bound exactly. */
  reserve(bytes: number, align: number = this.pointerBytes): Placed {
    const exact = this.pointerBytes === 16 ? exactAlignment(bytes) : 1;
    const base = alignUp(this.#end, Math.max(align, exact));
    const placed = { base, bytes: alignUp(bytes, exact) };
    this.#end = base + placed.bytes;
    return placed;
  }

  /** Reserves `count` structs, at least one so that a pointer to them has something to point at. */
  reserveStructs(layout: Layout, count: number): Placed {
    return this.reserve(layout.bytes * Math.max(1, count));
  }

  /** Takes over a block laid out elsewhere for this very address. */
  write(at: number, bytes: Uint8Array): void {
    this.#room(at + bytes.length);
    this.#bytes.set(bytes, at - this.base);
  }

  u64(at: number, value: number | bigint): void {
    this.#room(at + WORD_BYTES);
    this.#view.setBigUint64(at - this.base, BigInt.asUintN(64, BigInt(value)), true);
  }

  pointer(at: number, to: Placed, writable: boolean): void {
    if (this.pointerBytes === 8) this.u64(at, to.base);
    else this.pointers.push({ at, base: to.base, bytes: to.bytes, writable });
  }

  #room(end: number): void {
    const needed = end - this.base;
    this.#written = Math.max(this.#written, needed);
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
