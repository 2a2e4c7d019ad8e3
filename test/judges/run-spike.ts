// `npm run spike -- --spike PATH [--elf DIR] [--programs N --seed S --blocks B]`: compares commit logs with Spike's.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isElf, readElf, writeElf } from "../../isa/elf.ts";
import { program } from "../drivers/machine.ts";
import { inFolder } from "../isa/asm/gnu.ts";
import { SPIKE_ISA, spikeProgram } from "./spike-program.ts";
import { judgeBySpike, type SpikeVerdict } from "./spike.ts";

const USAGE = `usage: npm run spike -- --spike PATH [--elf DIR] [--programs N] [--seed S] [--from N] [--blocks B] [--ignore CSR,CSR]
  --spike PATH  Spike, built from riscv-software-src/riscv-isa-sim
  --elf DIR     compare every ELF program of a folder, instead of random ones
  --programs N  so many random programs (100), from number --from (0), each of --blocks blocks (300)
  --ignore C,C  CSRs whose written values are not compared, as c836_mip
  --keep FILE   write the text of the first random program that differs`;

const { values } = parseArgs({
  options: {
    ...{ spike: { type: "string" }, elf: { type: "string" }, ignore: { type: "string", default: "" } },
    ...{ programs: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
    ...{ from: { type: "string", default: "0" }, blocks: { type: "string", default: "300" } },
    keep: { type: "string" },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [total, seed, from, blocks] = [values.programs, values.seed, values.from, values.blocks].map(Number) as [
  number,
  number,
  number,
  number,
];
const { spike } = values;
const ignore = new Set(values.ignore.split(",").filter(Boolean));
const count = { programs: 0, equal: 0, unjudged: 0, instructions: 0 };

if (spike === undefined || ![total, seed, from, blocks].every(Number.isSafeInteger)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  if (values.elf === undefined) randomPrograms(spike);
  else elfPrograms(spike, values.elf);
  const { programs, equal, unjudged, instructions } = count;
  say(`${equal} of ${programs} programs equal, ${unjudged} not judged, ${instructions} instructions equal`);
  process.exitCode = equal + unjudged === programs ? 0 : 1;
}

function note(name: string, { instructions, difference, unjudged }: SpikeVerdict): void {
  count.programs += 1;
  count.instructions += instructions;
  if (unjudged !== undefined) {
    count.unjudged += 1;
    return say(`${name}: not judged: ${unjudged}`);
  }
  if (difference.length === 0) count.equal += 1;
  else say([`${name}: differs after ${instructions} instructions`, ...difference].join("\n"));
}

function randomPrograms(path: string): void {
  for (let number = from; number < from + total; number += 1) {
    const source = spikeProgram(seed, number, blocks);
    const image = program(source, SPIKE_ISA);
    const verdict = inFolder((folder) => {
      const elf = join(folder, "program.elf");
      writeFileSync(elf, writeElf(image));
      return judgeBySpike(path, elf, image, ignore);
    });
    note(`seed ${seed}, program ${number}`, verdict);
    if (verdict.difference.length > 0 && values.keep !== undefined) return writeFileSync(values.keep, source);
    if (number % 20 === 19) process.stderr.write(`${number + 1} programs, ${count.instructions} instructions\n`);
  }
}

function elfPrograms(path: string, folder: string): void {
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (!/^[^.]+(\.elf)?$/.test(name) || name === "include") continue;
    const bytes = readFileSync(file);
    if (!isElf(bytes)) continue;
    const reading = readElf(bytes, file);
    if (reading.kind === "diagnostics") say(`${name}: cannot be read`);
    else note(name, judgeBySpike(path, file, reading.image, ignore));
  }
}
