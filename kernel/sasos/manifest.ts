// The manifest of the single-address-space kernel, and the image that boots it: which compartments there are and what each may reach.
import { mergeImages, UNCATEGORISED, type Image } from "../../isa/image.ts";
import { setU64, type Layout } from "../abi.ts";
import { assembleGuest, guestSource, linkGuest, type GuestObject } from "../image.ts";
import { overlap, regionEnd, type Region } from "../layout.ts";
import { COMPARTMENT, ENTRY, GRANT, KERNEL, LINK, objectSymbols } from "./objects.ts";
import type { PointerTable } from "./pointers.ts";
import { regionSymbols, sasosRegions, type SasosRegions } from "./regions.ts";

export { sasosFreeBase } from "./regions.ts";

export interface SasosManifest {
  readonly compartments: readonly Compartment[];
  /** The compartment that runs first, and where; when it faults or exits, the run ends. */
  readonly start: { readonly compartment: number; readonly entry: number };
  readonly threadStackBytes: number;
  /** Timer preemption period; 0 is none. */
  readonly tickCycles: number;
}

/** Code and data with one authority. Both regions have exact bounds (kernel/layout.ts) and are shared with none. */
export interface Compartment {
  readonly name: string;
  readonly text: Region;
  readonly data: Region;
  /** Where calls enter: an address in text. */
  readonly entry: number;
  /** What gp holds when it runs: an address in data. */
  readonly globals: number;
  /** Stack that a call of it takes: a multiple of 64, at most 4032. */
  readonly stackBytes: number;
  /** Compartments that it may call: the sealed entry is stored at `at`, in data. */
  readonly imports: readonly { readonly at: number; readonly compartment: number }[];
  /** Pointers in data to its own text or data. Without `writable` nothing reached through one can be written. */
  readonly pointers: PointerTable;
  /** Device registers, within one page. */
  readonly devices: readonly { readonly at: number; readonly base: number; readonly bytes: number }[];
}

/** The largest stack slice: any multiple of 64 up to here has exact bounds at any multiple of 64. */
const SLICE_MOST_BYTES = 4032;
const PAGE_ENTRIES = 512;
const PTE_BIT = 3;
/** What one page table of 2 MiB entries maps. */
const RAM_MOST_BYTES = 2 ** 30;

const SWITCHER_SOURCES = ["macros", "switcher"];
const KERNEL_SOURCES = ["macros", "boot", "memory", "loader", "thread", "trap", "fault"];
/** What the kernel must know of the switcher. */
const SWITCHER_LABELS = ["entry_stubs", "switcher_authority", "switcher_committed", "switcher_leave", "switcher_left"];
const sources = (names: readonly string[]): string[] => names.map((name) => `kernel/sasos/${name}.S`);

/**
 * The kernel with its switcher, its tables and its stacks, ready to be merged with the compartments' own images. What it
 * refuses to load it refuses when it runs (STATUS.refused); only our own bugs throw here.
 *
 * Symbols for the host: `fault_count` (u64), `fault_log` (FAULT[64], a ring), `fault_counts` (u64 a compartment),
 * `refused_compartment` (u64). `read` finds the sources.
 */
export function sasosImage(manifest: SasosManifest, read: typeof guestSource = guestSource): Image {
  const { compartments } = manifest;
  checkDisjoint(compartments);
  const userEnd = Math.max(0, ...compartments.flatMap((c) => [regionEnd(c.text), regionEnd(c.data)]));
  const tableBytes = manifestBytes(compartments);
  const { threadStackBytes } = manifest;
  const regions = sasosRegions({ compartments: compartments.length, threadStackBytes, userEnd, tableBytes });
  if (regionEnd(regions.tables) - regions.kernelText.base > RAM_MOST_BYTES)
    throw new Error("compartments exceed 1 GiB");
  const tables = manifestTables(compartments, regions.tables.base);

  const constants = [...objectSymbols(), ...regionSymbols(regions), ...scalars(manifest)];
  const part = (names: readonly string[], symbols: ReadonlyMap<string, number>): GuestObject =>
    assembleGuest(sources(names), { pointerBytes: 16, symbols, read });
  const switcher = linked(part(SWITCHER_SOURCES, new Map(constants)), regions.switcher, "entry_stubs");
  const entries = switcher.symbols.get("entry_stubs")!;
  const symbols = new Map([
    ...constants,
    ...SWITCHER_LABELS.map((name) => [name, switcher.symbols.get(name)!] as const),
    ["TABLES_compartments", tables.compartments] as const,
    ["START_entry", entries + manifest.start.compartment * ENTRY.layout(16).bytes] as const,
  ]);
  const kernel = linked(part(KERNEL_SOURCES, symbols), regions.kernelText, "boot");
  return { ...mergeImages([kernel, switcher, dataImage(regions, tables.bytes)]), entry: kernel.entry };
}

