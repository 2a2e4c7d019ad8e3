// The pull reader of JSON: it accepts what JSON.parse accepts, and says exactly where it does not.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../traces/diagnostic.ts";
import { JsonReader } from "../../traces/json-reader.ts";
import { bytesOf } from "./jaeger-file.ts";

function accepts(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) return false;
    throw error;
  }
}

function skipAll(text: string): void {
  const reader = new JsonReader(bytesOf(text));
  reader.skip();
  reader.end();
}

/** The whole value through the pull interface. */
function valueOf(reader: JsonReader): unknown {
  const kind = reader.peek();
  if (kind === "array") {
    const items: unknown[] = [];
    for (let more = reader.firstItem(); more; more = reader.nextItem()) items.push(valueOf(reader));
    return items;
  }
  if (kind !== "object") return reader.scalar();
  const members: [string, unknown][] = [];
  for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) members.push([key, valueOf(reader)]);
  return Object.fromEntries(members);
}

describe("JSON reader", () => {
  test("reads any JSON value to what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json(), fc.boolean(), (text, pretty) => {
        const layout = pretty ? JSON.stringify(JSON.parse(text), null, 2) : text;
        expect(valueOf(new JsonReader(bytesOf(layout)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("accepts a damaged document exactly where JSON.parse does", () => {
    const damage = fc.record({
      at: fc.nat(),
      cut: fc.nat(2),
      insert: fc.constantFrom(...'{}[]",:0-+.eE1\\untf \n\u0001é'),
    });
    fc.assert(
      fc.property(fc.json(), damage, (text, { at, cut, insert }) => {
        const place = at % (text.length + 1);
        // A cut through a surrogate pair cannot be written as UTF-8.
        const damaged = (text.slice(0, place) + insert + text.slice(place + cut)).replace(/\p{Cs}/gu, "?");
        expect(accepts(() => skipAll(damaged))).toBe(accepts(() => JSON.parse(damaged)));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["", 0],
    ["{", 1],
    ['{"a"', 4],
    ['{"a" 1}', 5],
    ['{"a":}', 5],
    ['{"a":1,}', 7],
    ["[1,]", 3],
    ["[1 2]", 3],
    ["[01]", 2],
    ["[1.]", 3],
    ["[-]", 2],
    ["[1e+]", 4],
    ["[NaN]", 1],
    ["[tru]", 4],
    ['["\\x"]', 2],
    ['["\\u00g0"]', 6],
    ['["a\nb"]', 3],
    ["{} {}", 3],
    ['{"a":[1,{"b":null}', 18],
  ])("points at the offending byte of %j", (text, offset) => {
    let found: number | undefined;
    try {
      skipAll(text);
    } catch (error) {
      found = error instanceof InputError ? error.offset : -1;
    }
    expect(found).toBe(offset);
  });

  test("reads every number as JSON.parse does", () => {
    const digits = fc
      .integer({ min: 1, max: 20 })
      .chain((n) => fc.bigInt({ min: 10n ** BigInt(n - 1), max: 10n ** BigInt(n) }));
    const text = fc.oneof(
      digits.map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => JSON.stringify(x)),
    );
    fc.assert(fc.property(text, (number) => Object.is(new JsonReader(bytesOf(number)).number(), JSON.parse(number))));
    for (const edge of ["9007199254740991", "9007199254740993", "9999999999999999"]) {
      expect(new JsonReader(bytesOf(edge)).number()).toBe(Number(edge));
    }
  });

  test("passes over a million nested arrays", () => {
    const deep = 1_000_000;
    skipAll("[".repeat(deep) + "]".repeat(deep));
    expect(accepts(() => skipAll("[".repeat(deep) + "]".repeat(deep - 1)))).toBe(false);
  });

  test("gives repeated short strings and long ones alike", () => {
    const names = ["a", "ab", "a".repeat(64), "a".repeat(65), "ß", "日本"];
    const text = JSON.stringify([...names, ...names, ...names]);
    expect(valueOf(new JsonReader(bytesOf(text)))).toEqual([...names, ...names, ...names]);
    // Strings that begin alike, the longer ones first, in far greater number than the reader remembers.
    const alike = Array.from({ length: 400 }, (_, seed) =>
      Array.from({ length: 64 }, (_, cut) => `${(seed * 2654435761).toString(36)}-`.repeat(10).slice(0, 64 - cut)),
    ).flat();
    expect(valueOf(new JsonReader(bytesOf(alike)))).toEqual(alike);
  });
});
