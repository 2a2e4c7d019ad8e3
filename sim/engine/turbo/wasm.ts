// Writes WebAssembly's binary format: opcodes, numbers in LEB128, functions and modules. It knows nothing of RISC-V.

/** Value types. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
/** Four words. */
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F64 | typeof V128;
/** The type of a block without a result. */
export const VOID = 0x40;

/** The instructions that are used, by their names in the specification. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  f64Load: 0x2b,
  i32Load8U: 0x2d,
  i64Load8U: 0x31,
  i32Load16U: 0x2f,
  i64Load16U: 0x33,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i64Store8: 0x3c,
  i64Store16: 0x3d,
  i64Store32: 0x3e,
  i32Const: 0x41,
  i64Const: 0x42,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64LeU: 0x58,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  f64Eq: 0x61,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Gt: 0x64,
  f64Le: 0x65,
  f64Ge: 0x66,
  i32Clz: 0x67,
  i32Ctz: 0x68,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i64Clz: 0x79,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  f64Floor: 0x9c,
  f64Add: 0xa0,
  f64Sub: 0xa1,
  f64Min: 0xa4,
  f64Max: 0xa5,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  i64TruncF64S: 0xb0,
  i64ReinterpretF64: 0xbd,
  f64ConvertI32S: 0xb7,
  f64ConvertI64S: 0xb9,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
  /** Before the next. */
  saturating: 0xfc,
  i32TruncSatF64S: 0x02,
} as const;

/** Those behind the prefix of vectors. */
export const Vector = {
  ...{ load: 0, store: 11, const: 12, i8x16Shuffle: 13, i32x4Splat: 17, i32x4ReplaceLane: 28, i32x4Eq: 55 },
  ...{ i32x4GtS: 59, and: 78, or: 80, bitselect: 82, i32x4Bitmask: 164, i32x4Shl: 171, i32x4ShrU: 173 },
  ...{ f64x2Splat: 20, f64x2ExtractLane: 33, f64x2Pmax: 247 },
} as const;
const VECTOR_PREFIX = 0xfd;

const FIRST_CAPACITY = 1024;
const FIXED64_BYTES = 6;

/** A growing sequence of bytes. */
export class Bytes {
  length = 0;
  #bytes = new Uint8Array(FIRST_CAPACITY);

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  byte(value: number): this {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = value;
    return this;
  }

