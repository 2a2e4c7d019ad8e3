// A step word: everything of a retired instruction that the pipeline wants to know, in one number. It names registers and sizes
// and never an address, so that equal code gives equal words.

export const SIZE_SHIFT = 25;
export const OUTCOME_SHIFT = 28;
/** The size code of an instruction without access. */
export const NO_ACCESS = 7;

/**
 * Beside the traits: the bytes of the data access, a power of two up to 64 (0: none), and of branches and jumps how the front end
 * got to what follows (`Outcome`). 30 bits.
 */
export function stepWord(traits: number, dataBytes: number, outcome: number): number {
  const size = dataBytes === 0 ? NO_ACCESS : 31 - Math.clz32(dataBytes);
  return traits | (size << SIZE_SHIFT) | (outcome << OUTCOME_SHIFT);
}

export const stepAccesses = (word: number): boolean => ((word >> SIZE_SHIFT) & 7) !== NO_ACCESS;
export const stepBytes = (word: number): number => 1 << ((word >> SIZE_SHIFT) & 7);
/** `Outcome` of a branch or jump. */
export const stepOutcome = (word: number): number => (word >> OUTCOME_SHIFT) & 3;
/** The same, of a word without. */
export const withOutcome = (word: number, outcome: number): number => word | (outcome << OUTCOME_SHIFT);
