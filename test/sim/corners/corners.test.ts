// Corner cases that were derived by hand from the standard's text: each program checks itself and ends with 0, or a line's number.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { load } from "../../drivers/machine.ts";

const CAPABILITY = "rv64ymac_zicsr_zifencei_zicbom_zicboz_zicbop_zba_zbb_zbs_zicond";
const INTEGER = "rv64imac_zicsr_zifencei_zicbom_zicboz_zicbop_zba_zbb_zbs_zicond";
const MAX_INSTRUCTIONS = 20_000;

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`${name}.S`, import.meta.url)), "utf8").trimEnd();

/** Gives each check the number of its line. */
const numbered = (text: string): string =>
  text
    .split("\n")
    .map((line, i) => line.replace(/^ +(?:EQ|TAG|TYPE|MOVED|TRAP|NOTRAP) /, (check) => `${check}${i + 1}, `))
    .join("\n");

/** How a program ends: "passed", the check that failed, or a stop that no check made. */
function outcome(name: string, frame: string, isa: string): string {
  const text = read(name);
  const { machine } = load(`${read("checks")}\n${read(frame)}\n${numbered(text)}\n j pass\n`, { isa });
  const stop = machine.run({ maxInstructions: MAX_INSTRUCTIONS });
  if (stop.kind !== "exit") return JSON.stringify(stop);
  if (stop.status === 0) return "passed";
  return `${name}.S:${stop.status}: ${text.split("\n")[stop.status - 1]?.trim()}`;
}

test.each(["jumps", "bounds", "building", "memory", "registers"])("a capability hart: %s", (name) => {
  expect(outcome(name, "frame-capability", CAPABILITY)).toBe("passed");
});

test("an integer hart: privilege", () => {
  expect(outcome("privilege", "frame-integer", INTEGER)).toBe("passed");
});

test("a check that fails is told by its line", () => {
  const program = `${read("checks")}\n${read("frame-capability")}\n${numbered("\n\n        EQ s11, 5\n")}\n j pass\n`;
  const { machine } = load(program, { isa: CAPABILITY });
  expect(machine.run({ maxInstructions: MAX_INSTRUCTIONS })).toEqual({ kind: "exit", status: 3 });
});
