// The counters of cycles, of retired instructions and of time: what their registers show, and to whom.
import type { Arithmetic } from "../../isa/semantics.ts";
import type { Effect } from "./csr-behaviour.ts";
import type { Clock } from "./hart.ts";
import { HELD, isSet, type HeldAt, type HeldState } from "./held.ts";
import { Mode } from "./mmu.ts";

/** A register that shows a counter. An engine may read it by itself (`counterValue`). */
export interface CounterCsr {
  readonly kind: "counter";
  /** Of which clock it is. */
  readonly counts: keyof Clock;
  /** Where it lies what software has added; where the counter stands still, all that it shows. */
  readonly offset: HeldAt;
  /** The bit of mcountinhibit that has it stand still, if there is one. */
  readonly inhibitedBy: bigint;
  readonly write: (value: bigint) => Effect;
}

/** Bits of mcountinhibit. */
export const INHIBIT = { CY: 1n << 0n, IR: 1n << 2n } as const;
/** The read-only shadows of counters, which xcounteren gates. */
const FIRST_SHADOW = 0xc00;
const LAST_SHADOW = 0xc1f;

/** What a counter's register shows when its clock stands at `at`. */
export function counterValue<X, Y>(m: Arithmetic<X>, held: HeldState<X, Y>, csr: CounterCsr, at: X): X {
  const offset = m.let(held.x(csr.offset));
  const runs = m.let(m.add(at, offset));
  if (csr.inhibitedBy === 0n) return runs;
  return m.select(isSet(m, held.x(HELD.mcountinhibit), csr.inhibitedBy), offset, runs);
}

/** Do mcounteren and scounteren let a mode read a register, if it is the shadow of a counter? */
export function showsCounter<X, Y>(m: Arithmetic<X>, held: HeldState<X, Y>, mode: number, number: number): X {
  if (mode === Mode.machine || number < FIRST_SHADOW || number > LAST_SHADOW) return m.const(1n);
  const bit = 1n << BigInt(number & 31);
  const machine = isSet(m, held.x(HELD.mcounteren), bit);
  return mode === Mode.supervisor ? machine : m.and(machine, isSet(m, held.x(HELD.scounteren), bit));
}
