// Trap entry and return: which mode takes a trap, what is saved, and the pcc that execution goes on with.
//
// All of it is in the algebra, so that an engine that writes code may translate it.
import { unsealed } from "../../isa/cap/seal.ts";
import { CAUSE } from "../../isa/cause.ts";
import type { Arithmetic, Capabilities, Privileged } from "../../isa/semantics.ts";
import { MSTATUS } from "./hart.ts";
import { HELD, isSet, type HeldState } from "./held.ts";
import { Mode } from "./mmu.ts";
import { unreserve } from "./reservation.ts";

type Machine<X, Y> = Arithmetic<X> & Capabilities<X, Y>;

const INTERRUPT_BIT = 1n << 63n;
const MODE_VECTORED = 1n;
const MODE_BITS = 3n;
/** From xIE to xPIE. */
const PIE_SHIFT = 4n;
const MPRV = BigInt(MSTATUS.MPRV);

/** The environment call of each mode. */
export const ECALL: Readonly<Record<number, number>> = {
  [Mode.user]: CAUSE.ecallFromU,
  [Mode.supervisor]: CAUSE.ecallFromS,
  [Mode.machine]: CAUSE.ecallFromM,
};

/** The registers by which a mode takes traps and returns from them, and its fields of mstatus. */
export const LEVEL = {
  machine: {
    ...{ mode: Mode.machine, tvec: HELD.mtvec, epc: HELD.mepc, cause: HELD.mcause, tval: HELD.mtval },
    ...{ ie: BigInt(MSTATUS.MIE), pie: BigInt(MSTATUS.MPIE), previous: BigInt(MSTATUS.MPP), previousAt: 11n },
  },
  supervisor: {
    ...{ mode: Mode.supervisor, tvec: HELD.stvec, epc: HELD.sepc, cause: HELD.scause, tval: HELD.stval },
    ...{ ie: BigInt(MSTATUS.SIE), pie: BigInt(MSTATUS.SPIE), previous: BigInt(MSTATUS.SPP), previousAt: 8n },
  },
} as const;

/** A trap as a value: an exception code, or the number of an interrupt. */
export interface Trap<X> {
  readonly interrupt: boolean;
  readonly cause: number;
  readonly tval: X;
}

/** Is a cause delegated to S-mode, for traps from it and below? `delegation`: medeleg or mideleg. */
export function isDelegated<X>(m: Arithmetic<X>, delegation: X, cause: number): X {
  return m.and(m.shr(delegation, m.const(BigInt(cause))), m.const(1n));
}

/** Takes a trap at `pcc`, whole, to a mode; gives the pcc of the handler (machine.adoc, supervisor.adoc; #mepc_y, #mtvec_y). */
export function enterTrap<X, Y>(
  m: Machine<X, Y>,
  held: HeldState<X, Y>,
  pcc: Y,
  { interrupt, cause, tval }: Trap<X>,
  to: Privileged,
): Y {
  const level = LEVEL[to];
  const code = BigInt(cause);
  const status = m.let(held.x(HELD.mstatus));
  const others = m.and(status, m.const(~(level.ie | level.pie | level.previous)));
  const enabled = m.shl(m.and(status, m.const(level.ie)), m.const(PIE_SHIFT));
  const from = m.shl(held.x(HELD.mode), m.const(level.previousAt));
  held.setX(HELD.mstatus, m.or(others, m.or(enabled, from)));
  held.setX(level.cause, m.const(interrupt ? INTERRUPT_BIT | code : code));
  held.setX(level.tval, tval);
  held.setY(level.epc, pcc);
  held.setX(HELD.mode, m.const(BigInt(level.mode)));
  unreserve(m, held);
  return handler(m, held.y(level.tvec), interrupt ? cause : undefined);
}

/** Is xRET illegal in a mode (machine.adoc #otherpriv; TSR)? ASR apart. */
export function mayNotReturn<X, Y>(m: Machine<X, Y>, held: HeldState<X, Y>, mode: number, from: Privileged): X {
  if (mode < LEVEL[from].mode) return m.const(1n);
  if (from === "machine" || mode === Mode.machine) return m.const(0n);
  return isSet(m, held.x(HELD.mstatus), BigInt(MSTATUS.TSR));
}

/** xRET: restores mode and interrupt enable; gives the pcc saved in xepc, unsealed if it is a sentry (#MRET_CHERI). */
export function returnFromTrap<X, Y>(m: Machine<X, Y>, held: HeldState<X, Y>, from: Privileged): Y {
  const { ie, pie, previous, previousAt, epc } = LEVEL[from];
  const status = m.let(held.x(HELD.mstatus));
  const to = m.let(m.shr(m.and(status, m.const(previous)), m.const(previousAt)));
  const kept = m.and(status, m.const(~(ie | pie | previous)));
  const enabled = m.shr(m.and(status, m.const(pie)), m.const(PIE_SHIFT));
  const next = m.let(m.or(m.or(kept, m.const(pie)), enabled));
  const staysMachine = m.eq(to, m.const(BigInt(Mode.machine)));
  held.setX(HELD.mstatus, m.select(staysMachine, next, m.and(next, m.const(~MPRV))));
  held.setX(HELD.mode, to);
  return unsealed(m, held.y(epc));
}

/**
 * The pcc that a vector gives: its base, and in vectored mode four bytes for each interrupt number. A write has left the
 * vector its tag only where no such address takes it away (csr-behaviour.ts).
 */
function handler<X, Y>(m: Machine<X, Y>, vector: Y, interrupt: number | undefined): Y {
  const addr = m.let(m.addr(vector));
  const base = m.and(addr, m.const(~MODE_BITS));
  return m.cap(
    m.tag(vector),
    m.meta(vector),
    interrupt === undefined ? base : m.add(base, offsetOf(m, addr, interrupt)),
  );
}

function offsetOf<X>(m: Arithmetic<X>, vector: X, interrupt: number): X {
  const vectored = m.eq(m.and(vector, m.const(MODE_BITS)), m.const(MODE_VECTORED));
  return m.select(vectored, m.const(BigInt(4 * interrupt)), m.const(0n));
}
