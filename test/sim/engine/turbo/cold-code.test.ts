// Cold code: who executes it, and when it is worth while to translate it, or to enter what is translated.
import { expect, test } from "vitest";
import type { MachineConfig } from "../../../../sim/config/machine.ts";
import type { Turbo } from "../../../../sim/engine/turbo/engine.ts";
import { createMachine } from "../../../../sim/machine/machine.ts";
import { HOT_ISA } from "../../../arbitrary/hot.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import type { Comparison } from "./timing.ts";
import { agree, type Case } from "./timed-cases.ts";

const core = configOf("cva6@1", [])!;

/** Interpreted in WebAssembly from the first instruction on. */
const run = (source: string, options: Case = {}): Comparison =>
  agree(source, { ramBytes: 2 ** 20, slices: [{ instructions: 1_600_000 }], interpretAfter: 0, ...options });

/** How many instructions each has executed; as the command line runs a program unless options say otherwise. */
function shares(
  source: string,
  instructions: number,
  options: { interpretAfter?: number; core?: MachineConfig } = { core },
): Pick<Turbo, "interpreted" | "translated"> {
  const image = program(source, HOT_ISA);
  const machine = createMachine({ isa: HOT_ISA, ramBytes: 2 ** 20, image, engine: "turbo", ...options });
  machine.run({ maxInstructions: instructions });
  return machine.engine as Turbo;
}

/** A loop whose turns each call another of so many functions, which take as many instructions. */
const inTurns = (turns: number, functions: number, length: number): string =>
  `li s1, ${turns}\n la s0, functions\n la s3, end\n mv s2, s0\n 1: jalr ra, (s2)\n li t0, ${4 * (length + 1)}\n add s2, s2, t0
   bltu s2, s3, 2f\n mv s2, s0\n 2: addi s1, s1, -1\n bnez s1, 1b\n ${PASS}
   .option norvc\n functions: .rept ${functions}\n .rept ${length}\n addi a0, a0, 1\n .endr\n ret\n .endr\n end:`;

test("instructions are interpreted in WebAssembly when they are executed for the first time", () => {
  const { interpreted, instructions } = run(`.rept 3000\n addi a0, a0, 1\n .endr\n ${PASS}`);
  expect(interpreted).toBeGreaterThan(3000);
  expect(instructions - interpreted).toBeLessThan(20);
});

test("JavaScript executes the first instructions of a program, translated ones not counted", () => {
  const loop = (turns: number): string => `li s1, ${turns}\n 1: addi a0, a0, 1\n addi s1, s1, -1\n bnez s1, 1b\n`;
  const cold = `.rept 400\n addi a0, a0, 1\n .endr\n ${PASS}`;
  const after = { interpretAfter: 500, translateAfter: 20 };
  expect(run(`${loop(10_000)} ${cold}`, after).interpreted).toBe(0);
  expect(run(cold.repeat(2).replace(PASS, ""), after).interpreted).toBeGreaterThan(250);
});

test("a loop is never translated where that is said, however often it turns", () => {
  const { translated } = run("li s1, 150000\n 1: addi s1, s1, -1\n bnez s1, 1b", { translateAfter: Infinity });
  expect(translated).toBe(0);
});

test("a region that is soon left again for cold code is entered now and then", () => {
  // Each function is called 8 times, none of them is hot; without entering its region, the loop has 22,000 instructions.
  const { translated, interpreted } = run(inTurns(3200, 400, 3), { translateAfter: 100 });
  expect(translated).toBeGreaterThan(100);
  expect(translated).toBeLessThan(10_000);
  expect(interpreted).toBeGreaterThan(20_000);
});

test("a region that stays long is entered whenever it is come to, whatever it is left for", () => {
  const work = "li t1, 100\n 3: addi t1, t1, -1\n bnez t1, 3b\n";
  const source = inTurns(3200, 400, 3).replace("1: jalr", `1: ${work} jalr`);
  const { interpreted, instructions } = run(source, { translateAfter: 100 });
  expect(instructions).toBeGreaterThan(600_000);
  expect(interpreted).toBeLessThan(20_000);
});

test.each([
  ["a function that a hot loop seldom calls is translated when it is hot itself", 64, true],
  ["a function that a hot loop often calls is translated with it", 2, false],
])("%s", (_, every, isLeftOut) => {
  const source = `li s1, 2000\n 1: andi t0, s1, ${every - 1}\n bnez t0, 2f\n jal 3f\n 2: addi s1, s1, -1\n bnez s1, 1b\n ${PASS}
    3: .rept 100\n addi a0, a0, 1\n .endr\n ret`;
  const { interpreted } = run(source, { translateAfter: 64 });
  // The function has been called once, or 32 times, when the loop has turned 64 times.
  if (isLeftOut) expect(interpreted).toBeGreaterThan(2500);
  else expect(interpreted).toBeLessThan(4500);
});

