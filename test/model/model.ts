// A second, plain model of an RV64Y hart (M, S and U, Sv39), written from the text of the standard alone.
//
// It shares no code with the simulator: it decodes by a switch on the opcode and says each instruction as the text does. It
// stands for the ISA strings that begin with rv64y, on a machine with RAM, the finisher and no timing.
import {
  ASR,
  boundsOf,
  Cap,
  CT,
  has,
  infinite,
  integer,
  isIntact,
  isSealed,
  P,
  s64,
  setAddress,
  u64,
  untagged,
  X,
} from "./capability.ts";
import { expand } from "./compressed.ts";
import { enterTrap, interruptDue, isExtended, pending, permits, readCsr, trapReturn, writeCsr } from "./csr.ts";
import { amoUpdate, op, op32, opImm, opImm32 } from "./integer.ts";
import { bImm, fields, illegal, jImm, sImm, type Fields } from "./fields.ts";
import * as memory from "./memory.ts";
import { pmpAllows, PMP_X } from "./pmp.ts";
import { capability } from "./rvy.ts";
import { ILLEGAL_INSTRUCTION, MACHINE, State, SUPERVISOR, Trap, TSR, TVM, TW, USER } from "./state.ts";
import { isUndecodable, translate } from "./translation.ts";

const INSTRUCTION_FAULT = 1;
const BREAKPOINT = 3;
const ECALL_FROM_USER = 8;
const CHERI_FETCH_FAULT = 32;
const PAGE_MASK = 0xfffn;
const STCE = 1n << 63n;
const STIE = 1 << 5;

export class Model extends State {
  /** Goes to an address with the Infinite capability, in M-mode, as if nothing had happened yet. */
  begin(addr: bigint): void {
    this.pcc = infinite(this.platform, addr);
    this.#forget();
  }

