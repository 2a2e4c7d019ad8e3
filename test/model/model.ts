// A second, plain model of an RV64Y hart (M, S and U, no translation), written from the text of the standard alone.
//
// It shares no code with the simulator: it decodes by a switch on the opcode and says each instruction as the text does. It
// stands for the ISA strings rv64y and rv64y_zylevels1, on a machine with RAM, the finisher and no timing.
import { ASR, CT, decodeBounds, has, isIntact, isSealed, s64, setAddress, u64, X, type Cap } from "./capability.ts";
import { expand } from "./compressed.ts";
import { enterTrap, interruptDue, pending, permits, readCsr, trapReturn, TSR, TVM, TW, writeCsr } from "./csr.ts";
import { amoUpdate, op, op32, opImm, opImm32 } from "./integer.ts";
import { bImm, fields, illegal, jImm, sImm, type Fields } from "./fields.ts";
import * as memory from "./memory.ts";
import { pmpAllows, PMP_X } from "./pmp.ts";
import { capability } from "./rvy.ts";
import { MACHINE, State, SUPERVISOR, Trap, USER } from "./state.ts";

const INSTRUCTION_FAULT = 1;
const ILLEGAL = 2;
const BREAKPOINT = 3;
const ECALL_FROM_USER = 8;
const CHERI_FETCH_FAULT = 32;
const STCE = 1n << 63n;
const STIE = 1n << 5n;

export class Model extends State {
  /** Executes one instruction, or takes one trap or interrupt. */
  step(): void {
    this.trapped = this.wroteCsr = false;
    this.wrote = 0;
    this.stores.length = 0;
    if (this.waiting && !this.#awaken()) return;
    const interrupt = interruptDue(this);
    if (interrupt !== undefined) {
      enterTrap(this, interrupt, 0n, true);
      this.pass(1n);
      return;
    }
    const counted = (this.x.mcountinhibit & 4n) === 0n; // a write to it takes effect after this instruction
    this.instretWritten = false;
    try {
      const next = this.#instruction();
      this.pcc = next;
      this.retired += 1n;
      if (counted && !this.instretWritten) this.minstret = u64(this.minstret + 1n);
    } catch (trap) {
      if (!(trap instanceof Trap)) throw trap;
      enterTrap(this, trap.cause, trap.tval, false);
    }
    this.pass(1n);
  }

  /** WFI: time passes until an interrupt that is enabled in mie pends. False: none ever will. */
  #awaken(): boolean {
    if ((pending(this) & this.x.mie) === 0n) {
      const timer = (this.x.menvcfg & STCE) !== 0n && (this.x.mie & STIE) !== 0n;
      if (!timer || this.x.stimecmp > BigInt(Number.MAX_SAFE_INTEGER)) {
        this.end = { kind: "asleep" };
        return false;
      }
      this.pass(this.x.stimecmp - this.now);
    }
    this.waiting = false;
    return true;
  }

