// Bounds of capabilities in generated code: decoded when first asked for, and kept beside the register as long as it keeps its value.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import type { Bounds, Format } from "../../../isa/semantics.ts";
import { constant, isConst, localOf, type Expr, type ExprArithmetic, type ExprWriter } from "./expr.ts";
import { boundsLocals, type BoundsLocals, type RegisterLocals } from "./registers.ts";
import { I32, I64, Op, VOID } from "./wasm.ts";

/** A capability as expressions. */
export class YExpr {
  readonly tag: Expr;
  readonly meta: Expr;
  readonly addr: Expr;
  /** Register whose value it is, or -1. */
  readonly register: number;
  /** A capability with the same metadata and another address. */
  readonly origin: YExpr | undefined;
  /** Its bounds where an instruction has asked for them: as expressions, and the locals that hold them. */
  bounds: Bounds<Expr> | undefined;
  locals: BoundsLocals | undefined;

  constructor(tag: Expr, meta: Expr, addr: Expr, register = -1, origin?: YExpr) {
    this.tag = tag;
    this.meta = meta;
    this.addr = addr;
    this.register = register;
    this.origin = origin;
  }
}

export interface KeptBoundsOptions {
  /** The pcc at the region's head; all of the region lies within its bounds. */
  readonly pccMeta: bigint;
  readonly headPc: bigint;
  readonly writer: ExprWriter;
  readonly registers: RegisterLocals;
  /** Index of the function `decode(meta: i64, addr: i64)` with the five results of BoundsLocals. */
  readonly decode: number;
}

type Machine = ExprArithmetic & Format & { readonly capabilityMode: boolean };

export class KeptBounds {
  /** Registers whose bounds are decoded for certain, in this block. */
  readonly decoded = new Set<number>();
  readonly #m: Machine;
  readonly #o: KeptBoundsOptions;
  readonly #writer: ExprWriter;
  readonly #registers: RegisterLocals;

  constructor(m: Machine, o: KeptBoundsOptions) {
    this.#m = m;
    this.#o = o;
    this.#writer = o.writer;
    this.#registers = o.registers;
  }

  /** Puts bounds in locals. */
  write(bounds: Bounds<Expr>, to: BoundsLocals): void {
    const { code } = this.#writer;
    for (const part of ["base", "top"] as const) {
      this.#writer.wide(bounds[part]);
      code.local(Op.localSet, to[part]);
    }
    for (const part of ["topHigh", "valid", "integral"] as const) {
      this.#writer.truth(bounds[part]);
      code.local(Op.localSet, to[part]);
    }
  }

  /** Bounds of a capability; emits what it takes to have them. */
  of(y: YExpr): Bounds<Expr> {
    if (isConst(y.meta) && isConst(y.addr)) return decodeBounds(this.#m, y.meta, y.addr);
    if (y.register > 0) {
      const locals = this.#registers.capability(y.register);
      this.#decodeOnce(y.register);
      return boundsIn(locals);
    }
    const locals = boundsLocals((type) => this.#writer.temporary(type as typeof I64));
    const addr = this.#writer.ready(y.addr);
    if (y.origin !== undefined) this.#boundsAtAnotherAddress(y, y.origin, addr, locals);
    else this.#decodeFresh(y.meta, addr, locals);
    y.locals = locals;
    return boundsIn(locals);
  }

  /** Decodes a register's bounds unless that was done. */
  #decodeOnce(r: number): void {
    if (this.decoded.has(r)) return;
    const { code } = this.#writer;
    const locals = this.#registers.capability(r);
    code.local(Op.localGet, locals.decoded).op(Op.i32Eqz).rarely(Op.if).byte(VOID);
    this.#decodeFresh(localOf(I64, locals.meta), localOf(I64, this.#registers.address(r)), locals);
    code.i32(1).local(Op.localSet, locals.decoded).op(Op.end);
    this.decoded.add(r);
  }

  /**
   * Bounds of equal metadata, decoded at another address, hold for this address too if it lies between them: the
   * representable range contains the bounds (#section_cap_representable_check).
   */
  #boundsAtAnotherAddress(y: YExpr, origin: YExpr, addr: Expr, locals: BoundsLocals): void {
    const { code } = this.#writer;
    const known = (origin.bounds ??= this.of(origin));
    const meta = this.#writer.ready(y.meta);
    this.write(known, locals);
    this.#writer.truth(this.#between(addr, known));
    code.op(Op.i32Eqz).rarely(Op.if).byte(VOID);
    this.#callDecode(meta, addr, locals);
    code.op(Op.end);
  }

  /** Most code pointers have the metadata of the pcc, sealed or not, and its bounds are at hand. */
  #decodeFresh(meta: Expr, addr: Expr, locals: BoundsLocals): void {
    if (!this.#m.capabilityMode) {
      this.#callDecode(meta, addr, locals);
      return;
    }
    const { code } = this.#writer;
    const word = this.#writer.ready(meta);
    const { pccMeta, headPc } = this.#o;
    const ours = decodeBounds(this.#m, constant(pccMeta), constant(headPc));
    const sameMeta = this.#m.eq(this.#m.or(word, constant(SEALED)), constant(pccMeta | SEALED));
    this.#writer.truth(this.#m.and(sameMeta, this.#between(addr, ours)));
    code.mostly(Op.if).byte(VOID);
    this.write(ours, locals);
    code.op(Op.else);
    this.#callDecode(word, addr, locals);
    code.op(Op.end);
  }

  #between(addr: Expr, { base, top, topHigh }: Bounds<Expr>): Expr {
    const notBelow = this.#m.eq(this.#m.ltu(addr, base), constant(0n));
    const notAbove = this.#m.eq(this.#m.ltu(top, addr), constant(0n));
    return this.#m.and(notBelow, this.#m.or(topHigh, notAbove));
  }

  #callDecode(meta: Expr, addr: Expr, locals: BoundsLocals): void {
    const { code } = this.#writer;
    this.#writer.wide(meta);
    this.#writer.wide(addr);
    code.call(this.#o.decode);
    for (const part of ["integral", "valid", "topHigh", "top", "base"] as const) code.local(Op.localSet, locals[part]);
  }
}

function boundsIn(locals: BoundsLocals): Bounds<Expr> {
  return {
    base: localOf(I64, locals.base),
    top: localOf(I64, locals.top),
    topHigh: localOf(I32, locals.topHigh),
    valid: localOf(I32, locals.valid),
    integral: localOf(I32, locals.integral),
  };
}
