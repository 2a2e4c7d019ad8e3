// DRAM's banks and rows, and the tags that come beside its data.
import { describe, expect, test } from "vitest";
import { Dram, type DramConfig } from "../../../sim/timing/dram.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { TaggedMemory } from "../../../sim/timing/tag-cache.ts";
import { flatTable, tagTableOf } from "../../../sim/timing/tag-table.ts";
import { Cache } from "../../../sim/timing/cache.ts";
import { MockPart, RAM } from "./harness.ts";

const PLAIN = { mshrs: 1, mshrTargets: 0, prefetch: "none", prefetchLines: 1 } as const;
const CONFIG: DramConfig = {
  banks: 4,
  rowBytes: 1024,
  controllerNs: 20,
  casNs: 10,
  rcdNs: 12,
  rpNs: 15,
  bandwidthMBps: 16000,
};
/** 64 bytes at 16 bytes a nanosecond. */
const BURST = 4;

const dram = (config: Partial<DramConfig> = {}, clockMhz = 1000): Dram =>
  new Dram({ ...CONFIG, ...config }, clockMhz, heapStorage);

describe("DRAM", () => {
  test("opens a closed row, reads the column, moves the burst and comes back through the controller", () => {
    expect(dram().read(RAM, 64, 100)).toBe(100 + 12 + 10 + BURST + 20);
  });

  test("reads an open row without opening it", () => {
    const d = dram();
    d.read(RAM, 64, 0);
    expect(d.read(RAM + 960, 64, 1000)).toBe(1000 + 10 + BURST + 20);
  });

  test("closes the open row first where another of the same bank is wanted", () => {
    const d = dram();
    d.read(RAM, 64, 0);
    expect(d.read(RAM + 4 * 1024, 64, 1000)).toBe(1000 + 15 + 12 + 10 + BURST + 20);
  });

  test("puts consecutive rows into consecutive banks", () => {
    const d = dram();
    d.read(RAM, 64, 0);
    d.read(RAM + 1024, 64, 1000);
    expect(d.read(RAM, 64, 2000)).toBe(2000 + 10 + BURST + 20);
    expect(Array.from(d.events.values)).toEqual([3, 0, 1, 0, 192]);
  });

  test("makes a second request to a bank wait for its column, and to the bus for its burst", () => {
    const d = dram();
    d.read(RAM, 64, 0);
    // The bank takes the next column command a burst after the first, at 12 + 4; its data follow the first burst at once.
    expect(d.read(RAM + 64, 64, 0)).toBe(12 + BURST + 10 + BURST + 20);
    const other = dram();
    other.read(RAM, 64, 0);
    expect(other.read(RAM + 1024, 64, 0)).toBe(12 + 10 + BURST + BURST + 20);
  });

  test("closes a row only when its bank has moved what it was asked for", () => {
    const d = dram();
    d.read(RAM, 64, 0);
    expect(d.read(RAM + 4 * 1024, 64, 0)).toBe(12 + BURST + 15 + 12 + 10 + BURST + 20);
  });

  test("takes writes that nobody waits for, but that occupy bank and bus", () => {
    const d = dram();
    d.write(RAM, 64, 0);
    expect(d.read(RAM + 1024, 64, 0)).toBe(12 + 10 + BURST + BURST + 20);
  });

  test("scales times with the core's clock, rounding up", () => {
    expect(dram({}, 1500).read(RAM, 64, 0)).toBe(18 + 15 + 6 + 30);
    expect(dram({ casNs: 1, rcdNs: 1, controllerNs: 1 }, 100).read(RAM, 64, 0)).toBe(1 + 1 + 1 + 1);
  });

  test("moves bytes in no time where bandwidth has no limit", () => {
    expect(dram({ bandwidthMBps: 0 }).read(RAM, 64, 0)).toBe(12 + 10 + 20);
  });
});

