// The validation programs see each part's knee where it is configured.
import { expect, test } from "vitest";
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { isMet, knees, staircase } from "./knees.ts";
import { chaseLatency, walkBandwidth } from "./programs.ts";
import { dramBytes, tagMachine, type Traffic } from "./tag-traffic.ts";

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

// Outer levels as small as keeps them apart, so that rings are short; the knees move with them.
test.each([
  ["cva6@1", []],
  ["rocket@1", ["l2.sizeBytes=128KiB"]],
  ["u54@1", ["l2.sizeBytes=128KiB"]],
  ["server@1", ["l2.sizeBytes=256KiB", "llc.sizeBytes=1MiB", "predictor.entries=4096", "l2tlb.entries=160"]],
])("every knee of %s lies where it is configured", (preset, sets) => {
  const resolved = resolveMachine({ preset, sets });
  if (resolved.kind !== "machine") throw new Error(resolved.diagnostics[0]!.message);
  expect(knees(resolved.config).filter((point) => !isMet(point))).toEqual([]);
});

test("a level that is slower than configured is seen", () => {
  const m = machine("l1d.sizeBytes=4KiB", "l1d.ways=4", "l1d.hitCycles=5", "l2.sizeBytes=16KiB", "l2.hitCycles=20");
  const [, expected] = staircase(m);
  const [, slower] = staircase({ ...m, l2: { ...m.l2, hitCycles: 22 } });
  expect(isMet(expected!)).toBe(true);
  expect(isMet({ ...expected!, measured: slower!.measured })).toBe(false);
});

const walk: Traffic = { words: "", order: "in order", bytes: 2 ** 20, capabilities: false, stores: false };
const addedBy = (traffic: Traffic, ...sets: string[]): number =>
  dramBytes(tagMachine(...sets), traffic) / dramBytes(tagMachine("tagCache.present=false"), traffic) - 1;

test("tags of a walk add one line in 128 to DRAM's traffic, with a root next to nothing", () => {
  expect(Math.abs(addedBy(walk) - 1 / 128)).toBeLessThan(0.004);
  expect(addedBy(walk, "tagCache.table=root-and-leaves")).toBeLessThan(0.001);
});

test("a root spares the leaves of memory without capabilities, and of no other", () => {
  const random: Traffic = { ...walk, order: "random", bytes: 2 ** 19 };
  const small = "tagCache.sizeBytes=1KiB";
  expect(addedBy(random, small)).toBeGreaterThan(0.5);
  expect(addedBy(random, small, "tagCache.table=root-and-leaves")).toBeLessThan(0.01);
  expect(addedBy({ ...random, capabilities: true }, small, "tagCache.table=root-and-leaves")).toBeGreaterThan(0.5);
});
