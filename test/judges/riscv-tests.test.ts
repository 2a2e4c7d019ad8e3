// The judge of riscv-tests: it must find programs by name, tell passing from failing, and run the official ones where they are.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeElf } from "../../isa/elf.ts";
import { inFolder } from "../drivers/cli.ts";
import { program } from "../drivers/machine.ts";
import { outcomeTable, programsOf, runProgram } from "./riscv-tests.ts";

/** A program that ends as a riscv-test does: 1 in tohost where it passed, else twice the number of its case and 1. */
const ending = (tohost: number): Uint8Array =>
  writeElf(
    program(
      ` li t0, ${tohost}\n la t1, tohost\n sd t0, 0(t1)\n j .\n .data\n .globl tohost\n .align 6\ntohost: .dword 0\n`,
    ),
  );

function table(files: Readonly<Record<string, string | Uint8Array>>): string[] {
  return inFolder((folder) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return outcomeTable(programsOf(folder).map((p) => runProgram(folder, p)));
  });
}

test("a suite is counted by environment, and each failure says why", () => {
  const files = {
    ...{ "rv64ui-p-add": ending(1), "rv64ui-p-sub": ending(2 * 7 + 1), "rv64ui-v-add": ending(1) },
    ...{ "rv64ui-p-add.dump": "text", "add.o": "object", "rv64mi-p-csr": "no ELF", "rv64ud-p-fadd": ending(1) },
  };
  expect(table(files)).toEqual([
    "suite             passed  failed skipped",
    "rv64mi-p               0       1       0",
    "rv64ud-p               0       0       1  D is not implemented",
    "rv64ui-p               1       1       0",
    "rv64ui-v               1       0       0",
    "total                  2       2       1",
    "FAILED rv64mi-p-csr: is no ELF file",
    "FAILED rv64ui-p-sub: test case 7 fails",
  ]);
});

test("a program is run on the machine that is asked for", () => {
  const folder = (isa?: string): string[] =>
    inFolder((path) => {
      const image = program(
        ` la t1, over\n csrw mtvec, t1\n csrr a0, ddc\n li t0, 1\nover: slli t0, t0, 0\n la t1, tohost\n sd t0, 0(t1)\n j .\n .data\n .globl tohost\n .align 6\ntohost: .dword 0\n`,
      );
      writeFileSync(join(path, "rv64ui-p-ddc"), writeElf(image));
      return outcomeTable(programsOf(path).map((p) => runProgram(path, p, isa)));
    });
  expect(folder("rv64y_zyhybrid")[1]).toMatch(/rv64ui-p +1 +0/);
  expect(folder()[1]).toMatch(/rv64ui-p +0 +1/);
});

test("a program that traps for ever, or never ends, fails", () => {
  const wild = writeElf(program(" csrw mtvec, zero\n ebreak\n"));
  expect(table({ "rv64ui-p-wild": wild }).at(-1)).toMatch(
    /^FAILED rv64ui-p-wild: traps for ever: cause 3 at pc 0x80000004/,
  );
  expect(table({ "rv64ui-p-endless": writeElf(program(" wfi\n")) }).at(-1)).toMatch(/FAILED rv64ui-p-endless/);
});
