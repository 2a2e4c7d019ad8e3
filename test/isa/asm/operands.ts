// Random operand text for a template, for comparisons with other assemblers.
import fc from "fast-check";
import type { Form } from "../../../isa/codec.ts";
import type { Element } from "../../../isa/asm/template.ts";
import { ABI_NAMES } from "../../../isa/registers.ts";

/** Text for each element; immediates at the ends of their range are likely. */
export function arbOperands(template: readonly Element[], f?: Form): fc.Arbitrary<string> {
  const parts = template.map((element) => arbElement(element, f));
  return fc.tuple(...parts).map((texts) => texts.join("").replace(/,/g, ", ").trim());
}

function arbElement(element: Element, f: Form | undefined): fc.Arbitrary<string> {
  switch (element.kind) {
    case "literal":
      return fc.constant(element.text);
    case "register":
      return fc.integer({ min: element.low, max: element.high }).map((r) => ABI_NAMES[r]!);
    case "csr":
      return fc.oneof(
        fc.constantFrom("mstatus", "sepc", "satp", "cycle", "mhartid"),
        fc.integer({ min: 0, max: 4095 }).map(String),
      );
    case "set":
      return fc.integer({ min: 1, max: 15 }).map((set) => [..."iorw"].filter((_, i) => set & (8 >> i)).join(""));
    case "number":
      return fc.integer({ min: 0, max: element.limit }).map(String);
    case "immediate":
      return element.style === "upper" ? arbUpper(f) : arbImmediate(f).map(String);
  }
}

function arbUpper(f: Form | undefined): fc.Arbitrary<string> {
  const [low, high] = f?.bytes === 2 ? [1, 31] : [0, 0xfffff];
  return fc.oneof(fc.constantFrom(low, high), fc.integer({ min: low, max: high })).map((v) => `0x${v.toString(16)}`);
}

/** An immediate that the form can encode. */
export function arbImmediate(f: Form | undefined): fc.Arbitrary<number> {
  if (f === undefined) return fc.integer({ min: 0, max: 31 });
  const [bits, step] = [f.immBits, f.immStep];
  const low = f.immSigned ? -(2 ** (bits - 1)) / step : 0;
  const high = (f.immSigned ? 2 ** (bits - 1) : 2 ** bits) / step - 1;
  return fc.oneof(fc.constantFrom(low, high, 0, 1), fc.integer({ min: low, max: high })).map((v) => v * step);
}
