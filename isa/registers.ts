// The 32 general-purpose registers: numbers, x names and ABI names.

export const REGISTER_COUNT = 32;

/** ABI name of each register, by number (calling convention of the RISC-V psABI). */
export const ABI_NAMES = [
  ...["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5"],
  ...["a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"],
] as const;

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...ABI_NAMES.map((name, r): [string, number] => [name, r]),
  ...ABI_NAMES.map((_, r): [string, number] => [`x${r}`, r]),
  ["fp", 8],
]);

/** The number of a register written `x8`, `s0` or `fp`; undefined where the text names none. */
export function registerNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** The ABI name, as objdump prints it. */
export function abiName(register: number): string {
  return ABI_NAMES[register]!;
}
