// Turbo with capabilities: bounds kept decoded in registers, tags, and the faults of every check, precisely.
import { describe, expect, test } from "vitest";
import type { Machine } from "../../../../sim/machine/machine.ts";
import { arbHoldings, arbHostileCode, RAM_BYTES as HOSTILE_RAM_BYTES } from "../../../laws/hostile.ts";
import { codeCapability, toCapability } from "../../../laws/watched.ts";
import fc from "fast-check";
import { passThrough } from "../../../drivers/machine.ts";
import { bothRun, onBoth } from "./engines.ts";

const ISAS = ["rv64y", "rv64y_zylevels1"] as const;
const RAM_BASE = 0x8000_0000;

describe.each(ISAS)("%s", (isa) => {
  test("a list of capabilities is walked, and one node past its bounds traps", () => {
    bothRun(
      `
      auipc s0, 0
      yaddi s1, s0, 1024
      ymv s2, s1
      li t0, 20
    1: yaddi t1, s2, 64
      ybndswi t2, t1, 32
      sy t2, 0(s2)
      sd t0, 16(s2)
      ymv s2, t1
      addi t0, t0, -1
      bnez t0, 1b
      yaddi t0, s0, %lo(handler)
      auipc t0, 0
      yaddi t0, t0, 40
      csrw mtvec, t0
      li s4, 30
    2: ymv a0, s1
      li a1, 19
    3: ly a0, 0(a0)
      ld a2, 16(a0)
      add a3, a3, a2
      addi a1, a1, -1
      bnez a1, 3b
      andi a4, s4, 3
      slli a4, a4, 4
      yadd a5, a0, a4
      ld a6, 8(a5)
      add a3, a3, a6
      sb a3, 31(a0)
      addi s4, s4, -1
      bnez s4, 2b
      ${passThrough("s0")}
    handler: csrr t5, mepc
      csrr t4, mtval
      add s5, s5, t4
      yaddi t5, t5, 4
      csrw mepc, t5
      mret
    `.replace("yaddi t0, s0, %lo(handler)\n      auipc t0, 0\n      yaddi t0, t0, 40", "lla t0, handler"),
      isa,
    );
  });

  test("a register that held a capability has no bounds left of it when it holds an integer", () => {
    bothRun(
      `
      auipc s0, 0
      li s2, 60
    1: ybndswi a0, s0, 64
      ld a1, 0(a0)
      andi t0, s2, 3
      bnez t0, 2f
      addi a0, a0, 16
    2: ytopr a2, a0
      ybaser a3, a0
      ylenr a4, a0
      add a5, a5, a2
      xor a5, a5, a3
      add a5, a5, a4
      slli a5, a5, 1
      addi s2, s2, -1
      bnez s2, 1b
      ${passThrough("s0")}
    `,
      isa,
    );
  });

  test("sealing and unsealing leave the bounds, and an address far from them takes the tag", () => {
    bothRun(
      `
      auipc s0, 0
      li s2, 60
    1: yaddi a0, s0, 1024
      ybndswi a0, a0, 32
      ysentry a1, a0
      ysunseal a2, s0, a1
      ytopr a3, a2
      ybaser a4, a2
      andi t0, s2, 1
      slli t0, t0, 40
      addi a5, a0, 0
      add a5, a5, t0
      yaddrw a6, a2, a5
      ytagr a7, a6
      ytopr t1, a6
      add s4, s4, a7
      xor s4, s4, a3
      add s4, s4, a4
      xor s4, s4, t1
      addi s2, s2, -1
      bnez s2, 1b
      ${passThrough("s0")}
    `,
      isa,
    );
  });

  test("code that has been executed is not beyond the end of a narrower pcc", () => {
    bothRun(
      `
      lla t0, handler
      csrw mtvec, t0
      lla s1, body
      li s2, 30
    1: jalr ra, 0(s1)
      addi s2, s2, -1
      bnez s2, 1b
      ybndswi s1, s1, 8
      lla s4, over
      li s2, 30
    2: jalr ra, 0(s1)
    over: addi s2, s2, -1
      bnez s2, 2b
      ${passThrough("s4")}
    handler: addi s5, s5, 1
      csrw mepc, s4
      mret
    .balign 64
    body: addi s6, s6, 1
      addi s6, s6, 3
      addi s6, s6, 5
      addi s6, s6, 7
      ret
    `,
      isa,
    );
  });

  test("a jump out of the pcc's bounds takes its tag where they cannot be represented there", () => {
    bothRun(
      `
      lla t0, handler
      csrw mtvec, t0
      lla s4, back
      lla s1, inside
      ybndswi s1, s1, 32
      li s2, 60
    1: jalr ra, 0(s1)
    back: addi s2, s2, -1
      bnez s2, 1b
      ${passThrough("s4")}
    handler: csrr t1, mepc
      ytagr t2, t1
      slli s3, s3, 1
      xor s3, s3, t2
      csrw mepc, s4
      mret
    .balign 64
    inside: andi t0, s2, 1
      beqz t0, 2f
      j near
    2: j far
    .zero 64
    near: nop
    .zero 0x6000
    far: nop
    `,
      isa,
    );
  });

  test("a jump through a capability of the same metadata leads to other bounds where its address is another", () => {
    bothRun(
      `
      lla t0, handler
      csrw mtvec, t0
      lla s4, back
      lla s1, first
      ybndswi s1, s1, 32
      lla s2, second
      ybndswi s2, s2, 32
      li s3, 60
    1: jalr ra, 0(s1)
    back: addi s3, s3, -1
      bnez s3, 1b
      ${passThrough("s4")}
    handler: addi s6, s6, 1
      csrw mepc, s4
      mret
    .balign 64
    first: addi s5, s5, 1
      jr s2
    .balign 64
    .zero 0x4000 - 64
    second: addi s5, s5, 3
      ret
    `,
      isa,
    );
  });

  test("an integer store across two granules clears both tags", () => {
    bothRun(
      `
      auipc s0, 0
      yaddi s1, s0, 1024
      li s2, 60
    1: sy s0, 0(s1)
      sy s0, 16(s1)
      sd s2, 12(s1)
      ly a0, 0(s1)
      ly a1, 16(s1)
      ytagr a2, a0
      ytagr a3, a1
      add a4, a4, a2
      add a5, a5, a3
      addi s2, s2, -1
      bnez s2, 1b
      ${passThrough("s0")}
    `,
      isa,
    );
  });

  test("hostile programs end alike, once and again", () => {
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa), (holdings, words) => {
        const bytes = new Uint8Array(4 * words.length);
        const view = new DataView(bytes.buffer);
        words.forEach((word, i) => view.setUint32(4 * i, ((word & 3) === 3 ? word : word | 0x0001_0000) >>> 0, true));
        const segment = { address: RAM_BASE, bytes, memoryBytes: bytes.length, executable: true, writable: true };
        const image = { entry: RAM_BASE, segments: [segment], symbols: new Map(), categories: ["other"], ranges: [] };
        const drive = (machine: Machine): unknown => {
          const { engine, memory } = machine;
          const put = (): void => holdings.registers.forEach((c, i) => engine.setY(i + 1, toCapability(c)));
          for (const [granule, c] of holdings.memory)
            memory.storeCapability(0x1000 + 16 * granule, Number(c.tag), c.meta, c.addr);
          return [1, 2, 3].map((pass) => {
            put();
            engine.resume(toCapability(codeCapability(isa)));
            return machine.run({ maxInstructions: 150 * pass });
          });
        };
        const { reference, turbo } = onBoth({ isa, image, ramBytes: HOSTILE_RAM_BYTES }, drive);
        expect(turbo).toEqual(reference);
      }),
      { numRuns: 60 },
    );
  });
});
