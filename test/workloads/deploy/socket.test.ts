// A call by message: frames and messages on the wire, what is kept where, and an answer to everything that can go wrong.
import { beforeEach, describe, expect, test } from "vitest";
import { ARENA, ERRORS, REPLY, SERVICE, SYSTEM_CALLS, THREAD } from "../../../kernel/abi.ts";
import { guestSource } from "../../../kernel/image.ts";
import { DEPLOYMENTS } from "../../../workloads/deploy/deployment.ts";
import { checksum } from "../../../workloads/checksum.ts";
import { decodedBytes, encode, messageOf, type Payload } from "../../../workloads/messages.ts";
import { payloadRootBytes } from "../../../workloads/object-graph.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { REPLY_MESSAGE, REQUEST_MESSAGE } from "../../../workloads/schema.ts";
import { Bench, type Place, type Returned } from "../services/bench.ts";
import { GP, TP, call, envelope, placeService, plan, type PlacedService } from "../services/service.ts";

const { sources, stackBytes } = DEPLOYMENTS.find((d) => d.name === "process-socket")!;

/** Traps go to the test, which is the kernel; it ends the run by a 1 in t1. */
const TRAPS = `
        .section .text.trap, "ax"
bench_install:
        la      t0, bench_trap
        csrw    mtvec, t0
        ret
        .balign 4
bench_trap:
        HOST    2
        csrr    t0, mepc
        addi    t0, t0, 4
        csrw    mepc, t0
        bnez    t1, 1f
        mret
1:      j       bench_return
`;

const payload = (seed: number, bytes = 300): Payload => makePayload(Random.at(seed), bytes);
const [request, reply] = [payload(1), payload(2)];
const error = (number: number): bigint => BigInt.asUintN(64, -BigInt(number));

const frame = (message: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setUint32(0, message.length, true);
  bytes.set(message, 4);
  return bytes;
};
const requestFrame = (planNumber: bigint, p: Payload = request!): Uint8Array =>
  frame(encode(messageOf(REQUEST_MESSAGE, planNumber, 77n, p)));
const replyFrame = (status: bigint, sum: bigint, p: Payload | undefined): Uint8Array =>
  frame(encode(messageOf(REPLY_MESSAGE, status, sum, p)));
const hex = (b: Uint8Array | undefined): string => Buffer.from(b ?? []).toString("hex");

/** Streams as a process sees them. What comes in is given beforehand. */
class Kernel {
  /** Each is one receive's worth; a number is its error. */
  readonly incoming: (Uint8Array | number)[] = [];
  readonly sent: { descriptor: bigint; bytes: Uint8Array }[] = [];
  polls = 0;

  /** Delivers bytes in pieces of these sizes, the rest in one. */
  deliver(bytes: Uint8Array, ...pieces: readonly number[]): void {
    let at = 0;
    for (const size of [...pieces, bytes.length]) {
      if (at < bytes.length) this.incoming.push(bytes.slice(at, at + size));
      at += size;
    }
  }

  systemCall(bench: Bench): void {
    const { engine } = bench.machine;
    const [a0, a1, a2, a7] = [10, 11, 12, 17].map((n) => engine.x(n)) as [bigint, bigint, bigint, bigint];
    for (const dead of [7, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31]) engine.setX(dead, 0xdead_dead_dead_deadn);
    engine.setX(6, 0n);
    const result = (value: bigint): void => engine.setX(10, value);
    if (a7 === BigInt(SYSTEM_CALLS.poll)) {
      this.polls += 1;
      if (this.incoming.length === 0) engine.setX(6, 1n);
      else result(6n);
    } else if (a7 === BigInt(SYSTEM_CALLS.send)) {
      this.sent.push({ descriptor: a0, bytes: bench.machine.readMemory(Number(a1), Number(a2)) });
      result(a2);
    } else if (a7 === BigInt(SYSTEM_CALLS.receive)) {
      const next = this.incoming.shift();
      if (next === undefined) throw new Error("receive would block for ever");
      if (typeof next === "number") return result(error(next));
      const taken = next.subarray(0, Number(a2));
      if (taken.length < next.length) this.incoming.unshift(next.subarray(taken.length));
      bench.fill(Number(a1), taken);
      result(BigInt(taken.length));
    } else throw new Error(`system call ${a7}`);
  }
}

