// Builds the image of one deployment: kernel, a copy of the service code for each service, and each service's data.
import { alignUp, IMPORT, SERVICE, THREAD } from "../kernel/abi.ts";
import { assembleGuest, linkGuest, type GuestObject } from "../kernel/image.ts";
import { exactRegion, regionEnd, type Region } from "../kernel/layout.ts";
import { PLATFORM } from "../kernel/platform.ts";
import {
  processFreeBase,
  processImage,
  type Mapping,
  type Process,
  type ProcessThread,
  type Stream,
} from "../kernel/process/manifest.ts";
import { sasosFreeBase, sasosImage, type Compartment } from "../kernel/sasos/manifest.ts";
import { mergeImages, movedImage, type Image } from "../isa/image.ts";
import { DataBlock } from "./data-block.ts";
import type { Deployment } from "./deploy/deployment.ts";
import type { ServiceWork, Work } from "./schedule.ts";
import { layoutClientRole, layoutService, meterPointer, movedData, type ServiceData } from "./service-data.ts";
import { threadMemory, type ThreadMemory } from "./thread-memory.ts";

/** What the run reads back of each service. */
export interface ServicePlacement {
  readonly name: string;
  /** Physical addresses. */
  readonly globals: number;
  readonly results: number;
}

export interface BuiltDeployment {
  readonly deployment: Deployment;
  readonly image: Image;
  readonly services: readonly ServicePlacement[];
  /** Address behind the image's last byte. */
  readonly end: number;
}

const PAGE_BYTES = 4096;
const MEGAPAGE_BYTES = 2 * 1024 * 1024;
/** Timer preemption period: Linux's default on RISC-V is CONFIG_HZ=250, 4 ms at 1 GHz. */
const TICK_CYCLES = 4_000_000;

/** Builds a deployment for the work; what it executes is all in the image. */
export function buildDeployment(deployment: Deployment, work: Work, workingSetBytes: number): BuiltDeployment {
  const code = assembleGuest(deployment.sources, { pointerBytes: deployment.pointerBytes });
  const builder = { deployment, work, workingSetBytes, code };
  const build =
    deployment.kernel === "sasos" ? buildCompartments : deployment.oneProcess ? buildMonolith : buildProcesses;
  const { image, services } = build(builder);
  const end = Math.max(...image.segments.map((s) => s.address + s.memoryBytes));
  return { deployment, image, services, end };
}

/** What the three ways to build have in common. */
type Built = Pick<BuiltDeployment, "image" | "services">;

interface Builder {
  readonly deployment: Deployment;
  readonly work: Work;
  readonly workingSetBytes: number;
  readonly code: GuestObject;
}

/** A service with its code linked and its data laid out. */
interface PlacedService {
  readonly work: ServiceWork;
  readonly image: Image;
  readonly text: Region;
  readonly block: DataBlock;
  readonly data: ServiceData;
  readonly isClient: boolean;
}

const linkAt = (b: Builder, base: number): Image => linkGuest([b.code], { base });

function symbol(image: Image, name: string): number {
  const at = image.symbols.get(name);
  if (at === undefined) throw new Error(`the service code defines no symbol '${name}'`);
  return at;
}

/** The region that an image's segments cover, from its base. */
function imageRegion(image: Image, base: number): Region {
  return { base, bytes: Math.max(...image.segments.map((s) => s.address + s.memoryBytes)) - base };
}

/** A service's data at `base`; the client gets its schedule too. */
function placeData(
  b: Builder,
  index: number,
  base: number,
): { block: DataBlock; data: ServiceData; isClient: boolean } {
  const service = b.work.services[index]!;
  const isClient = index === b.work.services.length - 1;
  const block = new DataBlock(base, b.deployment.pointerBytes);
  const data = layoutService(block, index, service, b.workingSetBytes);
  if (isClient) layoutClientRole(block, data, { schedule: b.work.schedule, meterAddress: PLATFORM.meter });
  return { block, data, isClient };
}

function dataImage(block: DataBlock, at: number = block.base): Image {
  const memoryBytes = block.end - block.base;
  return {
    entry: 0,
    segments: [{ address: at, bytes: block.contents(), memoryBytes, executable: false, writable: true }],
    symbols: new Map(),
    categories: ["other"],
    ranges: [],
  };
}

const placement = (
  s: { work: ServiceWork; data: ServiceData },
  physical: (virtual: number) => number,
): ServicePlacement => ({
  name: s.work.name,
  globals: physical(s.data.globals.base),
  results: physical(s.data.results.base),
});

// Compartments of one address space, pointers are capabilities.

