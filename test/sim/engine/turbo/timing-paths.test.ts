// What generated code compares by itself to tell that an access or a transfer is on time: each comparison has a case that needs it.
import { expect, test, vi } from "vitest";
import { createMachine } from "../../../../sim/machine/machine.ts";
import { PieceClock } from "../../../../sim/timing/piece-clock.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import { ALL, enter, IDENTITY, pte, putEntry, satp, V } from "./supervised.ts";
import { alike } from "./timed-cases.ts";

const RAM = 0x8000_0000;
/** Sixteen sets of one line: what lies KIB apart displaces each other. */
const KIB = 1024;
const SMALL = [`l1d.sizeBytes=${KIB}`, "l1d.ways=1", "l1d.lineBytes=64", "l1d.prefetch=none"];

/** Goes through `body` again and again; s0 is the first of some aligned kilobytes, and s1 counts down. */
const turns = (body: string, before = "", after = ""): string => `
  la s0, words\n ${before}\n li s1, 60
  again: ${body}\n addi s1, s1, -1\n bnez s1, again\n ${PASS}\n ${after}
  .balign 4096\n words: .zero 8192`;

test.each([0, 1, 4])("a hit behind a miss waits where the data cache is busy (%i outstanding misses)", (mshrs) => {
  const body = `ld a0, ${KIB}(s0)\n ld a1, 64(s0)\n ld a2, 0(s0)\n sd a1, 64(s0)\n ld a3, 72(s0)`;
  alike(turns(body), { sets: [...SMALL, `l1d.mshrs=${mshrs}`] });
});

test.each([0, 1, 2])("who comes in the cycle before its block's is asked for then (%i instructions on)", (on) => {
  // A late ALU goes on before its line is there, and only one access may wait for that.
  const miss = (at: number): string =>
    `ld a0, ${at}(s0)\n add a1, a1, a0\n ${"addi a4, a4, 1\n".repeat(on)} bnez s0, 1f\n nop\n 1: ld a2, ${at + 8}(s0)\n add a3, a3, a2\n`;
  alike(turns(`${miss(KIB)} ${miss(0)}`), { preset: "server@1", sets: [...SMALL, "l1d.mshrTargets=1"] });
});

test("a store to a line that has only been read makes it dirty", () => {
  alike(
    turns(
      // Once it has been loaded from again its word no longer says that it may be on its way.
      `ld a0, 0(s0)\n add a1, a0, a0\n beqz s0, out\n ld a0, 8(s0)\n add a1, a1, a0\n beqz s0, out
      sd s1, 0(s0)\n ld a2, ${KIB}(s0)\n add a1, a1, a2`,
      "",
      "out:",
    ),
    { sets: SMALL },
  );
});

test.each([0, 32, 64, 128, 160])("of a set of three ways the first is in hand (%i bytes into the cache)", (at) => {
  const load = (line: number): string => `ld a0, ${at + 256 * line}(s0)\n add a1, a1, a0\n`;
  // Four lines of one set take turns: one that is taken for the first, and is not made it, is displaced too early.
  const body = [0, 0, 1, 1, 0, 2, 2, 3, 3, 0, 1, 1, 2, 2, 1, 2].map(load).join("");
  const sets = ["l1d.sizeBytes=768", "l1d.ways=3", "l1d.lineBytes=64", "l1d.prefetch=none", "l1d.replacement=lru"];
  alike(turns(body), { sets });
});

test("a run that ends while the first line of a loop is fetched has executed none of it", () => {
  // The loop's line and that of the code before it displace each other. The first loop is hot first, and its region has the other.
  const source = `li s1, 400\n 1: li s3, 3\n 3: addi s3, s3, -1\n bnez s3, 3b\n li s2, 2\n bnez s1, 2f\n nop\n .balign 128
    2: addi a0, a0, 1\n addi a1, a1, 1\n addi s2, s2, -1\n bnez s2, 2b\n addi s1, s1, -1\n bnez s1, 1b\n ${PASS}`;
  const slices = Array.from({ length: 60 }, () => ({ cycles: 211 }));
  alike(source, { sets: ["l1i.sizeBytes=64", "l1i.ways=1", "l1i.lineBytes=64"], slices, translateAfter: 5 });
});

test.each([1, 4, 60])("an access that is misaligned by %i takes longer", (by) => {
  alike(turns(`ld a0, 0(s0)\n ld a1, ${by}(s0)\n sw a1, ${by + 1}(s0)\n lh a2, ${by}(s0)`));
});

