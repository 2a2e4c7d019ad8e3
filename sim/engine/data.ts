// The data path of the reference engine: loads, stores and atomics behind translation, and what the retire record says of them.
import { CAUSE } from "../../isa/cause.ts";
import { CACHE_BLOCK_BYTES } from "../../isa/ext/zicbo.ts";
import type { AccessBytes, Bounds, CacheBlockOperation } from "../../isa/semantics.ts";
import type { Bus } from "../machine/bus.ts";
import { CapabilityArithmetic, type Capability } from "../machine/capability.ts";
import type { Hart } from "../machine/hart.ts";
import type { HeldRegisters } from "../machine/held.ts";
import { GRANULE_BYTES, PAGE_BYTES, type Memory } from "../machine/memory.ts";
import { ACCESS_FAULT, LoadedTags, Mmu } from "../machine/mmu.ts";
import { isReserved, reserve, unreserve } from "../machine/reservation.ts";
import type { Retire } from "../machine/retire.ts";

/** What an integer access to an address that is not a multiple of its size does. */
export type MisalignedAccess = "split" | "trap";
type Direction = "load" | "store";

export interface DataPathOptions {
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
  readonly bus: Bus;
  readonly mmu: Mmu;
  readonly misaligned: MisalignedAccess;
  readonly hart: Hart;
}

const XLEN_BYTES = 8;
/** Retire records carry the low 48 bits of an address; below this a bigint converts exactly and needs no cutting. */
const VIRT_BITS = 48;
export const VIRT_END = 2 ** VIRT_BITS;
export const VIRT_MASK = BigInt(VIRT_END - 1);

export const virt48 = (addr: bigint): number => {
  const n = Number(addr);
  return n < VIRT_END ? n : Number(BigInt.asUintN(VIRT_BITS, addr));
};

export abstract class DataPath extends CapabilityArithmetic {
  protected readonly memory: Memory;
  protected readonly bus: Bus;
  protected readonly mmu: Mmu;
  protected readonly record: Retire;
  readonly #misaligned: MisalignedAccess;
  readonly #held: HeldRegisters;

  constructor(o: DataPathOptions) {
    super(o.zylevels1, o.zyhybrid);
    this.bus = o.bus;
    this.memory = o.bus.memory;
    this.mmu = o.mmu;
    this.#misaligned = o.misaligned;
    this.#held = o.hart.held;
    this.record = emptyRecord();
  }

  /** Raises a synchronous trap. */
  protected abstract raise(cause: number, tval: bigint): never;

  addressValid(addr: bigint, bounds: Bounds<bigint>): bigint {
    if (!this.mmu.translatesData || Mmu.canonical(addr)) return 1n;
    return bounds.base === 0n && bounds.topHigh !== 0n ? 1n : 0n;
  }

