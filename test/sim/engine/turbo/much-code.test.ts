// Programs with more code than the turbo engine can keep, each in one respect: it makes room, and nothing else changes.
import { test } from "vitest";
import { MAX_ROWS } from "../../../../sim/engine/turbo/rows.ts";
import { ENTRY_SPREAD, TARGETS_BYTES } from "../../../../sim/engine/turbo/layout.ts";
import { PASS } from "../../../drivers/machine.ts";
import { alike } from "./timed-cases.ts";

const INSTRUCTIONS = 384;
const WHOLE = [{ instructions: 5_000_000 }];

/** Functions one behind another, each called twice, and all of them again. `s0` is somewhere in RAM. */
const many = (body: string, count: number): string => `
  la s0, words\n la s3, first\n la s4, second\n sub s5, s4, s3\n li s7, 2
3: mv s1, s3\n li s2, ${count}
4: jalr s1\n jalr s1\n add s1, s1, s5\n addi s2, s2, -1\n bnez s2, 4b\n addi s7, s7, -1\n bnez s7, 3b
  ${PASS}
  .balign 8\n words: .dword 1
  .option norvc\n first: ${body}\n second: .rept ${count - 1}\n ${body}\n .endr`;

const LOADS = `.rept ${INSTRUCTIONS}\n ld a1, 0(s0)\n .endr\n ret`;
const BRANCHES = `.rept ${INSTRUCTIONS}\n bnez zero, 5f\n .endr\n 5: ret`;
const SPAN = 0x7000;
const FAR_CALLS = `mv t3, ra\n jal 5f\n mv ra, t3\n ret\n .zero ${SPAN}\n 5: mv t4, ra\n jal 6f\n jr t4\n 6: addi a2, a2, 1\n ret`;

test.each([
  ["places of late accesses", LOADS, MAX_ROWS / INSTRUCTIONS],
  ["pieces", BRANCHES, MAX_ROWS / INSTRUCTIONS],
  ["tables of targets", FAR_CALLS, TARGETS_BYTES / (SPAN / 2)],
])("more %s than can be kept", (_, body, fitting) => {
  const count = Math.ceil(fitting) + 10;
  alike(many(body, count), { slices: WHOLE, ramBytes: 1 << 24 });
});

/** Distance of addresses that follow one another in the hash table of entries. */
const APART = ((): number => {
  for (let apart = 64; ; apart += 16) if (Math.abs(Math.imul(apart, ENTRY_SPREAD.pc)) < 1 << 13) return apart;
})();

test.each([2, 3, 5])("%i heads that share a place among the entries take turns", (count) => {
  const body = `addi a2, a2, 1\n xor a3, a3, a2\n sd a3, 0(s0)\n ret\n .zero ${APART - 16}`;
  const source = many(body, count).replace("li s7, 2", "li s7, 200");
  alike(source, { slices: WHOLE, ramBytes: 1 << 25 });
  alike(source, { slices: WHOLE, ramBytes: 1 << 25, preset: null });
});

test("code that calls the same functions from many places returns into the middle of regions", () => {
  const callers = 40;
  const filling = (n: number): string => `.rept 120\n addi a${n}, a${n}, 1\n .endr`;
  const source = `
  li s2, 80
1: ${Array.from({ length: callers }, (_, n) => `jal caller${n}`).join("\n")}
  addi s2, s2, -1\n bnez s2, 1b
  ${PASS}
  ${Array.from({ length: callers }, (_, n) => `caller${n}: mv s${3 + (n % 2)}, ra\n ${filling(2)}\n jal leaf\n ${filling(3)}\n jal leaf\n jr s${3 + (n % 2)}`).join("\n")}
  leaf: addi a4, a4, 1\n xor a5, a5, a4\n ret`;
  alike(source, { slices: WHOLE, ramBytes: 1 << 20 });
  alike(source, { slices: WHOLE, ramBytes: 1 << 20, preset: null });
});

/** A loop over an instruction in two pages, whose halves are written anew while it is hot. */
const straddling = (body: string): string => `
  li s2, 300\n la s3, last\n li s4, 150
  j 1f
  .balign 4096\n .zero 4096 - 18\n .option norvc
1: addi a2, a2, 1\n xor a3, a3, a2\n addi a4, a4, 2\n .option rvc\n c.nop\n .option norvc
last: addi a5, a5, 1
  bne s2, s4, 2f
  ${body}
2: addi s2, s2, -1\n bnez s2, 1b
  ${PASS}`;

test.each([
  ["stays", ""],
  ["changes in its first page", "li t0, 0x0793\n sh t0, 0(s3)"],
  ["changes in its second page", "li t0, 0x0037\n sh t0, 2(s3)"],
])("an instruction in two pages %s, and generated code with it", (_, body) => {
  alike(straddling(body), { slices: WHOLE, ramBytes: 1 << 20 });
  alike(straddling(body), { slices: WHOLE, ramBytes: 1 << 20, preset: null });
});
