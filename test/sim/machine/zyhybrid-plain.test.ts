// A hart with Zyhybrid whose pcc, ddc, xtvec and xepc stand as reset left them is plain RISC-V, instruction by instruction.
import fc from "fast-check";
import { expect, test } from "vitest";
import { infiniteMeta } from "../../../isa/cap/format.ts";
import { encode } from "../../../isa/codec.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { Capability } from "../../../sim/machine/capability.ts";
import { RAM_BASE, type Machine } from "../../../sim/machine/machine.ts";
import { arbOperands } from "../../arbitrary/operands.ts";
import { arbX } from "../../arbitrary/x.ts";
import { load } from "../../drivers/machine.ts";

const PLAIN = "rv64imacb_zicond_zicbom_zicboz_zicbop_zabhlrsc";
const RAM_BYTES = 64 << 10;
const CODE = 0x1000;
/** What says by right that there is RVY: misa, xenvcfg, the causes in medeleg, and the registers that it adds. */
const OF_RVY = [0x301, 0x30a, 0x10a, 0x302, 0x416, 0x480, 0x580, 0x780];

const arbWord = fc
  .constantFrom(...instructionsOf(PLAIN).filter((f) => f.insn.name !== "wfi"))
  .chain((form) => arbOperands(form).map((values) => encode(form, values)))
  .filter((word) => (word & 0x7f) !== 0x73 || !OF_RVY.includes(word >>> 20));
/** Mostly addresses in RAM, so that accesses and jumps meet something. */
const arbRegister = fc.oneof(
  { weight: 3, arbitrary: fc.nat(RAM_BYTES - 1).map((n) => BigInt(RAM_BASE + n)) },
  { weight: 1, arbitrary: arbX },
);

/** Bounds do not wrap round the end of the address space: an access that does is the one thing that even Infinite refuses. */
function wraps({ hart }: Machine): boolean {
  const refused = hart.mcause === 33n || hart.mcause === 34n;
  return refused && hart.mtval > (1n << 64n) - 8n;
}

function state({ engine, hart, instructions }: Machine): unknown {
  const { mcause, mtval, scause, stval, mstatus, mode, satp, mie, senvcfg } = hart;
  const { mepc, mtvec, mscratch, stvec, sepc, sscratch } = hart;
  const widened = [mepc, mtvec, mscratch, stvec, sepc, sscratch].map((y) => y.addr);
  const registers = Array.from({ length: 32 }, (_, r) => engine.x(r));
  const traps = { mcause, mtval, scause, stval, mstatus, mode, satp, mie, senvcfg };
  return { pc: engine.pcc.addr, instructions, registers, widened, ...traps };
}

test("a plain program does on a hart with Zyhybrid what it does on one without capabilities, but for accesses across 2^64", () => {
  const arbWords = fc.array(arbWord, { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(arbWords, fc.array(arbRegister, { minLength: 31, maxLength: 31 }), (words, registers) => {
      const plain = load("", { isa: PLAIN, ramBytes: RAM_BYTES }).machine;
      const hybrid = load("", { isa: "rv64y_zyhybrid", ramBytes: RAM_BYTES }).machine;
      const pc = BigInt(RAM_BASE + CODE);
      for (const machine of [plain, hybrid]) registers.forEach((x, i) => machine.engine.setX(i + 1, x));
      for (const word of words) {
        for (const machine of [plain, hybrid]) {
          machine.memory.store(CODE, 4, BigInt(word));
          const [tag, meta] = machine === hybrid ? [1n, infiniteMeta(false, true)] : [0n, 0n];
          machine.engine.resume(new Capability(tag, meta, pc, undefined));
        }
        expect(hybrid.step()).toEqual(plain.step());
        if (wraps(hybrid)) return;
        expect(state(hybrid)).toEqual(state(plain));
      }
      expect(Buffer.compare(hybrid.memory.bytes, plain.memory.bytes)).toBe(0);
    }),
    { numRuns: 60 },
  );
});