  load(addr: bigint, bytes: AccessBytes): bigint {
    const phys = this.#physical(addr, bytes, "load");
    if (this.#straddles(phys, bytes)) return this.#loadSplit(addr, bytes);
    const offset = phys - this.memory.base;
    if (offset < 0 || offset + bytes > this.memory.sizeBytes) return this.#loadDevice(addr, phys, bytes);
    return this.memory.load(offset, bytes);
  }

  store(addr: bigint, bytes: AccessBytes, value: bigint): void {
    const phys = this.#physical(addr, bytes, "store");
    const offset = phys - this.memory.base;
    if (this.#straddles(phys, bytes)) this.#storeSplit(addr, bytes, value);
    else if (offset < 0 || offset + bytes > this.memory.sizeBytes) this.#storeDevice(addr, phys, bytes, value);
    else this.memory.store(offset, bytes, value);
  }

  loadY(addr: bigint, keepsTag: bigint): Capability {
    const offset = this.#inRam(addr, GRANULE_BYTES, "load");
    this.record.capability = true;
    return this.#readY(offset, addr, keepsTag);
  }

  storeY(addr: bigint, value: Capability): void {
    const offset = this.#inRam(addr, GRANULE_BYTES, "store", value.tag !== 0n);
    this.record.capability = true;
    this.#writeY(offset, value);
  }

  amo(addr: bigint, bytes: 4 | 8, update: (old: bigint) => bigint): bigint {
    const offset = this.#inRam(addr, bytes, "store");
    this.record.access = "atomic";
    const old = this.memory.load(offset, bytes);
    this.memory.store(offset, bytes, update(old));
    return old;
  }

  amoY(addr: bigint, value: Capability, keepsTag: bigint): Capability {
    const offset = this.#inRam(addr, GRANULE_BYTES, "store", value.tag !== 0n);
    this.record.access = "atomic";
    this.record.capability = true;
    const old = this.#readY(offset, addr, keepsTag);
    this.#writeY(offset, value);
    return old;
  }

  loadReserved(addr: bigint, bytes: AccessBytes): bigint {
    const offset = this.#inRam(addr, bytes, "load");
    reserve(this, this.#held, BigInt(offset), bytes);
    return this.memory.load(offset, bytes);
  }

  loadReservedY(addr: bigint, keepsTag: bigint): Capability {
    const offset = this.#inRam(addr, GRANULE_BYTES, "load");
    this.record.capability = true;
    reserve(this, this.#held, BigInt(offset), GRANULE_BYTES);
    return this.#readY(offset, addr, keepsTag);
  }

  storeConditional(addr: bigint, bytes: AccessBytes, value: bigint): bigint {
    const offset = this.#inRam(addr, bytes, "store");
    if (!this.#useReservation(offset, bytes)) return 1n;
    this.memory.store(offset, bytes, value);
    return 0n;
  }

  storeConditionalY(addr: bigint, value: Capability): bigint {
    const offset = this.#inRam(addr, GRANULE_BYTES, "store", value.tag !== 0n);
    this.record.capability = true;
    if (!this.#useReservation(offset, GRANULE_BYTES)) return 1n;
    this.#writeY(offset, value);
    return 0n;
  }

  cacheBlock(addr: bigint, operation: CacheBlockOperation): void {
    const block = addr & ~BigInt(CACHE_BLOCK_BYTES - 1);
    if (operation === "zero") {
      const offset = this.#inRam(block, CACHE_BLOCK_BYTES, "store", false, addr);
      this.memory.zero(offset, CACHE_BLOCK_BYTES);
      return;
    }
    // Caches are a matter of timing: all that is left is whether the block may be accessed (cmo.adoc, #Xcbo).
    // Where a store may go a load may, in a page as in PMP: the load's permission decides, and a store's fault is raised.
    const phys = this.mmu.translateData(block, Number(block), "load");
    if (phys < 0)
      this.raise(this.mmu.cause === CAUSE.loadPageFault ? CAUSE.storePageFault : CAUSE.storeAccessFault, addr);
    const protects = this.mmu.guardsData && !this.mmu.allows(phys, CACHE_BLOCK_BYTES, "load");
    if (protects || !this.memory.holds(phys, CACHE_BLOCK_BYTES)) this.raise(CAUSE.storeAccessFault, addr);
  }

  /** Translates an access and notes it in the record. */
  #physical(addr: bigint, bytes: number, direction: Direction): number {
    // Never supported, so the exception comes before translation and protection are looked at (machine.adoc, mcause).
    if (this.#misaligned === "trap" && (addr & BigInt(bytes - 1)) !== 0n) {
      this.raise(direction === "load" ? CAUSE.loadAddressMisaligned : CAUSE.storeAddressMisaligned, addr);
    }
    const near = Number(addr);
    this.#noteAddress(addr, near);
    const phys = this.mmu.translateData(addr, near, direction);
    if (phys < 0) this.raise(this.mmu.cause, addr);
    if (this.mmu.guardsData) {
      const inPage = this.mmu.translatesData ? PAGE_BYTES - (phys % PAGE_BYTES) : bytes;
      this.#guard(phys, Math.min(bytes, inPage), direction, addr);
    }
    this.#note(direction, phys, bytes);
    return phys;
  }

  /**
   * RAM offset of an access that devices do not take. Aligned, so it lies in one page. `tagged`: it stores a tagged capability.
   */
  #inRam(addr: bigint, bytes: number, direction: Direction, tagged = false, tval: bigint = addr): number {
    const near = Number(addr);
    this.#noteAddress(addr, near);
    const phys = this.mmu.translateData(addr, near, tagged ? "taggedStore" : direction);
    if (phys < 0) this.raise(this.mmu.cause, tval);
    if (!this.memory.holds(phys, bytes)) this.raise(ACCESS_FAULT[direction], tval);
    if (this.mmu.guardsData) this.#guard(phys, bytes, direction, tval);
    this.#note(direction, phys, bytes);
    return phys - this.memory.base;
  }

  /** Raises the access fault of PMP. */
  #guard(phys: number, bytes: number, direction: Direction, tval: bigint): void {
    if (!this.mmu.allows(phys, bytes, direction)) this.raise(this.mmu.cause, tval);
  }

  /** Before it is translated: that may change the tables by which it is. */
  #noteAddress(addr: bigint, near: number): void {
    this.record.dataVirt = near < VIRT_END ? near : virt48(addr);
  }

  #note(direction: Direction, phys: number, bytes: number): void {
    const r = this.record;
    r.access = direction;
    r.dataPhys = phys;
    r.dataBytes = bytes;
    r.capability = false;
    r.translatedData = this.mmu.translatesData;
  }

  #straddles(phys: number, bytes: number): boolean {
    return this.mmu.translatesData && (phys % PAGE_BYTES) + bytes > PAGE_BYTES;
  }

