// Linking: layout, symbols across objects, relocations at any base, categories, and images moved and merged.
import { describe, expect, test } from "vitest";
import { link, type LinkLayout } from "../../../isa/asm/link.ts";
import { mergeImages, movedImage, type Image } from "../../../isa/image.ts";
import { assemble } from "../../../isa/asm/assemble.ts";
import { FORMS, imageOf, objectOf } from "./assembling.ts";

const BASE = 0x8000_0000;

const imageFrom = (text: string, layout: Partial<LinkLayout> = {}): Image =>
  imageOf([objectOf(text)], { base: BASE, ...layout });

/** The doubleword at an address. */
function doubleword(image: Image, address: number): bigint {
  const segment = image.segments.find((s) => address >= s.address && address + 8 <= s.address + s.bytes.length)!;
  return new DataView(segment.bytes.buffer, segment.bytes.byteOffset).getBigUint64(address - segment.address, true);
}

function messages(objects: Parameters<typeof link>[0], layout: Partial<LinkLayout> = {}): string[] {
  const result = link(objects, { base: BASE, ...layout });
  return result.kind === "image" ? [] : result.diagnostics.map((d) => d.message);
}

describe("layout", () => {
  test("in .bss alignment and repeated zeroes take room, and no bytes", () => {
    const image = imageFrom(".data; .dword 0; .bss; a: .zero 1; .balign 16; b: .fill 3, 4; .dcb.w 2, 0; c: .zero 1");
    const at = (name: string): number => image.symbols.get(name)!;
    expect([at("b") - at("a"), at("c") - at("b")]).toEqual([16, 16]);
    expect(image.segments.map((s) => s.bytes.length)).toEqual([8]);
  });

  test("code, read-only data, data and zeroed data follow each other, each section aligned as it asks", () => {
    const image = imageFrom(`
      .data; d: .dword 1
      .bss; .align 4; z: .zero 32
      .text; _start: nop
      .section .rodata.names; .align 3; r: .byte 1
    `);
    expect(Object.fromEntries(image.symbols)).toEqual({ _start: BASE, r: BASE + 8, d: BASE + 9, z: BASE + 32 });
    expect(
      image.segments.map((s) => [s.address - BASE, s.bytes.length, s.memoryBytes, s.executable, s.writable]),
    ).toEqual([
      [0, 4, 4, true, false],
      [8, 1, 1, false, false],
      [9, 8, 55, false, true],
    ]);
  });

  test("an alignment between the groups keeps their permissions on pages of their own", () => {
    const image = imageFrom("nop; .section .rodata; .byte 1; .data; .byte 2; .bss; .zero 3", { align: 4096 });
    expect(image.segments.map((s) => s.address - BASE)).toEqual([0, 4096, 8192]);
    expect(image.segments[2]!.memoryBytes).toBe(4096 + 3);
  });

  test("sections of one name are joined in the order of the objects", () => {
    const objects = [objectOf("nop; .section .text.copy; nop"), objectOf("a: ret; .section .text.copy; b: ret")];
    const image = imageOf(objects, { base: BASE });
    expect(Object.fromEntries(image.symbols)).toEqual({ a: BASE + 4, b: BASE + 12 });
    expect(image.segments).toHaveLength(1);
  });

  test("a section may be placed elsewhere, and the others close up", () => {
    const image = imageFrom('nop; .section .far, "ax"; f: ret; .data; d: .byte 1', {
      place: (section) => (section === ".far" ? 0x9000_0000 : undefined),
    });
    expect(image.symbols.get("f")).toBe(0x9000_0000);
    expect(image.symbols.get("d")).toBe(BASE + 4);
    expect(image.segments.map((s) => [s.address, s.executable])).toEqual([
      [BASE, true],
      [0x9000_0000, true],
      [BASE + 4, false],
    ]);
  });

  test("a place that the section's alignment forbids is refused", () => {
    const place = (section: string): number | undefined => (section === ".data" ? 0x1004 : undefined);
    expect(messages([objectOf("nop; .data; .align 3; .byte 1")], { place })).toEqual([
      "section .data is placed at 0x1004, and is to be aligned to 8",
    ]);
  });

  test("sections without the flag a are not loaded", () => {
    expect(imageFrom("nop; .section .comment; .byte 1").segments).toHaveLength(1);
  });

  test("segments that overlap are refused", () => {
    const objects = [objectOf(".zero 32; .data; .byte 1")];
    expect(messages(objects, { place: (s) => (s === ".data" ? BASE + 16 : undefined) })).toEqual([
      "segments overlap: at 0x80000000 (32 bytes) and at 0x80000010 (1 bytes)",
    ]);
  });
});

