// The control and status registers: number, name, width and who may access each; their behaviour is sim/machine/csrs.ts.
import type { Extension } from "./insn.ts";

/** Privilege levels as the CSR numbers and mstatus.MPP encode them. */
export type PrivilegeLevel = 0 | 1 | 3;

/**
 * What a YLEN write (CSRRW) of a capability leaves in the register: `direct`, the value itself; `yaddrw`, the written value
 * with its address written again, as YADDRW does; `changed`, that only where the address had to be converted.
 */
export type WholeWrite = "direct" | "yaddrw" | "changed";

export interface CsrRecord {
  readonly number: number;
  readonly name: string;
  /** `extended`: XLEN bits on an integer base, a capability on RVY; `ylen`: a capability, on RVY alone (#rvy_csr_classes). */
  readonly width: "xlen" | "extended" | "ylen";
  /** Present where the register may hold a capability. */
  readonly whole?: WholeWrite;
  /** Which accesses need ASR in the pcc, on RVY (#asr_perm). */
  readonly asr: "never" | "write" | "always";
  /** An extension that brings it. */
  readonly ext?: Extension;
  readonly doc: string;
  readonly spec: string;
}

/** Lowest privilege that may access the register: bits 9:8 of its number (#csrrwpriv). */
export function csrPrivilege(number: number): PrivilegeLevel {
  return ((number >> 8) & 3) as PrivilegeLevel;
}

/** Is the register read-only? Bits 11:10 of its number are 11. */
export function csrReadOnly(number: number): boolean {
  return number >> 10 === 3;
}

/** A register of XLEN bits; on RVY a privileged one needs ASR for any access. */
function xlen(number: number, name: string, spec: string, doc: string): CsrRecord {
  return { number, name, width: "xlen", asr: csrPrivilege(number) === 0 ? "never" : "always", spec, doc };
}

/** A privileged register of an integer base that RVY widens. */
function extended(number: number, name: string, whole: WholeWrite, doc: string): CsrRecord {
  return { number, name, width: "extended", whole, asr: "always", spec: `#${name}`, doc };
}

/** A thread identifier: anyone of its privilege may read it, only code with ASR may write it. */
function tidc(number: number, name: string, doc: string): CsrRecord {
  return { number, name, width: "ylen", whole: "direct", asr: "write", ext: "Y", spec: `#${name}`, doc };
}

/** Registers base+first to base+last of a family. */
function family(base: number, name: string, first: number, last: number, spec: string, doc: string): CsrRecord[] {
  return Array.from({ length: last - first + 1 }, (_, i) => xlen(base + first + i, `${name}${first + i}`, spec, doc));
}

/** PMP entries that the hart has. */
export const PMP_ENTRIES = 16;

