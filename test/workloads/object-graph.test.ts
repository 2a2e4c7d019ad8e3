// Payloads as objects in guest memory: where everything lies, and what moves with it.
import { describe, expect, test } from "vitest";
import { exactAlignment } from "../../kernel/layout.ts";
import { DataBlock } from "../../workloads/data-block.ts";
import { messageOf, type Message } from "../../workloads/messages.ts";
import { GraphBuilder, payloadRootBytes, POINTER_NUMBERS, type ObjectGraph } from "../../workloads/object-graph.ts";
import { makePayload } from "../../workloads/payloads.ts";
import { Random } from "../../workloads/random.ts";
import { PAYLOAD, POST, URL } from "../../workloads/schema.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const payload = (seed: number, size: number): Message => makePayload(Random.at(seed, size), size);

interface Pointer {
  readonly at: number;
  readonly base: number;
  readonly bytes: number;
}

function pointersOf({ pointers }: ObjectGraph, base = 0): Pointer[] {
  return Array.from({ length: pointers.length / POINTER_NUMBERS }, (_, i) => {
    const [at, to, length] = pointers.slice(POINTER_NUMBERS * i);
    return { at: base + at!, base: base + to!, bytes: length! };
  });
}

const end = (r: { base: number; bytes: number }): number => r.base + r.bytes;

describe.each([8, 16] as const)("the graph with pointers of %i bytes", (pointerBytes) => {
  const BASE = 0x8010_0000;
  const graphOf = (message: Message): ObjectGraph => new GraphBuilder(pointerBytes).build(message);

  test("gives every object, array and string bytes of its own", () => {
    const graph = graphOf(payload(3, 3000));
    const root = { base: 0, bytes: payloadRootBytes(payload(3, 3000), pointerBytes) };
    const regions = [root, ...pointersOf(graph)].sort((a, b) => a.base - b.base);
    regions.forEach((r, i) => expect(r.base).toBeGreaterThanOrEqual(i === 0 ? 0 : end(regions[i - 1]!)));
    expect(end(regions.at(-1)!)).toBeLessThanOrEqual(graph.bytes.length);
    for (const p of pointersOf(graph)) {
      expect(p.at % pointerBytes).toBe(0);
      expect(regions.some((r) => p.at >= r.base && p.at + pointerBytes <= end(r))).toBe(true);
    }
  });

  test("is made so that capabilities bound long strings and arrays exactly", () => {
    const long = messageOf(URL, new Uint8Array(4095).fill(65), new Uint8Array(8191).fill(66));
    const posts = Array.from({ length: 300 }, () => messageOf(POST, 1n, undefined, bytes("x"), [], [], [long], 0n, 0n));
    const inexact = pointersOf(graphOf(messageOf(PAYLOAD, 0n, 0n, bytes(""), posts))).filter((p) => {
      const align = p.bytes < 4096 ? 1 : exactAlignment(p.bytes);
      return p.base % align !== 0 || p.bytes % align !== 0;
    });
    if (pointerBytes === 16) expect(inexact).toEqual([]);
    else expect(inexact.length).toBeGreaterThan(0);
  });

  test("is the same whatever was laid out before it", () => {
    const builder = new GraphBuilder(pointerBytes);
    const [large, small] = [payload(3, 20_000), payload(4, 900)];
    for (const p of [large, small, large]) expect(builder.build(p)).toEqual(graphOf(p));
  });

  test("in a block has integer pointers in place, and room where a loader puts read-only capabilities", () => {
    const graph = graphOf(payload(3, 900));
    const block = new DataBlock(BASE, pointerBytes);
    block.reserve(100);
    const { base, bytes: rootBytes } = block.payload(payload(3, 900));
    expect(rootBytes).toBe(payloadRootBytes(payload(3, 900), pointerBytes));
    const view = new DataView(block.contents().buffer);
    const stored = pointersOf(graph).map((p) => view.getBigUint64(base - BASE + p.at, true));
    const moved = pointersOf(graph, base);
    expect(stored).toEqual(moved.map((p) => (pointerBytes === 8 ? BigInt(p.base) : 0n)));
    expect([...block.pointers]).toEqual(pointerBytes === 8 ? [] : moved.map((p) => ({ ...p, writable: false })));
  });
});

test("a block laid out at 0 and moved is the block laid out there", () => {
  const base = 0x8040_0000;
  const laid = (at: number): DataBlock => {
    const block = new DataBlock(at, 16);
    for (const size of [900, 20_000, 70_000]) {
      block.pointer(block.reserve(16).base, block.payload(payload(size, size)), true);
    }
    return block;
  };
  const moved = laid(0);
  moved.move(base);
  const there = laid(base);
  expect([moved.base, moved.end]).toEqual([base, there.end]);
  expect(moved.contents()).toEqual(there.contents());
  expect([...moved.pointers]).toEqual([...there.pointers]);
});
