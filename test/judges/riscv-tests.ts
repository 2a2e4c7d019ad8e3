// The official riscv-tests as a judge: runs ELF programs of a folder and counts, suite by suite, which pass.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isElf, readElf } from "../../isa/elf.ts";
import { formatDiagnostic } from "../../isa/diagnostic.ts";
import { createMachine, imageMisfit, type Stop } from "../../sim/machine/machine.ts";

/** Everything that the suites below test, on an integer base; F and D are not implemented. */
export const RISCV_TESTS_ISA = "rv64imac_zicsr_zifencei_zba_zbb_zbs_zicond_zicbom_zicboz_zicbop";
/** `rv64ui-p-add`: suite, environment, test. */
const NAME = /^(rv64\w+)-([pv])-([\w.-]+)$/;
/** Suites of extensions that meshsim lacks. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  rv64uf: "F is not implemented",
  rv64ud: "D is not implemented",
  rv64uzfh: "Zfh is not implemented",
  rv64uzbc: "Zbc is not implemented",
  rv64uzbkb: "Zbkb is not implemented",
  rv64uzbkx: "Zbkx is not implemented",
  rv64up: "P is not implemented",
  rv64uziccid: "Ziccid is not implemented",
  rv64ssvnapot: "Svnapot is not implemented",
};

/** The link script of the virtual-memory environment ends within the first 2 MiB of RAM; it uses pages behind its end. */
const RAM_BYTES = 16 << 20;
/** Thirty times what the longest test retires. */
const MAX_INSTRUCTIONS = 5_000_000;

export interface Program {
  readonly name: string;
  readonly suite: string;
  readonly environment: string;
}

export interface Outcome extends Program {
  readonly kind: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason: string;
}

/** The programs of a folder, by their names; other files (dumps, objects) are passed over. */
export function programsOf(folder: string): Program[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const [, suite, environment] = name.includes(".dump") ? [] : (NAME.exec(name) ?? []);
      return suite === undefined || environment === undefined ? [] : [{ name, suite, environment }];
    });
}

/** Runs one program to its end; a test says through HTIF whether it passed, or which of its cases failed. */
export function runProgram(folder: string, program: Program, isa = RISCV_TESTS_ISA): Outcome {
  const skipped = UNSUPPORTED[program.suite];
  if (skipped !== undefined) return { ...program, kind: "skipped", reason: skipped };
  const reason = failureOf(join(folder, program.name), isa);
  return { ...program, kind: reason === undefined ? "passed" : "failed", reason: reason ?? "" };
}

/** Why a program fails; undefined where it passes. */
function failureOf(path: string, isa: string): string | undefined {
  const bytes = readFileSync(path);
  if (!isElf(bytes)) return "is no ELF file";
  const reading = readElf(bytes, path);
  if (reading.kind === "diagnostics") return reading.diagnostics.map(formatDiagnostic).join("; ");
  const misfit = imageMisfit(reading.image, RAM_BYTES);
  if (misfit !== undefined) return misfit;
  const machine = createMachine({ isa, ramBytes: RAM_BYTES, image: reading.image });
  return stopText(machine.run({ maxInstructions: MAX_INSTRUCTIONS }));
}

function stopText(stop: Stop): string | undefined {
  switch (stop.kind) {
    case "exit":
      return stop.status === 0 ? undefined : `test case ${stop.status} fails`;
    case "wedge":
      return `traps for ever: cause ${stop.origin.cause} at pc ${stop.origin.pc}, value ${stop.origin.tval}`;
    case "asleep":
      return `sleeps for ever at pc ${stop.pc}`;
    case "limit":
      return `does not end within ${MAX_INSTRUCTIONS} instructions`;
  }
}

/** The table of outcomes: a line for each suite and environment, then what failed. */
export function outcomeTable(outcomes: readonly Outcome[]): string[] {
  const suites = new Map<string, Outcome[]>();
  for (const o of outcomes) {
    const key = `${o.suite}-${o.environment}`;
    suites.set(key, [...(suites.get(key) ?? []), o]);
  }
  const row = (cells: readonly (string | number)[]): string =>
    String(cells[0]).padEnd(16) +
    cells
      .slice(1, 4)
      .map((c) => String(c).padStart(8))
      .join("") +
    `  ${cells[4]}`.trimEnd();
  const count = (of: readonly Outcome[], kind: Outcome["kind"]): number => of.filter((o) => o.kind === kind).length;
  const counts = (of: readonly Outcome[]): number[] =>
    (["passed", "failed", "skipped"] as const).map((k) => count(of, k));
  return [
    row(["suite", "passed", "failed", "skipped", ""]),
    ...[...suites].map(([key, of]) => row([key, ...counts(of), of.find((o) => o.kind === "skipped")?.reason ?? ""])),
    row(["total", ...counts(outcomes), ""]),
    ...outcomes.filter((o) => o.kind === "failed").map((o) => `FAILED ${o.name}: ${o.reason}`),
  ];
}