const T = THREAD.layout(8);
const DESCRIPTOR = 9;
const ROOM = { send: 4096, receive: 8192, arena: 16_384 };

interface Process {
  readonly bench: Bench;
  readonly kernel: Kernel;
  readonly thread: Place;
  readonly service: PlacedService;
  readonly buffers: Readonly<Record<"send" | "receive" | "arena", Place>>;
}

function makeProcess(room = ROOM): Process {
  const kernel = new Kernel();
  const bench: Bench = new Bench({
    pointerBytes: 8,
    sources: sources.filter((s) => !/pointer|frame|schema/.test(s)),
    text: TRAPS,
    onHost: (b) => kernel.systemCall(b),
  });
  const calling = call({ request: payload(3), touchBytes: 200 });
  const outcome = { kind: "reply", checksum: 11n, payload: reply!, touchBytes: 200 } as const;
  const plans = [
    plan(request, reply!),
    plan(request, reply!, { calls: [calling, calling], outcomes: [outcome, outcome] }),
    plan(request, payload(4, 6000)),
  ];
  const service = placeService(bench, plans);
  const thread = bench.reserve(T.bytes);
  const connections = bench.reserve(64);
  bench.u64(connections.base, DESCRIPTOR);
  bench.pointer(thread.base + T.at.connections, connections);
  const buffers = {
    send: bench.reserve(room.send),
    receive: bench.reserve(room.receive),
    arena: bench.reserve(room.arena),
  };
  for (const name of ["send", "receive", "arena"] as const) {
    bench.pointer(thread.base + T.at[name], buffers[name]);
    bench.u64(thread.base + T.at[`${name}Bytes`], buffers[name].bytes);
  }
  bench.call("bench_install");
  return { bench, kernel, thread, service, buffers };
}

let p: Process;
beforeEach(() => {
  p = makeProcess();
});

/** Makes one call of plan 5 with the request payload; gives what came back. */
function deployCall(body: Payload = request!): Returned & { reply: Place } {
  const { request: r, reply: out } = envelope(p.bench, 5, body);
  const returned = p.bench.callWith("deploy_call", [0, r, out], { [GP]: p.service.globals, [TP]: p.thread });
  return { ...returned, reply: out };
}

const serve = (): Returned => p.bench.callWith("deploy_start", [], { [GP]: p.service.globals, [TP]: p.thread });

/** What the caller finds in a REPLY. */
function found(out: Place): { checksum: bigint; read: bigint } {
  const at = REPLY.layout(8).at;
  const object = p.bench.pointee(out.base + at.payload, payloadRootBytes(reply!, 8));
  return { checksum: p.bench.read64(out.base + at.checksum), read: p.bench.call("touch", object, 5000, 0).a0 };
}

