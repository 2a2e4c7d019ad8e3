// What a memory-mapped device is: a range of physical addresses and two functions on offsets in it.
import type { AccessBytes } from "../../../isa/semantics.ts";

export interface Device {
  readonly name: string;
  readonly base: number;
  readonly sizeBytes: number;
  /** Reads a register, zero-extended; undefined is an access fault. */
  read(offset: number, bytes: AccessBytes): bigint | undefined;
  /** Writes a register; false is an access fault. */
  write(offset: number, bytes: AccessBytes, value: bigint): boolean;
}
