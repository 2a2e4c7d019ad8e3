// Stores that miss, whose times generated code keeps apart from the memo's states: a case for each thing that may wait for them.
import { describe, test } from "vitest";
import { PASS } from "../../../drivers/machine.ts";
import { alike } from "./timed-cases.ts";

const SMALL = ["l1d.sizeBytes=1024", "l1d.ways=2", "l2.sizeBytes=2048", "l2.ways=2", "l1d.prefetch=none"];
const SLOW = ["storeBuffer.entries=3", "storeBuffer.drainCycles=9", "storeBuffer.onOverlap=wait"];
const LINES = ".balign 4096\n lines: .zero 65536\n";

/** Goes through a body 150 times; s2 walks over lines in many rows of DRAM, s3 stays, s4 lies a page ahead of s2. */
const again = (body: string): string => `
  la s0, lines\n li s1, 150\n li s5, 4096\n li s6, 57344\n li s7, 8256\n li t1, 0\n mv s3, s0
  again: add t1, t1, s7\n and t1, t1, s6\n andi t0, s1, 7\n slli t0, t0, 6\n add s2, s0, t1\n add s2, s2, t0
  xor t2, s1, t1\n add s4, s2, s5
  ${body}
  addi s1, s1, -1\n bnez s1, again\n ${PASS} ${LINES}`;

const BODIES: Readonly<Record<string, string>> = {
  "stores that fill the buffer": "sd s1, 0(s2)\n sd s1, 64(s2)\n sd s1, 4(s3)\n sd s1, 128(s2)\n sw t2, 192(s2)",
  "stores that hit, behind one that is late":
    "sd s1, 0(s2)\n sd s1, 8(s2)\n sd s1, 16(s2)\n add a1, a1, s1\n sd s1, 24(s2)\n sd a1, 32(s2)",
  "loads of what is yet to be written":
    "sd s1, 0(s2)\n sd t2, 64(s2)\n ld a0, 0(s2)\n add a1, a1, a0\n ld a2, 64(s4)\n ld a3, 0(s3)\n sd a3, 8(s3)\n ld a4, 8(s3)",
  "a fence":
    "sd s1, 0(s2)\n add a1, a1, s1\n fence rw, rw\n sd a1, 64(s2)\n ld a0, 8(s3)\n fence rw, rw\n add a1, a1, a0",
  atomics: "sd s1, 0(s2)\n amoadd.d a0, s1, (s3)\n add a1, a1, a0\n sd a1, 64(s2)\n amoswap.d a2, a1, (s2)",
  "loads that miss":
    "sd s1, 0(s2)\n ld a0, 512(s2)\n add a1, a1, a0\n sd a1, 64(s2)\n ld a2, 0(s4)\n mul a1, a1, a2\n sd a1, 8(s4)",
  "a store behind a load that misses":
    "ld a0, 512(s2)\n sd s1, 64(s2)\n add a1, a1, a0\n div a2, a1, s1\n div a2, a2, s1",
  "a store that misses, among those that hit":
    "div a2, a1, s1\n sd s1, 8(s3)\n sd s1, 16(s3)\n sd s1, 24(s3)\n sd s1, 0(s2)\n sd s1, 32(s3)\n add a1, a1, s1",
  "many stores in a row": Array.from(
    { length: 24 },
    (_, n) => `sd s1, ${8 * ((n * 5) % 60)}(s${n % 3 === 0 ? 2 : 3})`,
  ).join("\n"),
};

describe.each(["cva6@1", "rocket@1", "server@1"])("late stores on %s", (preset) => {
  test.each(Object.keys(BODIES))("%s", (name) => {
    const body = again(BODIES[name]!);
    for (const sets of [[], ["storeBuffer.entries=1"], SLOW, ["l1d.mshrs=0"]]) {
      alike(body, { preset, sets: [...SMALL, ...sets], memoLimits: { nearStores: 0 } });
    }
    alike(body, { preset, sets: [...SMALL, ...SLOW], memoLimits: { nearStores: 0, mostTransitions: 19 } });
    alike(body, { preset, sets: SMALL, memoLimits: { nearStores: 3, mostTransitions: 40 } });
  });

  test("an event may come while stores wait, at any cycle", () => {
    const slices = Array.from({ length: 40 }, (_, i) => ({ cycles: 300 + ((i * 37) % 90) }));
    alike(again(BODIES["loads that miss"]!), {
      ...{ preset, sets: SMALL, memoLimits: { nearStores: 0 } },
      slices: [{ instructions: 600 }, ...slices, { cycles: 1e9 }],
    });
  });
});
