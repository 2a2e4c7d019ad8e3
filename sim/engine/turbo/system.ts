// What the system's instructions mean in generated code: registers, traps and returns, reservations. The rules are the machine's own.
//
// Code is translated for a mode. What else of the hart's state decides is looked at when the code runs, and where it is not as usual
// the instruction is left to the interpreter: so are all that raise an exception but ECALL and EBREAK.
import { PERMISSION } from "../../../isa/cap/format.ts";
import { CAUSE } from "../../../isa/cause.ts";
import { CACHE_BLOCK_BYTES } from "../../../isa/ext/zicbo.ts";
import type { AccessBytes, CacheBlockOperation, Privileged } from "../../../isa/semantics.ts";
import { counterValue, showsCounter, type CounterCsr } from "../../machine/counters.ts";
import { permitsCacheBlock, written, type Csrs } from "../../machine/csrs.ts";
import type { FieldsCsr, HeldCsr } from "../../machine/csr-behaviour.ts";
import type { Hart } from "../../machine/hart.ts";
import { HELD, isSet } from "../../machine/held.ts";
import { GRANULE_BYTES } from "../../machine/memory.ts";
import { Mode } from "../../machine/mmu.ts";
import { isReserved, reserve, unreserve } from "../../machine/reservation.ts";
import { ECALL, enterTrap, isDelegated, LEVEL, mayNotReturn, returnFromTrap } from "../../machine/trap.ts";
import { BigintArithmetic } from "../bigint.ts";
import { YExpr } from "./bounds.ts";
import type { CounterCode } from "./counter-code.ts";
import { PlainTranslator, UNTRANSLATABLE, type TranslatorOptions } from "./emit.ts";
import { condition, constant, isConst, localOf, type Expr } from "./expr.ts";
import { HeldCode } from "./held-code.ts";
import { RAM_AT, STATE } from "./layout.ts";
import { Access } from "./memory-path.ts";
import { BUDGET } from "./runtime.ts";
import { I32, I64, Op } from "./wasm.ts";

export interface SystemOptions extends TranslatorOptions {
  readonly hart: Hart;
  /** Says who may access which register, in the mode in force, for which code is translated. */
  readonly csrs: Csrs;
  /** The mode in force. */
  readonly mode: number;
  /** May generated code take traps and return from them? */
  readonly restarts: boolean;
  /** Local that says at the end of a block whether the front end starts afresh. */
  readonly restartsLocal: number;
  readonly counters: CounterCode;
}

const numbers = new BigintArithmetic();

export class Translator extends PlainTranslator {
  /** The register that the instruction writes. */
  rd = 0;
  readonly #o: SystemOptions;
  readonly #held: HeldCode;
  /** Is the instruction the first of its block? */
  #first = true;

  constructor(o: SystemOptions) {
    super(o);
    this.#o = o;
    this.#held = new HeldCode(o.writer, o.tagged);
  }

  override beginBlock(): void {
    super.beginBlock();
    this.#first = true;
  }

  override endInstruction(): void {
    super.endInstruction();
    this.#first = false;
  }

  // Control and status registers that are nothing but what is held, and counters

