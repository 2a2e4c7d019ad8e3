// Random machines: a preset with some of its parameters at values that make rare things frequent.
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { PRESETS } from "../../sim/config/presets/table.ts";
import type { Random } from "./random.ts";

type Settings = (random: Random) => string[];

const POLICIES = ["lru", "plru", "random"];
const PREFETCHERS = ["none", "none", "next-line", "stride"];

/** A parameter at one of some values. */
const one =
  (key: string, ...values: readonly (number | string | boolean)[]): Settings =>
  (random) => [`${key}=${random.pick(values)}`];

function array(name: string, most: { readonly sets: number; readonly lineBytes: readonly number[] }): Settings {
  return (random) => {
    const ways = random.pick([1, 1, 2, 3, 4, 8]);
    const lineBytes = random.pick(most.lineBytes);
    const sizeBytes = ways * lineBytes * 2 ** random.below(Math.log2(most.sets) + 1);
    const replacement = random.pick(ways === 3 ? ["lru", "random"] : POLICIES);
    return [
      ...[`${name}.lineBytes=${lineBytes}`, `${name}.sizeBytes=${sizeBytes}`],
      ...[`${name}.ways=${ways}`, `${name}.replacement=${replacement}`],
    ];
  };
}

const cache =
  (name: string): Settings =>
  (random) => {
    const prefetch = random.pick(PREFETCHERS);
    const mshrs = prefetch === "none" ? random.pick([0, 1, 2, 8]) : random.pick([2, 3, 8]);
    return [
      ...[`${name}.mshrs=${mshrs}`, `${name}.mshrTargets=${random.pick([0, 0, 1, 2])}`],
      ...[`${name}.prefetch=${prefetch}`, `${name}.prefetchLines=${random.pick([1, 2, 4])}`],
      `${name}.hitCycles=${random.pick([0, 1, 2, 3, 30, 1000])}`,
    ];
  };

const tlb =
  (name: string): Settings =>
  (random) => {
    const ways = random.pick([1, 1, 2, 3, 4]);
    return [
      ...[`${name}.ways=${ways}`, `${name}.entries=${ways * random.pick([1, 1, 2, 4])}`],
      `${name}.superEntries=${random.pick([0, 0, 1, 2])}`,
    ];
  };

/** What may be set; each of these is taken or left as a whole. */
const PARTS: readonly Settings[] = [
  array("l1i", { sets: 16, lineBytes: [16, 16, 32, 64, 256] }),
  (random) => [
    `l1i.prefetch=${random.pick(["none", "next-line", "stride"])}`,
    `l1i.prefetchLines=${random.pick([1, 3])}`,
  ],
  array("l1d", { sets: 16, lineBytes: [16, 16, 32, 64, 256] }),
  cache("l1d"),
  one("l1d.portBytes", 8, 8, 16, 32, 64),
  array("l2", { sets: 64, lineBytes: [64, 64, 256] }),
  cache("l2"),
  array("llc", { sets: 64, lineBytes: [256] }),
  cache("llc"),
  one("llc.present", true, false),
  one("tagCache.present", true, true, false),
  array("tagCache", { sets: 8, lineBytes: [16, 64] }),
  one("tagCache.table", "flat", "root-and-leaves"),
  one("tagCache.groupBytes", 128, 256, 8192),
  one("tagCache.hitCycles", 0, 2, 1000),
  ...["itlb", "dtlb", "l2tlb"].map(tlb),
  one("l2tlb.entries", 0),
  one("l2tlb.hitCycles", 0, 1, 1000),
  one("walker.stepCycles", 0, 1, 1000),
  one("walker.cacheEntries", 0, 1, 8),
  one("predictor.direction", "static", "bimodal", "gshare"),
  (random) => {
    const historyBits = random.pick([1, 4, 10]);
    return [
      `predictor.historyBits=${historyBits}`,
      `predictor.entries=${2 ** (historyBits + random.below(4))}`,
      `predictor.direction=gshare`,
    ];
  },
  one("predictor.counterBits", 1, 2, 3, 8),
  one("predictor.cold", "not-taken", "backward-taken"),
  one("predictor.granuleBytes", 2, 4),
  (random) => {
    const ways = random.pick([1, 1, 2, 4]);
    return [`predictor.btbWays=${ways}`, `predictor.btbEntries=${ways * random.pick([1, 2, 16])}`];
  },
  one("predictor.btbHolds", "all", "indirect"),
  one("predictor.rasEntries", 0, 1, 2, 3),
  one("predictor.clearsOnTrap", true, false),
  one("issue.width", 1, 2, 2),
  one("issue.aluPorts", 1, 2),
  one("issue.pastTransfers", true, false),
  one("issue.lateAluCycles", 0, 1, 2, 10),
  one("scoreboard.entries", 0, 1, 2, 8),
  one("scoreboard.ordersWrites", true, false),
  one("scoreboard.sharedBus", true, false),
  one("scoreboard.capCycles", 1, 3, 1000),
  one("scoreboard.mulCycles", 1, 5, 1000),
  one("scoreboard.mulBusyCycles", 1, 4, 1000),
  one("scoreboard.divCycles", 1, 1000),
  one("scoreboard.atomicCycles", 0, 9, 1000),
  one("scoreboard.narrowLoadCycles", 0, 1, 10),
  one("storeBuffer.entries", 1, 2, 64),
  one("storeBuffer.drainCycles", 1, 9, 1000),
  one("storeBuffer.onOverlap", "forward", "wait", "wait"),
  one("frontend.queueEntries", 0, 1, 64),
  one("frontend.takenCycles", 0, 1, 100),
  one("frontend.predecodeCycles", 0, 2, 100),
  one("frontend.mispredictCycles", 0, 7, 1000),
  one("frontend.flushCycles", 0, 1000),
  one("frontend.trapCycles", 0, 1000),
  (random) => ["controllerNs", "casNs", "rcdNs", "rpNs"].map((name) => `dram.${name}=${random.pick([0, 1, 14, 5000])}`),
  one("dram.banks", 1, 2, 8),
  one("dram.bandwidthMBps", 0, 10, 16000),
  one("clockMhz", 100, 1000, 4000),
  one("bus.deviceCycles", 0, 20, 1000),
];

export interface RandomMachine {
  readonly preset: string;
  readonly sets: readonly string[];
  readonly config: MachineConfig;
}

/** A machine that `resolveMachine` accepts: what it refuses is not set. */
export function randomMachine(random: Random): RandomMachine {
  const preset = random.pick(PRESETS).name;
  const density = random.pick([0, 0.05, 0.15, 0.4]);
  let sets: readonly string[] = [];
  for (const part of PARTS) {
    if (!random.chance(density)) continue;
    const more = [...sets, ...part(random)];
    if (resolveMachine({ preset, sets: more }).kind === "machine") sets = more;
  }
  return { preset, sets, config: configOf(preset, sets)! };
}

/** The machine of these settings; undefined where they do not go together. */
export function configOf(preset: string, sets: readonly string[]): MachineConfig | undefined {
  const resolved = resolveMachine({ preset, sets });
  return resolved.kind === "machine" ? resolved.config : undefined;
}
