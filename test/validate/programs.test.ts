// The validation programs see each part's knee where it is configured.
import { expect, test } from "vitest";
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import {
  branchMisses,
  chaseLatency,
  dramBytes,
  jumpMisses,
  returnMisses,
  tlbChase,
  walkBandwidth,
} from "./programs.ts";

function machine(...sets: string[]): MachineConfig {
  const resolved = resolveMachine({ preset: "ideal@1", sets });
  if (resolved.kind !== "machine") throw new Error(resolved.diagnostics[0]!.message);
  return resolved.config;
}

test("a pointer chase takes each level's time up to its size", () => {
  const caches = ["l1d.sizeBytes=4KiB", "l1d.ways=4", "l1d.hitCycles=5", "l2.sizeBytes=16KiB", "l2.hitCycles=20"];
  const m = machine(...caches, "l2.ways=4", "dram.controllerNs=100");
  const cycles = [4096, 16384, 65536].map((bytes) => Math.round(chaseLatency(m, bytes, 64)));
  expect(cycles).toEqual([5, 25, 125]);
});

test("a walk moves no more bytes a cycle than DRAM", () => {
  const m = machine("l1d.sizeBytes=4KiB", "l2.sizeBytes=4KiB", "l1d.ways=4", "l2.ways=4", "dram.bandwidthMBps=2000");
  expect(walkBandwidth(m, 65536)).toBeCloseTo(2, 1);
});

test("a chase through pages misses a TLB once it is too small, and not before", () => {
  const m = machine("dtlb.entries=8", "dtlb.ways=8");
  expect([8, 16].map((pages) => tlbChase(m, pages).misses)).toEqual([0, 1]);
});

test("branches are mispredicted where they share counters, jumps where they share targets", () => {
  const m = machine(
    "predictor.direction=bimodal",
    "predictor.entries=64",
    "predictor.btbEntries=8",
    "predictor.btbWays=8",
  );
  expect(branchMisses(m, 16)).toBeLessThan(0.05);
  expect(branchMisses(m, 64)).toBeGreaterThan(0.15);
  expect([4, 16].map((jumps) => jumpMisses(m, jumps))).toEqual([0, 1]);
});

test("each call deeper than the return stack is one mispredicted return", () => {
  const m = machine("predictor.rasEntries=3");
  expect([3, 5].map((depth) => Math.round(returnMisses(m, depth)))).toEqual([0, 2]);
});

test("tags of a walk add one line in 128 to DRAM's traffic, with a root next to nothing", () => {
  const bytes = 2 ** 18;
  const small = ["l2.sizeBytes=4KiB", "l2.ways=4", "l1d.sizeBytes=4KiB", "l1d.ways=4"];
  const of = (...sets: string[]): number => dramBytes(machine(...small, ...sets), "walk", bytes, false);
  const without = of("tagCache.present=false");
  expect(of("tagCache.present=true") / without).toBeCloseTo(1 + 1 / 128, 3);
  expect(of("tagCache.present=true", "tagCache.table=root-and-leaves") / without).toBeLessThan(1.001);
});
