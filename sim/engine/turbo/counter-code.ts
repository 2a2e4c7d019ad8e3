// The clock and the count of retired instructions in generated code, as the counters' registers show them.
//
// A register is read as it stands when its instruction begins, before that is fetched. So the instruction is the first of its block, and
// what the clock and the budget are there is kept where the block begins.
import type { Clock } from "../../machine/hart.ts";
import type { Op as Operation } from "../code.ts";
import type { Csrs } from "../../machine/csrs.ts";
import { localOf, type Expr, type ExprWriter } from "./expr.ts";
import { STATE } from "./layout.ts";
import { BUDGET } from "./runtime.ts";
import { I32, I64, Op, type Code, type ValueType } from "./wasm.ts";

export class CounterCode {
  readonly #csrs: Csrs;
  readonly #writer: ExprWriter;
  /** Local with the clock where the block begins; none without timing, as each instruction takes one cycle then. */
  readonly #clock: number | undefined;
  /** Local with what the budget was before the block was charged. */
  readonly #budget: number;

  constructor(csrs: Csrs, writer: ExprWriter, newLocal: (type: ValueType) => number, timed: boolean) {
    this.#csrs = csrs;
    this.#writer = writer;
    this.#clock = timed ? newLocal(I64) : undefined;
    this.#budget = newLocal(I32);
  }

  /** Does an instruction read a counter, or write one? */
  concerns({ operands }: Operation): boolean {
    return "csr" in operands && this.#csrs.counter(operands["csr"] as number) !== undefined;
  }

  /** Before the block is charged. */
  keepBudget(code: Code): void {
    code.local(Op.localGet, BUDGET).local(Op.localSet, this.#budget);
  }

  /** Where it begins: the clock is in a local. */
  keepClock(clock: number): void {
    this.#writer.code.local(Op.localGet, clock).op(Op.i64TruncF64S).local(Op.localSet, this.#clock!);
  }

  /** Where a clock stands. */
  read(counts: keyof Clock): Expr {
    if (counts === "now" && this.#clock !== undefined) return localOf(I64, this.#clock);
    const { code } = this.#writer;
    const value = this.#writer.temporary(I64);
    code.i32(0).memory(Op.f64Load, STATE[counts]).op(Op.i64TruncF64S);
    code.local(Op.localGet, this.#budget).op(Op.i64ExtendI32U).op(Op.i64Sub);
    // Traps were charged, too, and have taken their time.
    if (counts === "retired") code.i32(0).memory(Op.i32Load, STATE.traps).op(Op.i64ExtendI32U).op(Op.i64Sub);
    code.local(Op.localSet, value);
    return localOf(I64, value);
  }
}
