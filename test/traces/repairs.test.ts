// Repairs of dirty traces: each is made, counted, shown with its place, and an error under strict.
import { describe, expect, test } from "vitest";
import type { RepairName } from "../../traces/repair.ts";
import { REPAIRS } from "../../traces/repair.ts";
import type { Span } from "./jaeger-file.ts";
import { jaegerTrace, outlineOf, read, refuse } from "./jaeger-file.ts";

const ROOT: Span = { id: "a", service: "s", start: 0, end: 100, kind: "server" };
const child = (more: Partial<Span>): Span => ({
  id: "b",
  parent: "a",
  service: "t",
  start: 10,
  end: 30,
  kind: "server",
  ...more,
});

interface Case {
  readonly name: RepairName;
  readonly document: Record<string, unknown>;
  readonly count?: number;
  readonly message: string;
  readonly outline: readonly string[];
}

const WHOLE = ["s op-a: work 80", "  t op-b: work 20"];
const edited = (spans: Span[], edit: (spans: Record<string, unknown>[]) => void): Record<string, unknown> => {
  const trace = jaegerTrace(spans);
  edit(trace["spans"] as Record<string, unknown>[]);
  return trace;
};

const CASES: Case[] = [
  {
    name: "duplicate-span",
    document: jaegerTrace([ROOT, child({}), child({ start: 50, end: 51 })]),
    message: 'span id "b" occurs again',
    outline: WHOLE,
  },
  {
    name: "shared-span-id",
    document: jaegerTrace([
      ROOT,
      child({ service: "s", kind: "client" }),
      child({ start: 15, end: 25 }),
      { id: "c", parent: "b", service: "t", name: "of the server half", start: 16, end: 20, kind: "internal" },
      { id: "d", parent: "b", service: "s", name: "of the client half", start: 26, end: 29, kind: "internal" },
    ]),
    message: 'span id "b" is a client and a server span',
    outline: ["s op-a: work 83", "  t op-b: work 10 hop 7"],
  },
  {
    name: "mixed-trace-id",
    document: {
      data: [jaegerTrace([ROOT], "0af7651916cd43dd8448eb211c80319c"), jaegerTrace([child({})], "8448eb211c80319c")],
    },
    message: 'trace "8448eb211c80319c" is trace "af7651916cd43dd8448eb211c80319c"',
    outline: WHOLE,
  },
  {
    name: "orphan",
    document: jaegerTrace([ROOT, child({ parent: "ffff" })]),
    message: 'span "b" ("op-b") has parent "ffff", which names no span of its trace',
    outline: ["s op-a: work 100", "t op-b: work 20"],
  },
  {
    name: "self-parent",
    document: jaegerTrace([ROOT, child({ parent: "b" })]),
    message: 'span "b" ("op-b") names itself as its parent',
    outline: ["s op-a: work 100", "t op-b: work 20"],
  },
  {
    name: "parent-cycle",
    document: jaegerTrace([{ ...ROOT, parent: "b" }, child({})]),
    message: 'span "a" ("op-a") is in a cycle of 2 parents',
    outline: WHOLE,
  },
  {
    name: "extra-parent",
    document: edited([ROOT, child({})], (spans) => {
      (spans[1]!["references"] as object[]).push({ refType: "CHILD_OF", traceID: "1", spanID: "c" });
    }),
    message: 'span has 2 parents, "a" is kept',
    outline: WHOLE,
  },
  {
    name: "outside-parent",
    document: jaegerTrace([ROOT, child({ start: 90, end: 120 })]),
    message: 'span "b" ("op-b") ends 20 us after its parent',
    outline: ["s op-a: work 90", "  t op-b: work 30"],
  },
  {
    name: "outside-parent",
    document: jaegerTrace([ROOT, child({ start: -5, end: 120 })]),
    message: 'span "b" ("op-b") begins 5 us before and ends 20 us after its parent',
    outline: ["s op-a: work 0", "  t op-b: work 125"],
  },
  {
    name: "zero-duration",
    document: jaegerTrace([ROOT, child({ end: 10 })]),
    message: 'span "b" ("op-b") takes no time',
    outline: ["s op-a: work 100", "  t op-b: work 0"],
  },
  {
    name: "negative-duration",
    document: jaegerTrace([ROOT, child({ end: 3 })]),
    message: 'span "b" lasts -7 us',
    outline: ["s op-a: work 100", "  t op-b: work 0"],
  },
  {
    name: "missing-process",
    document: edited([ROOT, child({})], (spans) => (spans[1]!["processID"] = "p9")),
    message: 'span has no described process ("p9")',
    outline: ["s op-a: work 80", "  unknown_service op-b: work 20"],
  },
  {
    name: "missing-operation",
    document: edited([ROOT, child({})], (spans) => delete spans[1]!["operationName"]),
    message: 'span "b" has no operation name',
    outline: ["s op-a: work 80", "  t unnamed: work 20"],
  },
  {
    name: "unprintable-name",
    document: jaegerTrace([ROOT, child({ name: "\u001b[31mred\u202e" })]),
    message: '"\\u001b[31mred\\u202e"',
    outline: ["s op-a: work 80", "  t \\u001b[31mred\\u202e: work 20"],
  },
];

