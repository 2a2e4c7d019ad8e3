// RAM so large that linear addresses of data, code, tags and timing's state have their highest bit set.
import { describe, expect, test } from "vitest";
import type { Engine, EngineName } from "../../../../sim/engine/engine.ts";
import { Turbo } from "../../../../sim/engine/turbo/engine.ts";
import { MAX_RAM_BYTES, RAM_AT } from "../../../../sim/engine/turbo/layout.ts";
import { createMachine, RAM_BASE, type Machine } from "../../../../sim/machine/machine.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { program } from "../../../drivers/machine.ts";
import { difference, type Stretch } from "./difference.ts";

const ISA = "rv64ymac_zicsr_zifencei";
const PAGE_BYTES = 4096;
const HALF = 2 ** 31;
/** Its linear address is HALF. */
const MIDDLE = RAM_BASE + HALF - RAM_AT;
const TABLE = 0x8001_0000;

function pageOf(at: number): Stretch {
  const from = Math.floor((at - RAM_BASE) / PAGE_BYTES) * PAGE_BYTES;
  return { from, to: from + PAGE_BYTES };
}

/** One leaf a gigabyte, from virtual 0 on, with Y; data go through them as in S-mode. */
const SV39 = `
  li t0, ${TABLE}\n yaddrw t1, s9, t0\n li t2, 6
  li t0, ${(1n << 58n) | 0xcfn}\n li t3, ${(1n << 30n) >> 2n}
  1: sd t0, 0(t1)\n add t0, t0, t3\n yaddi t1, t1, 8\n addi t2, t2, -1\n bnez t2, 1b
  li t0, ${(8n << 60n) | BigInt(TABLE >>> 12)}\n csrw satp, t0\n li t0, 0x20800\n csrs mstatus, t0`;

/** Uses memory at some addresses, and executes a function at each. */
const everywhere = (places: readonly number[], translation: string): string => `
  auipc s9, 0\n yaddrw s9, s9, zero\n ${translation}
  li s1, 40
again: lla s2, places\n li s3, ${places.length}
next: ld t0, 0(s2)\n yaddrw s0, s9, t0
  ld a0, 0(s0)\n add a1, a1, a0\n addi a0, a0, 3\n sd a0, 0(s0)
  amoadd.d a2, a0, (s0)\n sb a2, 3(s0)\n lh a3, 2(s0)\n add a1, a1, a3
  sy s0, 16(s0)\n ly a4, 16(s0)\n ytagr a5, a4\n add a1, a1, a5
  andi a5, s1, 1\n beqz a5, 1f\n sb a5, 24(s0)\n 1: ly a4, 16(s0)\n ytagr a5, a4\n slli a1, a1, 1\n add a1, a1, a5
  li t1, 9\n andi t2, s1, 7\n bnez t2, 2f
  lla t0, function\n lw t1, 0(t0)\n slli t2, s1, 20\n add t1, t1, t2\n sw t1, 32(s0)\n lw t1, 4(t0)\n sw t1, 36(s0)
2: li t1, 6\n 3: yaddi t0, s0, 32\n jalr ra, 0(t0)\n addi t1, t1, -1\n bnez t1, 3b
  yaddi s2, s2, 8\n addi s3, s3, -1\n bnez s3, next\n addi s1, s1, -1\n bnez s1, again
  li t0, 0x100000\n yaddrw t6, s9, t0\n li t5, 0x5555\n sw t5, 0(t6)
  .balign 4\n .option norvc
function: addi a1, a1, 0\n jalr zero, 0(ra)
  .balign 8\nplaces: ${places.map((at) => `.dword ${at}`).join("\n")}`;

describe.each([
  ["whose end has its linear address beyond the border", HALF],
  ["as large as it may be", MAX_RAM_BYTES],
])("with RAM %s", (_, ramBytes) => {
  const last = RAM_BASE + ramBytes - PAGE_BYTES / 2;
  const places = [RAM_BASE + 0x8000, MIDDLE - 64, MIDDLE, last];
  const looked = [{ from: 0, to: 0x20000 }, ...places.map(pageOf)];

  test.each([
    ["untimed", {}, ""],
    ["timed", { core: configOf("server@1", [])! }, ""],
    ["timed, through page tables", { core: configOf("cva6@1", [])! }, SV39],
  ])("both engines do the same with data, tags and code wherever they lie (%s)", (_, timed, translation) => {
    const image = program(everywhere(places, translation), ISA);
    const machine = (engine: EngineName): Machine => {
      const made = createMachine({ isa: ISA, image, ramBytes, engine, translateAfter: 1, ...timed });
      expect(made.run({ maxInstructions: 100_000 })).toEqual({ kind: "exit", status: 0 });
      return made;
    };
    const turbo = machine("turbo");
    expect(difference(turbo, machine("reference"), looked)).toBeUndefined();
    expect((turbo.engine as Turbo).translated).toBeGreaterThan(1000);
  });
});

test("with more RAM the reference engine runs", () => {
  const image = program("1: j 1b", ISA);
  const engineOf = (ramBytes: number): Engine => createMachine({ isa: ISA, image, ramBytes, engine: "turbo" }).engine;
  expect(engineOf(MAX_RAM_BYTES)).toBeInstanceOf(Turbo);
  expect(engineOf(MAX_RAM_BYTES + PAGE_BYTES)).not.toBeInstanceOf(Turbo);
});
