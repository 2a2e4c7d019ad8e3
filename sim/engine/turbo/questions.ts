// The questions of generated code whose answers take time: it asks with clock and state in locals, and gets them back.
import type { GeneratedTiming } from "../../timing/generated.ts";
import type { LateAccess } from "./late-access.ts";
import { IN_HAND } from "./lines.ts";
import { f64, i32, i64, Statements, type Functions, type Local, type Term } from "./terms.ts";
import { F64, I32, I64, type ModuleFunction, type Signature, type ValueType } from "./wasm.ts";

/** Parameters that come last, and results that come first. */
const HELD: readonly ValueType[] = [F64, I32];

/** A question by the types of what it asks itself. */
const question = (own: readonly ValueType[]): Signature => ({ params: [...own, ...HELD], results: [...HELD, I32] });

/**
 * `access(point, row, addr, place, age, clock, state)` and `fetch(point, row, line, inHand, age, clock, state)`: as those of
 * late-access.ts; they give clock, state and the answer. The address of the record of the line in hand says what that is.
 */
export const QUESTIONS = {
  access: question([I32, I32, I64, I32, F64]),
  fetch: question([I32, I32, I32, I32, F64]),
} as const;

/** An access in a piece that begins before this clock may find the data cache busy. */
export const busyBefore = ({ fastPaths: { l1d, earlyCycles } }: GeneratedTiming): Term => {
  const busy = f64.at(l1d.busy.byteOffset);
  return earlyCycles > 0 ? f64.sub(busy, f64.const(earlyCycles)) : busy;
};

/** Puts clock and state where the parts have them. */
export function spill(f: Statements, { pieces }: GeneratedTiming, clock: Term, state: Term): void {
  f.storeAt(pieces.clock.byteOffset, clock);
  f.storeAt(pieces.state.byteOffset, state);
}

/** Defines `QUESTIONS`. */
export function defineQuestions(module: Functions, timing: GeneratedTiming, { access, fetch }: LateAccess): void {
  const { pieces, fastPaths } = timing;
  const define = (name: keyof typeof QUESTIONS, ask: (f: Statements, params: readonly Local[]) => Term): void => {
    const { params, results } = QUESTIONS[name];
    const f = new Statements(params);
    const all = params.map((_, i) => f.param(i));
    spill(f, timing, all.at(-2)!, all.at(-1)!);
    const answer = f.let(ask(f, all));
    for (const result of [f64.at(pieces.clock.byteOffset), i32.at(pieces.state.byteOffset), answer]) f.do(result);
    const written: ModuleFunction = { params, results, locals: f.locals, body: f.code, exportName: name };
    module.add(written);
  };
  define("access", (_, params) => access(...params.slice(0, -HELD.length)));
  define("fetch", (f, [point, row, line, inHand, age]) => {
    for (const offset of IN_HAND) f.storeAt(fastPaths.line.line.byteOffset + offset, i64.load(inHand!, offset));
    return fetch(point!, row!, line!, age!);
  });
}
