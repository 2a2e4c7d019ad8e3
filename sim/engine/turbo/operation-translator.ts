// The algebra by which an instruction's meaning, run once, writes the function of all instructions of its shape (operations.ts).
//
// Registers and the immediate are read from the instruction's record. Registers are written last, when nothing can trap any more.
import type { Operands } from "../../../isa/insn.ts";
import type { Bounds, Semantics } from "../../../isa/semantics.ts";
import { YExpr } from "./bounds.ts";
import { UNTRANSLATABLE, untranslatable } from "./emit.ts";
import { constant, isConst, localOf, type Expr, type ExprWriter } from "./expr.ts";
import { META_AT, NO_REGISTER, OPERATION, STATE, TAG_AT, X_AT } from "./layout.ts";
import { MemoryTranslator } from "./memory-translator.ts";
import { OperationBounds } from "./operation-bounds.ts";
import { I32, I64, Op, VOID, type Code } from "./wasm.ts";

/** What the function of an operation takes: the place of the record. */
const RECORD = 0;

/** What the function of an operation gives. */
export const Outcome = {
  /** Execution goes on behind the instruction. */
  done: 0,
  /** It goes on at STATE.next; */
  jumped: 1,
  /** with metadata STATE.nextMeta. */
  jumpedWithMeta: 2,
  /** JavaScript has to execute the instruction: nothing has changed. */
  left: 3,
} as const;

/** Thrown where a meaning does more with an immediate than pass it to `const`: the function has to be that of its value. */
export const DEPENDS_ON_IMMEDIATE = Symbol("depends on immediate");

/**
 * Stands for any immediate but 0, which meanings may compare with. It can be passed on; what computes with it learns that it cannot.
 */
const IMMEDIATE = {
  [Symbol.toPrimitive]: (): never => {
    throw DEPENDS_ON_IMMEDIATE;
  },
} as unknown as bigint;

/** Numbers that stand for the registers of the record, in the order of its fields; others are what they say. */
const RECORDED = NO_REGISTER + 1;
const FIELDS = ["rd", "rs1", "rs2"] as const;

/** The function is that of any immediate but 0, or of the value that there is. */
export type Immediate = "any" | "as it is";

/** Operands that stand for any of the same shape. Meanings pass register numbers on, but CSR instructions and SFENCE.VMA. */
export function standIns(operands: Operands<string>, immediate: Immediate): Operands<string> {
  const standIn = (field: string, value: number | bigint): number | bigint => {
    const register = (FIELDS as readonly string[]).indexOf(field);
    if (register >= 0) return RECORDED + register;
    return typeof value === "bigint" && immediate === "any" ? IMMEDIATE : value;
  };
  return Object.fromEntries(
    Object.entries(operands).map(([field, value]) => [field, standIn(field, value)]),
  ) as Operands<string>;
}

export interface OperationTranslatorOptions {
  readonly capabilityMode: boolean;
  /** The ISA has capabilities: an integer written to a register clears metadata and tag. */
  readonly tagged: boolean;
  readonly zylevels1: boolean;
  readonly instructionAlignment: 2 | 4;
  readonly writer: ExprWriter;
  /** Of the instruction. */
  readonly bytes: number;
}

export class OperationTranslator extends MemoryTranslator implements Semantics<Expr, YExpr> {
  readonly capabilityMode: boolean;
  readonly zylevels1: boolean;
  /** Machines with Zyhybrid run on the reference engine. */
  readonly zyhybrid = false;
  readonly ddc = undefined;
  readonly #o: OperationTranslatorOptions;
  readonly #bounds: OperationBounds;
  /** What the function gives if it gets to its end: a number, or a condition. */
  #outcome: number | Expr = Outcome.done;
  /** What has been read, by the linear address or the field of the record. */
  readonly #read = new Map<string, Expr>();

  constructor(o: OperationTranslatorOptions) {
    super(o.writer);
    this.#o = o;
    this.#bounds = new OperationBounds(this, o.writer);
    this.capabilityMode = o.capabilityMode;
    this.zylevels1 = o.zylevels1;
  }

  /** Leaves the instruction to JavaScript. */
  leave(): void {
    this.writer.code.i32(Outcome.left).op(Op.return);
  }

