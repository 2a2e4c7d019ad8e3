// Pages that first-level TLBs do not hold, in generated code: random programs over random pages take the same cycles on both engines.
import fc from "fast-check";
import { test } from "vitest";
import { HOT_RAM_BYTES } from "../../../arbitrary/hot.ts";
import { PASS } from "../../../drivers/machine.ts";
import { ALL, enter, pte, putEntry, R, satp, V, W } from "./supervised.ts";
import { alike } from "./timed-cases.ts";

const RAM = 0x8000_0000;
const TABLES = RAM + HOT_RAM_BYTES - 0x4000;
const [MIDDLE, LOWEST] = [TABLES + 0x1000, TABLES + 0x2000];
const FRAMES = RAM + HOT_RAM_BYTES - 0x10000;
/** Each frame stands at as many pages. */
const PAGES = 64;
const FRAME_COUNT = 8;
const GLOBAL = 32;
const PAGES_AT = 0x4000_0000;

const small = (n: number): fc.Arbitrary<number> => fc.oneof(fc.nat(2), fc.nat(n - 1));
const body = fc.array(
  fc.record({
    kind: fc.constantFrom("load", "chase", "store", "call", "atomic", "misaligned", "change", "fence", "space"),
    page: small(PAGES),
    line: fc.nat(7),
    /** Or a page that comes from the loop's count. */
    wanders: fc.boolean(),
  }),
  { minLength: 3, maxLength: 14 },
);

type Step = typeof body extends fc.Arbitrary<(infer T)[]> ? T : never;

/**
 * s0: where the pages begin, s1: the loop's count. Frames have a return in each line, 32 bytes on, and 16 bytes behind it the address of
 * another such address.
 */
function instructions({ kind, page, line, wanders }: Step): string {
  const shift = `${wanders ? `li t1, ${page + 1}\n mul t0, s1, t1\n andi t0, t0, ${PAGES - 1}` : `li t0, ${page}`}\n slli t0, t0, 12`;
  const to = `${shift}\n add t0, t0, s0`;
  const at = 64 * line;
  switch (kind) {
    case "load":
      return `${to}\n ld a0, ${at}(t0)\n add a1, a1, a0`;
    case "chase":
      return `${to}\n ld t0, ${at + 48}(t0)\n ld t0, 0(t0)\n ld a0, 0(t0)\n add a1, a1, a0`;
    case "store":
      return `${to}\n sd s1, ${at + 8}(t0)`;
    case "call":
      return `${to}\n jalr ${at + 32}(t0)`;
    case "atomic":
      return `${to}\n addi t0, t0, ${at}\n amoadd.d a2, s1, (t0)`;
    case "misaligned":
      return `${to}\n lw a3, ${at + 61}(t0)\n xor a1, a1, a3`;
    // Two pages exchange their frames.
    case "change":
      return `andi t1, s1, 31\n bnez t1, 1f\n li t0, ${LOWEST + 8 * page}\n ld t1, 0(t0)\n ld t2, 8(t0)\n sd t2, 0(t0)\n sd t1, 8(t0)\n sfence.vma\n 1:`;
    case "fence":
      return `andi t1, s1, 15\n bnez t1, 1f\n ${to}\n sfence.vma t0\n 1:`;
    case "space":
      return "csrr t0, satp\n xor t0, t0, s3\n csrw satp, t0";
  }
}

const program = (steps: readonly Step[]): string => `
  ${putEntry(TABLES + 8 * 2, pte(RAM, ALL | GLOBAL))}
  ${putEntry(TABLES + 8, pte(MIDDLE, V))}
  ${putEntry(MIDDLE, pte(LOWEST, V))}
  li t0, ${LOWEST}\n li t1, ${PAGES + 1}\n li t2, 0
  0: andi t3, t2, ${FRAME_COUNT - 1}\n slli t3, t3, 10\n li t4, ${pte(FRAMES, ALL)}\n add t4, t4, t3
  andi t3, t2, 4\n slli t3, t3, 3\n or t4, t4, t3
  sd t4, 0(t0)\n addi t0, t0, 8\n addi t2, t2, 1\n bne t2, t1, 0b
  li t0, ${FRAMES}\n li t1, ${FRAMES + 0x1000 * FRAME_COUNT}\n li s0, ${PAGES_AT + 48}\n li t2, 0x00008067
  0: sw t2, 32(t0)
  srli t3, t0, 6\n li t4, 37\n mul t3, t3, t4\n andi t4, t3, ${PAGES - 1}\n slli t4, t4, 12
  andi t3, t3, 448\n add t4, t4, t3\n add t4, t4, s0\n sd t4, 48(t0)\n addi t0, t0, 64\n bne t0, t1, 0b
  fence.i
  li t0, ${satp(TABLES)}\n csrw satp, t0
  ${enter("S", "9f")}
  9: li s0, ${PAGES_AT}\n li s1, 200\n li s3, ${1n << 44n}
  again: ${steps.map(instructions).join("\n")}
  addi s1, s1, -1\n bnez s1, again\n ${PASS}`;

const tlbs = fc
  .record({
    itlb: fc.constantFrom("1/1/0", "2/2/1", "4/4/0", "4/2/0"),
    dtlb: fc.constantFrom("1/1/0", "3/3/0", "8/8/2", "8/2/0", "16/16/0"),
    l2tlb: fc.constantFrom("0/1/0", "0/1/0", "10/5/0", "8/4/1"),
    cacheEntries: fc.constantFrom(0, 2),
    code: fc.constantFrom(256, 4096),
  })
  .map(({ cacheEntries, code, ...levels }) => [
    ...[`walker.cacheEntries=${cacheEntries}`, `l1i.sizeBytes=${code}`, "l1i.ways=1"],
    ...Object.entries(levels).flatMap(([name, sizes]) => {
      const [entries, ways, superEntries] = sizes.split("/");
      return [`${name}.entries=${entries}`, `${name}.ways=${ways}`, `${name}.superEntries=${superEntries}`];
    }),
  ]);

