// The code that keeps account of what memory answers: when it has answered last, and how late tags have made it. As sim/timing/dynamic.ts.
import type { MemoryLayout } from "../../timing/dynamic.ts";
import { f64, type Local, type Statements, type Term } from "./terms.ts";

/** What may have a memory with tags. */
type Tagged = Pick<MemoryLayout, "tagged">;

/** Memory answers at a cycle; `answered` holds the last at which it does. */
export function noteAnswer(f: Statements, { byteOffset }: Float64Array, answer: Local): void {
  f.if(f64.gt(answer, f64.at(byteOffset)), () => f.storeAt(byteOffset, answer));
}

/** Before memory is asked. */
export function forgetTagCycles(f: Statements, { tagged }: Tagged): void {
  if (tagged !== undefined) f.storeAt(tagged.memory.late.byteOffset, f64.const(0));
}

/** By how many cycles tags have come later than data since that was forgotten. */
export const tagCycles = ({ tagged }: Tagged): Term =>
  tagged === undefined ? f64.const(0) : f64.at(tagged.memory.late.byteOffset);
