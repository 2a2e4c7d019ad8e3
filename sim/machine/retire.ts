// The retire record: what one step of the hart tells the timing model. It carries addresses, never register values.
import type { Decoded } from "../../isa/codec.ts";
import type { Counters } from "../stats/counters.ts";

export type AccessKind = "none" | "load" | "store" | "atomic";

/** One retired instruction, or one trap taken. The engine reuses a single record: read it at once, never keep it. */
export interface Retire {
  /** Undefined where the fetch itself trapped or an interrupt was taken. */
  insn: Decoded | undefined;
  /** Virtual address of the instruction, low 48 bits. */
  pc: number;
  /** Physical address of its first byte; -1 where the fetch trapped. */
  fetchPhys: number;
  /** Where execution goes on, virtual, low 48 bits. */
  nextPc: number;
  /** The instruction trapped, or an interrupt was taken before it. */
  trap: boolean;
  /** xRET, FENCE.I, SFENCE.VMA, a CSR write that changes translation, a trap: the front end starts afresh. */
  flush: boolean;
  access: AccessKind;
  /** First byte accessed: virtual (low 48 bits) and physical address. */
  dataVirt: number;
  dataPhys: number;
  dataBytes: number;
  /** The access moves a capability, so its tag is read or written. */
  capability: boolean;
  /** An integer store (or CBO.ZERO) writes tags too: it clears them. */
  translatedFetch: boolean;
  translatedData: boolean;
  /** Address-space identifier in force; global pages match any. */
  asid: number;
  /** Index of the code's category, from the image. */
  category: number;
  /** SFENCE.VMA retired: which TLB entries go. */
  fence: TlbFence | undefined;
}

export interface TlbFence {
  /** Virtual page number, undefined for all. */
  readonly page: number | undefined;
  /** Address space, undefined for all (global entries too). */
  readonly asid: number | undefined;
}

/** A translation as the walker finds it: the physical addresses of the entries it reads, and the page it ends at. */
export interface Walk {
  readonly entries: readonly number[];
  /** log2 of the page's bytes: 12, 21, 30. */
  readonly pageBits: number;
  readonly global: boolean;
}

/** What times a run. `now` is the model's cycle clock: monotonic, starts at 0. */
export interface Timing {
  readonly now: number;
  retire(r: Retire, walk: (virt: number) => Walk | undefined): void;
  /** Waits for an interrupt (WFI) until cycle `until`; counted as idle. */
  idle(until: number, category: number): void;
}

/** A model that says what it has counted. */
export interface TimedCore extends Timing {
  /** Everything counted up to now, as plain data. */
  snapshot(): Counters;
  /** Throws (our bug) unless causes and categories sum to the clock. */
  check(): void;
}
