// Guest unmarshalling finds what was encoded, takes the memory that is foretold, and refuses what is no message.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ERRORS } from "../../../kernel/abi.ts";
import { checksum } from "../../../workloads/checksum.ts";
import { decodedBytes, encode, messageOf, type Message } from "../../../workloads/messages.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { PAYLOAD, REQUEST_MESSAGE, USER } from "../../../workloads/schema.ts";
import { message } from "../arbitrary.ts";
import { decode } from "../wire.ts";
import { Codec, encodedRequest } from "./codec.ts";

const EVERYTHING = 1 << 20;
const MALFORMED = BigInt.asUintN(64, -BigInt(ERRORS.malformed));
const TOO_BIG = BigInt.asUintN(64, -BigInt(ERRORS.tooBig));
const payload = (bytes: number): Message => makePayload(Random.at(1, bytes), bytes);

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const codec = new Codec(pointerBytes);

  /** What the guest makes of some bytes: the checksum of all that it decoded, or its error. */
  function outcome(bytes: Uint8Array): bigint | string {
    const { object, returned } = codec.unmarshal(bytes);
    if (returned.a0 !== 0n) return `error ${BigInt.asIntN(64, returned.a0)}`;
    return codec.touch(object, EVERYTHING, codec.bench.read64(object.base) * 7n + codec.bench.read64(object.base + 8))
      .a0;
  }

  function foretold(bytes: Uint8Array): bigint | string {
    const m = decode(bytes, REQUEST_MESSAGE);
    if (m === undefined) return `error ${-ERRORS.malformed}`;
    const [plan, sequence, body] = m.values as [bigint, bigint, Message | undefined];
    return checksum(body, EVERYTHING, BigInt.asUintN(64, plan * 7n + sequence));
  }

  const agree = (bytes: Uint8Array): void => {
    expect(outcome(bytes)).toBe(foretold(bytes));
  };

  test("a message of any shape is found again", () => {
    fc.assert(
      fc.property(message(REQUEST_MESSAGE), (m) => agree(encode(m))),
      { numRuns: 60 },
    );
  });

  test("a generated payload is found again, at any size", () => {
    for (const bytes of [0, 1, 5, 31, 100, 600, 1500, 9000]) {
      const wire = encodedRequest(payload(bytes));
      agree(wire);
      expect(outcome(wire)).toBe(checksum(payload(bytes), EVERYTHING, 3n * 7n + 300n));
    }
  });

  test("bytes cut short, or changed in places, are refused or read as the format says", () => {
    const wire = encodedRequest(payload(400));
    const edit = fc.tuple(fc.nat(wire.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(wire.length), fc.array(edit, { maxLength: 4 }), (length, edits) => {
        const bytes = wire.slice(0, length);
        for (const [at, byte] of edits) if (at < length) bytes[at] = byte;
        agree(bytes);
      }),
      { numRuns: 150 },
    );
  });

  test("noise is refused or read as the format says", () => {
    const byte = fc.oneof(
      fc.constantFrom(0x08, 0x10, 0x1a, 0x22, 0x0a, 0x12, 0x00, 0x01, 0x02, 0x80, 0xff),
      fc.nat(255),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(byte, { maxLength: 40 }), (a, b) => {
        agree(a);
        agree(Uint8Array.from(b));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a varint of eleven bytes", "08" + "80".repeat(10) + "01"],
    ["a tenth byte beyond bit 63", "08" + "80".repeat(9) + "02"],
    ["a varint that does not end", "0880"],
    ["a tag that does not end", "88"],
    ["field number 0", "0000"],
    ["a field number beyond 2^29 - 1", "808080801000"],
    ["a length of 2^64 - 1", "1a" + "ff".repeat(9) + "01"],
    ["a length one beyond the end", "1a0208"],
    ["a nested length beyond its message", "1a021a0361"],
    ["a fixed64 of seven bytes", "1a08" + "11" + "00".repeat(7)],
    ["a group", "2b2c"],
    ["wire type 6", "2e00"],
    ["a string that is not UTF-8", "1a031a01ff"],
    ["an unknown string beyond the end", "7a05"],
    ["an unknown fixed32 of three bytes", "7d000000"],
  ])("%s is refused", (_, bytes) => {
    expect(codec.unmarshal(Uint8Array.from(Buffer.from(bytes, "hex"))).returned.a0).toBe(MALFORMED);
  });

  test("a byte that is not UTF-8 is seen wherever it stands in its word", () => {
    for (let at = 0; at < 12; at += 1) {
      const name = new Uint8Array(12).fill(0x61);
      agree(encodedRequest(messageOf(PAYLOAD, 0n, 0n, name, [])));
      name[at] = 0xff;
      expect(codec.unmarshal(encodedRequest(messageOf(PAYLOAD, 0n, 0n, name, []))).returned.a0, `${at}`).toBe(
        MALFORMED,
      );
    }
  });

  test.each([
    ["a varint of ten bytes", "08" + "ff".repeat(9) + "01"],
    ["a longer form of a short varint", "088000"],
    ["a longer form of a tag", "880005"],
    ["unknown fields of every wire type", "7805" + "79" + "00".repeat(8) + "7a0161" + "7d" + "00".repeat(4) + "0807"],
    ["a field of another wire type than its own", "0d00000000" + "1001"],
    ["the last of two numbers", "08050806"],
    ["both parts of one message", "1a020805" + "1a0911" + "07".repeat(8)],
    ["a field number of 2^29 - 1", "f8ffffff0f05"],
  ])("%s is read", (_, bytes) => {
    const wire = Uint8Array.from(Buffer.from(bytes, "hex"));
    expect(typeof foretold(wire)).toBe("bigint");
    agree(wire);
  });

  test("a list grows as long as it must", () => {
    const users = (n: number): Message[] =>
      Array.from({ length: n }, (_, i) => messageOf(USER, BigInt(i + 1), new Uint8Array(0)));
    // The last fills arrays of 64 KiB, whose bounds are exact at multiples of 128 only.
    for (const n of [1, 3, 4, 5, 8, 9, 17, 300, 2100]) {
      const post = messageOf(PAYLOAD.fields[3]!.of!, 1n, undefined, new Uint8Array(0), users(n), [], [], 0n, 0n);
      agree(encodedRequest(messageOf(PAYLOAD, 0n, 0n, new Uint8Array(0), [post])));
    }
  });

  test("decoding takes the memory that is foretold, and is refused where there is less", () => {
    const needed = decodedBytes(payload(2000), pointerBytes);
    const wire = encodedRequest(payload(2000));
    const { returned, used } = codec.unmarshal(wire, needed);
    expect([returned.a0, used]).toEqual([0n, needed]);
    for (const capacity of [needed - 16, needed >> 1, 0]) {
      expect(codec.unmarshal(wire, Math.floor(capacity / 16) * 16).returned.a0).toBe(TOO_BIG);
    }
  });
});

test("twice the payload takes twice the instructions to unmarshal and to allocate", () => {
  const codec = new Codec(8);
  const [small, large] = [8000, 16_000].map(
    (bytes) => codec.unmarshal(encodedRequest(payload(bytes))).returned.instructions,
  );
  for (const category of ["unmarshal", "allocate"]) {
    expect(large![category]! / small![category]!, category).toBeGreaterThan(1.85);
    expect(large![category]! / small![category]!, category).toBeLessThan(2.15);
  }
});
