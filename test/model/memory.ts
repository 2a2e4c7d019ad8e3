// The second model's memory accesses: which capability authorises what, in the order in which the faults come.
import {
  decodeBounds,
  filterLoaded,
  has,
  integer,
  isIntact,
  isSealed,
  R,
  storedTag,
  W,
  type Cap,
} from "./capability.ts";
import { dataMode, pmpAllows, PMP_R, PMP_W } from "./pmp.ts";
import { CACHE_BLOCK, RAM_BASE, Trap, type State } from "./state.ts";

const LOAD_FAULT = 5;
const STORE_FAULT = 7;
const CHERI_LOAD_FAULT = 33;
const CHERI_STORE_FAULT = 34;
const LOAD_MISALIGNED = 4;
const STORE_MISALIGNED = 6;

const FINISHER = 0x10_0000n;
/** Devices beside RAM; of them only the finisher is modelled. */
const DEVICES: readonly (readonly [from: bigint, to: bigint])[] = [
  [FINISHER, 0x10_1000n],
  [0x11_0000n, 0x11_1000n],
  [0x200_0000n, 0x201_0000n],
  [0x1000_0000n, 0x1000_0100n],
];

/** #cheri_exception_combs_descriptions: tag, seal, permissions, every byte in bounds, integrity. */
function authorise(s: State, cap: Cap, addr: bigint, bytes: bigint, needed: readonly bigint[], cause: number): void {
  const { base, top } = decodeBounds(cap.meta, cap.addr);
  const inBounds = addr >= base && addr + bytes <= top;
  const sound = cap.tag && !isSealed(cap) && has(cap.meta, ...needed) && isIntact(cap, s.zylevels1);
  if (!sound || !inBounds) throw new Trap(cause, addr);
}

/** PMP looks at an access as a whole: loads need R, stores W. */
function requirePmp(s: State, addr: bigint, bytes: bigint, fault: number): void {
  if (!pmpAllows(s, dataMode(s), addr, bytes, fault === LOAD_FAULT ? PMP_R : PMP_W)) throw new Trap(fault, addr);
}

/** PMAs: RAM takes any access, in portions that fault one by one; devices take aligned ones. True: it is a device's. */
function locate(s: State, addr: bigint, bytes: bigint, fault: number): boolean {
  requirePmp(s, addr, bytes, fault);
  if (s.inRam(addr, bytes)) return false;
  if (addr % bytes === 0n && DEVICES.some(([from, to]) => addr >= from && addr + bytes <= to)) return true;
  // "the virtual address of the portion of the access that caused the fault" (#mtval): the first byte that is not RAM's.
  const end = RAM_BASE + BigInt(s.ram.length);
  throw new Trap(fault, s.inRam(addr, 1n) ? end : addr);
}

export function load(s: State, cap: Cap, addr: bigint, bytes: number): bigint {
  authorise(s, cap, addr, BigInt(bytes), [R], CHERI_LOAD_FAULT);
  if (locate(s, addr, BigInt(bytes), LOAD_FAULT)) {
    if (addr === FINISHER) return 0n;
    if (addr >> 12n === FINISHER >> 12n) throw new Trap(LOAD_FAULT, addr);
    s.end = { kind: "unmodelled", what: "device load" };
    return 0n;
  }
  return s.read(addr, bytes);
}

export function store(s: State, cap: Cap, addr: bigint, bytes: number, value: bigint): void {
  authorise(s, cap, addr, BigInt(bytes), [W], CHERI_STORE_FAULT);
  if (locate(s, addr, BigInt(bytes), STORE_FAULT)) storeDevice(s, addr, bytes, value);
  else s.write(addr, bytes, value);
}

function storeDevice(s: State, addr: bigint, bytes: number, value: bigint): void {
  if (addr >> 12n !== FINISHER >> 12n) {
    s.end = { kind: "unmodelled", what: "device store" };
    return;
  }
  if (addr !== FINISHER || bytes < 2) throw new Trap(STORE_FAULT, addr);
  const code = Number((value >> 16n) & 0xffffn);
  if ((value & 0xffffn) === 0x5555n) s.end = { kind: "exit", status: 0 };
  else if ((value & 0xffffn) === 0x3333n) s.end = { kind: "exit", status: code || 1 };
}

/** Capability accesses and atomics: RAM alone takes them, aligned. */
function requireRam(s: State, addr: bigint, bytes: bigint, fault: number): void {
  requirePmp(s, addr, bytes, fault);
  if (!s.inRam(addr, bytes)) throw new Trap(fault, addr);
}

/** #LOAD_CAP; a misaligned one is an access fault. */
export function loadCap(s: State, cap: Cap, addr: bigint): Cap {
  authorise(s, cap, addr, 16n, [R], CHERI_LOAD_FAULT);
  if (addr % 16n !== 0n) throw new Trap(LOAD_FAULT, addr);
  requireRam(s, addr, 16n, LOAD_FAULT);
  return filterLoaded(s.readCap(addr), cap.meta, s.zylevels1);
}

