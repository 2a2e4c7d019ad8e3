// The arithmetic half of the algebra on WebAssembly: a value is an expression, folded while it is built and emitted when used.
//
// A condition is an i32 in WebAssembly and a 64-bit value to the algebra. An expression knows which of the two it is, and is
// converted only where the other is wanted, so that a comparison that ends in a branch stays a comparison.
import type { Arithmetic } from "../../../isa/semantics.ts";
import { BigintArithmetic } from "../bigint.ts";
import { Code, I32, I64, Op, type ValueType } from "./wasm.ts";

type Kind = "const" | "local" | "unary" | "binary" | "select" | "let";

/** An expression of type i64, or a condition of type i32 that is 0 or 1. It has no effect, and is not changed. */
export class Expr {
  readonly kind: Kind;
  readonly type: typeof I32 | typeof I64;
  readonly opcode: number;
  readonly a: Expr | undefined;
  readonly b: Expr | undefined;
  /** Condition of a select. */
  readonly condition: Expr | undefined;
  /** Of a constant. */
  readonly value: bigint;
  /** Index of a local; of a let, -1 until its value was first emitted. */
  local: number;

  constructor(
    kind: Kind,
    type: typeof I32 | typeof I64,
    o: { opcode?: number; a?: Expr; b?: Expr; condition?: Expr; value?: bigint; local?: number },
  ) {
    this.kind = kind;
    this.type = type;
    this.opcode = o.opcode ?? 0;
    this.a = o.a;
    this.b = o.b;
    this.condition = o.condition;
    this.value = o.value ?? 0n;
    this.local = o.local ?? -1;
  }
}

const numbers = new BigintArithmetic();
/** Arms of a select that take so many instructions are computed only where they are chosen. */
const COSTLY_STEPS = 16;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const XLEN = 64;
const MOST_NEGATIVE = 1n << 63n;

const ZERO = new Expr("const", I64, { value: 0n });
const ONE = new Expr("const", I64, { value: 1n });

export const constant = (value: bigint): Expr =>
  value === 0n ? ZERO : value === 1n ? ONE : new Expr("const", I64, { value: numbers.const(value) });
export const localOf = (type: typeof I32 | typeof I64, local: number): Expr => new Expr("local", type, { local });
const unary = (opcode: number, a: Expr): Expr => new Expr("unary", I64, { opcode, a });
const binary = (opcode: number, a: Expr, b: Expr): Expr => new Expr("binary", I64, { opcode, a, b });
/** A condition computed by an instruction that gives an i32. */
export const condition = (opcode: number, a: Expr, b?: Expr): Expr =>
  b === undefined ? new Expr("unary", I32, { opcode, a }) : new Expr("binary", I32, { opcode, a, b });

export const isConst = (e: Expr): boolean => e.kind === "const";
const is = (e: Expr, value: bigint): boolean => e.kind === "const" && e.value === value;
const isTruth = (e: Expr): boolean => e.kind === "const" && e.value <= 1n;
const isCondition = (e: Expr): boolean => e.type === I32;

/** The opposite of comparisons that have one. */
const OPPOSITE: ReadonlyMap<number, number> = new Map([
  [Op.i64Eq, Op.i64Ne],
  [Op.i64Ne, Op.i64Eq],
  [Op.i64LtS, Op.i64GeS],
  [Op.i64GeS, Op.i64LtS],
  [Op.i64LtU, Op.i64GeU],
  [Op.i64GeU, Op.i64LtU],
]);

/** `Arithmetic` on expressions. */
export class ExprArithmetic implements Arithmetic<Expr> {
  const(n: bigint): Expr {
    return constant(n);
  }

  add(a: Expr, b: Expr): Expr {
    if (is(b, 0n)) return a;
    if (is(a, 0n)) return b;
    return this.#fold("add", Op.i64Add, a, b);
  }
  sub(a: Expr, b: Expr): Expr {
    return is(b, 0n) ? a : this.#fold("sub", Op.i64Sub, a, b);
  }
  mul(a: Expr, b: Expr): Expr {
    return this.#fold("mul", Op.i64Mul, a, b);
  }

