// Objects by gcc link with our linker to the bytes that GNU ld gives, relaxation aside; what cannot be linked is told.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { link } from "../../../isa/asm/link.ts";
import { readElfObject } from "../../../isa/asm/object-reader.ts";
import { writeElfObject } from "../../../isa/asm/object-writer.ts";
import { readElf } from "../../../isa/elf.ts";
import type { ObjectFile } from "../../../isa/asm/object.ts";
import { imageOf, objectOf } from "./assembling.ts";
import { SOURCE } from "./gcc-source.ts";
import { gccPresent, gnu, gnuPresent, inFolder } from "./gnu.ts";

function objectIn(bytes: Uint8Array): ObjectFile {
  const result = readElfObject(bytes, "test.o");
  if (result.kind === "object") return result.object;
  throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
}

const messageOf = (bytes: Uint8Array): string => {
  const result = readElfObject(bytes, "test.o");
  return result.kind === "object" ? "read" : result.diagnostics[0]!.message;
};

const BASE = 0x8000_0000;

/** Each section at an address of its own, so that both linkers lay out the same. */
function sectionAddresses(object: ObjectFile): Map<string, number> {
  const sections = object.sections.filter((s) => s.size > 0);
  return new Map(sections.map((s, i) => [s.name, BASE + i * 0x1_0000]));
}

/** The bytes of each section of an object, linked by GNU ld without relaxation, as "address: hex". */
function linkedByGnu(folder: string, object: string, addresses: ReadonlyMap<string, number>): string[] {
  const [script, program] = [join(folder, "l.ld"), join(folder, "p.elf")];
  const placed = [...addresses].map(([name, at]) => `${name} ${at} : { *(${name}) }`);
  writeFileSync(
    script,
    `SECTIONS { ${placed.join("\n")} /DISCARD/ : { *(.eh_frame) *(.riscv.attributes) *(.comment) } }`,
  );
  gnu("ld", "--no-relax", "--no-warn-rwx-segments", "-T", script, "-e", "0", "-o", program, object);
  const result = readElf(new Uint8Array(readFileSync(program)), program);
  if (result.kind !== "image") throw new Error(result.diagnostics[0]!.message);
  const { segments } = result.image;
  return [...addresses.values()].map((at) => {
    const segment = segments.find((s) => at >= s.address && at < s.address + s.memoryBytes)!;
    const next = [...addresses.values()].find((a) => a > at) ?? Infinity;
    return bytesAt(segment.bytes.subarray(at - segment.address, Math.min(next, Infinity) - segment.address), at);
  });
}

/** Trailing zeroes are memory as much as bytes. */
const bytesAt = (bytes: Uint8Array, at: number): string =>
  `${at.toString(16)}: ${Buffer.from(bytes)
    .toString("hex")
    .replace(/(00)+$/, "")}`;

function linkedHere(object: ObjectFile, addresses: ReadonlyMap<string, number>): string[] {
  const { segments } = imageOf([object], { base: BASE, place: (name) => addresses.get(name) });
  return [...addresses.values()].map((at) => bytesAt(segments.find((s) => s.address === at)!.bytes, at));
}

describe.skipIf(!gccPresent)("an object by gcc", () => {
  test.each([
    ["rv64imac_zicsr", "-O2", "medany"],
    ["rv64imac_zicsr", "-Os", "medlow"],
    ["rv64ima_zicsr", "-O0", "medany"],
  ])("of -march=%s %s -mcmodel=%s links to ld's bytes", (march, level, model) => {
    inFolder((folder) => {
      const [input, object] = [join(folder, "p.c"), join(folder, "p.o")];
      writeFileSync(input, SOURCE);
      const flags = [
        `-march=${march}`,
        "-mabi=lp64",
        `-mcmodel=${model}`,
        level,
        "-g",
        "-ffreestanding",
        "-falign-functions=16",
      ];
      gnu("gcc", ...flags, "-c", "-o", object, input);
      const read = objectIn(new Uint8Array(readFileSync(object)));
      const addresses = sectionAddresses(read);
      if (model === "medlow") for (const [name, at] of addresses) addresses.set(name, at - BASE + 0x1_0000);
      expect(linkedHere(read, addresses)).toEqual(linkedByGnu(folder, object, addresses));
      expect(addresses.size).toBeGreaterThan(3);
    });
  });

  test("and one of ours see each other's symbols", () => {
    const image = inFolder((folder) => {
      const [input, object] = [join(folder, "p.c"), join(folder, "p.o")];
      writeFileSync(input, "extern long ours; extern long f(long); long g(long a) { return f(a) + ours; }");
      gnu("gcc", "-march=rv64im", "-mabi=lp64", "-mcmodel=medany", "-O1", "-c", "-o", object, input);
      const c = objectIn(new Uint8Array(readFileSync(object)));
      return imageOf([objectOf(".globl _start, f, ours; _start: call g; f: ret; .data; ours: .dword 1"), c], {
        base: BASE,
      });
    });
    expect(image.symbols.get("g")).toBe(BASE + 12);
    expect(image.symbols.get("ours")).toBeGreaterThan(image.symbols.get("g")!);
  });
});

test("what the object writer wrote is read back and links to the same image", () => {
  const source = `
    .globl _start; _start: la a0, d; call f; sw a1, d, t0; beqz a0, f; lui a1, %hi(low); sd a1, %lo(low)(a1)
    .section .text.copy, "ax"; f: ret; .data; d: .dword f, d - f, 7; .bss; .zero 40; .set low, 0x12345678`;
  const object = objectOf(source);
  const [ours, again] = [object, objectIn(writeElfObject(object))].map((o) => imageOf([o], { base: BASE }));
  expect(again).toEqual(ours);
});

describe("what cannot be linked is told", () => {
  test.skipIf(!gnuPresent)("with the section and the offset", () => {
    const object = inFolder((folder) => {
      const [input, output] = [join(folder, "a.s"), join(folder, "a.o")];
      writeFileSync(input, "nop\nbeq a0, a1, far\n");
      gnu("as", "-march=rv64i", "-mno-relax", "-o", output, input);
      return objectIn(new Uint8Array(readFileSync(output)));
    });
    const result = link([object], { base: BASE });
    expect(result.kind === "diagnostics" && result.diagnostics.map((d) => `${d.file}: ${d.message}`)).toEqual([
      "test.o: undefined symbol 'far' (.text+0x8)",
    ]);
  });

  test.skipIf(!gnuPresent)("a global offset table, a common symbol, a program", () => {
    const assembled = (source: string): Uint8Array =>
      inFolder((folder) => {
        const [input, output] = [join(folder, "a.s"), join(folder, "a.o")];
        writeFileSync(input, source);
        gnu("as", "-march=rv64i", "-o", output, input);
        return new Uint8Array(readFileSync(output));
      });
    expect(messageOf(assembled(".option pic\nla a0, x\n"))).toBe("section .text: relocation type 20 is not supported");
    expect(messageOf(assembled(".comm x, 8, 8\n"))).toBe("'x' is a common symbol");
    expect(messageOf(new Uint8Array(100))).toBe("not an ELF file: it does not begin with 7f 45 4c 46");
  });

  test("any damage ends in an object or a diagnostic", () => {
    const good = writeElfObject(objectOf("x: la a0, d; call y; bnez a0, y; .data; d: .dword x, y; .word d - y"));
    const damage = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const copy = good.slice();
        for (const [at, byte] of changes) copy[at] = byte;
        const result = readElfObject(copy, "test.o");
        if (result.kind === "object") link([result.object], { base: BASE });
      }),
      { numRuns: 1000 },
    );
  });
});
