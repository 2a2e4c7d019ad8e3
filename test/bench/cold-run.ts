// One run of `npm run bench:cold`, in a process of its own: how long a machine takes for its first instructions, built and run.
// Takes a `Job` as JSON; prints milliseconds.
import { readFileSync } from "node:fs";
import { readElf } from "../../isa/elf.ts";
import type { MachineConfig } from "../../sim/config/machine.ts";
import { createMachine } from "../../sim/machine/machine.ts";

export interface Job {
  readonly name: string;
  /** A file. */
  readonly elf: string;
  readonly isa: string;
  readonly ramBytes: number;
  readonly core: MachineConfig;
  readonly instructions: number;
  /** Is hot code translated? */
  readonly translates: boolean;
}

const { name, elf, isa, ramBytes, core, instructions, translates } = JSON.parse(process.argv[2]!) as Job;
const reading = readElf(readFileSync(elf), elf);
if (reading.kind !== "image") throw new Error(`${elf} is no program`);
const { image } = reading;
const at = process.hrtime.bigint();
const machine = createMachine({
  ...{ isa, ramBytes, image, core, engine: "turbo" },
  ...(translates ? {} : { translateAfter: Infinity }),
});
const stop = machine.run({ maxInstructions: instructions });
const milliseconds = Number(process.hrtime.bigint() - at) / 1e6;
if (stop.kind === "limit") {
  process.stdout.write(`${milliseconds}\n`);
} else {
  process.stderr.write(`${name}: ends after ${machine.instructions} of ${instructions} instructions\n`);
  process.exitCode = 1;
}