function buildCompartments(b: Builder): Built {
  const threadStackBytes = stackBytes(b);
  let next = sasosFreeBase({ threadStackBytes });
  const placed = b.work.services.map((work, index): PlacedService & { dataRegion: Region } => {
    const size = imageRegion(linkAt(b, next), next).bytes;
    const text = exactRegion(next, size);
    const image = linkAt(b, text.base);
    const laid = placeData(b, index, 0);
    const dataRegion = exactRegion(alignUp(regionEnd(text), PAGE_BYTES), laid.block.end);
    laid.block.move(dataRegion.base);
    next = alignUp(regionEnd(dataRegion), PAGE_BYTES);
    return { work, image, text, dataRegion, ...laid, data: movedData(laid.data, dataRegion.base) };
  });
  const compartments = placed.map((s): Compartment => {
    const entryOffset = IMPORT.layout(16).at.entry;
    return {
      name: s.work.name,
      text: s.text,
      data: s.dataRegion,
      entry: symbol(s.image, "service_entry"),
      globals: s.data.globals.base,
      stackBytes: b.deployment.stackBytes,
      imports: s.work.imports.map((callee, slot) => ({ at: s.data.imports[slot]! + entryOffset, compartment: callee })),
      pointers: s.block.pointers,
      devices: s.isClient ? [{ at: meterPointer(s.block, s.data), base: PLATFORM.meter, bytes: 64 }] : [],
    };
  });
  const client = placed.length - 1;
  const kernel = sasosImage({
    compartments,
    start: { compartment: client, entry: symbol(placed[client]!.image, "client_start") },
    threadStackBytes,
    tickCycles: TICK_CYCLES,
  });
  return {
    image: mergeImages([kernel, ...placed.flatMap((s) => [s.image, dataImage(s.block)])]),
    services: placed.map((s) => placement(s, (virtual) => virtual)),
  };
}

/** Stack for the deepest request: an activation of each service on the way, the client and the host's margin of one. */
function stackBytes(b: Builder): number {
  const depth = Math.max(1, ...b.work.requests.map((r) => r.depth));
  return alignUp((depth + 2) * b.deployment.stackBytes, PAGE_BYTES);
}

// One process that holds every service: calls are function calls.

function buildMonolith(b: Builder): Built {
  const textBase = alignUp(processFreeBase(), MEGAPAGE_BYTES);
  const images: Image[] = [];
  let next = textBase;
  for (let i = 0; i < b.work.services.length; i += 1) {
    images.push(linkAt(b, next));
    next = alignUp(regionEnd(imageRegion(images[i]!, next)), 64);
  }
  const text = { base: textBase, bytes: alignUp(next - textBase, MEGAPAGE_BYTES) };
  const dataBase = regionEnd(text);
  next = dataBase;
  const placed = b.work.services.map((work, index): PlacedService => {
    const laid = placeData(b, index, next);
    next = alignUp(laid.block.end, PAGE_BYTES);
    return { work, image: images[index]!, text, ...laid };
  });
  linkImports(placed);
  const stack = { base: next, bytes: stackBytes(b) };
  const data = { base: dataBase, bytes: alignUp(regionEnd(stack) - dataBase, MEGAPAGE_BYTES) };
  const client = placed.at(-1)!;
  const process: Process = {
    name: b.deployment.name,
    maps: [
      { ...identity(text), read: true, write: false, execute: true },
      { ...identity(data), read: true, write: true, execute: false },
      meterMap,
    ],
    threads: [
      {
        entry: symbol(client.image, "client_start"),
        stackTop: regionEnd(stack),
        globals: client.data.globals.base,
        local: 0,
      },
    ],
  };
  const kernel = processImage({ processes: [process], streams: [], tickCycles: TICK_CYCLES });
  return {
    image: mergeImages([kernel, ...placed.flatMap((s) => [s.image, dataImage(s.block)])]),
    services: placed.map((s) => placement(s, (virtual) => virtual)),
  };
}

/** Fills each import with the callee's entry and globals. */
function linkImports(placed: readonly PlacedService[]): void {
  const I = IMPORT.layout(8);
  for (const s of placed) {
    s.work.imports.forEach((callee, slot) => {
      const target = placed[callee]!;
      s.block.u64(s.data.imports[slot]! + I.at.entry, symbol(target.image, "service_entry"));
      s.block.u64(s.data.imports[slot]! + I.at.globals, target.data.globals.base);
    });
  }
}

const identity = (r: Region): { virt: number; phys: number; bytes: number } => ({
  virt: r.base,
  phys: r.base,
  bytes: r.bytes,
});
const meterMap: Mapping = {
  virt: PLATFORM.meter,
  phys: PLATFORM.meter,
  bytes: PAGE_BYTES,
  read: true,
  write: true,
  execute: false,
};

// One process a service, at the same virtual addresses: calls are messages over streams.

const PROCESS_TEXT = 0x40_0000;
const PROCESS_DATA = 0x1000_0000;

/** Socket buffers as Linux sizes them by default for AF_UNIX (net.core.wmem_default). */
const STREAM_BUFFER_BYTES = 212_992;

