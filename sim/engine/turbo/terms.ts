// WebAssembly written as formulas and statements, for functions that are written by hand.
//
// A term leaves a value when it is emitted, each time anew; `let` of a function keeps one in a local.
import {
  Code,
  F64,
  I32,
  I64,
  Op,
  V128,
  Vector,
  VOID,
  type ModuleFunction,
  type Signature,
  type ValueType,
} from "./wasm.ts";

/** Bytes of an i32, and of an f64. */
export const WORD_BYTES = 4;
export const NUMBER_BYTES = 8;
/** How far an index of such is shifted left to be a distance in bytes. */
export const WORD_SHIFT = 2;
export const NUMBER_SHIFT = 3;

export interface Term {
  readonly type: ValueType;
  readonly emit: (code: Code) => void;
}

export interface Local extends Term {
  readonly index: number;
}

export const localOf = (type: ValueType, index: number): Local => ({
  ...{ type, index },
  emit: (code) => code.local(Op.localGet, index),
});

/** What leaves a value of a type. */
export const term = (type: ValueType, emit: (code: Code) => void): Term => ({ type, emit });
const unary =
  (type: ValueType, opcode: number) =>
  (a: Term): Term =>
    term(type, (code) => {
      a.emit(code);
      code.op(opcode);
    });
const binary =
  (type: ValueType, opcode: number) =>
  (a: Term, b: Term): Term =>
    term(type, (code) => {
      a.emit(code);
      b.emit(code);
      code.op(opcode);
    });
const load =
  (type: ValueType, opcode: number) =>
  (at: Term, offset = 0): Term =>
    term(type, (code) => {
      at.emit(code);
      code.memory(opcode, offset);
    });

const constI32 = (value: number): Term => term(I32, (code) => code.i32(value));

export const i32 = {
  const: constI32,
  add: binary(I32, Op.i32Add),
  sub: binary(I32, Op.i32Sub),
  mul: binary(I32, Op.i32Mul),
  remU: binary(I32, Op.i32RemU),
  and: binary(I32, Op.i32And),
  or: binary(I32, Op.i32Or),
  xor: binary(I32, Op.i32Xor),
  shl: binary(I32, Op.i32Shl),
  shr: binary(I32, Op.i32ShrS),
  shrU: binary(I32, Op.i32ShrU),
  eq: binary(I32, Op.i32Eq),
  ne: binary(I32, Op.i32Ne),
  lt: binary(I32, Op.i32LtS),
  ltU: binary(I32, Op.i32LtU),
  not: unary(I32, Op.i32Eqz),
  /** Zeros above the highest one. */
  clz: unary(I32, Op.i32Clz),
  /** Zeros below the lowest one. */
  ctz: unary(I32, Op.i32Ctz),
  load: load(I32, Op.i32Load),
  /** The word at a fixed address. */
  at: (address: number): Term => load(I32, Op.i32Load)(constI32(0), address),
  /** The low half. */
  low: unary(I32, Op.i32WrapI64),
  /** A whole number, as far as it fits. */
  of: (a: Term): Term =>
    term(I32, (code) => {
      a.emit(code);
      code.op(Op.saturating).op(Op.i32TruncSatF64S);
    }),
} as const;

export const i64 = {
  const: (value: bigint): Term => term(I64, (code) => code.i64(value)),
  add: binary(I64, Op.i64Add),
  sub: binary(I64, Op.i64Sub),
  mul: binary(I64, Op.i64Mul),
  and: binary(I64, Op.i64And),
  or: binary(I64, Op.i64Or),
  xor: binary(I64, Op.i64Xor),
  eq: binary(I32, Op.i64Eq),
  ne: binary(I32, Op.i64Ne),
  ltU: binary(I32, Op.i64LtU),
  load: load(I64, Op.i64Load),
  at: (address: number): Term => load(I64, Op.i64Load)(constI32(0), address),
  shl: binary(I64, Op.i64Shl),
  shrU: binary(I64, Op.i64ShrU),
  isZero: unary(I32, Op.i64Eqz),
  /** Zeros below the lowest one. */
  ctz: unary(I64, Op.i64Ctz),
  /** An unsigned word. */
  of: unary(I64, Op.i64ExtendI32U),
  /** The bits of a number. */
  bits: unary(I64, Op.i64ReinterpretF64),
} as const;