describe("repairs", () => {
  test.each(CASES)("$name: $message", ({ name, document, count = 1, message, outline }) => {
    const imported = read(document);
    expect(outlineOf(imported.trace)).toEqual(outline);
    const repair = imported.repairs.find((made) => made.name === name);
    expect(repair).toMatchObject({ count, meaning: REPAIRS[name] });
    expect(repair!.examples[0]!.message).toBe(message);
  });

  test("every kind of repair is among these cases", () => {
    expect(new Set(CASES.map(({ name }) => name))).toEqual(new Set(Object.keys(REPAIRS)));
  });

  test.each(CASES)("strict refuses $name: $message", ({ name, document, message }) => {
    const { diagnostics } = refuse(document, { strict: true });
    const diagnostic = diagnostics.find((d) => d.message === message);
    expect(diagnostic).toMatchObject({ file: "test.json", line: 1 });
    expect(diagnostic!.hint).toContain(`${name}: ${REPAIRS[name]}`);
  });

  test("strict lets a clean trace pass", () => {
    expect(outlineOf(read(jaegerTrace([ROOT, child({})]), { strict: true }).trace)).toEqual(WHOLE);
  });

  test("a repair is shown at the line and column of its span", () => {
    const text = JSON.stringify(jaegerTrace([ROOT, child({ parent: "ffff" })]), null, 2);
    const [repair] = read(text).repairs;
    const { line, column, source } = repair!.examples[0]!;
    const lines = text.split("\n");
    const spanLine = lines.findIndex((l) => l.includes('"spanID": "b"')) - 1;
    expect({ line, column, source }).toEqual({ line: spanLine, column: 5, source: "    {" });
  });

  test("many repairs are counted, and the first three shown", () => {
    const orphans = Array.from({ length: 50 }, (_, i) => child({ id: `c${i}`, parent: "ffff" }));
    const [repair] = read(jaegerTrace([ROOT, ...orphans])).repairs;
    expect(repair).toMatchObject({ name: "orphan", count: 50 });
    expect(repair!.examples).toHaveLength(3);
    const refused = refuse(jaegerTrace([ROOT, ...orphans]), { strict: true });
    expect(refused.total).toBe(50);
    expect(refused.diagnostics).toHaveLength(20);
  });

  test("two 128-bit traces that end alike stay two traces", () => {
    const wide = (high: string): object => jaegerTrace([ROOT], `${high}8448eb211c80319c`);
    const imported = read({ data: [wide("1111111111111111"), wide("2222222222222222")] });
    expect(imported.trace.requests).toHaveLength(2);
    expect(imported.repairs).toEqual([]);
  });

  test("one span id in two traces is two spans", () => {
    const imported = read({ data: [jaegerTrace([ROOT, child({})], "1"), jaegerTrace([ROOT, child({})], "2")] });
    expect(imported.spans).toBe(4);
    expect(imported.repairs).toEqual([]);
  });

  test.each([2, 3, 100])("a cycle of %i parents is cut once and keeps all its spans", (length) => {
    const spans = Array.from({ length }, (_, i) => ({
      id: `c${i}`,
      parent: `c${(i + 1) % length}`,
      service: `s${i % 3}`,
      start: i,
      end: i + 10,
    }));
    const imported = read(jaegerTrace(spans));
    expect(imported.spans).toBe(length);
    expect(imported.trace.requests).toHaveLength(1);
    expect(imported.repairs.find(({ name }) => name === "parent-cycle")?.count).toBe(1);
  });
});
