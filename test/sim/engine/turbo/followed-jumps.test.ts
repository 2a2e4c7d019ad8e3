// Blocks that go on behind jumps and calls, at code that lies elsewhere.
import { describe, test } from "vitest";
import { PASS } from "../../../drivers/machine.ts";
import { alike } from "./timed-cases.ts";

const PRESETS = [null, "cva6@1", "rocket@1", "server@1"];
const cut = Array.from({ length: 60 }, (_, i) => ({ cycles: 40 + 37 * i, instructions: 1 + 13 * i }));

/** A loop whose turn is four stretches of code, behind jumps and a call, none of which lies behind the one before it. */
const scattered = (first: string, second: string, third: string): string => `
  la s0, words\n li s1, 200
  again: andi a2, s1, 7\n j first\n .balign 64
  third: ${third}\n addi s1, s1, -1\n bnez s1, again\n ${PASS} .balign 64
  second: ${second}\n mv a4, ra\n jal function\n mv ra, a4\n j third\n .balign 64
  function: add a1, a1, a0\n ret\n .balign 64
  first: ${first}\n j second
  .balign 4\n handler: csrr t5, mepc\n addi s11, s11, 1\n addi t5, t5, 4\n csrw mepc, t5\n mret
  .balign 8\n words: .dword 3, 5, 7, 9`;

describe.each(PRESETS)("on %s", (preset) => {
  const plain = scattered("ld a0, 0(s0)", "mul a0, a0, a2", "sd a0, 8(s0)");

  test("they take the same cycles, however runs are cut", () => {
    alike(plain, { preset });
    alike(plain, { preset, slices: cut });
  });

  test("lines that are late behind a jump are waited for", () => {
    alike(plain, { preset, sets: preset === null ? [] : ["l1i.sizeBytes=128", "l1i.lineBytes=64", "l1i.ways=1"] });
  });

  test.each([0, 1, 2])("a trap in stretch %i leaves what came before it done", (at) => {
    const traps = "mv s2, s0\n bnez a2, 1f\n li s2, 8\n 1: .option norvc\n ld a0, 0(s2)\n .option rvc";
    const [first, second, third] = [0, 1, 2].map((n) => (n === at ? traps : "addi a1, a1, 3"));
    alike(`la t0, handler\n csrw mtvec, t0\n ${scattered(first!, second!, third!)}`, { preset });
  });

  test.each([0, 1, 2])("code that changes in stretch %i is executed as it is then", (at) => {
    const changes =
      "bnez a2, 1f\n la s2, patch\n lw a5, 0(s2)\n li a6, 0x00100000\n xor a5, a5, a6\n sw a5, 0(s2)\n 1:";
    const patch = ".option norvc\n .balign 4\n patch: addi a1, a1, 2\n .option rvc";
    const [first, second, third] = [0, 1, 2].map((n) => (n === at ? patch : n === (at + 1) % 3 ? changes : "nop"));
    alike(scattered(first!, second!, third!), { preset });
  });
});

test("an instruction in two lines is fetched from both where a jump from the second leads to it", () => {
  alike(
    `li s1, 200\n j again\n .balign 16\n nop\n nop\n nop\n c.nop
    again: .option norvc\n addi a0, a0, 1\n .option rvc\n addi s1, s1, -1\n beqz s1, out\n j again\n out: ${PASS}`,
    { sets: ["l1i.lineBytes=16", "l1i.sizeBytes=1024", "l1i.ways=2"] },
  );
});

test("a call of what cannot follow in its block puts one return address on the stack", () => {
  alike(`li s1, 200\n again: jal outer\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
    outer: mv a4, ra\n jal inner\n mv ra, a4\n ret\n inner: rdinstret a5\n add a0, a0, a5\n ret`);
});

test("an instruction in two lines that are late is fetched from both whenever it is, with what came before it in its piece or not", () => {
  const twice = (label: string, before: number): string =>
    `.balign 128\n .rept ${31 - before}\n c.nop\n .endr\n ${label}: .rept ${before}\n c.addi a1, 1\n .endr
    .option norvc\n addi a0, a0, 1\n .option rvc`;
  // So many different pieces that transitions are computed in generated code.
  const pieces = Array.from({ length: 40 }, (_, i) => `.rept ${i}\n c.addi a2, 1\n .endr\n beqz s1, out\n`);
  alike(
    `li s1, 600\n j again\n ${twice("again", 0)}\n j second\n ${twice("second", 3)}\n ${pieces.join("")}
    addi s1, s1, -1\n beqz s1, out\n j again\n out: ${PASS}`,
    { sets: ["l1i.sizeBytes=128", "l1i.lineBytes=64", "l1i.ways=1"], slices: [{ instructions: 100_000 }] },
  );
});
