// Random messages of any type of the schema, corner values included.
import fc from "fast-check";
import { messageOf, type Message, type Value } from "../../workloads/messages.ts";
import type { Field, MessageType } from "../../workloads/schema.ts";

/** Zero, the widths of varints, the ends of int64, and anything. */
const word = fc.oneof(
  {
    arbitrary: fc.constantFrom(0n, 1n, 127n, 128n, 16_383n, 16_384n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
    weight: 2,
  },
  { arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), weight: 1 },
);

const string = fc
  .oneof(
    { arbitrary: fc.string({ maxLength: 40, unit: "binary" }), weight: 4 },
    { arbitrary: fc.string({ minLength: 100, maxLength: 300, unit: "grapheme-ascii" }), weight: 1 },
  )
  .map((s) => new TextEncoder().encode(s));

/** A message of a type; lists have up to three elements. */
export function message(type: MessageType): fc.Arbitrary<Message> {
  return fc.tuple(...type.fields.map(value)).map((values) => messageOf(type, ...values));
}

function value(field: Field): fc.Arbitrary<Value> {
  switch (field.kind) {
    case "int64":
    case "fixed64":
      return word;
    case "string":
      return string;
    case "message":
      return fc.option(message(field.of!), { nil: undefined });
    case "repeated":
      return fc.array(message(field.of!), { maxLength: 3 });
  }
}