  /** WebAssembly has no high product: it is put together from products of 32-bit halves (Hacker's Delight, 8-2). */
  mulhu(first: Expr, second: Expr): Expr {
    if (isConst(first) && isConst(second)) return constant(numbers.mulhu(first.value, second.value));
    const [a, b] = [this.let(first), this.let(second)];
    const half = constant(32n);
    const [aLow, aHigh] = [this.let(this.zext(a, 32)), this.let(this.shr(a, half))];
    const [bLow, bHigh] = [this.let(this.zext(b, 32)), this.let(this.shr(b, half))];
    const t = this.let(this.add(this.mul(aHigh, bLow), this.shr(this.mul(aLow, bLow), half)));
    const u = this.add(this.mul(aLow, bHigh), this.zext(t, 32));
    return this.add(this.add(this.mul(aHigh, bHigh), this.shr(t, half)), this.shr(u, half));
  }
  /** A negative operand counts 2^64 too much when it is taken as unsigned. */
  mulhsu(first: Expr, second: Expr): Expr {
    const [a, b] = [this.let(first), this.let(second)];
    return this.sub(this.mulhu(a, b), this.and(this.sar(a, constant(63n)), b));
  }
  mulh(first: Expr, second: Expr): Expr {
    const [a, b] = [this.let(first), this.let(second)];
    return this.sub(this.mulhsu(a, b), this.and(this.sar(b, constant(63n)), a));
  }

  // WebAssembly traps where RISC-V defines a result: there the divisor is replaced by 1, and the result where that is wrong.

