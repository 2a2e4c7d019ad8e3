// ELF64 in and out: our programs are read back and taken by binutils, GNU's are loaded, broken files are diagnostics.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeElfObject } from "../../isa/asm/object-writer.ts";
import { isElf, readElf, writeElf } from "../../isa/elf.ts";
import type { Image } from "../../isa/image.ts";
import { imageOf, linked, objectOf } from "./asm/assembling.ts";
import { DATA, gccPresent, gnu, gnuPresent, inFolder, TEXT } from "./asm/gnu.ts";

const BASE = 0x8000_0000;
const PROGRAM = `
  .globl _start
  _start: la a0, table
  call .Lcopy
  ebreak
  .section .text.copy, "ax"
  .Lcopy: ld a1, 0(a0)
  ret
  .section .text.trap
  trap: mret
  .data
  .align 3
  table: .dword _start, 0x1122334455667788
  .bss
  .align 4
  buffer: .zero 100
`;
const program = imageOf([objectOf(PROGRAM)], { base: BASE, align: 16 });

/** The image that a file must hold. */
function imageIn(bytes: Uint8Array): Image {
  const result = readElf(bytes, "test.elf");
  if (result.kind === "image") return result.image;
  throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
}

const messageOf = (bytes: Uint8Array): string => {
  const result = readElf(bytes, "test.elf");
  return result.kind === "image" ? "read" : result.diagnostics[0]!.message;
};

describe("programs", () => {
  test("what is written is read back: segments, symbols, categories, entry", () => {
    const image = imageIn(writeElf(program));
    expect(image).toEqual(program);
    expect(image.categories).toEqual(["other", "copy", "trap"]);
  });

  test("an image of many segments far apart is read back", () => {
    const segment = fc.record({
      ...{
        bytes: fc.uint8Array({ maxLength: 40 }),
        more: fc.integer({ min: 1, max: 5000 }),
        gap: fc.integer({ min: 0, max: 2 ** 40 }),
      },
      ...{ executable: fc.boolean(), writable: fc.boolean() },
    });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (list) => {
        let at = 0;
        const segments = list.map(({ gap, bytes, more, executable, writable }) => {
          const address = at + gap;
          at = address + bytes.length + more;
          return { address, bytes, memoryBytes: bytes.length + more, executable, writable };
        });
        const image: Image = { entry: 4, segments, symbols: new Map([["x", 12]]), categories: ["other"], ranges: [] };
        expect(imageIn(writeElf(image))).toEqual(image);
      }),
      { numRuns: 50 },
    );
  });

  test.skipIf(!gnuPresent)("objdump and readelf take it, and show instructions, sections and symbols", () => {
    inFolder((folder) => {
      const path = join(folder, "program.elf");
      writeFileSync(path, writeElf(program));
      const listing = gnu("objdump", "-d", path);
      expect(listing).toContain("<_start>:");
      expect(listing).toContain("Disassembly of section .text.copy:");
      expect(listing).toMatch(/80000014:\s+00053583\s+ld\s+a1,0\(a0\)/);
      const headers = gnu("readelf", "-aW", path);
      expect(headers).toMatch(/\.text\.trap\s+PROGBITS\s+0+8000001c/);
      expect(headers).toMatch(/\.bss\s+NOBITS/);
      expect(headers).toMatch(/LOAD\s+0x\w+ 0x0+80000000 0x0+80000000 0x0+20 0x0+20 R E/);
      expect(headers).not.toMatch(/[Ww]arning|[Ee]rror/);
    });
  });
});

