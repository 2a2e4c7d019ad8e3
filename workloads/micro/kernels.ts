// The kernels by which the simulator's own speed is measured: small programs, each in an integer and a capability form.
import type { PointerBytes } from "../../kernel/abi.ts";
import { assembleGuest, GUEST_ISA, linkGuest } from "../../kernel/image.ts";
import { PLATFORM } from "../../kernel/platform.ts";
import type { Image } from "../../isa/image.ts";

export type Form = "integer" | "capability";
export const FORMS: readonly Form[] = ["integer", "capability"];

export interface Kernel {
  /** That of its file. */
  readonly name: string;
  readonly summary: string;
  /** What it works on, a power of two. */
  readonly memoryBytes: number;
}

export const KERNELS: readonly Kernel[] = [
  { name: "integer", summary: "arithmetic and branches, no memory", memoryBytes: 16 },
  { name: "walk", summary: "loads and stores along 256 KiB", memoryBytes: 2 ** 18 },
  { name: "calls", summary: "recursion with stack frames", memoryBytes: 16 },
  { name: "hash", summary: "a hash table of 4 MiB", memoryBytes: 2 ** 22 },
  { name: "mixed", summary: "list, state machine, matrices, CRC", memoryBytes: 2 ** 14 },
  { name: "marshal", summary: "variable-length integers, to and fro", memoryBytes: 2 ** 14 },
  { name: "sealed-calls", summary: "calls through sentries with tokens", memoryBytes: 4096 },
  { name: "traps", summary: "an ECALL a turn", memoryBytes: 16 },
  { name: "switches", summary: "context switches by ECALL", memoryBytes: 2048 },
];

const STACK_BYTES = 16384;
export const POINTER_BYTES: Readonly<Record<Form, PointerBytes>> = { integer: 8, capability: 16 };

/** The ISA of the hart that runs a form. */
export const isaOf = (form: Form): string => GUEST_ISA[POINTER_BYTES[form]];

/** What a kernel is assembled from, the frame's code first: some simulators start at the first byte, whatever the entry. */
export const kernelSources = (kernel: Kernel): readonly string[] => [
  "kernel/common/pointer.S",
  "workloads/micro/macros.S",
  "workloads/micro/frame.S",
  `workloads/micro/${kernel.name}.S`,
];

/** A kernel as a bare-metal program that does so many turns, leaves its checksum at `micro_result` and exits. */
export function buildKernel(kernel: Kernel, form: Form, turns: number): Image {
  const symbols = new Map([
    ["MICRO_bytes", kernel.memoryBytes],
    ["MICRO_stackBytes", STACK_BYTES],
    ["MICRO_turns", turns],
  ]);
  const object = assembleGuest(kernelSources(kernel), { pointerBytes: POINTER_BYTES[form], symbols });
  return linkGuest([object], { base: PLATFORM.ram, entry: "micro_start" });
}
