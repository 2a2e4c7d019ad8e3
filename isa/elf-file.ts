// The ELF64 file format: its numbers, and a writer of headers and tables (System V gABI; RISC-V psABI for the machine).

export const ELF_HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;
export const SECTION_HEADER_BYTES = 64;
export const SYMBOL_BYTES = 24;
export const RELA_BYTES = 24;

export const EM_RISCV = 243;
export const ELF_TYPES = { relocatable: 1, executable: 2, shared: 3 } as const;
export const SEGMENT_TYPES = { load: 1, dynamic: 2, interpreter: 3 } as const;
export const SEGMENT_FLAGS = { execute: 1, write: 2, read: 4 } as const;
export const SECTION_TYPES = { progbits: 1, symtab: 2, strtab: 3, rela: 4, nobits: 8 } as const;
export const SECTION_FLAGS = { write: 1, alloc: 2, execute: 4, infoLink: 0x40 } as const;
export const SYMBOL_BINDINGS = { local: 0, global: 1, weak: 2 } as const;
export const SYMBOL_TYPES = { none: 0, object: 1, function: 2, section: 3, file: 4 } as const;
/** Section index of a symbol that is a constant, and of one that is not defined. */
export const SHN_ABS = 0xfff1;
export const SHN_UNDEF = 0;

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link?: number;
  readonly info?: number;
  readonly align?: number;
  readonly entryBytes?: number;
}

export interface ElfSegment {
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly size: number;
  readonly binding: number;
  readonly type: number;
  readonly section: number;
}

/** Page that file offsets and addresses of a segment agree in. */
export const SEGMENT_ALIGN = 4096;

/** Collects the parts of an ELF file; `finish` puts the headers to them. */
export class ElfWriter {
  private readonly chunks: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  private readonly segments: ElfSegment[] = [];
  /** Number 0 is the null section. */
  private readonly sections: ElfSection[] = [{ name: "", type: 0, flags: 0, address: 0, offset: 0, size: 0, align: 0 }];
  private end: number;

  constructor(segmentCount: number) {
    this.end = ELF_HEADER_BYTES + segmentCount * PROGRAM_HEADER_BYTES;
  }

  /** Adds bytes to the file at an offset that is `remainder` modulo `align`. */
  append(bytes: Uint8Array, align: number, remainder = 0): number {
    const offset = this.end + ((((remainder - this.end) % align) + align) % align);
    this.chunks.push({ offset, bytes });
    this.end = offset + bytes.length;
    return offset;
  }

  segment(segment: ElfSegment): void {
    this.segments.push(segment);
  }

  /** Adds a section header; returns its number. */
  section(section: ElfSection): number {
    return this.sections.push(section) - 1;
  }

  /** The symbol table and its strings; local symbols must come first. Returns the table's section number. */
  symbols(symbols: readonly ElfSymbol[]): number {
    const strings = new StringTable();
    const table = new DataView(new ArrayBuffer((symbols.length + 1) * SYMBOL_BYTES));
    symbols.forEach((symbol, i) => {
      const at = (i + 1) * SYMBOL_BYTES;
      table.setUint32(at, strings.add(symbol.name), true);
      table.setUint8(at + 4, (symbol.binding << 4) | symbol.type);
      table.setUint16(at + 6, symbol.section, true);
      table.setBigUint64(at + 8, BigInt.asUintN(64, symbol.value), true);
      table.setBigUint64(at + 16, BigInt(symbol.size), true);
    });
    const locals = symbols.filter((s) => s.binding === SYMBOL_BINDINGS.local).length;
    const bytes = new Uint8Array(table.buffer);
    const number = this.section({
      ...{ name: ".symtab", type: SECTION_TYPES.symtab, flags: 0, address: 0, offset: this.append(bytes, 8) },
      ...{ size: bytes.length, link: this.sections.length + 1, info: locals + 1, align: 8, entryBytes: SYMBOL_BYTES },
    });
    this.strings(".strtab", strings.bytes());
    return number;
  }

  private strings(name: string, bytes: Uint8Array): number {
    const header = { name, type: SECTION_TYPES.strtab, flags: 0, address: 0, size: bytes.length, align: 1 };
    return this.section({ ...header, offset: this.append(bytes, 1) });
  }

  finish(type: number, entry: number): Uint8Array {
    const names = new StringTable();
    const nameOffsets = [...this.sections.map((s) => s.name), ".shstrtab"].map((name) => names.add(name));
    const namesSection = this.strings(".shstrtab", names.bytes());
    const table = this.sectionTable(nameOffsets);
    const sectionsAt = this.append(table, 8);
    const file = new Uint8Array(this.end);
    for (const { offset, bytes } of this.chunks) file.set(bytes, offset);
    this.header(new DataView(file.buffer), type, entry, sectionsAt, namesSection);
    return file;
  }

  private header(view: DataView, type: number, entry: number, sectionsAt: number, namesSection: number): void {
    const identification = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]; // magic, 64 bits, little-endian, version
    identification.forEach((byte, i) => view.setUint8(i, byte));
    view.setUint16(16, type, true);
    view.setUint16(18, EM_RISCV, true);
    view.setUint32(20, 1, true);
    view.setBigUint64(24, BigInt(entry), true);
    view.setBigUint64(32, this.segments.length > 0 ? BigInt(ELF_HEADER_BYTES) : 0n, true);
    view.setBigUint64(40, BigInt(sectionsAt), true);
    const halves = [
      ...[ELF_HEADER_BYTES, this.segments.length > 0 ? PROGRAM_HEADER_BYTES : 0, this.segments.length],
      ...[SECTION_HEADER_BYTES, this.sections.length, namesSection],
    ];
    halves.forEach((half, i) => view.setUint16(52 + 2 * i, half, true));
    this.segments.forEach((s, i) => {
      const at = ELF_HEADER_BYTES + i * PROGRAM_HEADER_BYTES;
      view.setUint32(at, SEGMENT_TYPES.load, true);
      view.setUint32(at + 4, s.flags, true);
      const words = [s.offset, s.address, s.address, s.fileBytes, s.memoryBytes, SEGMENT_ALIGN];
      words.forEach((word, j) => view.setBigUint64(at + 8 + 8 * j, BigInt(word), true));
    });
  }

  private sectionTable(nameOffsets: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.sections.length * SECTION_HEADER_BYTES));
    this.sections.forEach((s, i) => {
      const at = i * SECTION_HEADER_BYTES;
      view.setUint32(at, nameOffsets[i]!, true);
      view.setUint32(at + 4, s.type, true);
      [s.flags, s.address, s.offset, s.size].forEach((word, j) =>
        view.setBigUint64(at + 8 + 8 * j, BigInt(word), true),
      );
      view.setUint32(at + 40, s.link ?? 0, true);
      view.setUint32(at + 44, s.info ?? 0, true);
      view.setBigUint64(at + 48, BigInt(s.align ?? 1), true);
      view.setBigUint64(at + 56, BigInt(s.entryBytes ?? 0), true);
    });
    return new Uint8Array(view.buffer);
  }
}

const encoder = new TextEncoder();

/** Zero-terminated strings by offset. */
class StringTable {
  private readonly offsets = new Map([["", 0]]);
  private readonly parts: Uint8Array[] = [new Uint8Array(1)];
  private size = 1;

  add(text: string): number {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const bytes = encoder.encode(`${text}\0`);
    const offset = this.size;
    this.offsets.set(text, offset);
    this.parts.push(bytes);
    this.size += bytes.length;
    return offset;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
