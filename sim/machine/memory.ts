// RAM with a tag for each 16-byte granule: every store clears the tags it touches, only capability stores set them.
import type { AccessBytes } from "../../isa/semantics.ts";

export const GRANULE_BYTES = 16;
export const PAGE_BITS = 12;
export const PAGE_BYTES = 1 << PAGE_BITS;

/** Why somebody wants to hear of stores to a page. */
export const PageMark = {
  /** Decoded instructions are cached. */
  code: 1,
  /** A page-table walk has read an entry. */
  table: 2,
  /** The host polls a word (HTIF). */
  watched: 4,
} as const;

/** One half of a capability in memory holds the address, the other the metadata. */
export interface MemoryOptions {
  readonly base: number;
  /** A multiple of the page, at most 4 GiB. */
  readonly sizeBytes: number;
  /** Where the bytes live, if not in an array of their own: an engine may want them in its linear memory. */
  readonly buffer?: ArrayBuffer;
}

/** Addresses given to its methods are byte offsets from `base`, in range: the bus has checked. */
export class Memory {
  readonly base: number;
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
  /** 1 where the granule holds a valid capability. */
  readonly tags: Uint8Array;
  /** `PageMark` bits of each page. */
  readonly marks: Uint8Array;
  /** Called before a store to a marked page. */
  onMarkedStore: (offset: number, bytes: number) => void = () => {};
  readonly #view: DataView;

  constructor(options: MemoryOptions) {
    this.base = options.base;
    this.sizeBytes = options.sizeBytes;
    this.bytes = options.buffer
      ? new Uint8Array(options.buffer, 0, options.sizeBytes)
      : new Uint8Array(options.sizeBytes);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, options.sizeBytes);
    this.tags = new Uint8Array(options.sizeBytes / GRANULE_BYTES);
    this.marks = new Uint8Array(options.sizeBytes / PAGE_BYTES);
  }

  /** Does [phys, phys + bytes) lie in RAM? */
  holds(phys: number, bytes: number): boolean {
    const offset = phys - this.base;
    return offset >= 0 && offset + bytes <= this.sizeBytes;
  }

  load(offset: number, bytes: AccessBytes): bigint {
    switch (bytes) {
      case 8:
        return this.#view.getBigUint64(offset, true);
      case 4:
        return BigInt(this.#view.getUint32(offset, true));
      case 2:
        return BigInt(this.#view.getUint16(offset, true));
      case 1:
        return BigInt(this.bytes[offset]!);
    }
  }

  /** Stores the low `bytes` of a value and clears the one or two tags it touches. */
  store(offset: number, bytes: AccessBytes, value: bigint): void {
    this.#touch(offset, bytes);
    switch (bytes) {
      case 8:
        this.#view.setBigUint64(offset, value, true);
        return;
      case 4:
        this.#view.setUint32(offset, Number(value & 0xffff_ffffn), true);
        return;
      case 2:
        this.#view.setUint16(offset, Number(value & 0xffffn), true);
        return;
      case 1:
        this.bytes[offset] = Number(value & 0xffn);
    }
  }

  /** A 16- or 32-bit parcel of code. */
  fetch16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }
  fetch32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** The tag of the granule that holds `offset`: 0 or 1. */
  tag(offset: number): number {
    return this.tags[offset >>> 4]!;
  }

  /** Stores a whole capability at an aligned offset: address in the lower half, metadata in the upper. */
  storeCapability(offset: number, tag: number, meta: bigint, addr: bigint): void {
    this.#touch(offset, GRANULE_BYTES);
    this.#view.setBigUint64(offset, addr, true);
    this.#view.setBigUint64(offset + 8, meta, true);
    this.tags[offset >>> 4] = tag;
  }

  /** Writes host bytes (an image, a DMA): tags of all granules touched are cleared. */
  write(offset: number, source: Uint8Array): void {
    if (source.length === 0) return;
    this.#touch(offset, source.length);
    this.bytes.set(source, offset);
  }

  /** Zeroes a block, tags too. */
  zero(offset: number, bytes: number): void {
    this.#touch(offset, bytes);
    this.bytes.fill(0, offset, offset + bytes);
  }

  /** Reports a store to marked pages and clears the tags of the granules it touches. */
  #touch(offset: number, bytes: number): void {
    const last = offset + bytes - 1;
    const marks = this.marks;
    if (marks[offset >>> PAGE_BITS] !== 0 || marks[last >>> PAGE_BITS] !== 0) this.onMarkedStore(offset, bytes);
    const tags = this.tags;
    if (bytes <= GRANULE_BYTES) {
      tags[offset >>> 4] = 0;
      tags[last >>> 4] = 0;
    } else {
      tags.fill(0, offset >>> 4, (last >>> 4) + 1);
    }
  }
}
