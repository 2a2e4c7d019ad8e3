// The hart's held state in generated code: loads and stores of linear memory.
import { HELD_PART, type HeldAt, type HeldState } from "../../machine/held.ts";
import { YExpr } from "./bounds.ts";
import { constant, localOf, type Expr, type ExprWriter } from "./expr.ts";
import { HELD_AT } from "./layout.ts";
import { I64, Op } from "./wasm.ts";

type Part = keyof typeof HELD_PART;

export class HeldCode implements HeldState<Expr, YExpr> {
  readonly #writer: ExprWriter;
  /** The ISA has capabilities: a register that holds one has metadata and a tag. */
  readonly #tagged: boolean;

  constructor(writer: ExprWriter, tagged: boolean) {
    this.#writer = writer;
    this.#tagged = tagged;
  }

  x(at: HeldAt): Expr {
    return this.#load(at, "addr");
  }
  setX(at: HeldAt, value: Expr): void {
    this.#store(at, "addr", value);
  }

  y(at: HeldAt): YExpr {
    const zero = constant(0n);
    const [meta, tag] = this.#tagged ? [this.#load(at, "meta"), this.#load(at, "tag")] : [zero, zero];
    return new YExpr(tag, meta, this.#load(at, "addr"));
  }
  setY(at: HeldAt, value: YExpr): void {
    const parts: readonly Part[] = this.#tagged ? ["addr", "meta", "tag"] : ["addr"];
    for (const part of parts) this.#store(at, part, value[part]);
  }

  #load(at: HeldAt, part: Part): Expr {
    const to = this.#writer.temporary(I64);
    this.#writer.code
      .i32(0)
      .memory(Op.i64Load, HELD_AT + at + HELD_PART[part])
      .local(Op.localSet, to);
    return localOf(I64, to);
  }

  #store(at: HeldAt, part: Part, value: Expr): void {
    this.#writer.code.i32(0);
    this.#writer.wide(value);
    this.#writer.code.memory(Op.i64Store, HELD_AT + at + HELD_PART[part]);
  }
}
