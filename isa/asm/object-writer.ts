// Writes an object file as ELF64, for GNU ld and objdump: sections, symbols, and relocations by the RISC-V psABI's numbers.
import {
  ELF_TYPES,
  ElfWriter,
  RELA_BYTES,
  SECTION_FLAGS,
  SECTION_TYPES,
  SHN_ABS,
  SHN_UNDEF,
  SYMBOL_BINDINGS,
  SYMBOL_TYPES,
  type ElfSymbol,
} from "../elf-file.ts";
import type { Form } from "../codec.ts";
import type { ObjectFile, ObjectSymbol, Relocation } from "./object.ts";
import type { SectionFlags } from "./section.ts";

/** R_RISCV_…: by what is relocated; pairs are for I- and S-format instructions, lists for 1, 2, 4 and 8 bytes. */
const R_RISCV = {
  ...{ branch: 16, jal: 17, rvcBranch: 44, rvcJump: 45 },
  ...{ pcrelHi: 23, pcrelLo: [24, 25], hi: 26, lo: [27, 28] },
  ...{ data: [54, 55, 1, 2], add: [33, 34, 35, 36], sub: [37, 38, 39, 40] },
} as const;

interface Rela {
  readonly offset: number;
  readonly type: number;
  /** Undefined: no symbol, the addend is the address. */
  readonly symbol: ObjectSymbol | undefined;
  readonly addend: bigint;
}

/** An object as ELF64 ET_REL. */
export function writeElfObject(object: ObjectFile): Uint8Array {
  const writer = new ElfWriter(0);
  const numbers = object.sections.map((section) => {
    const type = section.flags.nobits ? SECTION_TYPES.nobits : SECTION_TYPES.progbits;
    const offset = writer.append(section.bytes, section.align > 4096 ? 4096 : section.align);
    const { name, size, align } = section;
    return writer.section({ name, type, flags: flagBits(section.flags), address: 0, offset, size, align });
  });
  const labels = new Map<string, ObjectSymbol>();
  const relas = object.sections.map((s, i) => s.relocations.flatMap((r) => relasOf(r, i, labels)));
  const symbols = [...new Set([...object.symbols, ...labels.values()])];
  symbols.sort((a, b) => Number(a.binding !== "local") - Number(b.binding !== "local"));
  const table = writer.symbols(symbols.map((s) => elfSymbol(s, numbers)));
  const index = new Map(symbols.map((s, i) => [s, i + 1]));
  relas.forEach((list, i) => {
    if (list.length === 0) return;
    const bytes = relaTable(list, index);
    writer.section({
      ...{
        name: `.rela${object.sections[i]!.name}`,
        type: SECTION_TYPES.rela,
        flags: SECTION_FLAGS.infoLink,
        address: 0,
      },
      ...{ offset: writer.append(bytes, 8), size: bytes.length, link: table, info: numbers[i]!, align: 8 },
      entryBytes: RELA_BYTES,
    });
  });
  return writer.finish(ELF_TYPES.relocatable, 0);
}

const flagBits = ({ alloc, write, exec }: SectionFlags): number =>
  (alloc ? SECTION_FLAGS.alloc : 0) | (write ? SECTION_FLAGS.write : 0) | (exec ? SECTION_FLAGS.execute : 0);

function elfSymbol(symbol: ObjectSymbol, sectionNumbers: readonly number[]): ElfSymbol {
  const { name, value, size, defined, section } = symbol;
  const place = section === undefined ? (defined ? SHN_ABS : SHN_UNDEF) : sectionNumbers[section]!;
  return {
    name,
    value,
    size,
    section: place,
    binding: SYMBOL_BINDINGS[symbol.binding],
    type: SYMBOL_TYPES[symbol.type],
  };
}

/** One relocation of ours as those of the psABI; a lower part names a label at its upper part, made in `labels`. */
function relasOf(relocation: Relocation, section: number, labels: Map<string, ObjectSymbol>): Rela[] {
  const { kind, offset, plus: symbol, minus, addend, form, bytes } = relocation;
  const width = Math.log2(bytes);
  switch (kind) {
    case "pcrel":
      return [{ offset, type: jumpType(form!), symbol, addend }];
    case "pcrel_hi":
      return [{ offset, type: R_RISCV.pcrelHi, symbol, addend }];
    case "pcrel_lo": {
      const type = R_RISCV.pcrelLo[storeFormat(form!)]!;
      return [{ offset, type, symbol: highLabel(section, relocation.high, labels), addend: 0n }];
    }
    case "hi":
      return [{ offset, type: R_RISCV.hi, symbol, addend }];
    case "lo":
      return [{ offset, type: R_RISCV.lo[storeFormat(form!)]!, symbol, addend }];
    case "data":
      if (minus === undefined) return [{ offset, type: R_RISCV.data[width]!, symbol, addend }];
      return [
        { offset, type: R_RISCV.add[width]!, symbol, addend },
        { offset, type: R_RISCV.sub[width]!, symbol: minus, addend: 0n },
      ];
  }
}

function highLabel(section: number, offset: number, labels: Map<string, ObjectSymbol>): ObjectSymbol {
  const key = `${section}:${offset}`;
  const known = labels.get(key);
  if (known) return known;
  const made: ObjectSymbol = {
    ...{ name: `.Lpcrel_hi${labels.size}`, section, defined: true, value: BigInt(offset), binding: "local" },
    ...{ type: "none", size: 0, place: undefined },
  };
  labels.set(key, made);
  return made;
}

function jumpType(form: Form): number {
  if (form.bytes === 2) return form.insn.timing === "branch" ? R_RISCV.rvcBranch : R_RISCV.rvcJump;
  return form.immBits === 13 ? R_RISCV.branch : R_RISCV.jal;
}

/** 1 where the 12-bit immediate is in the two pieces of a store. */
const storeFormat = (form: Form): 0 | 1 => (form.slices.filter((s) => s.field === "imm").length === 2 ? 1 : 0);

function relaTable(relas: readonly Rela[], index: ReadonlyMap<ObjectSymbol, number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(relas.length * RELA_BYTES));
  relas.forEach(({ offset, type, symbol, addend }, i) => {
    const at = i * RELA_BYTES;
    view.setBigUint64(at, BigInt(offset), true);
    view.setUint32(at + 8, type, true);
    view.setUint32(at + 12, symbol ? index.get(symbol)! : 0, true);
    view.setBigInt64(at + 16, addend, true);
  });
  return new Uint8Array(view.buffer);
}