/** #STORE_CAP */
export function storeCap(s: State, cap: Cap, addr: bigint, value: Cap): void {
  authorise(s, cap, addr, 16n, [W], CHERI_STORE_FAULT);
  if (addr % 16n !== 0n) throw new Trap(STORE_FAULT, addr);
  requireRam(s, addr, 16n, STORE_FAULT);
  s.writeCap(addr, value, storedTag(value, cap.meta, s.zylevels1));
}

/** LR: the checks of a load; 16 bytes are a capability. */
export function loadReserved(s: State, cap: Cap, bytes: number): Cap {
  const addr = cap.addr;
  authorise(s, cap, addr, BigInt(bytes), [R], CHERI_LOAD_FAULT);
  if (addr % BigInt(bytes) !== 0n) throw new Trap(bytes === 16 ? LOAD_FAULT : LOAD_MISALIGNED, addr);
  requireRam(s, addr, BigInt(bytes), LOAD_FAULT);
  s.reservedFrom = addr;
  s.reservedTo = addr + BigInt(bytes);
  if (bytes === 16) return filterLoaded(s.readCap(addr), cap.meta, s.zylevels1);
  return integer(BigInt.asUintN(64, BigInt.asIntN(8 * bytes, s.read(addr, bytes))));
}

/** SC: true if it stored. Any SC ends the reservation. Its page asks for W alone (#STORE_COND_CAP, store_exceptions). */
export function storeConditional(s: State, cap: Cap, bytes: number, value: Cap): boolean {
  const addr = cap.addr;
  authorise(s, cap, addr, BigInt(bytes), [W], CHERI_STORE_FAULT);
  if (addr % BigInt(bytes) !== 0n) throw new Trap(bytes === 16 ? STORE_FAULT : STORE_MISALIGNED, addr);
  requireRam(s, addr, BigInt(bytes), STORE_FAULT);
  const covered = addr >= s.reservedFrom && addr + BigInt(bytes) <= s.reservedTo;
  s.reservedFrom = s.reservedTo = 0n;
  if (!covered) return false;
  if (bytes === 16) s.writeCap(addr, value, storedTag(value, cap.meta, s.zylevels1));
  else s.write(addr, bytes, value.addr);
  return true;
}

/** AMO: a load followed by a store, which needs R and W and raises the store's causes (#zaamo_cheri). */
export function amo(s: State, cap: Cap, bytes: number, update: (old: bigint) => bigint): bigint {
  const addr = cap.addr;
  authorise(s, cap, addr, BigInt(bytes), [R, W], CHERI_STORE_FAULT);
  if (addr % BigInt(bytes) !== 0n) throw new Trap(STORE_MISALIGNED, addr);
  requireRam(s, addr, BigInt(bytes), STORE_FAULT);
  const old = s.read(addr, bytes);
  s.write(addr, bytes, update(old));
  return BigInt.asIntN(8 * bytes, old);
}

/** #AMOSWAP_CAP */
export function swapCap(s: State, cap: Cap, value: Cap): Cap {
  const addr = cap.addr;
  authorise(s, cap, addr, 16n, [R, W], CHERI_STORE_FAULT);
  if (addr % 16n !== 0n) throw new Trap(STORE_FAULT, addr);
  requireRam(s, addr, 16n, STORE_FAULT);
  const old = filterLoaded(s.readCap(addr), cap.meta, s.zylevels1);
  s.writeCap(addr, value, storedTag(value, cap.meta, s.zylevels1));
  return old;
}

/** CBO.ZERO, .INVAL, .CLEAN, .FLUSH; xtval is the effective address, rs1 (cmo.adoc). */
export function cacheBlock(s: State, cap: Cap, operation: "zero" | "inval" | "clean" | "flush"): void {
  const block = cap.addr & ~(CACHE_BLOCK - 1n);
  const { base, top } = decodeBounds(cap.meta, cap.addr);
  const whole = block >= base && block + CACHE_BLOCK <= top;
  const some = block < top && block + CACHE_BLOCK > base && base < top;
  const inBounds = operation === "zero" || operation === "inval" ? whole : some;
  const permitted = operation === "zero" ? has(cap.meta, W) : has(cap.meta, R, W);
  const sound = cap.tag && !isSealed(cap) && permitted && isIntact(cap, s.zylevels1);
  if (!sound || !inBounds) throw new Trap(CHERI_STORE_FAULT, cap.addr);
  // Management may go where a load or a store may; W without R is reserved, so R it is.
  const protection = operation === "zero" ? PMP_W : PMP_R;
  const allowed = pmpAllows(s, dataMode(s), block, CACHE_BLOCK, protection);
  if (!s.inRam(block, CACHE_BLOCK) || !allowed) throw new Trap(STORE_FAULT, cap.addr);
  if (operation === "zero") s.write(block, Number(CACHE_BLOCK), 0n);
}
