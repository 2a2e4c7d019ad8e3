// Says what is wrong with a process manifest before anything is built from it.
import { regionEnd, overlap, type Region } from "../layout.ts";
import { PRIVILEGED } from "../platform.ts";
import type { Mapping, Process, ProcessManifest, Stream } from "./manifest.ts";
import { LIMITS, LINE_BYTES, USER_BITS } from "./objects.ts";

const PAGE_BYTES = PRIVILEGED.PAGE_bytes;

/** Throws the first thing wrong; `kernel` is the physical memory that the kernel has for itself. */
export function checkManifest(manifest: ProcessManifest, kernel: Region): void {
  const { processes, streams, tickCycles } = manifest;
  if (!Number.isSafeInteger(tickCycles) || tickCycles < 0)
    refuse(`tickCycles must be a whole number, not ${tickCycles}`);
  if (processes.length > LIMITS.PROCESSES_max) {
    refuse(`${processes.length} processes: there are ${LIMITS.PROCESSES_max} address-space identifiers`);
  }
  if (!processes.at(-1)?.threads.length) refuse("the last process is the client and needs a thread");
  for (const p of processes) checkMappings(p, kernel);
  const taken = new Set<string>();
  for (const s of streams) checkStream(s, processes, taken);
}

function checkMappings(p: Process, kernel: Region): void {
  for (const m of p.maps) {
    const name = `process '${p.name}': the mapping of ${hex(m.bytes)} bytes at ${hex(m.virt)}`;
    const virt: Region = { base: m.virt, bytes: m.bytes };
    const phys: Region = { base: m.phys, bytes: m.bytes };
    if (m.bytes <= 0 || [m.virt, m.phys, m.bytes].some((n) => n % PAGE_BYTES !== 0))
      refuse(`${name} is not whole pages`);
    // The copy loops rely on page 0: a buffer that begins near 0 always faults.
    if (m.virt < PAGE_BYTES) refuse(`${name} includes page 0, which is never mapped`);
    if (regionEnd(virt) > 2 ** USER_BITS) refuse(`${name} reaches beyond 2^${USER_BITS}, into the kernel's half`);
    if (overlap([phys, kernel]))
      refuse(`${name} shares physical memory with the kernel, which ends at ${hex(regionEnd(kernel))}`);
    if (!(m.read || m.execute) || (m.write && !m.read)) refuse(`${name}: Sv39 has no pages with these rights`);
  }
  const both = overlap(p.maps.map((m: Mapping): Region => ({ base: m.virt, bytes: m.bytes })));
  if (both) refuse(`process '${p.name}': the mappings at ${hex(both[0].base)} and ${hex(both[1].base)} overlap`);
}

function checkStream(s: Stream, processes: readonly Process[], taken: Set<string>): void {
  for (const side of ["client", "server"] as const) {
    const { process, descriptor } = s[side];
    const p = processes[process];
    if (p === undefined) refuse(`a stream's ${side} is process ${process}: there are ${processes.length}`);
    const name = `process '${p.name}', descriptor ${descriptor}`;
    if (!Number.isInteger(descriptor) || descriptor < 0 || descriptor >= LIMITS.DESCRIPTORS_max) {
      refuse(`${name}: a process has descriptors 0 to ${LIMITS.DESCRIPTORS_max - 1}`);
    }
    if (taken.has(`${process}:${descriptor}`)) refuse(`${name} is the end of two streams`);
    taken.add(`${process}:${descriptor}`);
    if (s.bufferBytes <= 0 || s.bufferBytes % LINE_BYTES !== 0) {
      refuse(`${name}: a buffer of ${s.bufferBytes} bytes is not a positive multiple of ${LINE_BYTES}`);
    }
  }
}

function refuse(what: string): never {
  throw new Error(`process manifest: ${what}`);
}

const hex = (n: number): string => `0x${n.toString(16)}`;
