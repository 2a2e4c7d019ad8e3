// Bounds of capabilities in generated code: decoded when first asked for, and kept beside the register as a window of addresses.
//
// A window lies within the bounds of a capability that passes all integrity checks; for any other it is empty. It holds for a
// register as long as that has a tag: whatever changes bounds takes the tag or is a new value. So an address between its
// ends may be accessed, or be that of the capability; what falls outside is looked at again, with bounds decoded for the
// purpose, or left to the interpreter.
import { decodeBounds, keepsTagAt } from "../../../isa/cap/bounds.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import type { Bounds, Capabilities } from "../../../isa/semantics.ts";
import type { Checks } from "./checks.ts";
import { constant, isConst, localOf, type Expr, type ExprArithmetic, type ExprWriter } from "./expr.ts";
import type { Known } from "./known.ts";
import { EMPTY, type RegisterLocals, type WindowLocals } from "./registers.ts";
import { I32, I64, Op, VOID, type TableCall } from "./wasm.ts";

/** A capability as expressions. */
export class YExpr {
  readonly tag: Expr;
  readonly meta: Expr;
  readonly addr: Expr;
  /** Register whose value it is, or -1. */
  readonly register: number;
  /** A capability that has the same bounds, and a tag, where this one has a tag. */
  readonly origin: YExpr | undefined;

  constructor(tag: Expr, meta: Expr, addr: Expr, register = -1, origin?: YExpr) {
    this.tag = tag;
    this.meta = meta;
    this.addr = addr;
    this.register = register;
    this.origin = origin;
  }

  /** The register's value whose window this one has, if any. */
  get root(): YExpr | undefined {
    return this.register > 0 ? this : this.origin?.root;
  }
}

/** Addresses base <= a < top; empty where they are not in order. */
export interface Window {
  readonly base: Expr;
  readonly top: Expr;
}

export interface KeptBoundsOptions {
  /** The pcc at the region's head; all of the region lies within its bounds. */
  readonly pccMeta: bigint;
  readonly headPc: bigint;
  readonly writer: ExprWriter;
  readonly registers: RegisterLocals;
  /** The functions of bounds-module.ts. */
  readonly functions: Readonly<Record<"decode" | "window" | "keepsTag", TableCall>>;
}

/** No window reaches into the last so many bytes: what is a short way above an address in one does not wrap. */
const SLACK = 1n << 16n;
const LAST = BigInt.asUintN(64, -SLACK);
/** As far as accesses may lie apart to be judged by one another. */
const NEAR = SLACK / 2n;

/** The window of decoded bounds. */
export function windowWithin(m: ExprArithmetic, { base, top, topHigh, integral }: Bounds<Expr>): Window {
  const last = constant(LAST);
  const end = m.select(m.or(topHigh, m.ltu(last, top)), last, top);
  return {
    base: m.select(integral, base, constant(EMPTY.base)),
    top: m.select(integral, end, constant(EMPTY.top)),
  };
}

/** Takes the results of `decode` from the stack. */
export function takeBounds(writer: ExprWriter): Bounds<Expr> {
  const take = (type: typeof I32 | typeof I64): Expr => {
    const local = writer.temporary(type);
    writer.code.local(Op.localSet, local);
    return localOf(type, local);
  };
  const [integral, valid, topHigh, top, base] = [take(I32), take(I32), take(I32), take(I64), take(I64)];
  return { base, top, topHigh, valid, integral };
}

type Machine = ExprArithmetic & Capabilities<Expr, YExpr>;

export class KeptBounds {
  readonly #m: Machine;
  readonly #o: KeptBoundsOptions;
  readonly #writer: ExprWriter;
  readonly #registers: RegisterLocals;
  readonly #known: Known;

  constructor(m: Machine, o: KeptBoundsOptions, known: Known) {
    this.#m = m;
    this.#o = o;
    this.#writer = o.writer;
    this.#registers = o.registers;
    this.#known = known;
  }

