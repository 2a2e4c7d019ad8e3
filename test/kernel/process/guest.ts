// Runs small processes written in assembly on the process kernel and a real machine.
import { mergeImages, movedImage, type Image } from "../../../isa/image.ts";
import { assembleGuest, GUEST_ISA, linkGuest, type guestSource } from "../../../kernel/image.ts";
import { processFreeBase, processImage, type Mapping, type Stream } from "../../../kernel/process/manifest.ts";
import { FAULT, LIMITS } from "../../../kernel/process/objects.ts";
import { createMachine, RAM_BASE, type Machine } from "../../../sim/machine/machine.ts";
import type { Stop } from "../../../sim/engine/engine.ts";

/** A process: its code, and the labels at which its threads begin. */
export interface Program {
  readonly name: string;
  readonly text: string;
  /** `start` if absent. */
  readonly threads?: readonly string[];
  readonly maps?: readonly Mapping[];
}

export interface Options {
  readonly streams?: readonly Stream[];
  readonly tickCycles?: number;
  /** Finds the kernel's sources, so that a test may change them. */
  readonly read?: typeof guestSource;
}

export interface FaultRecord {
  readonly process: number;
  readonly cause: number;
  readonly tval: number;
  readonly pc: number;
}

export const TEXT = 0x1_0000;
export const STACKS = 0x3000_0000;
const STACK_BYTES = 0x4000;
const PAGE_BYTES = 4096;
/** Physical memory of each process. */
const SLOT_BYTES = 0x20_0000;
const RAM_BYTES = 64 * 1024 * 1024;

/** What every program may use. */
const PRELUDE = `
.macro SYSTEM number
        li      a7, SYS_\\number
        ecall
.endm
.macro EXIT status
        li      a0, \\status
        SYSTEM  exit
.endm
# Ends the run with a status unless two registers are equal.
.macro EXPECT_EQUAL left, right, status
        beq     \\left, \\right, 1f
        EXIT    \\status
1:
.endm
.macro EXPECT value, status
        li      t0, \\value
        EXPECT_EQUAL a0, t0, \\status
.endm
        .section .text, "ax"
`;

/** A stream from a client's descriptor to a server's. */
export const stream = (
  [client, clientDescriptor]: readonly [number, number],
  [server, serverDescriptor]: readonly [number, number],
  bufferBytes = 4096,
): Stream => ({
  client: { process: client, descriptor: clientDescriptor },
  server: { process: server, descriptor: serverDescriptor },
  bufferBytes,
});

/** The kernel and its processes on a machine that has not run yet. */
export class Guest {
  readonly machine: Machine;
  readonly image: Image;
  readonly #programs: readonly Image[];
  readonly #offsets: readonly number[];

  constructor(programs: readonly Program[], options: Options = {}) {
    const { streams = [], tickCycles = 0, read } = options;
    const bufferBytes = Math.max(0, ...streams.map((s) => s.bufferBytes));
    const free = processFreeBase({ streams: streams.length, bufferBytes });
    this.#programs = programs.map(({ name, text }) => {
      const file = `${name}.S`;
      const source = { file, text: PRELUDE + text };
      return linkGuest([assembleGuest([file], { pointerBytes: 8, read: () => source })], {
        base: TEXT,
        align: PAGE_BYTES,
      });
    });
    this.#offsets = programs.map((_, i) => free + i * SLOT_BYTES - TEXT);
    const processes = programs.map((p, i) => {
      const image = this.#programs[i]!;
      const threads = (p.threads ?? ["start"]).map((entry, t) => ({
        entry: image.symbols.get(entry)!,
        stackTop: STACKS + (t + 1) * STACK_BYTES,
        globals: image.symbols.get("globals") ?? 0,
        local: t,
      }));
      const stacks: Mapping = {
        virt: STACKS,
        phys: free + (i + 1) * SLOT_BYTES - threads.length * STACK_BYTES,
        bytes: threads.length * STACK_BYTES,
        ...{ read: true, write: true, execute: false },
      };
      return { name: p.name, maps: [...pagesOf(image, this.#offsets[i]!), stacks, ...(p.maps ?? [])], threads };
    });
    const kernel = processImage({ processes, streams, tickCycles }, read);
    this.image = mergeImages([kernel, ...this.#programs.map((p, i) => movedImage(p, this.#offsets[i]!))]);
    this.machine = createMachine({ isa: GUEST_ISA[8], ramBytes: RAM_BYTES, image: this.image });
  }

  run(maxInstructions = 5_000_000): Stop {
    return this.machine.run({ maxInstructions });
  }

  /** The virtual address of a program's label. */
  label(process: number, name: string): number {
    return this.#programs[process]!.symbols.get(name)!;
  }

  /** The physical address at which the kernel's code or data has a symbol. */
  kernel(name: string): number {
    return this.image.symbols.get(name)!;
  }

  /** The doubleword at a program's label. */
  word(process: number, name: string, index = 0): bigint {
    return this.physical(this.label(process, name) + this.#offsets[process]! + 8 * index);
  }

  /** Bytes from a program's label on. */
  bytes(process: number, name: string, count: number): Uint8Array {
    const from = this.label(process, name) + this.#offsets[process]! - RAM_BASE;
    return this.machine.memory.bytes.slice(from, from + count);
  }

  physical(address: number): bigint {
    return this.machine.memory.load(address - RAM_BASE, 8);
  }

  get faultCount(): number {
    return Number(this.physical(this.kernel("fault_count")));
  }

  /** The faults that the kernel's log holds, in order; fewer than the log has room for. */
  get faults(): FaultRecord[] {
    const { bytes, at } = FAULT.layout(8);
    const base = this.kernel("fault_log");
    return Array.from({ length: Math.min(this.faultCount, LIMITS.FAULT_LOG_entries) }, (_, i) => {
      const field = (offset: number): number => Number(this.physical(base + i * bytes + offset));
      return { process: field(at.process), cause: field(at.cause), tval: field(at.tval), pc: field(at.pc) };
    });
  }

  /** Runs to the end and notes the kernel's code and the processes' as they retire: physical address by instruction. */
  trace(visit: (pc: number, mode: number) => Stop | undefined | void, maxInstructions = 1_000_000): Stop {
    for (let i = 0; i < maxInstructions; i += 1) {
      visit(Number(this.machine.engine.pcc.addr & 0xff_ffff_ffffn), this.machine.hart.mode);
      const stop = this.machine.step();
      if (stop) return stop;
    }
    throw new Error("the guest did not end");
  }
}

function pagesOf(image: Image, offset: number): Mapping[] {
  return image.segments.map((s) => {
    const virt = Math.floor(s.address / PAGE_BYTES) * PAGE_BYTES;
    const bytes = Math.ceil((s.address + s.memoryBytes - virt) / PAGE_BYTES) * PAGE_BYTES;
    return { virt, phys: virt + offset, bytes, read: true, write: s.writable, execute: s.executable };
  });
}
