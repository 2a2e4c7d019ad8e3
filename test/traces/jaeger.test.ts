// Jaeger JSON in: every shape met in practice, real files against outside judges, and what each rule makes of a span.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { selfTimeUs } from "../../traces/normalize.ts";
import { RULES, RULE_NAMES, readRules, settingsOf } from "../../traces/rules.ts";
import { traceStatistics } from "../../traces/statistics.ts";
import { walk } from "../../traces/trace.ts";
import { shared } from "../drivers/shared.ts";
import type { Span } from "./jaeger-file.ts";
import { jaegerTrace, outlineOf, read } from "./jaeger-file.ts";

const TWO: Span[] = [
  { id: "a", service: "front", start: 0, end: 100, kind: "server" },
  { id: "b", parent: "a", service: "front", start: 10, end: 60, kind: "client" },
  { id: "c", parent: "b", service: "back", start: 20, end: 50, kind: "server" },
];
const TWO_OUTLINE = ["front op-a: work 50", "  back op-c: work 30 hop 20"];

describe("shapes of Jaeger JSON", () => {
  const trace = jaegerTrace(TWO);
  test.each<[string, unknown]>([
    ["the query API", { data: [trace], total: 0, limit: 0, offset: 0, errors: null }],
    ["one trace as data", { data: trace }],
    ["one trace as data with more around it", { id: 1, state: "x", data: trace }],
    ["a bare trace", trace],
    ["an array of traces", [trace]],
    ["an array of query API answers", [{ data: [trace] }]],
    ["a bare trace with its keys in reverse", Object.fromEntries(Object.entries(trace).reverse())],
  ])("%s is read", (_, document) => {
    const imported = read(document);
    expect(imported.format).toBe("jaeger");
    expect(outlineOf(imported.trace)).toEqual(TWO_OUTLINE);
    expect(imported.repairs).toEqual([]);
  });

  test("a UI download repeats ancestors inside references, and they are not counted again", () => {
    const parent = { ...(trace["spans"] as object[])[0], process: { serviceName: "front" }, hasChildren: true };
    const spans = (trace["spans"] as { references: object[] }[]).map((span) => ({
      ...span,
      references: span.references.map((reference) => ({ ...reference, span: parent })),
      relativeStartTime: 0,
      depth: 1,
    }));
    const imported = read({ data: [{ ...trace, spans }] });
    expect(imported.spans).toBe(3);
    expect(outlineOf(imported.trace)).toEqual(TWO_OUTLINE);
  });

  test("a span that carries its process needs no table of processes", () => {
    const spans = TWO.map((span, i) => ({
      ...(trace["spans"] as object[])[i],
      process: { serviceName: span.service },
    }));
    expect(outlineOf(read({ traceID: "1", spans, processes: null }).trace)).toEqual(TWO_OUTLINE);
  });

  test("the deprecated parentSpanID stands in for missing references", () => {
    const spans = TWO.map((span, i) => ({
      ...(trace["spans"] as object[])[i],
      references: null,
      parentSpanID: span.parent ?? "0",
    }));
    expect(outlineOf(read({ ...trace, spans }).trace)).toEqual(TWO_OUTLINE);
  });

  test("a byte order mark does not matter", () => {
    expect(outlineOf(read(`\ufeff${JSON.stringify(trace)}`).trace)).toEqual(TWO_OUTLINE);
  });

  test("spans without a trace id are of the trace around them", () => {
    const bare = JSON.parse(
      JSON.stringify(trace, (key, v: unknown) => (key === "traceID" && v === "1" ? undefined : v)),
    ) as object;
    const around = (traceID: string): object => ({ ...bare, traceID });
    const imported = read({ data: [around("1"), around("2")] });
    expect(imported.trace.requests).toHaveLength(2);
    expect(imported.repairs).toEqual([]);
  });

  test("ids are compared without case and padding", () => {
    const spans = TWO.map((span) => ({
      ...span,
      id: `00${span.id.toUpperCase()}`,
      ...(span.parent ? { parent: span.parent } : {}),
    }));
    expect(read(jaegerTrace(spans)).trace.requests).toHaveLength(1);
  });

  test("the trace is named after the file, not after its folder", () => {
    expect(read(trace, { file: "some/where/shop.v2.json" }).trace.name).toBe("shop");
  });

  test("requests come in the order they began", () => {
    const at = (start: number, id: string): object =>
      jaegerTrace([{ id, service: "s", name: `at ${start}`, start, end: start + 1 }], id);
    const names = outlineOf(read({ data: [at(30, "a"), at(10, "b"), at(20, "c")] }).trace);
    expect(names).toEqual(["s at 10: work 1", "s at 20: work 1", "s at 30: work 1"]);
  });
});