test("a state to which a hot loop seldom jumps is translated with it", () => {
  // The loop has been in the state 36 times when it is hot, whose code translated code would come to 2,304 times more.
  const source = `li s1, 60000\n la s2, 3f\n 1: andi t0, s1, 63\n bnez t0, 2f\n jr s2\n 2: addi s1, s1, -1\n bnez s1, 1b\n ${PASS}
    3: .rept 600\n addi a0, a0, 1\n .endr\n j 2b`;
  const { interpreted } = run(source, { translateAfter: 2304 });
  expect(interpreted).toBeGreaterThan(36 * 600);
  expect(interpreted).toBeLessThan(40_000);
});

test("a function that translated code calls is hot sooner than one that is called by the interpreter", () => {
  // The loop takes 720,000 instructions until it is translated. From the 11,000th turn on it calls a function.
  const source = `li s1, 14000\n li s2, 3000\n 1: .rept 200\n addi a1, a1, 1\n .endr\n bgt s1, s2, 2f\n jal 3f\n 2: addi s1, s1, -1\n bnez s1, 1b
    ${PASS}\n 3: .rept 100\n addi a0, a0, 1\n .endr\n ret`;
  const { interpreted, translated } = shares(source, 4_000_000, { core, interpretAfter: 0 });
  // Were it passed over like what is not called by translated code, 10,000 more.
  expect(interpreted).toBeGreaterThan(715_000);
  expect(interpreted).toBeLessThan(738_000);
  expect(translated).toBeGreaterThan(2_000_000);
});

test.each([
  ["with timing, a loop of 120,000 turns is translated in a small program", 2, core, true],
  ["with timing, it is not translated in a program of 20 pages of code", 20, core, false],
  ["without timing, it is translated in a program of 20 pages of code", 20, undefined, true],
])("%s", (_, pages, timing, isTranslated) => {
  const source = `.option norvc\n .rept ${pages - 1}\n j 1f\n .zero 4092\n 1:\n .endr\n li s1, 120000
    2: addi a0, a0, 1\n addi s1, s1, -1\n bnez s1, 2b\n ${PASS}`;
  const { translated } = shares(source, 1_000_000, { interpretAfter: 0, ...(timing && { core: timing }) });
  expect(translated > 0).toBe(isTranslated);
});

test.each([
  ["with timing, a loop of 40 instructions is not translated within 196,608", 40, 196_608, core, false],
  [
    "with timing, a loop of 40 instructions turns a quarter as often as makes it hot from then on",
    40,
    215_000,
    core,
    false,
  ],
  ["with timing, a loop of 40 instructions is translated before 250,000", 40, 250_000, core, true],
  ["with timing, a loop of 250 instructions is not translated within 1.1 million", 250, 1_100_000, core, false],
  ["with timing, a loop of 250 instructions is translated before 1.4 million", 250, 1_400_000, core, true],
  ["with timing, a loop of 600 instructions is not translated within 4 million", 600, 4_000_000, core, false],
  ["with timing, a loop of 600 instructions lacks a quarter of its turns then", 600, 4_400_000, core, false],
  ["with timing, a loop of 600 instructions is translated before 5 million", 600, 5_000_000, core, true],
  ["with timing, a loop of 2,000 instructions is not translated within 6 million", 2000, 6_000_000, core, false],
  ["without timing, a loop of 40 instructions is translated when it is hot", 40, 100_000, undefined, true],
])("%s", (_, length, instructions, timing, isTranslated) => {
  const source = `1: .rept ${length - 1}\n addi a0, a0, 1\n .endr\n j 1b`;
  const { translated } = shares(source, instructions, { interpretAfter: 0, ...(timing && { core: timing }) });
  expect(translated > 0).toBe(isTranslated);
});

test("code that is seldom jumped to makes other code wait no longer", () => {
  const seldom = `.rept 30\n jal 9f\n .endr\n j 8f\n 9: .rept 600\n addi a1, a1, 1\n .endr\n ret\n 8:`;
  const source = `${seldom}\n li s1, 12000\n 1: .rept 40\n addi a0, a0, 1\n .endr\n addi s1, s1, -1\n bnez s1, 1b\n ${PASS}`;
  expect(shares(source, 1_000_000).translated).toBeGreaterThan(150_000);
  expect(shares(source.replace("rept 30", "rept 40"), 1_000_000).translated).toBe(0);
});

