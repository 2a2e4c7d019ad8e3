// Privileged state of a hart, shared by every engine; general-purpose registers and the running pcc belong to the engine.
import { INTERRUPT } from "../../isa/cause.ts";
import { NULL_CAPABILITY, type Capability } from "./capability.ts";
import type { Clint } from "./devices/clint.ts";
import type { HeldRegisters } from "./held.ts";
import { HELD } from "./held.ts";
import { Mode, type TranslationState } from "./mmu.ts";
import { Pmp } from "./pmp.ts";

/** Fields of the low word of mstatus (machine.adoc #mstatusreg-rv64), in place. */
export const MSTATUS = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;
const MPP_SHIFT = 11;
/** Fields of its high word. */
export const MSTATUS_HIGH = {
  UXL: 3 << 0,
  SXL: 3 << 2,
  /** Svyrg's: the enable, and the generations of supervisor and user pages (#mstatusreg_pte). */
  YRGE: 1 << 27,
  SYRG: 1 << 28,
  UYRG: 1 << 29,
} as const;
/** UXL and SXL, read-only: 64 bits. */
const XLEN_64 = (2 << 0) | (2 << 2);
const SVYRG = MSTATUS_HIGH.YRGE | MSTATUS_HIGH.SYRG | MSTATUS_HIGH.UYRG;
/** The low half of a register as a 32-bit number. */
export const lowWord = (value: bigint): number => Number(BigInt.asIntN(32, value));
/** Values of satp for which states of translation are kept. */
const MAX_ADDRESS_SPACES = 64;

const bit = (interrupt: number): number => 1 << interrupt;
/** Bits of mip and mie. */
export const IP = {
  SSIP: bit(INTERRUPT.supervisorSoftware),
  MSIP: bit(INTERRUPT.machineSoftware),
  STIP: bit(INTERRUPT.supervisorTimer),
  MTIP: bit(INTERRUPT.machineTimer),
  SEIP: bit(INTERRUPT.supervisorExternal),
  MEIP: bit(INTERRUPT.machineExternal),
} as const;
export const SUPERVISOR_INTERRUPTS = IP.SSIP | IP.STIP | IP.SEIP;

/** Interrupts in decreasing priority (machine.adoc, mip). */
const BY_PRIORITY = [
  INTERRUPT.machineExternal,
  INTERRUPT.machineSoftware,
  INTERRUPT.machineTimer,
  INTERRUPT.supervisorExternal,
  INTERRUPT.supervisorSoftware,
  INTERRUPT.supervisorTimer,
];

/** Fields of menvcfg and senvcfg. */
export const MENVCFG = {
  FIOM: 1n << 0n,
  CBIE: 3n << 4n,
  CBIE_RESERVED: 2n << 4n,
  CBCFE: 1n << 6n,
  CBZE: 1n << 7n,
  Y: 1n << 8n,
  ADUE: 1n << 61n,
  STCE: 1n << 63n,
} as const;

/** An engine's clock and its count of retired instructions. */
export interface Clock {
  readonly now: number;
  readonly retired: number;
}

export class Hart {
  readonly clock: Clock;
  readonly clint: Clint;
  readonly pmp = new Pmp();
  readonly held: HeldRegisters;
  ddc: Capability = NULL_CAPABILITY;
  mideleg = 0;
  mie = 0;
  /** What software has written of mip: SSIP, SEIP, and STIP while Sstc is off. */
  mipSoftware = 0;
  stimecmp = 0xffff_ffff_ffff_ffffn;
  /** States of translation that there have been, by satp and by the rest; those of the latest satp. */
  readonly #spaces = new Map<bigint, Map<number, TranslationState>>();
  #space = new Map<number, TranslationState>();
  #spaceSatp = -1n;

  constructor(clock: Clock, clint: Clint) {
    this.clock = clock;
    this.clint = clint;
    this.held = clint.held;
    this.mode = Mode.machine;
    this.statusHigh = XLEN_64;
  }

  // What is held

  get mode(): number {
    return this.held.low(HELD.mode);
  }
  set mode(mode: number) {
    this.held.setLow(HELD.mode, mode);
  }
  /** mstatus, in halves. */
  get status(): number {
    return this.held.low(HELD.mstatus);
  }
  set status(word: number) {
    this.held.setLow(HELD.mstatus, word);
  }
  get statusHigh(): number {
    return this.held.high(HELD.mstatus);
  }
  set statusHigh(word: number) {
    this.held.setHigh(HELD.mstatus, word);
  }

