// The host's side of messages: generated payloads, their encoding, their layout, and the table that guest code walks.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleGuest, linkGuest } from "../../kernel/image.ts";
import { exactAlignment } from "../../kernel/layout.ts";
import {
  checksum,
  encode,
  encodedBytes,
  layoutPayload,
  messageOf,
  payloadRootBytes,
  spanChecksum,
  type Message,
} from "../../workloads/messages.ts";
import { makePayload } from "../../workloads/payloads.ts";
import { Random } from "../../workloads/random.ts";
import {
  MESSAGE_TYPES,
  PAYLOAD,
  POST,
  REPLY_MESSAGE,
  URL,
  USER,
  objectLayout,
  schemaSource,
} from "../../workloads/schema.ts";
import { message } from "./arbitrary.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const hex = (b: Uint8Array): string => Buffer.from(b).toString("hex");
const user = (id: bigint, name: string): Message => messageOf(USER, id, bytes(name));
const payload = (seed: number, size: number): Message => makePayload(Random.at(seed, size), size);

describe("the schema", () => {
  test("generates schema.S", async () => {
    await expect(schemaSource()).toMatchFileSnapshot("../../workloads/services/schema.S");
  });

  test.each([8, 16] as const)("has the same offsets in guest code, with pointers of %i bytes", (pointerBytes) => {
    const sources = ["kernel/common/pointer.S", "workloads/services/schema.S"];
    const image = linkGuest([assembleGuest(sources, { pointerBytes })], { base: 0x1000 });
    const memory = image.segments.find((s) => s.address <= image.symbols.get("schema_user")!)!;
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
    const at = (t: (typeof MESSAGE_TYPES)[number]): number =>
      image.symbols.get(`schema_${t.name.toLowerCase()}`)! - memory.address;
    for (const type of MESSAGE_TYPES) {
      const layout = objectLayout(type, pointerBytes);
      expect([view.getUint32(at(type), true), view.getUint32(at(type) + 4, true)]).toEqual([
        layout.bytes,
        type.fields.length,
      ]);
      type.fields.forEach((field, i) => {
        const entry = at(type) + 8 + 16 * i;
        const slot = { at: view.getUint16(entry, true), lengthAt: view.getUint16(entry + 2, true) };
        expect(slot, `${type.name}.${field.name}`).toEqual(layout.slots[i]);
        if (field.of) expect(entry + view.getInt32(entry + 8, true), `${type.name}.${field.name}`).toBe(at(field.of));
      });
    }
  });

  test("numbers fields from 1 without gaps and nests no type in itself", () => {
    const seen = new Set<string>();
    for (const type of MESSAGE_TYPES) {
      expect(type.fields.map((f) => f.number)).toEqual(type.fields.map((_, i) => i + 1));
      for (const f of type.fields) if (f.of) expect(seen).toContain(f.of.name);
      seen.add(type.name);
    }
  });
});

describe("the encoding", () => {
  test("is that of the Protocol Buffers documentation", () => {
    // protobuf.dev/programming-guides/encoding: 150 is 96 01; a string or nested message is its length and its bytes.
    expect(hex(encode(user(150n, "testing")))).toBe("089601" + "120774657374696e67");
    const post = messageOf(POST, 0n, user(150n, ""), bytes(""), [user(1n, ""), user(2n, "")], [], [], 1n, -1n);
    expect(hex(encode(post))).toBe(
      "1203089601" + "22020801" + "22020802" + "390100000000000000" + "40ffffffffffffffffff01",
    );
  });

  test("leaves out zeros, empty strings and absent messages, but not empty ones", () => {
    expect(hex(encode(messageOf(REPLY_MESSAGE, 0n, 0n, undefined)))).toBe("");
    expect(hex(encode(messageOf(REPLY_MESSAGE, 0n, 0n, payload(1, 0))))).toBe("1a00");
  });

  test("has the size that is foretold", () => {
    fc.assert(
      fc.property(message(PAYLOAD), (m) => encode(m).length === encodedBytes(m)),
      { numRuns: 100 },
    );
  });
});

