// Reads an ELF64 object file, as gcc and GNU as write them, so that it links with ours. No relaxation; debug sections are left out.
import type { Diagnostic } from "../diagnostic.ts";
import { form, isImmediate, type Form } from "../codec.ts";
import {
  ELF_TYPES,
  RELA_BYTES,
  SECTION_FLAGS,
  SECTION_TYPES,
  SHN_ABS,
  SHN_UNDEF,
  type ElfSymbol,
} from "../elf-file.ts";
import { ElfReader, Malformed, readingElf, type SectionHeader } from "../elf-reader.ts";
import { insn, type TimingClass } from "../insn.ts";
import type { ObjectFile, ObjectSection, ObjectSymbol, Relocation, RelocationKind } from "./object.ts";

export type ObjectReading =
  | { readonly kind: "object"; readonly object: ObjectFile }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** Reads an object file; what cannot be linked here (GOT, thread-local data, common symbols) is a diagnostic. */
export function readElfObject(bytes: Uint8Array, file: string): ObjectReading {
  return readingElf(file, () => ({ kind: "object", object: new ObjectReader(new ElfReader(bytes), file).object() }));
}

/** What a format's relocations need to know of an instruction: where its immediate is. */
function format(name: string, bits: string, timing: TimingClass): Form {
  return form(insn({ name, ext: "I", bits, asm: "", timing, spec: "", exec: () => undefined }));
}

const BRANCH = format("the branch", "imm[12|10:5] rs2 rs1 funct3[2:0] imm[4:1|11] opcode[6:0]", "branch");
const JAL = format("jal", "imm[20|10:1|11|19:12] rd opcode[6:0]", "jump");
const UPPER = format("the upper immediate", "imm[31:12] rd opcode[6:0]", "alu");
const I_FORMAT = format("the immediate", "imm[11:0] rs1 funct3[2:0] rd opcode[6:0]", "alu");
const S_FORMAT = format("the store", "imm[11:5] rs2 rs1 funct3[2:0] imm[4:0] opcode[6:0]", "store");
const RVC_BRANCH = format("the branch", "funct3[2:0] imm[8|4:3] rs1' imm[7:6|2:1|5] opcode[1:0]", "branch");
const RVC_JUMP = format("c.j", "funct3[2:0] imm[11|4|9:8|10|6|7|3:1|5] opcode[1:0]", "jump");

/** R_RISCV_… by the psABI's number. */
const INSTRUCTIONS: ReadonlyMap<number, readonly [RelocationKind, Form]> = new Map([
  [16, ["pcrel", BRANCH]],
  [17, ["pcrel", JAL]],
  [23, ["pcrel_hi", UPPER]],
  [24, ["pcrel_lo", I_FORMAT]],
  [25, ["pcrel_lo", S_FORMAT]],
  [26, ["hi", UPPER]],
  [27, ["lo", I_FORMAT]],
  [28, ["lo", S_FORMAT]],
  [44, ["pcrel", RVC_BRANCH]],
  [45, ["pcrel", RVC_JUMP]],
]);
const CALL: ReadonlySet<number> = new Set([18, 19]);
const ALIGN = 43;
const PCREL_32 = 57;
/** R_RISCV_NONE and R_RISCV_RELAX, which only permits. */
const NOTHING: ReadonlySet<number> = new Set([0, 51]);
/** Bytes of data set, added to and subtracted from. */
const SETS = new Map([...[54, 55, 56].map((type, i): [number, number] => [type, 2 ** i]), [1, 4], [2, 8]]);
const ADDS = new Map([33, 34, 35, 36].map((type, i): [number, number] => [type, 2 ** i]));
const SUBS = new Map([37, 38, 39, 40].map((type, i): [number, number] => [type, 2 ** i]));

const SHN_COMMON = 0xfff2;
const BINDINGS = ["local", "global", "weak"] as const;
const TYPES = ["none", "object", "function"] as const;

interface Rela {
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
  readonly addend: bigint;
}

/** A section's bytes with the padding for relaxation cut down, and where an offset went. */
interface Trimmed {
  readonly bytes: Uint8Array;
  readonly moved: (offset: number) => number;
}

class ObjectReader {
  private readonly reader: ElfReader;
  private readonly file: string;
  private readonly headers: readonly SectionHeader[];
  /** ELF section numbers of the sections kept, in order. */
  private readonly kept: readonly number[];
  private readonly trimmed = new Map<number, Trimmed>();
  private readonly symbols: ObjectSymbol[] = [];

