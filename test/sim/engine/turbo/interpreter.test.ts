// The interpreter in WebAssembly: what it goes through ends as on the reference engine, at whatever cycle it is left.
import { describe, expect, test } from "vitest";
import { OPERATION, MAX_DECODED_PAGES } from "../../../../sim/engine/turbo/layout.ts";
import { PASS, passThrough } from "../../../drivers/machine.ts";
import { compareTimed, type Comparison } from "./timing.ts";
import { agree, type Case } from "./timed-cases.ts";
import { hotRun } from "./timing-programs.ts";

/** From the first instruction on, and nothing else. */
const INTERPRETED = { interpretAfter: 0, translateAfter: Infinity } as const;
const RUNS = 12;

/** Without timing, where a case says nothing else. */
const interpreted = (source: string, options: Case = {}): Comparison =>
  agree(source, { preset: null, slices: [{ instructions: 400_000 }], ...INTERPRETED, ...options });

test("random programs on random machines take the same time for the same reasons", () => {
  let instructions = 0;
  for (let index = 0; index < RUNS; index += 1) {
    const { run } = hotRun(2611, index);
    const comparison = compareTimed({ ...run, ...INTERPRETED });
    expect(comparison.found, `run ${index}`).toBeUndefined();
    expect(comparison.translated).toBe(0);
    instructions += comparison.interpreted;
  }
  expect(instructions).toBeGreaterThan(RUNS * 1000);
});

describe.each([["cva6@1"], ["server@1"], [null]])("with the timing of %s", (preset) => {
  test("a loop of loads, stores, calls and branches can be left at each cycle", () => {
    const source = `la s0, word\n li s1, 40\n 1: ld a0, (s0)\n addi a0, a0, 1\n sd a0, (s0)\n jal 2f\n addi s1, s1, -1\n bnez s1, 1b
      ${PASS}\n 2: mul a1, a0, a0\n beqz a1, 2b\n ret\n .balign 8\n word: .dword 0`;
    const slices = Array.from({ length: 300 }, () => ({ cycles: 1 }));
    const { interpreted: instructions } = interpreted(source, { slices, preset });
    expect(instructions).toBeGreaterThan(50);
  });

  test("code that it has interpreted is translated when it is hot, behind jumps to wherever registers say, too", () => {
    const source = `la s0, table\n li s1, 3000\n 1: andi a0, s1, 3\n slli a0, a0, 3\n add a0, a0, s0\n ld a0, (a0)\n jr a0
      2: addi s2, s2, 1\n j 6f\n 3: addi s2, s2, 2\n j 6f\n 4: addi s2, s2, 3\n j 6f\n 5: addi s2, s2, 4
      6: addi s1, s1, -1\n bnez s1, 1b\n ${PASS}\n .balign 8\n table: .dword 2b, 3b, 4b, 5b`;
    const run = interpreted(source, { translateAfter: 100, preset });
    expect(run.interpreted).toBeGreaterThan(400);
    // Who does not hear of those jumps interprets 1443 instructions: each place that they lead to has to be hot by itself.
    expect(run.interpreted).toBeLessThan(1000);
    expect(run.translated).toBeGreaterThan(10_000);
  });
});

test("more pages of code than are kept decoded are gone through again and again", () => {
  const pages = MAX_DECODED_PAGES + 20;
  const source = `li s1, 4\n 1: la t0, pages\n li s2, ${pages}\n 2: jalr ra, (t0)\n li t1, 4096\n add t0, t0, t1\n addi s2, s2, -1\n bnez s2, 2b
    addi s1, s1, -1\n bnez s1, 1b\n ${PASS}
    .balign 4096\n pages: .rept ${pages}\n addi s3, s3, 1\n addi s4, s4, 3\n ret\n .balign 4096\n .endr`;
  const run = interpreted(source, { ramBytes: (pages + 8) * 4096 });
  expect(run.interpreted).toBeGreaterThan(4 * pages);
});

/** More different instructions than there are records of. */
const MANY = Array.from(
  { length: (1 << OPERATION.indexBits) + 100 },
  (_, i) => `${["addi", "xori", "ori"][i % 3]} x${5 + (Math.floor(i / 3) % 27)}, x0, ${Math.floor(i / 81) - 2048}`,
).join("\n");
const WIDE = "rv64ima_zicsr_zifencei";

test("more different instructions than there are records of leave room for others", () => {
  const source = `li s1, 10\n 1: addi s1, s1, -1\n bnez s1, 1b\n ${MANY}\n li s1, 500\n 2: addi s1, s1, -1\n bnez s1, 2b\n ${PASS}`;
  expect(interpreted(source, { isa: WIDE, ramBytes: 2 ** 21 }).interpreted).toBeGreaterThan(900);
});

test("code is hot though its records have been forgotten meanwhile", () => {
  const source = `la x3, turns\n la x2, 1f\n 1: ${MANY}\n ld x4, 0(x3)\n addi x4, x4, -1\n sd x4, 0(x3)\n beqz x4, 2f\n jr x2\n 2: ${PASS}\n .balign 64\n turns: .dword 5`;
  const run = interpreted(source, {
    isa: WIDE,
    ramBytes: 2 ** 21,
    slices: [{ instructions: 2_000_000 }],
    translateAfter: 3,
  });
  expect(run.translated).toBeGreaterThan(0);
});

test("a store to code that it has gone through is seen by the next instruction", () => {
  const source = `la s0, 2f\n la s1, 3f\n lw s1, (s1)\n li s2, 20\n 1: addi s2, s2, -1\n li t0, 10\n bne s2, t0, 2f\n sw s1, (s0)
    .option norvc\n 2: addi s3, s3, 1\n bnez s2, 1b\n ${PASS}\n 3: addi s3, s3, 100`;
  expect(interpreted(source).interpreted).toBeGreaterThan(50);
});

test("capabilities that it stores are known to the tag table", () => {
  const sets = [
    "tagCache.table=root-and-leaves",
    "tagCache.groupBytes=128",
    "l1d.sizeBytes=1024",
    "l1d.ways=2",
    "l2.sizeBytes=4096",
    "l2.ways=2",
  ];
  const run = interpreted(
    `auipc s0, 0\n li s1, 300\n lui s6, 2\n yadd s2, s0, s6\n again: yaddi s2, s2, 192\n sy s0, 0(s2)\n ly a2, 0(s2)
    addi s1, s1, -1\n bnez s1, again\n ${passThrough("s0")}`,
    { isa: "rv64y", preset: "rocket@1", sets },
  );
  expect(run.interpreted).toBeGreaterThan(1000);
});
