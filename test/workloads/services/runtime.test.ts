// A service does what its plan says and accounts for it, whatever its callees do.
import { describe, expect, test } from "vitest";
import { ERRORS, REPLY, REQUEST, SERVICE, type PointerBytes } from "../../../kernel/abi.ts";
import { DEPLOYMENTS } from "../../../workloads/deploy/deployment.ts";
import type { Payload } from "../../../workloads/messages.ts";
import { payloadRootBytes } from "../../../workloads/object-graph.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { Bench, type Place } from "./bench.ts";
import { GP, call, envelope, linkImport, placeService, plan, type PlacedService } from "./service.ts";

const payload = (seed: number, bytes = 300): Payload => makePayload(Random.at(seed), bytes);
const [request, first, second, answer] = [payload(1), payload(2), payload(3), payload(4)];

/** Stands in for every deployment: the test is the callee. */
const CALLEE = `
        .section .text.crossing, "ax"
deploy_call:
        HOST 1
        ret
`;

interface Made {
  readonly import: bigint;
  readonly plan: bigint;
  readonly sequence: bigint;
  readonly payload: bigint;
}

/** A bench whose callee answers with `answer` and the checksum 9, or with the errors given. */
function benchWith(pointerBytes: PointerBytes, errors: readonly number[] = []): { bench: Bench; made: Made[] } {
  const made: Made[] = [];
  const bench: Bench = new Bench({
    pointerBytes,
    sources: ["runtime", "reader", "compute"],
    text: CALLEE,
    onHost: ({ machine: { engine } }) => {
      const x = (n: number): bigint => engine.x(n);
      const at = REQUEST.layout(pointerBytes).at;
      const word = (offset: number): bigint => bench.read64(Number(x(11)) + offset);
      made.push({ import: x(10), plan: word(at.plan), sequence: word(at.sequence), payload: word(at.payload) });
      const error = errors[made.length - 1] ?? 0;
      if (error === 0) {
        bench.u64(Number(x(12)) + REPLY.layout(pointerBytes).at.checksum, 9);
        bench.pointer(Number(x(12)) + REPLY.layout(pointerBytes).at.payload, reply);
      }
      engine.setX(10, BigInt.asUintN(64, -BigInt(error)));
    },
  });
  const reply = bench.graph(answer!);
  return { bench, made };
}

const answered = { kind: "reply", checksum: 9n, payload: answer!, touchBytes: 60 } as const;
const calls = [call({ request: first!, slot: 1, plan: 4 }), call({ request: second!, slot: 0, plan: 5 })];

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const S = SERVICE.layout(pointerBytes).at;
  const counters = (bench: Bench, s: PlacedService): bigint[] =>
    [S.served, S.failures].map((at) => bench.read64(s.globals.base + at));

  function serve(bench: Bench, s: PlacedService, planNumber: number): { a0: bigint; reply: Place } {
    const { request: r, reply } = envelope(bench, planNumber, request);
    const { a0 } = bench.callWith("service_entry", [r, reply], { [GP]: s.globals });
    return { a0, reply };
  }

  test("reads the request, calls in order, and replies with the checksum of all that it read", () => {
    const { bench, made } = benchWith(pointerBytes);
    const plans = [plan(request, answer!), plan(request, second!, { calls, outcomes: [answered, answered] })];
    const s = placeService(bench, plans, { imports: 2 });
    const { a0, reply } = serve(bench, s, 1);
    expect(a0).toBe(0n);
    const at = REPLY.layout(pointerBytes).at;
    expect(bench.read64(reply.base + at.status)).toBe(0n);
    expect(bench.read64(reply.base + at.checksum)).toBe(plans[1]!.checksum);
    expect(bench.read64(s.results.base + 8)).toBe(plans[1]!.checksum);
    expect(bench.read64(s.results.base)).toBe(0n);
    expect(counters(bench, s)).toEqual([1n, 0n]);
    expect(made.map((m) => [m.import, m.plan, m.sequence])).toEqual([
      [1n, 4n, 77n],
      [0n, 5n, 77n],
    ]);
    expect(made[0]!.payload).not.toBe(made[1]!.payload);
  });

  test("goes on after a call that failed, and says so", () => {
    const { bench } = benchWith(pointerBytes, [ERRORS.fault, 0]);
    const plans = [plan(request, second!, { calls, outcomes: [{ kind: "error" }, answered] })];
    const s = placeService(bench, plans, { imports: 2 });
    const { a0, reply } = serve(bench, s, 0);
    expect(a0).toBe(0n);
    expect(bench.read64(reply.base + REPLY.layout(pointerBytes).at.checksum)).toBe(plans[0]!.checksum);
    expect(counters(bench, s)).toEqual([1n, 1n]);
  });

  test("refuses a plan that it does not have, the first beyond its table too", () => {
    const { bench } = benchWith(pointerBytes);
    const s = placeService(bench, [plan(request, answer!)]);
    for (const number of [1, 2 ** 32]) {
      expect(BigInt.asIntN(64, serve(bench, s, number).a0)).toBe(BigInt(-ERRORS.unknownPlan));
    }
    expect(bench.read64(s.results.base)).toBe(0n);
  });

  test("serves a request without a payload", () => {
    const { bench } = benchWith(pointerBytes);
    const s = placeService(bench, [plan(undefined, answer!)]);
    const { request: r, reply } = envelope(bench, 0, undefined);
    expect(bench.callWith("service_entry", [r, reply], { [GP]: s.globals }).a0).toBe(0n);
    expect(bench.read64(s.results.base)).toBe(0n);
  });

  test("leaves the result of its computation in the working set", () => {
    const { bench } = benchWith(pointerBytes);
    const s = placeService(bench, [
      plan(request, answer!, { iterations: 0 }),
      plan(request, answer!, { iterations: 1 }),
    ]);
    const state = (): bigint => bench.read64(Number(bench.read64(s.globals.base + S.workingSet)));
    serve(bench, s, 0);
    expect(state()).toBe(0n);
    serve(bench, s, 1);
    expect(state()).not.toBe(0n);
  });

  test("a plan that is to fault dereferences what it may not, after it has read its request", () => {
    const { bench } = benchWith(pointerBytes);
    const s = placeService(bench, [plan(request, answer!, { fault: true })]);
    const { request: r, reply } = envelope(bench, 0, request);
    const root = Number(bench.read64(r.base + REQUEST.layout(pointerBytes).at.payload));
    const [cause, tval] = pointerBytes === 8 ? [5, 0] : [33, root + payloadRootBytes(request!, 16)];
    const origin = `"origin":{"cause":${cause},"pc":"0x[0-9a-f]+","tval":"0x${tval.toString(16)}"`;
    expect(() => bench.callWith("service_entry", [r, reply], { [GP]: s.globals })).toThrow(new RegExp(origin));
  });
});

