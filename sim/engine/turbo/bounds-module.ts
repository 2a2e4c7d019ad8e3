// The module of functions that decode bounds for all regions: the text of isa/cap, and a memo of what was decoded lately.
import { decodeBounds, keepsTagAt, type BoundedMachine } from "../../../isa/cap/bounds.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import type { Bounds } from "../../../isa/semantics.ts";
import { takeBounds, windowWithin } from "./bounds.ts";
import { constant, ExprArithmetic, ExprWriter, localOf, type Expr } from "./expr.ts";
import { instantiateShared } from "./host.ts";
import { WINDOW_MEMO, WINDOW_MEMO_AT } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import { EMPTY } from "./registers.ts";
import type { Import } from "./terms.ts";
import { encodeModule, I32, I64, Op, VOID, type ModuleFunction, type Signature, type ValueType } from "./wasm.ts";

/** What regions import of it. */
export const BOUNDS_IMPORTS = [
  /** `(meta, addr)`: base, top, topHigh, valid, integral. */
  { name: "decode", params: [I64, I64], results: [I64, I64, I32, I32, I32] },
  /** `(meta, addr)`: base and top of the window. */
  { name: "window", params: [I64, I64], results: [I64, I64] },
  /** `(meta, addr, other)`: does what has a tag keep it at another address? */
  { name: "keepsTag", params: [I64, I64, I64], results: [I32] },
] as const satisfies readonly Import[];
export type BoundsFunction = (typeof BOUNDS_IMPORTS)[number]["name"];

export function boundsModule(
  { memory, layout, doubles }: LinearMemory,
  zylevels1: boolean,
): Readonly<Record<string, unknown>> {
  for (let at = WINDOW_MEMO_AT; at < WINDOW_MEMO_AT + WINDOW_MEMO.bytes; at += 1 << WINDOW_MEMO.bits) {
    doubles[(at + WINDOW_MEMO.base) >>> 3] = BigInt.asUintN(64, EMPTY.base);
    doubles[(at + WINDOW_MEMO.top) >>> 3] = EMPTY.top;
  }
  const [decode, window, keepsTag] = BOUNDS_IMPORTS;
  const functions = [
    decodeFunction(new Text(zylevels1, decode)),
    windowFunction(new Text(zylevels1, window)),
    keepsTagFunction(new Text(zylevels1, keepsTag)),
  ].map((f, index) => ({ ...f, exportName: BOUNDS_IMPORTS[index]!.name }));
  return instantiateShared(encodeModule({ imports: [], functions, memoryPages: layout.pages }), { memory }).exports;
}

/** Metadata and an address, which go with a tag. */
interface Pointer {
  readonly meta: Expr;
  readonly addr: Expr;
}

const [DECODE, WINDOW] = [0, 1];
const [META, ADDR, OTHER] = [0, 1, 2].map((local) => localOf(I64, local)) as [Expr, Expr, Expr];

/** The algebra in a function of its own. */
class Text extends ExprArithmetic implements BoundedMachine<Expr, Pointer> {
  readonly zylevels1: boolean;
  readonly zyhybrid = false;
  readonly writer: ExprWriter;
  readonly #signature: Signature;
  readonly #locals: ValueType[] = [];

  constructor(zylevels1: boolean, signature: Signature) {
    super();
    this.zylevels1 = zylevels1;
    this.writer = new ExprWriter((type) => signature.params.length + this.#locals.push(type) - 1);
    this.#signature = signature;
  }

  cap = (_tag: Expr, meta: Expr, addr: Expr): Pointer => ({ meta, addr });
  tag = (): Expr => constant(1n);
  meta = (y: Pointer): Expr => y.meta;

  bounds({ meta, addr }: Pointer): Bounds<Expr> {
    this.writer.wide(meta);
    this.writer.wide(addr);
    this.writer.code.call(DECODE);
    return takeBounds(this.writer);
  }

  get function(): ModuleFunction {
    return { ...this.#signature, locals: this.#locals, body: this.writer.code };
  }
}

function decodeFunction(m: Text): ModuleFunction {
  const { writer } = m;
  const bounds = decodeBounds(m, META, ADDR);
  for (const part of ["base", "top"] as const) writer.wide(bounds[part]);
  for (const part of ["topHigh", "valid", "integral"] as const) writer.truth(bounds[part]);
  return m.function;
}

/** Leaves where the memo has the window that goes with metadata, if it has it. */
export function windowSlot(m: ExprArithmetic, writer: ExprWriter, meta: Expr): void {
  writer.wide(m.zext(m.xor(meta, m.shr(meta, constant(14n))), WINDOW_MEMO.indexBits));
  writer.code.op(Op.i32WrapI64).i32(WINDOW_MEMO.bits).op(Op.i32Shl).i32(WINDOW_MEMO_AT).op(Op.i32Add);
}

/** Bounds of equal metadata hold for any address between them: the representable range contains them (#section_cap_representable_check). */
function windowFunction(m: Text): ModuleFunction {
  const { writer } = m;
  const { code } = writer;
  const slot = writer.temporary(I32);
  const [base, top] = [writer.temporary(I64), writer.temporary(I64)];
  const [knownBase, knownTop] = [localOf(I64, base), localOf(I64, top)];
  const store = (at: number, value: Expr): void => {
    code.local(Op.localGet, slot);
    writer.wide(value);
    code.memory(Op.i64Store, at);
  };
  windowSlot(m, writer, META);
  code.local(Op.localTee, slot).memory(Op.i64Load, WINDOW_MEMO.base).local(Op.localSet, base);
  code.local(Op.localGet, slot).memory(Op.i64Load, WINDOW_MEMO.top).local(Op.localSet, top);
  const between = m.or(m.ltu(ADDR, knownBase), m.ltu(knownTop, ADDR));
  writer.truth(between);
  code.local(Op.localGet, slot).memory(Op.i64Load, WINDOW_MEMO.meta);
  writer.wide(META);
  code.op(Op.i64Ne).op(Op.i32Or).op(Op.if).byte(VOID);
  const window = windowWithin(m, m.bounds({ meta: META, addr: ADDR }));
  for (const [part, local] of [
    ["base", base],
    ["top", top],
  ] as const) {
    writer.wide(window[part]);
    code.local(Op.localSet, local);
  }
  store(WINDOW_MEMO.meta, META);
  store(WINDOW_MEMO.base, knownBase);
  store(WINDOW_MEMO.top, knownTop);
  code.op(Op.end);
  for (const known of [knownBase, knownTop]) writer.wide(known);
  return m.function;
}

/** The window answers first, as it is what is asked for next. */
function keepsTagFunction(m: Text): ModuleFunction {
  const { writer } = m;
  const { code } = writer;
  for (const part of [META, ADDR]) writer.wide(part);
  code.call(WINDOW);
  const [top, base] = [writer.temporary(I64), writer.temporary(I64)];
  code.local(Op.localSet, top).local(Op.localSet, base);
  const outside = m.or(m.ltu(OTHER, localOf(I64, base)), m.ltu(localOf(I64, top), OTHER));
  const unsealed = m.eq(m.and(META, constant(SEALED)), constant(0n));
  writer.truth(m.and(unsealed, m.eq(outside, constant(0n))));
  code.op(Op.if).byte(I32).i32(1).op(Op.else);
  writer.truth(keepsTagAt(m, { meta: META, addr: ADDR }, OTHER));
  code.op(Op.end);
  return m.function;
}
