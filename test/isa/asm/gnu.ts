// GNU as, objdump and readelf as judges from outside; tests skip where they are absent.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "riscv64-unknown-elf-";

/** Is the GNU toolchain for RISC-V installed? */
export const gnuPresent = spawnSync(`${PREFIX}as`, ["--version"]).status === 0;
export const gccPresent = spawnSync(`${PREFIX}gcc`, ["--version"]).status === 0;

/** Runs work in a folder of its own, which is removed. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "meshsim-asm-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a tool of the toolchain; returns what it prints. */
export function gnu(tool: string, ...args: string[]): string {
  return execFileSync(PREFIX + tool, args, { encoding: "utf8", maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "pipe"] });
}

export const MARCH = "rv64ima_zicsr_zifencei";

/** The bytes of one section as GNU as makes them. */
export function gnuSection(source: string, { section = ".text", march = MARCH } = {}): Uint8Array {
  return inFolder((folder) => {
    const [input, object, bytes] = ["input.s", "input.o", "section.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(input, source);
    gnu("as", `-march=${march}`, "-mno-relax", "-o", object, input);
    gnu("objcopy", "-O", "binary", "-j", section, object, bytes);
    return new Uint8Array(readFileSync(bytes));
  });
}

export const TEXT = 0x8000_0000;
export const DATA = 0x8010_0000;

/** A source assembled and linked by GNU as and ld at TEXT and DATA; gives the bytes of a section. */
export function gnuLinked(source: string, march = MARCH): (section: ".text" | ".data") => Uint8Array {
  return inFolder((folder) => {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("input.s"), source);
    gnu("as", `-march=${march}`, "-mno-relax", "-o", path("input.o"), path("input.s"));
    const at = [`-Ttext=0x${TEXT.toString(16)}`, `-Tdata=0x${DATA.toString(16)}`, "-e", "0"];
    gnu("ld", "--no-relax", "--no-warn-rwx-segments", ...at, "-o", path("linked"), path("input.o"));
    const program = readFileSync(path("linked"));
    return (section) =>
      inFolder((second) => {
        writeFileSync(join(second, "linked"), program);
        gnu("objcopy", "-O", "binary", "-j", section, join(second, "linked"), join(second, "bytes"));
        return new Uint8Array(readFileSync(join(second, "bytes")));
      });
  });
}

/** What GNU as says of a source: true where it takes it. */
export function gnuAccepts(source: string, march = MARCH): boolean {
  return inFolder((folder) => {
    const input = join(folder, "input.s");
    writeFileSync(input, source);
    return spawnSync(`${PREFIX}as`, [`-march=${march}`, "-mno-relax", "-o", join(folder, "o"), input]).status === 0;
  });
}