function linked(object: GuestObject, region: Region, entry: string): Image {
  const image = linkGuest([object], { base: region.base, entry });
  const end = Math.max(...image.segments.map((s) => s.address + s.memoryBytes));
  if (end > regionEnd(region)) throw new Error(`kernel code ends at ${end}, beyond its region`);
  return image;
}

function scalars({ compartments, start, tickCycles }: SasosManifest): [string, number][] {
  return [
    ["COMPARTMENT_count", compartments.length],
    ["START_pc", start.entry],
    ["TICK_cycles", tickCycles],
    ["SLICE_most_bytes", SLICE_MOST_BYTES],
    ["PAGE_ENTRIES", PAGE_ENTRIES],
    ["PTE_BIT", PTE_BIT],
  ];
}

/** Compartments that share memory would share authority: a bug of whoever placed them. */
function checkDisjoint(compartments: readonly Compartment[]): void {
  const regions = compartments.flatMap((c) => [
    { ...c.text, name: `text of ${c.name}` },
    { ...c.data, name: `data of ${c.name}` },
  ]);
  const shared = overlap(regions);
  if (shared !== undefined) throw new Error(`compartments overlap: ${shared[0].name} and ${shared[1].name}`);
}

/** Bytes of the tables that the loader reads. */
function manifestBytes(compartments: readonly Compartment[]): number {
  const rows = (layout: { readonly bytes: number }, of: (c: Compartment) => readonly unknown[]): number =>
    layout.bytes * compartments.reduce((count, c) => count + of(c).length, 0);
  return (
    rows(LINK.layout(16), (c) => c.imports) +
    compartments.reduce((bytes, c) => bytes + c.pointers.contents.length, 0) +
    rows(GRANT.layout(16), (c) => c.devices) +
    COMPARTMENT.layout(16).bytes * compartments.length
  );
}

/** The tables that the loader reads, for a region that starts at `base`. */
function manifestTables(
  compartments: readonly Compartment[],
  base: number,
): { compartments: number; bytes: Uint8Array } {
  const chunks: Uint8Array[] = [];
  let next = base;
  const append = (bytes: Uint8Array): number => {
    const at = next;
    chunks.push(bytes);
    next += bytes.length;
    return at;
  };
  const rows = compartments.map((c) => ({
    ...{ textBase: c.text.base, textBytes: c.text.bytes, dataBase: c.data.base, dataBytes: c.data.bytes },
    ...{ entry: c.entry, globals: c.globals, stackBytes: c.stackBytes },
    links: append(encode(LINK.layout(16), c.imports)),
    linkCount: c.imports.length,
    pointers: append(c.pointers.contents),
    pointerCount: c.pointers.length,
    grants: append(
      encode(
        GRANT.layout(16),
        c.devices.map((d) => ({ at: d.at, base: d.base, length: d.bytes })),
      ),
    ),
    grantCount: c.devices.length,
  }));
  const at = append(encode(COMPARTMENT.layout(16), rows));
  return { compartments: at, bytes: Buffer.concat(chunks) };
}

function encode<Field extends string>(layout: Layout<Field>, rows: readonly Record<Field, number>[]): Uint8Array {
  const bytes = new Uint8Array(rows.length * layout.bytes);
  const view = new DataView(bytes.buffer);
  const fields = Object.entries<number>(layout.at) as [Field, number][];
  rows.forEach((row, i) => {
    for (const [field, offset] of fields) setU64(view, i * layout.bytes + offset, row[field]);
  });
  return bytes;
}

function dataImage(r: SasosRegions, tables: Uint8Array): Image {
  const memory = (region: Region, bytes: Uint8Array = new Uint8Array(0)): Image["segments"][number] => ({
    ...{ address: region.base, bytes, memoryBytes: region.bytes, executable: false, writable: true },
  });
  return {
    entry: r.kernelText.base,
    segments: [memory(r.kernelData), memory(r.trustedStack), memory(r.stack), memory(r.tables, tables)],
    symbols: new Map([
      ["fault_count", r.kernel + KERNEL.layout(16).at.faultCount],
      ["fault_log", r.faultLog],
      ["fault_counts", r.faultCounts],
      ["refused_compartment", r.kernel + KERNEL.layout(16).at.refused],
    ]),
    categories: [UNCATEGORISED],
    ranges: [],
  };
}
