// The second model's architectural state: registers, tagged memory, privileged state, and what the last step did to them.
import { Cap, infinite, integer, integral, NULL, type Extensions } from "./capability.ts";

export const RAM_BASE = 0x8000_0000;
export const GRANULE = 16;
export const CACHE_BLOCK = 64;
export const USER = 0;
export const SUPERVISOR = 1;
export const MACHINE = 3;
export const PMP_ENTRIES = 16;

/** Exception codes that more than one part raises. */
export const ILLEGAL_INSTRUCTION = 2;
export const LOAD_FAULT = 5;
export const STORE_FAULT = 7;

/** Thrown to abandon an instruction. */
export class Trap {
  readonly cause: number;
  readonly tval: bigint;
  constructor(cause: number, tval: bigint) {
    this.cause = cause;
    this.tval = tval;
  }
}

/** What no run is compared beyond: the program left what the model describes. */
export type End =
  | { readonly kind: "exit"; readonly status: number }
  | { readonly kind: "asleep" }
  | { readonly kind: "unmodelled"; readonly what: string };

/** What the standard leaves to the platform, and the extensions that are there. */
export interface Platform extends Extensions {
  /** Misaligned integer loads and stores trap; otherwise the hardware does them. */
  readonly misalignedTraps: boolean;
}

/** Bits of mstatus[31:0]. */
export const SIE = 1 << 1;
export const MIE = 1 << 3;
export const SPIE = 1 << 5;
export const MPIE = 1 << 7;
export const SPP = 1 << 8;
export const MPP = 3 << 11;
export const MPP_AT = 11;
export const MPRV = 1 << 17;
export const SUM = 1 << 18;
export const MXR = 1 << 19;
export const TVM = 1 << 20;
export const TW = 1 << 21;
export const TSR = 1 << 22;
/** Bits of mstatus[63:32]: Svyrg's enable and generations, and UXL and SXL, which are read-only 64 bits. */
export const YRGE = 1 << 27;
export const SYRG = 1 << 28;
export const UYRG = 1 << 29;
const UXL_SXL = 0b1010;

/** CSRs that hold 64 bits. */
export interface IntegerCsrs {
  medeleg: bigint;
  mcause: bigint;
  mtval: bigint;
  scause: bigint;
  stval: bigint;
  mcounteren: bigint;
  scounteren: bigint;
  mcountinhibit: bigint;
  menvcfg: bigint;
  senvcfg: bigint;
  satp: bigint;
  stimecmp: bigint;
}

export interface CapabilityCsrs {
  mtvec: Cap;
  stvec: Cap;
  mepc: Cap;
  sepc: Cap;
  mscratch: Cap;
  sscratch: Cap;
  mtidc: Cap;
  stidc: Cap;
  utidc: Cap;
  ddc: Cap;
}

/** The addresses [from, to) that a PMP entry matches, and its configuration. */
export interface PmpRange {
  readonly from: number;
  readonly to: number;
  readonly cfg: number;
}

/** A store: offset from the base of RAM, and length. */
export interface Store {
  readonly offset: number;
  readonly bytes: number;
}

/** Out of reset PMP entry 0 opens all of memory: a NAPOT of all addresses. */
const PMP_OPEN = 0x1f;
/** menvcfg.Y and senvcfg.Y. */
export const ENVCFG_Y = 0x100n;

export class State {
  readonly platform: Platform;
  readonly ram: Uint8Array;
  readonly view: DataView;
  /** One tag for each 16 bytes. */
  readonly tags: Uint8Array;
  readonly y: Cap[];
  pcc: Cap;
  mode = MACHINE;
  /** mstatus, in halves. */
  status = 0;
  statusHigh = UXL_SXL;
  mideleg = 0;
  mie = 0;
  /** The bits of mip that software writes. */
  mip = 0;
  readonly x: IntegerCsrs;
  readonly c: CapabilityCsrs;
  readonly pmpcfg = [PMP_OPEN, ...new Array<number>(PMP_ENTRIES - 1).fill(0)];
  readonly pmpaddr = [(1n << 54n) - 1n, ...new Array<bigint>(PMP_ENTRIES - 1).fill(0n)];
  /** Entries that match something, lowest number first. */
  pmp: readonly PmpRange[] = [{ from: 0, to: 2 ** 57, cfg: PMP_OPEN }];
  /** Counters, held still by the bits of mcountinhibit. */
  mcycle = 0n;
  minstret = 0n;
  instretWritten = false;
  /** Cycles: one for each instruction and each trap. */
  now = 0;
  retired = 0;
  waiting = false;
  /** Bytes reserved by LR, as physical addresses; none where equal. */
  reservedFrom = 0;
  reservedTo = 0;
  end: End | undefined;
  /** What the last step did. */
  trapped = false;
  wroteCsr = false;
  wrote = 0;
  word = 0;
  readonly stores: Store[] = [];

