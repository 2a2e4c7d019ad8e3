// Laws of the normal form, over any spans: no time is lost, no span is lost, and the order in the file does not matter.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { selfTimeUs } from "../../traces/normalize.ts";
import { RULE_NAMES, settingsOf } from "../../traces/rules.ts";
import type { Rules } from "../../traces/rules.ts";
import { walk } from "../../traces/trace.ts";
import { arbSpans } from "./arbitrary.ts";
import { jaegerTrace, read } from "./jaeger-file.ts";

const arbRules = fc.record(
  Object.fromEntries(RULE_NAMES.map((name) => [name, fc.constantFrom(...settingsOf(name))])),
) as unknown as fc.Arbitrary<Rules>;

describe("normal form", () => {
  test("self time is what remains when each microsecond of a child is crossed out", () => {
    const interval = fc.tuple(fc.integer({ min: -20, max: 120 }), fc.nat(60));
    fc.assert(
      fc.property(fc.nat(100), fc.array(interval), (duration, intervals) => {
        const children = intervals
          .map(([start, length]) => [start, start + length] as const)
          .sort((a, b) => a[0] - b[0]);
        const left = Array.from({ length: duration }, (_, us) => us).filter(
          (us) => !children.some(([start, end]) => start <= us && us < end),
        );
        expect(selfTimeUs(0, duration, children.flat())).toBe(left.length);
      }),
    );
  });

  test("work and hops of all calls sum up to the self time of all spans, under any rules that drop none", () => {
    fc.assert(
      fc.property(arbSpans, arbRules, (spans, chosen) => {
        const rules = { ...chosen, orphan: "root", "follows-from": "call", "local-span": "application" } as const;
        const { trace, spans: kept, edges } = read(jaegerTrace(spans), { rules });
        let [timeNs, folded] = [0, 0];
        for (const { call } of walk(trace)) {
          timeNs += call.applicationNs + call.hopNs;
          folded += call.spans;
        }
        expect(kept).toBe(spans.length);
        expect(folded).toBe(spans.length);
        expect(timeNs).toBe(
          1000 *
            totalSelfUs(
              spans,
              [...edges].map(({ parentId, childId }) => [parentId, childId]),
            ),
        );
      }),
    );
  });

  test("a hop is shared with a callee that lies behind local spans", () => {
    const span = { name: "work", follows: false } as const;
    const spans = [
      { ...span, id: "client", kind: "client", service: "a", start: 0, end: 3 },
      { ...span, id: "callee", parent: "client", service: "b", start: 1, end: 2 },
      { ...span, id: "local", parent: "client", service: "a", start: 2, end: 2 },
      { ...span, id: "inner", parent: "local", service: "a", start: 2, end: 2 },
      { ...span, id: "behind", parent: "inner", service: "b", start: 2, end: 2 },
    ] as const;
    const { trace } = read(jaegerTrace(spans), {});
    expect([...walk(trace)].map(({ call }) => call.hopNs)).toEqual([0, 1000, 1000]);
  });

  test("every call below a request is reached by the rules: hops at clients, no hop at a root", () => {
    fc.assert(
      fc.property(arbSpans, arbRules, (spans, rules) => {
        for (const { call, caller } of walk(readOrNothing(spans, rules))) {
          if (caller === undefined) expect(call.hopNs).toBe(0);
          if (rules["client-hop"] === "application") expect(call.hopNs).toBe(0);
          for (const group of call.groups) {
            expect(group.length).toBeGreaterThan(0);
            if (rules.concurrency === "sequence") expect(group.length).toBe(1);
          }
        }
      }),
    );
  });

  test("the order of spans in the file does not matter", () => {
    fc.assert(
      fc.property(arbSpans, fc.infiniteStream(fc.nat()), (spans, keys) => {
        const shuffled = spans
          .map((span) => [keys.next().value as number, span] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, span]) => span);
        expect(read(jaegerTrace(shuffled)).trace).toEqual(read(jaegerTrace(spans)).trace);
      }),
    );
  });
});

function readOrNothing(spans: Parameters<typeof jaegerTrace>[0], rules: Rules): Parameters<typeof walk>[0] {
  try {
    return read(jaegerTrace(spans), { rules }).trace;
  } catch {
    return { requests: [] }; // all spans were orphans to be dropped
  }
}

/** Self time by crossing out, from the edges that the import kept. */
function totalSelfUs(spans: Parameters<typeof jaegerTrace>[0], edges: (readonly [string, string])[]): number {
  const byId = new Map(spans.map((span) => [span.id, span]));
  let total = 0;
  for (const { id, start, end } of spans) {
    const children = edges.filter(([parent]) => parent === id).map(([, child]) => byId.get(child)!);
    for (let us = start; us < end; us += 1) {
      if (!children.some((c) => !c.follows && c.start <= us && us < c.end)) total += 1;
    }
  }
  return total;
}