export const CSRS: readonly CsrRecord[] = [
  // User

  xlen(0xc00, "cycle", "#counters", "Cycle counter"),
  xlen(0xc01, "time", "#counters", "Timer"),
  xlen(0xc02, "instret", "#counters", "Instructions retired"),
  ...family(0xc00, "hpmcounter", 3, 31, "#counters", "Performance counter"),
  {
    ...{ number: 0x416, name: "ddc", width: "ylen", whole: "changed", asr: "never", ext: "Zyhybrid", spec: "#ddc" },
    doc: "Default data capability",
  },
  tidc(0x480, "utidc", "User thread identifier"),

  // Supervisor

  xlen(0x100, "sstatus", "#sstatus", "Status"),
  xlen(0x104, "sie", "#siereg-standard", "Interrupt enable"),
  extended(0x105, "stvec", "yaddrw", "Trap vector"),
  xlen(0x106, "scounteren", "#_counter_enable_scounteren_register", "Counters that U-mode may read"),
  xlen(0x10a, "senvcfg", "#senvcfg", "Environment configuration of U-mode"),
  extended(0x140, "sscratch", "direct", "Scratch"),
  extended(0x141, "sepc", "changed", "Program counter of the trap"),
  xlen(0x142, "scause", "#scause", "Trap cause"),
  xlen(0x143, "stval", "#stval", "Trap value"),
  xlen(0x144, "sip", "#sipreg-standard", "Interrupts pending"),
  xlen(0x14d, "stimecmp", "#Sstc", "Timer compare"),
  xlen(0x180, "satp", "#satp", "Address translation and protection"),
  tidc(0x580, "stidc", "Supervisor thread identifier"),

  // Machine

  xlen(0xf11, "mvendorid", "#norm:mvendorid_sz_acc_op", "Vendor"),
  xlen(0xf12, "marchid", "#norm:marchid_sz_acc_op", "Architecture"),
  xlen(0xf13, "mimpid", "#norm:mimpid_op", "Implementation"),
  xlen(0xf14, "mhartid", "#norm:mhartid_sz_acc_op", "Hart number"),
  xlen(0xf15, "mconfigptr", "#mconfigptrreg", "Configuration data structure"),
  xlen(0x300, "mstatus", "#mstatus", "Status"),
  xlen(0x301, "misa", "#misa", "ISA and extensions"),
  xlen(0x302, "medeleg", "#medeleg", "Exceptions delegated to S-mode"),
  xlen(0x303, "mideleg", "#mideleg", "Interrupts delegated to S-mode"),
  xlen(0x304, "mie", "#mie", "Interrupt enable"),
  extended(0x305, "mtvec", "yaddrw", "Trap vector"),
  xlen(0x306, "mcounteren", "#mcounteren", "Counters that S-mode may read"),
  xlen(0x30a, "menvcfg", "#menvcfg", "Environment configuration of modes below M"),
  xlen(0x320, "mcountinhibit", "#_machine_counter_inhibit_mcountinhibit_register", "Counters that stand still"),
  extended(0x340, "mscratch", "direct", "Scratch"),
  extended(0x341, "mepc", "changed", "Program counter of the trap"),
  xlen(0x342, "mcause", "#mcause", "Trap cause"),
  xlen(0x343, "mtval", "#mtval", "Trap value"),
  xlen(0x344, "mip", "#mip", "Interrupts pending"),
  ...Array.from({ length: PMP_ENTRIES / 8 }, (_, i) =>
    xlen(0x3a0 + 2 * i, `pmpcfg${2 * i}`, "#pmpcfg-rv64", "Physical memory protection: configuration of 8 entries"),
  ),
  ...family(0x3b0, "pmpaddr", 0, PMP_ENTRIES - 1, "#pmpaddr-rv64", "Physical memory protection: address"),
  xlen(0xb00, "mcycle", "#_hardware_performance_monitor", "Cycle counter"),
  xlen(0xb02, "minstret", "#_hardware_performance_monitor", "Instructions retired"),
  xlen(0x7a0, "tselect", "#mcsrnames1", "Debug trigger selected: there is none, and all of these read 0"),
  ...family(0x7a0, "tdata", 1, 3, "#mcsrnames1", "Data of the debug trigger"),
  ...family(0xb00, "mhpmcounter", 3, 31, "#_hardware_performance_monitor", "Performance counter"),
  ...family(0x320, "mhpmevent", 3, 31, "#_hardware_performance_monitor", "Event that a performance counter counts"),
  tidc(0x780, "mtidc", "Machine thread identifier"),
];

const BY_NAME: ReadonlyMap<string, CsrRecord> = new Map(CSRS.map((csr) => [csr.name, csr]));
const BY_NUMBER: ReadonlyMap<number, CsrRecord> = new Map(CSRS.map((csr) => [csr.number, csr]));

/** The number of a register by its name; undefined where there is none. */
export function csrNumber(name: string): number | undefined {
  return BY_NAME.get(name)?.number;
}

/** The name of a register by its number; undefined where there is none. */
export function csrName(number: number): string | undefined {
  return BY_NUMBER.get(number)?.name;
}
