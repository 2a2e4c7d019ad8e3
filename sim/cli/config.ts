// `meshsim config`: shows the resolved machine and where each value comes from.
import type { Argv } from "yargs";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { writeStdout } from "./files.ts";
import { chosenMachine, machineOptions, type MachineOptions } from "./machine-option.ts";
import { table } from "./text.ts";

export const configCommand: Command<MachineOptions> = {
  usage: "config",
  summary: "show the resolved machine and where each value comes from",
  options: (y: Argv) =>
    machineOptions(y)
      .example("meshsim config", "the default machine")
      .example("meshsim config --set l1d.sizeBytes=16384", "") as unknown as Argv<MachineOptions>,
  run: async (options): Promise<Exit> => {
    const machine = await chosenMachine(options, "nothing to show");
    const rows = machine.origins.map((o) => [o.key, String(o.value), o.origin]);
    writeStdout(`${table([["parameter", "value", "from"], ...rows]).join("\n")}\nconfig ${machine.hash}\n`);
    return "ok";
  },
};