  get mscratch(): Capability {
    return this.held.y(HELD.mscratch);
  }
  set mscratch(value: Capability) {
    this.held.setY(HELD.mscratch, value);
  }
  get mepc(): Capability {
    return this.held.y(HELD.mepc);
  }
  set mepc(value: Capability) {
    this.held.setY(HELD.mepc, value);
  }
  get mtidc(): Capability {
    return this.held.y(HELD.mtidc);
  }
  set mtidc(value: Capability) {
    this.held.setY(HELD.mtidc, value);
  }
  get sscratch(): Capability {
    return this.held.y(HELD.sscratch);
  }
  set sscratch(value: Capability) {
    this.held.setY(HELD.sscratch, value);
  }
  get sepc(): Capability {
    return this.held.y(HELD.sepc);
  }
  set sepc(value: Capability) {
    this.held.setY(HELD.sepc, value);
  }
  get stidc(): Capability {
    return this.held.y(HELD.stidc);
  }
  set stidc(value: Capability) {
    this.held.setY(HELD.stidc, value);
  }
  get utidc(): Capability {
    return this.held.y(HELD.utidc);
  }
  set utidc(value: Capability) {
    this.held.setY(HELD.utidc, value);
  }
  get mtvec(): Capability {
    return this.held.y(HELD.mtvec);
  }
  set mtvec(value: Capability) {
    this.held.setY(HELD.mtvec, value);
  }
  get stvec(): Capability {
    return this.held.y(HELD.stvec);
  }
  set stvec(value: Capability) {
    this.held.setY(HELD.stvec, value);
  }
  get mcause(): bigint {
    return this.held.x(HELD.mcause);
  }
  set mcause(value: bigint) {
    this.held.setX(HELD.mcause, value);
  }
  get mtval(): bigint {
    return this.held.x(HELD.mtval);
  }
  set mtval(value: bigint) {
    this.held.setX(HELD.mtval, value);
  }
  get scause(): bigint {
    return this.held.x(HELD.scause);
  }
  set scause(value: bigint) {
    this.held.setX(HELD.scause, value);
  }
  get stval(): bigint {
    return this.held.x(HELD.stval);
  }
  set stval(value: bigint) {
    this.held.setX(HELD.stval, value);
  }
  get medeleg(): bigint {
    return this.held.x(HELD.medeleg);
  }
  set medeleg(value: bigint) {
    this.held.setX(HELD.medeleg, value);
  }
  get mcounteren(): bigint {
    return this.held.x(HELD.mcounteren);
  }
  set mcounteren(value: bigint) {
    this.held.setX(HELD.mcounteren, value);
  }
  get scounteren(): bigint {
    return this.held.x(HELD.scounteren);
  }
  set scounteren(value: bigint) {
    this.held.setX(HELD.scounteren, value);
  }
  get mcountinhibit(): bigint {
    return this.held.x(HELD.mcountinhibit);
  }
  set mcountinhibit(value: bigint) {
    this.held.setX(HELD.mcountinhibit, value);
  }
  get cycleOffset(): bigint {
    return this.held.x(HELD.cycleOffset);
  }
  set cycleOffset(value: bigint) {
    this.held.setX(HELD.cycleOffset, value);
  }
  get instretOffset(): bigint {
    return this.held.x(HELD.instretOffset);
  }
  set instretOffset(value: bigint) {
    this.held.setX(HELD.instretOffset, value);
  }
  get menvcfg(): bigint {
    return this.held.x(HELD.menvcfg);
  }
  set menvcfg(value: bigint) {
    this.held.setX(HELD.menvcfg, value);
  }
  get senvcfg(): bigint {
    return this.held.x(HELD.senvcfg);
  }
  set senvcfg(value: bigint) {
    this.held.setX(HELD.senvcfg, value);
  }
  get satp(): bigint {
    return this.held.x(HELD.satp);
  }
  set satp(value: bigint) {
    this.held.setX(HELD.satp, value);
  }

  // Views

  /** Bits of mip as they stand now. */
  get mip(): number {
    const time = this.clint.mtime;
    let pending = this.mipSoftware;
    if (this.clint.msip) pending |= IP.MSIP;
    if (time >= this.clint.mtimecmp) pending |= IP.MTIP;
    if (this.sstc) pending = (pending & ~IP.STIP) | (time >= this.stimecmp ? IP.STIP : 0);
    return pending;
  }

