// The second model's control and status registers: which exist, who may access them, and what a write leaves in them.
//
// WARL masks and the choice of optional registers are the platform's (docs/csr.md); the rules are the standard's.
import { ASR, Cap, has, integer, isIntact, isSealed, setAddress, u64, untagged, CT } from "./capability.ts";
import { readPmpcfg, writePmpaddr, writePmpcfg } from "./pmp.ts";
import {
  ENVCFG_Y,
  MACHINE,
  MIE,
  MPIE,
  MPP,
  MPP_AT,
  MPRV,
  MXR,
  SIE,
  SPIE,
  SPP,
  SUM,
  SUPERVISOR,
  SYRG,
  TSR,
  TVM,
  TW,
  USER,
  UYRG,
  YRGE,
  type CapabilityCsrs,
  type IntegerCsrs,
  type State,
} from "./state.ts";

const SSTATUS = SIE | SPIE | SPP | SUM | MXR;
const MSTATUS = SSTATUS | MIE | MPIE | MPP | MPRV | TVM | TW | TSR;
/** In mstatus[63:32]. */
const UXL = 3;
const SSI = 1 << 1;
const STI = 1 << 5;
const SEI = 1 << 9;
const S_INTERRUPTS = SSI | STI | SEI;
const INTERRUPTS = S_INTERRUPTS | (S_INTERRUPTS << 2);
const STCE = 1n << 63n;
const ADUE = 1n << 61n;
const ENVCFG = 0xf1n;
const ALL = (1n << 64n) - 1n;
/** Every exception that can occur below M-mode; with IALIGN 16 no instruction address is misaligned. */
const DELEGABLE = 0xb3fen | (0x1fn << 32n);
const letters = (names: string): bigint =>
  [...names].reduce((bits, l) => bits | (1n << BigInt(l.charCodeAt(0) - 65)), 0n);
const MISA = (2n << 62n) | letters("ABCIMSUY");
const DDC = 0x416;

/**
 * `x` and `c` stand in the state as they are. Of those that hold capabilities, an `extended` one was widened, a `native` one
 * is new with RVY (#rvy_csr_classes).
 */
type Kind =
  | { readonly kind: "x"; readonly name: keyof IntegerCsrs; readonly mask: bigint }
  | { readonly kind: "c"; readonly name: keyof CapabilityCsrs; readonly access: "extended" | "native" | "thread" }
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "derived"; readonly name: string }
  | { readonly kind: "pmpcfg" | "pmpaddr"; readonly number: number };

const x = (name: keyof IntegerCsrs, mask: bigint): Kind => ({ kind: "x", name, mask });
const c = (name: keyof CapabilityCsrs, access: "extended" | "native" | "thread" = "extended"): Kind => ({
  ...{ kind: "c", name, access },
});
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
      return derived("mstatus");
    case 0x301:
      return constant(MISA);
    case 0x302:
      return x("medeleg", DELEGABLE);
    case 0x303:
      return derived("mideleg");
    case 0x304:
      return derived("mie");
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
    case DDC:
      return c("ddc", "native");
    case 0x480:
      return c("utidc", "thread");
    case 0x580:
      return c("stidc", "thread");
    case 0x780:
      return c("mtidc", "thread");
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

const KINDS = Array.from({ length: 4096 }, (_, n) => kindOf(n));

/** Does a hart with all extensions have it? */
export const exists = (n: number): boolean => KINDS[n] !== undefined;

/** May the current mode, with the pcc in force, access it? (#csrrwpriv, #asr_perm, counter enables, TVM, Sstc) */
export function permits(s: State, n: number, write: boolean): boolean {
  const kind = KINDS[n];
  if (kind === undefined || (n === DDC && !s.platform.zyhybrid)) return false;
  if (write && n >> 10 === 3) return false;
  const privilege = (n >> 8) & 3;
  if (s.mode < privilege) return false;
  const access = kind.kind === "c" ? kind.access : "other";
  const needsAsr = access === "thread" ? write : privilege !== USER;
  if (needsAsr && !has(s.pcc.high, ASR)) return false;
  if (s.mode === MACHINE) return true;
  // "No natively YLEN CSRs are available" (#section_cheri_disable).
  if ((access === "thread" || access === "native") && !s.capabilitiesEnabled) return false;
  if (n === 0x180) return s.mode !== SUPERVISOR || (s.status & TVM) === 0;
  if (n === 0x14d) return (s.x.menvcfg & STCE) !== 0n && (s.x.mcounteren & 2n) !== 0n;
  if (n >= 0xc00 && n <= 0xc1f) {
    const bit = 1n << BigInt(n & 31);
    return (s.x.mcounteren & bit) !== 0n && (s.mode === SUPERVISOR || (s.x.scounteren & bit) !== 0n);
  }
  return true;
}