describe("tagged memory", () => {
  test("has a line when both data and tags have come", () => {
    for (const [data, tags, ready] of [
      [50, 10, 50],
      [50, 50, 50],
      [50, 70, 70],
    ] as const) {
      const memory = new TaggedMemory(new MockPart(data), flatTable(new MockPart(tags)), heapStorage);
      expect(memory.read(RAM, 64, 0)).toBe(ready);
      expect(memory.lateCycles).toBe(Math.max(0, tags - data));
    }
  });

  test("adds up how late tags were until it is told to start anew", () => {
    const memory = new TaggedMemory(new MockPart(5), flatTable(new MockPart(9)), heapStorage);
    memory.read(RAM, 64, 0);
    memory.read(RAM, 64, 0);
    expect(memory.lateCycles).toBe(8);
    memory.lateCycles = 0;
    expect(memory.lateCycles).toBe(0);
    expect(Array.from(memory.events.values)).toEqual([2, 8]);
  });

  test("finds the tags of 128 bytes in one byte of the table", () => {
    const table = new MockPart(1);
    const memory = new TaggedMemory(new MockPart(1), flatTable(table), heapStorage);
    for (const phys of [RAM, RAM + 64, RAM + 128, RAM + 8192]) memory.read(phys, 64, 0);
    const base = RAM / 128;
    expect(table.reads.map((r) => r.phys - base)).toEqual([0, 0, 1, 64]);
  });

  test("reads the tag table from DRAM once for 8 KiB of data, with lines of 64 bytes", () => {
    const store = new MockPart(100);
    const config = { sizeBytes: 4096, lineBytes: 64, ways: 4, replacement: "lru", hitCycles: 2, ...PLAIN } as const;
    const memory = new TaggedMemory(store, flatTable(new Cache("tagCache", config, store, heapStorage)), heapStorage);
    for (let phys = RAM; phys < RAM + 8192; phys += 64) memory.read(phys, 64, 1000 * (phys - RAM));
    expect(store.reads.filter((r) => r.phys < RAM)).toHaveLength(1);
    memory.read(RAM + 8192, 64, 1e9);
    expect(store.reads.filter((r) => r.phys < RAM)).toHaveLength(2);
  });

  test("writes the tags of a line written back into the table's cache, and to DRAM when they are displaced", () => {
    const store = new MockPart(100);
    const config = { sizeBytes: 64, lineBytes: 64, ways: 1, replacement: "lru", hitCycles: 2, ...PLAIN } as const;
    const memory = new TaggedMemory(store, flatTable(new Cache("tagCache", config, store, heapStorage)), heapStorage);
    memory.write(RAM, 64, 0);
    expect(store.writes.map((w) => w.phys)).toEqual([RAM]);
    memory.read(RAM + 8192, 64, 1000);
    expect(store.writes.map((w) => w.phys)).toEqual([RAM, RAM / 128]);
  });
});

describe("a tag table with a root", () => {
  const MiB = 2 ** 20;
  const make = (): { table: ReturnType<typeof tagTableOf>; cache: MockPart } => {
    const cache = new MockPart(10);
    return { table: tagTableOf({ table: "root-and-leaves", groupBytes: 8192 }, cache, MiB, heapStorage), cache };
  };
  const leaf = RAM / 128;

  test("reads the root alone where no capability has been stored", () => {
    const { table, cache } = make();
    expect(table.read(RAM, 100)).toBe(110);
    expect(cache.reads).toHaveLength(1);
    expect(cache.reads[0]!.phys).toBeGreaterThan(leaf + MiB / 128);
  });

  test("finds the bits of 64 KiB in one byte of the root", () => {
    const { table, cache } = make();
    for (const phys of [RAM, RAM + 65535, RAM + 65536]) table.read(phys, 0);
    const [first, same, next] = cache.reads.map((r) => r.phys);
    expect([same, next]).toEqual([first, first! + 1]);
  });

  test("writes nothing for lines of groups without capabilities", () => {
    const { table, cache } = make();
    table.write(RAM, 0);
    expect(cache.writes).toEqual([]);
  });

  test("notes a group's first line with tags in the root, and writes its leaves from then on", () => {
    const { table, cache } = make();
    table.capabilityAt(RAM + 64);
    table.write(RAM + 64, 0);
    const root = cache.reads[0]!.phys;
    expect(cache.writes.map((w) => w.phys)).toEqual([root, leaf]);
    table.write(RAM + 8191, 50);
    expect(cache.writes.map((w) => w.phys)).toEqual([root, leaf, leaf + 63]);
    table.write(RAM + 8192, 50);
    expect(cache.writes).toHaveLength(3);
  });

  test("reads a leaf after the root, and only when the root has been told", () => {
    const { table } = make();
    table.capabilityAt(RAM);
    expect(table.read(RAM, 0)).toBe(10);
    table.write(RAM, 0);
    expect(table.read(RAM, 100)).toBe(120);
    expect(table.read(RAM + 8192, 100)).toBe(110);
  });
});
