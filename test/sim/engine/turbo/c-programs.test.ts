// What a compiler makes of C: programs that check themselves take the same cycles on both engines. Needs riscv64-unknown-elf-gcc.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configOf } from "../../../arbitrary/machine.ts";
import { compileC, hasGcc } from "../../../drivers/c.ts";
import { compareTimed, type Slice } from "./timing.ts";

const ISA = "rv64imac_zicsr";
const SOURCES = join(import.meta.dirname, "c");
const RAM_BYTES = 1 << 20;
/** In pieces, so that limits fall into the middle of things. */
const SLICES: readonly Slice[] = [{ instructions: 4000 }, { cycles: 3001 }, { steps: 20 }, { instructions: 2_000_000 }];

const names = readdirSync(SOURCES).map((file) => file.replace(/\.c$/, ""));

describe.skipIf(!hasGcc())("compiled by gcc", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "meshsim-c-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(names.flatMap((name) => ["-O0", "-Os", "-O2"].map((level) => [name, level] as const)))(
    "%s %s",
    (name, level) => {
      const image = compileC(join(SOURCES, `${name}.c`), level, join(folder, `${name}${level}`));
      for (const preset of ["cva6@1", "rocket@1", "server@1"]) {
        const run = { isa: ISA, ramBytes: RAM_BYTES, image, core: configOf(preset, [])!, slices: SLICES };
        const { found, ended, instructions, translated } = compareTimed(run);
        expect({ found, ended }).toEqual({ found: undefined, ended: '{"kind":"exit","status":0}' });
        expect(translated).toBeGreaterThan(instructions / 2);
      }
    },
  );
});