test.each(["sd a0, 0(s0)", "sd a0, 8(s0)", "sy s0, 0(s0)", "sd a0, 16(s0)"])(
  "a load as wide as a capability waits for what is stored to either half of it (%s)",
  (store) => {
    const body = `addi a0, s1, 0\n ${store}\n ly a1, 0(s0)\n ld a2, 0(s0)\n ld a2, 8(s0)`;
    const words = turns(body)
      .replace("la s0", "lla s0")
      .replace(PASS, "lla t6, again\n li t5, 0x100000\n yaddrw t6, t6, t5\n li t5, 0x5555\n sw t5, 0(t6)\n");
    alike(words, { isa: "rv64ymac_zicsr_zifencei", sets: ["storeBuffer.onOverlap=wait", "l1d.portBytes=8"] });
  },
);

test("a store that misses comes behind the stores before it, for loads that wait for these", () => {
  const miss = (at: number): string =>
    `sd s1, 64(s0)\n sd s1, ${at}(s0)\n ld a1, 64(s0)\n ld a2, ${at}(s0)\n add a3, a1, a2\n`;
  alike(turns(`${miss(KIB)} ${miss(0)}`), { sets: [...SMALL, "storeBuffer.onOverlap=wait"] });
});

test("a run of so many cycles ends where a miss ends it, whatever follows in its block", () => {
  const body = `ld a0, ${KIB}(s0)\n add a1, a1, a0\n mul a1, a1, a1\n ld a2, 0(s0)\n add a1, a1, a2\n ${"addi a1, a1, 1\n".repeat(20)}`;
  const slices = Array.from({ length: 30 }, (_, i) => ({ cycles: 40_000 + 97 * i }));
  alike(turns(body, "").replace("li s1, 60", "li s1, 4000"), {
    sets: [...SMALL, "dram.casNs=5000", "l2.sizeBytes=1024", "l2.ways=1"],
    slices,
  });
});

test("a miss comes after what its block began with, though another block begins with the same miss", () => {
  const miss = (at: number): string => `ld a0, ${at}(s0)\n add a1, a1, a5\n add a1, a1, a0\n`;
  const body = [KIB, 0]
    .map(
      (at, i) =>
        `andi t0, s1, ${1 + i}\n div t1, s1, s1\n add t1, t1, t1\n beqz t0, ${i + 1}f\n div a5, s1, s1\n ${miss(at)} j 3f\n ${i + 1}: ${miss(at)} j 3f\n 3:`,
    )
    .join("\n");
  alike(turns(body), { sets: SMALL });
});

test("a miss of the cache looks its page up", () => {
  const paged = `${IDENTITY} la t0, out\n csrw mtvec, t0\n ${enter("S", "9f")} 9:`;
  const body = `ld a0, ${KIB}(s0)\n add a1, a1, a0\n ld a2, 0(s0)\n add a1, a1, a2\n sd a1, ${KIB + 8}(s0)`;
  alike(turns(body, paged, `.balign 4\n out: ${PASS}`).replace(PASS, "ecall"), { sets: SMALL });
});

test("a page is on time in its own address space alone", () => {
  // Two roots, one table of small pages behind both: it maps the first pages of RAM as they are.
  const [roots, middle, lowest] = [[0x8003_0000, 0x8003_1000], 0x8003_2000, 0x8003_3000] as const;
  const tables = `
    ${roots.map((root) => putEntry(root + 16, pte(middle, V))).join("")} ${putEntry(middle, pte(lowest, V))}
    li t0, ${lowest}\n li t1, ${pte(RAM, ALL)}\n li t2, 32\n 1: sd t1, 0(t0)\n addi t0, t0, 8\n addi t1, t1, 1024\n addi t2, t2, -1\n bnez t2, 1b
    ${roots.map((root, i) => `li s${2 + i}, ${satp(root, i + 1)}`).join("\n")}
    csrw satp, s2\n la t0, out\n csrw mtvec, t0\n ${enter("S", "begin")} begin: `;
  const body = [2, 3]
    .map((root) => `csrw satp, s${root}\n j 1f\n 1: ld a0, 512(s0)\n sd a0, 520(s0)\n call far`)
    .join("\n");
  const far = ".balign 4096\n far: addi a2, a2, 1\n ret\n .balign 4\n out:";
  alike(turns(body, tables, `ecall\n ${far} ${PASS}`).replace(PASS, "ecall"), {
    sets: ["dtlb.entries=1", "dtlb.ways=1", "itlb.entries=2", "itlb.ways=2"],
  });
});

