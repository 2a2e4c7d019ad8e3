// The reference engine: a bigint interpreter of the instruction records, slow and obvious, with which every other must agree.
import { PERMISSION } from "../../isa/cap/format.ts";
import { CAUSE } from "../../isa/cause.ts";
import { REGISTER_COUNT } from "../../isa/registers.ts";
import type { CacheBlockOperation, Privileged, Semantics } from "../../isa/semantics.ts";
import { Capability, NULL_CAPABILITY, type CapabilityArithmetic } from "../machine/capability.ts";
import { Effect } from "../machine/csr-behaviour.ts";
import { permitsCacheBlock, type Csrs } from "../machine/csrs.ts";
import { MSTATUS, type Hart } from "../machine/hart.ts";
import { Mode, type TranslationState } from "../machine/mmu.ts";
import type { Retire, Timing, Walk } from "../machine/retire.ts";
import { unreserve } from "../machine/reservation.ts";
import { ECALL, enterTrap, isDelegated, LEVEL, mayNotReturn, returnFromTrap, type Trap } from "../machine/trap.ts";
import type { Engine, Stop } from "./engine.ts";
import { FetchPath, TRAPPED, type PathOptions } from "./fetch.ts";
import { TrapHistory } from "./trap-history.ts";

export interface ReferenceOptions extends PathOptions {
  /** The registers' rules are written in the engine's own arithmetic. */
  readonly csrs: (m: CapabilityArithmetic) => Csrs;
  readonly timing: Timing | undefined;
}

/** Thrown to abandon an instruction; what the trap is stands in the engine. Not an Error: that would record a stack. */
const TRAP = Symbol("trap");
const PAGE_BYTES = 4096;
/** A clock at which an event is due at once. */
const AT_ONCE = -1;

export class Reference extends FetchPath implements Semantics<bigint, Capability>, Engine {
  now = 0;
  retired = 0;
  protected readonly hart: Hart;
  readonly csrs: Csrs;
  readonly #timing: Timing | undefined;
  readonly #walk = (virt: number): Walk | undefined => this.mmu.walk(virt);
  /** The walks of an instruction that changes how addresses are translated, or is about to. */
  #walksBefore: ((virt: number) => Walk | undefined) | undefined;
  readonly #xs = new Array<bigint>(REGISTER_COUNT).fill(0n);
  /** Whole registers; undefined where the register holds an integer. */
  readonly #ys = new Array<Capability | undefined>(REGISTER_COUNT).fill(undefined);
  /** The clock at which the run loop has to look up: an interrupt may be due, the run may end. */
  protected eventAt = AT_ONCE;
  /** Interrupts that are pending and enabled in mie, now and until the clock gets there. */
  protected pending = 0;
  #untilCycle = Infinity;
  #waiting = false;
  #task: (() => void) | undefined;
  #stop: Stop | undefined;
  /** How addresses are translated now. */
  protected translation: TranslationState;
  #traps = 0;
  #trap: Trap<bigint> = { interrupt: false, cause: 0, tval: 0n };
  readonly #history = new TrapHistory();

  constructor(o: ReferenceOptions) {
    super(o);
    this.hart = o.hart;
    this.translation = o.hart.translation;
    this.csrs = o.csrs(this);
    this.#timing = o.timing;
    this.mmu.onFlush = () => this.translationsGone();
  }

  // Registers

  x(r: number): bigint {
    return this.#xs[r]!;
  }
  setX(r: number, value: bigint): void {
    if (r === 0) return;
    this.#xs[r] = value;
    this.#ys[r] = undefined;
  }
  y(r: number): Capability {
    return this.#ys[r] ?? (r === 0 ? NULL_CAPABILITY : new Capability(0n, 0n, this.#xs[r]!, undefined));
  }
  setY(r: number, value: Capability): void {
    if (r === 0) return;
    this.#xs[r] = value.addr;
    this.#ys[r] = value;
  }

  // Control and status