const slices = fc.constantFrom(
  [{ instructions: 20_000 }],
  [{ cycles: 9000 }, ...Array.from({ length: 40 }, (_, i) => ({ cycles: 500 + 37 * i })), { cycles: 1e6 }],
);

test.each(["cva6@1", "rocket@1", "server@1"])("pages are translated, exchanged and forgotten (%s)", (preset) => {
  fc.assert(
    fc.property(body, tlbs, slices, (steps, sets, cut) => {
      alike(program(steps), { preset, sets: ["l1d.sizeBytes=1024", "l1d.ways=2", ...sets], slices: cut });
    }),
    { numRuns: 12 },
  );
});

test.each(["cva6@1", "rocket@1"])("a walk may take longer than a word tells cycles (%s)", (preset) => {
  const slow = ["controller", "cas", "rcd", "rp"].map((name) => `dram.${name}Ns=1000000`);
  const steps = (["load", "store", "call", "load"] as const).map((kind, line) => ({
    kind,
    line,
    page: 1,
    wanders: true,
  }));
  const sets = [
    "l1d.sizeBytes=256",
    "l1d.ways=1",
    "l2.sizeBytes=256",
    "l2.ways=1",
    "dtlb.entries=2",
    "dtlb.ways=2",
    "itlb.entries=1",
  ];
  alike(program(steps), {
    ...{
      preset,
      sets: [
        ...sets,
        "itlb.ways=1",
        "l1i.sizeBytes=256",
        "l1i.ways=1",
        ...slow,
        "clockMhz=100000",
        "dram.bandwidthMBps=1",
      ],
    },
    slices: [{ cycles: 1e15 }],
  });
});

/** Code at F000 of a page, behind tables of three levels or a large leaf that lead to the same, is entered and turns from one to the other. */
const turning = (instruction: string, toggled: string): string => `
  ${putEntry(TABLES + 8 * 2, pte(RAM, ALL | GLOBAL))}
  ${putEntry(TABLES + 8, pte(MIDDLE, V))}
  ${putEntry(MIDDLE, pte(LOWEST, V))}
  ${putEntry(LOWEST + 8 * 15, pte(RAM + 0xf000, ALL))}
  ${putEntry(TABLES + 0x3000 + 8 * 2, pte(RAM, ALL | GLOBAL))}
  ${putEntry(TABLES + 0x3000 + 8, pte(RAM, ALL))}
  li t0, ${RAM + 0xf000}\n la t1, turn\n lw t2, 0(t1)\n sw t2, 0(t0)\n lw t2, 4(t1)\n sw t2, 4(t0)\n fence.i
  li t0, ${satp(TABLES)}\n csrw satp, t0
  ${enter("S", "9f")}
  9: li s0, ${PAGES_AT + 0xf000}\n li s1, 60\n li s2, ${MIDDLE}\n ${toggled}
  again: li a2, 4\n 1: addi a2, a2, -1\n bnez a2, 1b\n sfence.vma\n jalr s0\n xor s3, s3, s4\n xor s4, s4, s3\n xor s3, s3, s4\n addi s1, s1, -1\n bnez s1, again\n ${PASS}
  .balign 4\n turn: .option norvc\n ${instruction}\n ret`;

test.each(["cva6@1", "rocket@1", "server@1"])(
  "a fetch is translated as it was before its instruction (%s)",
  (preset) => {
    const spaces = turning("csrw satp, s3", `li s3, ${satp(TABLES + 0x3000)}\n li s4, ${satp(TABLES)}`);
    const entries = turning("sd s3, 0(s2)", `li s3, ${pte(RAM, ALL)}\n li s4, ${pte(LOWEST, V)}`);
    for (const interpretAfter of [0, Infinity]) {
      alike(spaces, { preset, interpretAfter, translateAfter: 1 });
      alike(entries, { preset, interpretAfter, translateAfter: 1 });
    }
  },
);

/**
 * A page whose frame is the lowest table, through which another was found before, is stored to where its own entry lies, which has yet to be
 * marked; then the entry is put back.
 */
const ownEntry = `
  ${putEntry(TABLES + 8 * 2, pte(RAM, ALL | GLOBAL))}
  ${putEntry(TABLES + 8, pte(MIDDLE, V))}
  ${putEntry(MIDDLE, pte(LOWEST, V))}
  ${putEntry(LOWEST + 8 * 6, pte(RAM + 0x6000, ALL))}
  li t0, ${1n << 61n}\n csrs menvcfg, t0
  li t0, ${satp(TABLES)}\n csrw satp, t0
  ${enter("S", "9f")}
  9: li s0, ${PAGES_AT + 0x5000}\n li s1, 60\n li s2, ${LOWEST}\n li s3, ${pte(LOWEST, V | R | W)}\n li s4, ${PAGES_AT + 0x6000}
  again: sd s3, ${8 * 5}(s2)\n sfence.vma\n ld a2, 0(s4)\n sd zero, ${8 * 5}(s0)\n ld a0, ${8 * 5}(s2)\n add a1, a1, a0
  addi s1, s1, -1\n bnez s1, again\n ${PASS}`;

test.each(["cva6@1", "rocket@1", "server@1"])(
  "a store is translated as it was before it, by the entry that it marks and overwrites (%s)",
  (preset) => {
    for (const interpretAfter of [0, Infinity]) alike(ownEntry, { preset, interpretAfter, translateAfter: 1 });
  },
);
