// Checks before an instruction: each condition is a branch, and none is looked at that is known to hold.
import { constant, type Expr, type ExprArithmetic, type ExprWriter } from "./expr.ts";
import type { Known } from "./known.ts";
import { Op, VOID } from "./wasm.ts";

export class Checks {
  readonly #m: ExprArithmetic;
  readonly #writer: ExprWriter;
  readonly #known: Known;
  /** Emits an exit before the instruction, within `depth` blocks that it has opened. */
  readonly #exit: (depth: number) => void;

  constructor(m: ExprArithmetic, writer: ExprWriter, known: Known, exit: (depth: number) => void) {
    this.#m = m;
    this.#writer = writer;
    this.#known = known;
    this.#exit = exit;
  }

  /** Exits where a condition is not 1. */
  require(cond: Expr): void {
    const needed = conditionsOf(cond).filter((c) => !this.#known.has(c));
    this.exitUnless(needed, 0);
    for (const c of needed) this.#known.note(c);
  }

  /** Emits an exit where one of the conditions is not 1, within `depth` blocks that the instruction has opened. */
  exitUnless(conds: readonly Expr[], depth: number): void {
    if (conds.length === 0) return;
    const { code } = this.#writer;
    code.op(Op.block).byte(VOID).op(Op.block).byte(VOID);
    for (const c of conds.slice(0, -1)) {
      this.#writer.truth(this.#m.eq(c, constant(0n)));
      code.rarely(Op.brIf).unsigned(0);
    }
    this.#writer.truth(conds.at(-1)!);
    code.mostly(Op.brIf).unsigned(1).op(Op.end);
    this.#exit(depth + 1);
    code.op(Op.end);
  }
}

/** Conditions all of which have to be 1 for one to be. */
function conditionsOf(cond: Expr): Expr[] {
  const all = cond.kind === "binary" && cond.opcode === Op.i32And;
  return all ? [...conditionsOf(cond.a!), ...conditionsOf(cond.b!)] : [cond];
}
