// The second model's control and status registers: which exist, who may access them, and what a write leaves in them.
//
// WARL masks and the choice of optional registers are the platform's (docs/csr.md); the rules are the standard's.
import { ASR, has, isIntact, isSealed, setAddress, u64, type Cap } from "./capability.ts";
import { readPmpcfg, writePmpaddr, writePmpcfg } from "./pmp.ts";
import { MACHINE, SUPERVISOR, USER, type CapabilityCsrs, type IntegerCsrs, type State } from "./state.ts";

const SIE = 1n << 1n;
const MIE = 1n << 3n;
const SPIE = 1n << 5n;
const MPIE = 1n << 7n;
const SPP = 1n << 8n;
const MPP = 3n << 11n;
const MPRV = 1n << 17n;
const SUM = 1n << 18n;
const MXR = 1n << 19n;
export const TVM = 1n << 20n;
export const TW = 1n << 21n;
export const TSR = 1n << 22n;
const SSTATUS = SIE | SPIE | SPP | SUM | MXR;
const MSTATUS = SSTATUS | MIE | MPIE | MPP | MPRV | TVM | TW | TSR;
const UXL = 3n << 32n;
const SSI = 1n << 1n;
const STI = 1n << 5n;
const SEI = 1n << 9n;
const S_INTERRUPTS = SSI | STI | SEI;
const INTERRUPTS = S_INTERRUPTS | (S_INTERRUPTS << 2n);
const STCE = 1n << 63n;
const ADUE = 1n << 61n;
const ENVCFG_Y = 1n << 8n;
const ENVCFG = 0xf1n;
const ALL = (1n << 64n) - 1n;
/** Every exception that exists but the environment call from M-mode, which cannot be delegated from it. */
const DELEGABLE = 0xb3ffn | (0x1fn << 32n);
const letters = (names: string): bigint =>
  [...names].reduce((bits, l) => bits | (1n << BigInt(l.charCodeAt(0) - 65)), 0n);
const MISA = (2n << 62n) | letters("ABCIMSUY");

type Kind =
  | { readonly kind: "x"; readonly name: keyof IntegerCsrs; readonly mask: bigint }
  | { readonly kind: "c"; readonly name: keyof CapabilityCsrs; readonly asrToRead: boolean }
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "derived"; readonly name: string }
  | { readonly kind: "pmpcfg" | "pmpaddr"; readonly number: number };

const x = (name: keyof IntegerCsrs, mask: bigint): Kind => ({ kind: "x", name, mask });
const c = (name: keyof CapabilityCsrs, asrToRead = true): Kind => ({ kind: "c", name, asrToRead });
const constant = (value = 0n): Kind => ({ kind: "constant", value });
const derived = (name: string): Kind => ({ kind: "derived", name });

function kindOf(n: number): Kind | undefined {
  switch (n) {
    case 0x100:
      return derived("sstatus");
    case 0x104:
      return derived("sie");
    case 0x105:
      return c("stvec");
    case 0x106:
      return x("scounteren", 0xffff_ffffn);
    case 0x10a:
      return x("senvcfg", ENVCFG);
    case 0x140:
      return c("sscratch");
    case 0x141:
      return c("sepc");
    case 0x142:
      return x("scause", ALL);
    case 0x143:
      return x("stval", ALL);
    case 0x144:
      return derived("sip");
    case 0x14d:
      return x("stimecmp", ALL);
    case 0x180:
      return x("satp", ALL);
    case 0x300:
      return x("mstatus", MSTATUS);
    case 0x301:
      return constant(MISA);
    case 0x302:
      return x("medeleg", DELEGABLE);
    case 0x303:
      return x("mideleg", S_INTERRUPTS);
    case 0x304:
      return x("mie", INTERRUPTS);
    case 0x305:
      return c("mtvec");
    case 0x306:
      return x("mcounteren", 0xffff_ffffn);
    case 0x30a:
      return x("menvcfg", ENVCFG | STCE | ADUE);
    case 0x340:
      return c("mscratch");
    case 0x341:
      return c("mepc");
    case 0x342:
      return x("mcause", ALL);
    case 0x343:
      return x("mtval", ALL);
    case 0x344:
      return derived("mip");
    case 0x480:
      return c("utidc", false);
    case 0x580:
      return c("stidc", false);
    case 0x780:
      return c("mtidc", false);
    case 0xb00:
    case 0xc00:
      return derived("cycle");
    case 0xc01:
      return derived("time");
    case 0xb02:
    case 0xc02:
      return derived("instret");
    case 0x320:
      return x("mcountinhibit", 5n);
    case 0xf11:
    case 0xf12:
    case 0xf13:
    case 0xf14:
    case 0xf15:
      return constant();
  }
  const counters = (n >= 0xb03 && n <= 0xb1f) || (n >= 0xc03 && n <= 0xc1f) || (n >= 0x323 && n <= 0x33f);
  const triggers = n >= 0x7a0 && n <= 0x7a3;
  if (n === 0x3a0 || n === 0x3a2) return { kind: "pmpcfg", number: n };
  if (n >= 0x3b0 && n <= 0x3bf) return { kind: "pmpaddr", number: n };
  return counters || triggers ? constant() : undefined;
}

