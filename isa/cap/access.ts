// Authority for memory accesses: who may touch which bytes, and what happens to a capability on its way to and from memory.
import { CAUSE } from "../cause.ts";
import { GLOBAL, PERMISSION, SEALED } from "./format.ts";
import { hasAll, legalise } from "./perms.ts";
import type { Semantics } from "../semantics.ts";

const { C, W, R, LM, LG, SL } = PERMISSION;
const YLEN_BYTES = 16;

/**
 * Traps with `cause`, and `tval` in xtval, unless the authority is tagged, unsealed, integral, grants `permissions` (bits of PERMISSION) and
 * its bounds hold every byte of [addr, addr + bytes) (#sec_cap_checks).
 */
export function checkAccess<X, Y>(
  m: Semantics<X, Y>,
  authority: Y,
  addr: X,
  bytes: number,
  permissions: bigint,
  cause: number,
  tval: X = addr,
): void {
  const held = m.holds?.(authority, addr, bytes) ?? holds(m, authority, addr, bytes);
  requireAuthority(m, authority, held, permissions, cause, tval);
}

/** Does a capability pass all integrity checks, and do its bounds hold every byte of [addr, addr + bytes)? */
function holds<X, Y>(m: Semantics<X, Y>, y: Y, addr: X, bytes: number): X {
  const bounds = m.bounds(y);
  const last = m.let(m.add(addr, m.const(BigInt(bytes - 1))));
  const outside = m.or(m.ltu(addr, bounds.base), m.ltu(last, addr));
  const below = m.or(bounds.topHigh, m.ltu(last, bounds.top));
  const inside = m.and(m.eq(outside, m.const(0n)), below);
  return m.and(bounds.integral, m.and(inside, m.addressValid(addr, bounds)));
}

/** As checkAccess, but one byte within bounds is enough: for operations that reveal and change nothing. */
export function checkOverlap<X, Y>(
  m: Semantics<X, Y>,
  authority: Y,
  addr: X,
  bytes: number,
  permissions: bigint,
  cause: number,
  tval: X = addr,
): void {
  const bounds = m.bounds(authority);
  const last = m.add(addr, m.const(BigInt(bytes - 1)));
  const ends = m.or(m.ltu(last, bounds.base), m.eq(m.or(bounds.topHigh, m.ltu(addr, bounds.top)), m.const(0n)));
  const empty = m.and(m.eq(bounds.topHigh, m.const(0n)), m.eq(m.ltu(bounds.base, bounds.top), m.const(0n)));
  const overlap = m.eq(m.or(ends, empty), m.const(0n));
  const held = m.and(bounds.integral, m.and(overlap, m.addressValid(addr, bounds)));
  requireAuthority(m, authority, held, permissions, cause, tval);
}

function requireAuthority<X, Y>(
  m: Semantics<X, Y>,
  authority: Y,
  held: X,
  permissions: bigint,
  cause: number,
  tval: X,
): void {
  const granted = m.eq(m.and(m.meta(authority), m.const(permissions | SEALED)), m.const(permissions));
  const allowed = m.and(m.and(m.tag(authority), granted), held);
  m.trapIf(m.eq(allowed, m.const(0n)), cause, tval);
}

/** What authorises accesses through rs1: the whole register; with Zyhybrid, where pointers are integers, ddc. */
export function authorityOf<X, Y>(m: Semantics<X, Y>, rs1: number): Y {
  return m.capabilityMode ? m.y(rs1) : m.ddc!;
}

/** Do accesses need authority? All but those of an integer base do. */
export function needsAuthority<X, Y>(m: Semantics<X, Y>): boolean {
  return m.capabilityMode || m.ddc !== undefined;
}

/** Effective address of an access of `bytes` bytes at rs1 + offset, its authority checked. */
function effective<X, Y>(
  m: Semantics<X, Y>,
  rs1: number,
  offset: bigint,
  bytes: number,
  permissions: bigint,
  cause: number,
): X {
  const addr = m.let(m.add(m.x(rs1), m.const(offset)));
  if (needsAuthority(m)) checkAccess(m, authorityOf(m, rs1), addr, bytes, permissions, cause);
  return addr;
}

