// The linear memory of a turbo engine: the one place of registers, RAM, tags and marks, for generated code and interpreter alike.
import { REGISTER_COUNT } from "../../../isa/registers.ts";
import { HeldRegisters } from "../../machine/held.ts";
import type { MemoryPlaces } from "../../machine/memory.ts";
import "./host.ts";
import { HELD_AT, layoutOf, META_AT, RAM_AT, TAG_AT, X_AT, type Layout } from "./layout.ts";

export class LinearMemory {
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
  readonly buffer: ArrayBuffer;
  /** Addresses, metadata and tags of the registers. */
  readonly xs: BigUint64Array;
  readonly metas: BigUint64Array;
  readonly tags: Int32Array;
  readonly held: HeldRegisters;
  /** All of memory in words. */
  readonly words: Int32Array;
  readonly doubles: BigUint64Array;
  readonly numbers: Float64Array;

  /** `ramBytes`: at most MAX_RAM_BYTES. */
  constructor(ramBytes: number, timingBytes = 0) {
    this.layout = layoutOf(ramBytes, timingBytes);
    const { pages } = this.layout;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = this.memory.buffer;
    this.xs = new BigUint64Array(this.buffer, X_AT, REGISTER_COUNT);
    this.metas = new BigUint64Array(this.buffer, META_AT, REGISTER_COUNT);
    this.tags = new Int32Array(this.buffer, TAG_AT, REGISTER_COUNT);
    this.held = new HeldRegisters(this.buffer, HELD_AT);
    this.words = new Int32Array(this.buffer);
    this.doubles = new BigUint64Array(this.buffer);
    this.numbers = new Float64Array(this.buffer);
  }

  /** Where RAM lies. */
  get places(): MemoryPlaces {
    const { tagsAt, marksAt } = this.layout;
    return { buffer: this.buffer, bytesAt: RAM_AT, tagsAt, marksAt };
  }
}
