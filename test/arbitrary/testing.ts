// meshsim/testing: what a program imports that states properties of its own about meshsim. Needs fast-check.
import fc from "fast-check";
import { arbHoldings, arbHostileCode, arbHostileWord, type Holdings, type HostileIsa } from "../laws/hostile.ts";
import { codeCapability, watch, Watched, type Step } from "../laws/watched.ts";

export { arbCapability, arbBits, type CapabilityConstraints } from "./capability.ts";
export { arbOperands } from "./operands.ts";
export { arbX } from "./x.ts";
export { arbTrace } from "../traces/arbitrary.ts";
export { authorises, BIT, isDerivable, isSealed, isSubset, isTagged, reachable, type Cap } from "../laws/standard.ts";
export { changedGranules, taggedMemory, Watched, type Access, type State, type Step } from "../laws/watched.ts";
export type { Holdings, HostileIsa } from "../laws/hostile.ts";

/** Instructions, and the capabilities among which they begin. */
export interface HostileProgram extends Holdings {
  readonly isa: HostileIsa;
  /** Words; one of 16 bits has its two lowest bits not both set. */
  readonly words: readonly number[];
}

/** An instruction word of the ISA, on registers that mostly hold something; more than half are of capabilities. WFI never comes. */
export const arbInstruction = (isa: HostileIsa): fc.Arbitrary<number> => arbHostileWord(isa);

/** Up to 40 instructions that make, narrow, load, store and jump to capabilities; they shrink one by one. */
export function arbProgram(isa: HostileIsa): fc.Arbitrary<HostileProgram> {
  return fc.tuple(arbHoldings(isa), arbHostileCode(isa)).map(([holdings, words]) => ({ ...holdings, isa, words }));
}

/**
 * Executes a program one instruction at a time in M-mode and shows each step: the instruction, the public state before and
 * after, the access to memory, the trap. After a trap, execution goes on with the next word.
 */
export function observe(program: HostileProgram, look: (step: Step) => void): void {
  watch(new Watched(program.isa, program), program.words, codeCapability(program.isa), look);
}
