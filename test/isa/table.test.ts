// Laws of the instruction table: what must hold of every record, whoever wrote it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, matches, operands, type Form } from "../../isa/codec.ts";
import { decoder } from "../../isa/decode.ts";
import { allInstructions, decoderFor, instructionsOf, parseIsa } from "../../isa/table.ts";
import { arbOperands } from "../arbitrary/operands.ts";

const EVERYTHING = ["rv64imacb_zicond_zicbom_zicboz_zicbop_zabhlrsc", "rv64y", "rv64y_zylevels1"];
const OPERAND_WORDS = /\b(?:rd|rs1|rs2|imm|uimm|target|upper|csr|pred|succ)\b/g;
/** Encodings that are special cases of another: hints in the space of an instruction whose result is discarded. */
const SPECIAL_CASES = ["ori prefetch.i", "ori prefetch.r", "ori prefetch.w"];

const named = (name: string): Form => allInstructions().find((f) => f.insn.name === name)!;

describe("every instruction record", () => {
  test.each(allInstructions().map((f) => [`${f.insn.name} (${f.insn.ext})`, f] as const))(
    "%s decodes to the operands that it was encoded from",
    (_, form) => {
      const decode = decoder([form]);
      fc.assert(
        fc.property(arbOperands(form), (values) => {
          const word = encode(form, values);
          expect(decode(word)?.operands).toEqual(values);
          expect(operands(form, word)).toEqual(values);
        }),
        { numRuns: 50 },
      );
    },
  );

  test("has an anchor in the standard", () => {
    expect(allInstructions().filter((f) => !/^#[\w.:-]+$/.test(f.insn.spec))).toEqual([]);
  });

  test("names in its assembly line fields of its encoding, and all of them but aq, rl and those with a default", () => {
    for (const { insn, fields, aliases } of allInstructions()) {
      const written = (insn.asm.match(OPERAND_WORDS) ?? []).map((w) => (/target|upper/.test(w) ? "imm" : w));
      const known = [...fields, ...Object.keys(aliases)];
      expect({ name: insn.name, strange: written.filter((w) => !known.includes(w)) }).toEqual({
        ...{ name: insn.name, strange: [] },
      });
      const ignored = ["fence", "fence.tso", "fence.i", "c.nop"].includes(insn.name);
      const unsaid = fields.filter((f) => !written.includes(f) && !["aq", "rl"].includes(f));
      if (!ignored) expect({ name: insn.name, unsaid }).toEqual({ name: insn.name, unsaid: [] });
    }
  });
});

describe("the decoder", () => {
  test.each([
    ...EVERYTHING.map((isa) => [isa, undefined] as const),
    ...(["capability", "integral", "disabled"] as const).map((mode) => ["rv64y_zyhybrid", mode] as const),
  ])("of %s finds at most one instruction for a word, special cases apart (pointer mode: %s)", (isa, mode) => {
    const forms = instructionsOf(isa, mode);
    const overlaps = forms.flatMap((a, i) =>
      forms.slice(i + 1).flatMap((b) => (bothMatch(a, b) ? [`${a.insn.name} ${b.insn.name}`] : [])),
    );
    expect([...new Set(overlaps.map((pair) => pair.split(" ").sort().join(" ")))].sort()).toEqual(SPECIAL_CASES);
  });

  test("prefers a special case to the instruction that it is a case of", () => {
    const prefetch = encode(named("prefetch.r"), { rs1: 10, imm: 64n });
    expect(decoderFor("rv64i_zicbop")(prefetch)?.insn.name).toBe("prefetch.r");
    expect(decoderFor("rv64i")(prefetch)?.insn.name).toBe("ori");
  });

  test("knows no instruction of an extension that the ISA string leaves out", () => {
    const mul = encode(named("mul"), { rd: 1, rs1: 2, rs2: 3 });
    const yadd = encode(named("yadd"), { rd: 1, rs1: 2, rs2: 3 });
    expect(decoderFor("rv64im")(mul)?.insn.name).toBe("mul");
    expect(decoderFor("rv64i")(mul)).toBeUndefined();
    expect(decoderFor("rv64imac")(yadd)).toBeUndefined();
    expect(decoderFor("rv64ima")(0x4501)).toBeUndefined();
  });

  test("of Zyhybrid in any mode knows what each mode knows, and reads as Integral Pointer Mode does what they share", () => {
    const any = decoderFor("rv64y_zyhybrid");
    for (const form of [...instructionsOf("rv64y"), ...instructionsOf("rv64imac")]) {
      const word = encode(form, { rd: 9, rs1: 10, rs2: 11, imm: 16n, uimm: 16n, csr: 0x340 });
      const [integral, capability] = (["integral", "capability"] as const).map((m) =>
        decoderFor("rv64y_zyhybrid", m)(word),
      );
      expect(any(word)?.insn.name).toBe((integral ?? capability)?.insn.name);
    }
  });

  test("takes all zeroes and all ones for illegal", () => {
    for (const isa of EVERYTHING)
      expect([decoderFor(isa)(0), decoderFor(isa)(0xffff_ffff)]).toEqual([undefined, undefined]);
  });

  test("reads 16 bits of a compressed instruction, whatever follows it", () => {
    expect(decoderFor("rv64imac")(0xdead_4505)).toMatchObject({ bytes: 2, word: 0x4505, rd: 10 });
  });

  test("tells the registers that a compressed instruction does not name", () => {
    const decode = decoderFor("rv64imac");
    expect(decode(0x9082)).toMatchObject({ insn: { name: "c.jalr" }, rd: 1, rs1: 1 });
    expect(decode(0x4502)).toMatchObject({ insn: { name: "c.lwsp" }, rd: 10, rs1: 2 });
    expect(decode(0x0505)).toMatchObject({ insn: { name: "c.addi" }, rd: 10, rs1: 10 });
  });
});

describe("an ISA string", () => {
  test.each([
    ["rv64ima_zicsr_zifencei_zicboz", false],
    ["rv64imac", false],
    ["rv64i2p1_m2p0_a2p1", false],
    ["RV64Y", true],
    ["rv64y0p910_zylevels1", true],
    ["rv64y_svyrg", true],
    ["rv64ima_y", true],
    ["rv64y_zyhybrid", false],
    ["rv64y_zylevels1_zyhybrid1p0", false],
    ["rv64ima_y_zyhybrid", false],
  ])("%s selects instructions, and capabilities as pointers: %s", (isa, capabilityMode) => {
    expect(parseIsa(isa)).toMatchObject({ capabilityMode });
  });

  test("may name what every machine has", () => {
    expect(parseIsa("rv64imac_zicntr_zihpm_sv39_sstc_svade_svadu1p0")).toEqual(parseIsa("rv64imac"));
  });

  test("with capabilities and atomics brings the narrow load-reserved that bounds make necessary", () => {
    const parsed = parseIsa("rv64ima_y");
    expect(typeof parsed !== "string" && parsed.extensions.has("Zabhlrsc")).toBe(true);
  });

  test.each([
    "",
    "rv32i",
    "rv64gc",
    "rv64iq",
    "rv64i_constructor",
    "rv64i_zylevels1",
    "rv64i_zyhybrid",
    "rv64i_svyrg",
    "x86",
    "rv64i zba",
  ])("'%s' is answered with the text of a diagnostic", (isa) => {
    expect(parseIsa(isa)).toBeTypeOf("string");
  });
});

/** Is some word both? Tried on words that have the fixed bits of both and random ones elsewhere. */
function bothMatch(a: Form, b: Form): boolean {
  if (a.bytes !== b.bytes || ((a.match ^ b.match) & a.mask & b.mask) !== 0) return false;
  const fixed = (a.match | b.match) >>> 0;
  const free = ~(a.mask | b.mask) >>> 0;
  return fc.sample(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { seed: 1, numRuns: 64 }).some((random) => {
    const word = (fixed | (random & free)) >>> 0;
    return matches(a, word) && matches(b, word);
  });
}