/** Does the hart have it? */
export const exists = (n: number): boolean => kindOf(n) !== undefined;

/** May the current mode, with the pcc in force, access it? (#csrrwpriv, #asr_perm, counter enables, TVM, Sstc) */
export function permits(s: State, n: number, write: boolean): boolean {
  const kind = kindOf(n);
  if (kind === undefined) return false;
  if (write && n >> 10 === 3) return false;
  const privilege = (n >> 8) & 3;
  if (s.mode < privilege) return false;
  const threadId = kind.kind === "c" && !kind.asrToRead;
  const needsAsr = threadId ? write : privilege !== USER;
  if (needsAsr && !has(s.pcc.meta, ASR)) return false;
  if (s.mode === MACHINE) return true;
  if (n === 0x180) return s.mode !== SUPERVISOR || (s.x.mstatus & TVM) === 0n;
  if (n === 0x14d) return (s.x.menvcfg & STCE) !== 0n && (s.x.mcounteren & 2n) !== 0n;
  if (n >= 0xc00 && n <= 0xc1f) {
    const bit = 1n << BigInt(n & 31);
    return (s.x.mcounteren & bit) !== 0n && (s.mode === SUPERVISOR || (s.x.scounteren & bit) !== 0n);
  }
  return true;
}

/** mip: without devices, M-mode interrupts never pend; STIP is the comparison once Sstc is on. */
export function pending(s: State): bigint {
  if ((s.x.menvcfg & STCE) === 0n) return s.x.mip;
  return (s.x.mip & ~STI) | (s.now >= s.x.stimecmp ? STI : 0n);
}

export function readCsr(s: State, n: number): Cap {
  const kind = kindOf(n)!;
  if (kind.kind === "c") return s.c[kind.name];
  return { tag: false, meta: 0n, addr: readInteger(s, kind) };
}

function readInteger(s: State, kind: Exclude<Kind, { kind: "c" }>): bigint {
  switch (kind.kind) {
    case "x":
      return s.x[kind.name];
    case "constant":
      return kind.value;
    case "derived":
      return readDerived(s, kind.name);
    case "pmpcfg":
      return readPmpcfg(s, kind.number);
    case "pmpaddr":
      return s.pmpaddr[kind.number - 0x3b0]!;
  }
}

function readDerived(s: State, name: string): bigint {
  switch (name) {
    case "sstatus":
      return s.x.mstatus & (SSTATUS | UXL);
    case "sie":
      return s.x.mie & s.x.mideleg;
    case "sip":
      return pending(s) & s.x.mideleg;
    case "mip":
      return pending(s);
    case "cycle":
      return s.mcycle;
    case "time":
      return s.now;
    default:
      return s.minstret;
  }
}

/** CSRRW: `whole`, all of the value; else its address, by YADDRW (#rvy_csr_classes). */
export function writeCsr(s: State, n: number, value: Cap, whole: boolean): void {
  const kind = kindOf(n)!;
  s.wroteCsr = true;
  if (kind.kind === "x") writeInteger(s, kind.name, value.addr, kind.mask);
  else if (kind.kind === "derived") writeDerived(s, kind.name, value.addr);
  else if (kind.kind === "pmpcfg") writePmpcfg(s, n, value.addr);
  else if (kind.kind === "pmpaddr") writePmpaddr(s, n, value.addr);
  else if (kind.kind === "c") {
    const old = s.c[kind.name];
    const written = whole
      ? { ...value, tag: value.tag && isIntact(value, s.zylevels1) }
      : setAddress(old, value.addr, s.zylevels1);
    writeCapability(s, kind.name, written);
  }
}

function writeCapability(s: State, name: keyof CapabilityCsrs, value: Cap): void {
  if (name === "mtvec") s.c.mtvec = legalVector(s, value, 11n);
  else if (name === "stvec") s.c.stvec = legalVector(s, value, 9n);
  else if (name === "mepc" || name === "sepc") s.c[name] = legalPc(value);
  else s.c[name] = value;
}

/** #mtvec_y: YADDRW with the address read back, and every address that a trap can form must be represented exactly. */
function legalVector(s: State, value: Cap, highestCause: bigint): Cap {
  const mode = value.addr & 1n;
  const base = value.addr & ~3n;
  const observable = [base, base | mode, ...(mode === 1n ? [u64(base + 4n * highestCause)] : [])];
  const exact = observable.every((addr) => setAddress(value, addr, s.zylevels1).tag);
  return { tag: value.tag && exact, meta: value.meta, addr: base | mode };
}

/** #mepc_y with IALIGN = 16: bit 0 reads as zero, and a value that has it set loses its tag. */
function legalPc(value: Cap): Cap {
  return (value.addr & 1n) === 0n ? value : { tag: false, meta: value.meta, addr: value.addr & ~1n };
}

