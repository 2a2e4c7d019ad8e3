// Programs that show one part of a machine each: chases, walks, branches, calls. Each marks the begin and end of what is measured.
import type { MachineConfig } from "../../sim/config/machine.ts";
import { createMachine, RAM_BASE, type Machine } from "../../sim/machine/machine.ts";
import { events } from "../../sim/stats/cpi-stack.ts";
import { difference, type Counters } from "../../sim/stats/counters.ts";
import { Core } from "../../sim/timing/core.ts";
import { PASS, program } from "../drivers/machine.ts";

const ISA = "rv64imac_zicsr";
/** Data begin well behind any code here, so that neither shares a page with the other. */
export const DATA = 1 << 20;
const TABLES = 1 << 19;
const PAGE_BYTES = 4096;
const METER = "li s11, 0x110000\n";
export const MARK = "sw zero, 0(s11)\n";

/** What passed between a program's two marks. */
export interface Measured {
  readonly cycles: number;
  readonly events: Readonly<Record<string, number>>;
}

/** Runs a program whose measured stretch lies between two stores to the meter. */
export function measure(
  config: MachineConfig,
  source: string,
  prepare: (m: Machine) => void = () => {},
  isa = ISA,
): Measured {
  const image = program(METER + source + PASS, isa);
  const core = new Core(config, { categories: image.categories.length });
  const marks: Counters[] = [];
  const onMeter = (): void => void marks.push(core.snapshot());
  const machine = createMachine({ isa, ramBytes: config.ramBytes, image, timing: core, onMeter });
  prepare(machine);
  const stop = machine.run({ maxInstructions: 1e8 });
  if (stop.kind !== "exit" || marks.length !== 2) throw new Error(`a program ended with ${JSON.stringify(stop)}`);
  const between = difference(marks[1]!, marks[0]!);
  return { cycles: between.now, events: events(between) };
}

/** Numbers in an order that no prefetcher knows: a cycle through all of 0 to n - 1 (Sattolo's shuffle, xorshift32). */
export function cycleThrough(n: number): Int32Array {
  const next = Int32Array.from({ length: n }, (_, i) => i);
  let x = 0x2545f491;
  for (let i = n - 1; i > 0; i -= 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const j = (x >>> 0) % i;
    [next[i], next[j]] = [next[j]!, next[i]!];
  }
  return next;
}

/** Writes a ring of pointers: place i holds the address of the place after it. */
function writeRing(machine: Machine, offsets: readonly number[]): void {
  cycleThrough(offsets.length).forEach((to, from) => {
    machine.memory.store(offsets[from]!, 8, BigInt(RAM_BASE + offsets[to]!));
  });
}

/** Loads after one another, in a loop of eight, so that what the loop takes hides behind them. */
const LOADS_A_TURN = 8;
const chase = (warm: number, loads: number): string => {
  const turns = (n: number): string => `
 li a1, ${Math.ceil(n / LOADS_A_TURN)}
1:${"\n ld a0, 0(a0)".repeat(LOADS_A_TURN)}
 addi a1, a1, -1
 bnez a1, 1b`;
  return `\n li a0, ${RAM_BASE + DATA}${turns(warm)}\n ${MARK}${turns(loads)}\n ${MARK}`;
};

/** Some rounds of a ring, many enough that what happens once does not show. */
const loadsOf = (places: number): number => Math.min(Math.max(2 * places, 4000), 20_000);

/** Cycles a load where each load's address is the value of the one before, over so many bytes in lines of `lineBytes`. */
export function chaseLatency(config: MachineConfig, bytes: number, lineBytes: number): number {
  const lines = bytes / lineBytes;
  const loads = loadsOf(lines);
  const offsets = Array.from({ length: lines }, (_, i) => DATA + i * lineBytes);
  return measure(config, chase(lines, loads), (m) => writeRing(m, offsets)).cycles / loads;
}

/** Bytes a cycle that a loop of independent loads reads, in order; `again` after it has read them once. */
export function walkBandwidth(config: MachineConfig, bytes: number, again = true): number {
  const walk = `
 li a1, ${RAM_BASE + DATA}
 li a2, ${RAM_BASE + DATA + bytes}
2: ${Array.from({ length: 8 }, (_, i) => `ld t${i % 6}, ${8 * i}(a1)`).join("\n ")}
 addi a1, a1, 64
 bltu a1, a2, 2b`;
  return bytes / measure(config, `${again ? walk : ""}\n ${MARK}${walk}\n ${MARK}`).cycles;
}

