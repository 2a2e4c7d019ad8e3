// Builds a service's data: structs, tables and payloads at final addresses, with the pointers that a loader must install.
import { alignUp, setU64, type Layout, type PointerBytes } from "../kernel/abi.ts";
import { exactAlignment } from "../kernel/layout.ts";
import { PointerTable } from "../kernel/sasos/pointers.ts";
import type { Payload } from "./messages.ts";
import { GraphBuilder, payloadRootBytes, POINTER_NUMBERS } from "./object-graph.ts";

/** An object placed in the block. */
export interface Placed {
  readonly base: number;
  readonly bytes: number;
}

const WORD_BYTES = 8;
const CACHE_LINE_BYTES = 64;

/** Grows upwards from `base`; unwritten bytes are zero. */
export class DataBlock {
  readonly pointerBytes: PointerBytes;
  readonly #graphs: GraphBuilder;
  #base: number;
  /** What a loader must install, where pointers are capabilities; where they are integers the bytes hold them already. */
  readonly pointers = new PointerTable();
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #end: number;
  #written = 0;

  constructor(base: number, pointerBytes: PointerBytes) {
    this.#base = base;
    this.#end = base;
    this.pointerBytes = pointerBytes;
    this.#graphs = new GraphBuilder(pointerBytes);
  }

  get base(): number {
    return this.#base;
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

  /** Takes in a payload as objects that nobody may write to; returns the root object. */
  payload(payload: Payload): Placed {
    const { bytes, pointers } = this.#graphs.build(payload);
    const { base } = this.reserve(bytes.length, CACHE_LINE_BYTES);
    this.#room(base + bytes.length);
    this.#bytes.set(bytes, base - this.#base);
    for (let i = 0; i < pointers.length; i += POINTER_NUMBERS) {
      this.#pointer(base + pointers[i]!, base + pointers[i + 1]!, pointers[i + 2]!, false);
    }
    return { base, bytes: payloadRootBytes(payload, this.pointerBytes) };
  }

  /**
   * Shifts all of it by `delta`, a multiple of every alignment in it: those of exact bounds of the whole block are. Only for
   * capabilities, which are not in the bytes yet.
   */
  move(delta: number): void {
    this.#base += delta;
    this.#end += delta;
    this.pointers.move(delta);
  }

  u64(at: number, value: number): void {
    this.#room(at + WORD_BYTES);
    setU64(this.#view, at - this.#base, value);
  }

  pointer(at: number, to: Placed, writable: boolean): void {
    this.#pointer(at, to.base, to.bytes, writable);
  }

  #pointer(at: number, base: number, bytes: number, writable: boolean): void {
    if (this.pointerBytes === 8) this.u64(at, base);
    else this.pointers.add(at, base, bytes, writable);
  }

  #room(end: number): void {
    const needed = end - this.#base;
    this.#written = Math.max(this.#written, needed);
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