describe("a call", () => {
  test("sends one frame and fills REPLY from the one that comes back", () => {
    p.kernel.deliver(replyFrame(0n, 42n, reply));
    const returned = deployCall();
    expect(returned.a0).toBe(0n);
    expect(p.kernel.sent.map((s) => [s.descriptor, hex(s.bytes)])).toEqual([[9n, hex(requestFrame(5n))]]);
    expect(found(returned.reply)).toEqual({ checksum: 42n, read: checksum(reply, 5000) });
  });

  test.each([[[1]], [[2, 1, 1]], [[3, 1, 1, 1, 1]], [[4]], [[5]], [[100, 100]], [[7, 7, 7, 200]]])(
    "puts together a frame that comes in pieces of %j",
    (pieces) => {
      p.bench.fill(p.buffers.receive.base, new Uint8Array(64).fill(0xff)); // left by an earlier frame
      p.kernel.deliver(replyFrame(0n, 42n, reply), ...pieces);
      const returned = deployCall();
      expect([returned.a0, found(returned.reply).read]).toEqual([0n, checksum(reply, 5000)]);
    },
  );

  test("gives the status that the callee replied", () => {
    p.kernel.deliver(replyFrame(-2n, 0n, undefined));
    expect(deployCall().a0).toBe(error(2));
  });

  test.each([ERRORS.reset, ERRORS.badDescriptor])("gives the kernel's error %i", (number) => {
    p.kernel.incoming.push(number);
    expect(deployCall().a0).toBe(error(number));
  });

  test("takes the end of the stream for a reset", () => {
    p.kernel.incoming.push(new Uint8Array(0));
    expect(deployCall().a0).toBe(error(ERRORS.reset));
  });

  test("refuses a reply that is no message, and one with bytes behind it", () => {
    p.kernel.deliver(frame(Uint8Array.of(0xff)));
    expect(deployCall().a0).toBe(error(ERRORS.malformed));
    p.kernel.deliver(Uint8Array.of(...replyFrame(0n, 1n, undefined), 0));
    expect(deployCall().a0).toBe(error(ERRORS.malformed));
  });

  test("refuses a reply that exceeds the buffer, takes it off the stream, and goes on with the next", () => {
    p.kernel.deliver(replyFrame(0n, 1n, payload(5, 9000)), 50, 3000, 5000);
    expect(deployCall().a0).toBe(error(ERRORS.tooBig));
    expect(p.kernel.incoming).toEqual([]);
    p.kernel.deliver(replyFrame(0n, 42n, reply));
    expect(found(deployCall().reply).checksum).toBe(42n);
  });

  test("accepts a reply that fills the buffer, and none that is a byte longer", () => {
    const frames = [9000, 8200].map((n) => replyFrame(0n, 1n, payload(5, n)));
    for (const bytes of frames) {
      p = makeProcess({ ...ROOM, receive: bytes.length });
      p.kernel.deliver(bytes);
      expect(deployCall().a0).toBe(0n);
      p = makeProcess({ ...ROOM, receive: bytes.length - 1 });
      p.kernel.deliver(bytes);
      expect(deployCall().a0).toBe(error(ERRORS.tooBig));
    }
  });

  test("sends nothing of a request that exceeds the buffer", () => {
    const exact = requestFrame(5n).length;
    for (const [send, result] of [
      [exact, 0n],
      [exact - 1, error(ERRORS.tooBig)],
    ] as const) {
      p = makeProcess({ ...ROOM, send });
      p.kernel.deliver(replyFrame(0n, 42n, undefined));
      expect(deployCall().a0).toBe(result);
      expect(p.kernel.sent.length).toBe(result === 0n ? 1 : 0);
    }
  });

  test("overwrites the reply before it, and nothing below the marks", () => {
    const { bench, thread, buffers } = p;
    const guard = new Uint8Array(512).fill(0xc3);
    bench.fill(buffers.receive.base, guard);
    bench.fill(buffers.arena.base, guard);
    bench.u64(thread.base + T.at.receiveMark, guard.length);
    bench.u64(thread.base + T.at.arenaMark, guard.length);
    const used = [1, 2, 3].map(() => {
      p.kernel.deliver(replyFrame(0n, 42n, reply));
      expect(deployCall().a0).toBe(0n);
      return Number(bench.read64(thread.base + T.at.arenaUsed));
    });
    expect(used).toEqual(Array(3).fill(512 + decodedBytes(reply!, 8)));
    for (const b of [buffers.receive, buffers.arena]) {
      expect(hex(bench.machine.readMemory(b.base, guard.length))).toBe(hex(guard));
    }
  });
});

