// Files that are no traces, or traces meant to break an importer: a place and a hint, never an exception, never a hang.
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { writeTrace } from "../../traces/codec.ts";
import { generateTrace } from "../../traces/generate.ts";
import { readTrace } from "../../traces/read.ts";
import { traceStatistics } from "../../traces/statistics.ts";
import { shared } from "../drivers/shared.ts";
import type { Span } from "./jaeger-file.ts";
import { bytesOf, jaegerTrace, outlineOf, read, refuse } from "./jaeger-file.ts";

const TRACE: Span[] = [
  { id: "a", service: "s", start: 0, end: 100, kind: "server" },
  { id: "b", parent: "a", service: "t", start: 10, end: 30, kind: "server" },
];
const editedSpan = (field: string, value: unknown): string =>
  JSON.stringify({ data: [jaegerTrace(TRACE)] }, (key, old: unknown) => (key === field ? value : old));

describe("files that are no trace", () => {
  test.each<[string, Uint8Array | string, string, number | undefined, number | undefined]>([
    ["an empty file", "", "the file is empty", undefined, undefined],
    ["white space", " \n\t\r\n ", "the file holds nothing but white space", undefined, undefined],
    ["a byte order mark alone", "\ufeff", "the file holds nothing but white space", undefined, undefined],
    ["null", "null", `not a trace: expected '{' or '[' at its start, found "n"`, 1, 1],
    ["text", "\n\n  hello", `not a trace: expected '{' or '[' at its start, found "h"`, 3, 3],
    ["XML", "<a>, b</a>", `not a trace: expected '{' or '[' at its start, found "<"`, 1, 1],
    ["an empty object", "{}", "no trace format has a document of this shape", 1, 1],
    ["an empty array", "[]", "no trace format has a document of this shape", 1, 1],
    ["some other JSON", '{"name":"x","version":1}', "no trace format has a document of this shape", 1, 1],
    ["an answer without traces", '{"data":[],"total":0}', "no spans in this Jaeger file", undefined, undefined],
    ["an answer with null", '{"data":null}', "no spans in this Jaeger file", undefined, undefined],
    [
      "a trace without spans",
      '{"traceID":"1","spans":[],"processes":{}}',
      "no spans in this Jaeger file",
      undefined,
      undefined,
    ],
    ["a CSV table", "a,b\n1,2\n", "this looks like a CSV table, which meshsim does not read yet", 1, 1],
    ["a gzip file", gzipSync("{}"), "expected a trace, found a gzip file", undefined, undefined],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0]), "expected a trace, found UTF-16 text", undefined, undefined],
    ["bytes", new Uint8Array([0x20, 0xff, 0x00]), "expected a trace, found bytes that are not UTF-8 text", 1, 2],
    ["a number", "42", `not a trace: expected '{' or '[' at its start, found "4"`, 1, 1],
    [
      "broken UTF-8 in JSON",
      latin1('{"data":[],\n"x":"caf\xe9"}'),
      "expected a trace, found bytes that are not UTF-8 text",
      2,
      9,
    ],
  ])("%s is refused by name", (_, content, message, line, column) => {
    const { diagnostics, total } = refuse(content, { file: "in.json" });
    expect(total).toBe(1);
    expect(diagnostics[0]).toMatchObject({ file: "in.json", message });
    expect([diagnostics[0]!.line, diagnostics[0]!.column]).toEqual([line, column]);
  });

  test.each<[string, string]>([
    ['{"resourceSpans":[]}', "an OpenTelemetry (OTLP/JSON) trace"],
    ['{"data":{"resourceSpans":[]}}', "an OpenTelemetry (OTLP/JSON) trace"],
    ['{"batches":[]}', "an OpenTelemetry (OTLP/JSON) trace"],
    ['[{"traceId":"1","id":"2"}]', "a Zipkin v2 trace"],
    ['[[{"traceId":"1","id":"2"}]]', "a Zipkin v2 trace"],
    ['{"hits":{"hits":[{"_source":{}}]}}', "Jaeger spans as Elasticsearch stores them"],
    ['{"traceEvents":[]}', "a Chrome trace-event file"],
    [",traceid,timestamp,rpcid,um,rpctype,dm,interface,rt\n", "an Alibaba cluster-trace table of calls"],
    ["timestamp,traceid,service,rpc_id,rpctype\n", "an Alibaba cluster-trace table of calls"],
    ["HashOwner,HashApp,HashFunction,Trigger,1,2\n", "an Azure Functions trace"],
    ["app,func,end_timestamp,duration\n", "an Azure Functions trace"],
  ])("%s is known and politely refused", (content, what) => {
    const [diagnostic] = refuse(content).diagnostics;
    expect(diagnostic!.message).toBe(`this looks like ${what}, which meshsim does not read yet`);
    expect(diagnostic!.hint).toBeTruthy();
  });

  test("the first bad byte is found behind any length of good ones", () => {
    for (const prefix of ["{", "{{"]) {
      const good = bytesOf(`${prefix}${"é€😀".repeat(30_000)}`);
      const [diagnostic] = refuse(Uint8Array.from([...good, 0xe2, 0x82, 0x20])).diagnostics;
      expect(diagnostic).toMatchObject({ line: 1, column: prefix.length + 90_000 + 1 });
    }
  });

  test("the message of the query API is passed on", () => {
    const [diagnostic] = refuse({ data: null, errors: [{ code: 404, msg: "trace not found" }] }).diagnostics;
    expect(diagnostic!.hint).toBe('Jaeger answered: "trace not found"');
  });

  test("a file beyond the limit is refused, one at the limit is read", () => {
    const bytes = bytesOf(jaegerTrace(TRACE));
    expect(read(bytes, { maxBytes: bytes.length }).spans).toBe(2);
    const [diagnostic] = refuse(bytes, { maxBytes: bytes.length - 1 }).diagnostics;
    expect(diagnostic!.message).toBe(
      `the file has ${bytes.length} bytes; the most that can be read is ${bytes.length - 1}`,
    );
  });
});

