// What a compiler makes of C: programs that check themselves take the same cycles on both engines. Needs riscv64-unknown-elf-gcc.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../../../isa/elf.ts";
import type { Image } from "../../../../isa/image.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { compareTimed, type Slice } from "./timing.ts";

const GCC = "riscv64-unknown-elf-gcc";
const ISA = "rv64imac_zicsr";
const SOURCES = join(import.meta.dirname, "c");
/** Their entry, and how they are linked. */
const PORT = join(import.meta.dirname, "../../../validate/port");
const FLAGS = [
  "-mabi=lp64",
  "-mcmodel=medany",
  "-ffreestanding",
  "-static",
  "-nostdlib",
  "-fno-tree-loop-distribute-patterns",
];
const RAM_BYTES = 1 << 20;
/** In pieces, so that limits fall into the middle of things. */
const SLICES: readonly Slice[] = [{ instructions: 4000 }, { cycles: 3001 }, { steps: 20 }, { instructions: 2_000_000 }];

const names = readdirSync(SOURCES).map((file) => file.replace(/\.c$/, ""));

describe.skipIf(spawnSync(GCC, ["--version"]).status !== 0)("compiled by gcc", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "meshsim-c-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function compiled(name: string, level: string): Image {
    const program = join(folder, `${name}${level}`);
    const sources = [join(PORT, "start.S"), join(SOURCES, `${name}.c`), join(PORT, "strings.c")];
    const link = ["-Wl,--gc-sections,--no-warn-rwx-segments", "-T", join(PORT, "link.ld")];
    execFileSync(GCC, [`-march=${ISA}`, ...FLAGS, level, ...link, "-o", program, ...sources]);
    const read = readElf(readFileSync(program), program);
    if (read.kind !== "image") throw new Error("gcc made no program");
    return read.image;
  }

  test.each(names.flatMap((name) => ["-O0", "-Os", "-O2"].map((level) => [name, level] as const)))(
    "%s %s",
    (name, level) => {
      const image = compiled(name, level);
      for (const preset of ["cva6@1", "rocket@1", "server@1"]) {
        const run = { isa: ISA, ramBytes: RAM_BYTES, image, core: configOf(preset, [])!, slices: SLICES };
        const { found, ended, instructions, translated } = compareTimed(run);
        expect({ found, ended }).toEqual({ found: undefined, ended: '{"kind":"exit","status":0}' });
        expect(translated).toBeGreaterThan(instructions / 2);
      }
    },
  );
});
