// I11, I17, I18: who reaches which register, what a register makes of a capability, and what a page lets through.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainBounds } from "../drivers/plain-bounds.ts";
import { arbDataCapability, bounded, CODE, DATA, infinite, ISAS } from "./hostile.ts";
import { instruction } from "./instruction.ts";
import { BIT, equal, isSealed, type Cap } from "./standard.ts";
import { codeCapability, csrsOf, Watched } from "./watched.ts";

const MODES = [0, 1, 3] as const;
/** Registers that name a thread: reading them needs no ASR (#asr_perm). */
const TIDC = [0x480, 0x580, 0x780];
const [MTVEC, STVEC, MEPC, SEPC] = [0x305, 0x105, 0x341, 0x141];
const SCRATCH = [0x340, 0x140, 0x480, 0x580, 0x780];
const ILLEGAL = 2n;

describe.each(ISAS)("%s", (isa) => {
  /** In a mode that may be anything, with all that higher modes can withhold granted. */
  function inMode(mode: number, pcc: Cap): Watched {
    const watched = new Watched(isa);
    const { hart } = watched.machine;
    hart.mcounteren = hart.scounteren = 0xffff_ffffn;
    hart.menvcfg = (1n << 63n) | 0xf0n;
    hart.senvcfg = 0xf0n;
    hart.mode = mode;
    watched.resume(pcc);
    return watched;
  }

  test("I11: a register answers to its privilege, to writes if it is not read-only, and, if privileged, to ASR", () => {
    for (const mode of MODES) {
      for (const asr of [true, false]) {
        const pcc = codeCapability(isa, asr ? 0n : BIT.ASR);
        const watched = inMode(mode, pcc);
        const legal = (name: string, csr: number, rs1: number): boolean => {
          watched.machine.hart.mode = mode;
          watched.resume(pcc);
          return watched.execute(instruction(name, { rd: 0, csr, rs1 })) !== ILLEGAL;
        };
        for (const number of csrsOf(watched.machine)) {
          const level = (number >> 8) & 3;
          const reaches = mode >= level;
          const mayRead = reaches && (asr || level === 0 || TIDC.includes(number));
          const mayWrite = reaches && number >> 10 !== 3 && (asr || (level === 0 && !TIDC.includes(number)));
          // Written is what it holds, so that nothing changes.
          watched.set(11, watched.machine.csrs.read(number));
          const found = { number, mode, asr, read: legal("csrrs", number, 0), write: legal("csrrw", number, 11) };
          expect(found).toEqual({ number, mode, asr, read: mayRead, write: mayWrite });
        }
      }
    }
  });

  test("I11: MRET, SRET and CBO.INVAL need ASR, MRET M-mode, SRET more than U-mode", () => {
    const privileged = [
      { name: "mret", least: 3 },
      { name: "sret", least: 1 },
      { name: "cbo.inval", least: 0 },
    ];
    for (const { name, least } of privileged) {
      for (const mode of MODES) {
        for (const asr of [true, false]) {
          const watched = inMode(mode, codeCapability(isa, asr ? 0n : BIT.ASR));
          watched.set(11, infinite(isa, DATA));
          const { trap } = watched.inject(instruction(name, { rs1: 11 }));
          expect([name, mode, asr, trap === ILLEGAL]).toEqual([name, mode, asr, !(asr && mode >= least)]);
        }
      }
    }
  });

  const machine = inMode(3, infinite(isa, CODE));
  /** What a register holds after CSRRW of a capability. */
  function held(csr: number, value: Cap): Cap {
    machine.resume(infinite(isa, CODE));
    machine.set(11, value);
    machine.execute(instruction("csrrw", { rd: 0, csr, rs1: 11 }));
    const { tag, meta, addr } = machine.machine.csrs.read(csr);
    return { tag, meta, addr };
  }

  test("I17: scratch and thread registers hold what they are given; xtvec never a sealed tag; xepc only one of an instruction", () => {
    fc.assert(
      fc.property(arbDataCapability(isa), (c) => {
        for (const csr of SCRATCH) expect(held(csr, c)).toEqual(c);
        for (const csr of [MTVEC, STVEC]) {
          const vector = held(csr, c);
          expect([vector.addr, vector.meta]).toEqual([c.addr & ~2n, c.meta]);
          if (isSealed(c)) expect(vector.tag).toBe(0n);
        }
        for (const csr of [MEPC, SEPC]) {
          const even = (c.addr & 1n) === 0n;
          expect(held(csr, c)).toEqual(even ? c : { ...c, tag: 0n, addr: c.addr & ~1n });
        }
      }),
      { numRuns: 40 },
    );
  });

  test("I17: a vector keeps its tag exactly where all addresses that a trap can form have the bounds it was given", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: -2, max: 7 }), fc.nat(3), fc.nat(24), (e, quarter, mode, off) => {
        const region = bounded(infinite(isa, 0n), 1n << 40n, 1n << BigInt(12 + e));
        const near = (1n << 40n) + BigInt(quarter) * (1n << BigInt(10 + e)) - 4n * BigInt(off);
        const value = { ...region, addr: near - (near % 4n) + BigInt(mode) };
        const same = (addr: bigint): boolean => {
          const [a, b] = [plainBounds(value.meta, value.addr), plainBounds(value.meta, addr)];
          return a.base === b.base && a.top === b.top;
        };
        const base = value.addr & ~3n;
        for (const [csr, highest] of [
          [MTVEC, 11n],
          [STVEC, 9n],
        ] as const) {
          const vectored = (mode & 1) === 1;
          const expected = same(base) && (!vectored || same(base + 4n * highest));
          expect([csr, held(csr, value).tag]).toEqual([csr, expected ? 1n : 0n]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("I17: CSRRS and CSRRC move a register's address as YADDRW would", () => {
    fc.assert(
      fc.property(arbDataCapability(isa), fc.nat(63), fc.boolean(), (c, bit, sets) => {
        const watched = inMode(3, infinite(isa, CODE));
        watched.set(11, c);
        watched.inject(instruction("csrrw", { rd: 0, csr: 0x340, rs1: 11 }));
        watched.set(12, { tag: 0n, meta: 0n, addr: 1n << BigInt(bit) });
        const name = sets ? "csrrs" : "csrrc";
        const { after } = watched.inject(instruction(name, { rd: 10, csr: 0x340, rs1: 12 }));
        const addr = sets ? c.addr | (1n << BigInt(bit)) : c.addr & ~(1n << BigInt(bit));
        const [a, b] = [plainBounds(c.meta, c.addr), plainBounds(c.meta, addr)];
        const keeps = !isSealed(c) && a.base === b.base && a.top === b.top;
        expect(equal(after.registers[10]!, c)).toBe(true);
        expect(after.csrs.get(0x340)).toEqual({ tag: keeps ? 1n : 0n, meta: c.meta, addr });
      }),
      { numRuns: 60 },
    );
  });

  test("I18: a page with Y = 0 gives no tag and takes none (36); all else passes, tagged or not, with Y or without", () => {
    const TABLE = 0x8000_3000n;
    const LEAF = 0xcfn; // V, R, W, X, A, D
    const Y = 1n << 58n;
    const accesses = ["ly", "lr.y", "sy", "amoswap.y", "ld", "sd"];
    for (const y of [false, true]) {
      for (const tag of [0n, 1n]) {
        for (const name of accesses) {
          const watched = new Watched(isa);
          const { memory, hart } = watched.machine;
          // One page of 1 GiB, where RAM is.
          memory.store(0x3000 + 8 * 2, 8, (0x8_0000n << 10n) | LEAF | (y ? Y : 0n));
          hart.satp = (8n << 60n) | (TABLE >> 12n);
          hart.mode = 1;
          const value = { ...infinite(isa, DATA + 32n), tag };
          watched.put(DATA, { ...value, tag: 1n });
          watched.set(11, infinite(isa, DATA));
          watched.set(12, value);
          watched.resume(infinite(isa, CODE));
          const { trap, after } = watched.inject(instruction(name, { rd: 10, rs1: 11, rs2: 12, imm: 0n }));
          const stores = name === "sy" || name === "amoswap.y";
          const refused = stores && tag === 1n && !y;
          const loads = ["ly", "lr.y", "amoswap.y"].includes(name) && !refused;
          const label = `${name}, Y = ${y}, tag ${tag}`;
          expect([label, trap]).toEqual([label, refused ? 36n : undefined]);
          if (loads) expect([label, after.registers[10]!.tag]).toEqual([label, y ? 1n : 0n]);
          const left = refused ? 1n : name === "sd" ? 0n : stores ? tag : 1n;
          expect([label, watched.get(DATA).tag]).toEqual([label, left]);
        }
      }
    }
  });
});
