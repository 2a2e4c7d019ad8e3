// The code of pairing: what sim/timing/pairing.ts does, on the same words.
import { UNIT_BITS, UNIT_MASK, type PairingLayout } from "../../../timing/pairing.ts";
import { f64, i32, select, WORD_SHIFT, type Local, type Statements, type Term } from "../terms.ts";
import type { StateReaderCode, StateWriterCode } from "./state-words.ts";
import { REGISTER_MASK, type Register, type StepFields } from "./step-fields.ts";

const { const: word } = i32;

export class PairingCode {
  readonly #pairing: PairingLayout;

  constructor(pairing: PairingLayout) {
    this.#pairing = pairing;
  }

  /** Goes on where an instruction may issue in cycle `at`, beside the one that has; else leaves for `no`. */
  admits(f: Statements, step: StepFields, at: Local, no: () => void): void {
    f.if(i32.not(f64.eq(f64.at(this.#pairing.freeAt.byteOffset), at)), no);
    f.if(i32.not(i32.and(i32.shrU(this.#allowed, step.class), word(1))), no);
    if (this.#pairing.hasLateAlus) this.#leaveDependent(f, step, no);
  }

  /** An instruction has issued in cycle `at`, alone so far. */
  open(f: Statements, step: StepFields, at: Term): void {
    const { freeAt, first, units, hasLateAlus } = this.#pairing;
    f.storeAt(freeAt.byteOffset, at);
    const unit = i32.load(i32.shl(step.class, word(WORD_SHIFT)), units.byteOffset);
    f.storeAt(first.byteOffset, hasLateAlus ? i32.or(unit, step.shifted("rd", UNIT_BITS)) : unit);
  }

  close(f: Statements): void {
    f.storeAt(this.#pairing.freeAt.byteOffset, f64.const(-Infinity));
  }

  /** Is the second slot of cycle `at` free for anybody? */
  isOpen(at: Term): Term {
    return i32.and(f64.eq(f64.at(this.#pairing.freeAt.byteOffset), at), i32.ne(this.#allowed, word(0)));
  }

  /** @param open - is it, of the cycle before now? */
  save(f: Statements, open: Term, to: StateWriterCode): void {
    to.put(f, select(open, this.#first, word(0)));
  }

  /** Gives what the first slot holds; 0: the second is not free. */
  restore(f: Statements, now: number, from: StateReaderCode): Local {
    const { freeAt, first } = this.#pairing;
    const held = from.take(f);
    f.storeAt(first.byteOffset, held);
    f.storeAt(freeAt.byteOffset, select(held, f64.const(now - 1), f64.const(-Infinity)));
    return held;
  }

  /** Classes of those that may issue with the first. */
  get #allowed(): Term {
    const unit = i32.and(this.#first, word(UNIT_MASK));
    return i32.load(i32.shl(unit, word(WORD_SHIFT)), this.#pairing.partners.byteOffset);
  }

  get #first(): Term {
    return i32.at(this.#pairing.first.byteOffset);
  }

  /** `#dependsOnFirst`: what the first slot holds tells registers by where they stand in it. */
  #leaveDependent(f: Statements, step: StepFields, no: () => void): void {
    const rd = f.let(i32.and(this.#first, word(REGISTER_MASK << UNIT_BITS)));
    const named: Register[] = this.#pairing.ordersWrites ? ["rs1", "rs2", "rd"] : ["rs1", "rs2"];
    f.if(rd, () => {
      for (const which of named) f.if(i32.eq(step.shifted(which, UNIT_BITS), rd), no);
    });
  }
}
