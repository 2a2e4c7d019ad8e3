// The generator's sequences and distributions: pinned, because every result rests on them.
import { expect, test } from "vitest";
import { Random, exponential, logarithm } from "../../workloads/random.ts";

test("the generator is xoshiro128**", () => {
  // The sequence of Blackman and Vigna's xoshiro128starstar.c from the state 1, 2, 3, 4.
  const random = new Random([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, () => random.u32())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test("a place in a run has its own sequence, always the same", () => {
  const first = (...words: number[]): number => Random.at(...words).u32();
  expect([first(0), first(1), first(0, 1), first(1, 0), first(2 ** 32), first()]).toMatchInlineSnapshot(`
    [
      1445074190,
      2028572940,
      479771715,
      604966800,
      2172397198,
      1493361183,
    ]
  `);
});

test("exponential and logarithm are exact to a few units in the last place", () => {
  const near = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(b), 1e-300);
  for (let x = -20; x <= 20; x += 0.37) {
    expect(near(exponential(x), Math.exp(x))).toBeLessThan(1e-14);
    const y = Math.exp(x);
    expect(Math.abs(logarithm(y) - Math.log(y))).toBeLessThan(2e-15 * Math.max(1, Math.abs(x)));
  }
  expect([exponential(0), logarithm(1)]).toEqual([1, 0]);
});

test("unit and below stay in their ranges and fill them", () => {
  const random = Random.at(7);
  const drawn = Array.from({ length: 2000 }, () => random.below(10));
  expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([0, 9]);
  expect(new Set(Array.from({ length: 200 }, () => random.between(3, 5)))).toEqual(new Set([3, 4, 5]));
  const units = Array.from({ length: 2000 }, () => random.unit());
  expect(Math.min(...units)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...units)).toBeLessThan(1);
  expect(units.reduce((a, b) => a + b) / units.length).toBeCloseTo(0.5, 1);
});

test("bits gives an integer of so many bits", () => {
  const random = Random.at(1);
  expect([1, 8, 33, 64].map((n) => random.bits(n) >> BigInt(n))).toEqual([0n, 0n, 0n, 0n]);
});

test("a lognormal distribution has the median and the 99th percentile that were asked for", () => {
  // 1.5 KB and 196 KB: requests of Google's fleet (Seemakhupt and others, SOSP 2023).
  const sigma = logarithm(196_000 / 1500) / 2.326347874;
  const random = Random.at(3);
  const drawn = Array.from({ length: 20_000 }, () => random.lognormal(1500, sigma)).sort((a, b) => a - b);
  expect(drawn[10_000]! / 1500).toBeCloseTo(1, 1);
  expect(drawn[19_800]! / 196_000).toBeGreaterThan(0.8);
  expect(drawn[19_800]! / 196_000).toBeLessThan(1.25);
});
