// The small C programs of test/bench/programs, compiled as the benches run them. Needs riscv64-unknown-elf-gcc.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "../../isa/image.ts";
import { Failure } from "../../sim/cli/failure.ts";
import { compileC, GCC, hasGcc } from "../drivers/c.ts";

const SOURCES = join(import.meta.dirname, "programs");
export const PROGRAMS = readdirSync(SOURCES)
  .flatMap((file) => /^(.*)\.c$/.exec(file)?.[1] ?? [])
  .sort();
/** Of what gcc makes, with the cycle counter that `rdcyc` reads. */
export const PROGRAM_ISA = "rv64imac_zicsr_zicntr";
export const PROGRAM_RAM_BYTES = 2 ** 24;

export function needGcc(): void {
  if (!hasGcc()) throw new Failure("usage", `${GCC} is not there: it compiles the programs (status 2)`);
}

/** Compiles a program into the file of its name in a folder, and reads it. */
export const compileProgram = (name: string, folder: string): Image =>
  compileC(join(SOURCES, `${name}.c`), "-O2", join(folder, name));