  trapIf(cond: bigint, cause: number, tval: bigint): void {
    if (cond !== 0n) this.raise(cause, tval);
  }

  get ddc(): Capability | undefined {
    return this.zyhybrid ? this.hart.ddc : undefined;
  }

  csrRead(number: number, write: boolean): Capability {
    if (!this.csrs.permits(number, write, this.#systemAccess(), this.rvyEnabled)) this.#illegal();
    const value = this.csrs.read(number);
    return this.csrs.accessedWhole(number, this.capabilityMode) ? value : this.cap(0n, 0n, value.addr);
  }

  csrWrite(number: number, value: Capability, whole: boolean): void {
    const effect = this.csrs.write(number, value, whole && this.csrs.accessedWhole(number, this.capabilityMode));
    if (effect === Effect.interrupts) this.reconsider();
    else if (effect === Effect.translation) {
      this.#keepWalks();
      this.retranslate();
    }
  }

  permitCacheBlock(operation: CacheBlockOperation): void {
    if (operation === "inval" && !this.#systemAccess()) this.#illegal();
    const { held, mode } = this.hart;
    if (permitsCacheBlock(this, held, mode, operation) === 0n) this.#illegal();
  }

  ecall(): void {
    this.#endInTrap(ECALL[this.hart.mode]!, 0n);
  }
  ebreak(): void {
    this.#endInTrap(CAUSE.breakpoint, this.pc);
  }

  trapReturn(from: Privileged): void {
    const { hart } = this;
    if (mayNotReturn(this, hart.held, hart.mode, from) !== 0n || !this.#systemAccess()) this.#illegal();
    this.installNext(returnFromTrap(this, hart.held, from));
    this.retranslate();
  }

  wfi(): void {
    const { mode, status } = this.hart;
    if (mode === Mode.user || (mode === Mode.supervisor && (status & MSTATUS.TW) !== 0)) this.#illegal();
    this.#waiting = true;
    this.reconsider();
  }

  /** One hart, in order: every access is already performed. */
  fence(): void {}

  /** Stores have already emptied what was decoded; the front end alone starts afresh. */
  fenceI(): void {
    this.record.flush = true;
  }

  sfenceVma(addr: bigint, asid: bigint, everyAddress: boolean, everyAsid: boolean): void {
    const { mode, status } = this.hart;
    const trapped = mode === Mode.supervisor && (status & MSTATUS.TVM) !== 0;
    if (mode === Mode.user || trapped) this.#illegal();
    // Translations are always those of the tables in memory: only the timing model has entries to drop.
    this.record.flush = true;
    this.record.fence = {
      page: everyAddress ? undefined : Math.floor(Number(BigInt.asUintN(48, addr)) / PAGE_BYTES),
      asid: everyAsid ? undefined : Number(asid & 0xffffn),
    };
  }

  // Running

  reset(): void {
    this.now = this.retired = 0;
    this.#waiting = false;
    this.#history.forget();
    unreserve(this, this.hart.held);
  }

  resume(pcc: Capability): void {
    this.retranslate();
    this.install(pcc);
  }

  /** Stops the run after the current instruction. */
  finish(stop: Stop): void {
    this.#stop = stop;
    this.reconsider();
  }

  /** Has something done after the current instruction. */
  afterInstruction(task: () => void): void {
    this.#task = task;
    this.reconsider();
  }

  /** Has interrupts looked at before the next instruction. */
  reconsider(): void {
    this.eventAt = AT_ONCE;
  }

  step(): Stop | undefined {
    this.#begin(Infinity);
    const traps = this.#traps;
    try {
      if (this.#attend() && this.#traps === traps) this.one();
      this.#task?.();
      this.#task = undefined;
    } catch (error) {
      this.#caught(error);
    }
    return this.#stop;
  }

  run(untilRetired: number, untilCycle: number): Stop {
    this.#begin(untilCycle);
    while (this.#stop === undefined && this.retired < untilRetired) {
      try {
        while (this.retired < untilRetired) {
          if (this.now >= this.eventAt && !this.#attend()) break;
          this.one();
        }
      } catch (error) {
        this.#caught(error);
      }
    }
    if (this.#task !== undefined) this.#attend();
    return this.#stop ?? { kind: "limit", limit: "instructions" };
  }

  /** Executes one instruction, or takes the trap that it is. */
  protected one(): void {
    const { offset, page } = this;
    let op = page.ops[offset >>> 1];
    if (op === undefined || offset < this.low || offset + op.bytes > this.high) op = this.fetch();
    this.op = op;
    this.next = offset + op.bytes;
    this.#walksBefore = undefined;
    const r = this.record;
    r.access = "none";
    r.flush = false;
    r.fence = undefined;
    r.trap = false;
    r.insn = op.decoded;
    r.pc = this.pageVirt + offset;
    r.fetchPhys = this.page.phys + offset;
    r.category = this.page.categories[offset >>> 1]!;
    r.translatedFetch = this.mmu.translatesFetch;
    r.asid = this.translation.asid;
    op.exec(this, op.operands);
    const { next } = this;
    if (next === TRAPPED) return this.#takeTrap();
    this.retired += 1;
    this.#account();
    if (next >= 0 && next < PAGE_BYTES) this.offset = next;
    else this.leavePage();
  }

  protected override raise(cause: number, tval: bigint): never {
    this.#trap = { interrupt: false, cause, tval };
    throw TRAP;
  }

  /** For an instruction that does nothing but trap: there is nothing to abandon, and an exception costs a microsecond. */
  #endInTrap(cause: number, tval: bigint): void {
    this.#trap = { interrupt: false, cause, tval };
    this.next = TRAPPED;
  }

  /** Time passes for what the record tells. */
  #account(): void {
    const timing = this.#timing;
    if (timing === undefined) {
      this.now += 1;
      return;
    }
    this.record.nextPc = this.nextVirt();
    this.timeOf(this.record, this.#walksBefore);
  }

  /** Time passes for what a record tells. */
  protected timeOf(record: Retire, walks = this.#walk): void {
    this.#timing!.retire(record, walks);
    this.now = this.#timing!.now;
  }

  #begin(untilCycle: number): void {
    this.#stop = undefined;
    this.#untilCycle = untilCycle;
    this.reconsider();
  }

  /** Looks up between two instructions. False: the run is over. */
  #attend(): boolean {
    this.#task?.();
    this.#task = undefined;
    if (this.#stop !== undefined) return false;
    if (this.#waiting && !this.#wait()) return false;
    if (this.now >= this.#untilCycle) {
      this.#stop = { kind: "limit", limit: "cycles" };
      return false;
    }
    this.pending = this.hart.pending;
    const interrupt = this.hart.interruptToTake(this.pending);
    if (interrupt === undefined) {
      this.eventAt = Math.min(this.#untilCycle, this.hart.nextTimer());
    } else {
      this.op = undefined;
      this.#enterTrap({ interrupt: true, cause: interrupt, tval: 0n }, this.pcc);
      this.reconsider();
    }
    return true;
  }

  /** WFI: lets time pass until an interrupt is pending. False: none will come before the run is over. */
  #wait(): boolean {
    if (!this.hart.awake) {
      const until = Math.min(this.hart.nextTimer(), this.#untilCycle);
      if (until === Infinity) {
        this.#stop = { kind: "asleep", pc: `0x${this.pc.toString(16)}` };
        return false;
      }
      this.#timing?.idle(until, this.record.category);
      this.now = this.#timing?.now ?? until;
    }
    this.#waiting = !this.hart.awake;
    return true;
  }

  #caught(error: unknown): void {
    if (error !== TRAP) throw error;
    this.#takeTrap();
  }

  #takeTrap(): void {
    const { pcc } = this;
    this.#stopIfWedged(this.#trap, pcc.addr);
    this.#enterTrap(this.#trap, pcc);
  }

  #enterTrap(trap: Trap<bigint>, pcc: Capability): void {
    const { op, offset, hart } = this;
    this.#traps += 1;
    const r = this.record;
    r.insn = op?.decoded;
    r.pc = this.pageVirt + offset;
    // What the instruction was fetched from is in the record: the access that failed may have had the page let go.
    if (op === undefined) r.fetchPhys = -1;
    r.trap = true;
    r.access = "none";
    r.fence = undefined;
    r.translatedFetch = this.mmu.translatesFetch;
    r.asid = this.translation.asid;
    if (op !== undefined && r.translatedFetch) this.#keepWalks();
    const delegation = trap.interrupt ? BigInt(hart.mideleg) : hart.medeleg;
    const delegated = hart.mode !== Mode.machine && isDelegated(this, delegation, trap.cause) !== 0n;
    const handler = enterTrap(this, hart.held, pcc, trap, delegated ? "supervisor" : "machine");
    this.retranslate();
    this.install(handler);
    r.flush = true;
    // A trap without an instruction of its own is the handler's work.
    r.category = this.code.category(op === undefined ? this.mmu.peekFetch(handler.addr) : r.fetchPhys);
    this.next = offsetOf(handler.addr);
    this.#account();
  }

  /** Has nothing retired since the last trap? */
  protected get justTrapped(): boolean {
    return this.#history.justTrapped(this.retired);
  }

  /** An engine has taken a synchronous trap by itself, the first since an instruction retired; nothing has retired since. */
  protected noteTrap(): void {
    const { cause, epc, tval } = LEVEL[this.hart.mode === Mode.machine ? "machine" : "supervisor"];
    const { held } = this.hart;
    this.#history.note({ cause: Number(held.x(cause)), pc: held.x(epc), tval: held.x(tval) }, this.retired);
  }

  /** Ends the run where this trap has come again and again with nothing retired, and nothing else will come between. */
  #stopIfWedged({ cause, tval }: Trap<bigint>, pc: bigint): void {
    this.#history.note({ cause, pc, tval }, this.retired);
    if (!this.#history.wedged) return;
    // In M-mode a trap leaves interrupts off; below it, a timer may yet break in.
    if (this.hart.mode !== Mode.machine && this.hart.nextTimer() !== Infinity) return;
    this.#stop = { kind: "wedge", ...this.#history.report };
  }

  /** Privilege, satp or mstatus have changed. */
  protected retranslate(): void {
    this.takeOver();
    this.record.flush = true;
    this.reconsider();
  }

  /** Takes over privilege, satp and mstatus for translation, and whether RVY is enabled. */
  protected takeOver(): void {
    const { translation } = this.hart;
    this.translation = translation;
    this.mmu.configure(translation);
    if (this.zyhybrid) this.rvyEnabled = this.hart.rvyEnabled;
    this.refetch();
  }

  /** Page tables or protection have changed. */
  protected translationsGone(): void {
    this.#keepWalks();
    this.refetch();
  }

  /** The instruction in hand is fetched, and its access translated, as the tables stand now. */
  #keepWalks(): void {
    if (this.#timing === undefined || this.#walksBefore !== undefined) return;
    const { pc, dataVirt } = this.record;
    const [fetch, data] = [this.mmu.walk(pc), this.mmu.walk(dataVirt)];
    this.#walksBefore = (virt) => (virt === pc ? fetch : virt === dataVirt ? data : this.mmu.walk(virt));
  }

  /** Does the pcc allow access to system registers? Without RVY there is nothing to ask. */
  #systemAccess(): boolean {
    return !this.rvy || this.grants(PERMISSION.ASR);
  }

  #illegal(): never {
    return this.raise(CAUSE.illegalInstruction, BigInt(this.op!.decoded.word));
  }
}

const offsetOf = (addr: bigint): number => Number(addr & 0xfffn);
