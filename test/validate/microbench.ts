// `npm run validate [-- --machine PRESET]`: what small programs see of each part, beside where its parameters put the knee.
import { parseArgs } from "node:util";
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { PRESETS } from "../../sim/config/presets/table.ts";
import { isMet, knees } from "./knees.ts";
import { chaseLatency } from "./programs.ts";
import { dramBytes, tagMachine, TRAFFIC } from "./tag-traffic.ts";

const KiB = 1024;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const powers = (from: number, to: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(to / from)) + 1 }, (_, i) => from * 2 ** i);

/** Cycles a load over more and more memory. */
function showChase(m: MachineConfig): void {
  const sizes = powers(8 * KiB, Math.min(4 * m.l2.sizeBytes, 4096 * KiB));
  say("\nPointer chase, cycles a load by KiB\n");
  say(`| ${sizes.map((bytes) => bytes / KiB).join(" | ")} |`);
  say(`|${"---:|".repeat(sizes.length)}`);
  say(`| ${sizes.map((bytes) => chaseLatency(m, bytes, m.l1d.lineBytes).toFixed(1)).join(" | ")} |`);
}

/** Each knee, and whether it lies where it should; gives how many do not. */
function showKnees(m: MachineConfig): number {
  const points = knees(m);
  say("\n| of | at | expected | measured | |\n|---|---:|---:|---:|---|");
  for (const point of points) {
    const [low, high] = point.expected;
    const expected = low === 0 ? `up to ${high.toFixed(2)}` : `${low.toFixed(2)} to ${high.toFixed(2)}`;
    const verdict = isMet(point) ? "met" : "MISSED";
    say(`| ${[point.of, point.at, expected, point.measured.toFixed(2), verdict].join(" | ")} |`);
  }
  return points.filter((point) => !isMet(point)).length;
}

/** DRAM traffic that tags add, in percent, by size of the tag cache and kind of table. */
function showTags(): void {
  const machines = [4, 32].flatMap((kib) =>
    ["flat", "root-and-leaves"].map((table) => ({ kib, table, sets: [`tagCache.sizeBytes=${kib * KiB}`] })),
  );
  say("\n### Tags: DRAM bytes that they add, percent of those without\n");
  say(`| program | ${machines.map(({ kib, table }) => `${kib} KiB, ${table}`).join(" | ")} |`);
  say(`|---|${"---:|".repeat(machines.length)}`);
  for (const traffic of TRAFFIC) {
    const without = dramBytes(tagMachine("tagCache.present=false"), traffic);
    const added = machines.map(({ table, sets }) => {
      const withTags = dramBytes(tagMachine(...sets, `tagCache.table=${table}`), traffic);
      return ((100 * withTags) / without - 100).toFixed(2);
    });
    say(`| ${[traffic.words, ...added].join(" | ")} |`);
  }
}

const { values } = parseArgs({ options: { machine: { type: "string", multiple: true } } });
let missed = 0;
for (const preset of values.machine ?? PRESETS.map((p) => p.name).filter((name) => name !== "ideal@1")) {
  const machine = resolveMachine({ preset });
  if (machine.kind !== "machine") throw new Error(machine.diagnostics[0]!.message);
  say(`\n### ${preset}`);
  showChase(machine.config);
  missed += showKnees(machine.config);
}
showTags();
process.exitCode = missed === 0 ? 0 : 1;
