// Programs with more code than the turbo engine can keep, each in one respect: it makes room, and nothing else changes.
import { test } from "vitest";
import { MAX_ROWS } from "../../../../sim/engine/turbo/rows.ts";
import { ENTRY, TARGETS_BYTES } from "../../../../sim/engine/turbo/layout.ts";
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

test.each([2, 3, 5])("%i heads that share a place among the entries take turns", (count) => {
  const apart = 2 << ENTRY.indexBits;
  const body = `addi a2, a2, 1\n xor a3, a3, a2\n sd a3, 0(s0)\n ret\n .zero ${apart - 16}`;
  const source = many(body, count).replace("li s7, 2", "li s7, 200");
  alike(source, { slices: WHOLE, ramBytes: 1 << 20 });
  alike(source, { slices: WHOLE, ramBytes: 1 << 20, preset: null });
});