  append(source: Uint8Array): this {
    if (this.length + source.length > this.#bytes.length) this.#grow(source.length);
    this.#bytes.set(source, this.length);
    this.length += source.length;
    return this;
  }

  /** Takes back everything after the first `length` bytes. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Unsigned LEB128 of a number below 2^32. */
  unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit number. */
  signed(value: number): this {
    let rest = value | 0;
    while (rest > 63 || rest < -64) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    return this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of a 64-bit value, given as it is in [0, 2^64) or signed. */
  signed64(value: bigint): this {
    let rest = BigInt.asIntN(64, value);
    while (rest > 0x7fff_ffffn || rest < -0x8000_0000n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return this.signed(Number(rest));
  }

  /** An unsigned number below 2^14 in exactly two bytes, so that it can be written over. */
  fixed(value: number): this {
    return this.byte((value & 0x7f) | 0x80).byte(value >>> 7);
  }

  /** A signed number below 2^41 in exactly six bytes, so that it can be written over. */
  fixed64(value: bigint): this {
    const at = this.length;
    for (let i = 0; i < FIXED64_BYTES; i += 1) this.byte(0);
    this.patchFixed64(at, value);
    return this;
  }

  /** Writes over a number that `fixed64` has written. */
  patchFixed64(at: number, value: bigint): void {
    for (let i = 0; i < FIXED64_BYTES; i += 1)
      this.#bytes[at + i] = Number((value >> BigInt(7 * i)) & 0x7fn) | (i < FIXED64_BYTES - 1 ? 0x80 : 0);
  }

  /** Writes over a number that `fixed` has written. */
  patchFixed(at: number, value: number): void {
    this.#bytes[at] = (value & 0x7f) | 0x80;
    this.#bytes[at + 1] = value >>> 7;
  }

  #grow(least: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + least));
    grown.set(this.view);
    this.#bytes = grown;
  }
}

const F64_VALUE = new Float64Array(1);
const F64_BYTES = new Uint8Array(F64_VALUE.buffer);

/** A function in the table `env.table`, and the index of its type in the module that calls it. */
export interface TableCall {
  readonly slot: number;
  readonly type: number;
}

/** Instructions of a function. Methods for those with immediates; `op` for the others. */
export class Code extends Bytes {
  /** Of each `if` or `br_if` that mostly goes one way: twice its place, and 1 more where it is taken. */
  readonly hints: number[] = [];

  op(opcode: number): this {
    return this.byte(opcode);
  }
  /** An `if` or `br_if` that is rarely taken: the host keeps what it leads to out of the way of the rest. */
  rarely(opcode: number): this {
    this.hints.push(2 * this.length);
    return this.op(opcode);
  }
  /** The same of one that is mostly taken. */
  mostly(opcode: number): this {
    this.hints.push(2 * this.length + 1);
    return this.op(opcode);
  }
  /** Appends other code, or from where to where it is given of it, with its hints. */
  place(source: Code, from = 0, to = source.length): this {
    for (const hint of source.hints)
      if (hint >= 2 * from && hint < 2 * to) this.hints.push(2 * (this.length - from) + hint);
    return this.append(source.view.subarray(from, to));
  }
  override truncate(length: number): void {
    super.truncate(length);
    while (this.hints.length > 0 && this.hints.at(-1)! >= 2 * length) this.hints.pop();
  }
  local(opcode: number, index: number): this {
    return this.byte(opcode).unsigned(index);
  }
  /** A load or store at the address on the stack plus `offset`; alignment is a hint and left at one byte. */
  memory(opcode: number, offset: number): this {
    return this.byte(opcode).byte(0).unsigned(offset);
  }
  vector(opcode: number): this {
    return this.byte(VECTOR_PREFIX).unsigned(opcode);
  }
  vectorMemory(opcode: number, offset: number): this {
    return this.vector(opcode).byte(0).unsigned(offset);
  }
  i32(value: number): this {
    return this.byte(Op.i32Const).signed(value);
  }
  i64(value: bigint): this {
    return this.byte(Op.i64Const).signed64(value);
  }
  /** A small whole number is shorter as an i32 that is converted. */
  f64(value: number): this {
    if (Object.is(value, value | 0)) return this.i32(value).op(Op.f64ConvertI32S);
    this.byte(Op.f64Const);
    F64_VALUE[0] = value;
    for (let i = 0; i < F64_BYTES.length; i += 1) this.byte(F64_BYTES[i]!);
    return this;
  }
  call(index: number): this {
    return this.byte(Op.call).unsigned(index);
  }
  callThroughTable({ slot, type }: TableCall): this {
    return this.i32(slot).op(Op.callIndirect).unsigned(type).byte(0);
  }
}

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ModuleFunction extends Signature {
  /** Locals after the parameters. */
  readonly locals: readonly ValueType[];
  /** Without the final `end`. */
  readonly body: Code;
  readonly exportName?: string;
}

export interface ModuleParts {
  /** Imported from `env`; they come first in the index space of functions. */
  readonly imports: readonly ({ readonly name: string } & Signature)[];
  readonly functions: readonly ModuleFunction[];
  /** Types of functions that are called indirectly; they come after those of the functions. */
  readonly types?: readonly Signature[];
  /** All functions have the type of the first. */
  readonly alike?: boolean;
  /** Imports the table `env.table` too. */
  readonly usesTable?: boolean;
  readonly memoryPages: number;
}

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const FUNCTION_TYPE = 0x60;
const FUNCREF = 0x70;
const IMPORT_KIND = { function: 0, table: 1, memory: 2 } as const;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const MODULE_OF_IMPORTS = "env";
/** Name of the section that a host which knows no hints passes over; WebAssembly branch hinting proposal, "Binary format". */
const BRANCH_HINTS = "metadata.code.branch_hint";

/** A module that imports the memory `env.memory`; function type n is that of the n-th function, imports first, unless all are alike. */
export function encodeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { imports, functions } = parts;
  const out = new Bytes();
  for (const byte of HEADER) out.byte(byte);
  section(out, SECTION.type, (s) => {
    const types = [...imports, ...(parts.alike ? functions.slice(0, 1) : functions), ...(parts.types ?? [])];
    s.unsigned(types.length);
    for (const f of types) {
      s.byte(FUNCTION_TYPE);
      for (const types of [f.params, f.results]) {
        s.unsigned(types.length);
        for (const type of types) s.byte(type);
      }
    }
  });
  section(out, SECTION.import, (s) => {
    s.unsigned(imports.length + 1 + (parts.usesTable ? 1 : 0));
    imports.forEach((f, index) => {
      imported(s, f.name).byte(IMPORT_KIND.function).unsigned(index);
    });
    imported(s, "memory").byte(IMPORT_KIND.memory).byte(0).unsigned(parts.memoryPages);
    if (parts.usesTable) imported(s, "table").byte(IMPORT_KIND.table).byte(FUNCREF).byte(0).unsigned(0);
  });
  section(out, SECTION.function, (s) => {
    s.unsigned(functions.length);
    functions.forEach((_, index) => s.unsigned(imports.length + (parts.alike ? 0 : index)));
  });
  section(out, SECTION.export, (s) => {
    const exported = functions.flatMap((f, index) =>
      f.exportName === undefined ? [] : [{ name: f.exportName, index }],
    );
    s.unsigned(exported.length);
    for (const { name, index } of exported)
      text(s, name)
        .byte(0)
        .unsigned(imports.length + index);
  });
  section(out, SECTION.custom, (s) => branchHints(text(s, BRANCH_HINTS), imports.length, functions));
  section(out, SECTION.code, (s) => {
    s.unsigned(functions.length);
    for (const f of functions) {
      const code = new Bytes();
      locals(code, f.locals);
      code.append(f.body.view).byte(Op.end);
      s.unsigned(code.length).append(code.view);
    }
  });
  return out.view.slice();
}

function section(out: Bytes, id: number, write: (s: Bytes) => void): void {
  const content = new Bytes();
  write(content);
  out.byte(id).unsigned(content.length).append(content.view);
}

function imported(s: Bytes, name: string): Bytes {
  return text(text(s, MODULE_OF_IMPORTS), name);
}

function text(s: Bytes, value: string): Bytes {
  return s.unsigned(value.length).append(Uint8Array.from(value, (c) => c.charCodeAt(0)));
}

/** By function, each hint with its offset from where the function's locals are declared. */
function branchHints(s: Bytes, imported: number, functions: readonly ModuleFunction[]): void {
  s.unsigned(functions.filter(({ body }) => body.hints.length > 0).length);
  functions.forEach(({ body: { hints }, locals: types }, n) => {
    if (hints.length === 0) return;
    const declared = new Bytes();
    locals(declared, types);
    s.unsigned(imported + n).unsigned(hints.length);
    for (const hint of hints)
      s.unsigned(declared.length + (hint >> 1))
        .byte(1)
        .byte(hint & 1);
  });
}

/** Locals as runs of one type. */
function locals(code: Bytes, types: readonly ValueType[]): void {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count += 1;
    else runs.push({ type, count: 1 });
  }
  code.unsigned(runs.length);
  for (const { type, count } of runs) code.unsigned(count).byte(type);
}
