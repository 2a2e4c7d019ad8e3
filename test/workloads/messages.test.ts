// The host's side of messages: generated payloads, their encoding, and the table that guest code walks.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleGuest, linkGuest } from "../../kernel/image.ts";
import { checksum } from "../../workloads/checksum.ts";
import { encode, messageOf, type Message } from "../../workloads/messages.ts";
import { makePayload } from "../../workloads/payloads.ts";
import { Random } from "../../workloads/random.ts";
import {
  MESSAGE_TYPES,
  PAYLOAD,
  POST,
  REPLY_MESSAGE,
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
      fc.property(message(PAYLOAD), (m) => encode(m).length === m.encodedBytes),
      { numRuns: 100 },
    );
  });
});

describe("a generated payload", () => {
  test("has the size asked for, give or take three bytes", () => {
    const sizes = [...Array.from({ length: 300 }, (_, i) => i), 1000, 1500, 4096, 65_536];
    for (const size of sizes) expect(Math.abs(payload(5, size).encodedBytes - size), `${size}`).toBeLessThanOrEqual(3);
    expect(payload(5, 0).encodedBytes).toBe(0);
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
