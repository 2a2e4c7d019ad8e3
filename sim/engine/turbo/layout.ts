// Where everything lies in the engine's linear memory: the hart's registers, what leaves and enters generated code, RAM.
import { GRANULE_BITS, GRANULE_BYTES, PAGE_BYTES } from "../../machine/memory.ts";

/** What a function of generated code and its callers tell one another. */
export const STATE = {
  /** i64: where execution goes on. */
  pc: 0,
  /** i64: metadata of the pcc, 0 where pointers are integers. */
  meta: 8,
  /** i32: 0 where execution simply goes on at `pc`; else the number of the exit that was taken (exits.ts). */
  exit: 16,
  /** i32: the TLB of the context in force. */
  tlb: 20,
  /** i32: the number by which entries name the context in force (`ENTRY.tag`). */
  tag: 24,
  /** i32: the address space in force. */
  asid: 28,
  /** i32: where the region that is entered has its lines (fetch-code.ts). */
  lines: 32,
  /** i32: where the record of the line in hand lies (fetch-code.ts). */
  inHand: 36,
  /** i32: 1 where interrupts are pending that mie enables: what may let one in is the interpreter's. */
  pending: 40,
  /** i32: traps that generated code has taken since it was entered: they were charged to the budget, and retired nothing. */
  traps: 44,
  /** i32: what was left of the budget behind the last trap, from wherever it was taken. */
  trappedAt: 48,
  /** i32: the context in force; -1: none is known for the hart's state. */
  context: 52,
  /** f64: the clock, without timing, and the instructions retired, when the budget is used up. */
  now: 56,
  retired: 64,
  /** i32: which translations that were given still hold (fill-code.ts). */
  generation: 72,
  /** i32: what a context's number has added to make its tag. */
  tags: 76,
  /** i32: at which of its targets a region is entered, and from TARGET_LINE_AT bytes on the number of that one's line. */
  target: 80,
  /** i64: where an operation jumps to, and with which metadata (operations.ts). */
  next: 88,
  nextMeta: 96,
} as const;

export const TARGET_LINE_AT = 2;

/** Registers: addresses and metadata are i64, tags i32. Behind the last is a place for what x0 is given, which nobody reads. */
export const NO_REGISTER = 32;
const REGISTER_PLACES = 33;
export const X_AT = 104;
export const META_AT = X_AT + REGISTER_PLACES * 8;
export const TAG_AT = META_AT + REGISTER_PLACES * 8;
/** Control and status registers that only hold what they are given (machine/held.ts). */
export const HELD_AT = TAG_AT + (REGISTER_PLACES + 1) * 4;

/** Contexts by what they depend on, a hash table (switch-code.ts): i64 satp, i64 the rest, i32 number, i32 address space. */
export const CONTEXT_SLOT = { bits: 5, indexBits: 10, rest: 8, number: 16, asid: 20, bytes: 24 } as const;
export const CONTEXT_SLOTS_AT = 1 << 12;
/** Behind them, slots of the contexts that were in force last in each mode. */
export const LAST_CONTEXTS_AT = CONTEXT_SLOTS_AT + (1 << (CONTEXT_SLOT.indexBits + CONTEXT_SLOT.bits));
const MODES = 4;
export const CONTEXT_SLOTS_BYTES = LAST_CONTEXTS_AT - CONTEXT_SLOTS_AT + (MODES << CONTEXT_SLOT.bits);

/** The retire record (retire-record.ts). */
const RETIRE_BYTES = 80;
export const RETIRE_AT = CONTEXT_SLOTS_AT - RETIRE_BYTES;

/** Windows decoded lately, direct mapped by metadata (bounds-module.ts): i64 metadata, i64 base, i64 top. */
export const WINDOW_MEMO = { bits: 5, indexBits: 8, meta: 0, base: 8, top: 16, bytes: 1 << 13 } as const;
export const WINDOW_MEMO_AT = CONTEXT_SLOTS_AT + CONTEXT_SLOTS_BYTES;

/** Cached translations, a direct-mapped table for each kind of access (memory-path.ts). */
export const TLB = {
  /** An entry: i64 virtual page number, i32 what to add to the low half of an address in the page to get to its byte. */
  entryBits: 4,
  delta: 8,
  indexBits: 9,
  kinds: 4,
} as const;
export const TLB_KIND_BYTES = 1 << (TLB.indexBits + TLB.entryBits);
export const TLB_BYTES = TLB.kinds * TLB_KIND_BYTES;

/** Contexts: ways to see memory. One has a TLB of its own, and a number that its entries have, so that a change of context is one of two words. */
export const MAX_CONTEXTS = 240;
const CONTEXTS_AT = 1 << 16;
export const tlbAt = (context: number): number => CONTEXTS_AT + context * TLB_BYTES;

/**
 * Entries into translated code, a hash table by address and context (runtime.ts): i64 pc, i64 metadata, i32 tag, i32 index in the table,
 * i32 lines, i32 target. A tag says of which context an entry is, and is never used again once the context's are to be forgotten. The entry
 * displaced last by another lies in its neighbour's place (`other` bytes away, up or down): where three share two places, they
 * ask JavaScript as they take turns.
 */