/** Widened by RVY: in Integral Pointer Mode it is XLEN wide (#rvy_zicsr_mod_insn_table). */
export function isExtended(n: number): boolean {
  const kind = KINDS[n];
  return kind?.kind === "c" && kind.access === "extended";
}

/** mip: without devices, M-mode interrupts never pend; STIP is the comparison once Sstc is on. */
export function pending(s: State): number {
  if ((s.x.menvcfg & STCE) === 0n) return s.mip;
  return (s.mip & ~STI) | (BigInt(s.now) >= s.x.stimecmp ? STI : 0);
}

export function readCsr(s: State, n: number): Cap {
  const kind = KINDS[n]!;
  return kind.kind === "c" ? s.c[kind.name] : integer(readInteger(s, kind));
}

/** What a register that holds no capability reads. */
export function readXlen(s: State, n: number): bigint | undefined {
  const kind = KINDS[n]!;
  return kind.kind === "c" ? undefined : readInteger(s, kind);
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

const joined = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

function readDerived(s: State, name: string): bigint {
  switch (name) {
    case "mstatus":
      return joined(s.statusHigh, s.status);
    case "sstatus":
      return joined(s.statusHigh & (UXL | UYRG | SYRG | YRGE), s.status & SSTATUS);
    case "mideleg":
      return BigInt(s.mideleg);
    case "mie":
      return BigInt(s.mie);
    case "sie":
      return BigInt(s.mie & s.mideleg);
    case "sip":
      return BigInt(pending(s) & s.mideleg);
    case "mip":
      return BigInt(pending(s));
    case "cycle":
      return s.mcycle;
    case "time":
      return BigInt(s.now);
    default:
      return s.minstret;
  }
}

/** CSRRW: `whole`, all of the value; else its address, by YADDRW (#rvy_csr_classes). */
export function writeCsr(s: State, n: number, value: Cap, whole: boolean): void {
  const kind = KINDS[n]!;
  s.wroteCsr = true;
  if (kind.kind === "x") writeInteger(s, kind.name, value.addr, kind.mask);
  else if (kind.kind === "derived") writeDerived(s, kind.name, value.addr);
  else if (kind.kind === "pmpcfg") writePmpcfg(s, n, value.addr);
  else if (kind.kind === "pmpaddr") writePmpaddr(s, n, value.addr);
  else if (kind.kind === "c") {
    const intact = whole && isIntact(value, s.platform) ? value : untagged(value);
    writeCapability(s, kind.name, whole ? intact : setAddress(s.c[kind.name], value.addr, s.platform));
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
  const exact = observable.every((addr) => setAddress(value, addr, s.platform).tag);
  return new Cap(value.tag && exact, value.high, value.low, base | mode);
}

/** #mepc_y with IALIGN = 16: bit 0 reads as zero, and a value that has it set loses its tag. */
function legalPc(value: Cap): Cap {
  return (value.addr & 1n) === 0n ? value : new Cap(false, value.high, value.low, value.addr & ~1n);
}

function writeInteger(s: State, name: keyof IntegerCsrs, value: bigint, mask: bigint): void {
  switch (name) {
    case "menvcfg":
    case "senvcfg": {
      // CBIE = 10 is reserved: read as 00.
      const legal = (value & 0x30n) === 0x20n ? value & ~0x30n : value;
      s.x[name] = s.platform.zyhybrid ? legal & (mask | ENVCFG_Y) : (legal & mask) | ENVCFG_Y;
      return;
    }
    case "satp":
      // A MODE that is not supported: the whole write has no effect (#satp).
      if (value >> 60n === 0n || value >> 60n === 8n) s.x.satp = value;
      return;
    default:
      s.x[name] = value & mask;
  }
}

/** `mask`: the bits of the lower half that the register shows. */
function writeStatus(s: State, value: bigint, mask: number): void {
  const [low, high] = [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
  const next = (s.status & ~mask) | (low & mask);
  s.status = (next & MPP) === 2 << MPP_AT ? (next & ~MPP) | (s.status & MPP) : next;
  const generations = s.platform.svyrg ? UYRG | SYRG | YRGE : 0;
  s.statusHigh = (s.statusHigh & ~generations) | (high & generations);
}

function writeDerived(s: State, name: string, value: bigint): void {
  const bits = Number(value & 0xffffn);
  const setMip = (mask: number): void => {
    s.mip = (s.mip & ~mask) | (bits & mask);
  };
  switch (name) {
    case "mstatus":
      return writeStatus(s, value, MSTATUS);
    case "sstatus":
      return writeStatus(s, value, SSTATUS);
    case "mideleg":
      s.mideleg = bits & S_INTERRUPTS;
      return;
    case "mie":
      s.mie = bits & INTERRUPTS;
      return;
    case "sie":
      s.mie = (s.mie & ~s.mideleg) | (bits & s.mideleg);
      return;
    case "sip":
      return setMip(SSI & s.mideleg);
    case "mip":
      return setMip((s.x.menvcfg & STCE) !== 0n ? SSI | SEI : S_INTERRUPTS);
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
  if (s.mie === 0) return undefined;
  const candidates = pending(s) & s.mie;
  if (candidates === 0) return undefined;
  const toMachine = candidates & ~s.mideleg;
  const toSupervisor = candidates & s.mideleg;
  const machineTakes = s.mode < MACHINE || (s.status & MIE) !== 0;
  const supervisorTakes = s.mode < SUPERVISOR || (s.mode === SUPERVISOR && (s.status & SIE) !== 0);
  const due = machineTakes && toMachine !== 0 ? toMachine : supervisorTakes ? toSupervisor : 0;
  return [11, 3, 7, 9, 1, 5].find((code) => ((due >> code) & 1) !== 0);
}

/** Trap entry (machine.adoc, supervisor.adoc; #mepc_y, #mtvec_y): the whole pcc is saved, the vector is installed. */
export function enterTrap(s: State, cause: number, tval: bigint, interrupt: boolean): void {
  const { status } = s;
  const delegates = interrupt ? (s.mideleg >> cause) & 1 : Number((s.x.medeleg >> BigInt(cause)) & 1n);
  const delegated = delegates === 1 && s.mode !== MACHINE;
  const value = interrupt ? (1n << 63n) | BigInt(cause) : BigInt(cause);
  if (delegated) {
    const pie = (status & SIE) !== 0 ? SPIE : 0;
    s.status = (status & ~(SIE | SPIE | SPP)) | pie | (s.mode === SUPERVISOR ? SPP : 0);
    s.x.scause = value;
    s.x.stval = tval;
    s.c.sepc = s.pcc;
    s.mode = SUPERVISOR;
  } else {
    const pie = (status & MIE) !== 0 ? MPIE : 0;
    s.status = (status & ~(MIE | MPIE | MPP)) | pie | (s.mode << MPP_AT);
    s.x.mcause = value;
    s.x.mtval = tval;
    s.c.mepc = s.pcc;
    s.mode = MACHINE;
  }
  const vector = delegated ? s.c.stvec : s.c.mtvec;
  const vectored = interrupt && (vector.addr & 1n) !== 0n;
  const target = u64((vector.addr & ~3n) + (vectored ? 4n * BigInt(cause) : 0n));
  s.pcc = setAddress(vector, target, s.platform);
  s.reservedFrom = s.reservedTo = 0;
  s.trapped = true;
}

/** MRET and SRET (#MRET_CHERI): the saved pcc, unsealed if it is a sentry; MPRV goes when leaving M-mode. */
export function trapReturn(s: State, machine: boolean): Cap {
  const { status } = s;
  const [ie, pie] = machine ? [MIE, MPIE] : [SIE, SPIE];
  const to = machine ? (status & MPP) >> MPP_AT : (status & SPP) !== 0 ? SUPERVISOR : USER;
  let next = (status & ~ie & ~(machine ? MPP : SPP)) | pie;
  if ((status & pie) !== 0) next |= ie;
  if (to !== MACHINE) next &= ~MPRV;
  s.status = next;
  s.mode = to;
  const saved = machine ? s.c.mepc : s.c.sepc;
  return isSealed(saved) ? new Cap(saved.tag, saved.high, saved.low & ~CT, saved.addr) : saved;
}