export const f64 = {
  const: (value: number): Term => term(F64, (code) => code.f64(value)),
  add: binary(F64, Op.f64Add),
  sub: binary(F64, Op.f64Sub),
  /** The larger and the smaller of two, neither of them NaN or -0, which `f64.max` minds at some length. Both are evaluated twice. */
  max: (a: Term, b: Term): Term => select(f64.gt(a, b), a, b),
  min: (a: Term, b: Term): Term => select(f64.lt(a, b), a, b),
  /** The larger one, where no branch of the host's could be predicted: evaluated once. */
  either: (a: Term, b: Term): Term =>
    term(F64, (code) => {
      a.emit(code);
      code.vector(Vector.f64x2Splat);
      b.emit(code);
      code.vector(Vector.f64x2Splat).vector(Vector.f64x2Pmax).vector(Vector.f64x2ExtractLane).byte(0);
    }),
  floor: unary(F64, Op.f64Floor),
  eq: binary(I32, Op.f64Eq),
  lt: binary(I32, Op.f64Lt),
  le: binary(I32, Op.f64Le),
  gt: binary(I32, Op.f64Gt),
  ge: binary(I32, Op.f64Ge),
  load: load(F64, Op.f64Load),
  at: (address: number): Term => load(F64, Op.f64Load)(constI32(0), address),
  /** A signed word. */
  of: unary(F64, Op.f64ConvertI32S),
  /** A signed double word. */
  ofLong: unary(F64, Op.f64ConvertI64S),
} as const;

/** `condition ? a : b`, both of which are evaluated. */
export const select = (condition: Term, a: Term, b: Term): Term =>
  term(a.type, (code) => {
    a.emit(code);
    b.emit(code);
    condition.emit(code);
    code.op(Op.select);
  });

/** Evaluates what is not wanted. */
export const dropped = (a: Term): Term =>
  term(a.type, (code) => {
    a.emit(code);
    code.op(Op.drop);
  });

/** Evaluates one thing without a result after another. */
export const inOrder = (...all: readonly Term[]): Term =>
  term(I32, (code) => {
    for (const a of all) a.emit(code);
  });

/** A function of a module that is being written: call it. */
export interface Callee {
  (...args: readonly Term[]): Term;
  readonly index: number;
}

/** Adds to a number at a fixed address; it has no result. */
export const counted = (address: number, times: Term = f64.const(1)): Term =>
  term(F64, (code) => {
    code.i32(0);
    f64.add(f64.at(address), times).emit(code);
    code.memory(Op.f64Store, address);
  });

/** The place of an element of `1 << shift` bytes. */
export const element = (base: number, index: Term, shift: number): Term =>
  i32.add(i32.const(base), i32.shl(index, i32.const(shift)));

const STORE_OPS: ReadonlyMap<ValueType, number> = new Map([
  [I32, Op.i32Store],
  [I64, Op.i64Store],
  [F64, Op.f64Store],
]);

/** `((number >>> right) & mask) << left`, by one shift. */
export function scaled(number: Term, right: number, mask: number, left: number): Term {
  const by = right - left;
  const shifted = by === 0 ? number : by > 0 ? i32.shrU(number, constI32(by)) : i32.shl(number, constI32(-by));
  return i32.and(shifted, constI32(mask << left));
}

/** The statements of one function; or of a part of one that has its locals already. */
export class Statements {
  readonly code: Code;
  readonly #params: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  /** Blocks that are open. */
  #depth = 0;

  constructor(params: readonly ValueType[], code = new Code()) {
    this.#params = params;
    this.code = code;
  }

  get locals(): readonly ValueType[] {
    return this.#locals;
  }

