// Trap entry and return: which mode takes a trap, what is saved, and the pcc that execution goes on with.
import { setAddress } from "../../isa/cap/bounds.ts";
import { isSealed, unsealed } from "../../isa/cap/seal.ts";
import { CAUSE } from "../../isa/cause.ts";
import type { Privileged } from "../../isa/semantics.ts";
import { Capability, type CapabilityArithmetic } from "./capability.ts";
import { MSTATUS, type Hart } from "./hart.ts";
import { Mode } from "./mmu.ts";

const INTERRUPT_BIT = 1n << 63n;
const MODE_VECTORED = 1n;
const MODE_BITS = 3n;

/** The environment call of each mode. */
export const ECALL: Readonly<Record<number, number>> = {
  [Mode.user]: CAUSE.ecallFromU,
  [Mode.supervisor]: CAUSE.ecallFromS,
  [Mode.machine]: CAUSE.ecallFromM,
};

/** A trap as a value: an exception code, or the number of an interrupt. */
export interface Trap {
  readonly interrupt: boolean;
  readonly cause: number;
  readonly tval: bigint;
}

/** Takes a trap at `pcc`, whole; returns the pcc of the handler (machine.adoc, supervisor.adoc; #mepc_y, #mtvec_y). */
export function enterTrap(hart: Hart, m: CapabilityArithmetic, pcc: Capability, trap: Trap): Capability {
  const code = BigInt(trap.cause);
  const delegated = trap.interrupt ? (hart.mideleg >> trap.cause) & 1 : Number((hart.medeleg >> code) & 1n);
  const cause = trap.interrupt ? INTERRUPT_BIT | code : code;
  const { status, mode: from } = hart;
  if (delegated !== 0 && from <= Mode.supervisor) {
    const enabled = (status & MSTATUS.SIE) !== 0 ? MSTATUS.SPIE : 0;
    const previous = from === Mode.supervisor ? MSTATUS.SPP : 0;
    hart.status = (status & ~(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP)) | enabled | previous;
    hart.scause = cause;
    hart.stval = trap.tval;
    hart.sepc = pcc;
    hart.mode = Mode.supervisor;
    return handler(m, hart.stvec, trap);
  }
  const enabled = (status & MSTATUS.MIE) !== 0 ? MSTATUS.MPIE : 0;
  hart.status = (status & ~(MSTATUS.MIE | MSTATUS.MPIE)) | enabled;
  hart.mpp = from;
  hart.mcause = cause;
  hart.mtval = trap.tval;
  hart.mepc = pcc;
  hart.mode = Mode.machine;
  return handler(m, hart.mtvec, trap);
}

/** xRET: restores mode and interrupt enable; returns the pcc saved in xepc, unsealed if it is a sentry (#MRET_CHERI). */
export function returnFromTrap(hart: Hart, m: CapabilityArithmetic, from: Privileged): Capability {
  const machine = from === "machine";
  const { status } = hart;
  const { IE, PIE } = machine ? { IE: MSTATUS.MIE, PIE: MSTATUS.MPIE } : { IE: MSTATUS.SIE, PIE: MSTATUS.SPIE };
  const to = machine ? hart.mpp : status & MSTATUS.SPP ? Mode.supervisor : Mode.user;
  const leavesMachine = to !== Mode.machine ? MSTATUS.MPRV : 0;
  const lowest = machine ? MSTATUS.MPP : MSTATUS.SPP;
  hart.status = (status & ~(IE | lowest | leavesMachine)) | PIE | ((status & PIE) !== 0 ? IE : 0);
  hart.mode = to;
  const saved = machine ? hart.mepc : hart.sepc;
  return isSealed(m, saved) !== 0n ? unsealed(m, saved) : saved;
}

/** The pcc that a vector gives: its base, and in vectored mode four bytes for each interrupt number. */
function handler(m: CapabilityArithmetic, vector: Capability, trap: Trap): Capability {
  const base = vector.addr & ~MODE_BITS;
  const vectored = trap.interrupt && (vector.addr & MODE_BITS) === MODE_VECTORED;
  const addr = m.add(base, vectored ? BigInt(4 * trap.cause) : 0n);
  // Without a tag there is none to lose: an integer machine's vectors need no bounds.
  return vector.tag === 0n ? new Capability(0n, vector.meta, addr, undefined) : setAddress(m, vector, addr);
}