function writeInteger(s: State, name: keyof IntegerCsrs, value: bigint, mask: bigint): void {
  switch (name) {
    case "mstatus":
      writeStatus(s, value, mask);
      return;
    case "menvcfg":
    case "senvcfg": {
      // CBIE = 10 is reserved: read as 00.
      const legal = (value & 0x30n) === 0x20n ? value & ~0x30n : value;
      s.x[name] = (legal & mask) | ENVCFG_Y;
      return;
    }
    case "satp":
      if (value >> 60n === 0n) s.x.satp = value;
      else if (value >> 60n === 8n) s.end = { kind: "unmodelled", what: "Sv39" };
      return;
    default:
      s.x[name] = value & mask;
  }
}

function writeStatus(s: State, value: bigint, mask: bigint): void {
  const old = s.x.mstatus;
  let next = (old & ~mask) | (value & mask);
  if ((next & MPP) === 2n << 11n) next = (next & ~MPP) | (old & MPP);
  s.x.mstatus = next;
}

function writeDerived(s: State, name: string, value: bigint): void {
  const setMip = (mask: bigint): void => {
    s.x.mip = (s.x.mip & ~mask) | (value & mask);
  };
  switch (name) {
    case "sstatus":
      writeStatus(s, value, SSTATUS);
      return;
    case "sie":
      s.x.mie = (s.x.mie & ~s.x.mideleg) | (value & s.x.mideleg);
      return;
    case "sip":
      setMip(SSI & s.x.mideleg);
      return;
    case "mip":
      setMip((s.x.menvcfg & STCE) !== 0n ? SSI | SEI : S_INTERRUPTS);
      return;
    case "cycle":
      s.mcycle = value;
      return;
    case "instret":
      // "A value written to instret by one instruction will be the value read by the following instruction."
      s.minstret = value;
      s.instretWritten = true;
  }
}

/** The interrupt to take now, by priority: external, software, timer, M before S. */
export function interruptDue(s: State): number | undefined {
  const candidates = pending(s) & s.x.mie;
  if (candidates === 0n) return undefined;
  const toMachine = candidates & ~s.x.mideleg;
  const toSupervisor = candidates & s.x.mideleg;
  const machineTakes = s.mode < MACHINE || (s.x.mstatus & MIE) !== 0n;
  const supervisorTakes = s.mode < SUPERVISOR || (s.mode === SUPERVISOR && (s.x.mstatus & SIE) !== 0n);
  const due = machineTakes && toMachine !== 0n ? toMachine : supervisorTakes ? toSupervisor : 0n;
  return [11, 3, 7, 9, 1, 5].find((code) => ((due >> BigInt(code)) & 1n) !== 0n);
}

/** Trap entry (machine.adoc, supervisor.adoc; #mepc_y, #mtvec_y): the whole pcc is saved, the vector is installed. */
export function enterTrap(s: State, cause: number, tval: bigint, interrupt: boolean): void {
  const code = BigInt(cause);
  const status = s.x.mstatus;
  const delegated = (((interrupt ? s.x.mideleg : s.x.medeleg) >> code) & 1n) !== 0n && s.mode !== MACHINE;
  const value = interrupt ? (1n << 63n) | code : code;
  if (delegated) {
    const pie = (status & SIE) !== 0n ? SPIE : 0n;
    s.x.mstatus = (status & ~(SIE | SPIE | SPP)) | pie | (s.mode === SUPERVISOR ? SPP : 0n);
    s.x.scause = value;
    s.x.stval = tval;
    s.c.sepc = s.pcc;
    s.mode = SUPERVISOR;
  } else {
    const pie = (status & MIE) !== 0n ? MPIE : 0n;
    s.x.mstatus = (status & ~(MIE | MPIE | MPP)) | pie | (BigInt(s.mode) << 11n);
    s.x.mcause = value;
    s.x.mtval = tval;
    s.c.mepc = s.pcc;
    s.mode = MACHINE;
  }
  const vector = delegated ? s.c.stvec : s.c.mtvec;
  const vectored = interrupt && (vector.addr & 1n) !== 0n;
  const target = u64((vector.addr & ~3n) + (vectored ? 4n * code : 0n));
  s.pcc = setAddress(vector, target, s.zylevels1);
  s.reservedFrom = s.reservedTo = 0n;
  s.trapped = true;
}

/** MRET and SRET (#MRET_CHERI): the saved pcc, unsealed if it is a sentry; MPRV goes when leaving M-mode. */
export function trapReturn(s: State, machine: boolean): Cap {
  const status = s.x.mstatus;
  const [ie, pie] = machine ? [MIE, MPIE] : [SIE, SPIE];
  const to = machine ? Number((status & MPP) >> 11n) : (status & SPP) !== 0n ? SUPERVISOR : USER;
  let next = status & ~ie & ~(machine ? MPP : SPP);
  if ((status & pie) !== 0n) next |= ie;
  next |= pie;
  if (to !== MACHINE) next &= ~MPRV;
  s.x.mstatus = next;
  s.mode = to;
  const saved = machine ? s.c.mepc : s.c.sepc;
  return isSealed(saved) ? { ...saved, meta: saved.meta & ~(1n << 27n) } : saved;
}