describe("the client", () => {
  test("sends its schedule in order, a mark before and after each request, and ends", () => {
    const events: string[] = [];
    const bench: Bench = new Bench({
      pointerBytes: 8,
      sources: ["runtime", "reader", "compute", "client", "workloads/deploy/monolith.S"],
      text: "bench_client: la t0, bench_return; csrw mtvec, t0; j client_start",
      onHost: (_, mark) => events.push(`${mark}`),
    });
    const send = (n: number): ReturnType<typeof call> => call({ request: first!, plan: n, touchBytes: 0 });
    const leaf = [plan(first, answer!), plan(first, second!)];
    const client = [0, 1].map((n) => {
      const outcome = { kind: "reply", checksum: leaf[n]!.checksum, payload: answer!, touchBytes: 0 } as const;
      return plan(undefined, answer!, { calls: [send(n)], outcomes: [outcome], touchBytes: 0, iterations: 0 });
    });
    const callee = placeService(bench, leaf);
    const s = placeService(bench, client, { schedule: [1, 0, 1] });
    linkImport(bench, s, 0, { base: bench.symbol("service_entry"), bytes: 4 }, callee.globals);
    bench.paintStack();
    const { a0 } = bench.callWith("bench_client", [], { [GP]: s.globals });
    expect(a0).toBe(0n);
    expect(events).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect([0, 8].map((at) => bench.read64(s.results.base + at))).toEqual(client.map((p) => p.checksum));
    expect([0, 8].map((at) => bench.read64(callee.results.base + at))).toEqual(leaf.map((p) => p.checksum));
    expect(bench.read64(callee.globals.base + SERVICE.layout(8).at.served)).toBe(3n);
  });
});

test.each(DEPLOYMENTS.filter((d) => d.name !== "process-socket"))(
  "$name: an activation takes at most the stack that is declared, and no 64 bytes less",
  ({ pointerBytes, stackBytes, sources }) => {
    const deep = payload(9, 3000);
    const bench = new Bench({
      pointerBytes,
      sources: sources.filter((s) => !/pointer|frame|schema/.test(s)),
      text: "bench_callee: PTR_LOAD t0, REQUEST_payload(a0); PTR_STORE t0, REPLY_payload(a1); li a0, 0; ret",
    });
    const calling = call({ request: deep, touchBytes: 5000 });
    const s = placeService(bench, [plan(deep, deep, { touchBytes: 5000, calls: [calling] })]);
    linkImport(bench, s, 0, { base: bench.symbol("bench_callee"), bytes: 64 }, s.globals);
    const { request: r, reply } = envelope(bench, 0, deep);
    bench.paintStack();
    bench.callWith("service_entry", [r, reply], { [GP]: s.globals });
    expect(bench.read64(s.globals.base + SERVICE.layout(pointerBytes).at.failures)).toBe(0n);
    expect(bench.stackUsed()).toBeLessThanOrEqual(stackBytes);
    expect(bench.stackUsed()).toBeGreaterThan(stackBytes - 64);
    expect(stackBytes % 64).toBe(0);
  },
);
