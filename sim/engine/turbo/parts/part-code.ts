// What the code of a timing part is to the part above it: `Part` of sim/timing/part.ts, for code that is being written.
import { i32, type Local, type Statements, type Term } from "../terms.ts";

/** 2 ** bits bytes of physical memory, by the number of the first such unit: an i32. */
export interface Line {
  readonly number: Term;
  readonly bits: number;
}

/** The number of the unit of 2 ** bits bytes in which a line lies, or begins. */
export function numberIn({ number, bits: ownBits }: Line, bits: number): Term {
  if (bits === ownBits) return number;
  return bits > ownBits ? i32.shrU(number, i32.const(bits - ownBits)) : i32.shl(number, i32.const(ownBits - bits));
}

/** Writes what the part does where it is asked. Cycles are f64. */
export interface PartCode {
  /** Gives the cycle at which a line is there, or the unit of a cache's lines in which it lies. */
  readonly read: (f: Statements, line: Line, at: Local) => Local;
  readonly write: (f: Statements, line: Line, at: Local) => void;
}
