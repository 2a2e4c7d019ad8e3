// What the process kernel is asked to run, and the image that does so: kernel code, its objects, room for tables and rings.
import type { Image } from "../../isa/image.ts";
import { alignUp } from "../abi.ts";
import { assembleGuest, guestSource, linkGuest, type GuestObject } from "../image.ts";
import { PLATFORM, PRIVILEGED } from "../platform.ts";
import { checkManifest } from "./check.ts";
import { KERNEL, OBJECTS_AT, processSymbols, RINGS_AT } from "./objects.ts";
import { layOut } from "./tables.ts";

export interface ProcessManifest {
  /** The last one is the client: its first thread runs first, it alone may end the run, and its fault ends the run. */
  readonly processes: readonly Process[];
  readonly streams: readonly Stream[];
  /** Timer preemption period, 0 for none. */
  readonly tickCycles: number;
}

/** An address space and its threads. */
export interface Process {
  readonly name: string;
  readonly maps: readonly Mapping[];
  readonly threads: readonly ProcessThread[];
}

/** What a thread starts with: pc, sp, gp and tp; all other registers are 0. */
export interface ProcessThread {
  readonly entry: number;
  readonly stackTop: number;
  readonly globals: number;
  readonly local: number;
}

/** Pages of a process: of 2 MiB where both addresses and the length permit, else of 4 KiB. */
export interface Mapping {
  readonly virt: number;
  readonly phys: number;
  readonly bytes: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** A stream socket between two processes. */
export interface Stream {
  readonly client: StreamEnd;
  /** Data that comes to this end makes it ready for poll. */
  readonly server: StreamEnd;
  /** Size of each direction's buffer. */
  readonly bufferBytes: number;
}

export interface StreamEnd {
  /** Index into the manifest's processes. */
  readonly process: number;
  readonly descriptor: number;
}

/** How much the streams of a manifest need of the kernel's memory. */
export interface StreamDemand {
  readonly streams: number;
  readonly bufferBytes: number;
}

const SOURCES = ["thread", "boot", "trap", "stream", "copy", "schedule", "fault"].map(
  (name) => `kernel/process/${name}.S`,
);

/** The first physical address that processes may use, when the kernel holds the buffers of so many streams. */
export function processFreeBase(demand: StreamDemand = { streams: 0, bufferBytes: 0 }): number {
  return alignUp(RINGS_AT + 2 * demand.streams * demand.bufferBytes, PRIVILEGED.MEGAPAGE_bytes);
}

let ofPackage: GuestObject | undefined;

/** The kernel's code, which is the same for every manifest: of the package's sources it is assembled once. */
function kernelObject(read: typeof guestSource): GuestObject {
  const assembled = (): GuestObject => assembleGuest(SOURCES, { pointerBytes: 8, symbols: processSymbols(), read });
  return read === guestSource ? (ofPackage ??= assembled()) : assembled();
}

/**
 * Kernel and tables for a manifest; the processes' own code and data are not in it. Throws if the manifest is wrong.
 *
 * Symbols for the host: `fault_count` (u64), `fault_log` (FAULT[64], a ring of the newest). `read` finds the sources.
 */
export function processImage(manifest: ProcessManifest, read: typeof guestSource = guestSource): Image {
  const ringsBytes = manifest.streams.reduce((sum, s) => sum + 2 * s.bufferBytes, 0);
  checkManifest(manifest, { base: PLATFORM.ram, bytes: RINGS_AT + ringsBytes - PLATFORM.ram });
  const objects = layOut(manifest);
  const code = linkGuest([kernelObject(read)], {
    base: PLATFORM.ram,
    entry: "boot",
    externals: new Map([["kernel", objects.kernel]]),
  });
  const codeEnd = Math.max(...code.segments.map((s) => s.address + s.memoryBytes));
  if (codeEnd > OBJECTS_AT) throw new Error("process kernel: its code reaches beyond OBJECTS_AT");
  const tables = {
    address: OBJECTS_AT,
    bytes: objects.bytes,
    memoryBytes: RINGS_AT + ringsBytes - OBJECTS_AT,
    executable: false,
    writable: true,
  };
  const symbols = new Map([...code.symbols, ["fault_count", objects.kernel + KERNEL.layout(8).at.faultCount] as const]);
  return { ...code, symbols, segments: [...code.segments, tables] };
}
