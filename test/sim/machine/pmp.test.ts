// Physical memory protection: what each kind of entry covers, which entry decides, what locking holds, and who is asked.
import { describe, expect, test } from "vitest";
import { Mode, type AccessType } from "../../../sim/machine/mmu.ts";
import { Pmp } from "../../../sim/machine/pmp.ts";
import { PASS, run, type Ran } from "../../drivers/machine.ts";

const [R, W, X, L] = [1n, 2n, 4n, 0x80n];
const [TOR, NA4, NAPOT] = [1n << 3n, 2n << 3n, 3n << 3n];
const { user: U, supervisor: S, machine: M } = Mode;

/** A unit whose first entries have these configurations and addresses (as pmpaddr holds them). */
function pmp(...entries: (readonly [cfg: bigint, addr: bigint])[]): Pmp {
  const unit = new Pmp();
  unit.writeCfg(0, 0n);
  entries.forEach(([, addr], i) => unit.writeAddr(i, addr));
  unit.writeCfg(
    0,
    entries.reduce((all, [cfg], i) => all | (cfg << BigInt(8 * i)), 0n),
  );
  return unit;
}
const readable = (unit: Pmp, phys: number, bytes = 4, mode: number = U): boolean =>
  unit.permits(mode, phys, bytes, "load");