describe("damaged JSON", () => {
  test("a trace cut anywhere is refused where it ends", () => {
    const whole = JSON.stringify({ data: [jaegerTrace(TRACE)] }, null, 1);
    for (let length = 1; length < whole.trimEnd().length; length += 1) {
      const [diagnostic] = refuse(whole.slice(0, length)).diagnostics;
      const cut = whole.slice(0, length).trimEnd().split("\n");
      expect(diagnostic!.message).toMatch(/^not valid JSON: expected .*, found the end of the file$/);
      expect(diagnostic!.line).toBeGreaterThanOrEqual(cut.length);
      expect(diagnostic!.hint).toBe("the file is cut short; was it written or downloaded completely?");
    }
  });

  test("a syntax error has its line, its column, its line's text, and a caret's column", () => {
    const text = '{"data": [\n  {"traceID": "1",\n\t"spans": [{]}\n]}';
    expect(refuse(text).diagnostics[0]).toEqual({
      file: "test.json",
      line: 3,
      column: 13,
      message: `not valid JSON: expected a key in quotes or '}', found "]"`,
      source: ' "spans": [{]}',
      sourceColumn: 13,
    });
  });

  test("of a long line only the part around the error is shown", () => {
    const name = "é".repeat(5000);
    const text = `{"processes":{"p1":{"serviceName":"${name}"}},"spans":[}`;
    const [diagnostic] = refuse(text).diagnostics;
    expect(diagnostic!.column).toBe(text.lastIndexOf("}") + 1);
    expect([...diagnostic!.source!].length).toBeLessThan(130);
    expect([...diagnostic!.source!][diagnostic!.sourceColumn! - 1]).toBe("}");
    expect(diagnostic!.source!.startsWith("…éé")).toBe(true);
  });

  test("places far apart in a file of one long line, and of many lines, are found", () => {
    const name = "ü".repeat(1_500_000);
    for (const space of ["", "\n"]) {
      const spans = ["5", "6"].map(
        (id) => `{"spanID":"${id}","operationName":"${name}",${space}"startTime":"x","duration":1}`,
      );
      const text = `\ufeff{"spans":[${spans.join(",")}]}`;
      const { diagnostics } = refuse(text);
      const places = diagnostics.map(({ line, column }) => [line, column]);
      const expected = [text.indexOf('"x"'), text.lastIndexOf('"x"')].map((at) => {
        const before = text.slice(1, at).split("\n");
        return [before.length, before.at(-1)!.length + 1];
      });
      expect(places).toEqual(expected);
    }
  });

  test("control characters never reach the terminal", () => {
    const [diagnostic] = refuse('{"processes":{}, "\u001b[2J').diagnostics;
    expect(diagnostic!.source).toBe('{"processes":{}, "␛[2J');
    expect(diagnostic!.message + diagnostic!.source!).not.toMatch(/\p{Cc}/u);
  });

  test("a second document is refused with a hint", () => {
    const [diagnostic] = refuse(
      `${JSON.stringify(jaegerTrace(TRACE))}\n${JSON.stringify(jaegerTrace(TRACE))}`,
    ).diagnostics;
    expect(diagnostic).toMatchObject({ line: 2, column: 1 });
    expect(diagnostic!.hint).toMatch(/JSON Lines/);
  });
});

