// The contracts of a timing part: what it asks of its neighbour, where its state lies. A part returns cycles and changes no
// architectural state.
//
// A part that has a `fastPath` names there the words that an engine may compare by itself: what it describes changes no state but
// the counts it names, and takes no time.
import type { EventBlock } from "../stats/counters.ts";
import type { Walk } from "../machine/retire.ts";

/** Where RAM begins (sim/machine). Below it lie devices, which no cache holds. */
export const RAM_BASE = 0x8000_0000;

/** Something that holds lines of physical memory: a cache, the tagged memory, DRAM. */
export interface Part {
  readonly events: EventBlock;
  /** Asks at cycle `at` for the `bytes` that begin at `phys`, within one line; gives the cycle at which they are there. */
  read(phys: number, bytes: number, at: number): number;
  /** Takes a dirty line at cycle `at`. Nobody waits for it, but it occupies what it passes through. */
  write(phys: number, bytes: number, at: number): void;
}

/** Finds the machine's translation of a virtual address; undefined where there is none (the access will trap). */
export type Walks = (virt: number) => Walk | undefined;

/** What a translator has found; it is read before the next translation overwrites it. */
export interface Found {
  /** False where the walk found no translation. */
  valid: boolean;
  /** log2 of the page's bytes. */
  pageBits: number;
  global: boolean;
}

/** Something that translates virtual addresses: a TLB, the page-table walker. */
export interface Translator {
  readonly events: EventBlock;
  readonly found: Found;
  /** Translates `virt` (low 48 bits) at cycle `at`; gives the cycle at which the translation is there. */
  translate(virt: number, asid: number, at: number, walks: Walks): number;
}

/** Where parts keep their state: plain arrays, or views of an engine's linear memory. */
export interface Storage {
  int32(length: number, fill?: number): Int32Array;
  float64(length: number, fill?: number): Float64Array;
}

/** Arrays of zeros are not filled, here or in linear memory: that would have the host commit memory for them. */
const filled = <A extends Int32Array | Float64Array>(array: A, fill: number): A => {
  if (fill !== 0) array.fill(fill);
  return array;
};

export const heapStorage: Storage = {
  int32: (length, fill = 0) => filled(new Int32Array(length), fill),
  float64: (length, fill = 0) => filled(new Float64Array(length), fill),
};

/** The bytes that `use` takes of a linear storage. Its arrays are not filled at all. */
export function storageBytes(use: (storage: Storage) => void): number {
  let bytes = 0;
  const counted = <A extends Int32Array | Float64Array>(array: A): A => {
    bytes += Math.ceil(array.byteLength / 8) * 8;
    return array;
  };
  use({
    int32: (length) => counted(new Int32Array(length)),
    float64: (length) => counted(new Float64Array(length)),
  });
  return bytes;
}

/** Storage in linear memory; `end` is the first byte that nobody has taken. */
export interface LinearStorage extends Storage {
  readonly end: number;
}

/**
 * Lays arrays one after another into a memory (of WebAssembly, say) of zeros, from a multiple of 8. An array's address is its
 * `byteOffset`. The memory must be large enough and must not grow while they are in use: growing detaches them.
 */
export function linearStorage(memory: { readonly buffer: ArrayBuffer }, fromByte: number): LinearStorage {
  let end = Math.ceil(fromByte / 8) * 8;
  const take = (bytes: number): number => {
    const at = end;
    end = Math.ceil((at + bytes) / 8) * 8;
    if (end > memory.buffer.byteLength)
      throw new Error(`${end - memory.buffer.byteLength} bytes of storage are missing`);
    return at;
  };
  return {
    get end() {
      return end;
    },
    int32: (length, fill = 0) => filled(new Int32Array(memory.buffer, take(4 * length), length), fill),
    float64: (length, fill = 0) => filled(new Float64Array(memory.buffer, take(8 * length), length), fill),
  };
}

/** Makes a part's event counters. */
export function eventBlock(part: string, names: readonly string[], storage: Storage): EventBlock {
  return { part, names, values: storage.float64(names.length) };
}
