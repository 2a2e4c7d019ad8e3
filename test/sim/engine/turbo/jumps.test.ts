// Jumps to a register: what is remembered of where they led, and what regions do that follow them there.
import { expect, test } from "vitest";
import { Jumps } from "../../../../sim/engine/turbo/jumps.ts";
import { PASS } from "../../../drivers/machine.ts";
import { alike } from "./timed-cases.ts";

test("a jump's targets come in the order of how often it led to them, others' apart", () => {
  const jumps = new Jumps();
  for (const target of [8n, 4n, 2n, 4n, 4n, 2n]) jumps.note(100n, target);
  jumps.note(102n, 6n);
  expect(jumps.targets(100n)).toEqual([4n, 2n, 8n]);
  expect(jumps.targets(102n)).toEqual([6n]);
  expect(jumps.targets(104n)).toEqual([]);
});

test("of a jump to very many places, the first ones are remembered", () => {
  const jumps = new Jumps();
  for (let target = 0n; target < 1000n; target += 2n) jumps.note(100n, target);
  expect(jumps.targets(100n)).toEqual(Array.from({ length: 64 }, (_, i) => BigInt(2 * i)));
});

/** A loop that jumps through a table to one of `ways` pieces of code, each of another length. A jump through t0 would be a return. */
const ways = (count: number, jump: string): string => {
  const way = (n: number): string =>
    `w${n}: ${"addi a0, a0, 3\n".repeat(n % 5)} mul a0, a0, s1\n ${jump === "jr" ? "j after" : "ret"}\n`;
  return `
    la s0, table\n li s1, 1500\n li s2, ${count}
    again: mul t0, s1, s1\n srli t1, t0, 3\n add t0, t0, t1\n remu t0, t0, s2\n slli t0, t0, 3\n add t0, t0, s0\n ld a2, 0(t0)
    ${jump} a2\n after: addi s1, s1, -1\n bnez s1, again\n ${PASS}
    ${Array.from({ length: count }, (_, n) => way(n)).join("")}
    .balign 8\n table: ${Array.from({ length: count }, (_, n) => `.dword w${n}\n`).join("")}`;
};

test.each([
  ["jalr", 3, "cva6@1"],
  ["jr", 3, "rocket@1"],
  ["jalr", 30, "server@1"],
  ["jr", 90, "cva6@1"],
])("%s to %i places takes the same cycles (%s)", (jump, count, preset) => {
  alike(ways(count, jump), {
    ...{ preset, translateAfter: 200 },
    slices: [{ instructions: 1e6 }, { again: true }, { cycles: 777 }],
  });
});

test("a jump may lead to the first instruction of a page, which the interpreter has to execute", () => {
  alike(
    `la a2, away\n li s1, 200\n again: jalr ra, (a2)\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
    .balign 4096\n away: csrrc a3, pmpcfg0, zero\n addi a0, a0, 1\n ret`,
    { translateAfter: 20 },
  );
});