describe("self time", () => {
  test.each([
    ["no children", [], 100],
    ["one child inside", [10, 30], 80],
    ["children that overlap", [10, 50, 40, 60], 50],
    ["a child inside another", [10, 90, 20, 30], 20],
    ["a child that begins earlier", [-10, 30], 70],
    ["a child that ends later", [90, 300], 90],
    ["a child after the end", [150, 300], 100],
    ["a child before the begin", [-50, -10], 100],
    ["a child that covers all", [-1, 101], 0],
    ["touching children", [0, 50, 50, 100], 0],
  ])("with %s", (_, children, expected) => {
    expect(selfTimeUs(0, 100, children)).toBe(expected);
  });

  // The expected values are those of jaeger-ui's own tests of its self-time column (tableValues.test.js), there in
  // milliseconds with two digits: an outside judge of what self time is. The client or producer span of each file
  // leads to a recorded callee, so its self time is the sum of the hops.
  test.for<[string, string, "hop" | "work", number]>([
    ["spanLongerAsParent", "api-gateway", "hop", 1.22],
    ["spansAmongEachOtherGrouped", "customers-service", "work", 1.63],
    ["traceWithOverlappingChildrenLongerThanParent", "service-one", "hop", 0.03],
    ["traceWithSingleChildLongerThanParentAndStartsAfterParent", "service-one", "hop", 0.04],
  ])("of jaeger-ui's %s is what jaeger-ui shows", ([name, service, what, expectedMs], { skip }) => {
    const path = shared(`traces/jaeger/jaeger-ui-${name}.json`);
    if (path === undefined) return skip("jaeger-ui's files are not here");
    const { trace } = read(readFileSync(path), { rules: { "local-span": "ignore" } });
    const calls = [...walk(trace)].map(({ call }) => call);
    const served = calls.find((call) => trace.services[call.service]!.name === service)!;
    const hopNs = calls.reduce((sum, call) => sum + call.hopNs, 0);
    expect(Math.round((what === "hop" ? hopNs : served.applicationNs) / 10_000) / 100).toBe(expectedMs);
  });
});

describe("the DeathStarBench trace", () => {
  const json = shared("traces/jaeger/dsb-socialnetwork-traces-1695947455229.json");
  const csv = shared("traces/jaeger/dsb-ms_collecter-trace.csv");

  test("has 20 requests, 660 spans, 12 services, depth 9 and fan-out 7, and needs no repair", ({ skip }) => {
    if (json === undefined) return skip("the DSB trace is not here");
    const imported = read(readFileSync(json));
    const statistics = traceStatistics(imported.trace);
    expect(imported.repairs).toEqual([]);
    expect(imported).toMatchObject({ format: "jaeger", spans: 660, spanDepth: 9, spanFanOut: 7 });
    expect(statistics).toMatchObject({ requests: 20, spans: 660, calls: 420, services: { observed: 12, inferred: 9 } });
    const touched = Object.fromEntries(imported.rules.map(({ name, spans }) => [name, spans]));
    expect(touched).toMatchObject({
      "client-hop": 220,
      "infer-leaf": 180,
      "local-span": 20,
      "infer-kind": 660,
      orphan: 0,
    });
  });

  test("has the edges of the flat table that its repository derives", ({ skip }) => {
    if (json === undefined || csv === undefined) return skip("the DSB trace is not here");
    const [header, ...rows] = readFileSync(csv, "utf8").trim().split(/\r?\n/);
    const names = header!.split(",");
    const edges = [...read(readFileSync(json)).edges].map((edge) =>
      [
        ...[edge.traceId, edge.parentId, edge.childId, edge.parentService, edge.childService, edge.parentOperation],
        ...[edge.childOperation, edge.parentDurationUs, edge.childStartUs, edge.childDurationUs],
      ].join(" "),
    );
    const columns = ["traceId", "parentId", "childId", "parentMS", "childMS", "parentOperation", "childOperation"];
    const expected = rows.map((row) => {
      const fields = row.split(",");
      return [...columns, "parentDuration", "startTime", "childDuration"]
        .map((c) => fields[names.indexOf(c)])
        .join(" ");
    });
    expect(edges).toHaveLength(640);
    expect(edges.sort()).toEqual(expected.sort());
  });

  test("spends 41 % of its self time in hops and 33 % in stores, and its hops are p50 146 us", ({ skip }) => {
    if (json === undefined) return skip("the DSB trace is not here");
    const { trace } = read(readFileSync(json));
    const { hopNs, applicationNs } = traceStatistics(trace);
    const total = hopNs.total + applicationNs.total;
    const calls = [...walk(trace)].map(({ call }) => call);
    const leafNs = calls.reduce(
      (ns, c) => ns + (trace.services[c.service]!.kind === "inferred" ? c.applicationNs : 0),
      0,
    );
    expect((100 * hopNs.total) / total).toBeCloseTo(41.0, 1);
    expect((100 * leafNs) / total).toBeCloseTo(33.4, 1);
    expect(hopNs).toMatchObject({ calls: 220, p50: 146_000, p90: 496_000 });
  });
});

