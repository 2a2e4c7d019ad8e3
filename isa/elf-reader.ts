// Reads the tables of an ELF64 file for RISC-V, every offset checked: the file may be anything.
import type { Diagnostic } from "./diagnostic.ts";
import {
  ELF_HEADER_BYTES,
  EM_RISCV,
  SECTION_HEADER_BYTES,
  SECTION_TYPES,
  SYMBOL_BYTES,
  type ElfSymbol,
} from "./elf-file.ts";

/** Does a file begin as ELF files do? */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** A fault in the file, on its way to a Diagnostic. */
export class Malformed {
  readonly message: string;
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** Does work that reads a file; what is wrong with the file becomes a diagnostic. */
export function readingElf<T>(
  file: string,
  work: () => T,
): T | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { message, hint } = error;
    return { kind: "diagnostics", diagnostics: [{ file, message, ...(hint === undefined ? {} : { hint }) }] };
  }
}

export interface SectionHeader {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
}

/** Largest address, offset and size: more than any machine of ours holds, and exact as a number. */
const MAX_ADDRESS = 2 ** 48;
const MAX_NAME_BYTES = 4096;

const decoder = new TextDecoder();

export class ElfReader {
  readonly view: DataView;
  /** ET_…: executable, relocatable, … */
  readonly type: number;
  private readonly bytes: Uint8Array;

  /** Throws Malformed where the header is not of a little-endian ELF64 file for RISC-V. */
  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); // a Buffer's slice would not copy
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!isElf(bytes)) throw new Malformed("not an ELF file: it does not begin with 7f 45 4c 46");
    const { length } = bytes;
    if (length < ELF_HEADER_BYTES) throw new Malformed(`truncated: ${length} bytes, and the ELF header has 64`);
    if (bytes[4] !== 2) throw new Malformed("expected a 64-bit ELF file, found a 32-bit one", "only RV64 runs here");
    if (bytes[5] !== 1) throw new Malformed("expected a little-endian ELF file");
    const machine = this.view.getUint16(18, true);
    if (machine !== EM_RISCV) throw new Malformed(`expected a file for RISC-V (machine 243), found machine ${machine}`);
    this.type = this.view.getUint16(16, true);
  }

  /** The 64-bit number at an offset, which must be an address, offset or size of ours. */
  number(at: number, what: string): number {
    const value = this.view.getBigUint64(at, true);
    if (value >= BigInt(MAX_ADDRESS)) throw new Malformed(`${what} is 0x${value.toString(16)}, beyond 2^48`);
    return Number(value);
  }

  /** A copy of a stretch of the file. */
  content(offset: number, size: number, what: string): Uint8Array {
    this.check(offset, size, what);
    return this.bytes.slice(offset, offset + size);
  }

  private check(offset: number, size: number, what: string): void {
    const { length } = this.bytes;
    if (offset + size <= length) return;
    const [end, fileEnd] = [offset + size, length].map((n) => `0x${n.toString(16)}`);
    throw new Malformed(`${what} ends at ${end}, beyond the end of the file (${fileEnd}): truncated?`);
  }

  /** Offsets of a header table's entries; where the header tells its offset, and the size and number of entries. */
  table(at: number, sizeAt: number, entryBytes: number, what: string): number[] {
    const offset = this.number(at, `the offset of the ${what}`);
    const [bytes, count] = [this.view.getUint16(sizeAt, true), this.view.getUint16(sizeAt + 2, true)];
    if (count === 0) return [];
    if (bytes < entryBytes) throw new Malformed(`entries of the ${what} have ${bytes} bytes, expected ${entryBytes}`);
    this.check(offset, count * bytes, `the table of ${what}`);
    return Array.from({ length: count }, (_, i) => offset + i * bytes);
  }

  sections(): SectionHeader[] {
    const headers = this.table(40, 58, SECTION_HEADER_BYTES, "section headers").map((at, i) => {
      const what = `section ${i}`;
      const word = (from: number): number => this.view.getUint32(at + from, true);
      const number = (from: number): number => this.number(at + from, what);
      const header = {
        ...{ nameAt: word(0), type: word(4), flags: number(8), address: number(16), offset: number(24) },
        ...{ size: number(32), link: word(40), info: word(44), align: number(48) },
      };
      if (header.type !== SECTION_TYPES.nobits && header.type !== 0) this.check(header.offset, header.size, what);
      return header;
    });
    const names = headers[this.view.getUint16(62, true)];
    return headers.map((h) => ({ ...h, name: names ? this.text(names, h.nameAt) : "" }));
  }

  /** A zero-terminated string of a string table. */
  private text(table: Pick<SectionHeader, "offset" | "size">, at: number): string {
    const from = table.offset + at;
    const end = this.bytes.indexOf(0, from);
    if (at >= table.size || end < 0) throw new Malformed(`a name at ${at} lies outside its string table`);
    if (end - from > MAX_NAME_BYTES) throw new Malformed(`a name has more than ${MAX_NAME_BYTES} bytes`);
    return decoder.decode(this.bytes.subarray(from, end));
  }

  /** The symbol table, in order, without the null symbol that is its first; empty where the file has none. */
  symbols(sections: readonly SectionHeader[]): ElfSymbol[] {
    const table = sections.find((s) => s.type === SECTION_TYPES.symtab);
    if (table === undefined) return [];
    const strings = sections[table.link];
    if (strings?.type !== SECTION_TYPES.strtab) throw new Malformed("the symbol table names no string table");
    const symbols: ElfSymbol[] = [];
    for (let at = table.offset + SYMBOL_BYTES; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
      const info = this.view.getUint8(at + 4);
      symbols.push({
        ...{ name: this.text(strings, this.view.getUint32(at, true)), value: this.view.getBigUint64(at + 8, true) },
        ...{ size: Number(this.view.getBigUint64(at + 16, true)), binding: info >> 4, type: info & 15 },
        section: this.view.getUint16(at + 6, true),
      });
    }
    return symbols;
  }
}
