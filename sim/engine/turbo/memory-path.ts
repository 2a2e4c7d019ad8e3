// The memory path of generated code: from a virtual address to a byte of linear memory, inline where nothing is rare about it.
//
// Where addresses are physical and no PMP entry guards them, one comparison tells RAM. Otherwise a direct-mapped TLB is asked,
// whose entries the engine has made from the machine's own translation; a miss calls `fill`, which makes one or says no. What
// is left (devices, an access across pages, a page that faults, a store to a marked granule) exits, and the interpreter does it.
import { GRANULE_BITS, GRANULE_BYTES, PAGE_BITS } from "../../machine/memory.ts";
import type { Expr, ExprWriter } from "./expr.ts";
import type { Known } from "./known.ts";
import { RamCheck } from "./ram-check.ts";
import { RAM_AT, TLB, TLB_KIND_BYTES, type Layout } from "./layout.ts";
import { I32, I64, Op, VOID, type TableCall } from "./wasm.ts";

/** Kinds of access that may be answered differently by one page. A capability without a tag is stored as data are. */
export const Access = { load: 0, store: 1, loadCapability: 2, storeCapability: 3 } as const;
/** From a store to that of a tagged capability. */
const TAGGED_SHIFT = 1;
export type Access = (typeof Access)[keyof typeof Access];

export const movesCapability = (access: Access): boolean =>
  access === Access.loadCapability || access === Access.storeCapability;

export interface MemoryPathOptions {
  readonly layout: Layout;
  /** Physical address of RAM. */
  readonly ramBase: number;
  /** Addresses are physical, and nothing guards them. */
  readonly direct: boolean;
  /** A misaligned integer access traps. */
  readonly trapsMisaligned: boolean;
  /** The ISA has capabilities: stores clear tags. */
  readonly tagged: boolean;
  /** Local with the TLB of the context. */
  readonly tlb: number;
  /** The function `fill(address: i64, access: i32) -> i32`. */
  readonly fill: TableCall;
}

/** Exits, within so many blocks opened meanwhile, where somebody wants to hear of a store to its last granule. */
export type RequireLast = (depth: number) => void;

export class MemoryPath {
  /** Hears of each access once its place is known. */
  onAccess: (addr: Expr, place: number, bytes: number, access: Access, requireLast: RequireLast) => void = () => {};
  /** Who hears of them tells misaligned ones apart, and has it required of those that their last granule be unmarked. */
  tellsMisaligned = false;
  /** What is known of registers, where addresses are theirs. */
  known: Known | undefined;
  readonly #o: MemoryPathOptions;
  readonly #writer: ExprWriter;
  /** Emits an exit before the instruction, within `depth` blocks opened here. */
  readonly #exit: (depth: number) => void;

  constructor(options: MemoryPathOptions, writer: ExprWriter, exit: (depth: number) => void) {
    this.#o = options;
    this.#writer = writer;
    this.#exit = exit;
  }

  /** Emits the way to a byte that is then accessed; returns the i32 local that holds its place in linear memory. `tag`: as `locate`. */
  place(address: Expr, bytes: number, access: Access, tag?: Expr): number {
    const addr = this.#writer.ready(address);
    const place = this.locate(addr, bytes, access, tag);
    this.attend(addr, place, bytes, access);
    return place;
  }

  /**
   * The way alone: to a place that the access may be made to, or is not made to at all. `addr` is ready. `tag`: that of a capability
   * to be stored.
   */
  locate(addr: Expr, bytes: number, access: Access, tag?: Expr): number {
    if (this.#o.trapsMisaligned && bytes > 1 && bytes <= 8) {
      const { code } = this.#writer;
      this.#writer.wide(addr);
      code
        .op(Op.i32WrapI64)
        .i32(bytes - 1)
        .op(Op.i32And);
      this.#exitIf(0);
    }
    return this.#o.direct ? this.#direct(addr, bytes) : this.#translated(addr, bytes, access, tag);
  }

  /** The access is made: who wants to know of it, gets to. */
  attend(addr: Expr, place: number, bytes: number, access: Access): void {
    const stores = access === Access.store || access === Access.storeCapability;
    if (stores) this.#requireUnmarked(place, bytes);
    const lastGranule = stores && bytes > 1 && bytes <= 8 ? bytes - 1 : 0;
    const requireLast: RequireLast = (depth) => {
      if (lastGranule > 0) this.#requireUnmarkedGranule(place, lastGranule, depth);
    };
    if (lastGranule > 0 && !this.tellsMisaligned) {
      const { code } = this.#writer;
      code
        .local(Op.localGet, place)
        .i32(bytes - 1)
        .op(Op.i32And);
      code.rarely(Op.if).byte(VOID);
      requireLast(1);
      code.op(Op.end);
    }
    this.onAccess(addr, place, bytes, access, requireLast);
  }