  constructor(reader: ElfReader, file: string) {
    if (reader.type !== ELF_TYPES.relocatable) throw new Malformed("expected an object file, found a linked one");
    this.reader = reader;
    this.file = file;
    this.headers = reader.sections();
    const wanted = (h: SectionHeader): boolean => (h.flags & SECTION_FLAGS.alloc) !== 0 && h.name !== ".eh_frame";
    this.kept = this.headers.flatMap((h, i) => (wanted(h) ? [i] : []));
  }

  object(): ObjectFile {
    const relas = new Map(this.kept.map((number) => [number, this.relasOf(number)]));
    for (const number of this.kept) this.trimmed.set(number, this.trim(number, relas.get(number)!));
    for (const symbol of this.reader.symbols(this.headers)) this.symbols.push(this.symbolOf(symbol));
    const sections = this.kept.map((number) => this.section(number, relas.get(number)!));
    const symbols = this.symbols.filter((s) => s.name !== "");
    return { file: this.file, sections, symbols };
  }

  private relasOf(number: number): Rela[] {
    const header = this.headers.find((h) => h.type === SECTION_TYPES.rela && h.info === number);
    if (header === undefined) return [];
    const { view } = this.reader;
    const relas: Rela[] = [];
    for (let at = header.offset; at + RELA_BYTES <= header.offset + header.size; at += RELA_BYTES) {
      const offset = this.reader.number(at, `a relocation of ${this.headers[number]!.name}`);
      const [type, symbol] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
      relas.push({ offset, type, symbol, addend: view.getBigInt64(at + 16, true) });
    }
    return relas.sort((a, b) => a.offset - b.offset);
  }

  /** Each R_RISCV_ALIGN marks nops, as many as could be needed: those that are not go. */
  private trim(number: number, relas: readonly Rela[]): Trimmed {
    const { type, offset, size, name } = this.headers[number]!;
    if (type === SECTION_TYPES.nobits) return { bytes: new Uint8Array(0), moved: (at) => at };
    const old = this.reader.content(offset, size, `section ${name}`);
    const pieces: Uint8Array[] = [];
    const cuts: { readonly at: number; readonly removed: number }[] = [];
    let from = 0;
    let removed = 0;
    for (const rela of relas) {
      if (rela.type !== ALIGN) continue;
      const most = Number(rela.addend);
      const align = 2 ** Math.ceil(Math.log2(most + 1));
      const needed = (align - ((rela.offset - removed) % align)) % align;
      if (most < needed || rela.offset < from || rela.offset + most > size)
        throw new Malformed(`section ${name}: bad R_RISCV_ALIGN`);
      if (needed === most) continue; // as GNU as wrote them
      pieces.push(old.subarray(from, rela.offset), nops(needed));
      from = rela.offset + most;
      removed += most - needed;
      cuts.push({ at: from, removed });
    }
    if (cuts.length === 0) return { bytes: old, moved: (at) => at };
    pieces.push(old.subarray(from));
    const moved = (at: number): number => at - (cuts.findLast((c) => at >= c.at)?.removed ?? 0);
    return { bytes: Uint8Array.from(Buffer.concat(pieces)), moved };
  }

  private symbolOf({ name, value, size, binding, type, section }: ElfSymbol): ObjectSymbol {
    if (section === SHN_COMMON) throw new Malformed(`'${name}' is a common symbol`, "compile with -fno-common");
    const index = this.kept.indexOf(section);
    const place = section === SHN_UNDEF || section === SHN_ABS || index >= 0;
    return {
      ...{ name: place ? name : "", size, place: undefined, type: TYPES[type] ?? "none" },
      ...{ section: index >= 0 ? index : undefined, defined: place && section !== SHN_UNDEF },
      value: index >= 0 ? BigInt(this.moved(section, Number(value))) : value,
      binding: BINDINGS[binding] ?? "global",
    };
  }

  private moved(section: number, offset: number): number {
    return this.trimmed.get(section)!.moved(offset);
  }

  private section(number: number, relas: readonly Rela[]): ObjectSection {
    const { name, flags, type, size, align } = this.headers[number]!;
    const { bytes } = this.trimmed.get(number)!;
    const nobits = type === SECTION_TYPES.nobits;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (align > 2 ** 31 || (align & (align - 1)) !== 0) throw new Malformed(`section ${name}: bad alignment ${align}`);
    return {
      ...{ name, bytes, align: Math.max(align, 1), size: nobits ? size : bytes.length },
      flags: { alloc: true, write: has(SECTION_FLAGS.write), exec: has(SECTION_FLAGS.execute), nobits },
      relocations: this.relocations(number, relas, bytes),
    };
  }

