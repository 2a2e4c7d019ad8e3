// The reservation of LR and SC: the bytes of RAM that are reserved, in the algebra (#sec:lrsc).
import type { Arithmetic } from "../../isa/semantics.ts";
import { HELD, type HeldState } from "./held.ts";

/** Reserves bytes of RAM from an offset on. */
export function reserve<X, Y>(m: Arithmetic<X>, held: HeldState<X, Y>, from: X, bytes: number): void {
  held.setX(HELD.reservedFrom, from);
  held.setX(HELD.reservedTo, m.add(from, m.const(BigInt(bytes))));
}

/** Does the reservation cover these bytes? */
export function isReserved<X, Y>(m: Arithmetic<X>, held: HeldState<X, Y>, from: X, bytes: number): X {
  const before = m.ltu(from, held.x(HELD.reservedFrom));
  const behind = m.ltu(held.x(HELD.reservedTo), m.add(from, m.const(BigInt(bytes))));
  return m.eq(m.or(before, behind), m.const(0n));
}

/** Gives up the reservation: SC does, whether it succeeds or not, and a trap. */
export function unreserve<X, Y>(m: Arithmetic<X>, held: HeldState<X, Y>): void {
  held.setX(HELD.reservedTo, m.const(0n));
}