test.each([1, 2, 6])(
  "calls deeper than a stack of %i return addresses, and returns that nobody called, are predicted alike",
  (entries) => {
    const body = `andi a0, s1, 7\n addi a0, a0, 1\n mv t3, sp\n call f\n la ra, 1f\n ret\n 1: la ra, 2f\n ret\n 2: call g\n andi t0, s1, 3\n bnez t0, 3f\n la ra, 3f\n ret\n 3:`;
    const functions = `
    f: addi sp, sp, -16\n sd ra, 0(sp)\n addi a0, a0, -1\n beqz a0, 4f\n call f\n 4: ld ra, 0(sp)\n addi sp, sp, 16\n ret
    g: ret`;
    alike(turns(body, "li sp, 0x80030000", functions), { sets: [`predictor.rasEntries=${entries}`] });
  },
);

test.each(["random", "lru", "plru"])(
  "an instruction in two lines that are not in hand is fetched from both (%s)",
  (replacement) => {
    const paged = `${IDENTITY} la t0, out\n csrw mtvec, t0\n ${enter("S", "9f")} 9:`;
    const far = (at: number): string => `.balign 1024\n .zero ${at}\n`;
    // Where `there` begins, a line of any size ends; two more of its set displace it now and then.
    const calls = "call there\n call third\n andi t0, s1, 7\n bnez t0, 1f\n call fourth\n 1:";
    const code = ["there", "third", "fourth"].map((name) => `${far(1022)} ${name}: mulw a0, a0, s1\n ret\n`).join("");
    const sets = ["l1i.sizeBytes=2048", "l1i.ways=2", "l1i.lineBytes=64", `l1i.replacement=${replacement}`];
    for (const before of ["", paged])
      alike(turns(calls, before, `.balign 4\n out: ${PASS}\n ${code}`).replace(PASS, "ecall"), { sets });
  },
);

test("a load that overlaps a store is waited for where another of its piece did in the turn before", () => {
  // What takes long needs the one, and nobody the other; then all is done, so that each turn begins in the same state.
  const loads = "ld a3, 0(s0)\n divu a5, a3, s1\n ld a4, 64(s0)\n add a5, a5, a5\n";
  const body = `andi t0, s1, 1\n slli t0, t0, 6\n add t0, t0, s0\n sd s1, 0(t0)\n ${loads} ${"nop\n".repeat(16)}`;
  alike(turns(body));
});

test("what loads do that overlap stores is looked up once it is known, also where no store waits behind them", () => {
  const body = `sd a0, 0(s0)\n bnez s1, 1f\n nop\n 1: ld a1, 0(s0)\n add a0, a1, s1`;
  const image = program(turns(body).replace("li s1, 60", "li s1, 2000000"), "rv64imac_zicsr");
  const core = configOf("cva6@1", [])!;
  const machine = createMachine({ isa: "rv64imac_zicsr", ramBytes: 1 << 20, image, core, engine: "turbo" });
  machine.run({ maxInstructions: 200_000 });
  const asked = vi.spyOn(PieceClock.prototype, "takeSlowly");
  machine.run({ maxInstructions: 400_000 });
  expect(machine.instructions).toBe(400_000);
  // Where code is left at the end of a run, the rest of a piece may be gone through so.
  expect(asked.mock.calls.length).toBeLessThan(20);
  asked.mockRestore();
});

test.each(["cva6@1", "rocket@1", "server@1"])(
  "where nothing more is remembered, loads wait for stores of the block before (%s)",
  (preset) => {
    // The load after the store overlaps it in some turns, and in others does not.
    const body = `andi t0, s1, 24\n add t0, t0, s0\n sd a0, 0(t0)\n bnez s1, 1f\n nop\n 1: ld a1, 8(s0)\n add a0, a1, s1\n lbu a2, 16(s0)`;
    const memoLimits = { nearStores: 0, mostTransitions: 20, allowed: 0, cyclesATransition: 1e9 };
    alike(turns(body), { preset, memoLimits });
  },
);

test.each([5, 9, 12])("a function that saves and restores %i registers waits for its last stores", (count) => {
  const places = Array.from({ length: count }, (_, i) => i);
  const all = (insn: string, from: readonly number[]): string =>
    from.map((i) => `${insn} x${i + 12}, ${8 * i}(s0)`).join("\n");
  // The first load is of the store before the youngest.
  const restored = [...places.slice(-2), ...places.slice(0, -2)];
  const pieces = Array.from({ length: 40 }, (_, i) => `.rept ${i}\n addi a1, a1, 1\n .endr\n beqz s1, 1f`).join("\n");
  alike(
    `la s0, words\n li s1, 3000\n again: jal function\n ${pieces}\n addi s1, s1, -1\n bnez s1, again\n 1: ${PASS}
    function: ${all("sd", places)}\n ${all("ld", restored)}\n ret\n .balign 4096\n words: .zero 128`,
    { slices: [{ instructions: 100_000 }] },
  );
});
