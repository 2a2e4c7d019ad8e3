// A call by function call and by sealed entry: what reaches the callee, what comes back, how many instructions it takes.
import { describe, expect, test } from "vitest";
import { IMPORT, REPLY, REQUEST } from "../../../kernel/abi.ts";
import { guestSource } from "../../../kernel/image.ts";
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { permissionWord } from "../../../isa/cap/perms.ts";
import type { Capability } from "../../../sim/machine/capability.ts";
import { CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { Bench } from "../services/bench.ts";
import { GP, call, envelope, linkImport, placeService, plan } from "../services/service.ts";

const payload = makePayload(Random.at(1), 300);
/** A callee that shows the test what it got, and returns 5. */
const CALLEE = `
        .section .text.application, "ax"
bench_callee:
        HOST 1
        li      a0, 5
        ret
`;

const counted = (name: string): number =>
  Number(/^# crossing: (\d+) instructions/m.exec(guestSource(`workloads/deploy/${name}.S`).text)![1]);

interface Seen {
  readonly a0: Capability;
  readonly a1: Capability;
  readonly gp: bigint;
}

function callThrough(name: string, pointerBytes: 8 | 16) {
  const seen: Seen[] = [];
  const bench = new Bench({
    pointerBytes,
    sources: [`workloads/deploy/${name}.S`],
    text: CALLEE,
    onHost: ({ machine: { engine } }) => seen.push({ a0: engine.y(10), a1: engine.y(11), gp: engine.x(GP) }),
  });
  const s = placeService(bench, [plan(payload, payload, { calls: [call({ request: payload })] })], { imports: 3 });
  const other = bench.reserve(256);
  const callee = { base: 0, bytes: 2 ** 32, address: bench.symbol("bench_callee"), sealed: pointerBytes === 16 };
  linkImport(bench, s, 2, callee, other);
  const { request, reply } = envelope(bench, 0, payload);
  // As a caller has them: inside its frame, not bounded to themselves.
  const frame = { base: request.base, bytes: 4096 };
  const returned = bench.callWith("deploy_call", [2, frame, { ...frame, address: reply.base }], { [GP]: s.globals });
  return { bench, s, other, request, reply, returned, seen: seen[0]!, gpAfter: bench.machine.engine.x(GP) };
}

describe.each([
  ["monolith", 8],
  ["capability", 16],
] as const)("%s", (name, pointerBytes) => {
  const result = callThrough(name, pointerBytes);

  test("hands REQUEST and REPLY to the callee, and its result to the caller", () => {
    expect(result.seen.a0.addr).toBe(BigInt(result.request.base));
    expect(result.seen.a1.addr).toBe(BigInt(result.reply.base));
    expect(result.returned.a0).toBe(5n);
  });

  test("takes the instructions that its header counts", () => {
    expect(result.returned.instructions["crossing"]).toBe(counted(name));
  });
});

test("monolith switches to the callee's globals and back", () => {
  const { seen, other, s, gpAfter } = callThrough("monolith", 8);
  expect([seen.gp, gpAfter]).toEqual([BigInt(other.base), BigInt(s.globals.base)]);
});

describe("capability lends", () => {
  const { seen, request, reply } = callThrough("capability", 16);
  const arithmetic = new CapabilityArithmetic(true);
  const [W, LM, LG, GL, C, R] = [0, 1, 2, 4, 5, 18].map((bit) => 1n << BigInt(bit)) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const permissions = (c: Capability): bigint => permissionWord(arithmetic, c.meta, 1n);
  const bounds = (c: Capability): [bigint, bigint] => {
    const { base, top } = decodeBounds(arithmetic, c.meta, c.addr);
    return [base, top - base];
  };

  test("exactly the REQUEST, to be read with all that hangs from it, and not to be kept", () => {
    expect([seen.a0.tag, ...bounds(seen.a0)]).toEqual([1n, BigInt(request.base), BigInt(REQUEST.layout(16).bytes)]);
    expect(permissions(seen.a0) & (W | LM | LG | GL | C | R)).toBe(C | R);
  });

  test("exactly the REPLY, to be written and not to be read", () => {
    expect([seen.a1.tag, ...bounds(seen.a1)]).toEqual([1n, BigInt(reply.base), BigInt(REPLY.layout(16).bytes)]);
    expect(permissions(seen.a1) & (R | W | C)).toBe(W | C);
  });
});

test("an import is twice a pointer wide: the stubs shift by IMPORT_BIT", () => {
  for (const bytes of [8, 16] as const) expect(IMPORT.layout(bytes).bytes).toBe(2 * bytes);
});