  /** The window that goes with a register's new value. */
  setWindow(to: WindowLocals, value: YExpr): void {
    const { code } = this.#writer;
    const from = value.root;
    if (from !== undefined && this.#registers.capability(from.register) === to) return;
    const window = this.#windowOf(value) ?? { base: constant(EMPTY.base), top: constant(EMPTY.top) };
    this.#writer.wide(window.base);
    code.local(Op.localSet, to.base);
    this.#writer.wide(window.top);
    code.local(Op.localSet, to.top);
  }

  /** Emits an exit where a register's bounds do not hold an access. One that wraps comes to an exit by itself. */
  requireHeld(y: YExpr, addr: Expr, bytes: number, checks: Checks): void {
    const { code } = this.#writer;
    const place = this.#known.placeOf(addr);
    const offset = place?.register === y.register ? place.offset : undefined;
    const { held } = this.#known.of(y.register);
    const end = offset === undefined ? undefined : offset + BigInt(bytes);
    if (held !== undefined && offset !== undefined && held.from <= offset && offset - held.from < NEAR) {
      if (end! <= held.to) return;
      checks.exitUnless([this.#endsWithin(y, addr, bytes)], 0);
    } else {
      const near = this.#writer.ready(addr);
      const within = [this.#beginsWithin(y, near), this.#endsWithin(y, near, bytes)] as const;
      if (held === undefined) {
        code.op(Op.block).byte(VOID).op(Op.block).byte(VOID);
        this.#writer.truth(this.#m.eq(within[0], constant(0n)));
        code.rarely(Op.brIf).unsigned(0);
        this.#writer.truth(within[1]);
        code.mostly(Op.brIf).unsigned(1).op(Op.end);
        this.#fillWindow(y.register);
      }
      checks.exitUnless(within, held === undefined ? 1 : 0);
      if (held === undefined) code.op(Op.end);
    }
    if (offset !== undefined) this.#known.noteHeld(y.register, offset, end!);
  }

  /** `isIntact` of isa/cap/bounds.ts: the window of what is not is empty. */
  isIntact(y: YExpr): Expr {
    if (isConst(y.meta) && isConst(y.addr)) return this.of(y).integral;
    const m = this.#m;
    const { code } = this.#writer;
    const [tag, meta, addr] = [y.tag, y.meta, y.addr].map((part) => this.#writer.ready(part)) as Parts;
    const { root } = y;
    code.op(Op.block).byte(I32);
    this.#resultIf(0, m.eq(tag, constant(0n)));
    if (root !== undefined) this.#resultIf(1, this.#isSome(this.#windowOf(root)!));
    this.#writer.truth(this.#decode(meta, addr).integral);
    code.op(Op.end);
    const intact = this.#writer.temporary(I32);
    code.local(Op.localSet, intact);
    return localOf(I32, intact);
  }

  /** `keepsTagAt` of isa/cap/bounds.ts for what has a tag; 0 may be said of what has none. */
  keepsTagAt(y: YExpr, address: Expr): Expr {
    const window = this.#windowOf(y);
    if (isConst(y.tag) && y.tag.value === 0n) return constant(0n);
    if (window === undefined || isConst(y.addr)) return keepsTagAt(this.#m, y, address);
    const m = this.#m;
    const { code } = this.#writer;
    const [tag, meta, was, addr] = [y.tag, y.meta, y.addr, address].map((part) => this.#writer.ready(part)) as Parts;
    const unsealed = m.eq(m.and(meta, constant(SEALED)), constant(0n));
    const alike = [m.eq(m.ltu(addr, window.base), constant(0n)), m.eq(m.ltu(window.top, addr), constant(0n))];
    if (!this.#known.has(unsealed)) alike.push(unsealed);
    code.op(Op.block).byte(I32).op(Op.block).byte(VOID);
    for (const cond of alike) {
      this.#writer.truth(m.eq(cond, constant(0n)));
      code.rarely(Op.brIf).unsigned(0);
    }
    code.i32(1).op(Op.br).unsigned(1).op(Op.end);
    this.#resultIf(0, m.eq(tag, constant(0n)));
    const amongOurs = this.#between(addr, windowWithin(m, this.#ownBounds));
    this.#resultIf(1, m.and(m.and(unsealed, amongOurs), this.#isLikeOurs(meta, was)));
    if (y.register > 0) this.#fillWindow(y.register);
    for (const part of [meta, was, addr]) this.#writer.wide(part);
    code.callThroughTable(this.#o.functions.keepsTag).op(Op.end);
    const keeps = this.#writer.temporary(I32);
    code.local(Op.localSet, keeps);
    return localOf(I32, keeps);
  }

  /** Bounds as they are. */
  of(y: YExpr): Bounds<Expr> {
    if (isConst(y.meta) && isConst(y.addr)) return decodeBounds(this.#m, y.meta, y.addr);
    const { code } = this.#writer;
    const [tag, meta, addr] = [y.tag, y.meta, y.addr].map((part) => this.#writer.ready(part)) as Parts;
    const { root } = y;
    if (root === undefined) return this.#decode(meta, addr);
    const m = this.#m;
    const window = this.#windowOf(root)!;
    const isEmpty = m.eq(this.#isSome(window), constant(0n));
    this.#writer.truth(isEmpty);
    code.rarely(Op.if).byte(VOID);
    this.#fillWindow(root.register);
    code.op(Op.end);
    const untold = m.or(m.eq(tag, constant(0n)), m.or(isEmpty, m.eq(window.top, constant(LAST))));
    this.#writer.truth(untold);
    code.op(Op.if).byte(VOID);
    const bounds = this.#decode(meta, addr);
    code.op(Op.else);
    this.#set(bounds, { ...window, topHigh: constant(0n), valid: constant(1n), integral: constant(1n) });
    code.op(Op.end);
    return bounds;
  }

  /** Most code pointers have the metadata of the pcc, sealed or not, and its bounds are at hand. */
  #decode(meta: Expr, addr: Expr): Bounds<Expr> {
    const { code } = this.#writer;
    const ours = this.#ownBounds;
    this.#writer.truth(this.#isLikeOurs(meta, addr));
    code.op(Op.i32Eqz).op(Op.if).byte(VOID);
    for (const part of [meta, addr]) this.#writer.wide(part);
    code.callThroughTable(this.#o.functions.decode);
    const bounds = takeBounds(this.#writer);
    code.op(Op.else);
    this.#set(bounds, ours);
    code.op(Op.end);
    return bounds;
  }

  /** Has it the pcc's bounds for certain? */
  #isLikeOurs(meta: Expr, addr: Expr): Expr {
    const m = this.#m;
    const sameMeta = m.eq(m.or(meta, constant(SEALED)), constant(this.#o.pccMeta | SEALED));
    return m.and(sameMeta, this.#between(addr, windowWithin(m, this.#ownBounds)));
  }

  get #ownBounds(): Bounds<Expr> {
    return decodeBounds(this.#m, constant(this.#o.pccMeta), constant(this.#o.headPc));
  }

  #set(bounds: Bounds<Expr>, to: Bounds<Expr>): void {
    const { code } = this.#writer;
    for (const part of ["base", "top"] as const) {
      this.#writer.wide(to[part]);
      code.local(Op.localSet, bounds[part].local);
    }
    for (const part of ["topHigh", "valid", "integral"] as const) {
      this.#writer.truth(to[part]);
      code.local(Op.localSet, bounds[part].local);
    }
  }

  #windowOf(y: YExpr): Window | undefined {
    if (isConst(y.meta) && isConst(y.addr)) return windowWithin(this.#m, decodeBounds(this.#m, y.meta, y.addr));
    if (y.register <= 0) return y.origin && this.#windowOf(y.origin);
    const { base, top } = this.#registers.capability(y.register);
    return { base: localOf(I64, base), top: localOf(I64, top) };
  }

  #fillWindow(r: number): void {
    const { code } = this.#writer;
    const { meta, base, top } = this.#registers.capability(r);
    code.local(Op.localGet, meta).local(Op.localGet, this.#registers.address(r));
    code.callThroughTable(this.#o.functions.window).local(Op.localSet, top).local(Op.localSet, base);
  }

  /** Is a window not empty? */
  #isSome({ base, top }: Window): Expr {
    return this.#m.eq(this.#m.ltu(top, base), constant(0n));
  }

  #between(addr: Expr, { base, top }: Window): Expr {
    const m = this.#m;
    return m.and(m.eq(m.ltu(addr, base), constant(0n)), m.eq(m.ltu(top, addr), constant(0n)));
  }

  #beginsWithin(y: YExpr, addr: Expr): Expr {
    return this.#m.eq(this.#m.ltu(addr, this.#windowOf(y)!.base), constant(0n));
  }

  #endsWithin(y: YExpr, addr: Expr, bytes: number): Expr {
    return this.#m.ltu(this.#m.add(addr, constant(BigInt(bytes - 1))), this.#windowOf(y)!.top);
  }

  /** Leaves the innermost block with a result if a condition holds. */
  #resultIf(result: number, cond: Expr): void {
    const { code } = this.#writer;
    code.i32(result);
    this.#writer.truth(cond);
    code.op(Op.brIf).unsigned(0).op(Op.drop);
  }
}

type Parts = [Expr, Expr, Expr, Expr];
