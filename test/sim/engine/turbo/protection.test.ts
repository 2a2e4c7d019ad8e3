// PMP entries that cover part of a page which generated code executes or accesses, opened and closed while it is hot.
import { describe, test } from "vitest";
import { PASS } from "../../../drivers/machine.ts";
import { enter, IDENTITY } from "./supervised.ts";
import { alike } from "./timed-cases.ts";

const BYTES = 64;
const PAGE = 0x8000_4000;
const GUARDED = PAGE + 5 * BYTES;
const [R, W, X, NAPOT] = [1, 2, 4, 3 << 3];
const OPEN = NAPOT | R | W | X;

/**
 * S-mode runs `body`. ECALL turns entry 0, which forbids something to BYTES in the middle of a page, on and off; entry 1 opens
 * everything. A trap is counted in s11 and returns to where `s10` says, or behind the instruction where that is 0.
 */
const supervised = (forbidden: number, body: string, guarded = "", translation = ""): string => `
  la t0, handler
  csrw mtvec, t0
  li t0, ${(GUARDED + BYTES / 2 - 1) >>> 2}
  csrw pmpaddr0, t0
  li t0, -1
  csrw pmpaddr1, t0
  li s8, ${OPEN << 8}
  li s9, ${OPEN ^ forbidden}
  csrw pmpcfg0, s8
  ${translation}
  ${enter("S", "body")}
  .balign 4
handler:
  csrr t6, mepc
  addi t6, t6, 4
  csrr t5, mcause
  slli s11, s11, 1
  add s11, s11, t5
  addi t5, t5, -9
  bnez t5, 1f
  xor s8, s8, s9
  csrw pmpcfg0, s8
  csrw mepc, t6
  mret
1: beqz s10, 2f
  mv t6, s10
2: csrw mepc, t6
  mret
  .option norvc
body:
  ${body}
  ${PASS}
  .balign ${PAGE - 0x8000_0000}
page: .zero ${GUARDED - PAGE - 8}
${guarded}`;

const WAYS = [
  ["untimed, physical", { preset: null }, ""],
  ["timed, physical", {}, ""],
  ["timed, translated", { preset: "rocket@1" }, IDENTITY],
] as const;

describe.each(WAYS)("%s", (_, options, translation) => {
  test.each([
    ["loads", R],
    ["stores", W],
    ["loads and stores", R | W],
  ])("where an entry forbids %s, they fault as long as it does, and beside it they go on", (_title, forbidden) => {
    const places = [-8, -4, 0, BYTES - 8, BYTES - 4, BYTES];
    const accesses = places.flatMap((at) => [`ld a0, ${at}(s0)`, "add a1, a1, a0", `sd a1, ${at}(s0)`]);
    alike(
      supervised(
        forbidden,
        `li s0, ${GUARDED}\n li s1, 90\n again: ${accesses.join("\n")}
        andi t0, s1, 7\n bnez t0, 1f\n ecall\n 1: addi s1, s1, -1\n bnez s1, again`,
        "",
        translation,
      ),
      options,
    );
  });

  test("where an entry forbids execution, calls and code that runs into it fault as long as it does", () => {
    // The function begins before the entry, has an instruction across its first byte, and ends behind it.
    const code = `
      f: addi a0, a0, 1
      .option rvc
      c.addi a0, 2
      .option norvc
      xori a0, a0, 0x55
      ${"addi a0, a0, 3\n slli a1, a0, 1\n xor a0, a0, a1\n".repeat(6)}
      beqz zero, g
      .balign 64
      g: addi a2, a2, 5
      ret`;
    alike(
      supervised(
        X,
        `li s1, 120\n again: la s10, 2f\n call f\n 2: call g\n la s10, 3f\n la t0, f+30\n jalr t0
        3: andi t0, s1, 7\n bnez t0, 1f\n ecall\n 1: addi s1, s1, -1\n bnez s1, again`,
        code,
        translation,
      ),
      options,
    );
  });
});
