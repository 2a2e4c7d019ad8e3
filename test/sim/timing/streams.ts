// Random streams of retire records, of every kind there is.
import fc from "fast-check";
import type { Retire } from "../../../sim/machine/retire.ts";
import type { Decoded } from "../../../isa/codec.ts";
import { op, RAM } from "./harness.ts";

export const CATEGORIES = 4;

export interface Step {
  readonly insn: Decoded | undefined;
  readonly fields: Partial<Retire>;
}

const register = fc.nat(31);
const common = fc.record({
  category: fc.nat(CATEGORIES - 1),
  asid: fc.nat(2),
  translatedFetch: fc.boolean(),
  translatedData: fc.boolean(),
});
const dataPhys = fc.nat(1 << 17).map((offset) => RAM + 8 * offset);
const target = fc.nat(4096).map((n) => RAM + 4 * n);

export const plain = fc
  .tuple(fc.constantFrom("add", "mul", "div", "yaddrw", "csrrs"), register, register, common)
  .map(([name, rd, rs1, fields]): Step => ({ insn: op(name, { rd, rs1 }), fields }));
const memory = fc
  .tuple(fc.constantFrom("ld", "sd", "ly", "sy", "amoadd.d", "lb", "cbo.zero"), register, dataPhys, common)
  .map(([name, r, phys, fields]): Step => {
    const bytes = name === "cbo.zero" ? 64 : name.endsWith("y") ? 16 : name === "lb" ? 1 : 8;
    const aligned = phys - (phys % bytes);
    const access = name.startsWith("l") ? "load" : name.startsWith("amo") ? "atomic" : "store";
    const operand = access === "store" ? { rs1: r } : { rd: r, rs1: 2 };
    return {
      insn: op(name, operand),
      fields: { ...fields, access, dataPhys: aligned, dataVirt: aligned, dataBytes: bytes, capability: bytes === 16 },
    };
  });
export const transfer = fc
  .tuple(fc.constantFrom("beq", "jal", "jalr"), fc.boolean(), target, common)
  .map(([name, goes, nextPc, fields]): Step => {
    const insn = op(name, name === "jalr" ? { rd: 0, rs1: 1 } : {});
    return { insn, fields: name === "beq" && !goes ? fields : { ...fields, nextPc } };
  });
const rare = fc.tuple(fc.nat(3), target, common).map(([kind, nextPc, fields]): Step => {
  if (kind === 0) return { insn: op("ecall"), fields: { ...fields, trap: true, flush: true, nextPc } };
  if (kind === 1) return { insn: undefined, fields: { ...fields, trap: true, flush: true, nextPc, fetchPhys: -1 } };
  if (kind === 2) return { insn: op("fence.i"), fields: { ...fields, flush: true } };
  return { insn: op("sfence.vma"), fields: { ...fields, flush: true, fence: { page: undefined, asid: 1 } } };
});
export const stream = fc.array(
  fc.oneof({ weight: 6, arbitrary: plain }, { weight: 6, arbitrary: memory }, { weight: 3, arbitrary: transfer }, rare),
  { maxLength: 120 },
);