  /** The function ends. */
  end(): void {
    if (typeof this.#outcome === "number") this.writer.code.i32(this.#outcome);
    else this.writer.truth(this.#outcome);
  }

  override const(n: bigint): Expr {
    if (n !== IMMEDIATE) return super.const(n);
    return this.#once("imm", I64, () => this.writer.code.local(Op.localGet, RECORD).memory(Op.i64Load, OPERATION.imm));
  }

  get pc(): Expr {
    return this.#state("pc");
  }
  get nextPc(): Expr {
    return this.add(this.pc, constant(BigInt(this.#o.bytes)));
  }
  get pcc(): YExpr {
    const one = constant(1n);
    return new YExpr(one, this.capabilityMode ? this.#state("meta") : constant(0n), this.pc);
  }

  // Registers

  x(r: number): Expr {
    if (r === 0) return constant(0n);
    return this.#once(`x${r}`, I64, () => this.#register(r, 0).memory(Op.i64Load, X_AT));
  }

  setX(r: number, value: Expr): void {
    if (r === 0) return;
    const { tagged } = this.#o;
    this.#storeX(r, value);
    if (!tagged) return;
    this.#register(r, 0).i64(0n).memory(Op.i64Store, META_AT);
    this.#register(r, 1).i32(0).memory(Op.i32Store, TAG_AT);
  }

  y(r: number): YExpr {
    const addr = this.x(r);
    const zero = constant(0n);
    if (r === 0 || !this.#o.tagged) return new YExpr(zero, zero, addr);
    const meta = this.#once(`meta${r}`, I64, () => this.#register(r, 0).memory(Op.i64Load, META_AT));
    const tag = this.#once(`tag${r}`, I32, () => this.#register(r, 1).memory(Op.i32Load, TAG_AT));
    return new YExpr(tag, meta, addr);
  }

  setY(r: number, value: YExpr): void {
    if (r === 0) return;
    if (!this.#o.tagged) return this.setX(r, value.addr);
    const { code } = this.writer;
    this.#storeX(r, value.addr);
    this.#register(r, 0);
    this.writer.wide(value.meta);
    code.memory(Op.i64Store, META_AT);
    this.#register(r, 1);
    this.writer.truth(value.tag);
    code.memory(Op.i32Store, TAG_AT);
  }

  #storeX(r: number, value: Expr): void {
    this.#register(r, 0);
    this.writer.wide(value);
    this.writer.code.memory(Op.i64Store, X_AT);
  }

  /** Leaves how far a register's place is behind that of the first, shifted right: places of tags are half as long. */
  #register(r: number, shift: 0 | 1): Code {
    const { code } = this.writer;
    if (r < RECORDED) return code.i32((8 * r) >>> shift);
    const offset = this.#once(FIELDS[r - RECORDED]!, I32, () =>
      code.local(Op.localGet, RECORD).memory(Op.i32Load, OPERATION[FIELDS[r - RECORDED]!]),
    );
    code.local(Op.localGet, offset.local);
    return shift === 0 ? code : code.i32(shift).op(Op.i32ShrU);
  }

  #state(word: "pc" | "meta"): Expr {
    return this.#once(word, I64, () => this.writer.code.i32(0).memory(Op.i64Load, STATE[word]));
  }

  /** A local that holds what is read once: nothing of it changes before the end. */
  #once(name: string, type: typeof I32 | typeof I64, read: () => void): Expr {
    let known = this.#read.get(name);
    if (known === undefined) {
      read();
      known = localOf(type, this.writer.temporary(type));
      this.writer.code.local(Op.localSet, known.local);
      this.#read.set(name, known);
    }
    return known;
  }

  // Capabilities

  cap(tag: Expr, meta: Expr, addr: Expr): YExpr {
    return new YExpr(this.let(tag), this.let(meta), this.let(addr));
  }

  keepTagIf({ tag, meta, addr }: YExpr, cond: Expr): YExpr {
    return this.cap(this.and(tag, cond), meta, addr);
  }

  selectY(cond: Expr, a: YExpr, b: YExpr): YExpr {
    const choice = this.let(cond);
    const pick = (x: Expr, y: Expr): Expr => this.select(choice, x, y);
    return this.cap(pick(a.tag, b.tag), pick(a.meta, b.meta), pick(a.addr, b.addr));
  }

  bounds(y: YExpr): Bounds<Expr> {
    return this.#bounds.of(y);
  }
  /** 0 is said of what has no tag. */
  keepsTagAt(y: YExpr, address: Expr): Expr {
    return this.#bounds.keepsTagAt(y, address);
  }
  /** Leaves where it is 0. */
  holds(authority: YExpr, address: Expr, bytes: number): Expr {
    if (isConst(authority.meta)) return constant(0n);
    this.#leaveIf(this.eq(this.#bounds.holds(authority, address, bytes), constant(0n)));
    return constant(1n);
  }

  // Control

  trapIf(cond: Expr): void {
    if (!isConst(cond)) this.#leaveIf(cond);
    else if (cond.value !== 0n) throw UNTRANSLATABLE;
  }

  jump(target: Expr): void {
    const addr = this.writer.ready(target);
    this.#leaveIfMisaligned(addr);
    this.#goTo("next", addr);
    this.#outcome = Outcome.jumped;
  }

  jumpIf(cond: Expr, target: Expr): void {
    const [taken, addr] = [this.let(cond), this.writer.ready(target)];
    this.#leaveIfMisaligned(addr, taken);
    this.#goTo("next", addr);
    this.#outcome = taken; // done is 0, jumped 1
  }

  /** A pcc without a tag, which faults, is JavaScript's. */
  jumpY(target: YExpr): void {
    const addr = this.writer.ready(target.addr);
    this.trapIf(this.eq(target.tag, constant(0n)));
    this.#leaveIfMisaligned(addr);
    this.#goTo("next", addr);
    this.#goTo("nextMeta", target.meta);
    this.#outcome = Outcome.jumpedWithMeta;
  }

  /** What says where to go on is not looked at unless the instruction jumps. */
  #goTo(word: "next" | "nextMeta", value: Expr): void {
    const { code } = this.writer;
    code.i32(0);
    this.writer.wide(value);
    code.memory(Op.i64Store, STATE[word]);
  }

  #leaveIfMisaligned(target: Expr, taken: Expr = constant(1n)): void {
    if (this.#o.instructionAlignment === 4) {
      this.trapIf(this.and(taken, this.eq(this.eq(this.zext(target, 2), constant(0n)), constant(0n))));
    }
  }

  #leaveIf(cond: Expr): void {
    const { code } = this.writer;
    this.writer.truth(cond);
    code.rarely(Op.if).byte(VOID);
    this.leave();
    code.op(Op.end);
  }

  // What JavaScript does

  csrRead = untranslatable;
  csrWrite = untranslatable;
  ecall = untranslatable;
  ebreak = untranslatable;
  trapReturn = untranslatable;
  wfi = untranslatable;
  fenceI = untranslatable;
  sfenceVma = untranslatable;
  amoY = untranslatable;
  loadReserved = untranslatable;
  loadReservedY = untranslatable;
  storeConditional = untranslatable;
  storeConditionalY = untranslatable;
  permitCacheBlock = untranslatable;
  cacheBlock = untranslatable;
}