test("where many pages have warm code, as many instructions are warm as some of the pages tell", () => {
  // 640 instructions of 16 pages make a loop wait for 4.2 million: those that are counted, for one; all of them so often, for six.
  const source = `.option norvc\n li s1, 40\n 1: jal 2f\n addi s1, s1, -1\n bnez s1, 1b\n 3: addi a0, a0, 1\n addi a0, a0, 1\n j 3b
    .balign 4096\n 2: .rept 16\n .rept 39\n addi a1, a1, 1\n .endr\n j 4f\n .balign 4096\n 4:\n .endr\n ret`;
  expect(shares(source, 4_000_000).translated).toBe(0);
  expect(shares(source, 5_500_000).translated).toBeGreaterThan(0);
});

test("how much code is warm is not counted again until a quarter more has been executed", () => {
  const loop = (label: number, turns: number): string =>
    `li s1, ${turns}\n ${label}: .rept 40\n addi a0, a0, 1\n .endr\n addi s1, s1, -1\n bnez s1, ${label}b\n`;
  const warm = "li s1, 40\n 3: .rept 600\n addi a1, a1, 1\n .endr\n addi s1, s1, -1\n beqz s1, 4f\n j 3b\n 4:\n";
  const source = `${loop(1, 24_000)} ${loop(2, 2500)} ${warm} ${loop(5, 4000)} ${PASS}`;
  // It is counted at 1.1 million, for the second loop. The third is hot at 1.23 million: were it to wait, 70,000 more would be interpreted.
  expect(shares(source, 4_000_000, { core, interpretAfter: 0 }).interpreted).toBeLessThan(480_000);
});

test("however much code is warm, a loop waits for 16.8 million instructions at most", () => {
  const source = `li s1, 60\n 1: .rept 12000\n addi a0, a0, 1\n .endr\n addi s1, s1, -1\n beqz s1, 2f\n j 1b
    2: .rept 40\n addi a0, a0, 1\n .endr\n j 2b`;
  expect(shares(source, 16_000_000).translated).toBe(0);
  expect(shares(source, 18_000_000).translated).toBeGreaterThan(0);
});

test("what is translated is entered while all other code waits, and from then on", () => {
  // Two fifths of the second loop are turns of the first, which is translated by then. The rest is hot after 2.6 million instructions, and waits.
  const source = `jal 1f\n 2: .rept 600\n addi a1, a1, 1\n .endr\n li s1, 10\n jal 3f\n j 2b
    1: li s1, 10000\n 3: .rept 40\n addi a0, a0, 1\n .endr\n addi s1, s1, -1\n bnez s1, 3b\n ret`;
  const { interpreted, translated } = shares(source, 4_000_000, { core, interpretAfter: 0 });
  expect(interpreted).toBeGreaterThan(2_250_000);
  expect(translated).toBeGreaterThan(1_550_000);
  // And when the wait is over: else 56,000 more are interpreted until it is hot again.
  expect(shares(source, 5_000_000, { core, interpretAfter: 0 }).interpreted).toBeLessThan(2_500_000);
});

test("where nothing is translated, a loop that is left in each turn for cold code is hot after more turns than one that goes on", () => {
  const left = inTurns(1e6, 600, 3).replace("1: jalr", "1: .rept 30\n addi a1, a1, 1\n .endr\n jalr");
  expect(shares(left, 6_000_000).translated).toBe(0);
  expect(shares(left, 8_500_000).translated).toBeGreaterThan(0);
  const goesOn = left.replace("jalr", "bltu s3, s2, 1b\n jalr");
  expect(shares(goesOn, 250_000).translated).toBeGreaterThan(0);
});

test("of small loops, the smaller one turns more often before it is translated", () => {
  // The interpreter has begun for what comes before.
  const turning = (turns: number, length: number): boolean => {
    const loop = `li s1, ${turns}\n 1: .rept ${length}\n addi a0, a0, 1\n .endr\n addi s1, s1, -1\n bnez s1, 1b`;
    return shares(`.rept 1100\n addi a0, a0, 1\n .endr\n ${loop}\n ${PASS}`, 1_000_000).translated > 0;
  };
  expect([turning(5000, 40), turning(18_000, 8), turning(26_000, 8)]).toEqual([true, false, true]);
});
