// `npm run conformance -- --riscv-tests DIR [--isa ISA]`: runs the official tests found in DIR, prints a table, and ends with 1
// on a failure.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseIsa } from "../../isa/table.ts";
import { outcomeTable, programsOf, RISCV_TESTS_ISA, runProgram } from "./riscv-tests.ts";

const { values } = parseArgs({
  options: { "riscv-tests": { type: "string" }, isa: { type: "string", default: RISCV_TESTS_ISA } },
});
const folder = values["riscv-tests"];
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write(
    `usage: npm run conformance -- --riscv-tests DIR (a folder of rv64*-p-* and rv64*-v-* programs)\n`,
  );
  process.exit(2);
}
const isa = parseIsa(values.isa);
if (typeof isa === "string") {
  process.stderr.write(`--isa ${isa}\n`);
  process.exit(2);
}
const programs = programsOf(folder);
if (programs.length === 0) {
  process.stderr.write(`${folder}: no programs named as riscv-tests names them (rv64ui-p-add, rv64ui-v-add, …)\n`);
  process.exit(3);
}
const outcomes = programs.map((program) => runProgram(folder, program, values.isa));
process.stdout.write(`${outcomeTable(outcomes).join("\n")}\n`);
process.exitCode = outcomes.some((o) => o.kind === "failed") ? 1 : 0;
