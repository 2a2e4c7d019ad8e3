// Assembling for capabilities: RVY's mnemonics old and new, and the pseudo-instructions that make pointers.
import { describe, expect, test } from "vitest";
import { instructionsOf } from "../../../isa/table.ts";
import { faultOf, imageOf, objectOf, wordsOf } from "./assembling.ts";

const rvy = { forms: instructionsOf("rv64y_zylevels1"), capabilityMode: true };
const hex = (text: string, options = rvy): string =>
  wordsOf(text, options)
    .map((w) => w.toString(16).padStart(8, "0"))
    .join(" ");

describe("RVY instructions", () => {
  // Words from an objdump test and a MATCH_ header of other projects, by way of the notes' appendix.
  test.each([
    ["yadd gp, ra, sp", "062081fb"],
    ["ymv gp, ra", "060081fb"],
    ["yaddi gp, ra, 1", "0010c1fb"],
    ["ybndswi gp, ra, 1", "e010d1fb"],
    ["ly gp, 0(ra)", "000091fb"],
    ["sy gp, 0(ra)", "0030a07b"],
    ["amoswap.y gp, ra, (sp)", "081131fb"],
    ["lr.y gp, (sp)", "100131fb"],
  ])("%s is %s", (line, word) => {
    expect(hex(line)).toBe(word);
  });

  test("the mnemonics before the renaming give the same words", () => {
    const now = [
      "yadd a0, a1, a2",
      "ly a0, 16(sp)",
      "sy a0, 16(sp)",
      "ybndsw a0, a1, a2",
      "ytagr a0, a1",
      "packy a0, a1, a2",
      "srliy a0, a1, 64",
    ];
    const then = [
      "cadd a0, a1, a2",
      "lc a0, 16(sp)",
      "sc a0, 16(sp)",
      "scbnds a0, a1, a2",
      "gctag a0, a1",
      "schi a0, a1, a2",
      "gchi a0, a1",
    ];
    expect(hex(then.join("\n"))).toBe(hex(now.join("\n")));
    expect(hex("yhir a0, a1\nyhiw a0, a1, a2")).toBe(hex("srliy a0, a1, 64\npacky a0, a1, a2"));
  });

  test("yadd and ybndsw take immediates, as add does", () => {
    expect(hex("yadd a0, a1, -8\nybndsw a0, a1, 4096")).toBe(hex("yaddi a0, a1, -8\nybndswi a0, a1, 4096"));
  });

  test("a length that ybndswi cannot encode is refused", () => {
    expect(hex("ybndswi a0, a1, 504\nybndswi a0, a1, 4080").split(" ")).toHaveLength(2);
    expect(faultOf("ybndswi a0, a1, 505", rvy)).toBe("1:17 ybndswi cannot encode the immediate 505");
    expect(faultOf("ybndswi a0, a1, 4097", rvy)).toBe("1:17 ybndswi cannot encode the immediate 4097");
  });

  test("yadd with x0 is ymv's encoding and is refused", () => {
    expect(faultOf("yadd a0, a1, zero", rvy)).toBe("1:1 yadd does not exist with these operands (excluded: rs2 = 0)");
  });

  test("registers have no capability names", () => {
    expect(faultOf("ly ca0, 0(sp)", rvy)).toBe("1:4 expected a register, found 'ca0'");
  });

  test("an instruction outside the instruction set is unknown", () => {
    expect(faultOf("yadd a0, a1, a2")).toBe("1:1 unknown instruction 'yadd'");
  });
});

describe("pseudo-instructions", () => {
  const linked = (text: string, options = rvy): number[] => {
    const [segment] = imageOf([objectOf(text, options)], { base: 0x1000 }).segments;
    return [...new Uint32Array(segment!.bytes.buffer)];
  };

  test("la derives a capability from pcc: auipc and yaddi; on integers auipc and addi", () => {
    expect(linked("la a0, f\nnop\nf: ret").slice(0, 2)).toEqual(wordsOf("auipc a0, 0\nyaddi a0, a0, 12", rvy));
    expect(linked("la a0, f\nnop\nf: ret", { ...rvy, capabilityMode: false }).slice(0, 2)).toEqual(
      wordsOf("auipc a0, 0\naddi a0, a0, 12"),
    );
  });

  test("la follows .option capmode and nocapmode where code can switch; push and pop keep the mode", () => {
    const hybrid = { forms: instructionsOf("rv64y_zyhybrid"), capabilityMode: false };
    const las = (...options: string[]): boolean[] => {
      const words = linked(options.map((o) => `${o}\nla a0, f\n`).join("") + "f: ret", hybrid);
      const add = wordsOf("addi a0, a0, 0")[0]!;
      return options.map((_, i) => (words[2 * i + 1]! & 0xfffff) !== (add & 0xfffff));
    };
    expect(las("", ".option capmode", ".option nocapmode")).toEqual([false, true, false]);
    expect(las(".option push", ".option capmode", ".option pop")).toEqual([false, true, false]);
    expect(faultOf(".option pop", hybrid)).toBe("1:1 .option pop without .option push");
    expect(faultOf(".option nocapmode", rvy)).toBe("1:9 .option nocapmode needs Zyhybrid");
    expect(faultOf(".option capmode")).toBe("1:9 .option capmode needs Zyhybrid");
    expect(hex(".option capmode\nymv a0, a1", rvy)).toBe(hex("ymv a0, a1", rvy));
  });

  test("call and tail are the same in both modes", () => {
    const text = "call f\ntail f\nf: ret";
    expect(linked(text)).toEqual(linked(text, { ...rvy, capabilityMode: false }));
  });

  test("ly and sy take a symbol", () => {
    expect(linked("ly a0, f\nsy a0, f, t0\n.align 4\nf: .dword 1, 2").slice(0, 4)).toEqual(
      wordsOf("auipc a0, 0\nly a0, 16(a0)\nauipc t0, 0\nsy a0, 8(t0)", rvy),
    );
  });

  test("mv copies the address alone: it is addi, whose result is an integer", () => {
    expect(hex("mv a0, a1")).toBe(hex("addi a0, a1, 0"));
  });

  test("thread identifiers are CSRs by name", () => {
    expect(hex("csrr a0, utidc\ncsrw mtidc, a0")).toBe(hex("csrrs a0, 0x480, zero\ncsrrw zero, 0x780, a0"));
  });
});