export const ENTRY = { bits: 5, indexBits: 15, meta: 8, tag: 16, index: 20, lines: 24, target: 28, other: 32 } as const;
/** The highest bits of (pc xor tag << tagShift) * an odd number say where an entry lies. */
export const ENTRY_SPREAD = { pc: 0x9e37_79b1, tagShift: 20 } as const;
export const ENTRIES_AT = tlbAt(MAX_CONTEXTS);
export const ENTRIES_BYTES = 1 << (ENTRY.indexBits + ENTRY.bits);

/** Tables by which regions find the block of an address (control.ts). */
export const TARGETS_AT = ENTRIES_AT + ENTRIES_BYTES;
export const TARGETS_BYTES = 1 << 22;

/**
 * Translations that were given to any context, a hash table (fill-code.ts): i64 page, context and kind of access, i32 as in a TLB, i32
 * generation. One of another generation than that in force holds no more.
 */
export const GIVEN = { bits: 4, indexBits: 14, key: 0, delta: 8, generation: 12 } as const;
export const GIVEN_AT = TARGETS_AT + TARGETS_BYTES;
export const GIVEN_BYTES = 1 << (GIVEN.indexBits + GIVEN.bits);

/**
 * Decoded words for the interpreter (operations.ts): i32 index of a function in the table of operations, i32 what to add to X_AT for rd (that of
 * NO_REGISTER where it is x0), rs1 and rs2, i32 traits (sim/timing/traits.ts), i32 bytes, i64 the immediate.
 */
export const OPERATION = {
  ...{ bits: 5, indexBits: 18 },
  ...{ function: 0, rd: 4, rs1: 8, rs2: 12, traits: 16, bytes: 20, imm: 24 },
} as const;
export const OPERATIONS_AT = GIVEN_AT + GIVEN_BYTES;
const OPERATIONS_BYTES = 1 << (OPERATION.indexBits + OPERATION.bits);

/**
 * Pages of decoded code, for each parcel (decoded-pages.ts): i32 where the record of the operation lies that begins there, 0 where none is
 * decoded; i32 how often the interpreter has jumped there, with the category of the code above `heatBits`.
 */
export const PARCEL = { bits: 3, record: 0, heat: 4, heatBits: 16 } as const;
export const PARCELS_BYTES = (PAGE_BYTES / 2) << PARCEL.bits;
export const MAX_DECODED_PAGES = 2048;
export const DECODED_AT = OPERATIONS_AT + OPERATIONS_BYTES;

/**
 * Pages that the interpreter goes on in, direct mapped by the lowest bits of their number (interpreter-loop.ts): i64 address, i32 tag (as of
 * an `ENTRY`), i32 where its parcels lie, i32 its place in linear memory.
 */
export const FETCHED = { bits: 5, indexBits: 11, tag: 8, parcels: 12, place: 16 } as const;
export const FETCHED_AT = DECODED_AT + MAX_DECODED_PAGES * PARCELS_BYTES;
export const FETCHED_BYTES = 1 << (FETCHED.indexBits + FETCHED.bits);

/** The last jumps through registers that it has taken, in a ring: i64 their addresses, i64 where they led. */
export const JUMPED = { bits: 4, indexBits: 10, target: 8 } as const;
export const JUMPED_AT = FETCHED_AT + FETCHED_BYTES;

/** What it is told, and tells: i64 address at which the pcc's bounds begin, i64 how far from there an instruction may; i32 how many jumps. */
export const INTERPRETED = { low: 0, span: 8, jumps: 16, bytes: 24 } as const;
export const INTERPRETED_AT = JUMPED_AT + (1 << (JUMPED.indexBits + JUMPED.bits));

const WASM_PAGE_BYTES = 1 << 16;
export const RAM_AT = Math.ceil((INTERPRETED_AT + INTERPRETED.bytes) / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
/** Linear memory has 4 GiB, and RAM brings two bytes for each granule. */
export const MAX_RAM_BYTES = 3.25 * 2 ** 30;

/** Places that depend on the size of RAM. */
export interface Layout {
  readonly ramBytes: number;
  readonly tagsAt: number;
  readonly marksAt: number;
  /** What timing remembers. */
  readonly timingAt: number;
  readonly pages: number;
  /** What to add to a byte's place shifted right by GRANULE_BITS to get to the tag, and to the marks, of its granule. */
  readonly tagOffset: number;
  readonly markOffset: number;
}

export function layoutOf(ramBytes: number, timingBytes: number): Layout {
  const tagsAt = RAM_AT + ramBytes;
  const marksAt = tagsAt + ramBytes / GRANULE_BYTES;
  const timingAt = marksAt + ramBytes / GRANULE_BYTES;
  return {
    ramBytes,
    tagsAt,
    marksAt,
    timingAt,
    pages: Math.ceil((timingAt + timingBytes) / WASM_PAGE_BYTES),
    tagOffset: tagsAt - (RAM_AT >>> GRANULE_BITS),
    markOffset: marksAt - (RAM_AT >>> GRANULE_BITS),
  };
}