  param(index: number): Local {
    return localOf(this.#params[index]!, index);
  }

  /** A local that holds a value. */
  let(value: Term): Local {
    const local = localOf(value.type, this.#params.length + this.#locals.length);
    this.#locals.push(value.type);
    this.set(local, value);
    return local;
  }

  /** Locals that hold the values that one term leaves. */
  lets(values: Term, types: readonly ValueType[]): Local[] {
    const locals = types.map((type) => localOf(type, this.#params.length + this.#locals.push(type) - 1));
    values.emit(this.code);
    for (const { index } of [...locals].reverse()) this.code.local(Op.localSet, index);
    return locals;
  }

  set(local: Local, value: Term): void {
    value.emit(this.code);
    this.code.local(Op.localSet, local.index);
  }

  store(at: Term, offset: number, value: Term): void {
    at.emit(this.code);
    value.emit(this.code);
    if (value.type === V128) this.code.vectorMemory(Vector.store, offset);
    else this.code.memory(STORE_OPS.get(value.type)!, offset);
  }

  /** The same at a fixed address. */
  storeAt(address: number, value: Term): void {
    this.store(i32.const(0), address, value);
  }

  /** Sets numbers of linear memory to 0. */
  clear({ byteOffset, length }: Float64Array): void {
    for (let i = 0; i < length; i += 1) this.storeAt(byteOffset + NUMBER_BYTES * i, f64.const(0));
  }

  /** Adds to a number at a fixed address. */
  count(address: number, times?: Term): void {
    this.do(counted(address, times));
  }

  if(condition: Term, then: () => void, otherwise?: () => void): void {
    condition.emit(this.code);
    this.code.op(Op.if).byte(VOID);
    this.#within(then);
    if (otherwise !== undefined) {
      this.code.op(Op.else);
      this.#within(otherwise);
    }
    this.code.op(Op.end);
  }

  /** The same of what rarely holds. */
  rarely(condition: Term, then: () => void): void {
    condition.emit(this.code);
    this.code.rarely(Op.if).byte(VOID);
    this.#within(then);
    this.code.op(Op.end);
  }

  /** The body may `leave` for what comes behind it. */
  block(body: (leave: () => void) => void): void {
    this.code.op(Op.block).byte(VOID);
    const around = this.#depth;
    this.#within(() => body(() => this.code.op(Op.br).unsigned(this.#depth - around - 1)));
    this.code.op(Op.end);
  }

  while(condition: Term, body: () => void): void {
    this.code.op(Op.block).byte(VOID).op(Op.loop).byte(VOID);
    condition.emit(this.code);
    this.code.op(Op.i32Eqz).op(Op.brIf).unsigned(1);
    this.#within(() => this.#within(body));
    this.code.op(Op.br).unsigned(0).op(Op.end).op(Op.end);
  }

  #within(body: () => void): void {
    this.#depth += 1;
    body();
    this.#depth -= 1;
  }

  /** Evaluates something without a result. */
  do(effect: Term): void {
    effect.emit(this.code);
  }

  return(...values: readonly Term[]): void {
    for (const value of values) value.emit(this.code);
    this.code.op(Op.return);
  }
}

export type Import = { readonly name: string } & Signature;

/** Functions of one module, each of which calls only those before it. */
export class Functions {
  readonly imports: readonly Import[];
  readonly #functions: ModuleFunction[] = [];
  readonly #first: number;

  /** @param before - how many functions of the module come before these. */
  constructor(imports: readonly Import[] = [], before = 0) {
    this.imports = imports;
    this.#first = imports.length + before;
  }

  get functions(): readonly ModuleFunction[] {
    return this.#functions;
  }

  imported(name: string): Callee {
    const index = this.imports.findIndex((i) => i.name === name);
    return callee(index, this.imports[index]!);
  }

  /** A function of the values it is called with; `body` writes it, and gives its result where it has one. */
  define(
    params: readonly ValueType[],
    result: ValueType | undefined,
    body: (f: Statements, ...params: Local[]) => Term | void,
    exportName?: string,
  ): Callee {
    const signature: Signature = { params, results: result === undefined ? [] : [result] };
    return this.add(signature, (f, ...locals) => body(f, ...locals)?.emit(f.code), exportName);
  }

  /** The same; `body` leaves the results, or returns. */
  add(signature: Signature, body: (f: Statements, ...params: Local[]) => void, exportName?: string): Callee {
    const { params } = signature;
    const f = new Statements(params);
    body(f, ...params.map((_, i) => f.param(i)));
    const exported = exportName === undefined ? {} : { exportName };
    const written: ModuleFunction = { ...signature, locals: f.locals, body: f.code, ...exported };
    return callee(this.#first + this.#functions.push(written) - 1, written);
  }
}

function callee(index: number, { params, results }: Signature): Callee {
  const call = (...args: readonly Term[]): Term => {
    if (args.length !== params.length) throw new Error(`function ${index} takes ${params.length} values`);
    return term(results[0] ?? I32, (code) => {
      for (const arg of args) arg.emit(code);
      code.call(index);
    });
  };
  return Object.assign(call, { index });
}
