// The second model's RVY instructions: opcode RVY-A, each as its page in the standard says it.
import {
  boundsOf,
  Cap,
  clearPermissions,
  CT,
  isIntact,
  isSealed,
  isSubset,
  metaOf,
  P,
  readMode,
  readPermissions,
  representableMask,
  setAddress,
  setBounds,
  setMode,
  u64,
  withMeta,
} from "./capability.ts";
import { illegal, sImm, type Fields } from "./fields.ts";
import * as memory from "./memory.ts";
import type { State } from "./state.ts";

/** Opcode RVY-A (#rvyopcodemap). `auth` authorises accesses to memory: rs1, or ddc in Integral Pointer Mode. */
export function capability(s: State, i: Fields, a: Cap, b: Cap, auth: Cap): void {
  const x = s.platform;
  switch (i.f3) {
    case 0:
      register(s, i, a, b);
      return;
    case 1:
      s.setY(i.rd, memory.loadCap(s, auth, u64(a.addr + i.iImm)));
      return;
    case 2:
      memory.storeCap(s, auth, u64(a.addr + sImm(i.word)), b);
      return;
    case 3:
      atomicCap(s, i, a.addr, b, auth);
      return;
    case 4:
      s.setY(i.rd, setAddress(a, u64(a.addr + i.iImm), x));
      return;
    case 5:
      if (i.word >>> 29 === 7) s.setY(i.rd, setBounds(a, immediateLength((i.word >>> 20) & 0x1ff), true, x));
      else if (i.word >>> 20 === 64) s.setX(i.rd, metaOf(a));
      else illegal(s);
      return;
    default:
      illegal(s);
  }
}

function atomicCap(s: State, i: Fields, addr: bigint, b: Cap, auth: Cap): void {
  switch (i.f7 >> 2) {
    case 0x02:
      if (i.rs2 !== 0) illegal(s);
      s.setY(i.rd, memory.loadReserved(s, auth, addr, 16));
      return;
    case 0x03:
      s.setX(i.rd, memory.storeConditional(s, auth, addr, 16, b) ? 0n : 1n);
      return;
    case 0x01:
      s.setY(i.rd, memory.swapCap(s, auth, addr, b));
      return;
    default:
      illegal(s);
  }
}

/** RVY-R: three registers, or two. */
function register(s: State, i: Fields, a: Cap, b: Cap): void {
  const x = s.platform;
  const shifted = (by: number, operand: bigint): Cap => setAddress(b, u64(b.addr + (operand << BigInt(by))), x);
  switch (i.f7) {
    case 0x01: // PACKY
      return s.setY(i.rd, withMeta(false, b.addr, a.addr));
    case 0x03: // YMV, YADD
      return s.setY(i.rd, i.rs2 === 0 ? a : setAddress(a, u64(a.addr + b.addr), x));
    case 0x0b: // YADDRW
      return s.setY(i.rd, setAddress(a, b.addr, x));
    case 0x13: // YPERMC
      return s.setY(i.rd, clearPermissions(a, b.addr, x));
    case 0x1b: // YBNDSW
      return s.setY(i.rd, setBounds(a, b.addr, true, x));
    case 0x23: // YBNDSRW
      return s.setY(i.rd, setBounds(a, b.addr, false, x));
    case 0x2b:
      return mode(s, i, a, b);
    case 0x06: // YEQ
      return s.setX(i.rd, a.tag === b.tag && metaOf(a) === metaOf(b) && a.addr === b.addr ? 1n : 0n);
    case 0x0e: // YSS
      return s.setX(i.rd, a.tag === b.tag && isSubset(b, a, x) ? 1n : 0n);
    case 0x07: {
      // YSUNSEAL
      const tag = a.tag && !isSealed(a) && b.tag && isSealed(b) && isSubset(b, a, x);
      return s.setY(i.rd, new Cap(tag, b.high, b.low & ~CT, b.addr));
    }
    case 0x0f: // YBLD
      return s.setY(i.rd, new Cap(a.tag && !isSealed(a) && isSubset(b, a, x), b.high, b.low, b.addr));
    case 0x17: // YSENTRY
      if (i.rs1 !== 0) illegal(s);
      return s.setY(i.rd, new Cap(b.tag && !isSealed(b) && isIntact(b, x), b.high, b.low | CT, b.addr));
    case 0x05:
    case 0x0d:
    case 0x15:
    case 0x1d: // YSHnADD
      return s.setY(i.rd, shifted((i.f7 >> 3) + 1, a.addr));
    case 0x25:
    case 0x2d:
    case 0x35:
    case 0x3d: // YSHnADD.UW
      return s.setY(i.rd, shifted(((i.f7 >> 3) & 3) + 1, a.addr & 0xffff_ffffn));
    case 0x78:
      if (i.rs2 !== 0) illegal(s);
      return s.setX(i.rd, representableMask(a.addr)); // YAMASK
    case 0x7a:
      return inspect(s, i, a);
    default:
      return illegal(s);
  }
}

/** YMODEW, YMODESWY, YMODESWI (#SCMODE, #MODESW_CAP, #MODESW_INT). */
function mode(s: State, i: Fields, a: Cap, b: Cap): void {
  if (!s.platform.zyhybrid) illegal(s);
  if (i.rd !== 0) return s.setY(i.rd, setMode(a, b.addr, s.platform));
  if (i.rs1 !== 0 || i.rs2 > 1) illegal(s);
  const { tag, high, low, addr, bounds } = s.pcc;
  s.pcc = new Cap(tag, i.rs2 === 1 ? high | P : high & ~P, low, addr, bounds);
}

/** Two-operand instructions that read a field of a capability. */
function inspect(s: State, i: Fields, a: Cap): void {
  const x = s.platform;
  // NULL's bounds "cover the entire address space", although its AP lacks the reserved ones (#section_null_cap_encoding).
  const sound = isIntact(a, x) || (a.high === 0 && a.low === 0);
  const { base, top } = sound ? boundsOf(a) : { base: 0n, top: 0n };
  const most = (1n << 64n) - 1n;
  const saturated = (v: bigint): bigint => (v > most ? most : v);
  switch (i.rs2) {
    case 0:
      return s.setX(i.rd, base);
    case 1:
      return s.setX(i.rd, readPermissions(a, x));
    case 2:
      return s.setX(i.rd, saturated(top));
    case 3:
      return s.setX(i.rd, saturated(top - base));
    case 4:
      return s.setX(i.rd, a.tag ? 1n : 0n);
    case 5:
      return s.setX(i.rd, isSealed(a) ? 1n : 0n);
    case 6:
      if (!x.zyhybrid) illegal(s);
      return s.setX(i.rd, readMode(a, x));
    default:
      return illegal(s);
  }
}

/** #SCBNDSI */
function immediateLength(imm: number): bigint {
  if (imm === 0) return 4096n;
  if (imm >> 8 === 0) return BigInt(imm);
  if (((imm >> 5) & 7) === 0) return BigInt(256 | ((imm & 15) << 4) | (((imm >> 4) & 1) << 3));
  return BigInt((imm & 0xff) << 4);
}
