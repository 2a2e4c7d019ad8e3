// A section under construction: growing bytes, or for .bss a size alone.

export interface SectionFlags {
  readonly alloc: boolean;
  readonly write: boolean;
  readonly exec: boolean;
  /** Takes memory and no bytes. */
  readonly nobits: boolean;
}

/** Initialised bytes of one section; a slip such as `.zero 1 << 40` ends here and not in the host's memory. */
export const MAX_SECTION_BYTES = 64 * 2 ** 20;
/** Memory of one zero-initialised section. */
export const MAX_NOBITS_BYTES = 2 ** 36;

/** The section of structure offsets (`.struct`); no other can have this name. */
export const ABSOLUTE = "(absolute)";

export class Section {
  readonly name: string;
  readonly flags: SectionFlags;
  /** Which part of the section of its name: that of `.text 1` is 1. */
  readonly part: number;
  align = 1;
  size = 0;
  private buffer: Uint8Array = new Uint8Array(256);
  private view = new DataView(this.buffer.buffer);

  constructor(name: string, flags: SectionFlags, part = 0) {
    this.name = name;
    this.flags = flags;
    this.part = part;
    if (flags.exec) this.align = 4;
  }

  /** Has it no place in memory, so that its labels are constants? */
  get absolute(): boolean {
    return this.name === ABSOLUTE;
  }

  /** Room left before the limit. */
  get room(): number {
    return (this.flags.nobits ? MAX_NOBITS_BYTES : MAX_SECTION_BYTES) - this.size;
  }

  get bytes(): Uint8Array {
    return this.flags.nobits ? new Uint8Array(0) : this.buffer.slice(0, this.size);
  }

  /** Makes `count` zero bytes at the end; returns their offset. */
  grow(count: number): number {
    const at = this.size;
    this.size += count;
    if (!this.flags.nobits && this.size > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.size, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, at));
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  append(bytes: Uint8Array): void {
    const at = this.grow(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Repeats a byte. */
  fill(count: number, byte: number): void {
    const at = this.grow(count);
    if (byte !== 0) this.buffer.fill(byte, at, this.size);
  }

  /** Writes the low `bytes` bytes of a value, least significant first. */
  put(at: number, value: bigint, bytes: number): void {
    for (let i = 0, rest = BigInt.asUintN(bytes * 8, value); i < bytes; i += 1, rest >>= 8n) {
      this.buffer[at + i] = Number(rest & 0xffn);
    }
  }

  word(at: number, bytes: 2 | 4): number {
    return bytes === 4 ? this.view.getUint32(at, true) : this.view.getUint16(at, true);
  }

  putWord(at: number, word: number, bytes: 2 | 4): void {
    if (bytes === 4) this.view.setUint32(at, word, true);
    else this.view.setUint16(at, word, true);
  }
}
