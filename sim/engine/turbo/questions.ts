// The questions of generated code whose answers take time: it asks with clock and state in locals, and gets them back.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { f64, i32, type Statements, type Term } from "./terms.ts";
import { F64, I32, I64, type Signature, type ValueType } from "./wasm.ts";

/** Parameters that come last, and results that come first. */
const HELD: readonly ValueType[] = [F64, I32];

/** A question by the types of what it asks itself. */
const question = (own: readonly ValueType[]): Signature => ({ params: [...own, ...HELD], results: [...HELD, I32] });

/**
 * `access(point, row, addr, place, age, clock, state)` (access-function.ts) and `fetch(point, row, line, inHand, age, clock, state)`
 * (late-access.ts) give clock, state and the answer.
 */
export const QUESTIONS = {
  access: question([I32, I32, I64, I32, F64]),
  fetch: question([I32, I32, I32, I32, F64]),
} as const;

/**
 * It was gone through, and a piece begins behind it; an event is near besides, and the interpreter has to execute the instruction. Or an
 * access was on time, and the piece under way goes on.
 */
export const ANSWER = { wentThrough: 0, leave: 1, onTime: 2 } as const;

/** An access in a piece that begins before this clock may find the data cache busy. */
export const busyBefore = ({ fastPaths: { l1d, earlyCycles } }: GeneratedTiming): Term => {
  const busy = f64.at(l1d.busy.byteOffset);
  return earlyCycles > 0 ? f64.add(busy, f64.const(earlyCycles)) : busy;
};

/** They are left there by whoever is asked. */
export function spilled({ pieces: { clock, state } }: GeneratedTiming): [clock: Term, state: Term] {
  return [f64.at(clock.byteOffset), i32.at(state.byteOffset)];
}

/** Puts clock and state where the parts have them. */
export function spill(f: Statements, { pieces }: GeneratedTiming, clock: Term, state: Term): void {
  f.storeAt(pieces.clock.byteOffset, clock);
  f.storeAt(pieces.state.byteOffset, state);
}
