// Trap causes: the exception codes and interrupt numbers of xcause, CHERI's 32 to 36 among them.

/** Exception codes (machine.adoc #mcauses; CHERI's: riscv-priv-integration.adoc). */
export const CAUSE = {
  instructionAddressMisaligned: 0,
  instructionAccessFault: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadAddressMisaligned: 4,
  loadAccessFault: 5,
  storeAddressMisaligned: 6,
  storeAccessFault: 7,
  ecallFromU: 8,
  ecallFromS: 9,
  ecallFromM: 11,
  instructionPageFault: 12,
  loadPageFault: 13,
  storePageFault: 15,
  cheriInstructionAccessFault: 32,
  cheriLoadAccessFault: 33,
  cheriStoreAccessFault: 34,
  cheriLoadCapabilityFault: 35,
  cheriStorePageFault: 36,
} as const;

/** Interrupt numbers; in xcause the top bit is set beside them. */
export const INTERRUPT = {
  supervisorSoftware: 1,
  machineSoftware: 3,
  supervisorTimer: 5,
  machineTimer: 7,
  supervisorExternal: 9,
  machineExternal: 11,
} as const;

const EXCEPTION_NAMES: Readonly<Record<number, string>> = {
  [CAUSE.instructionAddressMisaligned]: "instruction address misaligned",
  [CAUSE.instructionAccessFault]: "instruction access fault",
  [CAUSE.illegalInstruction]: "illegal instruction",
  [CAUSE.breakpoint]: "breakpoint",
  [CAUSE.loadAddressMisaligned]: "load address misaligned",
  [CAUSE.loadAccessFault]: "load access fault",
  [CAUSE.storeAddressMisaligned]: "store/AMO address misaligned",
  [CAUSE.storeAccessFault]: "store/AMO access fault",
  [CAUSE.ecallFromU]: "environment call from U-mode",
  [CAUSE.ecallFromS]: "environment call from S-mode",
  [CAUSE.ecallFromM]: "environment call from M-mode",
  [CAUSE.instructionPageFault]: "instruction page fault",
  [CAUSE.loadPageFault]: "load page fault",
  [CAUSE.storePageFault]: "store/AMO page fault",
  [CAUSE.cheriInstructionAccessFault]: "CHERI instruction access fault",
  [CAUSE.cheriLoadAccessFault]: "CHERI load access fault",
  [CAUSE.cheriStoreAccessFault]: "CHERI store/AMO/CBO access fault",
  [CAUSE.cheriLoadCapabilityFault]: "CHERI load capability fault",
  [CAUSE.cheriStorePageFault]: "CHERI store/AMO page fault",
};

const INTERRUPT_NAMES: Readonly<Record<number, string>> = {
  [INTERRUPT.supervisorSoftware]: "supervisor software interrupt",
  [INTERRUPT.machineSoftware]: "machine software interrupt",
  [INTERRUPT.supervisorTimer]: "supervisor timer interrupt",
  [INTERRUPT.machineTimer]: "machine timer interrupt",
  [INTERRUPT.supervisorExternal]: "supervisor external interrupt",
  [INTERRUPT.machineExternal]: "machine external interrupt",
};

/** The standard's words for an exception code; reserved codes by number. */
export function exceptionName(code: number): string {
  return EXCEPTION_NAMES[code] ?? `exception ${code}`;
}

/** The standard's words for an interrupt number. */
export function interruptName(number: number): string {
  return INTERRUPT_NAMES[number] ?? `interrupt ${number}`;
}
