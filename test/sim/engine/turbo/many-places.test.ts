// The turbo engine where the same code stands in more places than it can keep: it makes room, and nothing else changes.
import { expect, test } from "vitest";
import type { MachineConfig } from "../../../../sim/config/machine.ts";
import type { Turbo } from "../../../../sim/engine/turbo/engine.ts";
import { MAX_LINES } from "../../../../sim/engine/turbo/lines.ts";
import { MAX_REGIONS } from "../../../../sim/engine/turbo/runtime.ts";
import { createMachine, type Machine } from "../../../../sim/machine/machine.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { PASS, program } from "../../../drivers/machine.ts";
import { INTEGER } from "./engines.ts";
import { enter } from "./supervised.ts";

const LINE_BYTES = 64;
const CALLS = 2;
const FIRST_PLACE = 0x8001_0000;
const PAGE_BYTES = 4096;

/** Functions of so many instructions, copied to page after page, each in turn at virtual 0x40001000, where they are called. */
const source = (functions: number, instructions: number, places: number): string => `
  la t0, over
  csrw mtvec, t0
  li s3, 0x80008000           # tables: a gigabyte as it is, and one of one small page
  li t0, 0x200000cf
  sd t0, 16(s3)
  li t0, 0x20002401
  sd t0, 8(s3)
  li t0, 0x20002801
  li t1, 0x80009000
  sd t0, 0(t1)
  li s4, 0x8000a008
  li t0, 0x8000000000080008
  csrw satp, t0
${enter("S", "1f")}
1: .option norvc
  li s0, 0x40001000
  li s1, ${FIRST_PLACE}
  li s2, ${places}
  li s5, 0x00150513           # addi a0, a0, 1
  li s6, 4096
  li s8, 0x00008067           # ret
2: mv t0, s1
  li s9, ${functions}
4: addi t1, t0, ${4 * (instructions - 1)}
3: sw s5, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 3b
  sw s8, 0(t0)
  addi t0, t0, 4
  addi s9, s9, -1
  bnez s9, 4b
  srli t0, s1, 2
  ori t0, t0, 0xcf
  sd t0, 0(s4)
  sfence.vma
  li s9, ${functions}
  mv t0, s0
4: li s7, ${CALLS}
3: jalr t0
  addi s7, s7, -1
  bnez s7, 3b
  addi t0, t0, ${4 * instructions}
  addi s9, s9, -1
  bnez s9, 4b
  add s1, s1, s6
  addi s2, s2, -1
  bnez s2, 2b
  ecall
over: ${PASS}
`;

/** Runs to the end on the turbo engine, half of it and more in generated code. */
function run(functions: number, instructions: number, fitting: number, core?: MachineConfig): void {
  const places = Math.ceil(fitting) + 20;
  const image = program(source(functions, instructions, places), INTEGER);
  const ramBytes = FIRST_PLACE - 0x8000_0000 + places * PAGE_BYTES;
  const timed = core === undefined ? {} : { core };
  const machine: Machine = createMachine({
    isa: INTEGER,
    image,
    ramBytes,
    engine: "turbo",
    translateAfter: 8,
    ...timed,
  });
  expect(machine.run({ maxInstructions: 20_000_000 })).toEqual({ kind: "exit", status: 0 });
  expect(machine.engine.x(10)).toBe(BigInt(functions * (instructions - 1) * CALLS * places));
  expect((machine.engine as Turbo).translated).toBeGreaterThan(functions * instructions * places);
}

test("with timing, code that has more lines in all its places than can be kept runs in all of them", () => {
  run(1, 384, (MAX_LINES * LINE_BYTES) / (4 * 384), configOf("cva6@1", [])!);
});

test("without timing, code that is more regions in all its places than can be kept runs in all of them", () => {
  run(128, 3, MAX_REGIONS / 128);
});
