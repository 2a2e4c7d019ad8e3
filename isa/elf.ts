// ELF64 programs for RISC-V, in and out: segments, symbols, and sections .text.<category> as categories.
import type { Diagnostic } from "./diagnostic.ts";
import {
  ELF_HEADER_BYTES,
  ELF_TYPES,
  ElfWriter,
  PROGRAM_HEADER_BYTES,
  SECTION_FLAGS,
  SECTION_TYPES,
  SEGMENT_ALIGN,
  SEGMENT_FLAGS,
  SEGMENT_TYPES,
  SHN_ABS,
  SHN_UNDEF,
  SYMBOL_BINDINGS,
  SYMBOL_TYPES,
  type ElfSymbol,
} from "./elf-file.ts";
import { ElfReader, Malformed, readingElf, type SectionHeader } from "./elf-reader.ts";
import { UNCATEGORISED, type CategoryRange, type Image, type Segment } from "./image.ts";

export { isElf } from "./elf-reader.ts";

export type ElfReading =
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads a statically linked program. Segments are loaded at their physical addresses, as Spike does; symbols and the entry
 * are as the file gives them.
 */
export function readElf(bytes: Uint8Array, file: string): ElfReading {
  return readingElf(file, () => ({ kind: "image", image: imageOf(new ElfReader(bytes)) }));
}

function imageOf(reader: ElfReader): Image {
  if (reader.type !== ELF_TYPES.executable) {
    const shared = reader.type === ELF_TYPES.shared ? "a shared object" : `type ${reader.type}`;
    const found = reader.type === ELF_TYPES.relocatable ? "an object file" : shared;
    throw new Malformed(`expected an executable, found ${found}`, "link it: -static -nostdlib, without -pie");
  }
  const sections = reader.sections();
  const loads = loadsOf(reader, sections);
  const entry = reader.number(24, "the entry");
  const segments = loads.map((l) => l.segment);
  return { entry, segments, symbols: symbolsOf(reader, sections), ...categories(sections, loads) };
}

function loadsOf(reader: ElfReader, sections: readonly SectionHeader[]): Load[] {
  const loads: Load[] = [];
  reader.table(32, 54, PROGRAM_HEADER_BYTES, "program headers").forEach((at, i) => {
    const type = reader.view.getUint32(at, true);
    if (type === SEGMENT_TYPES.interpreter || type === SEGMENT_TYPES.dynamic) {
      throw new Malformed("the program is linked dynamically", "link it with -static");
    }
    if (type === SEGMENT_TYPES.load) loads.push(withoutHeaders(loadAt(reader, at, `segment ${i}`), sections));
  });
  const sorted = loads.filter((l) => l.segment.memoryBytes > 0).sort((a, b) => a.segment.address - b.segment.address);
  if (sorted.length === 0) throw new Malformed("the program has nothing to load");
  sorted.forEach(({ segment }, i) => {
    const next = sorted[i + 1]?.segment;
    if (next && segment.address + segment.memoryBytes > next.address) {
      throw new Malformed(`segments at 0x${segment.address.toString(16)} and 0x${next.address.toString(16)} overlap`);
    }
  });
  return sorted;
}

function loadAt(reader: ElfReader, at: number, what: string): Load {
  const flags = reader.view.getUint32(at + 4, true);
  const [offset, virtual, address, fileBytes, memoryBytes] = ["offset", "address", "address", "size", "size"].map(
    (part, i) => reader.number(at + 8 + 8 * i, `the ${part} of ${what}`),
  ) as [number, number, number, number, number];
  if (memoryBytes < fileBytes) throw new Malformed(`${what} has more bytes in the file than in memory`);
  const segment: Segment = {
    ...{ address, memoryBytes, bytes: reader.content(offset, fileBytes, what) },
    executable: (flags & SEGMENT_FLAGS.execute) !== 0,
    writable: (flags & SEGMENT_FLAGS.write) !== 0,
  };
  return { segment, virtual, offset };
}

/** Names with addresses; where a local and a global symbol share a name, the global. */
function symbolsOf(reader: ElfReader, sections: readonly SectionHeader[]): Map<string, number> {
  const symbols = new Map<string, number>();
  const globals = new Set<string>();
  for (const { name, value, binding, type, section } of reader.symbols(sections)) {
    if (section === SHN_UNDEF || type === SYMBOL_TYPES.section || type === SYMBOL_TYPES.file) continue;
    if (name === "" || name.startsWith("$") || globals.has(name)) continue; // $x, $d: mapping symbols
    if (binding !== SYMBOL_BINDINGS.local) globals.add(name);
    symbols.set(name, Number(value));
  }
  return symbols;
}

/** A loaded segment, the address that its code believes it has, and where its bytes stand in the file. */
interface Load {
  readonly segment: Segment;
  readonly virtual: number;
  readonly offset: number;
}

