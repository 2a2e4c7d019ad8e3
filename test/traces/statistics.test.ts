// Statistics of a trace.
import { expect, test } from "vitest";
import { percentiles, traceStatistics } from "../../traces/statistics.ts";
import type { Call, Trace } from "../../traces/trace.ts";
import { walk } from "../../traces/trace.ts";

const call = (service: number, applicationNs: number, hopNs: number, ...groups: Call[][]): Call => {
  return { service, operation: service, applicationNs, hopNs, spans: 1, groups };
};

const TRACE: Trace = {
  schema: "meshsim.trace/1",
  name: "t",
  services: [
    { name: "a", kind: "observed" },
    { name: "b", kind: "observed" },
    { name: "c", kind: "inferred" },
  ],
  operations: [0, 1, 2].map((service) => ({ service, name: "op" })),
  requests: [call(0, 10, 0, [call(1, 20, 5, [call(2, 1, 0)]), call(2, 2, 0)], [call(1, 30, 7)]), call(0, 40, 0)],
};

test("a walk meets callers before callees, in the order of groups", () => {
  expect([...walk(TRACE)].map(({ call, depth, group }) => [call.applicationNs, depth, group])).toEqual([
    [10, 1, 0],
    [20, 2, 0],
    [1, 3, 0],
    [2, 2, 0],
    [30, 2, 1],
    [40, 1, 0],
  ]);
});

test("statistics count what the trace holds", () => {
  expect(traceStatistics(TRACE)).toEqual({
    services: { observed: 2, inferred: 1 },
    operations: 3,
    requests: 2,
    calls: 6,
    spans: 6,
    callsPerRequest: { p10: 1, p50: 1, p90: 5, p99: 5, max: 5 },
    depth: { p10: 1, p50: 1, p90: 3, p99: 3, max: 3 },
    fanOut: { p10: 1, p50: 1, p90: 3, p99: 3, max: 3 },
    concurrentCalls: 2,
    applicationNs: { p10: 1, p50: 10, p90: 40, p99: 40, max: 40, total: 103 },
    hopNs: { p10: 5, p50: 5, p90: 7, p99: 7, max: 7, total: 12, calls: 2 },
    sizedCalls: 0,
    edges: [
      { caller: 0, callee: 1, calls: 2, hopNs: 12 },
      { caller: 0, callee: 2, calls: 1, hopNs: 0 },
      { caller: 1, callee: 2, calls: 1, hopNs: 0 },
    ],
  });
});

test.each([
  [[], 0, 0, 0],
  [[5], 5, 5, 5],
  [[2, 1], 1, 1, 2],
  [[3, 1, 2], 1, 2, 3],
  [Array.from({ length: 100 }, (_, i) => 100 - i), 10, 50, 100],
])("percentiles of %j are values that occur", (values, p10, p50, max) => {
  expect(percentiles(values)).toMatchObject({ p10, p50, max });
});