  div(first: Expr, second: Expr): Expr {
    const [a, b] = [this.let(first), this.let(second)];
    if (isConst(a) && isConst(b)) return constant(numbers.div(a.value, b.value));
    const byZero = this.let(this.eq(b, ZERO));
    const overflow = this.and(this.eq(a, constant(MOST_NEGATIVE)), this.eq(b, constant(ALL_ONES)));
    const safe = this.select(this.or(byZero, overflow), ONE, b);
    return this.select(byZero, constant(ALL_ONES), binary(Op.i64DivS, this.#wide(a), this.#wide(safe)));
  }
  divu(first: Expr, second: Expr): Expr {
    const [a, b] = [this.let(first), this.let(second)];
    if (isConst(a) && isConst(b)) return constant(numbers.divu(a.value, b.value));
    const byZero = this.let(this.eq(b, ZERO));
    const quotient = binary(Op.i64DivU, this.#wide(a), this.#wide(this.select(byZero, ONE, b)));
    return this.select(byZero, constant(ALL_ONES), quotient);
  }
  rem(a: Expr, b: Expr): Expr {
    return this.#remainder("rem", Op.i64RemS, a, b);
  }
  remu(a: Expr, b: Expr): Expr {
    return this.#remainder("remu", Op.i64RemU, a, b);
  }

  and(a: Expr, b: Expr): Expr {
    if (is(a, 0n) || is(b, ALL_ONES)) return a;
    if (is(b, 0n) || is(a, ALL_ONES)) return b;
    if (isCondition(a) && isConst(b)) return (b.value & 1n) === 1n ? a : ZERO;
    if (isCondition(b) && isConst(a)) return this.and(b, a);
    if (isCondition(a) && isCondition(b)) return condition(Op.i32And, a, b);
    return this.#fold("and", Op.i64And, a, b);
  }
  or(a: Expr, b: Expr): Expr {
    if (is(a, 0n)) return b;
    if (is(b, 0n)) return a;
    if (isCondition(a) && isCondition(b)) return condition(Op.i32Or, a, b);
    if ((is(a, 1n) && isCondition(b)) || (is(b, 1n) && isCondition(a))) return ONE;
    return this.#fold("or", Op.i64Or, a, b);
  }
  xor(a: Expr, b: Expr): Expr {
    if (is(a, 0n)) return b;
    if (is(b, 0n)) return a;
    if (is(b, 1n) && isCondition(a)) return this.#not(a);
    if (is(a, 1n) && isCondition(b)) return this.#not(b);
    if (isCondition(a) && isCondition(b)) return condition(Op.i32Xor, a, b);
    return this.#fold("xor", Op.i64Xor, a, b);
  }

  shl(a: Expr, amount: Expr): Expr {
    return is(amount, 0n) ? a : this.#fold("shl", Op.i64Shl, a, amount);
  }
  shr(a: Expr, amount: Expr): Expr {
    return is(amount, 0n) ? a : this.#fold("shr", Op.i64ShrU, a, amount);
  }
  sar(a: Expr, amount: Expr): Expr {
    return is(amount, 0n) ? a : this.#fold("sar", Op.i64ShrS, a, amount);
  }

  eq(a: Expr, b: Expr): Expr {
    if (isConst(a) && isConst(b)) return constant(numbers.eq(a.value, b.value));
    if (isConst(a)) return this.eq(b, a);
    if (is(b, 0n)) return isCondition(a) ? this.#not(a) : condition(Op.i64Eqz, a);
    if (isCondition(a) && isTruth(b)) return a;
    if (isCondition(a) && isCondition(b)) return condition(Op.i32Eq, a, b);
    return condition(Op.i64Eq, this.#wide(a), this.#wide(b));
  }
  ltu(a: Expr, b: Expr): Expr {
    if (isConst(a) && isConst(b)) return constant(numbers.ltu(a.value, b.value));
    if (is(b, 0n)) return ZERO;
    return condition(Op.i64LtU, this.#wide(a), this.#wide(b));
  }
  lts(a: Expr, b: Expr): Expr {
    if (isConst(a) && isConst(b)) return constant(numbers.lts(a.value, b.value));
    return condition(Op.i64LtS, this.#wide(a), this.#wide(b));
  }

  select(cond: Expr, a: Expr, b: Expr): Expr {
    if (isConst(cond)) return cond.value !== 0n ? a : b;
    if (a === b) return a;
    if (isCondition(cond) && is(a, 1n) && is(b, 0n)) return cond;
    if (isCondition(cond) && is(a, 0n) && is(b, 1n)) return this.#not(cond);
    if (isCondition(a) && isCondition(b)) return new Expr("select", I32, { condition: cond, a, b });
    return new Expr("select", I64, { condition: cond, a: this.#wide(a), b: this.#wide(b) });
  }

  sext(a: Expr, bits: number): Expr {
    if (isConst(a)) return constant(numbers.sext(a.value, bits));
    const wide = this.#wide(a);
    if (bits === 8) return unary(Op.i64Extend8S, wide);
    if (bits === 16) return unary(Op.i64Extend16S, wide);
    if (bits === 32) return unary(Op.i64Extend32S, wide);
    const unused = constant(BigInt(XLEN - bits));
    return this.sar(this.shl(wide, unused), unused);
  }
  zext(a: Expr, bits: number): Expr {
    return isCondition(a) && bits > 0 ? a : this.and(a, constant((1n << BigInt(bits)) - 1n));
  }
  clz(a: Expr): Expr {
    return isConst(a) ? constant(numbers.clz(a.value)) : unary(Op.i64Clz, this.#wide(a));
  }
  ctz(a: Expr): Expr {
    return isConst(a) ? constant(numbers.ctz(a.value)) : unary(Op.i64Ctz, this.#wide(a));
  }
  popcount(a: Expr): Expr {
    return isConst(a) ? constant(numbers.popcount(a.value)) : unary(Op.i64Popcnt, this.#wide(a));
  }

  /** The value goes to a local when it is first emitted, and is taken from there afterwards. */
  let(a: Expr): Expr {
    if (a.kind === "const" || a.kind === "local" || a.kind === "let") return a;
    return new Expr("let", a.type, { a });
  }

  #not(a: Expr): Expr {
    if (isConst(a)) return constant(a.value ^ 1n);
    const opposite = a.kind === "binary" ? OPPOSITE.get(a.opcode) : undefined;
    if (opposite !== undefined) return condition(opposite, a.a!, a.b);
    if (a.kind === "unary" && a.opcode === Op.i32Eqz) return a.a!;
    return condition(Op.i32Eqz, a);
  }

  #remainder(name: "rem" | "remu", opcode: number, first: Expr, second: Expr): Expr {
    const [a, b] = [this.let(first), this.let(second)];
    if (isConst(a) && isConst(b)) return constant(numbers[name](a.value, b.value));
    const byZero = this.let(this.eq(b, ZERO));
    const remainder = binary(opcode, this.#wide(a), this.#wide(this.select(byZero, ONE, b)));
    return this.select(byZero, a, remainder);
  }

  #fold(
    name: "add" | "sub" | "mul" | "and" | "or" | "xor" | "shl" | "shr" | "sar",
    opcode: number,
    a: Expr,
    b: Expr,
  ): Expr {
    if (isConst(a) && isConst(b)) return constant(numbers[name](a.value, b.value));
    return binary(opcode, this.#wide(a), this.#wide(b));
  }

  #wide(a: Expr): Expr {
    return isCondition(a) ? unary(Op.i64ExtendI32U, a) : a;
  }
}

/** Emits expressions into a function's code. */
export class ExprWriter {
  /** Where to; a new one for each block. */
  code = new Code();
  readonly #newLocal: (type: ValueType) => number;
  /** Locals that hold nothing any more, by type. */
  readonly #free: Record<number, number[]> = { [I32]: [], [I64]: [] };
  readonly #used: { type: ValueType; local: number }[] = [];
  /** Lets emitted in the arm of a select that is not always computed. */
  #inArm: Expr[] | undefined;

  constructor(newLocal: (type: ValueType) => number) {
    this.#newLocal = newLocal;
  }

  /** A local for a value of this instruction. */
  temporary(type: typeof I32 | typeof I64): number {
    const local = this.#free[type]!.pop() ?? this.#newLocal(type);
    this.#used.push({ type, local });
    return local;
  }

  /** The instruction is over: what its temporaries hold is not wanted any more, and its lets are dead. */
  releaseTemporaries(): void {
    for (const { type, local } of this.#used) this.#free[type]!.push(local);
    this.#used.length = 0;
  }

  /** Leaves the value as an i64 on the stack. */
  wide(e: Expr): void {
    this.#emit(e);
    if (e.type === I32) this.code.op(Op.i64ExtendI32U);
  }

  /** Leaves a condition as an i32 on the stack. */
  truth(e: Expr): void {
    if (e.kind === "const") {
      this.code.i32(Number(e.value & 1n));
      return;
    }
    this.#emit(e);
    if (e.type === I64) this.code.op(Op.i32WrapI64);
  }

  /** Has the value in a local of its own (or constant), which later writes to registers do not change. */
  settle(e: Expr): Expr {
    if (e.kind === "const" || e.kind === "let") {
      if (e.kind === "let" && e.local < 0) {
        this.#emit(e);
        this.code.byte(DROP);
      }
      return e;
    }
    const local = this.temporary(e.type);
    this.#emit(e);
    this.code.local(Op.localSet, local);
    return localOf(e.type, local);
  }

  /** Has the value computed here, so that it can be used in code that is not always executed. Valid until registers change. */
  ready(e: Expr): Expr {
    return e.kind === "local" ? e : this.settle(e);
  }

  #emit(e: Expr): void {
    const { code } = this;
    switch (e.kind) {
      case "const":
        code.i64(e.value);
        return;
      case "local":
        code.local(Op.localGet, e.local);
        return;
      case "unary":
        this.#emit(e.a!);
        code.op(e.opcode);
        return;
      case "binary":
        this.#emit(e.a!);
        this.#emit(e.b!);
        code.op(e.opcode);
        return;
      case "select":
        if (this.#isCostly(e.a!) || this.#isCostly(e.b!)) return this.#emitEither(e);
        this.#emit(e.a!);
        this.#emit(e.b!);
        this.truth(e.condition!);
        code.op(Op.select);
        return;
      case "let":
        if (e.local >= 0) {
          code.local(Op.localGet, e.local);
          return;
        }
        this.#emit(e.a!);
        e.local = this.temporary(e.type);
        code.local(Op.localTee, e.local);
        this.#inArm?.push(e);
    }
  }

  /** A select of which only one arm is computed. */
  #emitEither({ type, condition: choice, a, b }: Expr): void {
    const { code } = this;
    this.truth(choice!);
    code.op(Op.if).byte(type);
    this.#emitArm(a!);
    code.op(Op.else);
    this.#emitArm(b!);
    code.op(Op.end);
  }

  /** What is computed in an arm is not at hand behind it. */
  #emitArm(e: Expr): void {
    const outer = this.#inArm;
    const lets: Expr[] = (this.#inArm = []);
    this.#emit(e);
    for (const let_ of lets) let_.local = -1;
    this.#inArm = outer;
  }

  /** Does it take more to compute than a branch that goes the wrong way now and then? */
  #isCostly(e: Expr): boolean {
    return this.#stepsOf(e, COSTLY_STEPS) >= COSTLY_STEPS;
  }

  /** Instructions that computing a value takes, up to a number that matters. */
  #stepsOf(e: Expr | undefined, most: number): number {
    if (e === undefined || e.kind === "const" || e.kind === "local" || (e.kind === "let" && e.local >= 0)) return 0;
    let steps = e.kind === "let" ? 0 : 1;
    for (const part of [e.a, e.b, e.condition]) if (steps < most) steps += this.#stepsOf(part, most - steps);
    return steps;
  }
}

const DROP = 0x1a;