  private relocations(number: number, relas: readonly Rela[], bytes: Uint8Array): Relocation[] {
    const { name } = this.headers[number]!;
    const made: Relocation[] = [];
    const additions = new Map<number, Rela>();
    for (const rela of relas) {
      const offset = this.moved(number, rela.offset);
      if (NOTHING.has(rela.type) || rela.type === ALIGN) continue;
      if (ADDS.has(rela.type)) {
        additions.set(offset, rela);
        continue;
      }
      for (const r of this.relocation(number, rela, offset, additions)) {
        const length = r.form?.bytes ?? r.bytes;
        if (r.offset + length > bytes.length) throw new Malformed(`section ${name}: a relocation lies outside it`);
        if (r.form) clearImmediate(bytes, r.offset, r.form);
        made.push(r);
      }
    }
    return made;
  }

  private relocation(section: number, rela: Rela, offset: number, additions: ReadonlyMap<number, Rela>): Relocation[] {
    const { type, addend } = rela;
    const plus = this.target(rela);
    const common = { offset, plus, minus: undefined, addend, bytes: 0, form: undefined, high: 0, place: undefined };
    if (CALL.has(type)) {
      const low = { ...common, kind: "pcrel_lo", form: I_FORMAT, offset: offset + 4, high: offset } as const;
      return [{ ...common, kind: "pcrel_hi", form: UPPER }, low];
    }
    const [kind, instruction] = INSTRUCTIONS.get(type) ?? [];
    if (kind === "pcrel_lo") return [this.lowPart(section, { ...common, kind, form: instruction! })];
    if (kind !== undefined) return [{ ...common, kind, form: instruction }];
    if (SETS.has(type)) return [{ ...common, kind: "data", bytes: SETS.get(type)! }];
    if (type === PCREL_32) return [{ ...common, kind: "data", bytes: 4, minus: this.here(section, offset) }];
    const subtracted = SUBS.get(type);
    const added = additions.get(offset);
    if (subtracted !== undefined && added && ADDS.get(added.type) === subtracted) {
      const difference = { plus: this.target(added), minus: plus, addend: added.addend - addend };
      return [{ ...common, ...difference, kind: "data", bytes: subtracted }];
    }
    const hint = type === 20 ? "compile with -fno-pic: there is no global offset table here" : undefined;
    throw new Malformed(`section ${this.headers[section]!.name}: relocation type ${type} is not supported`, hint);
  }

  /** The symbol of a %pcrel_lo is the label of its auipc; the value is that of the upper part there. */
  private lowPart(section: number, low: Relocation): Relocation {
    const label = low.plus;
    const high = label && Number(label.value);
    const upper = this.highs(section).get(high ?? -1);
    if (upper === undefined || label?.section !== this.kept.indexOf(section)) {
      throw new Malformed(`section ${this.headers[section]!.name}: a lower part names no upper part`);
    }
    return { ...low, plus: this.target(upper), addend: upper.addend, high: high! };
  }

  private readonly highsBySection = new Map<number, Map<number, Rela>>();

  /** The upper parts of a section by their offset. */
  private highs(section: number): ReadonlyMap<number, Rela> {
    let highs = this.highsBySection.get(section);
    if (highs === undefined) {
      const uppers = this.relasOf(section).filter((r) => INSTRUCTIONS.get(r.type)?.[0] === "pcrel_hi");
      highs = new Map(uppers.map((r) => [this.moved(section, r.offset), r]));
      this.highsBySection.set(section, highs);
    }
    return highs;
  }

  private target(rela: Rela): ObjectSymbol | undefined {
    if (rela.symbol === 0) return undefined;
    const symbol = this.symbols[rela.symbol - 1];
    if (symbol === undefined) throw new Malformed(`a relocation names symbol ${rela.symbol}, which is not there`);
    return symbol;
  }

  private here(section: number, offset: number): ObjectSymbol {
    const index = this.kept.indexOf(section);
    const rest = { type: "none", size: 0, place: undefined, binding: "local", defined: true } as const;
    return { name: "", section: index, value: BigInt(offset), ...rest };
  }
}

/** As GNU ld fills an alignment. */
function nops(bytes: number): Uint8Array {
  const made = new Uint8Array(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) made[at] = 0x13;
  if (bytes % 4 >= 2) made[bytes & ~3] = 0x01; // c.nop
  return made;
}

/** GNU as may leave a value in the field that a relocation fills. */
function clearImmediate(bytes: Uint8Array, at: number, f: Form): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, f.bytes);
  const mask = f.slices.reduce((m, s) => (isImmediate(s.field) ? m | ((2 ** s.width - 1) << s.at) : m), 0);
  if (f.bytes === 4) view.setUint32(0, (view.getUint32(0, true) & ~mask) >>> 0, true);
  else view.setUint16(0, view.getUint16(0, true) & ~mask, true);
}