  constructor(platform: Platform, ram: Uint8Array, entry: bigint) {
    this.platform = platform;
    this.ram = ram;
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    this.tags = new Uint8Array(ram.length / GRANULE);
    this.y = new Array<Cap>(32).fill(NULL);
    // Out of reset Zyhybrid runs as RV64I: in Integral Pointer Mode, traps too, with Y off below M-mode (#section_cheri_disable).
    const reset = (addr: bigint): Cap => (platform.zyhybrid ? integral(platform, addr) : infinite(platform, addr));
    const root = reset(0n); // "nominally root capabilities"
    this.pcc = reset(entry);
    const envcfg = platform.zyhybrid ? 0n : ENVCFG_Y;
    this.x = {
      ...{ medeleg: 0n, mcause: 0n, mtval: 0n, scause: 0n, stval: 0n, mcounteren: 0n, scounteren: 0n },
      ...{ mcountinhibit: 0n, menvcfg: envcfg, senvcfg: envcfg, satp: 0n, stimecmp: (1n << 64n) - 1n },
    };
    this.c = {
      ...{ mtvec: root, stvec: root, mepc: root, sepc: root, ddc: root },
      ...{ mscratch: NULL, sscratch: NULL, mtidc: NULL, stidc: NULL, utidc: NULL },
    };
  }

  /** Is Y enabled in this mode (#section_cheri_disable)? */
  get capabilitiesEnabled(): boolean {
    if (this.mode === MACHINE) return true;
    const { menvcfg, senvcfg } = this.x;
    return (menvcfg & ENVCFG_Y) !== 0n && (this.mode === SUPERVISOR || (senvcfg & ENVCFG_Y) !== 0n);
  }

  setY(register: number, value: Cap): void {
    if (register === 0) return;
    this.y[register] = value;
    this.wrote = register;
  }

  /** An integer result: metadata and tag become 0. */
  setX(register: number, value: bigint): void {
    if (register !== 0) this.setY(register, integer(value));
  }

  /** Lets cycles pass: mcycle counts them unless CY holds it. */
  pass(cycles: number): void {
    this.now += cycles;
    if ((this.x.mcountinhibit & 1n) === 0n) this.mcycle = BigInt.asUintN(64, this.mcycle + BigInt(cycles));
  }

  // Physical memory. An address is a number: one that a number cannot hold exactly lies far outside RAM.

  inRam(phys: number, bytes: number): boolean {
    return phys >= RAM_BASE && phys + bytes <= RAM_BASE + this.ram.length;
  }

  /** Two bytes of code. */
  parcel(phys: number): number {
    return this.view.getUint16(phys - RAM_BASE, true);
  }

  read(phys: number, bytes: number): bigint {
    const offset = phys - RAM_BASE;
    if (bytes === 8) return this.view.getBigUint64(offset, true);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(this.ram[offset + i]!);
    return value;
  }

  /** An integer store: the tag of every granule that it touches becomes 0 (#cap_valid_tag). */
  write(phys: number, bytes: number, value: bigint): void {
    const offset = phys - RAM_BASE;
    if (bytes === 8) this.view.setBigUint64(offset, value, true);
    else {
      for (let i = 0, rest = value; i < bytes; i += 1, rest >>= 8n) this.ram[offset + i] = Number(rest & 0xffn);
    }
    this.#wrote(offset, bytes);
  }

  zero(phys: number, bytes: number): void {
    this.ram.fill(0, phys - RAM_BASE, phys - RAM_BASE + bytes);
    this.#wrote(phys - RAM_BASE, bytes);
  }

  readCap(phys: number): Cap {
    const offset = phys - RAM_BASE;
    const { view } = this;
    const tag = this.tags[offset / GRANULE] === 1;
    return new Cap(
      tag,
      view.getInt32(offset + 12, true),
      view.getInt32(offset + 8, true),
      view.getBigUint64(offset, true),
    );
  }

  writeCap(phys: number, value: Cap, tag: boolean): void {
    const offset = phys - RAM_BASE;
    this.view.setBigUint64(offset, value.addr, true);
    this.view.setInt32(offset + 8, value.low, true);
    this.view.setInt32(offset + 12, value.high, true);
    this.#wrote(offset, GRANULE);
    this.tags[offset / GRANULE] = tag ? 1 : 0;
  }

  #wrote(offset: number, bytes: number): void {
    this.tags.fill(0, Math.floor(offset / GRANULE), Math.floor((offset + bytes - 1) / GRANULE) + 1);
    this.stores.push({ offset, bytes });
  }
}
