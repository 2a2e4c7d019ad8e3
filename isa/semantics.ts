// The algebra in which the meaning of every instruction is written: X is a 64-bit value, Y a capability, to some engine.

/** Arithmetic on 64-bit values, wrapping modulo 2^64. A condition is an X that is 0 or 1. */
export interface Arithmetic<X> {
  const(n: bigint): X;
  add(a: X, b: X): X;
  sub(a: X, b: X): X;
  mul(a: X, b: X): X;
  /** High 64 bits of the product; signed × signed, signed × unsigned, unsigned × unsigned. */
  mulh(a: X, b: X): X;
  mulhsu(a: X, b: X): X;
  mulhu(a: X, b: X): X;
  /** Division as RISC-V defines it: x/0 = -1, x%0 = x, overflow = dividend and 0. */
  div(a: X, b: X): X;
  divu(a: X, b: X): X;
  rem(a: X, b: X): X;
  remu(a: X, b: X): X;
  and(a: X, b: X): X;
  or(a: X, b: X): X;
  xor(a: X, b: X): X;
  /** Shifts use the low six bits of the amount. */
  shl(a: X, amount: X): X;
  shr(a: X, amount: X): X;
  sar(a: X, amount: X): X;
  eq(a: X, b: X): X;
  ltu(a: X, b: X): X;
  lts(a: X, b: X): X;
  /** `cond` is 0 or 1; both arms are evaluated. */
  select(cond: X, a: X, b: X): X;
  /** The low `bits` of a value, sign- or zero-extended to 64. */
  sext(a: X, bits: number): X;
  zext(a: X, bits: number): X;
  clz(a: X): X;
  ctz(a: X): X;
  popcount(a: X): X;
  /** Names a value that is used more than once, so that an engine that emits code computes it once. */
  let(a: X): X;
}

/** Decoded bounds of a capability: addresses a with base <= a < top; `top` has 65 bits. */
export interface Bounds<X> {
  readonly base: X;
  /** Low 64 bits of the top. */
  readonly top: X;
  /** Bit 64 of the top. */
  readonly topHigh: X;
  /** 0 where the bounds field is malformed; then base and top are 0. */
  readonly valid: X;
  /** 0 where any integrity check fails: malformed bounds, or metadata with a reserved bit or field value. */
  readonly integral: X;
}

/** Whole capabilities: a tag, 64 bits of metadata, 64 bits of address. */
export interface Capabilities<X, Y> {
  /** Fixed for a machine: is Zylevels1 (GL, LG and SL) implemented? */
  readonly zylevels1: boolean;
  /** Fixed for a machine: is Zyhybrid (the P-bit and ddc) implemented? */
  readonly zyhybrid: boolean;
  cap(tag: X, meta: X, addr: X): Y;
  tag(y: Y): X;
  meta(y: Y): X;
  addr(y: Y): X;
  /** Decoded bounds, by isa/cap/bounds.ts; an engine may keep them beside the capability. */
  bounds(y: Y): Bounds<X>;
  /** The same capability with its tag and-ed with a condition. */
  keepTagIf(y: Y, cond: X): Y;
  selectY(cond: X, a: Y, b: Y): Y;
  // Where an engine has quicker ways to know: `isIntact` and `keepsTagAt` of isa/cap/bounds.ts. Either may be said of what has no tag.
  isIntact?(y: Y): X;
  keepsTagAt?(y: Y, addr: X): X;
}

/** What the metadata format of a machine depends on. */
export type Format = Pick<Capabilities<unknown, unknown>, "zylevels1" | "zyhybrid">;

/** How many bytes an integer access moves. */
export type AccessBytes = 1 | 2 | 4 | 8;
export type Privileged = "machine" | "supervisor";
export type CacheBlockOperation = "clean" | "flush" | "inval" | "zero";

