// What a region would have: how much code, and whether there is a loop in it, or else how many instructions the longest way through it has.
import { Class, isCall, isIndirect, isReturn, packTraits, traitClass } from "../../timing/traits.ts";
import type { Op } from "../code.ts";
import type { CodeSource } from "./regions.ts";

/** Finds code, of which no more is looked at than where it leads. */
interface CodeOfWay extends Pick<CodeSource, "jumpsTo" | "isWarm"> {
  readonly at: (pc: bigint) => Pick<Op, "decoded" | "bytes"> | undefined;
}

export interface CodeAhead {
  readonly instructions: number;
  /** Instructions on the longest way through them; Infinity where there is a loop. */
  readonly longestWay: number;
}

/**
 * From an address on, through what a region takes in; but where a jump to a register has led, only what is warm, for a loop that goes elsewhere in
 * most turns is soon left.
 */
export function codeAhead(head: bigint, source: CodeOfWay): CodeAhead {
  let instructions = 0;
  const known = new Map<bigint, number>();
  const from = (pc: bigint): number => {
    const before = known.get(pc);
    if (before !== undefined) return before;
    // Whoever comes here before that is known has gone round a loop.
    known.set(pc, Infinity);
    const length = blockAt(pc);
    known.set(pc, length);
    return length;
  };
  const longest = (targets: readonly bigint[]): number => Math.max(0, ...targets.map(from));
  const blockAt = (pc: bigint): number => {
    let at = pc;
    for (let executed = 0; ; executed += 1) {
      const op = source.at(at);
      if (op === undefined) return executed;
      instructions += 1;
      const next = BigInt.asUintN(64, at + BigInt(op.bytes));
      const ways = waysOf(op, at, next, source);
      if (ways !== undefined) return executed + 1 + ways.reduce((sum, targets) => sum + longest(targets), 0);
      at = next;
    }
  };
  const longestWay = from(head);
  return { instructions, longestWay };
}

/** Where an instruction leads that need not be followed by the next: to one of each list in turn, as a call leads to a function and then back. */
function waysOf(
  { decoded }: Pick<Op, "decoded">,
  pc: bigint,
  next: bigint,
  { jumpsTo, isWarm }: CodeOfWay,
): readonly (readonly bigint[])[] | undefined {
  const traits = packTraits(decoded);
  const target = BigInt.asUintN(64, pc + BigInt(decoded.operands["imm"] ?? 0));
  switch (traitClass(traits)) {
    case Class.branch:
      return [[target, next]];
    case Class.system:
      return [];
    case Class.jump: {
      if (isReturn(traits)) return [];
      if (!isIndirect(traits) && !isCall(traits)) return [[target]];
      const called = (isIndirect(traits) ? jumpsTo(pc) : [target]).filter(isWarm);
      if (called.length === 0) return [];
      return isCall(traits) ? [called, [next]] : [called];
    }
    default:
      return undefined;
  }
}