  #forget(): void {
    this.trapped = this.wroteCsr = false;
    this.wrote = 0;
    this.stores.length = 0;
  }

  /** Executes one instruction, or takes one trap or interrupt. */
  step(): void {
    this.#forget();
    if (this.waiting && !this.#awaken()) return;
    const interrupt = interruptDue(this);
    if (interrupt !== undefined) {
      enterTrap(this, interrupt, 0n, true);
      this.pass(1);
      return;
    }
    const counted = (this.x.mcountinhibit & 4n) === 0n; // a write to it takes effect after this instruction
    this.instretWritten = false;
    try {
      const next = this.#instruction();
      this.#install(next);
      this.retired += 1;
      if (counted && !this.instretWritten) this.minstret = u64(this.minstret + 1n);
    } catch (trap) {
      if (!(trap instanceof Trap)) throw trap;
      enterTrap(this, trap.cause, trap.tval, false);
    }
    this.pass(1);
  }

  /** WFI: time passes until an interrupt that is enabled in mie pends. False: none ever will. */
  #awaken(): boolean {
    if ((pending(this) & this.mie) === 0) {
      const timer = (this.x.menvcfg & STCE) !== 0n && (this.mie & STIE) !== 0;
      if (!timer || this.x.stimecmp > BigInt(Number.MAX_SAFE_INTEGER)) {
        this.end = { kind: "asleep" };
        return false;
      }
      this.pass(Number(this.x.stimecmp) - this.now);
    }
    this.waiting = false;
    return true;
  }

  /** The pcc moved to another address, as YADDRW does. */
  #pccAt(addr: bigint): Cap {
    return setAddress(this.pcc, u64(addr), this.platform);
  }

  /** Goes on at a pcc: at an address that translation cannot take its bounds are lost (#section_invalid_addr_conv). */
  #install(pcc: Cap): void {
    this.pcc = pcc.tag && isUndecodable(this, this.mode, pcc.addr, boundsOf(pcc)) ? untagged(pcc) : pcc;
  }

  /** Every byte of the instruction must be in the bounds of a sound, unsealed, executable pcc (#pcc). */
  #fetch(): Fields {
    this.#install(this.pcc); // a vector, or what a change of translation left
    const { pcc } = this;
    const pc = pcc.addr;
    const { base, top } = boundsOf(pcc);
    const usable = pcc.tag && !isSealed(pcc) && has(pcc.high, X) && isIntact(pcc, this.platform) && pc >= base;
    if (!usable || pc + 2n > top) throw new Trap(CHERI_FETCH_FAULT, pc);
    const phys = translate(this, this.mode, pc, "fetch").phys;
    this.#requireFetchable(phys, pc);
    const half = this.parcel(phys);
    if ((half & 3) !== 3) {
      this.word = half;
      const word = expand(half, this.#capabilityMode);
      if (word === undefined) throw new Trap(ILLEGAL_INSTRUCTION, BigInt(half));
      return fields(word, 2);
    }
    if (pc + 4n > top) throw new Trap(CHERI_FETCH_FAULT, pc);
    const rest = pc + 2n;
    const restPhys = (rest & PAGE_MASK) === 0n ? translate(this, this.mode, u64(rest), "fetch").phys : phys + 2;
    this.#requireFetchable(restPhys, rest);
    this.word = (half | (this.parcel(restPhys) << 16)) >>> 0;
    return fields(this.word | 0, 4);
  }

  /** Two bytes of code: RAM, where PMP lets this mode execute. */
  #requireFetchable(phys: number, addr: bigint): void {
    if (!this.inRam(phys, 2) || !pmpAllows(this, this.mode, phys, 2, PMP_X)) throw new Trap(INSTRUCTION_FAULT, addr);
  }

  /** Capability Pointer Mode: Y is enabled and the P-bit of the pcc is clear (#cheri_behavior_cre_mode). */
  get #capabilityMode(): boolean {
    return !this.platform.zyhybrid || ((this.pcc.high & P) === 0 && this.capabilitiesEnabled);
  }

  /** What authorises an access to memory through rs1. */
  #authority(a: Cap): Cap {
    return this.#capabilityMode ? a : this.c.ddc;
  }

  /** What a jump leaves in rd: the next pcc as a sentry, or its address. */
  #link(sequential: Cap): Cap {
    if (!this.#capabilityMode) return integer(sequential.addr);
    return new Cap(sequential.tag, sequential.high, sequential.low | CT, sequential.addr, sequential.bounds);
  }

  #instruction(): Cap {
    const i = this.#fetch();
    const a = this.y[i.rs1]!;
    const b = this.y[i.rs2]!;
    const pc = this.pcc.addr;
    const sequential = this.#pccAt(pc + BigInt(i.length));
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
      case 0x17: {
        const target = this.#pccAt(pc + BigInt(i.word & ~0xfff));
        this.setY(i.rd, this.#capabilityMode ? target : integer(target.addr));
        return sequential;
      }
      case 0x1b:
        this.#result(i, opImm32(i.f3, (i.word >>> 20) & 0xfff, a.addr, i.iImm));
        return sequential;
      case 0x23:
        if (i.f3 > 3) illegal(this);
        memory.store(this, this.#authority(a), u64(a.addr + sImm(i.word)), 1 << i.f3, b.addr);
        return sequential;
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
        return this.#taken(i.f3, a.addr, b.addr) ? this.#pccAt(pc + bImm(i.word)) : sequential;
      case 0x67:
        if (i.f3 !== 0) illegal(this);
        return this.#jalr(i, a, sequential);
      case 0x6f:
        this.setY(i.rd, this.#link(sequential));
        return this.#pccAt(pc + jImm(i.word));
      case 0x73:
        return this.#system(i, a, sequential);
      case 0x7b:
        if (this.platform.zyhybrid && !this.capabilitiesEnabled) illegal(this);
        capability(this, i, a, b, this.#authority(a));
        return this.platform.zyhybrid ? this.#pccAt(pc + BigInt(i.length)) : sequential; // its mode may have changed
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
    const value = memory.load(this, this.#authority(a), u64(a.addr + i.iImm), bytes);
    this.setX(i.rd, i.f3 < 4 ? BigInt.asIntN(8 * bytes, value) : value);
  }

  #miscMem(i: Fields, a: Cap): void {
    if (i.f3 === 0 || i.f3 === 1) return; // FENCE and FENCE.I: one hart, in order; unused fields are ignored
    if (i.f3 !== 2 || i.rd !== 0) illegal(this);
    switch (i.word >>> 20) {
      case 0:
        if (!has(this.pcc.high, ASR) || !this.#enabled(0x30n)) illegal(this);
        return memory.cacheBlock(this, this.#authority(a), a.addr, "inval");
      case 1:
      case 2:
        if (!this.#enabled(0x40n)) illegal(this);
        return memory.cacheBlock(this, this.#authority(a), a.addr, "clean");
      case 4:
        if (!this.#enabled(0x80n)) illegal(this);
        return memory.cacheBlock(this, this.#authority(a), a.addr, "zero");
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

  /** #JALR_CHERI; in Integral Pointer Mode that of RV64I, which stays in the bounds and mode of the pcc. */
  #jalr(i: Fields, a: Cap, sequential: Cap): Cap {
    const target = u64(a.addr + i.iImm) & ~1n;
    const unseals = isSealed(a) && (a.addr & 1n) === 0n && i.iImm === 0n;
    const authority = unseals ? new Cap(a.tag, a.high, a.low & ~CT, a.addr, a.bounds) : a;
    this.setY(i.rd, this.#link(sequential));
    return this.#capabilityMode ? setAddress(authority, target, this.platform) : this.#pccAt(target);
  }

  #atomic(i: Fields, a: Cap, b: Cap): void {
    const f5 = i.f7 >> 2;
    if (i.f3 > 3) illegal(this);
    const bytes = 1 << i.f3;
    const authority = this.#authority(a);
    if (f5 === 0x02) {
      if (i.rs2 !== 0) illegal(this);
      this.setY(i.rd, memory.loadReserved(this, authority, a.addr, bytes));
      return;
    }
    if (f5 === 0x03) {
      this.setX(i.rd, memory.storeConditional(this, authority, a.addr, bytes, b) ? 0n : 1n);
      return;
    }
    const update = i.f3 < 2 ? undefined : amoUpdate(f5, bytes, b.addr);
    if (update === undefined) illegal(this);
    this.setX(i.rd, memory.amo(this, authority, a.addr, bytes, update));
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
        if (this.mode === USER || (this.mode === SUPERVISOR && (this.status & TW) !== 0)) illegal(this);
        this.waiting = true;
        return sequential;
    }
    const virtual = this.mode === SUPERVISOR && (this.status & TVM) !== 0;
    if (i.f7 !== 0x09 || i.rd !== 0 || this.mode === USER || virtual) illegal(this);
    return sequential; // SFENCE.VMA: no translation is kept
  }

  #return(machine: boolean): Cap {
    const privileged = this.mode >= (machine ? MACHINE : SUPERVISOR);
    const trapped = !machine && this.mode === SUPERVISOR && (this.status & TSR) !== 0;
    if (!privileged || trapped || !has(this.pcc.high, ASR)) illegal(this);
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
    // In Integral Pointer Mode the widened registers are XLEN wide.
    const narrow = isExtended(n) && !this.#capabilityMode;
    const old = readCsr(this, n);
    if (writes) {
      const addr = operation === 1 ? operand : operation === 2 ? old.addr | operand : old.addr & ~operand;
      if (i.f3 === 1 && !narrow) writeCsr(this, n, a, true);
      else writeCsr(this, n, integer(addr), false);
    }
    this.setY(i.rd, narrow ? integer(old.addr) : old);
  }
}
