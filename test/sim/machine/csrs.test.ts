// Control and status registers: which bits hold what is written, what others read as, and what a write to a view changes.
import { describe, expect, test } from "vitest";
import { CSRS, csrNumber } from "../../../isa/csr.ts";
import { Capability } from "../../../sim/machine/capability.ts";
import { load } from "../../drivers/machine.ts";

const ONES = (1n << 64n) - 1n;

/** Writes a register and reads registers back, as the machine's own rules have it. */
function csrs(isa = "rv64imac_zicsr_zicbom_zicboz"): {
  write: (name: string, value: bigint) => void;
  read: (name: string) => bigint;
} {
  const { machine } = load(" nop", { isa });
  return {
    write: (name, value) => void machine.csrs.write(csrNumber(name)!, new Capability(0n, 0n, value, undefined), true),
    read: (name) => machine.csrs.read(csrNumber(name)!).addr,
  };
}
const held = (name: string, value: bigint, isa?: string): bigint => {
  const { write, read } = csrs(isa);
  write(name, value);
  return read(name);
};

describe("legal values", () => {
  test.each([
    ["mstatus", 0xa_007e_19aan],
    ["sstatus", 0x2_000c_0122n],
    ["mie", 0xaaan],
    ["mip", 0x222n],
    ["mideleg", 0x222n],
    ["medeleg", 0xb3fen],
    ["mcounteren", 0xffff_ffffn],
    ["mtvec", ONES - 2n],
    ["mepc", ONES - 1n],
    ["satp", 0n],
    ["mscratch", ONES],
    ["mcause", ONES],
    ["mhartid", 0n],
    ["mhpmcounter3", 0n],
    ["mhpmevent31", 0n],
    ["mcountinhibit", 5n],
    ["menvcfg", 0xa000_0000_0000_00f1n],
    ["senvcfg", 0xf1n],
    ["tselect", 0n],
    ["tdata1", 0n],
    ["pmpaddr0", (1n << 54n) - 1n],
    ["pmpcfg2", 0x9f9f_9f9f_9f9f_9f9fn],
  ])("all ones leave in %s what it implements", (name, value) => {
    expect(held(name, ONES)).toBe(value);
  });

  test.each([
    ["rv64imac", 0x01n],
    ["rv64imac_zicbom", 0x71n],
    ["rv64imac_zicboz", 0x81n],
  ])("of %s menvcfg and senvcfg have the fields that its extensions furnish", (isa, fields) => {
    expect([held("menvcfg", ONES, isa) & 0xffn, held("senvcfg", ONES, isa)]).toEqual([fields, fields]);
  });

  test("MPP keeps its value where it is given a mode that does not exist", () => {
    const { write, read } = csrs();
    write("mstatus", 1n << 11n);
    write("mstatus", 2n << 11n);
    expect((read("mstatus") >> 11n) & 3n).toBe(1n);
  });

  test("satp ignores a write with a mode other than bare and Sv39, whole", () => {
    const { write, read } = csrs();
    const sv39 = (8n << 60n) | (5n << 44n) | 0x80100n;
    write("satp", sv39);
    write("satp", (9n << 60n) | 7n);
    expect(read("satp")).toBe(sv39);
  });

  test("a reserved CBIE leaves CBIE clear", () => {
    expect([0n, 1n, 2n, 3n].map((v) => held("menvcfg", v << 4n) >> 4n)).toEqual([0n, 1n, 0n, 3n]);
  });

  test("a misaligned instruction address can be delegated where it can occur", () => {
    expect([held("medeleg", 1n, "rv64ima"), held("medeleg", 1n, "rv64imac")]).toEqual([1n, 0n]);
  });

  test("CHERI's exceptions can be delegated where there are capabilities", () => {
    expect(held("medeleg", ONES, "rv64y")).toBe(0x1f_0000_b3fen);
  });

  test("misa names the extensions and cannot be changed", () => {
    const letters = (isa: string): string =>
      [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].filter((_, i) => (held("misa", 0n, isa) >> BigInt(i)) & 1n).join("");
    expect([letters("rv64imac_zicsr"), letters("rv64ima_zicsr"), letters("rv64y")]).toEqual([
      "ACIMSU",
      "AIMSU",
      "ABCIMSUY",
    ]);
  });
});

describe("views", () => {
  test("sstatus, sie and sip show and change only the supervisor's part", () => {
    const { write, read } = csrs();
    write("mideleg", 0x222n);
    write("mie", 0xaaan);
    write("mstatus", 0x1808n);
    write("sie", 0n);
    write("sstatus", 2n);
    expect([read("mie"), read("sie"), read("mstatus") & 0x180an, read("sstatus") & 0xffn]).toEqual([
      0x888n,
      0n,
      0x180an,
      2n,
    ]);
  });

  test("sie and sip hold no interrupt that is not delegated", () => {
    const { write, read } = csrs();
    write("mideleg", 2n);
    write("mie", 0x222n);
    write("mip", 0x222n);
    expect([read("sie"), read("sip")]).toEqual([2n, 2n]);
    write("sip", 0n);
    expect(read("mip")).toBe(0x220n);
  });

  test("written counters count on from the value written, and cycle and instret follow", () => {
    const { machine } = load(
      " li a0, 1000\n csrw minstret, a0\n csrr a1, instret\n nop\n csrr a2, minstret\n csrw mcycle, zero\n csrr a3, cycle\n csrr a4, time",
    );
    machine.run({ maxInstructions: 8 });
    // Without a timing model each instruction takes one cycle: mcycle's own write passes one.
    expect([11, 12, 13, 14].map((r) => machine.engine.x(r))).toEqual([1000n, 1002n, 1n, 7n]);
  });
});

test("inhibited counters stand still, can be written, and go on from there", () => {
  const { machine } = load(`
    li      a0, 5
    csrw    mcountinhibit, a0
    csrr    a1, minstret
    csrr    a2, mcycle
    csrr    a3, instret
    csrr    a4, cycle
    csrwi   minstret, 9
    csrwi   mcountinhibit, 0
    csrr    a5, minstret
    csrr    a6, mcycle
    csrr    a7, mcycle`);
  machine.run({ maxInstructions: 11 });
  const read = [11, 12, 13, 14, 15, 16, 17].map((r) => machine.engine.x(r));
  // The write to mcountinhibit is itself counted in minstret; mcycle stands from the write on.
  expect(read).toEqual([2n, 1n, 2n, 1n, 9n, 3n, 4n]);
});

test("every register of the table behaves somehow on some machine", () => {
  const { machine } = load(" nop", { isa: "rv64y_zyhybrid" });
  for (const { number, name } of CSRS) expect(machine.csrs.name(number)).toBe(name);
});