  /** Clears the tags of the granules that a store of at most 8 bytes touches, `ahead` of a place. */
  clearTags(place: number, bytes: number, ahead = 0): void {
    if (!this.#o.tagged) return;
    const { code } = this.#writer;
    this.granule(place, ahead);
    code.i32(0).memory(Op.i32Store8, this.#o.layout.tagOffset);
    if (bytes === 1) return;
    this.granule(place, ahead + bytes - 1);
    code.i32(0).memory(Op.i32Store8, this.#o.layout.tagOffset);
  }

  /** Leaves the tag of the granule at a place. */
  getTag(place: number): void {
    this.granule(place, 0);
    this.#writer.code.memory(Op.i32Load8U, this.#o.layout.tagOffset);
  }

  /** Sets the tag of the granule at a place to the i32 that `value` leaves. */
  setTag(place: number, value: () => void): void {
    this.granule(place, 0);
    value();
    this.#writer.code.memory(Op.i32Store8, this.#o.layout.tagOffset);
  }

  /** Leaves the number of the granule in which the byte `ahead` of a place lies, counted from linear address 0. */
  granule(place: number, ahead: number): void {
    const { code } = this.#writer;
    code.local(Op.localGet, place);
    if (ahead > 0) code.i32(ahead).op(Op.i32Add);
    code.i32(GRANULE_BITS).op(Op.i32ShrU);
  }

  /** Exits, within `depth` blocks opened here, if what is on the stack is not 0. */
  #exitIf(depth: number): void {
    this.#writer.code.rarely(Op.if).byte(VOID);
    this.#exit(depth + 1);
    this.#writer.code.op(Op.end);
  }

  #direct(addr: Expr, bytes: number): number {
    const { code } = this.#writer;
    const { ramBase, layout } = this.#o;
    const toLinear = BigInt(RAM_AT - ramBase);
    const at = this.known?.placeOf(addr);
    const place = this.#writer.temporary(I32);
    if (at !== undefined && this.known!.widenRamCheck(at, bytes)) {
      code.local(Op.localGet, this.known!.addressOf(at.register)).op(Op.i32WrapI64);
      code
        .i32(Number(BigInt.asIntN(32, toLinear + at.offset)))
        .op(Op.i32Add)
        .local(Op.localSet, place);
      return place;
    }
    const linear = this.#writer.temporary(I64);
    this.#writer.wide(addr);
    code.i64(toLinear).op(Op.i64Add).local(Op.localTee, linear);
    const check = new RamCheck(code, BigInt(layout.ramBytes), at?.offset ?? 0n, bytes);
    this.#exitIf(0);
    if (at !== undefined) this.known!.noteRam(at.register, check);
    code.local(Op.localGet, linear).op(Op.i32WrapI64).local(Op.localSet, place);
    return place;
  }

  #translated(addr: Expr, bytes: number, access: Access, storedTag: Expr | undefined): number {
    const writer = this.#writer;
    const tag = storedTag && writer.ready(storedTag);
    const kind = tag === undefined ? access : Access.store;
    /** Adds to what is on the stack, where the tag is 1, so much for the kind that it makes of a store. */
    const addForTag = (shift: number): void => {
      if (tag === undefined) return;
      writer.truth(tag);
      code.i32(shift).op(Op.i32Shl).op(Op.i32Add);
    };
    const { code } = writer;
    const { tlb, fill } = this.#o;
    const entry = writer.temporary(I32);
    const place = writer.temporary(I32);
    writer.wide(addr);
    code.i64(BigInt(PAGE_BITS)).op(Op.i64ShrU).op(Op.i32WrapI64);
    code
      .i32((1 << TLB.indexBits) - 1)
      .op(Op.i32And)
      .i32(TLB.entryBits)
      .op(Op.i32Shl);
    code.local(Op.localGet, tlb).op(Op.i32Add);
    addForTag(TAGGED_SHIFT + Math.log2(TLB_KIND_BYTES));
    code.local(Op.localSet, entry);
    const kindAt = kind * TLB_KIND_BYTES;
    writer.wide(addr);
    code
      .op(Op.i32WrapI64)
      .local(Op.localGet, entry)
      .memory(Op.i32Load, kindAt + TLB.delta)
      .op(Op.i32Add);
    code.local(Op.localSet, place);
    // The page of the last byte: an access across pages misses.
    code.local(Op.localGet, entry).memory(Op.i64Load, kindAt);
    writer.wide(addr);
    code
      .i64(BigInt(bytes - 1))
      .op(Op.i64Add)
      .i64(BigInt(PAGE_BITS))
      .op(Op.i64ShrU)
      .op(Op.i64Ne);
    code.rarely(Op.if).byte(VOID);
    writer.wide(addr);
    code.i32(kind | (bytes << 2));
    addForTag(TAGGED_SHIFT);
    code.callThroughTable(fill).local(Op.localTee, place).op(Op.i32Eqz).rarely(Op.if).byte(VOID);
    this.#exit(2);
    code.op(Op.end).op(Op.end);
    return place;
  }

  /** Somebody wants to hear of a store to a marked granule: of a small one this looks at the first, which is all of it where it is aligned. */
  #requireUnmarked(place: number, bytes: number): void {
    const { code } = this.#writer;
    const { markOffset } = this.#o.layout;
    this.granule(place, 0);
    code.memory(Op.i32Load8U, markOffset);
    for (let ahead = GRANULE_BYTES; ahead < bytes; ahead += GRANULE_BYTES) {
      this.granule(place, ahead);
      code.memory(Op.i32Load8U, markOffset).op(Op.i32Or);
    }
    this.#exitIf(0);
  }

  #requireUnmarkedGranule(place: number, ahead: number, depth: number): void {
    this.granule(place, ahead);
    this.#writer.code.memory(Op.i32Load8U, this.#o.layout.markOffset);
    this.#exitIf(depth);
  }
}
