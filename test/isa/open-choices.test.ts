// Where the standard leaves a choice, what meshsim takes (docs/decisions/open-choices.md), as far as no other test says it.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AP, infiniteMeta, PERMISSION } from "../../isa/cap/format.ts";
import { encode } from "../../isa/codec.ts";
import { allInstructions, decoderFor } from "../../isa/table.ts";
import { execute, integer, type After, type Value } from "../drivers/meaning.ts";

const { LG, SL, R, W, C } = PERMISSION;

function run(name: string, registers: Readonly<Record<number, Value>>, isa = "rv64y", operands: object = {}): After {
  const form = allInstructions().find((f) => f.insn.name === name)!;
  return execute(encode(form, { rd: 10, rs1: 11, rs2: 12, imm: 0n, ...operands }), { isa, registers });
}
const infinite = (addr: bigint, without = 0n, levels = false): Value => ({
  ...{ tag: 1n, addr },
  meta: infiniteMeta(levels) & ~without,
});

test("BEQ and BNE compare whatever registers they name", () => {
  for (const [rs1, rs2] of [
    [5, 5],
    [5, 6],
    [6, 5],
    [0, 0],
  ] as const) {
    const registers = { 5: integer(1n), 6: integer(1n) };
    expect(run("beq", registers, "rv64y", { rs1, rs2, imm: 8n }).target?.addr).toBe(0x8000_0008n);
    expect(run("bne", registers, "rv64y", { rs1, rs2, imm: 8n }).target).toBeUndefined();
  }
});

test("YPERMC of an illegal AP gives a legal one without tag", () => {
  const illegal = infinite(0n, R | W); // C needs R or W
  const result = run("ypermc", { 11: illegal, 12: integer(0n) }).registers.get(10)!;
  expect([result.tag, result.meta & C]).toEqual([0n, 0n]);
  expect(illegal.meta & C).toBe(C);
});

test("NULL covers all addresses and grants nothing, with Zylevels1 or without", () => {
  for (const isa of ["rv64y", "rv64y_zylevels1"]) {
    const read = (name: string): bigint | undefined =>
      run(name, { 11: integer(0x1234n) }, isa, { rs2: 0 }).registers.get(10)?.addr;
    const all = (1n << 64n) - 1n;
    expect([read("ybaser"), read("ytopr"), read("ylenr")]).toEqual([0n, all, all]);
    expect(read("ypermr")).toBe(isa === "rv64y" ? 0xf8_fc1cn : 0xf8_fc00n);
  }
});

test("without Zylevels1 YPERMC encodes LG and SL as 1, whatever they were", () => {
  const meta = (isa: string, before: bigint): bigint | undefined =>
    run("ypermc", { 11: { tag: 0n, meta: before, addr: 0n }, 12: integer(0n) }, isa).registers.get(10)?.meta;
  expect([meta("rv64y", 0n), meta("rv64y", R), meta("rv64y", LG)]).toEqual([LG | SL, R | LG | SL, LG | SL]);
  expect([meta("rv64y_zylevels1", 0n), meta("rv64y_zylevels1", R)]).toEqual([0n, R]);
});

test("without Zylevels1 YBLD wants LG and SL set", () => {
  const tag = (without: bigint, levels: boolean): bigint | undefined =>
    run(
      "ybld",
      { 11: infinite(0n, 0n, levels), 12: infinite(4n, without, levels) },
      levels ? "rv64y_zylevels1" : "rv64y",
    ).registers.get(10)?.tag;
  expect([tag(0n, false), tag(LG, false), tag(SL, false)]).toEqual([1n, 0n, 0n]);
  expect([tag(0n, true), tag(LG, true), tag(SL, true)]).toEqual([1n, 1n, 1n]);
  expect(AP.width).toBe(8);
});

test("xtval is the lowest byte of the access, and rs1 of a CBO", () => {
  const untagged = { 11: integer(0x1008n), 12: integer(0n) };
  expect(run("ly", untagged, "rv64y", { imm: 8n }).trap).toEqual({ cause: 33, tval: 0x1010n });
  expect(run("sb", untagged, "rv64y", { imm: 3n }).trap).toEqual({ cause: 34, tval: 0x100bn });
  expect(run("cbo.zero", untagged).trap).toEqual({ cause: 34, tval: 0x1008n });
});

test("the encoding reserved for unsealing by type is illegal", () => {
  const ysunseal = 0x0ec5_857b; // ysunseal a0, a1, a2
  const funct7 = 0x1f << 25;
  expect(decoderFor("rv64y")(ysunseal)?.insn.name).toBe("ysunseal");
  expect(decoderFor("rv64y")(((ysunseal & 0x01ff_ffff) | funct7) >>> 0)).toBeUndefined();
});

test("every row of the table of choices names a test that there is", () => {
  const table = readFileSync(new URL("../../docs/decisions/open-choices.md", import.meta.url), "utf8");
  const rows = [...table.matchAll(/`(test\/[\w/.-]+)`: (.*?) *\|$/gm)];
  expect(rows.length).toBe(table.split("\n").filter((line) => /^\| (?!choice|---)/.test(line)).length);
  for (const [, file, title] of rows) {
    expect(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")).toContain(`"${title}"`);
  }
});
