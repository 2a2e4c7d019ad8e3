// Physical memory protection: sixteen entries that say which physical addresses each mode may use, in grains of four bytes.
import { PMP_ENTRIES } from "../../isa/csr.ts";
import { Mode, type AccessType } from "./mmu.ts";

/** An entry's configuration byte (machine.adoc #pmpcfg); A is two bits at AT_A. */
const CFG = { R: 0x01, W: 0x02, X: 0x04, L: 0x80 } as const;
const AT_A = 3;
const A = { off: 0, tor: 1, na4: 2, napot: 3 } as const;
const CFG_MASK = CFG.R | CFG.W | CFG.X | CFG.L | (3 << AT_A);
const OPEN = CFG.R | CFG.W | CFG.X;
/** pmpaddr holds bits 55 to 2 of an address. */
const ADDR_MASK = (1n << 54n) - 1n;
const GRAIN_BITS = 2n;
const ENTRIES_PER_CFG = 8;
/** Every address at which something can answer lies below; addresses as numbers are exact up to here. */
const PHYS_END = 2 ** 53;

const NEEDED: Readonly<Record<AccessType, number>> = { fetch: CFG.X, load: CFG.R, store: CFG.W };

/** What an entry that is not off covers: [from, to). */
interface Region {
  readonly from: number;
  readonly to: number;
  readonly cfg: number;
}

/**
 * The entries (#pmp). Out of reset entry 0 opens all of memory to every mode, unlocked, so that software which does not know
 * of PMP runs; a platform may mandate such reset values (machine.adoc, Reset).
 */
export class Pmp {
  /** Counts the changes. */
  generation = 0;
  readonly #cfg = new Uint8Array(PMP_ENTRIES);
  readonly #addr = new Array<bigint>(PMP_ENTRIES).fill(0n);
  #regions: readonly Region[] = [];

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#cfg.fill(0);
    this.#addr.fill(0n);
    this.#cfg[0] = OPEN | (A.napot << AT_A);
    this.#addr[0] = ADDR_MASK;
    this.#changed();
  }

  /** pmpcfg`register` (0 or 2): the bytes of eight entries. */
  readCfg(register: number): bigint {
    const first = firstOf(register);
    let value = 0n;
    for (let i = ENTRIES_PER_CFG - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(this.#cfg[first + i]!);
    return value;
  }

  /** Locked entries stay; W without R is reserved and becomes neither (#pmpcfg). */
  writeCfg(register: number, value: bigint): void {
    const first = firstOf(register);
    for (let i = 0; i < ENTRIES_PER_CFG; i += 1) {
      if (this.#locked(first + i)) continue;
      const cfg = Number((value >> BigInt(8 * i)) & 0xffn) & CFG_MASK;
      this.#cfg[first + i] = (cfg & CFG.R) === 0 ? cfg & ~CFG.W : cfg;
    }
    this.#changed();
  }

  readAddr(entry: number): bigint {
    return this.#addr[entry]!;
  }

  /** A locked entry keeps its address, and if it is a top of range, the one below too. */
  writeAddr(entry: number, value: bigint): void {
    const next = entry + 1;
    const bottomOfLocked = next < PMP_ENTRIES && this.#locked(next) && this.#matching(next) === A.tor;
    if (this.#locked(entry) || bottomOfLocked) return;
    this.#addr[entry] = value & ADDR_MASK;
    this.#changed();
  }

  /** Must accesses in this mode be looked at one by one? Not where one entry, before all others, opens everything. */
  guards(mode: number): boolean {
    const first = this.#regions[0];
    if (first === undefined) return mode !== Mode.machine;
    const everywhere = first.from === 0 && first.to >= PHYS_END;
    return !everywhere || ((first.cfg & OPEN) !== OPEN && (mode !== Mode.machine || (first.cfg & CFG.L) !== 0));
  }

  /**
   * May [phys, phys + bytes) be accessed? The first entry that matches any byte decides, and it must match all. M-mode is held
   * by locked entries alone; without a match it may, and S- and U-mode may not (machine.adoc, Priority and Matching Logic).
   */
  permits(mode: number, phys: number, bytes: number, type: AccessType): boolean {
    const end = phys + bytes;
    for (const { from, to, cfg } of this.#regions) {
      if (end <= from || phys >= to) continue;
      if (phys < from || end > to) return false;
      return (mode === Mode.machine && (cfg & CFG.L) === 0) || (cfg & NEEDED[type]) !== 0;
    }
    return mode === Mode.machine;
  }

  #locked(entry: number): boolean {
    return (this.#cfg[entry]! & CFG.L) !== 0;
  }

  #matching(entry: number): number {
    return (this.#cfg[entry]! >> AT_A) & 3;
  }

  #changed(): void {
    this.generation += 1;
    const regions: Region[] = [];
    this.#cfg.forEach((cfg, entry) => {
      const { from, to } = this.#range(entry);
      if (from < to) regions.push({ from, to, cfg });
    });
    this.#regions = regions;
  }

  /** What an entry covers; one that is off, nothing (#pmpcfg-a, #pmpcfg-napot). */
  #range(entry: number): { from: number; to: number } {
    const addr = this.#addr[entry]!;
    const address = (grains: bigint): number => Number(grains << GRAIN_BITS);
    switch (this.#matching(entry)) {
      case A.tor:
        return { from: entry === 0 ? 0 : address(this.#addr[entry - 1]!), to: address(addr) };
      case A.na4:
        return { from: address(addr), to: address(addr + 1n) };
      case A.napot: {
        const ones = addr ^ (addr + 1n); // the trailing ones and the zero above them
        return { from: address(addr & ~ones), to: address((addr | ones) + 1n) };
      }
      default:
        return { from: 0, to: 0 };
    }
  }
}

const firstOf = (register: number): number => (register / 2) * ENTRIES_PER_CFG;