describe("symbols", () => {
  test("a global of one object is seen by another, a local is not", () => {
    const user = objectOf("call f; .data; p: .dword f");
    expect(imageOf([user, objectOf(".globl f; f: ret")], { base: BASE }).symbols.get("f")).toBe(BASE + 8);
    expect(messages([user, objectOf("f: ret")])).toContain("undefined symbol 'f'");
  });

  test("two globals of one name are refused, a weak one gives way, an absent weak one is zero", () => {
    const strong = objectOf(".globl f; f: ret");
    expect(messages([strong, objectOf(".globl f; f: nop")])).toEqual(["symbol 'f' is defined twice: also at test.S:1"]);
    const weak = objectOf(".weak f, absent; nop; f: nop; .align 3; p: .dword f, absent");
    const image = imageOf([weak, strong], { base: BASE });
    expect(doubleword(image, image.symbols.get("p")!)).toBe(BigInt(image.symbols.get("f")!));
    expect(image.symbols.get("f")).toBe(BASE + 24);
    expect(doubleword(image, image.symbols.get("p")! + 8)).toBe(0n);
  });

  test("externals are addresses that no object defines", () => {
    const image = imageFrom(".data; p: .dword device + 8", { externals: new Map([["device", 0x1000_0000]]) });
    expect(doubleword(image, BASE)).toBe(0x1000_0008n);
  });

  test("the entry is the named symbol, else _start, else the base", () => {
    expect(imageFrom("nop; main: ret", { entry: "main" }).entry).toBe(BASE + 4);
    expect(imageFrom("nop; _start: ret").entry).toBe(BASE + 4);
    expect(imageFrom("nop").entry).toBe(BASE);
    expect(messages([objectOf("main: nop")], { entry: "mian" })).toEqual(["entry symbol 'mian' is not defined"]);
  });

  test("numbered and .L labels are not in the image", () => {
    expect([...imageFrom("1: nop; .Lx: nop; y: j 1b").symbols.keys()]).toEqual(["y"]);
  });
});

describe("relocations", () => {
  test("one object links at many bases, and its bytes are not shared", () => {
    const object = objectOf(".globl f; f: la a0, d; ret; .data; d: .dword f, d - f");
    const images = [0, 1, 2].map((i) => imageOf([object], { base: BASE + i * 0x10_0000 }));
    images.forEach((image, i) => {
      const d = image.symbols.get("d")!;
      expect(doubleword(image, d)).toBe(BigInt(BASE + i * 0x10_0000));
      expect(doubleword(image, d + 8)).toBe(12n);
    });
    expect(Buffer.from(images[0]!.segments[0]!.bytes).equals(images[1]!.segments[0]!.bytes)).toBe(true);
  });

  test("a branch to another section that is too far is told with its distance", () => {
    const object = objectOf('beqz a0, f; .section .far, "ax"; f: ret');
    expect(messages([object], { place: (s) => (s === ".far" ? BASE + 4096 : undefined) })).toEqual([
      "target is 4096 bytes away: beq reaches -4096 to 4094 in steps of 2",
    ]);
    expect(messages([object], { place: (s) => (s === ".far" ? BASE + 4092 : undefined) })).toEqual([]);
  });

  test("auipc reaches two gigabytes to each side, and no further", () => {
    const object = objectOf("la a0, device");
    const at = (device: number): string[] => messages([object], { externals: new Map([["device", device]]) });
    expect(at(BASE + 0x7fff_f7ff)).toEqual([]);
    expect(at(BASE + 0x7fff_f800)).toEqual(["distance of 2147481600 bytes does not fit in 32 bits"]);
    expect(at(0)).toEqual([]);
  });
});

