// Accesses that are late in generated code, a case for each thing that they may wait for: the same cycles, causes and events.
import { describe, test } from "vitest";
import { PASS, passThrough } from "../../../drivers/machine.ts";
import { enter, IDENTITY } from "./supervised.ts";
import { alike } from "./timed-cases.ts";

/** Lines that the cache does not hold long, at the same offset of their pages. */
const SMALL = ["l1d.sizeBytes=1024", "l1d.ways=2", "l2.sizeBytes=2048", "l2.ways=2"];
const LINES = ".balign 4096\n lines: .zero 20480";

/** Goes through a body 300 times; s2 walks over lines that lie 4 KiB and 64 bytes apart, s3 lies 4 KiB ahead of it. */
const again = (body: string): string => `
  la s0, lines\n li s1, 300\n li s4, 4160\n li s5, 4096
  again: andi t0, s1, 3\n mul t0, t0, s4\n add s2, s0, t0\n add s3, s2, s5
  ${body}
  addi s1, s1, -1\n bnez s1, again\n ${PASS} ${LINES}`;

test.each(["cva6@1", "rocket@1"])("a load that misses waits for the store that it overlaps (%s)", (preset) => {
  alike(again("sd s1, 0(s2)\n ld a0, 0(s3)\n add a1, a1, a0\n sd a1, 8(s3)\n ld a2, 0(s2)\n xor a1, a1, a2"), {
    ...{ preset, sets: [...SMALL, "storeBuffer.drainCycles=40"] },
  });
});

test("a piece with a load that waits for a store may come before a load that misses", () => {
  alike(again("sd s1, 0(s0)\n ld a0, 0(s0)\n add a1, a1, a0\n ld a2, 0(s3)\n add a1, a1, a2"), {
    sets: [...SMALL, "storeBuffer.drainCycles=40"],
  });
});

test("a load before one that misses may overlap a store in one turn and not in the next", () => {
  const body = `srli t0, s1, 3\n andi t0, t0, 1\n slli t0, t0, 6\n add t0, t0, s0\n andi t1, s1, 7\n slli t1, t1, 9\n add t1, t1, s0
    sd s1, 320(s0)\n ld a0, 320(t0)\n add a1, a1, a0\n ld a2, 1024(t1)\n add a1, a1, a2`;
  alike(again(body), { sets: [...SMALL, "storeBuffer.drainCycles=40"] });
});

test("tags may come later than data, or not, where an access is as late", () => {
  const body = `mul s6, s6, s7\n addi s6, s6, 13\n srli t0, s6, 48\n andi t0, t0, -64\n add t0, t0, s0\n ld a0, 0(t0)\n add a1, a1, a0
    slli t1, s1, 6\n add t1, t1, s0\n ld a0, 0(t1)\n add a1, a1, a0\n add t1, t1, s8\n ld a0, 0(t1)\n add a1, a1, a0`;
  alike(`li s6, 1\n li s7, 0x5851f42d4c957f2d\n li s8, 32768\n ${again(body)}`, {
    sets: [...SMALL, "tagCache.sizeBytes=128", "tagCache.ways=1", "dram.rcdNs=4", "dram.rpNs=0"],
  });
});

test.each([0, 2])("stores wait for room in their buffer, and for a cache of %i MSHRs", (mshrs) => {
  alike(
    again("sd s1, 0(s2)\n sd s1, 8(s2)\n sd s1, 16(s2)\n sd s1, 0(s3)\n ld a0, 24(s2)\n sd a0, 8(s3)\n sd s1, 32(s2)"),
    {
      ...{
        preset: "rocket@1",
        sets: [...SMALL, `l1d.mshrs=${mshrs}`, "storeBuffer.entries=1", "storeBuffer.drainCycles=9"],
      },
    },
  );
});

test.each(["cva6@1", "server@1"])("atomics, and loads of several blocks, that miss (%s)", (preset) => {
  const body =
    "amoadd.d a0, s1, (s2)\n add a1, a1, a0\n ld a2, 8(s3)\n amoswap.d a3, a1, (s3)\n sd a2, 16(s3)\n lw a4, 20(s3)";
  alike(again(body), { preset, sets: [...SMALL, "l1d.portBytes=8", "l1d.prefetch=none"] });
});

test.each(["cva6@1", "rocket@1"])("misaligned accesses, in a block, in two, and in two lines (%s)", (preset) => {
  const body = [1, 5, 13, 59, 61].map(
    (at) => `sd s1, ${at}(s2)\n lw a0, ${at + 7}(s2)\n add a1, a1, a0\n ld a0, ${at}(s3)\n sh a0, ${at + 8}(s3)`,
  );
  const sets = [...SMALL, "l1d.portBytes=8", "storeBuffer.drainCycles=20", "storeBuffer.onOverlap=wait"];
  alike(again(body.join("\n")), { preset, sets });
});

test.each(["", "ld a2, 0(s5)\n ld a2, 512(s5)"])(
  "a line on its way is waited for though it is written whole",
  (displace) => {
    const body = `addi s5, s3, -2048\n ld a0, 0(s3)\n ${displace}\n cbo.zero (s3)\n ld a2, 8(s3)\n add a1, a1, a2\n ld a2, 16(s3)`;
    alike(again(body), { sets: [...SMALL, "dram.controllerNs=400"] });
  },
);

