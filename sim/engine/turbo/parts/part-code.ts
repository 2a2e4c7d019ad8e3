// What the code of a timing part is to the part above it: `Part` of sim/timing/part.ts, for code that is being written.
import type { Term } from "../terms.ts";

/** Physical addresses are i64, cycles f64. */
export interface PartCode {
  /** Gives the cycle at which a line, or a byte, is there. */
  readonly read: (phys: Term, bytes: number, at: Term) => Term;
  /** Has no result. */
  readonly write: (phys: Term, bytes: number, at: Term) => Term;
}