describe("categories", () => {
  test("each .text.<name> is a range of its category, .text is the rest", () => {
    const image = imageFrom(
      "nop; .section .text.marshal; nop; nop; .section .text.copy; ret; .section .text.marshal; ret",
    );
    expect(image.categories).toEqual(["other", "marshal", "copy"]);
    expect(image.ranges).toEqual([
      { start: BASE + 4, end: BASE + 16, category: 1 },
      { start: BASE + 16, end: BASE + 20, category: 2 },
    ]);
  });

  test("padding between the joined sections of two objects belongs to their category", () => {
    const text = ".section .text.copy; .align 4; nop";
    expect(imageOf([objectOf(text), objectOf(text)], { base: BASE }).ranges).toEqual([
      { start: BASE, end: BASE + 20, category: 1 },
    ]);
  });
});

describe("images", () => {
  const copy = imageFrom(".globl f; f: nop; .section .text.copy; ret");

  test("a moved image has the same bytes at other addresses", () => {
    const moved = movedImage(copy, 0x1000);
    expect(moved.entry).toBe(copy.entry + 0x1000);
    expect(moved.ranges).toEqual([{ start: BASE + 0x1004, end: BASE + 0x1008, category: 1 }]);
    expect(moved.segments[0]!.address).toBe(BASE + 0x1000);
    expect(moved.segments[0]!.bytes).toBe(copy.segments[0]!.bytes);
    expect(moved.symbols.get("f")).toBe(BASE + 0x1000);
  });

  test("merged images keep all segments, and categories of one name become one", () => {
    const other = imageFrom("g: nop; .section .text.trap; nop; .section .text.copy; nop", { base: 0x9000_0000 });
    const merged = mergeImages([copy, other]);
    expect(merged.entry).toBe(copy.entry);
    expect(merged.categories).toEqual(["other", "copy", "trap"]);
    expect(merged.ranges).toEqual([
      { start: BASE + 4, end: BASE + 8, category: 1 },
      { start: 0x9000_0004, end: 0x9000_0008, category: 2 },
      { start: 0x9000_0008, end: 0x9000_000c, category: 1 },
    ]);
    expect(Object.fromEntries(merged.symbols)).toEqual({ f: BASE, g: 0x9000_0000 });
    expect(merged.segments).toHaveLength(2);
  });

  test("images that overlap cannot be merged", () => {
    expect(() => mergeImages([copy, movedImage(copy, 4)])).toThrow(/overlap/);
    expect(() => mergeImages([copy, movedImage(copy, 8)])).not.toThrow();
  });
});

test("the listing shows address, bytes and source, words for code and bytes for data", () => {
  const text = '# a program\nstart: li a0, 0x12345678 # two words\n.word 1\n.data\nname: .ascii "abc"';
  const result = assemble([{ file: "a.S", text }], { forms: FORMS });
  expect(result.kind === "object" && result.listing().replace(/ +/g, " ")).toBe(
    [
      "section .text, 12 bytes, aligned to 4",
      "start:",
      " 0: 12345537 6785051b a.S:2: start: li a0, 0x12345678",
      " 8: 01 00 00 00 a.S:3: .word 1",
      "",
      "section .data, 3 bytes, aligned to 1",
      "name:",
      ' 0: 61 62 63 a.S:5: name: .ascii "abc"',
      "",
    ].join("\n"),
  );
});
