// ELF64 programs for RISC-V, in and out: segments, symbols, and sections .text.<category> as categories.
import type { Diagnostic } from "./diagnostic.ts";
import {
  EM_RISCV,
  ELF_HEADER_BYTES,
  ELF_TYPES,
  ElfWriter,
  PROGRAM_HEADER_BYTES,
  SECTION_FLAGS,
  SECTION_HEADER_BYTES,
  SECTION_TYPES,
  SEGMENT_ALIGN,
  SEGMENT_FLAGS,
  SEGMENT_TYPES,
  SHN_ABS,
  SYMBOL_BINDINGS,
  SYMBOL_BYTES,
  SYMBOL_TYPES,
  type ElfSymbol,
} from "./elf-file.ts";
import { UNCATEGORISED, type CategoryRange, type Image, type Segment } from "./image.ts";

export type ElfReading =
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** Does a file begin as ELF files do? */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads a statically linked program. Segments are loaded at their physical addresses, as Spike does; symbols and the entry
 * are as the file gives them.
 */
export function readElf(bytes: Uint8Array, file: string): ElfReading {
  try {
    return { kind: "image", image: new Reader(bytes).image() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { message, hint } = error;
    return { kind: "diagnostics", diagnostics: [{ file, message, ...(hint === undefined ? {} : { hint }) }] };
  }
}

/** A fault in the file, on its way to a Diagnostic. */
class Malformed {
  readonly message: string;
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** Largest address and memory size that a segment may have: what a machine of ours could hold, by far. */
const MAX_ADDRESS = 2 ** 48;

interface SectionHeader {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  image(): Image {
    this.checkHeader();
    const sections = this.sections();
    const loads = this.loads(sections);
    const entry = this.number(24, "the entry");
    return {
      entry,
      segments: loads.map((l) => l.segment),
      symbols: this.symbols(sections),
      ...categories(sections, loads),
    };
  }

  private checkHeader(): void {
    const { bytes, view } = this;
    if (!isElf(bytes)) throw new Malformed("not an ELF file: it does not begin with 7f 45 4c 46");
    if (bytes.length < ELF_HEADER_BYTES)
      throw new Malformed(`truncated: ${bytes.length} bytes, and the ELF header has 64`);
    if (bytes[4] !== 2)
      throw new Malformed("expected a 64-bit ELF file, found a 32-bit one", "meshsim runs RV64 alone");
    if (bytes[5] !== 1) throw new Malformed("expected a little-endian ELF file");
    const machine = view.getUint16(18, true);
    if (machine !== EM_RISCV)
      throw new Malformed(`expected a program for RISC-V (machine 243), found machine ${machine}`);
    const type = view.getUint16(16, true);
    if (type === ELF_TYPES.executable) return;
    const found =
      type === ELF_TYPES.relocatable
        ? "an object file"
        : type === ELF_TYPES.shared
          ? "a shared object"
          : `type ${type}`;
    throw new Malformed(`expected an executable, found ${found}`, "link it: -static -nostdlib, without -pie");
  }

  /** A 64-bit number that must be an address or offset of ours. */
  private number(at: number, what: string): number {
    const value = this.view.getBigUint64(at, true);
    if (value >= BigInt(MAX_ADDRESS)) throw new Malformed(`${what} is 0x${value.toString(16)}, beyond 2^48`);
    return Number(value);
  }

  /** Checks that a table or some content lies in the file. */
  private range(offset: number, size: number, what: string): void {
    if (offset + size <= this.bytes.length) return;
    const end = `0x${(offset + size).toString(16)}`;
    throw new Malformed(
      `${what} ends at ${end}, beyond the end of the file (0x${this.bytes.length.toString(16)}): truncated?`,
    );
  }

  /** Offsets of a header table's entries. */
  private table(at: number, countAt: number, entryBytes: number, what: string): number[] {
    const offset = this.number(at, `the offset of the ${what}`);
    const [bytes, count] = [this.view.getUint16(countAt, true), this.view.getUint16(countAt + 2, true)];
    if (count === 0) return [];
    if (bytes < entryBytes) throw new Malformed(`entries of the ${what} have ${bytes} bytes, expected ${entryBytes}`);
    this.range(offset, count * bytes, `the table of ${what}`);
    return Array.from({ length: count }, (_, i) => offset + i * bytes);
  }

  private loads(sections: readonly SectionHeader[]): Load[] {
    const loads: Load[] = [];
    this.table(32, 54, PROGRAM_HEADER_BYTES, "program headers").forEach((at, i) => {
      const type = this.view.getUint32(at, true);
      if (type === SEGMENT_TYPES.interpreter || type === SEGMENT_TYPES.dynamic) {
        throw new Malformed("the program is linked dynamically", "link it with -static");
      }
      if (type === SEGMENT_TYPES.load) loads.push(withoutHeaders(this.load(at, `segment ${i}`), sections));
    });
    if (loads.every((l) => l.segment.memoryBytes === 0)) throw new Malformed("the program has nothing to load");
    const sorted = loads.filter((l) => l.segment.memoryBytes > 0).sort((a, b) => a.segment.address - b.segment.address);
    sorted.forEach(({ segment }, i) => {
      const next = sorted[i + 1]?.segment;
      if (next && segment.address + segment.memoryBytes > next.address) {
        throw new Malformed(`segments at 0x${segment.address.toString(16)} and 0x${next.address.toString(16)} overlap`);
      }
    });
    return sorted;
  }

  private load(at: number, what: string): Load {
    const flags = this.view.getUint32(at + 4, true);
    const [offset, virtual, address, fileBytes, memoryBytes] = ["offset", "address", "address", "size", "size"].map(
      (part, i) => this.number(at + 8 + 8 * i, `the ${part} of ${what}`),
    ) as [number, number, number, number, number];
    if (memoryBytes < fileBytes) throw new Malformed(`${what} has more bytes in the file than in memory`);
    this.range(offset, fileBytes, what);
    const segment: Segment = {
      ...{ address, memoryBytes, bytes: this.bytes.slice(offset, offset + fileBytes) },
      executable: (flags & SEGMENT_FLAGS.execute) !== 0,
      writable: (flags & SEGMENT_FLAGS.write) !== 0,
    };
    return { segment, virtual, offset };
  }

  private sections(): SectionHeader[] {
    const offsets = this.table(40, 58, SECTION_HEADER_BYTES, "section headers");
    const headers = offsets.map((at, i) => {
      const words = [8, 16, 24, 32].map((from) => this.number(at + from, `section ${i}`));
      const [flags, address, offset, size] = words as [number, number, number, number];
      const [name, type, link] = [0, 4, 40].map((from) => this.view.getUint32(at + from, true)) as [
        number,
        number,
        number,
      ];
      if (type !== SECTION_TYPES.nobits && type !== 0) this.range(offset, size, `section ${i}`);
      return { nameAt: name, name: "", type, flags, address, offset, size, link };
    });
    const names = headers[this.view.getUint16(62, true)];
    return headers.map((h) => ({ ...h, name: names ? this.text(names, h.nameAt) : "" }));
  }

  /** A zero-terminated string of a table. */
  private text(table: SectionHeader, at: number): string {
    const from = table.offset + at;
    const end = this.bytes.indexOf(0, from);
    if (at >= table.size || end < 0) throw new Malformed(`a name at ${at} lies outside its string table`);
    return decoder.decode(this.bytes.subarray(from, end));
  }

  /** Names with addresses; where a local and a global symbol share a name, the global. */
  private symbols(sections: readonly SectionHeader[]): Map<string, number> {
    const symbols = new Map<string, number>();
    const table = sections.find((s) => s.type === SECTION_TYPES.symtab);
    if (table === undefined) return symbols;
    const strings = sections[table.link];
    if (strings?.type !== SECTION_TYPES.strtab) throw new Malformed("the symbol table names no string table");
    const globals = new Set<string>();
    for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
      const info = this.view.getUint8(at + 4);
      const section = this.view.getUint16(at + 6, true);
      const type = info & 15;
      if (section === 0 || type === SYMBOL_TYPES.section || type === SYMBOL_TYPES.file) continue;
      const name = this.text(strings, this.view.getUint32(at, true));
      if (name === "" || name.startsWith("$") || globals.has(name)) continue; // $x, $d: mapping symbols
      if (info >> 4 !== SYMBOL_BINDINGS.local) globals.add(name);
      symbols.set(name, Number(this.view.getBigUint64(at + 8, true)));
    }
    return symbols;
  }
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

const decoder = new TextDecoder();

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