  #loadSplit(addr: bigint, bytes: AccessBytes): bigint {
    const offsets = this.#splitOffsets(addr, bytes, "load");
    return offsets.reduce((value, offset, i) => value | (this.memory.load(offset, 1) << BigInt(8 * i)), 0n);
  }

  #storeSplit(addr: bigint, bytes: AccessBytes, value: bigint): void {
    const offsets = this.#splitOffsets(addr, bytes, "store");
    for (const [i, offset] of offsets.entries()) this.memory.store(offset, 1, value >> BigInt(8 * i));
  }

  /** RAM offset of each byte of an access across two pages, both translated before any byte is touched. */
  #splitOffsets(addr: bigint, bytes: AccessBytes, direction: Direction): number[] {
    const phys = this.mmu.translateData(addr, Number(addr), direction);
    const inFirst = PAGE_BYTES - (phys % PAGE_BYTES);
    if (!this.memory.holds(phys, inFirst)) this.raise(ACCESS_FAULT[direction], addr);
    const second = this.add(addr, BigInt(inFirst));
    const secondPhys = this.mmu.translateData(second, Number(second), direction);
    if (secondPhys < 0) this.raise(this.mmu.cause, second);
    if (!this.memory.holds(secondPhys, bytes - inFirst)) this.raise(ACCESS_FAULT[direction], second);
    if (this.mmu.guardsData) this.#guard(secondPhys, bytes - inFirst, direction, second);
    const base = this.memory.base;
    return Array.from({ length: bytes }, (_, i) => (i < inFirst ? phys + i : secondPhys + i - inFirst) - base);
  }

  #loadDevice(addr: bigint, phys: number, bytes: AccessBytes): bigint {
    return this.bus.loadDevice(phys, bytes) ?? this.raise(CAUSE.loadAccessFault, this.#faultingPortion(addr, phys));
  }

  #storeDevice(addr: bigint, phys: number, bytes: AccessBytes, value: bigint): void {
    if (this.bus.storeDevice(phys, bytes, value)) return;
    this.raise(CAUSE.storeAccessFault, this.#faultingPortion(addr, phys));
  }

  /** The portion of a misaligned access that memory does not hold is what xtval names (machine.adoc, mtval). */
  #faultingPortion(addr: bigint, phys: number): bigint {
    const { memory } = this;
    return memory.holds(phys, 1) ? this.add(addr, BigInt(memory.base + memory.sizeBytes - phys)) : addr;
  }

  /** Of all faults of a load, that of a tag is last (#exception-priority-cheri): it depends on what was loaded. */
  #readY(offset: number, addr: bigint, keepsTag: bigint): Capability {
    const { loadedTags } = this.mmu;
    const tag = loadedTags === LoadedTags.strip ? 0n : BigInt(this.memory.tag(offset));
    if (loadedTags === LoadedTags.trap && (tag & keepsTag) !== 0n) this.raise(CAUSE.cheriLoadCapabilityFault, addr);
    return this.cap(tag, this.memory.load(offset + XLEN_BYTES, 8), this.memory.load(offset, 8));
  }

  #writeY(offset: number, value: Capability): void {
    this.memory.storeCapability(offset, Number(value.tag), value.meta, value.addr);
  }

  /** Does the reservation cover these bytes? It is gone in either case. */
  #useReservation(offset: number, bytes: number): boolean {
    const covered = isReserved(this, this.#held, BigInt(offset), bytes) !== 0n;
    unreserve(this, this.#held);
    if (!covered) this.record.access = "none";
    return covered;
  }
}

/** A record of nothing. */
export function emptyRecord(): Retire {
  return {
    insn: undefined,
    pc: 0,
    fetchPhys: -1,
    nextPc: 0,
    trap: false,
    flush: false,
    access: "none",
    dataVirt: 0,
    dataPhys: 0,
    dataBytes: 0,
    capability: false,
    translatedFetch: false,
    translatedData: false,
    asid: 0,
    category: 0,
    fence: undefined,
  };
}
