// Where the parameters of a machine put each knee, and what small programs see on either side of it.
import type { MachineConfig } from "../../sim/config/machine.ts";
import { branchMisses, chaseLatency, jumpMisses, returnMisses, tlbChase, walkBandwidth } from "./programs.ts";

const KiB = 1024;

/** One measurement, and between what it must lie. */
export interface Point {
  readonly of: string;
  readonly at: string;
  readonly expected: readonly [low: number, high: number];
  readonly measured: number;
}

interface Level {
  readonly name: string;
  readonly sizeBytes: number;
  readonly ways: number;
  readonly replacement: string;
  /** Cycles from a load to its use. */
  readonly cycles: number;
}

function levelsOf({ l1d, l2, llc }: MachineConfig): Level[] {
  const caches = [["L1D", l1d] as const, ["L2", l2] as const, ...(llc.present ? [["LLC", llc] as const] : [])];
  let cycles = 0;
  return caches.map(([name, cache]) => ({ ...cache, name, cycles: (cycles += cache.hitCycles) }));
}

/** A random victim spares some lines of a ring that goes round a cache: the share h of hits solves h = exp((h - 1) / fits). */
function hitsOfRandom(fits: number): number {
  let hits = 0;
  for (let i = 0; i < 100; i += 1) hits = Math.exp((hits - 1) / fits);
  return hits;
}

/** Cycles of a load that opens a row of DRAM: one that was closed, and one in place of another. */
function dramCycles({ dram, clockMhz, l1d }: MachineConfig): [closed: number, conflict: number] {
  const transferNs = dram.bandwidthMBps === 0 ? 0 : (1000 * l1d.lineBytes) / dram.bandwidthMBps;
  const closedNs = dram.controllerNs + dram.rcdNs + dram.casNs + transferNs;
  return [(closedNs * clockMhz) / 1000, ((closedNs + dram.rpNs) * clockMhz) / 1000];
}

/** The staircase of a pointer chase: a ring as large as each level, and one far larger than all. Tags are left out. */
export function staircase(machine: MachineConfig): Point[] {
  const m: MachineConfig = { ...machine, tagCache: { ...machine.tagCache, present: false } };
  const levels = levelsOf(m);
  const last = levels.at(-1)!;
  // Going round a ring twice as large leaves nothing of it where the least recently used line is displaced.
  const memory = (last.replacement === "lru" ? 2 : 4) * last.sizeBytes;
  const steps = [...levels, { ...last, name: "DRAM", sizeBytes: memory }];
  return steps.map(({ name, sizeBytes }, i) => {
    const above = levels[i - 1];
    // What the level above still holds of the ring.
    const spared = above?.replacement === "random" ? hitsOfRandom(above.sizeBytes / sizeBytes) : 0;
    const fromAbove = spared * (above?.cycles ?? 0);
    const [low, high] =
      name === "DRAM" ? dramCycles(m).map((cycles) => cycles + last.cycles) : [levels[i]!.cycles, levels[i]!.cycles];
    const expected = [
      0.97 * ((1 - spared) * low! + fromAbove),
      1.03 * ((1 - spared) * high! + fromAbove) + 0.5,
    ] as const;
    const at = `${sizeBytes / KiB} KiB`;
    return { of: `${name}, cycles a load`, at, expected, measured: chaseLatency(m, sizeBytes, m.l1d.lineBytes) };
  });
}

/** Bytes a cycle of a walk, falling from level to level, and from memory not above what DRAM can give. */
export function bandwidths(machine: MachineConfig): Point[] {
  const m: MachineConfig = { ...machine, tagCache: { ...machine.tagCache, present: false } };
  const levels = levelsOf(m);
  const inLevels = levels.map(({ sizeBytes }, i) => Math.min(sizeBytes, 4 * (levels[i - 1]?.sizeBytes ?? sizeBytes)));
  // Memory is walked through for the first time: nothing of it is in any cache.
  const sizes = [...inLevels, 2048 * KiB];
  // Eight loads of 8 bytes, an addition and a branch, taken; the pairs of a core of two slots share one cycle.
  let most = (m.issue.width * 64) / 10;
  return sizes.map((bytes, i) => {
    const name = levels[i]?.name ?? "DRAM";
    const limited = name === "DRAM" && m.dram.bandwidthMBps > 0;
    const peak = limited ? m.dram.bandwidthMBps / m.clockMhz : most;
    const expected = [0, Math.min(most, peak) * 1.01] as const;
    const measured = walkBandwidth(m, bytes, name !== "DRAM");
    most = measured;
    return { of: `${name}, bytes a cycle`, at: `${bytes / KiB} KiB`, expected, measured };
  });
}

/** A ring of as many pages as a TLB has entries, and of twice as many. */
function translation(m: MachineConfig): Point[] {
  const point = (of: string, pages: number, expected: readonly [number, number], measured: number): Point => ({
    of,
    at: `${pages} pages`,
    expected,
    measured,
  });
  const { dtlb, l2tlb } = m;
  const points = [
    point("data-TLB misses a load", dtlb.entries, [0, 0.02], tlbChase(m, dtlb.entries).misses),
    point("data-TLB misses a load", 2 * dtlb.entries, [0.98, 1.02], tlbChase(m, 2 * dtlb.entries).misses),
  ];
  if (l2tlb.entries === 0) return points;
  const few = l2tlb.entries / 2;
  return [
    ...points,
    point("walks a load", few, [0, 0.02], tlbChase(m, few).walks),
    point("walks a load", 2 * l2tlb.entries, [0.98, 1.02], tlbChase(m, 2 * l2tlb.entries).walks),
  ];
}

/** Branches, jumps and calls that just fit, and twice as many; calls two deeper than the stack. */
function prediction(m: MachineConfig): Point[] {
  const { entries, granuleBytes, btbEntries, btbWays, rasEntries } = m.predictor;
  // Branches lie 8 bytes apart, jumps 16; a table that an address indexes is used as densely as they lie.
  const branches = (entries * granuleBytes) / 8;
  // Where any target can lie anywhere, the loop around the jumps takes some too.
  const jumps = btbWays === btbEntries ? btbEntries - 4 : (btbEntries * granuleBytes) / 16;
  const point = (of: string, at: number, expected: readonly [number, number], measured: number): Point => ({
    of,
    at: `${at}`,
    expected,
    measured,
  });
  return [
    point("mispredictions a branch", branches / 8, [0, 0.05], branchMisses(m, branches / 8)),
    point("mispredictions a branch", 4 * branches, [0.15, 1], branchMisses(m, 4 * branches)),
    point("mispredictions a jump", jumps, [0, 0.02], jumpMisses(m, jumps)),
    point("mispredictions a jump", 2 * jumps, [0.98, 1], jumpMisses(m, 2 * jumps)),
    point("mispredicted returns a turn", rasEntries, [0, 0.2], returnMisses(m, rasEntries)),
    point("mispredicted returns a turn", rasEntries + 2, [2, 2.2], returnMisses(m, rasEntries + 2)),
  ];
}

/** Every knee of a machine. */
export function knees(m: MachineConfig): Point[] {
  return [...staircase(m), ...bandwidths(m), ...translation(m), ...prediction(m)];
}

export const isMet = ({ expected: [low, high], measured }: Point): boolean => low <= measured && measured <= high;
