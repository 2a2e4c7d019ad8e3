// Bounds of capabilities in operations: windows that were decoded lately are looked up inline, others by the functions that regions call.
import { decodeBounds, keepsTagAt } from "../../../isa/cap/bounds.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import type { Bounds, Capabilities } from "../../../isa/semantics.ts";
import { windowSlot } from "./bounds-module.ts";
import { takeBounds, type Window, type YExpr } from "./bounds.ts";
import { constant, isConst, localOf, type Expr, type ExprArithmetic, type ExprWriter } from "./expr.ts";
import { WINDOW_MEMO } from "./layout.ts";
import { SHARED_CALLS } from "./runtime.ts";
import { I32, I64, Op, VOID } from "./wasm.ts";

type Machine = ExprArithmetic & Capabilities<Expr, YExpr>;

export class OperationBounds {
  readonly #m: Machine;
  readonly #writer: ExprWriter;

  constructor(m: Machine, writer: ExprWriter) {
    this.#m = m;
    this.#writer = writer;
  }

  /** Bounds as they are. */
  of({ meta, addr }: YExpr): Bounds<Expr> {
    if (isConst(meta) && isConst(addr)) return decodeBounds(this.#m, meta, addr);
    for (const part of [meta, addr]) this.#writer.wide(part);
    this.#writer.code.callThroughTable(SHARED_CALLS.decode);
    return takeBounds(this.#writer);
  }

  /**
   * Does the window of a capability hold an access within 2 KiB of its address, as far as immediates reach? Of one that wraps, which crosses
   * pages, it may be said. A window that the memo has for the metadata and that holds the access is the capability's own: addresses
   * go on to have the same bounds for 4 KiB and more below them and above (`MW` of isa/cap/bounds.ts).
   */
  holds({ meta, addr: at }: YExpr, address: Expr, bytes: number): Expr {
    const m = this.#m;
    const writer = this.#writer;
    const addr = writer.ready(address);
    const last = writer.ready(m.add(addr, constant(BigInt(bytes - 1))));
    const inside = ({ base, top }: Window): Expr => m.and(m.eq(m.ltu(addr, base), constant(0n)), m.ltu(last, top));
    return this.#either(inside, meta, () => {
      for (const part of [meta, at]) writer.wide(part);
      writer.code.callThroughTable(SHARED_CALLS.window);
      const [top, base] = [writer.temporary(I64), writer.temporary(I64)];
      writer.code.local(Op.localSet, top).local(Op.localSet, base);
      writer.truth(inside({ base: localOf(I64, base), top: localOf(I64, top) }));
    });
  }

  /** `keepsTagAt` of isa/cap/bounds.ts for what has a tag; 0 of what has none. */
  keepsTagAt(y: YExpr, address: Expr): Expr {
    if (isConst(y.meta)) return keepsTagAt(this.#m, y, address);
    const m = this.#m;
    const { code } = this.#writer;
    const [tag, meta, was, addr] = [y.tag, y.meta, y.addr, address].map((part) => this.#writer.ready(part)) as Parts;
    const unsealed = m.and(tag, m.eq(m.and(meta, constant(SEALED)), constant(0n)));
    return this.#either(
      (window) => m.and(unsealed, m.and(isBetween(m, was, window), isBetween(m, addr, window))),
      meta,
      () => {
        this.#writer.truth(tag);
        code.op(Op.if).byte(I32);
        for (const part of [meta, was, addr]) this.#writer.wide(part);
        code.callThroughTable(SHARED_CALLS.keepsTag).op(Op.else).i32(0).op(Op.end);
      },
    );
  }

  /** 1 where the memo has the window of some metadata, and a condition on it holds; else the i32 that `ask` leaves. */
  #either(holds: (window: Window) => Expr, meta: Expr, ask: () => void): Expr {
    const writer = this.#writer;
    const { code } = writer;
    const slot = writer.temporary(I32);
    windowSlot(this.#m, writer, meta);
    code.local(Op.localTee, slot).memory(Op.i64Load, WINDOW_MEMO.meta);
    writer.wide(meta);
    code.op(Op.i64Eq);
    const [base, top] = [WINDOW_MEMO.base, WINDOW_MEMO.top].map((at) => {
      const part = writer.temporary(I64);
      code.local(Op.localGet, slot).memory(Op.i64Load, at).local(Op.localSet, part);
      return localOf(I64, part);
    }) as [Expr, Expr];
    writer.truth(holds({ base, top }));
    const result = writer.temporary(I32);
    code.op(Op.i32And).local(Op.localTee, result).op(Op.i32Eqz).rarely(Op.if).byte(VOID);
    ask();
    code.local(Op.localSet, result).op(Op.end);
    return localOf(I32, result);
  }
}

/** May an address be that of a capability which has a window, and a tag? */
function isBetween(m: ExprArithmetic, addr: Expr, { base, top }: Window): Expr {
  return m.and(m.eq(m.ltu(addr, base), constant(0n)), m.eq(m.ltu(top, addr), constant(0n)));
}

type Parts = [Expr, Expr, Expr, Expr];