/** The address of a load, its authority checked. */
export function readable<X, Y>(m: Semantics<X, Y>, rs1: number, offset: bigint, bytes: number): X {
  return effective(m, rs1, offset, bytes, R, CAUSE.cheriLoadAccessFault);
}

/** The address of a store, its authority checked. */
export function writable<X, Y>(m: Semantics<X, Y>, rs1: number, offset: bigint, bytes: number): X {
  return effective(m, rs1, offset, bytes, W, CAUSE.cheriStoreAccessFault);
}

/** The address of an atomic read-modify-write, its authority checked; faults as a store. */
export function updatable<X, Y>(m: Semantics<X, Y>, rs1: number, bytes: number): X {
  return effective(m, rs1, 0n, bytes, R | W, CAUSE.cheriStoreAccessFault);
}

/** Traps with `cause` where an address is not a multiple of `bytes`. */
export function requireAligned<X, Y>(m: Semantics<X, Y>, addr: X, bytes: number, cause: number): X {
  const misaligned = m.eq(m.eq(m.and(addr, m.const(BigInt(bytes - 1))), m.const(0n)), m.const(0n));
  m.trapIf(misaligned, cause, addr);
  return addr;
}

/** An address at which a capability may be loaded; a misaligned one is an access fault, as no trap handler can emulate it. */
export function readableY<X, Y>(m: Semantics<X, Y>, rs1: number, offset: bigint): X {
  return requireAligned(m, readable(m, rs1, offset, YLEN_BYTES), YLEN_BYTES, CAUSE.loadAccessFault);
}

export function writableY<X, Y>(m: Semantics<X, Y>, rs1: number, offset: bigint): X {
  return requireAligned(m, writable(m, rs1, offset, YLEN_BYTES), YLEN_BYTES, CAUSE.storeAccessFault);
}

export function updatableY<X, Y>(m: Semantics<X, Y>, rs1: number): X {
  return requireAligned(m, updatable(m, rs1, YLEN_BYTES), YLEN_BYTES, CAUSE.storeAccessFault);
}

/** Does a capability loaded or stored through `authority` keep its tag, as far as C goes? */
export function keepsTag<X, Y>(m: Semantics<X, Y>, authority: Y): X {
  return hasAll(m, m.meta(authority), C);
}

/**
 * What the destination register gets of a capability loaded through `authority` (#LOAD_CAP, #zylevels1_load_summary):
 * no tag without C; without LM an unsealed one loses W and LM; without LG any loses GL, an unsealed one LG too.
 */
export function loaded<X, Y>(m: Semantics<X, Y>, authority: Y, y: Y): Y {
  const auth = m.meta(authority);
  const meta = m.let(m.meta(y));
  const tag = m.let(m.and(m.tag(y), keepsTag(m, authority)));
  const noneIf = (cond: X, mask: bigint): X => m.select(cond, m.const(0n), m.const(mask));
  const isSealed = m.let(hasAll(m, meta, SEALED));
  let strip = m.select(isSealed, m.const(0n), noneIf(hasAll(m, auth, LM), W | LM));
  if (m.zylevels1) {
    const lg = m.let(hasAll(m, auth, LG));
    strip = m.or(strip, m.or(noneIf(lg, GLOBAL), noneIf(m.or(lg, isSealed), LG)));
  }
  const stripped = legalise(m, m.and(meta, m.xor(strip, m.const(-1n))));
  const reduces = m.eq(hasAll(m, auth, m.zylevels1 ? LM | LG : LM), m.const(0n));
  return m.cap(tag, m.select(m.and(tag, reduces), stripped, meta), m.addr(y));
}

/** What memory gets of a capability stored through `authority`: no tag without C, nor for a local one without SL. */
export function stored<X, Y>(m: Semantics<X, Y>, authority: Y, y: Y): Y {
  const c = keepsTag(m, authority);
  if (!m.zylevels1) return m.keepTagIf(y, c);
  return m.keepTagIf(y, m.and(c, m.or(hasAll(m, m.meta(y), GLOBAL), hasAll(m, m.meta(authority), SL))));
}