describe("a thread that serves", () => {
  test("answers each request on the stream that it came by, and polls again", () => {
    p.kernel.deliver(requestFrame(0n));
    p.kernel.deliver(requestFrame(0n));
    serve();
    const expected = replyFrame(0n, checksum(request, 100), reply);
    expect(p.kernel.sent.map((s) => [s.descriptor, hex(s.bytes)])).toEqual([
      [6n, hex(expected)],
      [6n, hex(expected)],
    ]);
    expect(p.kernel.polls).toBe(3);
    expect(p.bench.read64(p.service.globals.base + SERVICE.layout(8).at.served)).toBe(2n);
  });

  test("keeps its request while it calls others, and their replies are read", () => {
    const objects = (): string => hex(p.bench.machine.readMemory(p.buffers.arena.base, decodedBytes(request!, 8)));
    p.kernel.deliver(requestFrame(2n)); // a plan without calls, and a frame of the same bytes but one
    serve();
    const decoded = objects();
    p = makeProcess();
    p.kernel.deliver(requestFrame(1n));
    p.kernel.deliver(replyFrame(0n, 11n, reply));
    p.kernel.deliver(replyFrame(0n, 11n, reply));
    serve();
    expect(p.kernel.sent.map((s) => s.descriptor)).toEqual([9n, 9n, 6n]);
    const sum = p.bench.read64(p.service.results.base + 8);
    expect(hex(p.kernel.sent[2]!.bytes)).toBe(hex(replyFrame(0n, sum, reply)));
    expect(p.bench.read64(p.service.globals.base + SERVICE.layout(8).at.failures)).toBe(0n);
    const kept = p.bench.machine.readMemory(p.buffers.receive.base, requestFrame(1n).length);
    expect(hex(kept)).toBe(hex(requestFrame(1n)));
    expect(objects()).toBe(decoded);
  });

  test.each([
    ["bytes that are no message", frame(Uint8Array.of(0xff, 1)), ERRORS.malformed],
    ["a plan that it does not have", requestFrame(9n), ERRORS.unknownPlan],
    ["a frame that exceeds its buffer", requestFrame(0n, payload(5, 9000)), ERRORS.tooBig],
    ["a reply that would exceed its buffer", requestFrame(2n), ERRORS.tooBig],
    ["an object graph that exceeds its arena", requestFrame(0n, manyPosts()), ERRORS.tooBig],
  ])("answers %s with a status, and serves on", (_, bytes, status) => {
    p.kernel.deliver(bytes);
    p.kernel.deliver(requestFrame(0n));
    serve();
    expect(p.kernel.sent.map((s) => hex(s.bytes))).toEqual([
      hex(replyFrame(-BigInt(status), 0n, undefined)),
      hex(replyFrame(0n, checksum(request, 100), reply)),
    ]);
  });

  test("does not answer a peer that is gone", () => {
    p.kernel.incoming.push(ERRORS.reset);
    p.kernel.deliver(requestFrame(0n));
    serve();
    expect(p.kernel.sent.length).toBe(1);
  });

  test("takes at most the stack that is declared, calls and all", () => {
    p.bench.paintStack();
    p.kernel.deliver(requestFrame(1n));
    p.kernel.deliver(replyFrame(0n, 11n, reply));
    p.kernel.deliver(replyFrame(0n, 11n, reply));
    serve();
    expect(p.bench.stackUsed()).toBeLessThanOrEqual(stackBytes);
    expect(p.bench.stackUsed()).toBeGreaterThan(stackBytes - 64);
  });
});

/** Small on the wire, large when decoded. */
function manyPosts(): Payload {
  const [type] = REQUEST_MESSAGE.fields[2]!.of!.fields.flatMap((f) => f.of ?? []);
  const empty = messageOf(type!, 0n, undefined, new Uint8Array(0), [], [], [], 0n, 0n);
  return messageOf(request!.type, 0n, 0n, new Uint8Array(0), Array<Payload>(400).fill(empty));
}

test("caller and callee take the instructions that the header counts", () => {
  p.kernel.deliver(replyFrame(0n, 42n, reply));
  const caller = deployCall().instructions["crossing"]!;
  const served = (requests: number): number => {
    for (let i = 0; i < requests; i += 1) p.kernel.deliver(requestFrame(0n));
    return serve().instructions["crossing"]!;
  };
  const callee = served(2) - served(1);
  const counted = /^# crossing: (\d+) instructions/m.exec(guestSource("workloads/deploy/process-socket.S").text)![1];
  expect(caller + callee).toBe(Number(counted));
});

test("a thread's three fields from arena on are an ARENA", () => {
  const [a, b] = [ARENA.layout(8).at, T.at];
  expect([b.arena, b.arenaBytes, b.arenaUsed].map((at) => at - b.arena)).toEqual([a.base, a.capacity, a.used]);
});
