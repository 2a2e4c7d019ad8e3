// Page tables for tests of translation: a root, a middle and a leaf table, and a frame.
import { Memory } from "../../../sim/machine/memory.ts";
import { Mmu, Mode, type AccessType, type DataAccess, type TranslationState } from "../../../sim/machine/mmu.ts";
import { Pmp } from "../../../sim/machine/pmp.ts";

/** Bits of an entry: of the base (supervisor.adoc #sv39pte), Y (#section_pte_rvy), and Svyrg's (#svycrg_rvy_field_breakdown). */
export const PTE = {
  ...{ V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, G: 32n, A: 64n, D: 128n },
  ...{ Y: 1n << 58n, YD: 1n << 58n, YW: 1n << 57n, YRG: 1n << 56n, YR: 1n << 55n },
} as const;
const { V } = PTE;
export const BASE = 0x8000_0000;
export const ROOT = BASE + 0x1000;
export const MIDDLE = BASE + 0x2000;
export const LEAVES = BASE + 0x3000;
export const DATA = BASE + 0x5000;
/** 1 GiB page 1, 2 MiB page 2 of it, 4 KiB page 3 of that. */
export const VIRT = (1 << 30) + (2 << 21) + (3 << 12);

/** The tables of one address space in a memory of their own, and what a translation through them gives. */
export class Tables {
  readonly memory = new Memory({ base: BASE, sizeBytes: 0x10000 });
  readonly mmu: Mmu;
  readonly pmp = new Pmp();

  constructor(rvy = true) {
    this.mmu = new Mmu(this.memory, this.pmp, rvy);
    this.memory.onMarkedStore = () => this.mmu.flush();
    this.use({});
  }
  use(state: Partial<TranslationState>): this {
    const satp = (8n << 60n) | BigInt(ROOT >>> 12);
    this.mmu.configure({
      mode: Mode.supervisor,
      dataMode: state.mode ?? Mode.supervisor,
      satp,
      asid: 0,
      sum: false,
      mxr: false,
      adue: false,
      yrge: false,
      uyrg: false,
      syrg: false,
      ...state,
    });
    return this;
  }
  set(table: number, index: number, phys: number, bits: bigint): this {
    this.memory.store(table + 8 * index - BASE, 8, (BigInt(phys >>> 12) << 10n) | bits);
    return this;
  }
  /** Maps the 4 KiB page VIRT to DATA. */
  mapSmall(bits: bigint): this {
    return this.set(ROOT, 1, MIDDLE, V).set(MIDDLE, 2, LEAVES, V).set(LEAVES, 3, DATA, bits);
  }
  /** Physical address, or the cause of the fault as a negative number. */
  access(type: AccessType | DataAccess, virt: number | bigint = VIRT): number {
    const addr = BigInt(virt);
    const phys = type === "fetch" ? this.mmu.translateFetch(addr) : this.mmu.translateData(addr, Number(addr), type);
    return phys >= 0 ? phys : -this.mmu.cause;
  }
  all(): number[] {
    return [this.access("fetch"), this.access("load"), this.access("store")];
  }
}
