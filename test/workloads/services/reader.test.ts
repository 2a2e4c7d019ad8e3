// The guest's reader computes the checksum that the host foretells, wherever the strings lie.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksum } from "../../../workloads/checksum.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { PAYLOAD } from "../../../workloads/schema.ts";
import { message } from "../arbitrary.ts";
import { Bench } from "./bench.ts";
import { Codec, encodedRequest } from "./codec.ts";

describe.each([8, 16] as const)("with pointers of %i bytes", (pointerBytes) => {
  const bench = new Bench({ pointerBytes, sources: ["reader"] });
  const scratch = bench.end;

  test("as much of any payload is read as the budget allows", () => {
    fc.assert(
      fc.property(
        message(PAYLOAD),
        fc.nat(2000),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (payload, budget, seed) => {
          bench.end = scratch;
          expect(bench.call("touch", bench.graph(payload), budget, seed).a0).toBe(checksum(payload, budget, seed));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("each budget up to the whole of a payload gives its own checksum", () => {
    bench.end = scratch;
    const payload = makePayload(Random.at(1), 300);
    const root = bench.graph(payload);
    for (let budget = 0; budget < 400; budget += 3) {
      expect(bench.call("touch", root, budget, 0).a0, `${budget}`).toBe(checksum(payload, budget));
    }
  });

  test("no payload is nothing to read", () => {
    expect(bench.call("touch", 0, 100, 5).a0).toBe(5n);
  });

  test("strings that stayed in the received bytes read the same", () => {
    const codec = new Codec(pointerBytes);
    const payload = makePayload(Random.at(2), 900);
    const { object } = codec.unmarshal(encodedRequest(payload));
    for (let budget = 0; budget < 1200; budget += 37) {
      expect(codec.touch(object, budget).a0, `${budget}`).toBe(checksum(payload, budget));
    }
  });
});

test("reading costs what is read, and not what there is", () => {
  const bench = new Bench({ pointerBytes: 8, sources: ["reader"] });
  const [small, large] = [2000, 20_000].map((bytes) => makePayload(Random.at(1), bytes));
  const cost = (payload: typeof small, budget: number): number =>
    bench.call("touch", bench.graph(payload!), budget, 0).instructions["application"]!;
  expect(cost(large, 1000) / cost(small, 1000)).toBeCloseTo(1, 1);
  expect(cost(large, 20_000) / cost(large, 10_000)).toBeCloseTo(2, 0);
  expect(cost(small, small!.encodedBytes) / small!.encodedBytes).toBeLessThan(4);
});
