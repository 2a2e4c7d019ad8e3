// The compute loop gives what its definition says, and is the same loop in both pointer forms.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bench } from "./bench.ts";

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);

/** The loop in words: returns the final state, and leaves its stores in `set`. */
function mirror(set: BigUint64Array, turns: number, seed: bigint): bigint {
  const mask = BigInt(set.length * 8 - 16);
  let state = seed;
  let at = state & mask;
  for (let turn = 0; turn < turns; turn += 1) {
    const here = Number(at) / 8;
    state ^= set[here]!;
    state ^= u64(state << 13n);
    state ^= state >> 7n;
    state = u64(state + set[here + 1]!);
    state ^= u64(state << 17n);
    at += 16n;
    state = u64(state + at);
    if ((state & 7n) === 0n) {
      set[here] = state;
      at = state >> 16n;
    }
    at &= mask;
  }
  return state;
}

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const bench = new Bench({ pointerBytes, sources: ["compute"] });
  const area = bench.reserve(4096, 4096);

  test("it computes what its definition says, and stores where it says", () => {
    fc.assert(
      fc.property(fc.constantFrom(16, 64, 1024), fc.nat(300), word, word, (bytes, turns, seed, fill) => {
        const set = BigUint64Array.from({ length: bytes / 8 }, (_, i) => u64(fill * BigInt(i + 1)));
        bench.fill(area.base, new Uint8Array(set.buffer));
        const { a0 } = bench.call("compute", { base: area.base, bytes }, bytes, turns, seed);
        expect(a0).toBe(mirror(set, turns, seed));
        const memory = bench.machine.readMemory(area.base, bytes);
        expect(Buffer.compare(memory, new Uint8Array(set.buffer))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test("it does not get stuck on zeros", () => {
    bench.fill(area.base, new Uint8Array(1024));
    const states = [100, 101, 102].map((turns) => bench.call("compute", area, 1024, turns, 0).a0);
    expect(new Set(states).size).toBe(3);
  });

  test("it visits the whole working set", () => {
    const set = new BigUint64Array(4096 / 8);
    bench.fill(area.base, new Uint8Array(4096));
    bench.call("compute", area, 4096, 4096, 1);
    mirror(set, 4096, 1n);
    const stored = set.reduce((n, x) => n + (x === 0n ? 0 : 1), 0);
    expect(stored).toBeGreaterThan(set.length / 4);
  });
});

test("both forms take the same instructions, 17 or 19 a turn", () => {
  const counts = ([8, 16] as const).map((pointerBytes) => {
    const bench = new Bench({ pointerBytes, sources: ["compute"] });
    return bench.call("compute", bench.reserve(4096, 4096), 4096, 1000, 5).instructions["compute"]!;
  });
  expect(counts[0]).toBe(counts[1]);
  expect(counts[0]! / 1000).toBeGreaterThan(17);
  expect(counts[0]! / 1000).toBeLessThan(19);
});
