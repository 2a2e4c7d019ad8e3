// The instruction path of the reference engine: where the pcc stands, what it allows, and how a jump moves it.
//
// The pcc is kept as a page and an offset in it. The bounds become a window of offsets, and the page's decoded instructions
// are at hand, so that a step inside the page costs three comparisons of numbers.
import { setAddress } from "../../isa/cap/bounds.ts";
import { INTEGRAL, PERMISSION, SEALED } from "../../isa/cap/format.ts";
import { CAUSE } from "../../isa/cause.ts";
import type { PointerMode } from "../../isa/table.ts";
import { Capability, NULL_CAPABILITY } from "../machine/capability.ts";
import { PAGE_BYTES } from "../machine/memory.ts";
import { instructionBytes, NO_PAGE, PARCEL_BYTES, type CodeCache, type CodePage, type Op } from "./code.ts";
import { DataPath, VIRT_END, virt48, type DataPathOptions } from "./data.ts";

export interface PathOptions extends DataPathOptions {
  /** Is the base RVY? */
  readonly rvy: boolean;
  /** IALIGN in bytes: 2 with compressed instructions, else 4. */
  readonly instructionAlignment: 2 | 4;
  /** Decoded code, for each pointer mode apart; without Zyhybrid there is one for all. */
  readonly code: Readonly<Record<PointerMode, CodeCache>>;
}

const PAGE_MASK = 0xfffn;
/** Offsets in a page, and of the instruction after its last, as bigint. */
const OFFSETS = Array.from({ length: PAGE_BYTES + 4 }, (_, i) => BigInt(i));
/** Of an instruction. */
const LONGEST_BYTES = 4n;
const VIRT_MAX = (1n << 64n) - 1n;
const EVERYWHERE = { low: 0n, span: VIRT_MAX } as const;
/** Values of `next` that are no offset in the page: a jump to another page, one to a whole capability, a trap. */
const ELSEWHERE = -1;
const INSTALL = -2;
export const TRAPPED = -3;

export abstract class FetchPath extends DataPath {
  readonly rvy: boolean;
  capabilityMode: boolean;
  /** With Zyhybrid, is RVY enabled in the current privilege mode? */
  protected rvyEnabled: boolean;
  protected code: CodeCache;
  /** The current instruction; undefined where its fetch failed. */
  protected op: Op | undefined;
  protected page: CodePage = NO_PAGE;
  /** Virtual address of the page, the same as a number (not exact above 2^53), and its low 48 bits. */
  protected pageBase = 0n;
  #pageNear = 0;
  protected pageVirt = 0;
  protected offset = 0;
  /** Offsets in the page that the pcc's bounds allow. */
  protected low = 0;
  protected high = 0;
  /** Offset of the next instruction, or ELSEWHERE, INSTALL or TRAPPED. */
  protected next = 0;
  readonly #codes: Readonly<Record<PointerMode, CodeCache>>;
  readonly #alignment: 2 | 4;
  readonly #misalignedBit: bigint;
  /** The pcc but for its address. */
  #authority: Capability = NULL_CAPABILITY;
  /** Tag, seal, permission and integrity of the pcc allow execution. */
  #usable = false;
  #target = 0n;
  #installed: Capability = NULL_CAPABILITY;

  constructor(o: PathOptions) {
    super(o);
    this.rvy = this.capabilityMode = this.rvyEnabled = o.rvy;
    this.#codes = o.code;
    this.code = o.code.capability;
    this.#alignment = o.instructionAlignment;
    this.#misalignedBit = o.instructionAlignment === 4 ? 2n : 0n;
  }

  get pc(): bigint {
    return this.pageBase + OFFSETS[this.offset]!;
  }

  get nextPc(): bigint {
    return BigInt.asUintN(64, this.pageBase + OFFSETS[this.offset + this.op!.bytes]!);
  }

  get pcc(): Capability {
    const authority = this.#authority;
    const pc = this.pc;
    if (authority.addr === pc) return authority;
    if (this.offset >= this.low && this.offset < this.high) {
      return new Capability(authority.tag, authority.meta, pc, authority.bounds);
    }
    return this.rvy ? setAddress(this, authority, pc) : new Capability(0n, 0n, pc, undefined);
  }

