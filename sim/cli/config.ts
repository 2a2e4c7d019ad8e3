// `meshsim config`: shows the resolved machine and where each value comes from.
import type { Argv } from "yargs";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { invalidUsage } from "./failure.ts";
import { writeStdout } from "./files.ts";
import { table } from "./text.ts";

interface ConfigOptions {
  readonly machine: string | undefined;
  readonly set: readonly string[] | undefined;
}

export const configCommand: Command<ConfigOptions> = {
  usage: "config",
  summary: "show the resolved machine and where each value comes from",
  options: (y: Argv) =>
    y
      .option("machine", { type: "string", describe: "machine preset" })
      .option("set", { type: "string", array: true, nargs: 1, describe: "override one machine parameter: key=value" })
      .example("meshsim config", "the default machine")
      .example("meshsim config --set l1d.sizeBytes=16384", "") as unknown as Argv<ConfigOptions>,
  run: async (options): Promise<Exit> => {
    const { resolveMachine } = await import("../config/machine.ts");
    const machine = resolveMachine({
      sets: options.set ?? [],
      ...(options.machine === undefined ? {} : { preset: options.machine }),
    });
    if (machine.kind === "diagnostics") throw invalidUsage(machine.diagnostics, "nothing to show");
    const rows = machine.origins.map((o) => [o.key, String(o.value), o.origin]);
    writeStdout(`${table([["parameter", "value", "from"], ...rows]).join("\n")}\nconfig ${machine.hash}\n`);
    return "ok";
  },
};
