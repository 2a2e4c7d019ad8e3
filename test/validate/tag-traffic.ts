// DRAM traffic that tags add, by how programs use capabilities and by what the tag cache covers.
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { RAM_BASE, type Machine } from "../../sim/machine/machine.ts";
import { cycleThrough, DATA, MARK, measure } from "./programs.ts";

const LINE_BYTES = 64;
const KiB = 1024;

/** What is read: in the order of addresses, at random within windows of 64 KiB one after another, or at random. */
export type Order = "in order" | "near" | "random";

export interface Traffic {
  readonly words: string;
  readonly order: Order;
  readonly bytes: number;
  /** Whether each line holds a capability, from before what is measured. */
  readonly capabilities: boolean;
  readonly stores: boolean;
}

export const TRAFFIC: readonly Traffic[] = [
  { words: "walk that reads", order: "in order", bytes: 4096 * KiB, capabilities: false, stores: false },
  { words: "walk that reads and writes", order: "in order", bytes: 4096 * KiB, capabilities: false, stores: true },
  { words: "walk through capabilities", order: "in order", bytes: 4096 * KiB, capabilities: true, stores: true },
  { words: "list, neighbours within 64 KiB", order: "near", bytes: 4096 * KiB, capabilities: true, stores: false },
  { words: "the same, written to", order: "near", bytes: 4096 * KiB, capabilities: true, stores: true },
  { words: "list at random in 512 KiB", order: "random", bytes: 512 * KiB, capabilities: true, stores: false },
  { words: "list at random in 4 MiB", order: "random", bytes: 4096 * KiB, capabilities: true, stores: false },
  { words: "the same, written to", order: "random", bytes: 4096 * KiB, capabilities: true, stores: true },
  { words: "the same without capabilities", order: "random", bytes: 4096 * KiB, capabilities: false, stores: true },
];

/** Offsets of the lines, in the order in which the list goes through them. */
function linesOf({ order, bytes }: Traffic): number[] {
  const window = order === "in order" ? LINE_BYTES : order === "near" ? 64 * KiB : bytes;
  const lines = window / LINE_BYTES;
  const next = cycleThrough(lines);
  const inWindow: number[] = [];
  for (let i = 0, at = 0; i < lines; i += 1, at = next[at]!) inWindow.push(at * LINE_BYTES);
  return Array.from({ length: bytes / window }, (_, w) => inWindow.map((offset) => w * window + offset)).flat();
}

/** Bytes that DRAM moves while a list is gone through once. */
export function dramBytes(config: MachineConfig, traffic: Traffic): number {
  const lines = linesOf(traffic);
  const start = RAM_BASE + DATA;
  const source = `
 li a0, ${start}
 li a1, ${start + traffic.bytes}
1: ${traffic.capabilities ? "ly t0, 16(a0)\n sy t0, 16(a0)" : "ld t0, 16(a0)\n sd t0, 16(a0)"}
 addi a0, a0, ${LINE_BYTES}
 bltu a0, a1, 1b
 li a0, ${start + lines[0]!}
 li a1, ${lines.length}
 ${MARK}
1: ${traffic.stores ? (traffic.capabilities ? "sy t0, 32(a0)" : "sd t0, 32(a0)") : "nop"}
 ld a0, 0(a0)
 addi a1, a1, -1
 bnez a1, 1b
 ${MARK}`;
  const prepare = (machine: Machine): void => {
    lines.forEach((offset, i) => {
      machine.memory.store(DATA + offset, 8, BigInt(start + lines[(i + 1) % lines.length]!));
    });
  };
  return measure(config, source, prepare, "rv64imac_zicsr_y_zyhybrid").events["dram.bytes"]!;
}

/** The machine with caches of 128 KiB in all above DRAM, so that little memory shows what much would. */
export function tagMachine(...sets: string[]): MachineConfig {
  const small = ["llc.present=false", "l2.sizeBytes=131072"];
  const machine = resolveMachine({ preset: "cva6@1", sets: [...small, ...sets] });
  if (machine.kind !== "machine") throw new Error(machine.diagnostics[0]!.message);
  return machine.config;
}
