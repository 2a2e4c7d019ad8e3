// Compiles C for the simulated machine by riscv64-unknown-elf-gcc, with the entry and string functions of test/validate/port.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readElf } from "../../isa/elf.ts";
import type { Image } from "../../isa/image.ts";

export const GCC = "riscv64-unknown-elf-gcc";
const ISA = "rv64imac_zicsr";
const PORT = join(import.meta.dirname, "../validate/port");
/** Loops that copy are left as they are: the string functions would call themselves. */
const FLAGS = [
  ...[`-march=${ISA}`, "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-static", "-nostdlib", `-I${PORT}`],
  ...["-fno-tree-loop-distribute-patterns", "-Wl,--gc-sections,--no-warn-rwx-segments", "-T", join(PORT, "link.ld")],
];

/** Is there a compiler? */
export const hasGcc = (): boolean => spawnSync(GCC, ["--version"]).status === 0;

/**
 * Compiles a source into a program, and reads it.
 *
 * @param level - of optimisation, as "-O2"
 * @param program - the file that is written
 */
export function compileC(source: string, level: string, program: string): Image {
  const sources = [join(PORT, "start.S"), source, join(PORT, "strings.c")];
  execFileSync(GCC, [...FLAGS, level, "-o", program, ...sources]);
  const read = readElf(readFileSync(program), program);
  if (read.kind !== "image") throw new Error("gcc made no program");
  return read.image;
}
