// What programs of these tests need below M-mode: a return into a mode, and page tables.

/** Goes on in a mode at a label, which may be `1f`. Clobbers t0. */
export const enter = (mode: "U" | "S", label: string): string => `
  li t0, 0x1800
  csrc mstatus, t0
  li t0, ${mode === "S" ? 0x800 : 0}
  csrs mstatus, t0
  la t0, ${label}
  csrw mepc, t0
  mret
`;

/** Bits of a page-table entry. */
export const [V, R, W, X, A, D] = [1, 2, 4, 8, 64, 128] as const;

/** All that an entry can allow supervisor mode. */
export const ALL = V | R | W | X | A | D;

/** A page-table entry. */
export const pte = (phys: number, bits: number): bigint => (BigInt(phys >>> 12) << 10n) | BigInt(bits);

/** Writes an entry of a page table. Clobbers t0 and t1. */
export const putEntry = (at: number, value: bigint): string => `li t0, ${at}\n li t1, ${value}\n sd t1, 0(t0)\n`;

/** A value of satp: Sv39 with a root table, in an address space. */
export const satp = (root: number, asid = 0): bigint => (8n << 60n) | (BigInt(asid) << 44n) | BigInt(root >>> 12);

const IDENTITY_ROOT = 0x8003_0000;

/** Translates below M-mode from here on, by one leaf: the gigabyte of RAM where it is. Clobbers t0 and t1. */
export const IDENTITY = `${putEntry(IDENTITY_ROOT + 8 * 2, pte(0x8000_0000, ALL))} li t0, ${satp(IDENTITY_ROOT)}\n csrw satp, t0\n`;