describe.skipIf(!gnuPresent)("objects", () => {
  const SOURCE = `
    .globl _start, far
    _start: la a0, here
    call far
    tail last
    ld a0, there
    sw a2, there, t1
    lui a3, %hi(low)
    lw a4, %lo(low+4)(a3)
    sd a4, %lo(low)(a3)
    beqz a0, last
    here: .dword here, there - 8, there - here, 0x10000
    .section .text.near, "ax"
    far: j _start
    last: beq a0, a1, _start
    .data
    there: .word far - here, there - here
    .dword _start
    .set low, 0x12345fff
  `;
  // A linker that is told of one output section puts input sections in order, as ours does.
  const SCRIPT = `SECTIONS { . = ${TEXT}; .text : { *(.text) *(.text.*) } . = ${DATA}; .data : { *(.data) } }`;

  test("ld links it to the same bytes as our linker", () => {
    const bytes = inFolder((folder) => {
      const [object, script, program] = ["o.o", "l.ld", "p.elf"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(object, writeElfObject(objectOf(SOURCE)));
      writeFileSync(script, SCRIPT);
      gnu("ld", "--no-relax", "-T", script, "-o", program, object);
      return new Uint8Array(readFileSync(program));
    });
    const image = imageIn(bytes);
    const ours = linked(SOURCE);
    const at = (address: number): Uint8Array => image.segments.find((s) => s.address === address)!.bytes;
    expect(at(TEXT)).toEqual(ours.text);
    expect(at(DATA)).toEqual(ours.data);
    expect(image.symbols.get("far")).toBe(TEXT + ours.text.length - 8);
  });

  test("objdump shows its relocations", () => {
    const shown = inFolder((folder) => {
      const path = join(folder, "o.o");
      writeFileSync(path, writeElfObject(objectOf(SOURCE)));
      return gnu("objdump", "-dr", path) + gnu("readelf", "-aW", path);
    });
    const kinds = ["PCREL_HI20", "PCREL_LO12_I", "PCREL_LO12_S", "JAL", "BRANCH", "64", "ADD32", "SUB64"];
    for (const kind of kinds) expect(shown).toContain(`R_RISCV_${kind}`);
    expect(shown).not.toMatch(/[Ww]arning|[Ee]rror/);
  });
});

test.skipIf(!gccPresent)("a freestanding C program by gcc loads, without the file's headers in memory", () => {
  const source = `
    int table[2] = {1, 2}; int zeros[100];
    int f(int i) { return table[i] + zeros[i]; }
    void _start(void) { for (;;) f(1); }`;
  const bytes = inFolder((folder) => {
    const [input, output] = [join(folder, "p.c"), join(folder, "p.elf")];
    writeFileSync(input, source);
    const flags = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-nostdlib", "-static", "-O1"];
    gnu("gcc", ...flags, `-Wl,-Ttext=0x${BASE.toString(16)},--no-warn-rwx-segments`, "-o", output, input);
    return new Uint8Array(readFileSync(output));
  });
  const image = imageIn(bytes);
  expect(Math.min(...image.segments.map((s) => s.address))).toBe(BASE);
  expect(image.entry).toBe(image.symbols.get("_start"));
  expect(image.symbols.get("zeros")! - image.symbols.get("table")!).toBeGreaterThan(0);
  const last = image.segments.at(-1)!;
  expect(last.memoryBytes - last.bytes.length).toBeGreaterThanOrEqual(400);
});

describe("broken files", () => {
  const good = writeElf(program);
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };

  test("what is not ELF is told apart by its first bytes", () => {
    expect(isElf(good)).toBe(true);
    expect(isElf(new TextEncoder().encode("_start: nop"))).toBe(false);
    expect(messageOf(new Uint8Array(10))).toBe("not an ELF file: it does not begin with 7f 45 4c 46");
  });

  test("the fault is named", () => {
    expect(messageOf(good.slice(0, 63))).toBe("truncated: 63 bytes, and the ELF header has 64");
    expect(messageOf(changed(4, 1))).toBe("expected a 64-bit ELF file, found a 32-bit one");
    expect(messageOf(changed(5, 2))).toBe("expected a little-endian ELF file");
    expect(messageOf(changed(18, 62, 0))).toBe("expected a file for RISC-V (machine 243), found machine 62");
    expect(messageOf(changed(16, 1, 0))).toBe("expected an executable, found an object file");
    expect(messageOf(changed(16, 3, 0))).toBe("expected an executable, found a shared object");
    expect(messageOf(changed(64, 3))).toBe("the program is linked dynamically");
    expect(messageOf(changed(64 + 8, 0, 0, 0, 1))).toMatch(/^segment 0 ends at 0x1000020, beyond the end of the file/);
    expect(messageOf(changed(64 + 32, 255))).toBe("segment 0 has more bytes in the file than in memory");
    expect(messageOf(changed(64 + 24 + 7, 1))).toMatch(/^the address of segment 0 is 0x\w+, beyond 2\^48/);
    expect(messageOf(changed(40, 0, 0, 0, 1))).toMatch(
      /^the table of section headers ends at 0x\w+, beyond the end of the file/,
    );
    expect(messageOf(good.slice(0, good.length - 1))).toMatch(/beyond the end of the file \(0x\w+\): truncated\?$/);
    expect(messageOf(changed(56, 0, 0))).toBe("the program has nothing to load");
  });

  test("any damage ends in an image or a diagnostic, never in an exception", () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(damage, fc.nat({ max: good.length }), (changes, length) => {
        const copy = good.slice();
        for (const [at, byte] of changes) copy[at] = byte;
        expect(messageOf(copy)).toBeTypeOf("string");
        expect(messageOf(copy.subarray(0, length))).toBeTypeOf("string");
      }),
      { numRuns: 800 },
    );
    const headerDamage = fc.array(fc.tuple(fc.nat({ max: 64 + 2 * 56 - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(headerDamage, (changes) => {
        const copy = good.slice();
        for (const [at, byte] of changes) copy[at] = byte;
        expect(messageOf(copy)).toBeTypeOf("string");
      }),
      { numRuns: 800 },
    );
  });
});
