// Sealing: the capability type, and the subset relation by which an authority unseals or rebuilds another capability.
import { SEALED } from "./format.ts";
import { grantsNoMore, hasAll } from "./perms.ts";
import type { Arithmetic, Capabilities } from "../semantics.ts";

type Machine<X, Y> = Arithmetic<X> & Capabilities<X, Y>;

export function isSealed<X, Y>(m: Machine<X, Y>, y: Y): X {
  return hasAll(m, m.meta(y), SEALED);
}

/** The same capability with CT = 1; the tag stays. */
export function sealed<X, Y>(m: Machine<X, Y>, y: Y): Y {
  return m.cap(m.tag(y), m.or(m.meta(y), m.const(SEALED)), m.addr(y));
}

/** The same capability with CT = 0; the tag stays. */
export function unsealed<X, Y>(m: Machine<X, Y>, y: Y): Y {
  return m.cap(m.tag(y), m.and(m.meta(y), m.const(~SEALED)), m.addr(y));
}

/** #cap_subset: `inner` grants nothing that `outer` does not, and both are integral. GL is 0 where it is no field. */
export function isSubset<X, Y>(m: Machine<X, Y>, inner: Y, outer: Y): X {
  const i = m.bounds(inner);
  const o = m.bounds(outer);
  const notBelow = m.eq(m.ltu(i.base, o.base), m.const(0n));
  const topAbove = m.or(m.ltu(o.topHigh, i.topHigh), m.and(m.eq(o.topHigh, i.topHigh), m.ltu(o.top, i.top)));
  const within = m.and(notBelow, m.eq(topAbove, m.const(0n)));
  const integral = m.and(i.integral, o.integral);
  return m.and(m.and(integral, within), grantsNoMore(m, m.meta(inner), m.meta(outer)));
}
