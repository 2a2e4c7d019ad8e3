// Lays out payloads as objects in guest memory.
import { alignUp, type PointerBytes } from "../kernel/abi.ts";
import { exactRegion, type Region } from "../kernel/layout.ts";
import type { Message, Payload } from "./messages.ts";
import { objectLayout } from "./schema.ts";

/** Objects that refer to one another, at an address to be chosen. Places in it are offsets from there. */
export interface ObjectGraph {
  /** The root object comes first. Where pointers belong there are zeros. */
  readonly bytes: Uint8Array;
  /** Three numbers for each pointer: where it stands, where what it points at begins, how many bytes that has. */
  readonly pointers: readonly number[];
}

/** Numbers that a pointer takes in `ObjectGraph.pointers`. */
export const POINTER_NUMBERS = 3;

/** Bytes of a payload's root object. */
export const payloadRootBytes = (payload: Payload, pointerBytes: PointerBytes): number =>
  objectLayout(payload.type, pointerBytes).bytes;

/** Alignment of a string's first byte: that of a word, as any allocator gives. */
const STRING_ALIGN = 8;
/** Shorter bounds are exact at any byte (rvy64-encoding.adoc). */
const EXACT_ANYWHERE_BYTES = 4096;

/** Lays out one payload after another, for one pointer form. */
export class GraphBuilder {
  readonly #pointerBytes: PointerBytes;
  readonly #pointers: number[] = [];
  #bytes = new Uint8Array(1 << 12);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  constructor(pointerBytes: PointerBytes) {
    this.#pointerBytes = pointerBytes;
  }

  /**
   * Each object, array and string lies in a region of its own; where pointers are capabilities, in one that they bound exactly,
   * if the graph lies at a multiple of the alignment that bounds of the whole graph need. The graph is good until the next is built.
   */
  build(payload: Payload): ObjectGraph {
    this.#bytes.fill(0, 0, this.#end);
    this.#end = 0;
    this.#pointers.length = 0;
    this.#place(payload);
    return { bytes: this.#bytes.subarray(0, this.#end), pointers: this.#pointers };
  }

  /** Places an object and all it refers to. */
  #place({ type, values }: Message): Region {
    const { bytes, slots } = objectLayout(type, this.#pointerBytes);
    const object = this.#take(bytes, this.#pointerBytes);
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      const at = object.base + slots[i]!.at;
      if (value === undefined) continue;
      if (typeof value === "bigint") this.#view.setBigUint64(at, value, true);
      else if (type.fields[i]!.kind === "message") this.#pointer(at, this.#place(value as Message));
      else {
        const sized = value as Uint8Array | readonly Message[];
        this.#view.setUint32(object.base + slots[i]!.lengthAt, sized.length, true);
        if (sized.length > 0) this.#pointer(at, sized instanceof Uint8Array ? this.#string(sized) : this.#array(sized));
      }
    }
    return object;
  }

  #string(value: Uint8Array): Region {
    const region = this.#take(value.length, STRING_ALIGN);
    this.#bytes.set(value, region.base);
    return region;
  }

  #array(list: readonly Message[]): Region {
    const array = this.#take(list.length * this.#pointerBytes, this.#pointerBytes);
    let at = array.base;
    for (const element of list) {
      this.#pointer(at, this.#place(element));
      at += this.#pointerBytes;
    }
    return array;
  }

  #take(bytes: number, align: number): Region {
    const from = alignUp(this.#end, align);
    const exact = this.#pointerBytes === 16 && bytes >= EXACT_ANYWHERE_BYTES;
    const region = exact ? exactRegion(from, bytes) : { base: from, bytes };
    this.#end = region.base + region.bytes;
    this.#room(this.#end);
    return region;
  }

  #pointer(at: number, to: Region): void {
    this.#pointers.push(at, to.base, to.bytes);
  }

  #room(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
