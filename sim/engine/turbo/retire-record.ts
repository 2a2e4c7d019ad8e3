// The retire record in linear memory: what an instruction that was executed in WebAssembly tells its timing (retire-code.ts).
//
// It says what sim/machine/retire.ts does of an instruction that has neither trapped nor has the front end start afresh; its address,
// where it goes on, its traits and length are handed over with it.
import type { Decoded } from "../../../isa/codec.ts";
import type { AccessKind, Retire } from "../../machine/retire.ts";
import { Class, packTraits, traitClass } from "../../timing/traits.ts";
import { emptyRecord, virt48 } from "../data.ts";
import { RAM_AT, RETIRE_AT, STATE } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import { offsetOf } from "./lines.ts";

/** Linear addresses. */
export const RETIRE = {
  /**
   * i32: bytes of the data access (a power of two), with `CAPABILITY` where it moves one; 0: there was none. The operation writes it with
   * the two that follow, in an access that is made; `retire` sets it to 0 when it has gone through it.
   */
  access: RETIRE_AT,
  /** i32: linear address of the first byte accessed, in RAM. */
  dataPlace: RETIRE_AT + 4,
  /** i64: its virtual address. */
  dataVirt: RETIRE_AT + 8,
  /** i32: category of the code. Whoever goes from instruction to instruction writes it, where it changes. */
  category: RETIRE_AT + 16,
  /** i32: 1 where instructions, or data, are translated. Written before the first instruction; what changes it is the interpreter's. */
  translatedFetch: RETIRE_AT + 20,
  translatedData: RETIRE_AT + 24,
  /** i32, i64, i64: what `retire` was called with and has not done: place of the instruction, its address, the next one's. */
  fetchPlace: RETIRE_AT + 28,
  pc: RETIRE_AT + 32,
  nextPc: RETIRE_AT + 40,
  /**
   * `retire` notes there what changes nothing when it comes again. i64: where the line in hand begins; i32: that in linear memory; i64:
   * numbers of the pages that data were last accessed in, and a line last fetched of. `forgetKnown` before the first instruction.
   */
  knownLine: RETIRE_AT + 48,
  knownLinePlace: RETIRE_AT + 56,
  /** i32: the leaf of the page that is accessed, as `PageCode.find` gives it. */
  dataLeaf: RETIRE_AT + 60,
  knownDataPage: RETIRE_AT + 64,
  knownCodePage: RETIRE_AT + 72,
} as const;

/** Of `RETIRE.access`, beside the bytes. */
export const CAPABILITY = 1 << 7;
/** In place of a line's address, or of a page's number: all ones. */
const NONE = 2n ** 64n - 1n;

type Words = Pick<LinearMemory, "words" | "doubles">;

/** The interpreter may have let go of the line in hand, and of pages. */
export function forgetKnown({ doubles }: Pick<Words, "doubles">): void {
  for (const at of [RETIRE.knownLine, RETIRE.knownDataPage, RETIRE.knownCodePage]) doubles[at >>> 3] = NONE;
}

/**
 * What is left to `Core.retire`, or whoever stands for it: the instruction that `retire` has not done, whose data access is none from now on.
 *
 * @param ramBase - physical address of RAM.
 */
export function retireOf({ words, doubles }: Words, insn: Decoded, ramBase: number): Retire {
  const word = (at: number): number => words[at >>> 2]!;
  const physOf = (place: number): number => ramBase + offsetOf(place, RAM_AT);
  const access = word(RETIRE.access);
  words[RETIRE.access >>> 2] = 0;
  return {
    ...emptyRecord(),
    ...{ insn, category: word(RETIRE.category), asid: word(STATE.asid) },
    pc: virt48(doubles[RETIRE.pc >>> 3]!),
    nextPc: virt48(doubles[RETIRE.nextPc >>> 3]!),
    fetchPhys: physOf(word(RETIRE.fetchPlace)),
    access: access === 0 ? "none" : accessKind(insn),
    dataVirt: virt48(doubles[RETIRE.dataVirt >>> 3]!),
    dataPhys: physOf(word(RETIRE.dataPlace)),
    dataBytes: access & ~CAPABILITY,
    capability: (access & CAPABILITY) !== 0,
    translatedFetch: word(RETIRE.translatedFetch) === 1,
    translatedData: word(RETIRE.translatedData) === 1,
  };
}

function accessKind(insn: Decoded): AccessKind {
  switch (traitClass(packTraits(insn))) {
    case Class.load:
      return "load";
    case Class.atomic:
      return "atomic";
    default:
      return "store";
  }
}
