// One run of `npm run bench:cold`, in a process of its own: how long a machine takes for its first instructions, built and run.
// Takes { name, elf, isa, ramBytes, core, instructions, translates } as JSON; prints milliseconds.
import { readFileSync } from "node:fs";
import { readElf } from "../../dist/isa/elf.js";
import { createMachine } from "../../dist/sim/machine/machine.js";

const { name, elf, isa, ramBytes, core, instructions, translates } = JSON.parse(process.argv[2]);
const { image } = readElf(readFileSync(elf), elf);
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
