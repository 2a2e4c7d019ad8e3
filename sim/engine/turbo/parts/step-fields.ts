// The fields of a step word (sim/timing/step.ts and traits.ts) as terms.
import { OUTCOME_SHIFT, SIZE_SHIFT } from "../../../timing/step.ts";
import { TRAIT_SHIFT } from "../../../timing/traits.ts";
import { i32, NUMBER_SHIFT, type Local, type Term } from "../terms.ts";

const { const: word } = i32;
export const REGISTER_MASK = 31;
const CLASS_MASK = 15;
const SIZE_MASK = 7;
const OUTCOME_MASK = 3;

export type Register = "rd" | "rs1" | "rs2";

export class StepFields {
  readonly word: Local;

  constructor(step: Local) {
    this.word = step;
  }

  get class(): Term {
    return this.#field(TRAIT_SHIFT.class, CLASS_MASK);
  }

  is(timingClass: number): Term {
    return i32.eq(this.#classInPlace, word(timingClass << TRAIT_SHIFT.class));
  }

  /** Is the class this one, or one before it? */
  isUpTo(timingClass: number): Term {
    return i32.lt(this.#classInPlace, word((timingClass + 1) << TRAIT_SHIFT.class));
  }

  /** Where the class's number stands among numbers. */
  get classPlace(): Term {
    const shifted = i32.shrU(this.word, word(TRAIT_SHIFT.class - NUMBER_SHIFT));
    return i32.and(shifted, word(CLASS_MASK << NUMBER_SHIFT));
  }

  /** The size code of the data access. */
  get size(): Term {
    return this.#field(SIZE_SHIFT, SIZE_MASK);
  }

  get outcome(): Term {
    return this.#field(OUTCOME_SHIFT, OUTCOME_MASK);
  }

  /** Is there an outcome other than that fetch falls through? */
  get hasOutcome(): Term {
    return i32.shrU(this.word, word(OUTCOME_SHIFT));
  }

  /** Where a register's number stands among numbers. */
  place(which: Register): Term {
    return this.shifted(which, NUMBER_SHIFT);
  }

  /** A register, shifted left. */
  shifted(which: Register, bits: number): Term {
    const shift = TRAIT_SHIFT[which] - bits;
    const shifted = shift < 0 ? i32.shl(this.word, word(-shift)) : i32.shrU(this.word, word(shift));
    return i32.and(shifted, word(REGISTER_MASK << bits));
  }

  get #classInPlace(): Term {
    return i32.and(this.word, word(CLASS_MASK << TRAIT_SHIFT.class));
  }

  #field(shift: number, mask: number): Term {
    return i32.and(i32.shrU(this.word, word(shift)), word(mask));
  }
}
