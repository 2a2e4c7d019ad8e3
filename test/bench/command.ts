// What the commands of the benches share: options by name, errors that end in a message and a status, tables.
import { parseArgs } from "node:util";
import { EXIT } from "../../sim/cli/exit.ts";
import { Failure } from "../../sim/cli/failure.ts";

/** The values of options, as they were written; others are refused with the usage. */
export function optionValues<Name extends string>(
  names: readonly Name[],
  usage: string,
): Partial<Record<Name, string>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ options }).values as Partial<Record<Name, string>>;
  } catch (error) {
    throw new Failure("usage", `${(error as Error).message}\n${usage}`);
  }
}

/** Runs a command, which gives the status that it ends with. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT[error.exit].status;
  }
}

/** A line of a table: the first cell to the left of its column, the others to the right of theirs. */
export const columns = (widths: readonly number[], cells: readonly string[]): string =>
  `${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("")}\n`;
