// The checksums that the host foretells, held against sums worked out by hand.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksum, spanChecksum } from "../../workloads/checksum.ts";
import { messageOf, type Message } from "../../workloads/messages.ts";
import { makePayload } from "../../workloads/payloads.ts";
import { Random } from "../../workloads/random.ts";
import { PAYLOAD, USER } from "../../workloads/schema.ts";
import { message } from "./arbitrary.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const hex = (b: Uint8Array): string => Buffer.from(b).toString("hex");
const user = (id: bigint, name: string): Message => messageOf(USER, id, bytes(name));
const payload = (seed: number, size: number): Message => makePayload(Random.at(seed, size), size);

describe("the checksum", () => {
  const sample = user(7n, "abcdefghij");

  test("is that of the words read, worked out by hand", () => {
    // 7, then "abcdefgh" and "ij" as little-endian words, each time times 31.
    const word = (s: string): bigint => BigInt(`0x${hex(bytes(s).reverse())}`);
    const all = (7n * 31n + word("abcdefgh")) * 31n + word("ij");
    expect(checksum(sample, 18)).toBe(BigInt.asUintN(64, all));
    expect(checksum(sample, 1000)).toBe(BigInt.asUintN(64, all));
  });

  test("stops where the budget does", () => {
    expect(checksum(sample, 0)).toBe(0n);
    expect(checksum(sample, 1)).toBe(7n);
    expect(checksum(sample, 8)).toBe(7n);
    expect(checksum(sample, 9)).toBe(7n * 31n + 0x61n);
    expect(checksum(sample, 17)).not.toBe(checksum(sample, 18));
  });

  test("of no payload is what it was before", () => {
    expect(checksum(undefined, 100, 5n)).toBe(5n);
  });

  test("changes with any byte of what is read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const name = bytes("abcdefghij");
        name[at]! ^= flip;
        return checksum(messageOf(USER, 7n, name), 18) !== checksum(sample, 18);
      }),
    );
  });

  test("of a span takes in the request, each reply and each failure, in order", () => {
    const [request, reply] = [payload(1, 100), payload(2, 100)];
    const answered = { kind: "reply", checksum: 9n, payload: reply, touchBytes: 50 } as const;
    const failed = { kind: "error" } as const;
    const mixed = (hash: bigint, word: bigint): bigint => BigInt.asUintN(64, hash * 31n + word);
    const first = checksum(request, 100);
    expect(spanChecksum(request, 100, [])).toBe(first);
    expect(spanChecksum(request, 100, [answered])).toBe(checksum(reply, 50, mixed(first, 9n)));
    expect(spanChecksum(request, 100, [failed])).toBe(mixed(first, 2n ** 64n - 1n));
    expect(spanChecksum(request, 100, [failed, answered])).not.toBe(spanChecksum(request, 100, [answered, failed]));
  });

  test("of a whole message is the sum over its words in order, modulo 2^64", () => {
    const words = (m: Message): bigint[] =>
      m.values.flatMap((v): bigint[] => {
        if (typeof v === "bigint") return [v];
        if (!(v instanceof Uint8Array)) return [v ?? []].flat().flatMap((nested) => words(nested as Message));
        const padded = Buffer.alloc(Math.ceil(v.length / 8) * 8);
        padded.set(v);
        return Array.from({ length: padded.length / 8 }, (_, i) => padded.readBigUInt64LE(8 * i));
      });
    fc.assert(
      fc.property(message(PAYLOAD), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (m, hash) => {
        const sum = words(m).reduce((h, word) => BigInt.asUintN(64, h * 31n + word), hash);
        return checksum(m, 1 << 20, hash) === sum;
      }),
      { numRuns: 200 },
    );
  });
});