/** ld may map the file's own headers in front of the first section, where no memory need be: they are no part of the program. */
function withoutHeaders(load: Load, sections: readonly SectionHeader[]): Load {
  const { segment, virtual, offset } = load;
  if (offset >= ELF_HEADER_BYTES) return load;
  const end = virtual + segment.memoryBytes;
  const inside = sections.filter(
    (s) => (s.flags & SECTION_FLAGS.alloc) !== 0 && s.address >= virtual && s.address < end,
  );
  if (inside.length === 0) return load;
  const skipped = Math.min(...inside.map((s) => s.address)) - virtual;
  const { address, bytes, memoryBytes } = segment;
  const rest = { address: address + skipped, bytes: bytes.slice(skipped), memoryBytes: memoryBytes - skipped };
  return { segment: { ...segment, ...rest }, virtual: virtual + skipped, offset: offset + skipped };
}

const TEXT_PREFIX = ".text.";

function categories(sections: readonly SectionHeader[], loads: readonly Load[]): Pick<Image, "categories" | "ranges"> {
  const names: string[] = [UNCATEGORISED];
  const ranges: CategoryRange[] = [];
  for (const { name, flags, address, size } of sections) {
    if (!name.startsWith(TEXT_PREFIX) || size === 0 || (flags & SECTION_FLAGS.execute) === 0) continue;
    const load = loads.find((l) => address >= l.virtual && address < l.virtual + l.segment.memoryBytes);
    if (load === undefined) continue;
    const start = address - load.virtual + load.segment.address;
    const known = names.indexOf(name.slice(TEXT_PREFIX.length));
    const category = known >= 0 ? known : names.push(name.slice(TEXT_PREFIX.length)) - 1;
    ranges.push({ start, end: start + size, category });
  }
  return { categories: names, ranges: ranges.sort((a, b) => a.start - b.start) };
}

/** Writes an image as an executable: a segment for each of its, sections by category, and its symbols. */
export function writeElf(image: Image): Uint8Array {
  const writer = new ElfWriter(image.segments.length);
  const sections: { readonly number: number; readonly start: number; readonly end: number }[] = [];
  for (const segment of image.segments) {
    const { address, bytes, memoryBytes, executable, writable } = segment;
    const offset = writer.append(bytes, SEGMENT_ALIGN, address % SEGMENT_ALIGN);
    const access = (executable ? SEGMENT_FLAGS.execute : 0) | (writable ? SEGMENT_FLAGS.write : 0);
    writer.segment({ flags: SEGMENT_FLAGS.read | access, address, offset, fileBytes: bytes.length, memoryBytes });
    const flags = SECTION_FLAGS.alloc | (executable ? SECTION_FLAGS.execute : 0) | (writable ? SECTION_FLAGS.write : 0);
    for (const { name, start, end, nobits } of sectionsOf(segment, image)) {
      const type = nobits ? SECTION_TYPES.nobits : SECTION_TYPES.progbits;
      const at = offset + Math.min(start - address, bytes.length);
      const number = writer.section({
        name,
        type,
        flags,
        address: start,
        offset: at,
        size: end - start,
        align: alignOf(start),
      });
      sections.push({ number, start, end });
    }
  }
  const symbols = [...image.symbols].map(([name, value]): ElfSymbol => {
    // A symbol at the very end of a section belongs to it where nothing follows.
    const inside = sections.find((s) => value >= s.start && value < s.end) ?? sections.find((s) => value === s.end);
    const kind = { binding: SYMBOL_BINDINGS.global, type: SYMBOL_TYPES.none };
    return { name, value: BigInt(value), size: 0, ...kind, section: inside?.number ?? SHN_ABS };
  });
  writer.symbols(symbols);
  return writer.finish(ELF_TYPES.executable, image.entry);
}

interface NamedRange {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly nobits: boolean;
}

/** A segment cut into named sections: code at the borders of categories, data where its bytes end. */
function sectionsOf(segment: Segment, image: Image): NamedRange[] {
  const { address, executable, writable } = segment;
  const end = address + segment.memoryBytes;
  const bytesEnd = address + segment.bytes.length;
  const cuts: NamedRange[] = [];
  const add = (name: string, start: number, stop: number, nobits: boolean): void => {
    if (start < stop) cuts.push({ name, start, end: stop, nobits });
  };
  const plain = executable ? ".text" : writable ? ".data" : ".rodata";
  let at = address;
  for (const range of image.ranges) {
    const [start, stop] = [Math.max(range.start, at), Math.min(range.end, bytesEnd)];
    if (!executable || start >= stop) continue;
    add(plain, at, start, false);
    const name = image.categories[range.category] ?? UNCATEGORISED;
    add(`${TEXT_PREFIX}${name}`, start, stop, false);
    at = stop;
  }
  add(plain, at, bytesEnd, false);
  add(".bss", bytesEnd, end, true);
  return cuts;
}

/** The largest power of two up to 16 that divides an address. */
const alignOf = (address: number): number =>
  address % 16 === 0 ? 16 : address % 8 === 0 ? 8 : address % 4 === 0 ? 4 : address % 2 === 0 ? 2 : 1;
