// The algebra on WebAssembly: an instruction's meaning, run on expressions, writes the code that has that meaning.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { SEALED } from "../../../isa/cap/format.ts";
import type { AccessBytes, Bounds, CacheBlockOperation, Privileged, Semantics } from "../../../isa/semantics.ts";
import { KeptBounds, YExpr, type KeptBoundsOptions } from "./bounds.ts";
import { Checks } from "./checks.ts";
import type { Ending } from "./ending.ts";
import { constant, isConst, localOf, type Expr } from "./expr.ts";
import { Known, type Facts } from "./known.ts";
import { MemoryTranslator } from "./memory-translator.ts";
import type { RegisterLocals } from "./registers.ts";
import { I32, I64, Op } from "./wasm.ts";

/** Thrown where the interpreter has to execute an instruction; the code emitted for it is taken back. Never seen outside. */
export const UNTRANSLATABLE = Symbol("untranslatable");

const UNSEALED = BigInt.asUintN(64, ~SEALED);

export interface TranslatorOptions extends KeptBoundsOptions {
  readonly capabilityMode: boolean;
  /** The ISA has capabilities: an integer written to a register clears metadata and tag. */
  readonly tagged: boolean;
  readonly zylevels1: boolean;
  readonly instructionAlignment: 2 | 4;
  readonly target: number;
  readonly targetMeta: number;
}

/** All but what the system's instructions mean. */
export abstract class PlainTranslator extends MemoryTranslator implements Semantics<Expr, YExpr> {
  readonly capabilityMode: boolean;
  readonly zylevels1: boolean;
  /** Machines with Zyhybrid run on the reference engine. */
  readonly zyhybrid = false;
  readonly ddc = undefined;
  pc = constant(0n);
  nextPc = constant(0n);
  /** Set by an instruction that jumps. */
  ending: Ending | undefined;
  /** Emits an exit before this instruction, within `depth` blocks opened by it. */
  exit: (depth: number) => void = () => {};
  readonly #o: TranslatorOptions;
  readonly #registers: RegisterLocals;
  /** Capabilities that this instruction has looked at, to know again metadata that goes with another address. */
  #seen: YExpr[] = [];
  /** Metadata that is one of theirs but for the seal, on which no bounds depend. */
  readonly #resealed = new Map<Expr, YExpr>();
  /** What keeps its tag, and so its bounds, where a condition is 1. */
  readonly #keepers = new Map<Expr, YExpr>();
  readonly known: Known;
  readonly #checks: Checks;
  readonly #bounds: KeptBounds;
  /** Registers that hold an integer for certain, in this block. */
  readonly #integers = new Set<number>();

  constructor(o: TranslatorOptions) {
    super(o.writer);
    this.#o = o;
    this.capabilityMode = o.capabilityMode;
    this.zylevels1 = o.zylevels1;
    this.#registers = o.registers;
    this.known = new Known(o.registers);
    this.#checks = new Checks(this, this.writer, this.known, (depth) => this.exit(depth));
    this.#bounds = new KeptBounds(this, o, this.known);
  }

  /** A block begins: what is known of registers holds no longer. */
  beginBlock(): void {
    this.known.forget();
    this.#integers.clear();
  }

  beginInstruction(pc: bigint, bytes: number): void {
    this.pc = constant(pc);
    this.nextPc = constant(BigInt.asUintN(64, pc + BigInt(bytes)));
    this.ending = undefined;
    this.#seen = [];
    this.#resealed.clear();
    this.#keepers.clear();
  }

  endInstruction(): void {
    this.writer.releaseTemporaries();
  }

  // Registers

