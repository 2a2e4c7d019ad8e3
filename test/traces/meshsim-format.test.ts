// meshsim's own trace format: what is written is read back, and the reader accepts what the published schema accepts.
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { writeTrace } from "../../traces/codec.ts";
import { readTrace } from "../../traces/read.ts";
import type { Trace } from "../../traces/trace.ts";
import { arbTrace } from "./arbitrary.ts";
import { bytesOf, read, refuse } from "./jaeger-file.ts";
import { isValid } from "./json-schema.ts";

const SCHEMA = JSON.parse(readFileSync(new URL("../../traces/trace.schema.json", import.meta.url), "utf8")) as Record<
  string,
  unknown
>;

const SMALL: Trace = {
  schema: "meshsim.trace/1",
  name: "small",
  services: [
    { name: "a", kind: "observed" },
    { name: "b", kind: "inferred" },
  ],
  operations: [
    { service: 0, name: "x" },
    { service: 1, name: "y" },
  ],
  requests: [
    {
      ...{ service: 0, operation: 0, applicationNs: 5, hopNs: 0, spans: 2 },
      groups: [[{ service: 1, operation: 1, applicationNs: 7, hopNs: 3, spans: 1, requestBytes: 10, groups: [] }]],
    },
  ],
};

type Json = Record<string, unknown>;

