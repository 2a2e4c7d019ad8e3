// Encodes an instruction by its name.
import { encode, type OperandValues } from "../../isa/codec.ts";
import { allInstructions } from "../../isa/table.ts";

const FORMS = new Map(allInstructions().map((f) => [f.insn.name, f]));

/** The word of an instruction; operands that it does not have are ignored. */
export const instruction = (name: string, operands: OperandValues = {}): number => encode(FORMS.get(name)!, operands);
