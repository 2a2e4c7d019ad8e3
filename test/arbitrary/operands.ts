// Random operands for an instruction, any that its encoding can hold.
import fc from "fast-check";
import { isImmediate, type Form, type OperandValues } from "../../isa/codec.ts";

/** Values of every field of the encoding; those that the record excepts are left out. */
export function arbOperands(form: Form): fc.Arbitrary<OperandValues> {
  const fields = Object.fromEntries(form.fields.map((field) => [field, arbField(form, field)]));
  return fc
    .record(fields)
    .map((values) => ({
      ...values,
      ...Object.fromEntries(Object.entries(form.aliases).map(([alias, field]) => [alias, values[field]!])),
    }))
    .filter((values: OperandValues) => !form.except.some((e) => Number(values[e.field]) === e.value));
}

function arbField(form: Form, field: string): fc.Arbitrary<number | bigint> {
  if (isImmediate(field)) {
    const step = BigInt(form.immStep);
    const low = form.immSigned ? -(1n << BigInt(form.immBits - 1)) : 0n;
    const high = form.immSigned ? -low - step : (1n << BigInt(form.immBits)) - step;
    return fc.bigInt(low / step, high / step).map((n) => n * step);
  }
  const slice = form.slices.find((s) => s.field === field)!;
  return fc.integer({ min: slice.offset, max: slice.offset + 2 ** slice.width - 1 });
}