  /** The pcc moved to another address, as YADDRW does. */
  #pccAt(addr: bigint): Cap {
    return setAddress(this.pcc, u64(addr), this.zylevels1);
  }

  /** Every byte of the instruction must be in the bounds of a sound, unsealed, executable pcc (#pcc). */
  #fetch(): Fields {
    const pc = this.pcc.addr;
    const { base, top } = decodeBounds(this.pcc.meta, pc);
    const usable =
      this.pcc.tag && !isSealed(this.pcc) && has(this.pcc.meta, X) && isIntact(this.pcc, this.zylevels1) && pc >= base;
    if (!usable || pc + 2n > top) throw new Trap(CHERI_FETCH_FAULT, pc);
    this.#requireFetchable(pc);
    const half = this.parcel(pc);
    if ((half & 3) !== 3) {
      this.word = half;
      const word = expand(half);
      if (word === undefined) throw new Trap(ILLEGAL, BigInt(half));
      return fields(word, 2n);
    }
    if (pc + 4n > top) throw new Trap(CHERI_FETCH_FAULT, pc);
    this.#requireFetchable(pc + 2n);
    this.word = (half | (this.parcel(pc + 2n) << 16)) >>> 0;
    return fields(this.word | 0, 4n);
  }

  /** Two bytes of code: RAM, where PMP lets this mode execute. */
  #requireFetchable(addr: bigint): void {
    if (!this.inRam(addr, 2n) || !pmpAllows(this, this.mode, addr, 2n, PMP_X)) throw new Trap(INSTRUCTION_FAULT, addr);
  }

  #instruction(): Cap {
    const i = this.#fetch();
    const a = this.y[i.rs1]!;
    const b = this.y[i.rs2]!;
    const sequential = this.#pccAt(this.pcc.addr + i.length);
    switch (i.word & 0x7f) {
      case 0x03:
        this.#load(i, a);
        return sequential;
      case 0x0f:
        this.#miscMem(i, a);
        return sequential;
      case 0x13:
        this.#result(i, opImm(i.f3, (i.word >>> 20) & 0xfff, a.addr, i.iImm));
        return sequential;
      case 0x17:
        this.setY(i.rd, this.#pccAt(this.pcc.addr + BigInt(i.word & ~0xfff)));
        return sequential;
      case 0x1b:
        this.#result(i, opImm32(i.f3, (i.word >>> 20) & 0xfff, a.addr, i.iImm));
        return sequential;
      case 0x23: {
        if (i.f3 > 3) illegal(this);
        memory.store(this, a, u64(a.addr + sImm(i.word)), 1 << i.f3, b.addr);
        return sequential;
      }
      case 0x2f:
        this.#atomic(i, a, b);
        return sequential;
      case 0x33:
        this.#result(i, op(i.f7, i.f3, a.addr, b.addr));
        return sequential;
      case 0x37:
        this.setX(i.rd, BigInt(i.word & ~0xfff));
        return sequential;
      case 0x3b:
        this.#result(i, op32(i.f7, i.f3, i.rs2, a.addr, b.addr));
        return sequential;
      case 0x63:
        return this.#taken(i.f3, a.addr, b.addr) ? this.#pccAt(this.pcc.addr + bImm(i.word)) : sequential;
      case 0x67:
        if (i.f3 !== 0) illegal(this);
        return this.#jalr(i, a, sequential);
      case 0x6f: {
        const target = this.#pccAt(this.pcc.addr + jImm(i.word));
        this.setY(i.rd, seal(sequential));
        return target;
      }
      case 0x73:
        return this.#system(i, a, sequential);
      case 0x7b:
        capability(this, i, a, b);
        return sequential;
      default:
        return illegal(this);
    }
  }

  /** Writes an integer result; none means that the encoding is reserved. */
  #result(i: Fields, value: bigint | undefined): void {
    if (value === undefined) illegal(this);
    this.setX(i.rd, value);
  }

  #load(i: Fields, a: Cap): void {
    if (i.f3 === 7) illegal(this);
    const bytes = 1 << (i.f3 & 3);
    const value = memory.load(this, a, u64(a.addr + i.iImm), bytes);
    this.setX(i.rd, i.f3 < 4 ? BigInt.asIntN(8 * bytes, value) : value);
  }

  #miscMem(i: Fields, a: Cap): void {
    if (i.f3 === 0 || i.f3 === 1) return; // FENCE and FENCE.I: one hart, in order; unused fields are ignored
    if (i.f3 !== 2 || i.rd !== 0) illegal(this);
    switch (i.word >>> 20) {
      case 0:
        if (!has(this.pcc.meta, ASR) || !this.#enabled(0x30n)) illegal(this);
        return memory.cacheBlock(this, a, "inval");
      case 1:
      case 2:
        if (!this.#enabled(0x40n)) illegal(this);
        return memory.cacheBlock(this, a, "clean");
      case 4:
        if (!this.#enabled(0x80n)) illegal(this);
        return memory.cacheBlock(this, a, "zero");
      default:
        illegal(this);
    }
  }

  /** Do menvcfg and senvcfg enable it in this mode (cmo.adoc #csr_state)? */
  #enabled(field: bigint): boolean {
    const machine = this.mode === MACHINE || (this.x.menvcfg & field) !== 0n;
    return machine && (this.mode !== USER || (this.x.senvcfg & field) !== 0n);
  }

  #taken(f3: number, a: bigint, b: bigint): boolean {
    switch (f3) {
      case 0:
        return a === b;
      case 1:
        return a !== b;
      case 4:
        return s64(a) < s64(b);
      case 5:
        return s64(a) >= s64(b);
      case 6:
        return a < b;
      case 7:
        return a >= b;
      default:
        return illegal(this);
    }
  }

  /** #JALR_CHERI */
  #jalr(i: Fields, a: Cap, sequential: Cap): Cap {
    const target = u64(a.addr + i.iImm) & ~1n;
    const unseals = isSealed(a) && (a.addr & 1n) === 0n && i.iImm === 0n;
    const authority = unseals ? { ...a, meta: a.meta & ~CT } : a;
    this.setY(i.rd, seal(sequential));
    return setAddress(authority, target, this.zylevels1);
  }

  #atomic(i: Fields, a: Cap, b: Cap): void {
    const f5 = i.f7 >> 2;
    if (i.f3 > 3) illegal(this);
    const bytes = 1 << i.f3;
    if (f5 === 0x02) {
      if (i.rs2 !== 0) illegal(this);
      this.setY(i.rd, memory.loadReserved(this, a, bytes));
      return;
    }
    if (f5 === 0x03) {
      this.setX(i.rd, memory.storeConditional(this, a, bytes, b) ? 0n : 1n);
      return;
    }
    const update = i.f3 < 2 ? undefined : amoUpdate(f5, bytes, b.addr);
    if (update === undefined) illegal(this);
    this.setX(i.rd, memory.amo(this, a, bytes, update));
  }

  #system(i: Fields, a: Cap, sequential: Cap): Cap {
    if (i.f3 !== 0) {
      this.#csr(i, a);
      return sequential;
    }
    switch (i.word >>> 0) {
      case 0x0000_0073:
        throw new Trap(ECALL_FROM_USER + this.mode, 0n);
      case 0x0010_0073:
        throw new Trap(BREAKPOINT, this.pcc.addr);
      case 0x1020_0073:
        return this.#return(false);
      case 0x3020_0073:
        return this.#return(true);
      case 0x1050_0073:
        if (this.mode === USER || (this.mode === SUPERVISOR && (this.x.mstatus & TW) !== 0n)) illegal(this);
        this.waiting = true;
        return sequential;
    }
    const virtual = this.mode === SUPERVISOR && (this.x.mstatus & TVM) !== 0n;
    if (i.f7 !== 0x09 || i.rd !== 0 || this.mode === USER || virtual) illegal(this);
    return sequential; // SFENCE.VMA: nothing is translated
  }

  #return(machine: boolean): Cap {
    const privileged = this.mode >= (machine ? MACHINE : SUPERVISOR);
    const trapped = !machine && this.mode === SUPERVISOR && (this.x.mstatus & TSR) !== 0n;
    if (!privileged || trapped || !has(this.pcc.meta, ASR)) illegal(this);
    this.wroteCsr = true;
    return trapReturn(this, machine);
  }

  /** Zicsr, with #rvy_csr_classes: CSRRW writes a whole capability, the others an address. */
  #csr(i: Fields, a: Cap): void {
    const n = i.word >>> 20;
    const immediate = i.f3 >= 4;
    const operand = immediate ? BigInt(i.rs1) : a.addr;
    const operation = i.f3 & 3;
    if (operation === 0) illegal(this);
    const writes = operation === 1 || i.rs1 !== 0;
    if (!permits(this, n, writes)) illegal(this);
    const old = readCsr(this, n);
    if (writes) {
      const addr = operation === 1 ? operand : operation === 2 ? old.addr | operand : old.addr & ~operand;
      if (i.f3 === 1) writeCsr(this, n, a, true);
      else writeCsr(this, n, { tag: false, meta: 0n, addr: u64(addr) }, false);
    }
    this.setY(i.rd, old);
  }
}

const seal = (cap: Cap): Cap => ({ ...cap, meta: cap.meta | CT });