/** Loads from more lines than the cache holds; behind each, after ever more instructions, another access to its line. */
const soonAgain = (access: string): string =>
  again(
    Array.from(
      { length: 24 },
      (_, n) => `ld a0, ${64 * n}(s3)\n ${"addi a1, a1, 1\n".repeat(n)} ${access}, ${64 * n + 8}(s3)\n add a1, a1, a2`,
    ).join("\n"),
  );

describe.each(["cva6@1", "server@1"])("a line may be there, or not, when it is asked for again (%s)", (preset) => {
  const sets = [...SMALL.slice(0, 2), "scoreboard.entries=64", "l1d.prefetch=none"];
  test.each(["ld a2", "sd a1"])("%s", (access) =>
    alike(soonAgain(access), { preset, sets, slices: [{ instructions: 100_000 }] }),
  );
});

test("translated data that miss the cache are counted where pages are looked up", () => {
  const body = "ld a0, 0(s3)\n sd a0, 8(s2)\n ld a2, 64(s3)\n add a1, a1, a2";
  alike(`${IDENTITY} ${enter("S", "9f")} 9: ${again(body)}`, { sets: SMALL });
});

test("an event may come while a miss is outstanding, at any cycle of it", () => {
  const slices = Array.from({ length: 60 }, (_, i) => ({ cycles: 12_000 + ((i * 37) % 4000) }));
  alike(again("ld a0, 0(s3)\n add a1, a1, a0\n sd a1, 0(s2)\n ld a2, 128(s3)\n add a1, a1, a2"), {
    ...{ sets: [...SMALL, "dram.controllerNs=3000"], slices: [{ cycles: 60_000 }, ...slices, { cycles: 1e9 }] },
  });
});

test.each(["cva6@1", "rocket@1", "server@1"])("memory may be slower than a word tells cycles (%s)", (preset) => {
  const slow = ["controller", "cas", "rcd", "rp"].map((name) => `dram.${name}Ns=1000000`);
  const sets = [...SMALL, ...slow, "clockMhz=100000", "dram.bandwidthMBps=1", "l1i.sizeBytes=256", "l1i.ways=1"];
  const body = "cbo.zero (s2)\n ld a0, 64(s3)\n sd a0, 128(s2)\n sd s1, 192(s3)\n add a1, a1, a0\n lw a2, 260(s2)";
  alike(again(body), { preset, sets, slices: [{ cycles: 1e15 }] });
});

/** Code that the instruction cache does not hold: each line of it is late, behind a piece and behind a jump. */
const SMALL_CODE = [...SMALL, "l1i.sizeBytes=256", "l1i.ways=1"];
const manyLines = again(
  Array.from(
    { length: 24 },
    (_, n) => `ld a2, ${8 * n}(s2)\n add a1, a1, a2\n j 1f\n .zero ${40 + 4 * (n % 5)}\n 1:`,
  ).join("\n"),
);

test.each(["cva6@1", "rocket@1", "server@1"])(
  "lines of code are late where they begin, and within a block (%s)",
  (preset) => {
    alike(manyLines, { preset, sets: SMALL_CODE });
    alike(again("add a1, a1, s1\n".repeat(400)), { preset, sets: SMALL_CODE });
  },
);

test("translated code that misses the cache is counted where pages are looked up", () => {
  alike(`${IDENTITY} ${enter("S", "9f")} 9: ${manyLines}`, { sets: SMALL_CODE });
});

test("an event may come while a line of code is on its way", () => {
  const slices = Array.from({ length: 60 }, (_, i) => ({ cycles: 12_000 + ((i * 37) % 4000) }));
  alike(manyLines, {
    sets: [...SMALL_CODE, "dram.controllerNs=3000"],
    slices: [{ cycles: 60_000 }, ...slices, { cycles: 1e9 }],
  });
});

/** Goes over lines, three apart; the table's groups are as small as can be. */
const storesCapabilities = (body: string, preset: string): void => {
  const pass = passThrough("s0");
  alike(
    `auipc s0, 0\n li s1, 300\n lui s6, 2\n yadd s2, s0, s6\n again: yaddi s2, s2, 192
    ${body}\n ld a0, 64(s2)\n add a1, a1, a0\n addi s1, s1, -1\n bnez s1, again\n ${pass}`,
    {
      preset,
      isa: "rv64y",
      sets: [...SMALL, "l1d.prefetch=none", "tagCache.table=root-and-leaves", "tagCache.groupBytes=128"],
    },
  );
};

describe.each(["rocket@1", "server@1"])("capabilities are known to the tag table (%s)", (preset) => {
  test("that are stored where the cache misses", () => {
    storesCapabilities("sy s0, 0(s2)", preset);
  });

  test("that are stored long after data have made the line present and dirty", () => {
    const rest = "li t0, 100\n 1: addi t0, t0, -1\n bnez t0, 1b";
    storesCapabilities(`sd s1, 0(s2)\n ${rest}\n sy s0, 0(s2)`, preset);
  });
});
