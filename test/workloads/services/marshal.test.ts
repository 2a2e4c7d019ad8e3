// Guest marshalling writes what the host's encoder writes, within its buffer.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, messageOf, type Message } from "../../../workloads/messages.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { PAYLOAD, REPLY_MESSAGE, REQUEST_MESSAGE, POST } from "../../../workloads/schema.ts";
import { message } from "../arbitrary.ts";
import { Codec, requestOf } from "./codec.ts";

const hex = (b: Uint8Array | undefined): string | undefined => b && Buffer.from(b).toString("hex");
const payload = (bytes: number): Message => makePayload(Random.at(1, bytes), bytes);

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const codec = new Codec(pointerBytes);

  test("a message of any shape is encoded as on the host", () => {
    const any = fc.oneof(message(REQUEST_MESSAGE), message(REPLY_MESSAGE), message(POST));
    fc.assert(
      fc.property(any, (m) => {
        expect(hex(codec.marshal(m).bytes)).toBe(hex(encode(m)));
      }),
      { numRuns: 60 },
    );
  });

  test("a generated payload is encoded as on the host, at any size", () => {
    for (const bytes of [0, 1, 2, 3, 31, 32, 100, 600, 1500, 9000]) {
      const m = requestOf(payload(bytes));
      expect(hex(codec.marshal(m).bytes), `${bytes}`).toBe(hex(encode(m)));
    }
  });

  test("a string longer than a page is encoded", () => {
    const m = messageOf(PAYLOAD, 0n, 0n, new Uint8Array(8191).fill(0x61), []);
    expect(hex(codec.marshal(m).bytes)).toBe(hex(encode(m)));
  });

  test("a message fits a buffer of exactly its size, and none that is smaller", () => {
    const m = requestOf(payload(700));
    const size = encode(m).length;
    expect(hex(codec.marshal(m, size).bytes)).toBe(hex(encode(m)));
    for (const capacity of [size - 1, size - 2, size >> 1, 10, 1, 0]) {
      expect(codec.marshal(m, capacity).bytes, `${capacity}`).toBeUndefined();
    }
  });

  test("every kind of field is refused where it is the one that does not fit", () => {
    fc.assert(
      fc.property(message(POST), fc.nat(), (m, n) => {
        const size = encode(m).length;
        fc.pre(size > 0);
        return codec.marshal(m, n % size).bytes === undefined;
      }),
      { numRuns: 40 },
    );
  });
});

test("twice the payload takes twice the instructions to marshal and to copy", () => {
  const codec = new Codec(8);
  const [small, large] = [8000, 16_000].map((bytes) => codec.marshal(requestOf(payload(bytes))).returned.instructions);
  for (const category of ["marshal", "copy"]) {
    expect(large![category]! / small![category]!, category).toBeGreaterThan(1.85);
    expect(large![category]! / small![category]!, category).toBeLessThan(2.15);
  }
});
