// The platform as both kernels see it: device addresses, and the fields of privileged registers, as assembler symbols.
import { CAUSE, INTERRUPT } from "../isa/cause.ts";

/** Where RAM starts and where the devices answer (sim/machine/devices). */
export const PLATFORM = {
  ram: 0x8000_0000,
  finisher: 0x10_0000,
  meter: 0x11_0000,
  clint: 0x200_0000,
  uart: 0x1000_0000,
} as const;

/** What a store to the finisher means: the low half says how the run ended, a failure carries its code in the upper half. */
export const FINISHER = { pass: 0x5555, fail: 0x3333, codeBit: 16 } as const;

/** Bit positions and masks of the privileged architecture, by the names of machine.adoc and supervisor.adoc. */
export const PRIVILEGED = {
  MSTATUS_MPP: 0x1800, // the mask of the field
  MSTATUS_MPP_S: 0x0800,
  MSTATUS_MPIE: 0x80,
  SSTATUS_SPP: 0x100,
  SSTATUS_SPIE: 0x20,
  SSTATUS_SIE: 0x2,
  SSTATUS_SUM: 0x4_0000,
  ENVCFG_CBZE: 0x80,
  MENVCFG_STCE_BIT: 63,
  COUNTEREN_TM: 0x2,
  INTERRUPT_BIT: 63, // of xcause
  SIE_STIE: 1 << INTERRUPT.supervisorTimer,
  SATP_SV39: 8,
  SATP_MODE_BIT: 60,
  SATP_ASID_BIT: 44,
  PMP_NAPOT_RWX: 0x1f,
  PTE_V: 0x01,
  PTE_R: 0x02,
  PTE_W: 0x04,
  PTE_X: 0x08,
  PTE_U: 0x10,
  PTE_G: 0x20,
  PTE_A: 0x40,
  PTE_D: 0x80,
  PTE_PPN_BIT: 10,
  PTE_Y_BIT: 58, // cheri-pte-ext.adoc: this page may hold capabilities
  PTE_bytes: 8,
  PAGE_BIT: 12,
  PAGE_bytes: 0x1000,
  MEGAPAGE_BIT: 21,
  MEGAPAGE_bytes: 0x20_0000,
  GIGAPAGE_BIT: 30,
  CACHE_BLOCK_bytes: 64, // what CBO.ZERO zeroes
} as const;

/** The symbols that guest assembly may use for the platform: DEVICE_x, FINISHER_x, CAUSE_x, INTERRUPT_x and the fields above. */
export function platformSymbols(): ReadonlyMap<string, number> {
  const named = (prefix: string, values: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]);
  return new Map([
    ...named("DEVICE", PLATFORM),
    ...named("FINISHER", FINISHER),
    ...named("CAUSE", CAUSE),
    ...named("INTERRUPT", INTERRUPT),
    ...Object.entries(PRIVILEGED),
  ]);
}
