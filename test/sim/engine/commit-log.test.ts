// The commit log: Spike's line, with what a capability needs behind it.
import { expect, test } from "vitest";
import { load, run } from "../../drivers/machine.ts";

/** The effects of each instruction: its line without core, mode, pc and word. */
function effects(
  source: string,
  isa: string,
  prepare: (machine: ReturnType<typeof load>["machine"]) => void = () => {},
): string[] {
  const lines: string[] = [];
  const { machine } = load(source, { isa, onCommit: (line) => lines.push(line) });
  prepare(machine);
  machine.run({ maxInstructions: lines.length + source.trim().split("\n").length });
  return lines.map((line) => line.replace(/^core {3}0: \d 0x[0-9a-f]{16} \(0x[0-9a-f]{4,8}\)/, ""));
}
const integer = "rv64imac_zicsr_zicboz";

test("a line has the mode, the pc, the word, and the register with its value, as Spike's has", () => {
  const lines: string[] = [];
  run(" auipc t0, 0\n li a0, -1\n c.nop\n", { isa: integer, onCommit: (line) => lines.push(line) });
  expect(lines.slice(0, 3)).toEqual([
    "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000",
    "core   0: 3 0x0000000080000004 (0xfff00513) x10 0xffffffffffffffff",
    "core   0: 3 0x0000000080000008 (0x0001)",
  ]);
});

test("loads give the address, stores address and value at their width, atomics both", () => {
  const seen = effects(
    " sb a0, 3(a1)\n lhu a2, 2(a1)\n sd a0, 8(a1)\n amoadd.w a3, a0, (a1)\n sc.w a4, a0, (a1)",
    integer,
    ({ engine }) => {
      engine.setX(10, 0x1122334455667788n);
      engine.setX(11, 0x8000_1000n);
    },
  );
  expect(seen).toEqual([
    " mem 0x0000000080001003 0x88",
    " x12 0x0000000000008800 mem 0x0000000080001002",
    " mem 0x0000000080001008 0x1122334455667788",
    " x13 0xffffffff88000000 mem 0x0000000080001000 mem 0x0000000080001000 0xdd667788",
    " x14 0x0000000000000001",
  ]);
});

test("a written CSR is there with what it then holds, a read one only in its register, and xRET with mstatus", () => {
  const seen = effects(" csrw mstatus, a0\n csrr a1, mscratch\n mret", integer, ({ engine }) =>
    engine.setX(10, ~0n & 0x88n),
  );
  expect(seen).toEqual([
    " c768_mstatus 0x0000000a00000088",
    " x11 0x0000000000000000",
    " c768_mstatus 0x0000000a00000088",
  ]);
});

test("as in Spike's log, views of mstatus, mie and mip are the registers behind them, and minstret has not counted itself", () => {
  const seen = effects(
    " csrwi sstatus, 2\n csrwi sie, 0\n csrwi sip, 0\n csrwi minstret, 7\n csrr a0, minstret",
    integer,
  );
  expect(seen).toEqual([
    " c768_mstatus 0x0000000a00000002",
    " c772_mie 0x0000000000000000",
    " c836_mip 0x0000000000000000",
    " c2818_minstret 0x0000000000000007",
    " x10 0x0000000000000007",
  ]);
});

test("cbo.zero is a store of each byte of its block, as in Spike's log", () => {
  const [stores] = effects(" cbo.zero (a1)", integer, ({ engine }) => engine.setX(11, 0x8000_1044n));
  const bytes = stores!.split(" mem ").slice(1);
  expect([bytes.length, bytes[0], bytes[63]]).toEqual([64, "0x0000000080001040 0x00", "0x000000008000107f 0x00"]);
});

test("a trapping instruction has no line", () => {
  expect(effects(" nop\n lw a0, 0(zero)", integer).slice(0, 1)).toEqual([""]);
  expect(effects(" nop\n lw a0, 0(zero)", integer).length).toBe(1);
});

test("with capabilities, whole registers, CSRs and granules follow with metadata, address and tag", () => {
  const seen = effects(
    " auipc a1, 1\n sy a1, 16(a1)\n ly a2, 16(a1)\n csrw mscratch, a1\n li a3, 1\n sd a1, 0(a1)",
    "rv64y",
  );
  const whole = "0xf01fe00000000000_0x0000000080001000 1";
  expect(seen.slice(0, 6)).toEqual([
    ` x11 0x0000000080001000 c11 ${whole}`,
    ` mem 0x0000000080001010 0xf01fe000000000000000000080001000 cmem 0x0000000080001010 ${whole}`,
    ` x12 0x0000000080001000 mem 0x0000000080001010 c12 ${whole}`,
    ` c832_mscratch 0x0000000080001000 c832_mscratch ${whole}`,
    " x13 0x0000000000000001",
    " mem 0x0000000080001000 0x0000000080001000",
  ]);
});

test("logging changes nothing of what is executed", () => {
  const source = " li a0, 50\n1: mul a1, a1, a0\n addi a1, a1, 3\n addi a0, a0, -1\n bnez a0, 1b\n ecall";
  const logged = run(source, { isa: integer, onCommit: () => {} });
  const plain = run(source, { isa: integer });
  expect([logged.x(11), logged.stop, logged.machine.cycles]).toEqual([plain.x(11), plain.stop, plain.machine.cycles]);
});
