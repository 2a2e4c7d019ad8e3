// RAM with a tag for each 16-byte granule: every store clears the tags it touches, only capability stores set them.
import type { AccessBytes } from "../../isa/semantics.ts";

export const GRANULE_BITS = 4;
export const GRANULE_BYTES = 1 << GRANULE_BITS;
export const PAGE_BITS = 12;
export const PAGE_BYTES = 1 << PAGE_BITS;

/** Why somebody wants to hear of stores to a granule. */
export const Mark = {
  /** A decoded instruction is kept. */
  code: 1,
  /** A page-table walk has read an entry of the page. */
  table: 2,
  /** The host polls a word (HTIF). */
  watched: 4,
} as const;

/** Where the three arrays of a memory lie in a buffer: an engine may want them in its linear memory. */
export interface MemoryPlaces {
  readonly buffer: ArrayBuffer;
  readonly bytesAt: number;
  readonly tagsAt: number;
  readonly marksAt: number;
}

/** One half of a capability in memory holds the address, the other the metadata. */
export interface MemoryOptions {
  readonly base: number;
  /** A multiple of the page, at most 4 GiB. */
  readonly sizeBytes: number;
  /** Without it, arrays of its own. */
  readonly places?: MemoryPlaces;
}

/** Addresses given to its methods are byte offsets from `base`, in range: the bus has checked. */
export class Memory {
  readonly base: number;
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
  /** 1 where the granule holds a valid capability. */
  readonly tags: Uint8Array;
  /** `Mark` bits of each granule. */
  readonly marks: Uint8Array;
  /** Called before a store to a marked granule. */
  onMarkedStore: (offset: number, bytes: number) => void = () => {};
  readonly #view: DataView;

  constructor(options: MemoryOptions) {
    const { base, sizeBytes, places } = options;
    this.base = base;
    this.sizeBytes = sizeBytes;
    const array = (at: number | undefined, length: number): Uint8Array =>
      places === undefined ? new Uint8Array(length) : new Uint8Array(places.buffer, at, length);
    this.bytes = array(places?.bytesAt, sizeBytes);
    this.tags = array(places?.tagsAt, sizeBytes / GRANULE_BYTES);
    this.marks = array(places?.marksAt, sizeBytes / GRANULE_BYTES);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, sizeBytes);
  }

  /** Marks the granules of [offset, offset + bytes). */
  mark(offset: number, bytes: number, mark: number): void {
    const last = (offset + bytes - 1) >>> GRANULE_BITS;
    for (let granule = offset >>> GRANULE_BITS; granule <= last; granule += 1) this.marks[granule]! |= mark;
  }

  /** Takes a mark off the granules of [offset, offset + bytes). */
  unmark(offset: number, bytes: number, mark: number): void {
    const last = (offset + bytes - 1) >>> GRANULE_BITS;
    for (let granule = offset >>> GRANULE_BITS; granule <= last; granule += 1) this.marks[granule]! &= ~mark;
  }

  /** Which marks do the granules of [offset, offset + bytes) carry? */
  marksOf(offset: number, bytes: number): number {
    const last = (offset + bytes - 1) >>> GRANULE_BITS;
    let marks = 0;
    for (let granule = offset >>> GRANULE_BITS; granule <= last; granule += 1) marks |= this.marks[granule]!;
    return marks;
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
    return this.tags[offset >>> GRANULE_BITS]!;
  }

  /** Stores a whole capability at an aligned offset: address in the lower half, metadata in the upper. */
  storeCapability(offset: number, tag: number, meta: bigint, addr: bigint): void {
    this.#touch(offset, GRANULE_BYTES);
    this.#view.setBigUint64(offset, addr, true);
    this.#view.setBigUint64(offset + 8, meta, true);
    this.tags[offset >>> GRANULE_BITS] = tag;
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

  /** Reports a store to marked granules and clears the tags of all it touches. */
  #touch(offset: number, bytes: number): void {
    const { marks, tags } = this;
    const first = offset >>> GRANULE_BITS;
    const last = (offset + bytes - 1) >>> GRANULE_BITS;
    if (bytes <= GRANULE_BYTES) {
      if ((marks[first]! | marks[last]!) !== 0) this.onMarkedStore(offset, bytes);
      tags[first] = 0;
      tags[last] = 0;
    } else {
      if (this.marksOf(offset, bytes) !== 0) this.onMarkedStore(offset, bytes);
      tags.fill(0, first, last + 1);
    }
  }
}
