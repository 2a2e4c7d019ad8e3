// The kernel's objects in memory, and the permissions of capabilities: what the assembly and the host both name.
import { addStruct, struct } from "../abi.ts";

/** A callable entry: code of two instructions, then what the switcher must know of the callee. One cache line. */
export const ENTRY = struct("ENTRY", {
  code: "u64", // auipc t6, 0; j switcher_call
  target: "ptr", // the callee's first instruction, with the authority of its text
  globals: "ptr", // its gp
  stackBytes: "u64", // the slice of the thread's stack that it gets: a multiple of CACHE_BLOCK_bytes, not 0
  compartment: "u64",
});

/** Start of a thread's trusted stack; FRAMEs follow. utidc holds it sealed, at an odd address (TOKEN_bias). */
export const TRUSTED = struct("TRUSTED", {
  top: "ptr", // the FRAME of the running compartment
  stack: "ptr", // the thread's whole stack, a local capability
  first: "u64", // address of the thread's first FRAME: nobody called it
  last: "u64", // address of the last FRAME that fits
});

/** One activation of a compartment: what its return restores, and what it was given. Four cache lines. */
export const FRAME = struct("FRAME", {
  ra: "ptr",
  sp: "ptr",
  gp: "ptr",
  s0: "ptr",
  s1: "ptr",
  s2: "ptr",
  s3: "ptr",
  s4: "ptr",
  s5: "ptr",
  s6: "ptr",
  s7: "ptr",
  s8: "ptr",
  s9: "ptr",
  s10: "ptr",
  s11: "ptr",
  slice: "u64", // base of its stack slice, which ends where its caller's begins
  compartment: "u64",
});

/** A thread as the kernel keeps it while it does not run. */
export const CONTEXT = struct("CONTEXT", {
  pcc: "ptr",
  ra: "ptr",
  sp: "ptr",
  gp: "ptr",
  tp: "ptr",
  t0: "ptr",
  t1: "ptr",
  t2: "ptr",
  s0: "ptr",
  s1: "ptr",
  a0: "ptr",
  a1: "ptr",
  a2: "ptr",
  a3: "ptr",
  a4: "ptr",
  a5: "ptr",
  a6: "ptr",
  a7: "ptr",
  s2: "ptr",
  s3: "ptr",
  s4: "ptr",
  s5: "ptr",
  s6: "ptr",
  s7: "ptr",
  s8: "ptr",
  s9: "ptr",
  s10: "ptr",
  s11: "ptr",
  t3: "ptr",
  t4: "ptr",
  t5: "ptr",
  t6: "ptr",
  token: "ptr", // utidc
  next: "ptr", // the thread that runs after this one; a ring
});

/** The kernel's own globals. */
export const KERNEL = struct("KERNEL", {
  finisher: "ptr", // the device that ends the run
  trusted: "ptr", // all trusted stacks, unsealed: opens utidc
  faultCount: "u64", // faults taken so far
  refused: "u64", // number of the compartment that the loader was building
});

/** One fault, as the host reads it. Integers only: a capability here would hand out what the faulting code held. */
export const FAULT = struct("FAULT", { compartment: "u64", cause: "u64", tval: "u64", pc: "u64" });

/** What the loader reads of a compartment; tables are addresses of arrays in kernel data. */
export const COMPARTMENT = struct("COMPARTMENT", {
  textBase: "u64",
  textBytes: "u64",
  dataBase: "u64",
  dataBytes: "u64",
  entry: "u64",
  globals: "u64",
  stackBytes: "u64",
  links: "u64", // LINK[]
  linkCount: "u64",
  pointers: "u64", // POINTER[]
  pointerCount: "u64",
  grants: "u64", // GRANT[]
  grantCount: "u64",
});

/** Store the sealed entry of `compartment` at `at`. */
export const LINK = struct("LINK", { at: "u64", compartment: "u64" });
/** Store a capability for `length` bytes from `base` at `at`. */
export const POINTER = struct("POINTER", { at: "u64", base: "u64", length: "u64", writable: "u64" });
/** Store a capability for device registers at `at`. */
export const GRANT = struct("GRANT", { at: "u64", base: "u64", length: "u64" });

/** The newest faults that the log keeps. */
export const FAULT_LOG_ENTRIES = 64;

/** Bits of the permission word of YPERMC and YPERMR (#acperm_bit_field). */
const PERMISSION_BITS = {
  W: 0,
  LM: 1,
  LG: 2,
  SL: 3,
  GL: 4,
  C: 5,
  ASR: 16,
  X: 17,
  R: 18,
} as const;

/** How a run ends when it is not the client that ends it; the finisher's codes have 16 bits, the client's stay below. */
export const STATUS = {
  refused: 0x101, // the manifest asks for more than its compartment may have
  clientFault: 0x102, // the first compartment faulted: nobody is left to return to
  kernelTrap: 0x103, // a bug of the kernel
  machineTrap: 0x104, // a trap that nobody expected
} as const;

/**
 * An even address opens a sealed capability when it is jumped to, and the fault that follows has it unsealed in sepc; so
 * tokens have odd addresses (kernel/README.md, "Tokens").
 */
const TOKEN_BIAS = 1;

export function objectSymbols(): ReadonlyMap<string, number> {
  const symbols = new Map<string, number>([
    ["TOKEN_bias", TOKEN_BIAS],
    ["FAULT_LOG_entries", FAULT_LOG_ENTRIES],
  ]);
  for (const s of [ENTRY, TRUSTED, FRAME, CONTEXT, KERNEL, FAULT, COMPARTMENT, LINK, POINTER, GRANT]) {
    addStruct(symbols, s.layout(16));
  }
  for (const [name, bit] of Object.entries(PERMISSION_BITS)) symbols.set(`PERM_${name}`, 2 ** bit);
  for (const [name, code] of Object.entries(STATUS)) symbols.set(`STATUS_${name}`, code);
  return symbols;
}