describe("rules", () => {
  const STORE: Span[] = [
    { id: "a", service: "api", start: 0, end: 100, kind: "server" },
    { id: "l", parent: "a", service: "api", name: "render", start: 0, end: 30, kind: "internal" },
    { id: "d", parent: "a", service: "api", name: "find user", start: 50, end: 80, kind: "client" },
  ];
  const outline = (spans: Span[], rules = {}): string[] => outlineOf(read(jaegerTrace(spans), { rules }).trace);

  test("client-hop: the self time of a client span is the hop, or work of its caller", () => {
    expect(outline(TWO)).toEqual(["front op-a: work 50", "  back op-c: work 30 hop 20"]);
    expect(outline(TWO, { "client-hop": "application" })).toEqual(["front op-a: work 70", "  back op-c: work 30"]);
  });

  test("client-hop: a chain of clients leads to one callee, whose hop is their sum", () => {
    const spans: Span[] = [
      { id: "a", service: "front", start: 0, end: 100, kind: "server" },
      { id: "b", parent: "a", service: "front", start: 10, end: 90, kind: "client" },
      { id: "r", parent: "b", service: "front", start: 15, end: 85, kind: "internal" },
      { id: "b2", parent: "r", service: "front", start: 20, end: 80, kind: "client" },
      { id: "c", parent: "b2", service: "back", start: 30, end: 70, kind: "server" },
    ];
    expect(outline(spans)).toEqual(["front op-a: work 30", "  back op-c: work 40 hop 30"]);
  });

  test("client-hop: several callees of one client share its hop without losing a nanosecond", () => {
    const spans: Span[] = [
      { id: "a", service: "front", start: 0, end: 100, kind: "server" },
      { id: "b", parent: "a", service: "front", start: 0, end: 100, kind: "client" },
      { id: "c", parent: "b", service: "x", start: 10, end: 30, kind: "server" },
      { id: "d", parent: "b", service: "x", start: 40, end: 60, kind: "server" },
      { id: "e", parent: "b", service: "x", start: 60, end: 70, kind: "server" },
    ];
    const { trace } = read(jaegerTrace(spans));
    // They ran one after another, although one client span surrounds them.
    expect(trace.requests[0]!.groups.map((group) => group.map((call) => call.hopNs))).toEqual([
      [16_668],
      [16_666],
      [16_666],
    ]);
  });

  test("infer-leaf: a client span without callee is a call to a leaf, or work of its caller", () => {
    expect(outline(STORE)).toEqual(["api op-a: work 70", "  api/find user find user: work 30"]);
    expect(outline(STORE, { "infer-leaf": "off" })).toEqual(["api op-a: work 100"]);
  });

  test.each<[string, Record<string, string>, string, string]>([
    ["peer.service", { "peer.service": "ledger", "db.system": "mysql" }, "op", "ledger"],
    ["a store under its caller's name", { "db.system": "mongodb" }, "op", "api/mongodb"],
    ["a store in the operation name", {}, "user_mongo_find_client", "api/mongo"],
    ["a store in a camel-case operation name", {}, "UserRedisGet", "api/redis"],
    ["an address", { "server.address": "10.0.0.7" }, "op", "10.0.0.7"],
    ["the host of a URL", { "http.url": "https://pay.example:8443/v1?x=1" }, "op", "pay.example:8443"],
    ["the operation", {}, "charge", "api/charge"],
    ["no store in a longer word", {}, "redistribute", "api/redistribute"],
  ])("infer-leaf: a leaf is named by %s", (_, tags, name, expected) => {
    const { trace } = read(jaegerTrace([STORE[0]!, { ...STORE[2]!, name, tags }]));
    expect(trace.services[1]).toEqual({ name: expected, kind: "inferred" });
  });

  test("infer-leaf: peer.service may name a service that is observed elsewhere", () => {
    const tags = { "peer.service": "back" };
    for (const start of [0, 70]) {
      const lost: Span = { id: "z", parent: "a", service: "front", start, end: start + 8, kind: "client", tags };
      const { trace } = read(jaegerTrace([...TWO, lost]));
      expect(trace.services).toEqual([
        { name: "front", kind: "observed" },
        { name: "back", kind: "observed" },
      ]);
    }
  });

  test("infer-kind: spans without span.kind are judged by their callees and names", () => {
    const tagged = [...TWO, { id: "m", parent: "c", service: "back", name: "item_redis_get", start: 30, end: 40 }];
    const untagged = JSON.parse(
      JSON.stringify(tagged, (key, v: unknown) => (key === "kind" ? undefined : v)),
    ) as Span[];
    expect(outline(untagged)).toEqual([
      "front op-a: work 50",
      "  back op-c: work 20 hop 20",
      "    back/redis item_redis_get: work 10",
    ]);
    expect(outline(untagged, { "infer-kind": "off" })).toEqual(["front op-a: work 70", "  back op-c: work 30"]);
  });

  test("infer-kind: a span without kind that calls two services is no client", () => {
    const spans: Span[] = [
      { id: "a", service: "front", start: 0, end: 100 },
      { id: "l", parent: "a", service: "front", start: 0, end: 100 },
      { id: "c", parent: "l", service: "x", start: 10, end: 30 },
      { id: "d", parent: "l", service: "y", start: 40, end: 60 },
    ];
    expect(outline(spans)).toEqual(["front op-a: work 60", "  x op-c: work 20", "  y op-d: work 20"]);
  });

  test("local-span: local time is work of the call, or left out", () => {
    expect(outline(STORE, { "local-span": "ignore" })[0]).toBe("api op-a: work 40");
  });

  test("concurrency: calls that overlap form a group, calls that touch do not", () => {
    const spans: Span[] = [
      { id: "a", service: "s", start: 0, end: 100, kind: "server" },
      { id: "b", parent: "a", service: "x", start: 0, end: 20, kind: "server" },
      { id: "c", parent: "a", service: "y", start: 10, end: 40, kind: "server" },
      { id: "d", parent: "a", service: "z", start: 40, end: 60, kind: "server" },
    ];
    expect(outline(spans).slice(1)).toEqual(["  x op-b: work 20", "  + y op-c: work 30", "  z op-d: work 20"]);
    const sequence = outline(spans, { concurrency: "sequence" }).slice(1);
    expect(sequence).toEqual(["  x op-b: work 20", "  y op-c: work 30", "  z op-d: work 20"]);
  });

  test("concurrency: of calls that begin together the longer one is first, then the lower id", () => {
    const spans: Span[] = [
      { id: "a", service: "s", start: 0, end: 100, kind: "server" },
      { id: "d", parent: "a", service: "x", start: 10, end: 20, kind: "server" },
      { id: "c", parent: "a", service: "x", start: 10, end: 20, kind: "server" },
      { id: "b", parent: "a", service: "x", start: 10, end: 30, kind: "server" },
    ];
    const names = outline(spans).slice(1);
    expect(names).toEqual(["  x op-b: work 20", "  + x op-c: work 10", "  + x op-d: work 10"]);
  });

  test("concurrency: when a call ran is told by its client span, for clocks of two hosts differ", () => {
    const spans: Span[] = [
      { id: "a", service: "s", start: 0, end: 100, kind: "server" },
      { id: "b", parent: "a", service: "s", start: 0, end: 20, kind: "client" },
      { id: "c", parent: "b", service: "late", start: 60, end: 70, kind: "server" },
      { id: "d", parent: "a", service: "s", start: 30, end: 50, kind: "client" },
      { id: "e", parent: "d", service: "early", start: 5, end: 15, kind: "server" },
    ];
    expect(read(jaegerTrace(spans)).trace.requests[0]!.groups.map((group) => group.length)).toEqual([1, 1]);
    expect(outline(spans).slice(1)).toEqual(["  late op-c: work 10 hop 20", "  early op-e: work 10 hop 20"]);
  });

  test("follows-from: what only follows is a call outside the caller's time, or left out", () => {
    const spans = [
      ...TWO,
      { id: "f", parent: "a", service: "log", start: 60, end: 150, kind: "server", follows: true },
    ];
    expect(outline(spans)).toEqual([...TWO_OUTLINE, "  log op-f: work 90"]);
    expect(read(jaegerTrace(spans)).repairs).toEqual([]);
    expect(outline(spans, { "follows-from": "drop" })).toEqual(TWO_OUTLINE);
  });

  test("a link of OpenTelemetry to another trace is no parent", () => {
    const trace = jaegerTrace(TWO);
    const spans = trace["spans"] as { references: object[] }[];
    spans[0]!.references.push({ refType: "FOLLOWS_FROM", traceID: "ffff", spanID: "99" });
    const imported = read(trace);
    expect(imported.repairs).toEqual([]);
    expect(outlineOf(imported.trace)).toEqual(TWO_OUTLINE);
  });

  test("orphan: a span without its parent begins a request, or is left out with all below it", () => {
    const spans: Span[] = [
      ...TWO,
      { id: "o", parent: "lost", service: "front", start: 200, end: 220, kind: "server" },
      { id: "p", parent: "o", service: "back", start: 205, end: 210, kind: "server" },
    ];
    expect(outline(spans)).toEqual([...TWO_OUTLINE, "front op-o: work 15", "  back op-p: work 5"]);
    const dropped = read(jaegerTrace(spans), { rules: { orphan: "drop" } });
    expect(outlineOf(dropped.trace)).toEqual(TWO_OUTLINE);
    expect(dropped.spans).toBe(3);
  });

  test("payload-tags: sizes come from either side of a call, or are not used", () => {
    const spans = TWO.map((span) => ({
      ...span,
      ...(span.id === "b" ? { tags: { "http.request_content_length": "120" } } : {}),
      ...(span.id === "c" ? { tags: { "http.response.body.size": 3000 } } : {}),
    }));
    const callee = (rules = {}): object => read(jaegerTrace(spans), { rules }).trace.requests[0]!.groups[0]![0]!;
    expect(callee()).toMatchObject({ requestBytes: 120, replyBytes: 3000 });
    expect(callee({ "payload-tags": "off" })).not.toHaveProperty("requestBytes");
  });

  test("a service may call itself", () => {
    const spans: Span[] = [
      { id: "a", service: "s", start: 0, end: 100, kind: "server" },
      { id: "b", parent: "a", service: "s", start: 10, end: 60, kind: "client" },
      { id: "c", parent: "b", service: "s", start: 20, end: 50, kind: "server" },
    ];
    expect(outline(spans)).toEqual(["s op-a: work 50", "  s op-c: work 30 hop 20"]);
  });

  test("every rule is reported with its setting, its meaning and the spans it concerned", () => {
    const { rules } = read(jaegerTrace(TWO), { rules: { "client-hop": "application" } });
    expect(rules.map(({ name }) => name)).toEqual(RULE_NAMES);
    expect(rules[0]).toEqual({
      name: "client-hop",
      setting: "application",
      spans: 1,
      meaning: RULES["client-hop"].application,
    });
  });

  test("settings are read from text, and a wrong one is answered with those there are", () => {
    expect(readRules(["client-hop=application", "infer-leaf=off"])).toEqual({
      "client-hop": "application",
      "infer-leaf": "off",
    });
    expect(readRules(["client-hop=x"])).toBe('rule client-hop is one of hop, application, not "x"');
    expect(readRules(["__proto__=x"])).toMatch(/^no rule "__proto__"; the rules are client-hop, /);
    expect(readRules(["toString"])).toMatch(/^no rule/);
    for (const name of RULE_NAMES) expect(settingsOf(name).length).toBeGreaterThan(1);
  });
});
