// `npm run validate [-- --machine PRESET]`: what small programs see of each part, beside where its parameters put the knee.
import { parseArgs } from "node:util";
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { PRESETS } from "../../sim/config/presets/table.ts";
import {
  branchMisses,
  chaseLatency,
  dramBytes,
  jumpMisses,
  returnMisses,
  tlbChase,
  walkBandwidth,
} from "./programs.ts";

const KiB = 1024;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const powers = (from: number, to: number): number[] =>
  Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);

/** A table with a row of numbers under a row of what they were measured for. */
function series(title: string, points: readonly number[], of: (point: number) => string): void {
  say(`\n${title}\n`);
  say(`| ${points.map((p) => (p >= KiB && title.includes("bytes") ? `${p / KiB} Ki` : p)).join(" | ")} |`);
  say(`|${"---:|".repeat(points.length)}`);
  say(`| ${points.map(of).join(" | ")} |`);
}

function configured(preset: string, sets: readonly string[] = []): MachineConfig {
  const machine = resolveMachine({ preset, sets });
  if (machine.kind === "machine") return machine.config;
  throw new Error(machine.diagnostics[0]!.message);
}

function levels(m: MachineConfig): string {
  const { l1d, l2, llc } = m;
  const all = [["L1D", l1d] as const, ["L2", l2] as const, ...(llc.present ? [["LLC", llc] as const] : [])];
  let cycles = 0;
  return all.map(([name, c]) => `${name} to ${c.sizeBytes / KiB} Ki: ${(cycles += c.hitCycles)}`).join(", ");
}

function showMemory(m: MachineConfig): void {
  const largest = Math.min(4 * (m.llc.present ? m.l2.sizeBytes : m.l2.sizeBytes), 4096 * KiB);
  const sizes = powers(8 * KiB, largest);
  series(`Pointer chase, cycles a load by bytes (${levels(m)})`, sizes, (bytes) =>
    chaseLatency(m, bytes, m.l1d.lineBytes).toFixed(1),
  );
  series("Walk, bytes a cycle by bytes", sizes, (bytes) => walkBandwidth(m, bytes).toFixed(2));
}

function showTranslation(m: MachineConfig): void {
  const second = m.l2tlb.entries === 0 ? "" : `, second level ${m.l2tlb.entries}`;
  const points = powers(8, 4 * Math.max(m.dtlb.entries, Math.min(m.l2tlb.entries, 256)));
  const found = new Map(points.map((pages) => [pages, tlbChase(m, pages)]));
  series(`Data-TLB misses a load by pages (entries: ${m.dtlb.entries}${second})`, points, (pages) =>
    found.get(pages)!.misses.toFixed(2),
  );
  series("Cycles a load by pages", points, (pages) => found.get(pages)!.cycles.toFixed(1));
}

function showPrediction(m: MachineConfig): void {
  const { direction, entries, granuleBytes, btbEntries, btbWays, rasEntries } = m.predictor;
  const apart = (entries * granuleBytes) / 8;
  series(
    `Mispredictions a branch by branches (${direction}, ${entries} counters: ${apart} branches 8 bytes apart)`,
    powers(8, Math.min(4 * apart, 2048)),
    (n) => branchMisses(m, n).toFixed(2),
  );
  const jumps = btbWays === btbEntries ? btbEntries : (btbEntries * granuleBytes) / 16;
  series(
    `Mispredictions a jump by jumps (${btbEntries} targets in ${btbWays} ways: ${Math.floor(jumps)} jumps 16 bytes apart)`,
    powers(2, 4 * btbEntries),
    (n) => jumpMisses(m, n).toFixed(2),
  );
  const depths = Array.from({ length: rasEntries + 4 }, (_, i) => i + 1);
  series(`Mispredicted returns by depth of calls (stack of ${rasEntries})`, depths, (n) =>
    returnMisses(m, n).toFixed(1),
  );
}

/** DRAM traffic that tags add, in percent, for a table of each kind. */
function showTags(preset: string): void {
  say("\nDRAM bytes that tags add, percent of those without, by table\n");
  say("| program | flat | root-and-leaves |\n|---|---:|---:|");
  const bytes = 4096 * KiB;
  for (const [name, kind, stores] of [
    ["walk that reads", "walk", false],
    ["walk that reads and writes", "walk", true],
    ["reads at random", "random", false],
    ["reads and writes at random", "random", true],
  ] as const) {
    const small = ["llc.present=false", "l2.sizeBytes=131072"];
    const without = dramBytes(configured(preset, [...small, "tagCache.present=false"]), kind, bytes, stores);
    const added = ["flat", "root-and-leaves"].map((table) => {
      const m = configured(preset, [...small, "tagCache.present=true", `tagCache.table=${table}`]);
      return ((100 * dramBytes(m, kind, bytes, stores)) / without - 100).toFixed(2);
    });
    say(`| ${[name, ...added].join(" | ")} |`);
  }
}

const { values } = parseArgs({ options: { machine: { type: "string", multiple: true } } });
for (const preset of values.machine ?? PRESETS.map((p) => p.name).filter((name) => name !== "ideal@1")) {
  const m = configured(preset);
  say(`\n### ${preset}`);
  showMemory(m);
  showTranslation(m);
  showPrediction(m);
  showTags(preset);
}