/** SMALL with one place changed; `undefined` takes the member away. */
function changed(path: (string | number)[], value: unknown): Json {
  const copy = JSON.parse(JSON.stringify(SMALL)) as Json;
  let at: Json = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Json;
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe("round trip", () => {
  test.each(["json", "msgpack"] as const)("any trace written as %s is read back equal", (form) => {
    fc.assert(
      fc.property(arbTrace, (trace) => {
        const imported = read(writeTrace(trace, form));
        expect(imported.trace).toEqual(trace);
        expect(imported.format).toBe(form === "json" ? "meshsim-json" : "meshsim-messagepack");
        expect(imported.repairs).toEqual([]);
      }),
    );
  });

  test("the JSON form has one request a line", () => {
    const text = new TextDecoder().decode(
      writeTrace({ ...SMALL, requests: [SMALL.requests[0]!, SMALL.requests[0]!] }, "json"),
    );
    expect(text.split("\n").filter((line) => line.includes("applicationNs"))).toHaveLength(2);
    expect(JSON.parse(text)).toEqual({ ...SMALL, requests: [SMALL.requests[0], SMALL.requests[0]] });
  });

  test("members may come in any order", () => {
    const reversed = JSON.stringify(SMALL, (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(read(reversed).trace).toEqual(SMALL);
  });
});

describe("the published schema", () => {
  test("accepts every trace that is written", () => {
    fc.assert(
      fc.property(arbTrace, (trace) => {
        expect(isValid(JSON.parse(new TextDecoder().decode(writeTrace(trace, "json"))), SCHEMA)).toBe(true);
      }),
    );
  });

  test("and the reader agree about any document that departs from a valid one", () => {
    const places: (string | number)[][] = [
      ...["schema", "name", "services", "operations", "requests", "extra", "$schema"].map((name) => [name]),
      ...["name", "kind", "extra"].map((name) => ["services", 0, name]),
      ...["name", "extra"].map((name) => ["operations", 0, name]),
      ...["applicationNs", "hopNs", "spans", "requestBytes", "groups", "extra"].map((name) => ["requests", 0, name]),
      ...["applicationNs", "replyBytes", "groups"].map((name) => ["requests", 0, "groups", 0, 0, name]),
      ["requests", 0, "groups", 0],
      ["requests", 0, "groups", 0, 0],
      ["requests", 0],
      ["services", 1],
    ];
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        undefined,
        null,
        0,
        -1,
        1.5,
        3,
        2 ** 53,
        1e300,
        "",
        "observed",
        "z",
        true,
        [],
        [[]],
        {},
        [{}],
        [1],
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...places), value, (path, replacement) => {
        const document = changed(path, replacement);
        // What a schema cannot say: indices lead somewhere, names occur once. Taking away tables breaks indices.
        fc.pre(path[0] !== "services" || path.length > 1 || !Array.isArray(replacement) || replacement.length === 0);
        const valid = isValid(JSON.parse(JSON.stringify(document)), SCHEMA);
        const accepted = readTrace(bytesOf(document), { file: "x" }).kind === "trace";
        if (!valid) refused += 1;
        if (sameIndices(document)) expect(accepted).toBe(valid);
        else expect(accepted && !valid).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

/** True where services and operations are those of SMALL but for names, so that the indices of SMALL fit. */
function sameIndices(document: Json): boolean {
  const names = (document["services"] as { name?: unknown }[] | undefined)?.map?.((service) => service?.name) ?? [];
  return (
    names.length === 2 &&
    names[0] !== names[1] &&
    JSON.stringify((document["operations"] as Json[] | undefined)?.map?.((o) => o?.["service"])) === "[0,1]"
  );
}

describe("the reader", () => {
  test.each<[string, Json, string]>([
    [
      "a service that does not exist",
      changed(["operations", 1, "service"], 2),
      "service 2 does not exist; there are 2, counted from 0",
    ],
    [
      "an operation that does not exist",
      changed(["requests", 0, "operation"], 9),
      "operation 9 does not exist; there are 2, counted from 0",
    ],
    [
      "an operation of another service",
      changed(["requests", 0, "operation"], 1),
      'operation 1 ("y") is one of service 1, not of 0',
    ],
    [
      "a negative time",
      changed(["requests", 0, "hopNs"], -1),
      "expected hopNs as a whole number from 0 to 2^53 - 1, found -1",
    ],
    [
      "half a nanosecond",
      changed(["requests", 0, "hopNs"], 0.5),
      "expected hopNs as a whole number from 0 to 2^53 - 1, found 0.5",
    ],
    ["a service twice", changed(["services", 1, "name"], "a"), 'service "a" occurs twice'],
    ["an unknown member", changed(["requests", 0, "hopns"], 1), 'a call has no member "hopns"'],
    ["a missing member", changed(["requests", 0, "spans"], undefined), "a call has no spans"],
    ["missing groups", changed(["requests", 0, "groups"], undefined), "a call has no groups"],
    ["an empty group", changed(["requests", 0, "groups"], [[]]), "a group without calls"],
    ["no requests", changed(["requests"], []), "the trace has no requests"],
    [
      "another version",
      changed(["schema"], "meshsim.trace/2"),
      'expected schema "meshsim.trace/1", found "meshsim.trace/2"',
    ],
    [
      "another document of meshsim",
      changed(["schema"], "meshsim.result/1"),
      'expected schema "meshsim.trace/1", found "meshsim.result/1"',
    ],
    ["a wrong kind", changed(["services", 0, "kind"], "seen"), 'expected kind "observed" or "inferred", found "seen"'],
  ])("refuses %s at its place", (_, document, message) => {
    const text = JSON.stringify(document, null, 2);
    const { diagnostics } = refuse(text);
    const found = diagnostics.find((diagnostic) => diagnostic.message === message);
    expect(found, JSON.stringify(diagnostics)).toBeDefined();
    expect(text.split("\n")[found!.line! - 1]).toBe(found!.source);
  });

  test("points at the very value", () => {
    const text = JSON.stringify(changed(["requests", 0, "groups", 0, 0, "hopNs"], -4), null, 2);
    const { line, column } = refuse(text).diagnostics[0]!;
    expect(text.split("\n")[line! - 1]!.slice(column! - 1)).toBe("-4,");
  });

  test("shows all that is wrong, up to twenty", () => {
    const requests = Array.from({ length: 30 }, () => ({ ...SMALL.requests[0], hopNs: -1 }));
    const refused = refuse({ ...SMALL, requests });
    expect(refused.total).toBe(30);
    expect(refused.diagnostics).toHaveLength(20);
  });

  test("makes control characters in names visible, as a repair", () => {
    const imported = read(changed(["services", 0, "name"], "a\u0007"));
    expect(imported.trace.services[0]!.name).toBe("a\\u0007");
    expect(imported.repairs).toMatchObject([{ name: "unprintable-name", count: 1 }]);
    const packed = read(writeTrace({ ...SMALL, name: "a\u0007" }, "msgpack"));
    expect(packed.trace.name).toBe("a\\u0007");
    expect(packed.repairs[0]!.examples).toEqual([{ file: "test.json", message: 'name is "a\\u0007"' }]);
  });
});

describe("MessagePack", () => {
  const packed = (change: (calls: Record<string, unknown[]>) => void): Uint8Array => {
    const calls = {
      ...{ depth: [0, 1], group: [0, 0], operation: [0, 1], applicationNs: [5, 7], hopNs: [0, 3], spans: [2, 1] },
      ...{ requestBytes: [null, 10], replyBytes: [null, null] },
    };
    change(calls);
    const { schema, name, services, operations } = SMALL;
    return encode({ schema, name, services, operations, calls });
  };

  test("holds calls as a table in pre-order", () => {
    expect(
      Buffer.compare(
        packed(() => {}),
        writeTrace(SMALL, "msgpack"),
      ),
    ).toBe(0);
  });

  test.each<[string, (calls: Record<string, unknown[]>) => void, string]>([
    [
      "a callee without caller",
      (c) => (c["depth"] = [1, 1]),
      "calls[0]: depth 1 and group 0 do not follow the call before it",
    ],
    [
      "a depth left out",
      (c) => (c["depth"] = [0, 2]),
      "calls[1]: depth 2 and group 0 do not follow the call before it",
    ],
    [
      "a group left out",
      (c) => (c["group"] = [0, 1]),
      "calls[1]: depth 1 and group 1 do not follow the call before it",
    ],
    [
      "a group of a root",
      (c) => (c["group"] = [1, 0]),
      "calls[0]: depth 0 and group 1 do not follow the call before it",
    ],
    [
      "a negative time",
      (c) => (c["hopNs"] = [-1, 0]),
      "calls[0]: expected hopNs as a whole number from 0 to 2^53 - 1, found -1",
    ],
    ["NaN", (c) => (c["hopNs"] = [NaN, 0]), "calls[0]: expected hopNs as a whole number from 0 to 2^53 - 1, found NaN"],
    [
      "a huge depth",
      (c) => (c["depth"] = [0, 2 ** 52]),
      `calls[1]: depth ${2 ** 52} and group 0 do not follow the call before it`,
    ],
    ["columns that differ", (c) => c["spans"]!.pop(), "the columns of calls differ in length: 2, 2, 2, 2, 2, 1, 2, 2"],
    [
      "an operation too far",
      (c) => (c["operation"] = [0, 7]),
      "calls[1]: operation 7 does not exist; there are 2, counted from 0",
    ],
  ])("with %s is refused", (_, change, message) => {
    expect(refuse(packed(change)).diagnostics.map((diagnostic) => diagnostic.message)).toContain(message);
  });

  test("that goes back to an earlier group is refused", () => {
    const [request] = SMALL.requests;
    const [[callee]] = request!.groups as [[Trace["requests"][number]]];
    const three = { ...SMALL, requests: [{ ...request!, groups: [[callee], [callee], [callee]] }] };
    const document = decode(writeTrace(three, "msgpack")) as { calls: { group: number[] } };
    expect(document.calls.group).toEqual([0, 0, 1, 2]);
    document.calls.group = [0, 0, 1, 0];
    const [diagnostic] = refuse(encode(document)).diagnostics;
    expect(diagnostic!.message).toBe("calls[3]: depth 1 and group 0 do not follow the call before it");
  });

  test("may be written with wider headers than needed", () => {
    const bytes = writeTrace(SMALL, "msgpack");
    expect(bytes[0]).toBe(0x85);
    for (const map of [
      [0xde, 0, 5],
      [0xdf, 0, 0, 0, 5],
    ]) {
      expect(read(Uint8Array.from([...map, ...bytes.subarray(1)])).trace).toEqual(SMALL);
    }
  });

  test("that claims more items than there are bytes is refused before memory is set aside", () => {
    const claims = new Uint8Array([0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff]);
    expect(refuse(claims).diagnostics[0]!.message).toMatch(
      /^the MessagePack value at byte 3 goes beyond the end of the file$/,
    );
  });

  test("cut anywhere is refused", () => {
    const whole = writeTrace(SMALL, "msgpack");
    for (let length = 1; length < whole.length; length += 1) refuse(whole.slice(0, length));
    refuse(Uint8Array.from([...whole, 0xc0]));
  });

  test("nested deep is refused", () => {
    const deep = new Uint8Array(1_000_000).fill(0x81).map((byte, i) => (i % 2 === 0 ? byte : 0x01));
    expect(refuse(deep).diagnostics[0]!.message).toMatch(/nested too deep/);
  });

  test("with a key __proto__ is refused", () => {
    expect(refuse(new Uint8Array([0x81, 0xa9, ...bytesOf("__proto__"), 0x80])).total).toBe(1);
  });

  test("that is something else is refused", () => {
    expect(refuse(encode({ some: "map" })).diagnostics[0]!.message).toMatch(/schema|not a meshsim trace/);
  });
});