function buildProcesses(b: Builder): Built {
  const image = linkAt(b, PROCESS_TEXT);
  const textBytes = alignUp(imageRegion(image, PROCESS_TEXT).bytes, PAGE_BYTES);
  const { streams, connections } = connect(b.work);
  const memory = threadMemory(b.work, b.deployment.stackBytes);
  const parts: Image[] = [];
  const services: ServicePlacement[] = [];
  const processes: Process[] = [];
  let next = processFreeBase({ streams: streams.length, bufferBytes: STREAM_BUFFER_BYTES });
  b.work.services.forEach((work, index) => {
    const laid = placeData(b, index, PROCESS_DATA);
    const threads = placeThreads(memory, laid, work, connections[index]!, image);
    const dataBytes = alignUp(laid.block.end - PROCESS_DATA, PAGE_BYTES);
    const textPhys = alignUp(next, PAGE_BYTES);
    const dataPhys = alignUp(textPhys + textBytes, dataBytes >= MEGAPAGE_BYTES ? MEGAPAGE_BYTES : PAGE_BYTES);
    next = dataPhys + dataBytes;
    parts.push(movedImage(image, textPhys - PROCESS_TEXT), dataImage(laid.block, dataPhys));
    services.push(placement({ work, data: laid.data }, (virtual) => virtual - PROCESS_DATA + dataPhys));
    processes.push({
      name: work.name,
      maps: [
        { virt: PROCESS_TEXT, phys: textPhys, bytes: textBytes, read: true, write: false, execute: true },
        { virt: PROCESS_DATA, phys: dataPhys, bytes: dataBytes, read: true, write: true, execute: false },
        ...(laid.isClient ? [meterMap] : []),
      ],
      threads,
    });
  });
  const kernel = processImage({ processes, streams, tickCycles: TICK_CYCLES });
  return { image: mergeImages([kernel, ...parts]), services };
}

/** Stacks, buffers and descriptors for each thread of a service. */
function placeThreads(
  memory: ThreadMemory,
  laid: { block: DataBlock; data: ServiceData; isClient: boolean },
  work: ServiceWork,
  descriptors: readonly (readonly number[])[],
  image: Image,
): ProcessThread[] {
  const T = THREAD.layout(8);
  return descriptors.map((byImport) => {
    const { block } = laid;
    const thread = block.reserveStructs(T, 1);
    const table = block.reserve(8 * Math.max(1, work.imports.length));
    const send = block.reserve(memory.sendBytes, 64);
    const receive = block.reserve(memory.receiveBytes, 64);
    const arena = block.reserve(memory.arenaBytes, 64);
    const stack = block.reserve(memory.stackBytes, 64);
    byImport.forEach((descriptor, slot) => block.u64(table.base + 8 * slot, descriptor));
    block.pointer(thread.base + T.at.connections, table, false);
    block.pointer(thread.base + T.at.send, send, true);
    block.pointer(thread.base + T.at.receive, receive, true);
    block.pointer(thread.base + T.at.arena, arena, true);
    block.u64(thread.base + T.at.sendBytes, send.bytes);
    block.u64(thread.base + T.at.receiveBytes, receive.bytes);
    block.u64(thread.base + T.at.arenaBytes, arena.bytes);
    return {
      entry: symbol(image, laid.isClient ? "client_start" : "deploy_start"),
      stackTop: stack.base + stack.bytes,
      globals: laid.data.globals.base,
      local: thread.base,
    };
  });
}

/** A stream from each thread of each service to each of its callees, so that nested calls never share one. */
function connect(work: Work): { streams: Stream[]; connections: number[][][] } {
  const nextDescriptor = work.services.map(() => 0);
  const take = (process: number): { process: number; descriptor: number } => {
    const descriptor = nextDescriptor[process]!;
    nextDescriptor[process] = descriptor + 1;
    return { process, descriptor };
  };
  const streams: Stream[] = [];
  const connections = work.services.map((service, process) =>
    Array.from({ length: service.nesting }, () =>
      service.imports.map((callee) => {
        const stream = { client: take(process), server: take(callee), bufferBytes: STREAM_BUFFER_BYTES };
        streams.push(stream);
        return stream.client.descriptor;
      }),
    ),
  );
  return { streams, connections };
}

/** The service whose process would need the most stream descriptors, and how many. */
export function busiestProcess(work: Work): { readonly name: string; readonly descriptors: number } {
  const needed = work.services.map((s) => s.nesting * s.imports.length);
  for (const s of work.services) for (const callee of s.imports) needed[callee]! += s.nesting;
  const descriptors = Math.max(...needed);
  return { name: work.services[needed.indexOf(descriptors)]!.name, descriptors };
}

/** Bytes read back of a service's globals to find its counters. */
export const globalsBytes = (deployment: Deployment): number => SERVICE.layout(deployment.pointerBytes).bytes;