describe("a generated payload", () => {
  test("has the size asked for, give or take three bytes", () => {
    const sizes = [...Array.from({ length: 300 }, (_, i) => i), 1000, 1500, 4096, 65_536];
    for (const size of sizes) expect(Math.abs(encodedBytes(payload(5, size)) - size), `${size}`).toBeLessThanOrEqual(3);
    expect(encodedBytes(payload(5, 0))).toBe(0);
  });

  test("has twice as many fields, strings and messages at twice the size", () => {
    const count = (m: Message): { fields: number; strings: number; messages: number } => {
      const sum = { fields: m.values.length, strings: 0, messages: 1 };
      const inside = m.values.flatMap((v) => (v instanceof Uint8Array ? [] : typeof v === "object" ? [v].flat() : []));
      sum.strings = m.values.filter((v) => v instanceof Uint8Array && v.length > 0).length;
      for (const c of inside.map((i) => count(i as Message))) {
        sum.fields += c.fields;
        sum.strings += c.strings;
        sum.messages += c.messages;
      }
      return sum;
    };
    const [small, large] = [count(payload(2, 50_000)), count(payload(2, 100_000))];
    for (const key of ["fields", "strings", "messages"] as const) {
      expect(large[key] / small[key], key).toBeGreaterThan(1.9);
      expect(large[key] / small[key], key).toBeLessThan(2.1);
    }
  });

  test("is the same for the same seed and another for another", () => {
    expect(hex(encode(payload(1, 700)))).toBe(hex(encode(payload(1, 700))));
    expect(hex(encode(payload(1, 700)))).not.toBe(hex(encode(payload(2, 700))));
    expect(checksum(payload(1, 700), 700)).toMatchInlineSnapshot(`12532671293434173281n`);
  });

  test("of a megabyte takes seconds at most", () => {
    const start = performance.now();
    payload(1, 1 << 20);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe.each([8, 16] as const)("the layout with pointers of %i bytes", (pointerBytes) => {
  const BASE = 0x8010_0000;

  test("gives every object, array and string bytes of its own", () => {
    const graph = layoutPayload(payload(3, 3000), BASE, pointerBytes);
    const root = { base: BASE, bytes: payloadRootBytes(payload(3, 3000), pointerBytes) };
    const regions = [root, ...graph.pointers].sort((a, b) => a.base - b.base);
    regions.forEach((r, i) => expect(r.base).toBeGreaterThanOrEqual(i === 0 ? BASE : end(regions[i - 1]!)));
    expect(end(regions.at(-1)!)).toBeLessThanOrEqual(BASE + graph.bytes.length);
    for (const p of graph.pointers) {
      expect(p.at % pointerBytes).toBe(0);
      expect(regions.some((r) => p.at >= r.base && p.at + pointerBytes <= end(r))).toBe(true);
    }
  });

  test("is made so that capabilities bound long strings and arrays exactly", () => {
    const long = messageOf(URL, new Uint8Array(4095).fill(65), new Uint8Array(8191).fill(66));
    const posts = Array.from({ length: 300 }, () => messageOf(POST, 1n, undefined, bytes("x"), [], [], [long], 0n, 0n));
    const graph = layoutPayload(messageOf(PAYLOAD, 0n, 0n, bytes(""), posts), BASE, pointerBytes);
    const inexact = graph.pointers.filter((p) => {
      const align = p.bytes < 4096 ? 1 : exactAlignment(p.bytes);
      return p.base % align !== 0 || p.bytes % align !== 0;
    });
    if (pointerBytes === 16) expect(inexact).toEqual([]);
    else expect(inexact.length).toBeGreaterThan(0);
  });

  test("holds integer pointers already, and room where capabilities go", () => {
    const graph = layoutPayload(payload(3, 900), BASE, pointerBytes);
    const view = new DataView(graph.bytes.buffer);
    const stored = graph.pointers.map((p) => view.getBigUint64(p.at - BASE, true));
    expect(stored).toEqual(graph.pointers.map((p) => (pointerBytes === 8 ? BigInt(p.base) : 0n)));
  });

  test("moves with its base", () => {
    const [a, b] = [BASE, BASE + 0x10_0000].map((base) => layoutPayload(payload(4, 20_000), base, pointerBytes));
    expect(a!.bytes.length).toBe(b!.bytes.length);
    expect(b!.pointers.map((p) => p.base - 0x10_0000)).toEqual(a!.pointers.map((p) => p.base));
  });
});

const end = (r: { base: number; bytes: number }): number => r.base + r.bytes;

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
});