  jump(target: bigint): void {
    if ((target & this.#misalignedBit) !== 0n) this.raise(CAUSE.instructionAddressMisaligned, target);
    const offset = Number(target - this.pageBase);
    if (offset >= 0 && offset < PAGE_BYTES) {
      this.next = offset;
    } else {
      this.next = ELSEWHERE;
      this.#target = target;
    }
  }

  jumpIf(cond: bigint, target: bigint): void {
    if (cond !== 0n) this.jump(target);
  }

  jumpY(target: Capability): void {
    const authority = this.#authority;
    if (target.tag === authority.tag && target.meta === authority.meta) {
      // Equal metadata and an address within the bounds: it is the same pcc moved.
      this.jump(target.addr);
      if (this.next >= this.low && this.next < this.high) return;
    }
    if ((target.addr & this.#misalignedBit) !== 0n) this.raise(CAUSE.instructionAddressMisaligned, target.addr);
    this.installNext(target);
  }

  /** Has execution go on at a pcc, whole, after this instruction. */
  protected installNext(pcc: Capability): void {
    this.next = INSTALL;
    this.#installed = pcc;
  }

  /** Does the pcc grant a permission? */
  protected grants(permission: bigint): boolean {
    return (this.#authority.meta & permission) !== 0n;
  }

  /** Goes on at a pcc, whole. */
  protected install(pcc: Capability): void {
    this.#authority = pcc;
    this.#usable = !this.rvy || this.#executable(pcc);
    if (this.zyhybrid) this.#takeMode(pcc);
    this.#enter(pcc.addr);
  }

  /** Goes where `next` says, out of the page. */
  protected leavePage(): void {
    if (this.next === INSTALL) this.install(this.#installed);
    else this.#enter(this.next === ELSEWHERE ? this.#target : BigInt.asUintN(64, this.pageBase + OFFSETS[this.next]!));
    this.#dropInvalid();
  }

  /** Low 48 bits of the address where execution goes on. */
  protected nextVirt(): number {
    if (this.next === INSTALL) return virt48(this.#installed.addr);
    return this.next === ELSEWHERE ? virt48(this.#target) : this.pageVirt + this.next;
  }

  /** Metadata of the pcc where it can be executed, 0 without RVY; else undefined. */
  protected get currentMeta(): bigint | undefined {
    return this.#usable ? this.#authority.meta : undefined;
  }

  /** Where instructions may begin that lie within the bounds of the pcc, as long as any is; undefined where there are none. */
  protected get within(): { readonly low: bigint; readonly span: bigint } | undefined {
    if (!this.rvy) return EVERYWHERE;
    const { base, top, topHigh } = this.bounds(this.#authority);
    const bytes = (topHigh === 0n ? top : VIRT_MAX) - base;
    return bytes < LONGEST_BYTES ? undefined : { low: base, span: bytes - LONGEST_BYTES };
  }

  /** Goes on at an address, as after jumps that move the pcc. */
  protected moveTo(addr: bigint): void {
    this.#enter(addr);
    this.#dropInvalid();
  }

  /** Goes on at an address, as after jumps by a tagged pcc with this metadata. */
  protected continueAt(addr: bigint, meta: bigint): void {
    if (this.rvy) {
      const { base, top, topHigh } = this.bounds(this.#authority);
      const same = meta === this.#authority.meta && addr >= base && (topHigh !== 0n || addr < top);
      if (!same) this.install(new Capability(1n, meta, addr, undefined));
      else this.#enter(addr);
      this.#dropInvalid();
    } else this.#enter(addr);
  }

  /** The page of code at an address that has been executed there; undefined also where each fetch has to be looked at. */
  protected knownPage(addr: bigint): CodePage | undefined {
    if (addr === this.pageBase && this.page !== NO_PAGE) return this.page.keeps ? this.page : undefined;
    const phys = this.mmu.knownFetch(addr);
    const page = phys < 0 ? undefined : this.code.page(phys);
    if (page === undefined || !this.mmu.guardsFetch) return page;
    return this.mmu.allows(page.phys, PAGE_BYTES, "fetch") ? page : undefined;
  }

  /** Has the page looked up again: translation may have changed. */
  protected refetch(): void {
    this.page = NO_PAGE;
  }

  /** The instruction at the pcc, the long way: all checks in their order, translation, decoding. */
  protected fetch(): Op {
    this.op = undefined;
    const offset = this.offset;
    if (this.page === NO_PAGE) this.#requireValid();
    this.#requireInBounds(this.#alignment);
    if (this.page === NO_PAGE) {
      this.page = this.#lookUp(this.pc);
      const kept = this.page.ops[offset >>> 1];
      if (kept !== undefined && offset + kept.bytes <= this.high) return kept;
    }
    const page = this.page;
    let word = this.#parcel(page, offset, this.pc);
    const bytes = instructionBytes(word);
    this.#requireInBounds(bytes);
    if (bytes === 4) {
      const next = BigInt.asUintN(64, this.pageBase + OFFSETS[offset + PARCEL_BYTES]!);
      const inPage = offset + bytes <= PAGE_BYTES;
      const rest = inPage ? this.#parcel(page, offset + PARCEL_BYTES, next) : this.#parcel(this.#lookUp(next), 0, next);
      this.page = page; // a walk that sets A has this page, too, looked up again
      word = (word | (rest << 16)) >>> 0;
    }
    const op = this.code.op(word);
    if (op === undefined) return this.raise(CAUSE.illegalInstruction, BigInt(word));
    // An instruction in two pages is decoded each time: a store to either would have to find it.
    if (offset + bytes > PAGE_BYTES) page.straddling = op;
    else if (page.keeps) this.code.keep(page, offset, op);
    return op;
  }

  /** The 16 bits at an offset of a page, which stand at `addr`. */
  #parcel(page: CodePage, offset: number, addr: bigint): number {
    const phys = page.phys + offset;
    if (!page.keeps && !this.mmu.allows(phys, PARCEL_BYTES, "fetch")) this.raise(this.mmu.cause, addr);
    return this.memory.fetch16(phys - this.memory.base);
  }

  #enter(addr: bigint): void {
    const near = Number(addr);
    if (near < VIRT_END) {
      // Exact as a number: the page is compared without a bigint.
      this.offset = near % PAGE_BYTES;
      const base = near - this.offset;
      if (base !== this.#pageNear) this.#enterPage(BigInt(base));
    } else {
      this.offset = Number(addr & PAGE_MASK);
      const base = addr & ~PAGE_MASK;
      if (base !== this.pageBase) this.#enterPage(base);
    }
    this.#setWindow();
  }

  #enterPage(base: bigint): void {
    this.pageBase = base;
    this.#pageNear = Number(base);
    this.pageVirt = virt48(base);
    this.page = NO_PAGE;
  }

  /** The pointer mode that a pcc brings: its P-bit says, where RVY is enabled (#cheri_behavior_cre_mode). */
  #takeMode(pcc: Capability): void {
    const integral = (pcc.meta & INTEGRAL) !== 0n;
    const code = this.#codes[!this.rvyEnabled ? "disabled" : integral ? "integral" : "capability"];
    if (code === this.code) return;
    this.code = code;
    this.capabilityMode = code === this.#codes.capability;
    this.page = NO_PAGE;
  }

  #setWindow(): void {
    this.low = 0;
    this.high = this.#usable ? 2 * PAGE_BYTES : 0;
    if (!this.rvy || !this.#usable) return;
    const { base, top, topHigh } = this.bounds(this.#authority);
    if (base > this.pageBase) this.low = Number(base - this.pageBase);
    if (topHigh === 0n) this.high = Math.max(0, Number(top - this.pageBase));
  }

  /** Cause 32 where bytes at the pcc are out of its bounds, or the pcc is of no use (#sec_cheri_exception_handling). */
  #requireInBounds(bytes: number): void {
    if (this.offset >= this.low && this.offset + bytes <= this.high) return;
    this.raise(CAUSE.cheriInstructionAccessFault, this.pc);
  }

  /** The page of code at a virtual address. */
  #lookUp(addr: bigint): CodePage {
    const phys = this.mmu.translateFetch(addr);
    if (phys < 0) this.raise(this.mmu.cause, addr);
    const page = this.code.page(phys) ?? this.raise(CAUSE.instructionAccessFault, addr);
    return this.mmu.guardsFetch && !this.mmu.allows(page.phys, PAGE_BYTES, "fetch") ? page.guarded() : page;
  }

  /**
   * A pcc with finite bounds loses its tag at an address that translation cannot take (#section_invalid_addr_conv): when it
   * gets there, so that an interrupt before the fetch saves it without.
   */
  #dropInvalid(): boolean {
    if (!this.rvy || !this.mmu.translatesFetch) return false;
    if (this.addressValid(this.pc, this.bounds(this.#authority)) !== 0n) return false;
    this.#authority = this.keepTagIf(this.pcc, 0n);
    this.#usable = false;
    this.#setWindow();
    return true;
  }

  #requireValid(): void {
    if (this.#dropInvalid()) this.raise(CAUSE.cheriInstructionAccessFault, this.pc);
  }

  #executable(pcc: Capability): boolean {
    const required = PERMISSION.X;
    if (pcc.tag === 0n || (pcc.meta & (required | SEALED)) !== required) return false;
    return this.bounds(pcc).integral !== 0n;
  }
}