  /** Is stimecmp in force? */
  get sstc(): boolean {
    return (this.menvcfg & MENVCFG.STCE) !== 0n;
  }

  /** With Zyhybrid, is RVY enabled in the current mode (#section_cheri_disable)? */
  get rvyEnabled(): boolean {
    if (this.mode === Mode.machine) return true;
    return (this.menvcfg & (this.mode === Mode.user ? this.senvcfg : MENVCFG.Y) & MENVCFG.Y) !== 0n;
  }

  get asid(): number {
    return this.translation.asid;
  }

  /** What translation depends on. Equal states are one object, so that others can keep what they derive from it. */
  get translation(): TranslationState {
    const { mode, status, statusHigh, satp } = this;
    const dataMode = mode === Mode.machine && (status & MSTATUS.MPRV) !== 0 ? this.mpp : mode;
    const adue = (this.menvcfg & MENVCFG.ADUE) !== 0n;
    const flags = (status & (MSTATUS.SUM | MSTATUS.MXR)) | (statusHigh & SVYRG) | (adue ? 1 : 0);
    const key = flags | (mode << 1) | (dataMode << 3);
    if (satp !== this.#spaceSatp) this.#useSpace(satp);
    const known = this.#space.get(key);
    if (known !== undefined) return known;
    const state: TranslationState = {
      mode,
      dataMode,
      satp,
      asid: Number((satp >> 44n) & 0xffffn),
      sum: (status & MSTATUS.SUM) !== 0,
      mxr: (status & MSTATUS.MXR) !== 0,
      adue,
      yrge: (statusHigh & MSTATUS_HIGH.YRGE) !== 0,
      uyrg: (statusHigh & MSTATUS_HIGH.UYRG) !== 0,
      syrg: (statusHigh & MSTATUS_HIGH.SYRG) !== 0,
    };
    this.#space.set(key, state);
    return state;
  }

  get mstatus(): bigint {
    return this.held.x(HELD.mstatus);
  }
  set mstatus(value: bigint) {
    this.held.setX(HELD.mstatus, value);
  }

  get mpp(): number {
    return (this.status & MSTATUS.MPP) >> MPP_SHIFT;
  }
  set mpp(mode: number) {
    this.status = (this.status & ~MSTATUS.MPP) | (mode << MPP_SHIFT);
  }

  /** Interrupts that are pending and enabled in mie. */
  get pending(): number {
    return this.mie === 0 ? 0 : this.mip & this.mie;
  }

  /** Of the interrupts that are pending, the one to take before the next instruction (machine.adoc, mip: enabling and priority). */
  interruptToTake(pending: number): number | undefined {
    if (pending === 0) return undefined;
    const machine = this.mode < Mode.machine || (this.status & MSTATUS.MIE) !== 0;
    const supervisor =
      this.mode < Mode.supervisor || (this.mode === Mode.supervisor && (this.status & MSTATUS.SIE) !== 0);
    const taken = machine && pending & ~this.mideleg ? pending & ~this.mideleg : supervisor && pending & this.mideleg;
    return taken ? BY_PRIORITY.find((interrupt) => (taken & bit(interrupt)) !== 0) : undefined;
  }

  /** Need WFI not wait? */
  get awake(): boolean {
    return this.pending !== 0;
  }

  /** The first cycle at which an enabled timer that is not pending yet will be; Infinity if none. */
  nextTimer(): number {
    const now = this.clock.now;
    const machine = this.mie & IP.MTIP ? this.clint.cycleOf(this.clint.mtimecmp) : Infinity;
    const supervisor = this.sstc && this.mie & IP.STIP ? this.clint.cycleOf(this.stimecmp) : Infinity;
    return Math.min(machine > now ? machine : Infinity, supervisor > now ? supervisor : Infinity);
  }

  #useSpace(satp: bigint): void {
    let space = this.#spaces.get(satp);
    if (space === undefined) {
      if (this.#spaces.size >= MAX_ADDRESS_SPACES) this.#spaces.clear();
      this.#spaces.set(satp, (space = new Map()));
    }
    this.#space = space;
    this.#spaceSatp = satp;
  }
}
