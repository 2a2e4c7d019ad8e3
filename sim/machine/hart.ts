// Privileged state of a hart, shared by every engine; general-purpose registers and the running pcc belong to the engine.
import { INTERRUPT } from "../../isa/cause.ts";
import { NULL_CAPABILITY, type Capability } from "./capability.ts";
import type { Clint } from "./devices/clint.ts";
import { Mode, type TranslationState } from "./mmu.ts";
import { Pmp } from "./pmp.ts";

/** Fields of mstatus (machine.adoc #mstatusreg-rv64), in place. */
export const MSTATUS = {
  SIE: 1n << 1n,
  MIE: 1n << 3n,
  SPIE: 1n << 5n,
  MPIE: 1n << 7n,
  SPP: 1n << 8n,
  MPP: 3n << 11n,
  MPRV: 1n << 17n,
  SUM: 1n << 18n,
  MXR: 1n << 19n,
  TVM: 1n << 20n,
  TW: 1n << 21n,
  TSR: 1n << 22n,
  UXL: 3n << 32n,
  SXL: 3n << 34n,
  /** Svyrg's: the enable, and the generations of supervisor and user pages (#mstatusreg_pte). */
  YRGE: 1n << 59n,
  SYRG: 1n << 60n,
  UYRG: 1n << 61n,
} as const;
const MPP_SHIFT = 11n;
/** UXL and SXL, read-only: 64 bits. */
const XLEN_64 = (2n << 32n) | (2n << 34n);

const bit = (interrupt: number): bigint => 1n << BigInt(interrupt);
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
  mode: number = Mode.machine;
  mstatus = XLEN_64;
  mtvec: Capability = NULL_CAPABILITY;
  stvec: Capability = NULL_CAPABILITY;
  mepc: Capability = NULL_CAPABILITY;
  sepc: Capability = NULL_CAPABILITY;
  mscratch: Capability = NULL_CAPABILITY;
  sscratch: Capability = NULL_CAPABILITY;
  mtidc: Capability = NULL_CAPABILITY;
  stidc: Capability = NULL_CAPABILITY;
  utidc: Capability = NULL_CAPABILITY;
  ddc: Capability = NULL_CAPABILITY;
  mcause = 0n;
  scause = 0n;
  mtval = 0n;
  stval = 0n;
  medeleg = 0n;
  mideleg = 0n;
  mie = 0n;
  /** What software has written of mip: SSIP, SEIP, and STIP while Sstc is off. */
  mipSoftware = 0n;
  mcounteren = 0n;
  scounteren = 0n;
  menvcfg = 0n;
  senvcfg = 0n;
  satp = 0n;
  stimecmp = 0xffff_ffff_ffff_ffffn;
  mcountinhibit = 0n;
  /**
   * What is added to the clock and to the retired instructions: software may write mcycle and minstret. Of a counter that
   * mcountinhibit holds, the value itself.
   */
  cycleOffset = 0n;
  instretOffset = 0n;

  constructor(clock: Clock, clint: Clint) {
    this.clock = clock;
    this.clint = clint;
  }

  /** Bits of mip as they stand now. */
  get mip(): bigint {
    const time = this.clint.mtime;
    let pending = this.mipSoftware;
    if (this.clint.msip) pending |= IP.MSIP;
    if (time >= this.clint.mtimecmp) pending |= IP.MTIP;
    if (this.sstc) pending = (pending & ~IP.STIP) | (time >= this.stimecmp ? IP.STIP : 0n);
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
    return Number((this.satp >> 44n) & 0xffffn);
  }

  get translation(): TranslationState {
    const status = (field: bigint): boolean => (this.mstatus & field) !== 0n;
    return {
      mode: this.mode,
      satp: this.satp,
      mprv: status(MSTATUS.MPRV),
      mpp: this.mpp,
      sum: status(MSTATUS.SUM),
      mxr: status(MSTATUS.MXR),
      adue: (this.menvcfg & MENVCFG.ADUE) !== 0n,
      yrge: status(MSTATUS.YRGE),
      uyrg: status(MSTATUS.UYRG),
      syrg: status(MSTATUS.SYRG),
    };
  }

  get mpp(): number {
    return Number((this.mstatus & MSTATUS.MPP) >> MPP_SHIFT);
  }
  set mpp(mode: number) {
    this.mstatus = (this.mstatus & ~MSTATUS.MPP) | (BigInt(mode) << MPP_SHIFT);
  }

  /** The interrupt to take before the next instruction, or undefined (machine.adoc, mip: enabling and priority). */
  interruptToTake(): number | undefined {
    const pending = this.mip & this.mie;
    if (pending === 0n) return undefined;
    const machine = this.mode < Mode.machine || (this.mstatus & MSTATUS.MIE) !== 0n;
    const supervisor =
      this.mode < Mode.supervisor || (this.mode === Mode.supervisor && (this.mstatus & MSTATUS.SIE) !== 0n);
    const taken = machine && pending & ~this.mideleg ? pending & ~this.mideleg : supervisor && pending & this.mideleg;
    return taken ? BY_PRIORITY.find((interrupt) => (taken & bit(interrupt)) !== 0n) : undefined;
  }

  /** Is an interrupt pending and enabled in mie, so that WFI need not wait? */
  get awake(): boolean {
    return (this.mip & this.mie) !== 0n;
  }

  /** The first cycle at which an enabled timer that is not pending yet will be; Infinity if none. */
  nextTimer(): number {
    const now = this.clock.now;
    const machine = this.mie & IP.MTIP ? this.clint.cycleOf(this.clint.mtimecmp) : Infinity;
    const supervisor = this.sstc && this.mie & IP.STIP ? this.clint.cycleOf(this.stimecmp) : Infinity;
    return Math.min(machine > now ? machine : Infinity, supervisor > now ? supervisor : Infinity);
  }
}