describe("values that make no sense", () => {
  test.each<[string, string, RegExp]>([
    [
      "a duration of NaN",
      editedSpan("duration", 0).replace('"duration":0', '"duration":NaN'),
      /expected a value, found "N"/,
    ],
    [
      "an infinite duration",
      editedSpan("duration", 0).replace('"duration":0', '"duration":1e999'),
      /the number is too large/,
    ],
    [
      "a huge duration",
      editedSpan("duration", 1e300),
      /expected duration as a number of microseconds up to 9007199254740, found 1e\+300/,
    ],
    ["nanoseconds as start", editedSpan("startTime", 1.7e18), /expected startTime .* found 1700000000000000000/],
    ["a duration as text", editedSpan("duration", "5ms"), /expected duration .* found "5ms"/],
    ["a duration as object", editedSpan("duration", {}), /expected duration .* found an object or an array/],
    ["no start", editedSpan("startTime", undefined), /span "a" has no startTime/],
    ["no id", editedSpan("spanID", ""), /span has no spanID/],
    ["spans that are no array", editedSpan("spans", 5), /expected an array, found a number/],
    ["a span that is no object", editedSpan("spans", [7]), /expected a span, which is an object/],
    ["references that are no array", editedSpan("references", "x"), /expected an array, found a string/],
    ["traces in too many arrays", JSON.stringify([[[[[jaegerTrace(TRACE)]]]]]), /no trace format|arrays in arrays/],
  ])("%s is refused with its place", (_, text, message) => {
    const [diagnostic] = refuse(text).diagnostics;
    expect(diagnostic!.message).toMatch(message);
    expect(diagnostic).toMatchObject({ line: 1 });
  });

  test("all of them are shown, up to twenty", () => {
    const spans = Array.from({ length: 30 }, (_, i) => ({ ...TRACE[0]!, id: `${i + 1}` }));
    const text = JSON.stringify(jaegerTrace(spans), (key, value: unknown) => (key === "duration" ? "x" : value));
    const refused = refuse(text);
    expect(refused.total).toBe(30);
    expect(refused.diagnostics).toHaveLength(20);
  });

  test("spans that last longer than numbers are exact are refused", () => {
    const long = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
    const spans: Span[] = [
      { id: "a", service: "s", start: 0, end: long },
      { id: "b", parent: "a", service: "s", start: long, end: 2 * long },
    ];
    expect(refuse(jaegerTrace(spans)).diagnostics[0]!.message).toMatch(/sum up to more than 104 days/);
  });

  test("times before 1970 are as good as others", () => {
    const early = TRACE.map((span) => ({ ...span, start: span.start - 500, end: span.end - 500 }));
    expect(outlineOf(read(jaegerTrace(early)).trace)).toEqual(outlineOf(read(jaegerTrace(TRACE)).trace));
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"])(
    "a service may be called %s",
    (name) => {
      const spans: Span[] = [
        { id: "a", service: name, name: "__proto__", start: 0, end: 100 },
        { id: "b", parent: "a", service: "t", name, start: 10, end: 30, kind: "client", tags: { [name]: name } },
      ];
      const text = JSON.stringify(jaegerTrace(spans)).replaceAll('"p1"', `"${name}"`);
      const { trace } = read(text);
      expect(trace.services.map((service) => service.name)).toEqual([name, "t", `t/${name}`]);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(read(writeTrace(trace, "json")).trace).toEqual(trace);
      expect(read(writeTrace(trace, "msgpack")).trace).toEqual(trace);
    },
  );
});

describe("size", () => {
  test("a chain of 50,000 spans is read, written and read again", () => {
    const spans = Array.from({ length: 50_000 }, (_, i) => ({
      id: (i + 1).toString(16),
      ...(i === 0 ? {} : { parent: i.toString(16) }),
      service: `s${i % 7}`,
      name: "op",
      start: i,
      end: 200_000 - i,
    }));
    const imported = read(jaegerTrace(spans));
    expect(imported.spanDepth).toBe(50_000);
    expect(traceStatistics(imported.trace).depth.max).toBe(50_000);
    for (const form of ["json", "msgpack"] as const) {
      const bytes = writeTrace(imported.trace, form);
      expect(Buffer.compare(writeTrace(read(bytes).trace, form), bytes)).toBe(0);
    }
  });

  test("100,000 children of one span are read", () => {
    const root: Span = { id: "f", service: "s", start: 0, end: 1_000_000, kind: "client" };
    const children = Array.from({ length: 100_000 }, (_, i) => {
      return {
        id: `1${i.toString(16).padStart(6, "0")}`,
        parent: "f",
        service: `t${i % 5}`,
        start: 5 * i,
        end: 5 * i + 8,
      };
    });
    const imported = read(jaegerTrace([root, ...children]));
    expect(imported.spanFanOut).toBe(100_000);
    expect(traceStatistics(imported.trace)).toMatchObject({ calls: 100_001, concurrentCalls: 100_000 });
  });

  test("JSON nested 200,000 deep is passed over where it is of no use, and refused where it is", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const trace = JSON.stringify(jaegerTrace(TRACE));
    expect(read(`{"x":${deep},${trace.slice(1)}`).spans).toBe(2);
    expect(refuse(deep).total).toBe(1);
    expect(refuse(`{"data":${deep}}`).total).toBe(1);
    expect(refuse("[".repeat(200_000)).total).toBe(1);
    expect(refuse('{"data":'.repeat(100_000)).total).toBe(1);
  });
});