/** Data-TLB misses and walks a load of a chase through so many pages, one line of each. Only loads are translated (mstatus.MPRV). */
export function tlbChase(config: MachineConfig, pages: number): { readonly misses: number; readonly walks: number } {
  const loads = loadsOf(pages);
  const offsets = Array.from({ length: pages }, (_, i) => DATA + i * PAGE_BYTES + ((i * 64) % PAGE_BYTES));
  const source = `
 li t0, ${(8n << 60n) | BigInt((RAM_BASE + TABLES) / PAGE_BYTES)}
 csrw satp, t0
 li t0, ${(1 << 17) | (1 << 11)}
 csrs mstatus, t0
 ${chase(pages, loads).replaceAll(MARK, `csrc mstatus, t0\n ${MARK} csrs mstatus, t0\n`)}
 csrc mstatus, t0`;
  const m = measure(config, source, (machine) => {
    writeTables(machine, pages);
    writeRing(machine, offsets);
  });
  return { misses: m.events["dtlb.misses"]! / loads, walks: m.events["walker.walks"]! / loads };
}

/** Sv39 tables that map the data to themselves in pages of 4 KiB. */
function writeTables(machine: Machine, pages: number): void {
  const [LEAF, POINTER] = [0xcfn, 0x01n];
  const entry = (offset: number, flags: bigint): bigint => (BigInt((RAM_BASE + offset) / PAGE_BYTES) << 10n) | flags;
  const middle = TABLES + PAGE_BYTES;
  machine.memory.store(TABLES + 8 * (RAM_BASE / 2 ** 30), 8, entry(middle, POINTER));
  for (let page = 0; page < pages; page += 1) {
    const offset = DATA + page * PAGE_BYTES;
    const table = middle + PAGE_BYTES * (1 + Math.floor(offset / 2 ** 21));
    machine.memory.store(middle + 8 * Math.floor(offset / 2 ** 21), 8, entry(table, POINTER));
    machine.memory.store(table + 8 * Math.floor((offset % 2 ** 21) / PAGE_BYTES), 8, entry(offset, LEAF));
  }
}

const WARM_TURNS = 4;
const TURNS = 8;

/** The body so often, measured when it has warmed up. */
const repeat = (body: string): string => `
 li a1, ${WARM_TURNS + TURNS}
 li a2, ${TURNS}
 j 1f
2: ${MARK}
 j 3f
1: beq a1, a2, 2b
3: ${body}
 addi a1, a1, -1
 beqz a1, 9f
 j 1b
9: ${MARK}`;

/** Mispredictions a branch of so many, 8 bytes apart, half of which (at random) are always taken and half never. */
export function branchMisses(config: MachineConfig, branches: number): number {
  const taken = cycleThrough(branches);
  const body = Array.from(taken, (n) => `${n % 2 === 0 ? "beq" : "bne"} x0, x0, 8f\n nop\n8:`).join("\n ");
  const m = measure(config, `.option norvc\n ${repeat(body)}`);
  return m.events["predictor.branchMisses"]! / (TURNS * branches);
}

/** Mispredictions a jump of so many to a register, each always to the same place, 16 bytes apart. */
export function jumpMisses(config: MachineConfig, jumps: number): number {
  const body = Array.from({ length: jumps }, () => "la t1, 8f\n jr t1\n nop\n8:").join("\n ");
  const m = measure(config, `.option norvc\n ${repeat(body)}`);
  return m.events["predictor.jumpMisses"]! / (TURNS * jumps);
}

/** Mispredicted returns of so many nested calls. */
export function returnMisses(config: MachineConfig, depth: number): number {
  const source = `
 li sp, ${RAM_BASE + DATA}
 li a1, 3
1: li a0, ${depth}
 call 5f
 addi a1, a1, -1
 bnez a1, 1b
 ${MARK}
 li a1, ${TURNS}
1: li a0, ${depth}
 call 5f
 addi a1, a1, -1
 bnez a1, 1b
 ${MARK}
 j 6f
5: addi sp, sp, -16
 sd ra, 0(sp)
 addi a0, a0, -1
 beqz a0, 7f
 call 5b
7: ld ra, 0(sp)
 addi sp, sp, 16
 ret
6:`;
  return measure(config, source).events["predictor.jumpMisses"]! / TURNS;
}
