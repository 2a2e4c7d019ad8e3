// Code for what is rarely so, of which there may be several signs: each is a branch, of the host's, that is never taken as a rule.
//
// To combine the signs into one word costs more: each has to become a 0 or a 1 first.
import { Op, VOID, type Code } from "./wasm.ts";

/** Leaves whether something is so, on the stack. */
export type Sign = () => unknown;

/** Does what `body` writes, within one more label, if any of the signs is there; they are looked at in this order. */
export function rarelyIfAny(code: Code, signs: readonly Sign[], body: () => void): void {
  code.op(Op.block).byte(VOID).op(Op.block).byte(VOID);
  leaveIfAny(code, signs, 0);
  code.op(Op.br).unsigned(1).op(Op.end);
  body();
  code.op(Op.end);
}

/** Leaves for the end of the block at this depth if any of the signs is there. */
export function leaveIfAny(code: Code, signs: readonly Sign[], depth: number): void {
  for (const sign of signs) {
    sign();
    code.rarely(Op.brIf).unsigned(depth);
  }
}
