// `meshsim asm`: assembles GNU-syntax RISC-V assembly to an ELF program.
import type { Argv } from "yargs";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { checkOutput, readInput, writeOutput, writeStdout } from "./files.ts";
import { DEFAULT_ISA } from "./values.ts";

interface AsmOptions {
  readonly source: string;
  readonly output: string | undefined;
  readonly isa: string;
  readonly listing: boolean;
}

export const asmCommand: Command<AsmOptions> = {
  usage: "asm <source>",
  summary: "assemble a .S file to an ELF program",
  options: (y: Argv) =>
    y
      .positional("source", { type: "string", demandOption: true, describe: "assembly source; - is stdin" })
      .option("output", { alias: "o", type: "string", describe: "ELF file to write (default: source with .elf)" })
      .option("isa", {
        type: "string",
        default: DEFAULT_ISA,
        describe: "instructions allowed; rv64y for capability code",
      })
      .option("listing", {
        type: "boolean",
        default: false,
        describe: "print addresses, bytes and source lines instead",
      })
      .example("meshsim asm add.S -o add.elf", "")
      .example("meshsim asm add.S --isa rv64y --listing", "") as unknown as Argv<AsmOptions>,
  run: async (options): Promise<Exit> => {
    const { assembled, assembleProgram, knownIsa } = await import("./program.ts");
    const { writeElf } = await import("../../isa/elf.ts");
    knownIsa(options.isa);
    const source = { file: options.source, text: Buffer.from(readInput(options.source)).toString() };
    if (options.listing) {
      writeStdout(`${assembled(source, options.isa).listing().trimEnd()}\n`);
      return "ok";
    }
    const name = options.output ?? (options.source === "-" ? "a.elf" : `${options.source.replace(/\.[sS]$/, "")}.elf`);
    checkOutput("--output", name, options.source);
    writeOutput(name, writeElf(assembleProgram(source, options.isa)));
    return "ok";
  },
};