  csrRead(number: number, write: boolean): YExpr {
    const { csrs, mode } = this.#o;
    const counter = csrs.counter(number);
    if (counter !== undefined) return this.#readCounter(number, counter, write);
    const csr = csrs.held(number);
    if (csr === undefined || !csrs.permits(number, write, this.#systemAccess)) throw UNTRANSLATABLE;
    if (csr.kind === "held") return this.#readHeld(csr, csrs.accessedWhole(number, this.capabilityMode));
    if (csr.withheldBy !== 0 && mode !== Mode.machine) {
      this.#leaveIf(isSet(this, this.#held.x(HELD.mstatus), BigInt(csr.withheldBy)));
    }
    const zero = constant(0n);
    return this.see(new YExpr(zero, zero, csr.read(this, this.#held.x(csr.at))));
  }

  csrWrite(number: number, value: YExpr, whole: boolean): void {
    const { csrs, tagged } = this.#o;
    const csr = csrs.held(number)!;
    if (csr.kind === "fields") return this.#writeFields(csr, value.addr);
    if (csr.width === "xlen") return this.#held.setX(csr.at, value.addr);
    const isWhole = whole && csrs.accessedWhole(number, this.capabilityMode);
    const given = tagged ? written(this, () => this.see(this.#held.y(csr.at)), value, isWhole) : value;
    this.#held.setY(csr.at, csr.keep(this, given));
  }

  #readCounter(number: number, counter: CounterCsr, write: boolean): YExpr {
    const { csrs, mode, counters } = this.#o;
    if (write || !csrs.permits(number, write, this.#systemAccess)) throw UNTRANSLATABLE;
    this.trapIf(this.xor(showsCounter(this, this.#held, mode, number), constant(1n)));
    const zero = constant(0n);
    const value = counterValue(this, this.#held, counter, counters.read(counter.counts));
    return this.see(new YExpr(zero, zero, value));
  }

  #readHeld({ at, width }: HeldCsr, whole: boolean): YExpr {
    const zero = constant(0n);
    const isWhole = whole && width === "ylen";
    return this.see(isWhole ? this.#held.y(at) : new YExpr(zero, zero, this.#held.x(at)));
  }

  #writeFields({ at, write, letsIn }: FieldsCsr, value: Expr): void {
    if (letsIn) this.#leaveIf(this.#state(STATE.pending));
    const { held, retranslates } = write(this, this.#held.x(at), value);
    this.#held.setX(at, held);
    if (!isConst(this.nextPc)) throw UNTRANSLATABLE;
    this.writer.truth(retranslates);
    this.writer.code.local(Op.localSet, this.#o.restartsLocal);
    this.ending = { kind: "restartIf", target: this.nextPc.value };
  }

  // Traps and returns

  ecall(): void {
    this.#trap(ECALL[this.#o.mode]!, constant(0n));
  }
  ebreak(): void {
    this.#trap(CAUSE.breakpoint, this.pc);
  }

  /** A trap with nothing retired since the last may be one of those that go on for ever: the interpreter knows them. */
  #trap(cause: number, tval: Expr): void {
    if (!this.#o.restarts) throw UNTRANSLATABLE;
    if (this.#first) this.#leaveIf(this.#justTrapped());
    const to = this.#takenBy(cause);
    this.#requireTag(this.#held.y(LEVEL[to].tvec));
    const handler = enterTrap(this, this.#held, this.pcc, { interrupt: false, cause, tval }, to);
    this.#restart(handler, true);
  }

  /** Delegation is expected to be as it is. */
  #takenBy(cause: number): Privileged {
    const { hart, mode } = this.#o;
    if (mode === Mode.machine) return "machine";
    const delegated = isDelegated(numbers, hart.medeleg, cause);
    const isNow = isDelegated(this, this.#held.x(HELD.medeleg), cause);
    this.#leaveIf(this.xor(this.eq(isNow, constant(delegated)), constant(1n)));
    return delegated === 1n ? "supervisor" : "machine";
  }

  trapReturn(from: Privileged): void {
    const { mode, restarts } = this.#o;
    if (!restarts || !this.#systemAccess) throw UNTRANSLATABLE;
    this.trapIf(mayNotReturn(this, this.#held, mode, from));
    this.#leaveIf(this.#state(STATE.pending));
    this.#requireTag(this.#held.y(LEVEL[from].epc));
    this.#restart(returnFromTrap(this, this.#held, from), false);
  }

  #restart(pcc: YExpr, trap: boolean): void {
    this.goTo(pcc.addr, this.capabilityMode ? pcc.meta : undefined);
    this.ending = { kind: "restart", trap };
  }

  /** A pcc without a tag, which faults, is the interpreter's. */
  #requireTag({ tag }: YExpr): void {
    if (this.capabilityMode) this.#leaveIf(this.eq(tag, constant(0n)));
  }

  // Reservations

  loadReserved(addr: Expr, bytes: AccessBytes): Expr {
    const place = this.memory.place(addr, bytes, Access.load);
    reserve(this, this.#held, this.#offsetOf(place), bytes);
    return this.loadAt(place, bytes);
  }

  loadReservedY(addr: Expr): YExpr {
    const place = this.memory.place(addr, GRANULE_BYTES, Access.loadCapability);
    reserve(this, this.#held, this.#offsetOf(place), GRANULE_BYTES);
    return this.loadYAt(place);
  }

  storeConditional(addr: Expr, bytes: AccessBytes, value: Expr): Expr {
    return this.#storeIfReserved(addr, bytes, undefined, (place) => this.storeAt(place, bytes, value));
  }

  storeConditionalY(addr: Expr, value: YExpr): Expr {
    return this.#storeIfReserved(addr, GRANULE_BYTES, value.tag, (place) => this.storeYAt(place, value));
  }

  /**
   * Time differs by whether SC stores. Who asks for its result is expected to hold the reservation, and who does not, to want no more
   * than that nobody holds it.
   */
  #storeIfReserved(address: Expr, bytes: number, tag: Expr | undefined, store: (place: number) => void): Expr {
    const addr = this.writer.ready(address);
    const access = tag === undefined ? Access.store : Access.storeCapability;
    const place = this.memory.locate(addr, bytes, access, tag);
    const reserved = isReserved(this, this.#held, this.#offsetOf(place), bytes);
    const stores = this.rd !== 0;
    this.#leaveIf(stores ? this.xor(reserved, constant(1n)) : reserved);
    if (stores) {
      this.memory.attend(addr, place, bytes, access);
      store(place);
    }
    unreserve(this, this.#held);
    return constant(stores ? 0n : 1n);
  }

  amoY(address: Expr, value: YExpr): YExpr {
    const addr = this.writer.ready(address);
    const place = this.memory.locate(addr, GRANULE_BYTES, Access.storeCapability, value.tag);
    // What becomes of the loaded tag is for the page to say, as of a load's: it faults as a store, so that is looked at first.
    this.memory.locate(addr, GRANULE_BYTES, Access.loadCapability);
    this.memory.attend(addr, place, GRANULE_BYTES, Access.storeCapability);
    const old = this.loadYAt(place);
    this.storeYAt(place, value);
    return old;
  }

  // Cache blocks: of what may be done to them, zeroing alone is frequent

  permitCacheBlock(operation: CacheBlockOperation): void {
    if (operation !== "zero") throw UNTRANSLATABLE;
    const permitted = permitsCacheBlock(this, this.#held, this.#o.mode, operation);
    this.trapIf(this.xor(permitted, constant(1n)));
  }

  cacheBlock(addr: Expr): void {
    const block = this.and(addr, constant(-BigInt(CACHE_BLOCK_BYTES)));
    this.zeroAt(this.memory.place(block, CACHE_BLOCK_BYTES, Access.store), CACHE_BLOCK_BYTES);
  }

  /** Offset in RAM of a place. */
  #offsetOf(place: number): Expr {
    const offset = this.writer.temporary(I64);
    const { code } = this.writer;
    code.local(Op.localGet, place).i32(RAM_AT).op(Op.i32Sub).op(Op.i64ExtendI32U).local(Op.localSet, offset);
    return localOf(I64, offset);
  }

  // Conditions

  /** Does the pcc allow access to system registers? */
  get #systemAccess(): boolean {
    const { capabilityMode, pccMeta } = this.#o;
    return !capabilityMode || (pccMeta & PERMISSION.ASR) !== 0n;
  }

  /** Leaves the instruction to the interpreter. */
  #leaveIf(cond: Expr): void {
    this.trapIf(cond);
  }

  /** A word of the engine's state. */
  #state(at: number): Expr {
    const to = this.writer.temporary(I32);
    this.writer.code.i32(0).memory(Op.i32Load, at).local(Op.localSet, to);
    return localOf(I32, to);
  }

  /** Has nothing been charged since the last trap but this block, an instruction long? */
  #justTrapped(): Expr {
    const before = this.writer.temporary(I32);
    this.writer.code.local(Op.localGet, BUDGET).i32(1).op(Op.i32Add).local(Op.localSet, before);
    return condition(Op.i32Eq, localOf(I32, before), this.#state(STATE.trappedAt));
  }
}
