// --machine and --set, the same for every command: a preset or a configuration file, and single parameters on top.
import type { Argv } from "yargs";
import type { ResolvedMachine } from "../config/machine.ts";
import { invalidInput, invalidUsage } from "./failure.ts";
import { readInput } from "./files.ts";

export interface MachineOptions {
  readonly machine: string | undefined;
  readonly set: readonly string[] | undefined;
}

export const machineOptions = (y: Argv): Argv =>
  y
    .option("machine", { type: "string", describe: "preset (cva6@1, …) or a configuration file" })
    .option("set", { type: "string", array: true, nargs: 1, describe: "override one machine parameter: key=value" });

/** @param instead - what a bad machine keeps from happening, as "nothing simulated". */
export async function chosenMachine(
  { machine: named, set }: MachineOptions,
  instead: string,
): Promise<ResolvedMachine> {
  const { resolveMachine } = await import("../config/machine.ts");
  const sets = set ?? [];
  if (named !== undefined && /\.json$|[/\\]/.test(named)) {
    const resolved = resolveMachine({ sets, file: { name: named, text: Buffer.from(readInput(named)).toString() } });
    if (resolved.kind === "diagnostics") throw invalidInput(resolved.diagnostics, instead);
    return resolved;
  }
  const resolved = resolveMachine({ sets, ...(named === undefined ? {} : { preset: named }) });
  if (resolved.kind === "diagnostics") throw invalidUsage(resolved.diagnostics, instead);
  return resolved;
}
