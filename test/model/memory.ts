// The second model's memory accesses: which capability authorises what, in the order in which the faults come.
import {
  boundsOf,
  C,
  filterLoaded,
  has,
  integer,
  isIntact,
  isSealed,
  R,
  storedTag,
  untagged,
  W,
  type Cap,
} from "./capability.ts";
import { pmpAllows, PMP_R, PMP_W } from "./pmp.ts";
import { CACHE_BLOCK, LOAD_FAULT, RAM_BASE, STORE_FAULT, Trap, type State } from "./state.ts";
import {
  bytesInFirstPage,
  dataMode,
  isUndecodable,
  loadedTag,
  translate,
  type Access,
  type Translated,
} from "./translation.ts";

const CHERI_LOAD_FAULT = 33;
const CHERI_STORE_FAULT = 34;
const LOAD_MISALIGNED = 4;
const STORE_MISALIGNED = 6;
const CAPABILITY_BYTES = 16;

const FINISHER = 0x10_0000;
/** Devices beside RAM; of them only the finisher is modelled. */
const DEVICES: readonly (readonly [from: number, to: number])[] = [
  [FINISHER, 0x10_1000],
  [0x11_0000, 0x11_1000],
  [0x200_0000, 0x201_0000],
  [0x1000_0000, 0x1000_0100],
];

const isAligned = (addr: bigint, bytes: number): boolean => (addr & BigInt(bytes - 1)) === 0n;

/** #cheri_exception_combs_descriptions: tag, seal, permissions, every byte in bounds, integrity; a decodable address. */
function authorise(s: State, cap: Cap, addr: bigint, bytes: number, needed: number, cause: number): void {
  const bounds = boundsOf(cap);
  const inBounds = addr >= bounds.base && addr + BigInt(bytes) <= bounds.top;
  const sound = cap.tag && !isSealed(cap) && has(cap.high, needed) && isIntact(cap, s.platform);
  if (!sound || !inBounds || isUndecodable(s, dataMode(s), addr, bounds)) throw new Trap(cause, addr);
}

const faultOf = (access: Access): number => (access === "load" ? LOAD_FAULT : STORE_FAULT);

/** PMP looks at an access as a whole: loads need R, stores W. */
function requirePmp(s: State, phys: number, bytes: number, access: Access, va: bigint): void {
  const allowed = pmpAllows(s, dataMode(s), phys, bytes, access === "load" ? PMP_R : PMP_W);
  if (!allowed) throw new Trap(faultOf(access), va);
}

/** PMAs: RAM takes any access, in portions that fault one by one; devices take aligned ones. True: it is a device's. */
function locate(s: State, phys: number, bytes: number, access: Access, va: bigint): boolean {
  requirePmp(s, phys, bytes, access, va);
  if (s.inRam(phys, bytes)) return false;
  if (phys % bytes === 0 && DEVICES.some(([from, to]) => phys >= from && phys + bytes <= to)) return true;
  // "the virtual address of the portion of the access that caused the fault" (#mtval): the first byte that is not RAM's.
  const inside = s.inRam(phys, 1) ? RAM_BASE + s.ram.length - phys : 0;
  throw new Trap(faultOf(access), va + BigInt(inside));
}

/** An integer access as one portion, or as two where pages are translated one by one and it lies in two. */
interface Portions {
  readonly first: number;
  readonly firstBytes: number;
  readonly second: number;
  readonly device: boolean;
}

function portions(s: State, addr: bigint, bytes: number, access: "load" | "store"): Portions {
  const mode = dataMode(s);
  const firstBytes = bytesInFirstPage(s, mode, addr, bytes);
  const first = translate(s, mode, addr, access).phys;
  if (firstBytes === bytes) {
    return { first, firstBytes, second: 0, device: locate(s, first, bytes, access, addr) };
  }
  const device = locate(s, first, firstBytes, access, addr);
  const rest = BigInt.asUintN(64, addr + BigInt(firstBytes));
  const second = translate(s, mode, rest, access).phys;
  return { first, firstBytes, second, device: locate(s, second, bytes - firstBytes, access, rest) || device };
}

