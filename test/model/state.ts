// The second model's architectural state: registers, tagged memory, privileged state, and what the last step did to them.
import { infiniteMeta, NULL, type Cap } from "./capability.ts";

export const RAM_BASE = 0x8000_0000n;
export const GRANULE = 16;
export const CACHE_BLOCK = 64n;
export const USER = 0;
export const SUPERVISOR = 1;
export const MACHINE = 3;
export const PMP_ENTRIES = 16;

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

/** CSRs that hold an integer. */
export interface IntegerCsrs {
  mstatus: bigint;
  medeleg: bigint;
  mideleg: bigint;
  mie: bigint;
  /** The bits of mip that software writes. */
  mip: bigint;
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
}

/** A store: offset from the base of RAM, and length. */
export interface Store {
  readonly offset: number;
  readonly bytes: number;
}

export class State {
  readonly zylevels1: boolean;
  readonly ram: Uint8Array;
  /** One tag for each 16 bytes. */
  readonly tags: Uint8Array;
  readonly y: Cap[];
  pcc: Cap;
  mode = MACHINE;
  /** mstatus.SXL and UXL are 64 bits; menvcfg.Y and senvcfg.Y are read-only 1 on an RVY base. */
  readonly x: IntegerCsrs = {
    ...{
      mstatus: 0xan << 32n,
      medeleg: 0n,
      mideleg: 0n,
      mie: 0n,
      mip: 0n,
      mcause: 0n,
      mtval: 0n,
      scause: 0n,
      stval: 0n,
    },
    ...{
      mcounteren: 0n,
      scounteren: 0n,
      mcountinhibit: 0n,
      menvcfg: 0x100n,
      senvcfg: 0x100n,
      satp: 0n,
      stimecmp: (1n << 64n) - 1n,
    },
  };
  readonly c: CapabilityCsrs;
  /** PMP: out of reset entry 0 opens all of memory (a NAPOT of all addresses). */
  readonly pmpcfg = [0x1f, ...new Array<number>(PMP_ENTRIES - 1).fill(0)];
  readonly pmpaddr = [(1n << 54n) - 1n, ...new Array<bigint>(PMP_ENTRIES - 1).fill(0n)];
  /** Counters, held still by the bits of mcountinhibit. */
  mcycle = 0n;
  minstret = 0n;
  instretWritten = false;
  /** Cycles: one for each instruction and each trap. */
  now = 0n;
  retired = 0n;
  waiting = false;
  /** Bytes reserved by LR, as addresses; none where equal. */
  reservedFrom = 0n;
  reservedTo = 0n;
  end: End | undefined;
  /** What the last step did. */
  trapped = false;
  wroteCsr = false;
  wrote = 0;
  word = 0;
  readonly stores: Store[] = [];

  constructor(zylevels1: boolean, ram: Uint8Array, entry: bigint) {
    this.zylevels1 = zylevels1;
    this.ram = ram;
    this.tags = new Uint8Array(ram.length / GRANULE);
    this.y = new Array<Cap>(32).fill(NULL);
    const root = { tag: true, meta: infiniteMeta(zylevels1), addr: 0n };
    this.pcc = { ...root, addr: entry };
    this.c = {
      ...{ mtvec: root, stvec: root, mepc: root, sepc: root },
      ...{ mscratch: NULL, sscratch: NULL, mtidc: NULL, stidc: NULL, utidc: NULL },
    };
  }

  setY(register: number, value: Cap): void {
    if (register === 0) return;
    this.y[register] = value;
    this.wrote = register;
  }

  /** An integer result: metadata and tag become 0. */
  setX(register: number, value: bigint): void {
    this.setY(register, { tag: false, meta: 0n, addr: BigInt.asUintN(64, value) });
  }

  /** Lets cycles pass: mcycle counts them unless CY holds it. */
  pass(cycles: bigint): void {
    this.now += cycles;
    if ((this.x.mcountinhibit & 1n) === 0n) this.mcycle = BigInt.asUintN(64, this.mcycle + cycles);
  }

  inRam(addr: bigint, bytes: bigint): boolean {
    return addr >= RAM_BASE && addr + bytes <= RAM_BASE + BigInt(this.ram.length);
  }

  /** Two bytes of code. */
  parcel(addr: bigint): number {
    const offset = Number(addr - RAM_BASE);
    return this.ram[offset]! | (this.ram[offset + 1]! << 8);
  }

  read(addr: bigint, bytes: number): bigint {
    const offset = Number(addr - RAM_BASE);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(this.ram[offset + i]!);
    return value;
  }

  /** An integer store: the tag of every granule that it touches becomes 0 (#cap_valid_tag). */
  write(addr: bigint, bytes: number, value: bigint): void {
    const offset = Number(addr - RAM_BASE);
    for (let i = 0; i < bytes; i += 1) {
      this.ram[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
      this.tags[Math.floor((offset + i) / GRANULE)] = 0;
    }
    this.stores.push({ offset, bytes });
  }

  readCap(addr: bigint): Cap {
    const tag = this.tags[Number(addr - RAM_BASE) / GRANULE] === 1;
    return { tag, addr: this.read(addr, 8), meta: this.read(addr + 8n, 8) };
  }

  writeCap(addr: bigint, value: Cap, tag: boolean): void {
    this.write(addr, 8, value.addr);
    this.write(addr + 8n, 8, value.meta);
    this.tags[Number(addr - RAM_BASE) / GRANULE] = tag ? 1 : 0;
  }
}
