// The generated pages: they are what the records say, and they say what a reader looks for.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CSRS } from "../../isa/csr.ts";
import { insn } from "../../isa/insn.ts";
import { allInstructions } from "../../isa/table.ts";
import { machineParams } from "../../sim/config/machine.ts";
import { flatten } from "../../sim/config/params.ts";
import { csrPage } from "./csr.ts";
import { isaPage } from "./isa.ts";
import { operationOf, specialZeros } from "./operation.ts";
import { PAGE_PATHS, pageText } from "./pages.ts";
import { parametersPage } from "./parameters.ts";

test.each(PAGE_PATHS)("%s is what npm run docs writes", async (path) => {
  const committed = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  expect(committed, "stale: npm run docs").toBe(await pageText(path));
});

test("every instruction has a section, every CSR and every parameter a row", () => {
  const sections = isaPage().match(/^### .*/gm);
  expect(sections?.sort()).toEqual(
    allInstructions()
      .map((f) => `### ${f.insn.name}`)
      .sort(),
  );
  const csrs = csrPage();
  expect(CSRS.filter((c) => !/\d$/.test(c.name) && !csrs.includes(`\`${c.name}\``))).toEqual([]);
  const parameters = parametersPage();
  expect(flatten(machineParams).filter(([key]) => parameters.split(`| \`${key}\` |`).length !== 3)).toEqual([]);
});

const INTEGER = { capabilityMode: false, zylevels1: false, zyhybrid: false };
const CAPABILITY = { capabilityMode: true, zylevels1: false, zyhybrid: false };
const named = (name: string): ReturnType<typeof insn> => allInstructions().find((f) => f.insn.name === name)!.insn;
const lines = (name: string, variant = INTEGER): readonly string[] => operationOf(named(name), variant).lines;

describe("an operation", () => {
  test("is written with the names of the operands", () => {
    expect(lines("add")).toEqual(["X(rd) ← X(rs1) + X(rs2)"]);
    expect(lines("andi")).toEqual(["X(rd) ← X(rs1) & imm"]);
    expect(lines("sd")).toEqual(["M64(X(rs1) + imm) ← X(rs2)"]);
    expect(lines("blt")).toEqual(["if X(rs1) <s X(rs2): jump to pc + imm"]);
    expect(lines("c.addi4spn")).toEqual(["X(rd) ← X(sp) + uimm"]);
  });

  test("has brackets where an operator binds looser, or readers might think so", () => {
    const of = (exec: Parameters<typeof insn>[0]["exec"]): string =>
      operationOf(insn({ ...named("add"), bits: "0000000 rs2 rs1 000 rd 0110011", exec }), INTEGER).lines.join();
    expect(of((m, o) => m.setX(Number(o["rd"]), m.mul(m.add(m.pc, m.pc), m.pc)))).toContain("(pc + pc) × pc");
    expect(of((m, o) => m.setX(Number(o["rd"]), m.sub(m.pc, m.sub(m.pc, m.pc))))).toContain("pc - (pc - pc)");
    expect(of((m, o) => m.setX(Number(o["rd"]), m.eq(m.and(m.pc, m.pc), m.pc)))).toContain("(pc & pc) == pc");
  });

  test("names once what it needs twice", () => {
    expect(lines("sy", CAPABILITY)[0]).toBe("t1 = X(rs1) + imm");
    expect(lines("yaddrw", CAPABILITY).join()).toContain("base(Y(rs1).metadata, X(rs2)) == base(Y(rs1))");
  });

  test("has the faults of its traps and of its accesses", () => {
    expect(operationOf(named("lw"), INTEGER).faults).toEqual([4, 5, 13]);
    expect(operationOf(named("lw"), CAPABILITY).faults).toEqual([4, 5, 13, 33]);
    expect(operationOf(named("sy"), CAPABILITY).faults).toEqual([7, 15, 34, 36]);
  });

  test("is given again for an operand of 0 exactly where the meaning looks at the number", () => {
    expect(specialZeros(named("csrrs"), INTEGER)).toEqual(["rs1"]);
    expect(specialZeros(named("jalr"), CAPABILITY)).toEqual(["imm"]);
    for (const name of ["add", "addi", "ly", "c.beqz", "czero.eqz"])
      expect(specialZeros(named(name), CAPABILITY)).toEqual([]);
  });
});
