// `meshsim disasm`: prints the instructions of a program.
import type { Argv } from "yargs";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { writeStdout } from "./files.ts";
import { DEFAULT_ISA } from "./values.ts";
import type { PointerMode } from "../../isa/table.ts";

interface DisasmOptions {
  readonly program: string;
  readonly isa: string;
  readonly loadAddress: string | undefined;
  readonly pointerMode: PointerMode | undefined;
}

export const disasmCommand: Command<DisasmOptions> = {
  usage: "disasm <program>",
  summary: "disassemble a program",
  options: (y: Argv) =>
    y
      .positional("program", { type: "string", demandOption: true, describe: "ELF, assembly, or flat binary" })
      .option("isa", {
        type: "string",
        default: DEFAULT_ISA,
        describe: "instructions known; rv64y for capability code",
      })
      .option("load-address", { type: "string", describe: "address of a flat binary" })
      .option("pointer-mode", {
        choices: ["capability", "integral"] as const,
        describe: "with Zyhybrid, what this mode reads; by default what either does",
      })
      .example("meshsim disasm add.elf", "")
      .example("meshsim disasm t.bin --isa rv64y --load-address 0x80000000", "") as unknown as Argv<DisasmOptions>,
  run: async (options): Promise<Exit> => {
    const { knownIsa, loadProgram } = await import("./program.ts");
    const { disassemble } = await import("../../isa/disasm.ts");
    const { decoderFor } = await import("../../isa/table.ts");
    knownIsa(options.isa);
    const image = loadProgram({ program: options.program, isa: options.isa, loadAddress: options.loadAddress });
    const decode = decoderFor(options.isa, options.pointerMode);
    const labels = new Map([...image.symbols].map(([name, at]) => [at, name]));
    const lines: string[] = [];
    for (const segment of image.segments.filter((s) => s.executable)) {
      const view = new DataView(segment.bytes.buffer, segment.bytes.byteOffset, segment.bytes.byteLength);
      for (let offset = 0; offset + 2 <= view.byteLength;) {
        const at = segment.address + offset;
        const label = labels.get(at);
        if (label !== undefined) lines.push("", `${at.toString(16).padStart(16, "0")} <${label}>:`);
        const half = view.getUint16(offset, true);
        const wide = (half & 3) === 3 && offset + 4 <= view.byteLength;
        const word = wide ? view.getUint32(offset, true) : half;
        const decoded = decode(word);
        const digits = word.toString(16).padStart(wide ? 8 : 4, "0");
        const text =
          decoded === undefined
            ? wide
              ? `.word   0x${digits}`
              : `.half   0x${digits}`
            : disassemble(decoded, at, (target) => labels.get(target));
        lines.push(`${at.toString(16).padStart(8)}:   ${digits.padEnd(8)}   ${text}`);
        offset += wide ? 4 : 2;
      }
    }
    writeStdout(`${lines.join("\n").trimStart()}\n`);
    return "ok";
  },
};