export function load(s: State, cap: Cap, addr: bigint, bytes: number): bigint {
  authorise(s, cap, addr, bytes, R, CHERI_LOAD_FAULT);
  if (s.platform.misalignedTraps && !isAligned(addr, bytes)) throw new Trap(LOAD_MISALIGNED, addr);
  const at = portions(s, addr, bytes, "load");
  if (at.device) return loadDevice(s, at.first, addr);
  if (at.firstBytes === bytes) return s.read(at.first, bytes);
  const high = s.read(at.second, bytes - at.firstBytes);
  return s.read(at.first, at.firstBytes) | (high << BigInt(8 * at.firstBytes));
}

function loadDevice(s: State, phys: number, addr: bigint): bigint {
  if (phys === FINISHER) return 0n;
  if (phys >> 12 === FINISHER >> 12) throw new Trap(LOAD_FAULT, addr);
  s.end = { kind: "unmodelled", what: "device load" };
  return 0n;
}

export function store(s: State, cap: Cap, addr: bigint, bytes: number, value: bigint): void {
  authorise(s, cap, addr, bytes, W, CHERI_STORE_FAULT);
  if (s.platform.misalignedTraps && !isAligned(addr, bytes)) throw new Trap(STORE_MISALIGNED, addr);
  const at = portions(s, addr, bytes, "store");
  if (at.device) storeDevice(s, at.first, addr, bytes, value);
  else {
    s.write(at.first, at.firstBytes, value);
    if (at.firstBytes !== bytes) s.write(at.second, bytes - at.firstBytes, value >> BigInt(8 * at.firstBytes));
  }
}

function storeDevice(s: State, phys: number, addr: bigint, bytes: number, value: bigint): void {
  if (phys >> 12 !== FINISHER >> 12) {
    s.end = { kind: "unmodelled", what: "device store" };
    return;
  }
  if (phys !== FINISHER || bytes < 2) throw new Trap(STORE_FAULT, addr);
  const code = Number((value >> 16n) & 0xffffn);
  if ((value & 0xffffn) === 0x5555n) s.end = { kind: "exit", status: 0 };
  else if ((value & 0xffffn) === 0x3333n) s.end = { kind: "exit", status: code || 1 };
}

/** Capability accesses and atomics: RAM alone takes them, aligned. */
function reach(s: State, addr: bigint, bytes: number, access: Access): Translated {
  const at = translate(s, dataMode(s), addr, access);
  requirePmp(s, at.phys, bytes, access, addr);
  if (!s.inRam(at.phys, bytes)) throw new Trap(faultOf(access), addr);
  return at;
}

/** A misaligned capability access is an access fault, a misaligned atomic of integers a misaligned one. */
function requireAligned(addr: bigint, bytes: number, access: "load" | "store"): void {
  if (isAligned(addr, bytes)) return;
  if (bytes === CAPABILITY_BYTES) throw new Trap(faultOf(access), addr);
  throw new Trap(access === "load" ? LOAD_MISALIGNED : STORE_MISALIGNED, addr);
}

/** The granule as the page lets it be loaded by an authority (#section_pte_rvy; Svyrg), then as the authority does. */
function loadThrough(s: State, at: Translated, authority: Cap, addr: bigint): Cap {
  const granule = s.readCap(at.phys);
  const tag = has(authority.high, C) && loadedTag(s, at.leaf, granule.tag, addr);
  return filterLoaded(tag ? granule : untagged(granule), authority.high, s.platform);
}

/** #LOAD_CAP */
export function loadCap(s: State, cap: Cap, addr: bigint): Cap {
  authorise(s, cap, addr, CAPABILITY_BYTES, R, CHERI_LOAD_FAULT);
  requireAligned(addr, CAPABILITY_BYTES, "load");
  return loadThrough(s, reach(s, addr, CAPABILITY_BYTES, "load"), cap, addr);
}

/** #STORE_CAP */
export function storeCap(s: State, cap: Cap, addr: bigint, value: Cap): void {
  authorise(s, cap, addr, CAPABILITY_BYTES, W, CHERI_STORE_FAULT);
  requireAligned(addr, CAPABILITY_BYTES, "store");
  const tag = storedTag(value, cap.high, s.platform);
  s.writeCap(reach(s, addr, CAPABILITY_BYTES, tag ? "storeTag" : "store").phys, value, tag);
}

