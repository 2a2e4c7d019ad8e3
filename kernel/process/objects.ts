// The process kernel's objects and limits: stated once for its assembly and for the host that lays them out.
import { addStruct, struct, type Struct } from "../abi.ts";
import { PLATFORM } from "../platform.ts";

/** The kernel's own variables. */
export const KERNEL = struct("KERNEL", {
  runHead: "u64", // TCB that runs next, 0 if none
  runTail: "u64", // the link that the next runnable thread is stored in
  tickCycles: "u64", // 0: no preemption
  clientProcess: "u64", // may end the run; its fault ends the run
  processes: "u64", // PROCESS[]
  processCount: "u64",
  threads: "u64", // TCB[], in the order in which they first run
  threadCount: "u64",
  pageTables: "u64", // next free page for a table
  pageTablesEnd: "u64",
  faultCount: "u64", // faults taken so far
});

/** An address space and what its threads share. */
export const PROCESS = struct("PROCESS", {
  satp: "u64", // Sv39, ASID, root table; set at boot
  ready: "u64", // served ENDs with data that nobody has claimed, oldest first
  readyTail: "u64", // the link that the next one is stored in
  pollers: "u64", // TCBs blocked in poll, youngest first: its working set is the warmest
  descriptors: "u64", // END[DESCRIPTORS_max] by descriptor, 0 where there is none
  mappings: "u64", // MAPPING[]
  mappingCount: "u64",
  index: "u64", // place in the manifest, for the fault log
});

/** A thread. The first cache line is what every system call and switch touches, the next two what a blocking one saves. */
export const TCB = struct("TCB", {
  pc: "u64", // where it goes on in user mode
  satp: "u64", // its process's
  resume: "u64", // kernel code that a switch to it jumps to
  descriptors: "u64", // its process's
  next: "u64", // link of the run queue, or of its process's pollers
  process: "u64",
  claim: "u64", // the served END it has claimed, 0 if none
  wait: "u64", // the END it is blocked on
  ra: "u64",
  sp: "u64",
  gp: "u64",
  tp: "u64",
  s0: "u64",
  s1: "u64",
  s2: "u64",
  s3: "u64",
  s4: "u64",
  s5: "u64",
  s6: "u64",
  s7: "u64",
  s8: "u64",
  s9: "u64",
  s10: "u64",
  s11: "u64",
  a0: "u64", // a0 to a7, t0 to t6: only of a preempted thread; a blocked one keeps its call's arguments here
  a1: "u64",
  a2: "u64",
  a3: "u64",
  a4: "u64",
  a5: "u64",
  a6: "u64",
  a7: "u64",
  t0: "u64",
  t1: "u64",
  t2: "u64",
  t3: "u64",
  t4: "u64",
  t5: "u64",
  t6: "u64",
  entry: "u64", // entry, stackTop, globals, local: what it starts with, and starts again with after a fault
  stackTop: "u64",
  globals: "u64",
  local: "u64",
});

/** One end of a stream, and the ring of bytes that wait to be received there. */
export const END = struct("END", {
  used: "u64", // bytes in the ring
  head: "u64", // offset of the first
  ring: "u64",
  ringBytes: "u64",
  reader: "u64", // TCB blocked because the ring is empty
  writer: "u64", // TCB blocked because it is full
  reset: "u64", // the peer faulted and nobody has been told
  announce: "u64", // data that comes makes this end ready: it is served, and neither claimed nor ready
  peer: "u64", // END
  user: "u64", // TCB that last used this end: its fault resets the stream
  owner: "u64", // TCB that has claimed this end
  process: "u64",
  descriptor: "u64",
  next: "u64", // link of PROCESS_ready
});

/** Pages of a process, largest first choice; `flags` are those of the leaf entries. */
export const MAPPING = struct("MAPPING", { virt: "u64", phys: "u64", length: "u64", flags: "u64" });

/** One line of the fault log. */
export const FAULT = struct("FAULT", { process: "u64", cause: "u64", tval: "u64", pc: "u64" });

/** Objects that hot paths touch begin on a cache line. */
export const LINE_BYTES = 64;

/** User addresses lie below this power of two: the lower half of Sv39. */
export const USER_BITS = 38;

/** The kernel sees physical memory, devices included, from here up: the upper half of Sv39, global in every address space. */
export const KERNEL_OFFSET = -(2 ** USER_BITS);

/** Kernel code ends, and its objects begin, this far into RAM. */
export const OBJECTS_AT = PLATFORM.ram + 64 * 1024;
/** Objects and page tables end, and the rings of the streams begin, this far into RAM. */
export const RINGS_AT = PLATFORM.ram + 8 * 1024 * 1024;

export const LIMITS = {
  PROCESSES_max: 65_535, // ASIDs are 16 bits wide, 0 is the kernel's own
  DESCRIPTORS_max: 512, // of one process
  FAULT_LOG_entries: 64, // the newest ones; a power of two
  KERNEL_GIGAPAGES: 4, // physical memory that the kernel can reach
} as const;

/** How a run ends when it is not the client that ends it; the codes that both kernels have are the same in both. */
export const STATUS = {
  clientFault: 0x102, // the client faulted: nobody is left to report to
  kernelTrap: 0x103, // a bug of the kernel
  machineTrap: 0x104, // a trap that nobody expected
  deadlock: 0x105, // every thread waits for another
} as const;

/** The symbols of the process kernel's assembly, beside those of the platform and the ABI. */
export function processSymbols(): Map<string, number> {
  const symbols = new Map<string, number>([
    ["USER_BITS", USER_BITS],
    ["KERNEL_OFFSET", KERNEL_OFFSET],
    ...Object.entries(LIMITS),
    ...Object.entries(STATUS).map(([name, code]): [string, number] => [`STATUS_${name}`, code]),
  ]);
  for (const s of [KERNEL, PROCESS, TCB, END, MAPPING, FAULT]) addStruct(symbols, s.layout(8));
  for (const s of LINED) symbols.set(`${s.name}_stride`, stride(s));
  return symbols;
}

const LINED: readonly Struct[] = [PROCESS, TCB, END];

/** Bytes from one object of an array to the next. */
export const stride = (s: Struct): number => Math.ceil(s.layout(8).bytes / LINE_BYTES) * LINE_BYTES;