/** The machine against which an instruction's meaning is written. */
export interface Semantics<X, Y> extends Arithmetic<X>, Capabilities<X, Y> {
  /**
   * Fixed while a piece of code is executed or translated, so a plain `if` on it is allowed: are pointers capabilities?
   * On an integer base never, on RVY always, with Zyhybrid in Capability Pointer Mode.
   */
  readonly capabilityMode: boolean;
  /** Authorises all data accesses where Zyhybrid has integer pointers; undefined without Zyhybrid. */
  readonly ddc: Y | undefined;

  readonly pc: X;
  readonly nextPc: X;
  /** The program-counter capability at this instruction. */
  readonly pcc: Y;

  /** Integer view of a register (its address); writing it clears metadata and tag. Register 0 is constant.
   * A meaning reads its registers before it writes one, so `rd` may be `rs1`. */
  x(r: number): X;
  setX(r: number, value: X): void;
  /** The whole register. */
  y(r: number): Y;
  setY(r: number, value: Y): void;

  /** Raises a synchronous trap when `cond` is 1; nothing of the instruction that follows happens. */
  trapIf(cond: X, cause: number, tval: X): void;
  /**
   * Jumps within the pcc. In capability mode the pcc takes the address as YADDRW would, so an unrepresentable target loses
   * the tag and faults when it is fetched. A target not aligned to IALIGN (4 bytes without C) traps with cause 0.
   */
  jump(target: X): void;
  jumpIf(cond: X, target: X): void;
  /** Installs a whole program-counter capability; alignment as for `jump`. */
  jumpY(target: Y): void;

  /** `holds` of isa/cap/access.ts, where an engine has a quicker way to know: where it is 0 the instruction has to trap. */
  holds?(authority: Y, addr: X, bytes: number): X;
  /** 0 where translation is on, the address is not canonical and the bounds are not infinite; else 1. */
  addressValid(addr: X, bounds: Bounds<X>): X;
  /**
   * Memory behind translation and physical checks; authority was checked by the caller (isa/cap/access.ts).
   * Loads zero-extend. An integer store clears the tag of every granule that it touches. `keepsTag`: the authority grants C,
   * so the loaded tag counts; a page may then forbid it by a trap (#section_cheri_priv_crg_ext).
   */
  load(addr: X, bytes: AccessBytes): X;
  store(addr: X, bytes: AccessBytes, value: X): void;
  loadY(addr: X, keepsTag: X): Y;
  storeY(addr: X, value: Y): void;
  /** Atomic read-modify-write; returns the old value zero-extended. Faults as a store. */
  amo(addr: X, bytes: 4 | 8, update: (old: X) => X): X;
  /** Swaps a capability atomically; returns the old one. Faults as a store. */
  amoY(addr: X, value: Y, keepsTag: X): Y;
  loadReserved(addr: X, bytes: AccessBytes): X;
  loadReservedY(addr: X, keepsTag: X): Y;
  /** Returns 0 on success, 1 on failure. */
  storeConditional(addr: X, bytes: AccessBytes, value: X): X;
  storeConditionalY(addr: X, value: Y): X;
  /** Raises illegal instruction where xenvcfg, or for `inval` a pcc without ASR, forbids the operation. */
  permitCacheBlock(operation: CacheBlockOperation): void;
  /** Does the operation on the cache block that holds `addr`; `zero` zeroes bytes and tags. Faults as a store. */
  cacheBlock(addr: X, operation: CacheBlockOperation): void;

  /**
   * A CSR as a whole value; for a CSR of XLEN bits, or one that the pointer mode narrows to them, the metadata and tag are 0.
   * Privilege and ASR are checked; `write`: the instruction goes on to write it.
   */
  csrRead(csr: number, write: boolean): Y;
  /**
   * `whole`: a YLEN write (CSRRW), unless the pointer mode narrows it; otherwise only the address is written, with YADDRW
   * semantics on a YLEN CSR.
   */
  csrWrite(csr: number, value: Y, whole: boolean): void;

  ecall(): void;
  ebreak(): void;
  trapReturn(from: Privileged): void;
  wfi(): void;
  fence(): void;
  fenceI(): void;
  /** A register operand of 0 in the encoding means "all"; the flags say so. */
  sfenceVma(addr: X, asid: X, everyAddress: boolean, everyAsid: boolean): void;
}