describe("what an entry covers", () => {
  test("NA4 covers four bytes", () => {
    const unit = pmp([NA4 | R, 0x400n]);
    expect([0xffc, 0x1000, 0x1004].map((a) => readable(unit, a))).toEqual([false, true, false]);
  });

  test.each([
    [0x400n, 8],
    [0x401n, 16],
    [0x40fn, 128],
    [0x5ffn, 4096],
  ])("NAPOT with pmpaddr %i covers %i bytes, no byte less and no byte more", (addr, bytes) => {
    const unit = pmp([NAPOT | R, addr]);
    expect([0xfff, 0x1000, 0x1000 + bytes - 1, 0x1000 + bytes].map((a) => readable(unit, a, 1))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("a top of range covers from the address below, whatever that entry is; the first, from 0", () => {
    const unit = pmp([TOR | R, 0x400n], [0n, 0x800n], [TOR | R, 0x900n]);
    expect([0, 0xfff, 0x1000, 0x1fff, 0x2000, 0x23ff, 0x2400].map((a) => readable(unit, a, 1))).toEqual([
      ...[true, true, false, false, true, true, false],
    ]);
  });

  test("a top of range that is not above its bottom covers nothing", () => {
    expect(readable(pmp([0n, 0x800n], [TOR | R, 0x800n], [NAPOT | R, -1n]), 0x2000)).toBe(true);
    expect(readable(pmp([0n, 0x800n], [TOR | R, 0x800n]), 0x2000)).toBe(false);
  });
});

describe("which entry decides", () => {
  test("the first that matches, though a later one would allow", () => {
    const unit = pmp([NA4, 0x400n], [NAPOT | R, 0x5ffn]);
    expect([readable(unit, 0x1000), readable(unit, 0x1004)]).toEqual([false, true]);
  });

  test.each([U, S, M])("an access that its entry covers in part fails, in mode %i", (mode) => {
    const unit = pmp([NA4 | R, 0x400n], [NAPOT | R, 0x5ffn]);
    expect([4, 8].map((bytes) => readable(unit, 0x1000, bytes, mode))).toEqual([true, false]);
    expect(readable(unit, 0xffc, 8, mode)).toBe(false);
  });

  test("without a match M-mode may, and S- and U-mode may not", () => {
    expect([U, S, M].map((mode) => readable(pmp(), 0x1000, 4, mode))).toEqual([false, false, true]);
  });

  test("an entry binds M-mode only when it is locked", () => {
    const modes = (cfg: bigint): boolean[] => [U, S, M].map((mode) => readable(pmp([cfg, 0x5ffn]), 0x1000, 4, mode));
    expect([modes(NAPOT), modes(NAPOT | L)]).toEqual([
      [false, false, true],
      [false, false, false],
    ]);
  });

  test.each<[string, bigint, AccessType[]]>([
    ["R", R, ["load"]],
    ["R and W", R | W, ["load", "store"]],
    ["X", X, ["fetch"]],
    ["W without R, which is reserved,", W, []],
  ])("%s allows what it says", (_, cfg, allowed) => {
    const unit = pmp([NAPOT | cfg, 0x5ffn]);
    const all: AccessType[] = ["fetch", "load", "store"];
    expect(all.filter((type) => unit.permits(U, 0x1000, 4, type))).toEqual(allowed);
  });
});

describe("locked entries", () => {
  test("keep configuration and address, even when off", () => {
    const unit = pmp([L | R, 0x400n]);
    unit.writeCfg(0, 0n);
    unit.writeAddr(0, 1n);
    expect([unit.readCfg(0), unit.readAddr(0)]).toEqual([L | R, 0x400n]);
  });

  test("keep the address below only as a top of range", () => {
    const below = (matching: bigint): bigint => {
      const unit = pmp([0n, 0x400n], [L | matching, 0x800n]);
      unit.writeAddr(0, 1n);
      return unit.readAddr(0);
    };
    expect([below(TOR), below(NAPOT), below(0n)]).toEqual([0x400n, 1n, 1n]);
  });
});

test("out of reset entry 0 opens all of memory to every mode, unlocked, and the others are off", () => {
  const unit = new Pmp();
  expect([unit.readCfg(0), unit.readCfg(2), unit.readAddr(0)]).toEqual([NAPOT | R | W | X, 0n, (1n << 54n) - 1n]);
});

describe("when each access is looked at", () => {
  const guards = (unit: Pmp): boolean[] => [U, S, M].map((mode) => unit.guards(mode));
  test.each([
    ["not out of reset", new Pmp(), [false, false, false]],
    ["below M-mode where nothing is open", pmp(), [true, true, false]],
    ["where the first entry covers a part", pmp([NAPOT | R | W | X, 0x5ffn]), [true, true, true]],
    ["not in M-mode where all of it is withheld, unlocked", pmp([NAPOT | R, -1n]), [true, true, false]],
    ["everywhere where that is locked", pmp([NAPOT | R | L, -1n]), [true, true, true]],
  ])("%s", (_, unit, expected) => {
    expect(guards(unit)).toEqual(expected);
  });
});

/** Runs U-mode code under entries that M-mode sets; a trap ends it with xcause in s2 and xtval in s3. */
function underEntries(setup: string, code: string, isa?: string): Ran {
  const source = `
  la      t0, trap
  csrw    mtvec, t0
  ${setup}
  la      t0, user
  csrw    mepc, t0
  mret
trap:
  csrr    s2, mcause
  csrr    s3, mtval
  ${PASS}
  .align  12
user:
  ${code}
  ecall
  .align  12
page:
  .zero   4096
`;
  return run(source, isa === undefined ? {} : { isa });
}
const outcome = (r: Ran): [bigint, bigint] => [r.x(18), r.x(19)];
/** Opens the page of the code to fetches, and eight bytes of data to loads. */
const NARROW = `
  la      t0, user
  srli    t0, t0, 2
  ori     t0, t0, 0x1ff
  csrw    pmpaddr0, t0
  la      t0, page + 64
  srli    t0, t0, 2
  csrw    pmpaddr1, t0
  li      t0, 0x191c
  csrw    pmpcfg0, t0
`;

describe("programs", () => {
  test.each([
    ["a load of the open bytes is done", "la a0, page + 64\n ld a1, 0(a0)", 8n, undefined],
    ["a load before them is an access fault", "la a0, page + 56\n ld a1, 0(a0)", 5n, 56],
    ["a load half outside is an access fault", "la a0, page + 60\n ld a1, 0(a0)", 5n, 60],
    ["a store to them is an access fault", "la a0, page + 64\n sw a1, 0(a0)", 7n, 64],
    ["an atomic is a store", "la a0, page + 64\n amoadd.w a1, a1, (a0)", 7n, 64],
    ["a load-reserved is a load", "la a0, page + 64\n lr.w a1, (a0)", 8n, undefined],
    ["a fetch of data is an access fault", "la a0, page + 64\n jr a0", 1n, 64],
  ])("%s", (_, code, cause, at) => {
    const ran = underEntries(NARROW, code);
    expect(outcome(ran)).toEqual([cause, at === undefined ? 0n : ran.symbol("page") + BigInt(at)]);
  });

  test("a fetch fault names the half of an instruction that may not be fetched", () => {
    const setup = `
  la      t0, end
  srli    t0, t0, 2
  csrw    pmpaddr0, t0
  li      t0, 0x0f
  csrw    pmpcfg0, t0
`;
    const ran = underEntries(setup, ".align 2\n c.nop\n .globl end\n .equ end, . + 2\n addi a0, a0, 1", "rv64imac");
    expect(outcome(ran)).toEqual([1n, ran.symbol("end")]);
  });

  test("code already executed is looked at anew when the entries change", () => {
    const source = `
  la      t0, trap
  csrw    mtvec, t0
  j       user
resume:
  la      t0, user
  srli    t0, t0, 2
  ori     t0, t0, 0x1ff
  csrw    pmpaddr0, t0
  li      t0, 0x98
  csrw    pmpcfg0, t0
  j       user
trap:
  csrr    s2, mcause
  csrr    s3, mtval
  ${PASS}
  .align  12
user:
  j       resume
`;
    const ran = run(source);
    expect(outcome(ran)).toEqual([1n, ran.symbol("user")]);
  });

  test("in a page of which a part may be fetched, code that is written anew is executed anew", () => {
    const setup = `
  la      t0, page - 4
  srli    t0, t0, 2
  csrw    pmpaddr0, t0
  li      t0, -1
  csrw    pmpaddr1, t0
  li      t0, 0x1f10
  csrw    pmpcfg0, t0
`;
    const code = "la t0, 1f\n lw t1, 2f\n1: li a0, 1\n bnez a1, 3f\n li a1, 1\n sw t1, 0(t0)\n j 1b\n2: li a0, 2\n3:";
    const ran = underEntries(setup, code);
    expect([...outcome(ran), ran.x(10)]).toEqual([8n, 0n, 2n]);
  });

  test("M-mode with MPRV is held to the mode in MPP", () => {
    const ran = underEntries(
      "csrwi pmpcfg0, 0\n la t1, page\n li t0, 1 << 17\n csrs mstatus, t0\n ld a0, 0(t1)",
      "nop",
    );
    expect(outcome(ran)).toEqual([5n, ran.symbol("page")]);
  });

  test("a walk is an S-mode load: what it may not read is an access fault of the access's kind", () => {
    const setup = `
  la      t0, page
  srli    t1, t0, 2
  ori     t1, t1, 0x1ff
  csrw    pmpaddr0, t1
  li      t1, -1
  csrw    pmpaddr1, t1
  li      t1, 0x1f18
  csrw    pmpcfg0, t1
  srli    t0, t0, 12
  li      t1, 8 << 60
  or      t0, t0, t1
  csrw    satp, t0
`;
    const ran = underEntries(setup, "nop");
    expect(outcome(ran)).toEqual([1n, ran.symbol("user")]);
  });

  test("a cache-block operation needs a block that may be loaded or stored", () => {
    const open = "li t1, 0x50\n csrs menvcfg, t1\n csrs senvcfg, t1\n";
    const isa = "rv64ima_zicsr_zicbom";
    const whole = NARROW.replace(
      "srli    t0, t0, 2\n  csrw    pmpaddr1",
      "srli t0, t0, 2\n ori t0, t0, 7\n csrw pmpaddr1",
    );
    expect(underEntries(open + whole, "la a0, page + 68\n cbo.clean (a0)", isa).x(18)).toBe(8n);
    expect(underEntries(open + NARROW, "la a0, page + 68\n cbo.clean (a0)", isa).x(18)).toBe(7n);
  });
});
