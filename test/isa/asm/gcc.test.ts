// Assembly as gcc writes it: our object and GNU as's link to the same program.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeElfObject } from "../../../isa/asm/object-writer.ts";
import { readElf } from "../../../isa/elf.ts";
import { objectOf } from "./assembling.ts";
import { SOURCE } from "./gcc-source.ts";
import { gccPresent, gnu, inFolder } from "./gnu.ts";

test.skipIf(!gccPresent).each([
  ["-O0", "medany"],
  ["-O2", "medlow"],
  ["-Os", "medany"],
])("what gcc %s -mcmodel=%s writes links to the same bytes by either assembler", (level, model) => {
  inFolder((folder) => {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("p.c"), SOURCE);
    const target = ["-march=rv64ima_zicsr", "-mabi=lp64", `-mcmodel=${model}`, "-mno-relax"];
    gnu("gcc", ...target, level, "-ffreestanding", "-fno-merge-constants", "-S", "-o", path("p.s"), path("p.c"));
    gnu("as", "-march=rv64ima_zicsr", "-mno-relax", "-o", path("gnu.o"), path("p.s"));
    writeFileSync(path("ours.o"), writeElfObject(objectOf(readFileSync(path("p.s"), "utf8"))));
    const images = ["gnu", "ours"].map((name) => {
      gnu("ld", "--no-relax", "--no-warn-rwx-segments", "-Ttext=0x10000", "-o", path(`${name}.elf`), path(`${name}.o`));
      return readElf(new Uint8Array(readFileSync(path(`${name}.elf`))), name);
    });
    const [theirs, ours] = images.map((r) => (r.kind === "image" ? r.image.segments : []));
    expect(ours).toEqual(theirs);
    expect(ours!.length).toBeGreaterThan(0);
  });
});