describe("fuzzing", () => {
  const sample = generateTrace("concurrent", { requests: 1 });
  if (sample.kind !== "generated") throw new Error("no sample");
  const answer = (bytes: Uint8Array): string => readTrace(bytes, { file: "fuzz" }).kind;

  test("any bytes give an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => ["trace", "diagnostics"].includes(answer(bytes))),
    );
  });

  test.each(["jaeger", "json", "msgpack"] as const)("any damage to a %s file gives an answer", (format) => {
    const generated = generateTrace("concurrent", { requests: 1, format });
    if (generated.kind !== "generated") throw new Error("no sample");
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(), (changes, cut) => {
        const bytes = generated.bytes.slice(0, generated.bytes.length - (cut % 50));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const result = readTrace(bytes, { file: "fuzz" });
        // Whatever is accepted can be written and read again.
        if (result.kind === "trace") expect(answer(writeTrace(result.trace, "json"))).toBe("trace");
        else expect(result.diagnostics.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test("any JSON in the place of any member of a Jaeger span gives an answer", () => {
    const fields = [
      "traceID",
      "spanID",
      "references",
      "startTime",
      "duration",
      "tags",
      "processID",
      "processes",
      "spans",
      "data",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        expect(["trace", "diagnostics"]).toContain(answer(bytesOf(editedSpan(field, value))));
      }),
      { numRuns: 300 },
    );
  });
});

test("each real file beside the project is read, or refused with a hint", ({ skip }) => {
  const root = shared("traces/README.md")?.replace("README.md", "");
  if (root === undefined) return skip("the real traces are not here");
  const refused = [
    "otlp/opentelemetry-proto-example-trace.json",
    "zipkin/skew.json",
    "zipkin/smartthings-oauth-authorization.json",
  ];
  refused.push("alibaba/alibaba-v2021-callgraph-sample-small.csv", "azure/azure2021-invitro-200.csv", "README.md");
  refused.push("otlp/jaeger-ui-otlp2jaeger-multi-in.jsonl", "jaeger/dsb-ms_collecter-trace.csv");
  for (const file of refused) expect(refuse(readFileSync(root + file)).diagnostics[0]!.hint).toBeTruthy();
  expect(read(readFileSync(`${root}jaeger/jaeger-ui-oltp2jaeger-multi-out.json`)).spans).toBe(4);
});

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
