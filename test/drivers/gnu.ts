// Asks the GNU assembler for the encoding of lines of assembly; absent where the cross binutils are not installed.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const AS = "riscv64-unknown-elf-as";
const OBJCOPY = "riscv64-unknown-elf-objcopy";
/** What binutils 2.40 knows of what meshsim has. */
export const MARCH = "rv64imac_zicsr_zifencei_zba_zbb_zbs_zicbom_zicboz_zicbop";

export const gnuAssembler: string | undefined = spawnSync(AS, ["--version"]).status === 0 ? AS : undefined;

/** The machine code of some lines, each an instruction; none is compressed unless it says so. */
export function gnuAssemble(lines: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "meshsim-gnu-"));
  try {
    const [source, object, binary] = ["in.s", "out.o", "out.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(
      source,
      lines.map((line) => `.option ${line.startsWith("c.") ? "rvc" : "norvc"}\n${line}\n`).join(""),
    );
    execFileSync(AS, [`-march=${MARCH}`, "-o", object, source]);
    execFileSync(OBJCOPY, ["-O", "binary", "-j", ".text", object, binary]);
    return readFileSync(binary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