  x(r: number): Expr {
    return r === 0 ? constant(0n) : localOf(I64, this.#registers.address(r));
  }

  setX(r: number, value: Expr): void {
    if (r === 0) return;
    const { code } = this.writer;
    const facts = this.known.ofInteger(value);
    this.writer.wide(value);
    code.local(Op.localSet, this.#registers.address(r));
    this.#registers.noteWrite(r);
    this.known.write(r, facts);
    if (!this.#o.tagged || this.#integers.has(r)) return;
    const { meta, tag } = this.#registers.capability(r);
    code.i64(0n).local(Op.localSet, meta).i32(0).local(Op.localSet, tag);
    this.#integers.add(r);
  }

  y(r: number): YExpr {
    const known = this.#seen.find((y) => y.register === r);
    if (known !== undefined) return known;
    const zero = constant(0n);
    if (!this.#o.tagged) return this.see(new YExpr(zero, zero, this.x(r), r));
    if (r === 0) return this.see(new YExpr(zero, zero, zero));
    const { meta, tag } = this.#registers.capability(r);
    return this.see(new YExpr(localOf(I32, tag), localOf(I64, meta), this.x(r), r));
  }

  setY(r: number, value: YExpr): void {
    if (r === 0) return;
    if (!this.#o.tagged) return this.setX(r, value.addr);
    const to = this.#registers.capability(r);
    const facts = this.#factsOf(value);
    // All is read before anything is written: the value may be of the register's own.
    this.writer.wide(value.addr);
    this.writer.wide(value.meta);
    this.writer.truth(value.tag);
    const { code } = this.writer;
    code.local(Op.localSet, to.tag).local(Op.localSet, to.meta).local(Op.localSet, this.#registers.address(r));
    this.#bounds.setWindow(to, value);
    this.#registers.noteWrite(r);
    this.#integers.delete(r);
    this.known.write(r, facts);
  }

  /** What is known of a value that is to be written to a register. */
  #factsOf(value: YExpr): Facts | undefined {
    const { root } = value;
    if (root === undefined) return undefined;
    const place = this.known.placeOf(value.addr);
    return this.known.moved(root.register, {
      tag: value.tag === root.tag,
      meta: value.meta === root.meta,
      offset: place?.register === root.register ? place.offset : undefined,
    });
  }

  get pcc(): YExpr {
    const known = this.#seen.find((y) => y.addr === this.pc);
    return known ?? this.see(new YExpr(constant(1n), constant(this.#o.pccMeta), this.pc));
  }

  // Capabilities

  cap(tag: Expr, meta: Expr, addr: Expr): YExpr {
    const like = this.#withMeta(meta) ?? this.#resealed.get(meta);
    const origin = like?.tag === tag && like.addr === addr ? like : undefined;
    return this.see(new YExpr(this.let(tag), this.let(meta), this.let(addr), -1, origin));
  }

  keepTagIf(y: YExpr, cond: Expr): YExpr {
    const origin = y.root ?? this.#keepers.get(cond);
    return this.see(new YExpr(this.let(this.and(y.tag, cond)), y.meta, y.addr, -1, origin));
  }

  selectY(cond: Expr, a: YExpr, b: YExpr): YExpr {
    const choice = this.let(cond);
    const pick = (x: Expr, y: Expr): Expr => this.let(this.select(choice, x, y));
    const origin = a.root === b.root ? a.root : undefined;
    return this.see(new YExpr(pick(a.tag, b.tag), pick(a.meta, b.meta), pick(a.addr, b.addr), -1, origin));
  }

  bounds(y: YExpr): Bounds<Expr> {
    return this.#bounds.of(y);
  }
  isIntact(y: YExpr): Expr {
    return this.#bounds.isIntact(y);
  }
  keepsTagAt(y: YExpr, addr: Expr): Expr {
    const keeps = this.#bounds.keepsTagAt(y, addr);
    if (!isConst(keeps)) this.#keepers.set(keeps, y);
    return keeps;
  }
  /** What an access is checked for besides traps in any case where there is no register. */
  holds(authority: YExpr, addr: Expr, bytes: number): Expr {
    if (authority.register <= 0) return constant(0n);
    this.#bounds.requireHeld(authority, addr, bytes, this.#checks);
    return constant(1n);
  }

  override and(a: Expr, b: Expr): Expr {
    return this.#noteSeal(super.and(a, b), a, b, UNSEALED);
  }
  override or(a: Expr, b: Expr): Expr {
    return this.#noteSeal(super.or(a, b), a, b, SEALED);
  }

  #noteSeal(result: Expr, meta: Expr, mask: Expr, seal: bigint): Expr {
    const origin = isConst(mask) && mask.value === seal ? this.#withMeta(meta) : undefined;
    if (origin !== undefined) this.#resealed.set(result, origin);
    return result;
  }

  #withMeta(meta: Expr): YExpr | undefined {
    return this.#seen.find((y) => y.meta === meta);
  }

  protected override see(y: YExpr): YExpr {
    this.#seen.push(y);
    return y;
  }

  // Control

  trapIf(cond: Expr): void {
    if (isConst(cond)) {
      if (cond.value !== 0n) throw UNTRANSLATABLE;
      return;
    }
    this.#checks.require(this.eq(cond, constant(0n)));
  }

  jump(target: Expr): void {
    if (isConst(target)) {
      this.#requirePlain(target.value);
      this.ending = { kind: "goto", target: target.value };
      return;
    }
    if (this.capabilityMode) throw UNTRANSLATABLE;
    this.#toTarget(target);
  }

  jumpIf(cond: Expr, target: Expr): void {
    if (!isConst(target) || !isConst(this.nextPc)) throw UNTRANSLATABLE;
    this.#requirePlain(target.value);
    this.writer.truth(cond);
    this.ending = { kind: "branch", target: target.value, otherwise: this.nextPc.value };
  }

  /** A pcc without a tag, which faults, is the interpreter's. */
  jumpY(target: YExpr): void {
    const tag = this.writer.settle(target.tag);
    const meta = this.writer.settle(target.meta);
    const addr = this.writer.settle(target.addr);
    this.trapIf(this.eq(tag, constant(0n)));
    this.#requireAligned(addr);
    this.goTo(addr, meta);
    this.ending = { kind: "dynamic" };
  }

  #toTarget(target: Expr): void {
    const addr = this.writer.settle(target);
    this.#requireAligned(addr);
    this.goTo(addr);
    this.ending = { kind: "dynamic" };
  }

  /** Has execution go on at an address, in capability mode with such metadata. */
  protected goTo(addr: Expr, meta?: Expr): void {
    this.writer.wide(addr);
    this.writer.code.local(Op.localSet, this.#o.target);
    if (meta === undefined) return;
    this.writer.wide(meta);
    this.writer.code.local(Op.localSet, this.#o.targetMeta);
  }

  #requireAligned(target: Expr): void {
    if (this.#o.instructionAlignment === 4) this.trapIf(this.shr(this.zext(target, 2), constant(1n)));
  }

  /** A target that traps, or takes the pcc out of its bounds, is the interpreter's. */
  #requirePlain(target: bigint): void {
    if (this.#o.instructionAlignment === 4 && (target & 2n) !== 0n) throw UNTRANSLATABLE;
    if (!this.capabilityMode) return;
    const { base, top, topHigh } = decodeBounds(this, constant(this.#o.pccMeta), constant(this.#o.headPc));
    if (target < base.value || (topHigh.value === 0n && target >= top.value)) throw UNTRANSLATABLE;
  }

  // What code of the system does (system.ts)

  abstract csrRead(number: number, write: boolean): YExpr;
  abstract csrWrite(number: number, value: YExpr, whole: boolean): void;
  abstract ecall(): void;
  abstract ebreak(): void;
  abstract trapReturn(from: Privileged): void;
  abstract amoY(addr: Expr, value: YExpr): YExpr;
  abstract loadReserved(addr: Expr, bytes: AccessBytes): Expr;
  abstract loadReservedY(addr: Expr): YExpr;
  abstract storeConditional(addr: Expr, bytes: AccessBytes, value: Expr): Expr;
  abstract permitCacheBlock(operation: CacheBlockOperation): void;
  abstract cacheBlock(addr: Expr, operation: CacheBlockOperation): void;
  abstract storeConditionalY(addr: Expr, value: YExpr): Expr;

  // What the interpreter does

  wfi = untranslatable;
  fenceI = untranslatable;
  sfenceVma = untranslatable;
}

export function untranslatable(): never {
  throw UNTRANSLATABLE;
}