/** LR: the checks of a load; 16 bytes are a capability. */
export function loadReserved(s: State, cap: Cap, addr: bigint, bytes: number): Cap {
  authorise(s, cap, addr, bytes, R, CHERI_LOAD_FAULT);
  requireAligned(addr, bytes, "load");
  const at = reach(s, addr, bytes, "load");
  const value =
    bytes === CAPABILITY_BYTES
      ? loadThrough(s, at, cap, addr)
      : integer(BigInt.asIntN(8 * bytes, s.read(at.phys, bytes)));
  s.reservedFrom = at.phys;
  s.reservedTo = at.phys + bytes;
  return value;
}

/** SC: true if it stored. Any SC ends the reservation. Its page asks for W alone (#STORE_COND_CAP, store_exceptions). */
export function storeConditional(s: State, cap: Cap, addr: bigint, bytes: number, value: Cap): boolean {
  authorise(s, cap, addr, bytes, W, CHERI_STORE_FAULT);
  requireAligned(addr, bytes, "store");
  const tag = bytes === CAPABILITY_BYTES && storedTag(value, cap.high, s.platform);
  const { phys } = reach(s, addr, bytes, tag ? "storeTag" : "store");
  const covered = phys >= s.reservedFrom && phys + bytes <= s.reservedTo;
  s.reservedFrom = s.reservedTo = 0;
  if (!covered) return false;
  if (bytes === CAPABILITY_BYTES) s.writeCap(phys, value, tag);
  else s.write(phys, bytes, value.addr);
  return true;
}

/** AMO: a load followed by a store, which needs R and W and raises the store's causes (#zaamo_cheri). */
export function amo(s: State, cap: Cap, addr: bigint, bytes: number, update: (old: bigint) => bigint): bigint {
  authorise(s, cap, addr, bytes, R | W, CHERI_STORE_FAULT);
  requireAligned(addr, bytes, "store");
  const { phys } = reach(s, addr, bytes, "store");
  const old = s.read(phys, bytes);
  s.write(phys, bytes, update(old));
  return BigInt.asIntN(8 * bytes, old);
}

/** #AMOSWAP_CAP */
export function swapCap(s: State, cap: Cap, addr: bigint, value: Cap): Cap {
  authorise(s, cap, addr, CAPABILITY_BYTES, R | W, CHERI_STORE_FAULT);
  requireAligned(addr, CAPABILITY_BYTES, "store");
  const tag = storedTag(value, cap.high, s.platform);
  const at = reach(s, addr, CAPABILITY_BYTES, tag ? "storeTag" : "store");
  const old = loadThrough(s, at, cap, addr);
  s.writeCap(at.phys, value, tag);
  return old;
}

/** CBO.ZERO, .INVAL, .CLEAN, .FLUSH; xtval is the effective address, rs1 (cmo.adoc). */
export function cacheBlock(s: State, cap: Cap, addr: bigint, operation: "zero" | "inval" | "clean"): void {
  const block = addr & ~BigInt(CACHE_BLOCK - 1);
  const bounds = boundsOf(cap);
  const { base, top } = bounds;
  const end = block + BigInt(CACHE_BLOCK);
  const whole = block >= base && end <= top;
  const some = block < top && end > base && base < top;
  const inBounds = operation === "clean" ? some : whole;
  const permitted = has(cap.high, operation === "zero" ? W : R | W);
  const sound = cap.tag && !isSealed(cap) && permitted && isIntact(cap, s.platform);
  const undecodable = isUndecodable(s, dataMode(s), addr, bounds);
  if (!sound || !inBounds || undecodable) throw new Trap(CHERI_STORE_FAULT, addr);
  const phys = blockOf(translate(s, dataMode(s), addr, operation === "zero" ? "store" : "manage").phys);
  // Management may go where a load or a store may; in PMP W without R is reserved, so R it is.
  const protection = operation === "zero" ? PMP_W : PMP_R;
  const allowed = pmpAllows(s, dataMode(s), phys, CACHE_BLOCK, protection);
  if (!s.inRam(phys, CACHE_BLOCK) || !allowed) throw new Trap(STORE_FAULT, addr);
  if (operation === "zero") s.zero(phys, CACHE_BLOCK);
}

const blockOf = (phys: number): number => phys - (phys % CACHE_BLOCK);
