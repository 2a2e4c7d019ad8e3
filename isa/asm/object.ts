// An object file in memory: sections, symbols and relocations, as the assembler leaves them and the linker takes them.
import type { Form } from "../codec.ts";
import type { SectionFlags } from "./section.ts";
import type { Place } from "./source.ts";

export interface ObjectSection {
  readonly name: string;
  readonly flags: SectionFlags;
  readonly align: number;
  /** Memory taken; equal to the bytes' length unless the section is nobits. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly relocations: readonly Relocation[];
}

export interface ObjectSymbol {
  readonly name: string;
  /** Index into the object's sections; undefined for a constant or a name defined elsewhere. */
  readonly section: number | undefined;
  readonly defined: boolean;
  /** Offset in the section, or the constant. */
  readonly value: bigint;
  readonly binding: "local" | "global" | "weak";
  readonly type: "none" | "function" | "object";
  readonly size: number;
  /** Where the name is defined, or first used. */
  readonly place: Place | undefined;
}

/**
 * How a value enters the bytes:
 * - `pcrel`: distance to the symbol, in the instruction's immediate (branch, jal);
 * - `pcrel_hi`: upper part of the distance (auipc); `pcrel_lo`: lower part of the distance of the auipc at `high`;
 * - `hi`, `lo`: upper and lower part of the address;
 * - `data`: `bytes` bytes of the address, less the symbol `minus`.
 */
export type RelocationKind = "pcrel" | "pcrel_hi" | "pcrel_lo" | "hi" | "lo" | "data";

export interface Relocation {
  readonly kind: RelocationKind;
  readonly offset: number;
  readonly plus: ObjectSymbol | undefined;
  readonly minus: ObjectSymbol | undefined;
  readonly addend: bigint;
  /** Bytes of data. */
  readonly bytes: number;
  /** The instruction; its immediate in the section's bytes is zero. */
  readonly form: Form | undefined;
  /** For pcrel_lo: offset of the auipc in the same section. */
  readonly high: number;
  /** The line that it stands for; undefined in an object read from a file. */
  readonly place: Place | undefined;
}

export interface ObjectFile {
  /** Where an object without lines came from. */
  readonly file?: string;
  readonly sections: readonly ObjectSection[];
  readonly symbols: readonly ObjectSymbol[];
}
