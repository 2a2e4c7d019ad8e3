// Random integer programs for Spike and us to run side by side: user, supervisor and machine mode, traps, atomics, CSRs.
import { encode, type Form, type OperandValues } from "../../isa/codec.ts";
import { decoded } from "../../isa/decode.ts";
import { disassemble } from "../../isa/disasm.ts";
import { instructionsOf } from "../../isa/table.ts";
import { integer } from "../arbitrary/presets.ts";
import { Random } from "../arbitrary/random.ts";

/** What both machines have; Spike is told of each by name. */
export const SPIKE_ISA = "rv64imac_zicsr_zifencei_zba_zbb_zbs_zicond_zicbom_zicboz_zicbop";

// x8 is the middle of the data, x2 and x9 point into it; x30 and x31 are for handlers and idioms.
const SP = 2;
const DATA = 8;
const POINTER = 9;
const KEPT = [SP, DATA, POINTER];
const BLOCK_INSTRUCTIONS = 8;

const FORMS = instructionsOf(SPIKE_ISA);
const isMemory = (f: Form): boolean => ["load", "store", "atomic", "cbo"].includes(f.insn.timing);
const isBranch = (f: Form): boolean => f.insn.asm.includes("target");
/** Left to idioms, or beyond what two machines share: WFI sleeps, xRET and JALR need somewhere to go. */
const IDIOMATIC = /^(wfi|mret|sret|jalr|c\.jr|c\.jalr|c\.addi16sp|csr.*|[ls][rc]\.[wd])$/;
const SINGLE = FORMS.filter((f) => !IDIOMATIC.test(f.insn.name));

/** CSRs that hold what is written to them in both machines, or read the same; of some, only these bits are written. */
const CSRS: readonly (readonly [name: string, writable?: bigint])[] = [
  ["mscratch", -1n],
  ["sscratch", -1n],
  ["mepc", -1n],
  ["sepc", -1n],
  ["mtval", -1n],
  ["stval", -1n],
  ["mcause", 0x8000_0000_0000_000fn],
  ["scause", 0x8000_0000_0000_000fn],
  ["mcounteren", 7n],
  ["scounteren", 7n],
  ["medeleg", 0xb1fen],
  ["mideleg", 0x222n],
  // MIE, MPRV and MPP change by idioms alone; FS stays 0, and TSR, so that S-mode's handler can return.
  ["mstatus", 0x3c_0122n],
  ["sstatus", 0xc_0122n],
  ["menvcfg", 0xf0n],
  ["senvcfg", 0xf0n],
  ["minstret"],
  ["instret"],
  ["misa"],
  ["mhartid"],
  ["mvendorid"],
  ["mhpmcounter3"],
  ["hpmcounter31"],
  ["satp"],
];

/** Addresses where nothing is, or where RAM ends. */
const NOWHERE = ["0x40000000", "-64", "0x7ffffffffffff000", "0x81000000"];
/** Halfwords that RV64 reserves: of c.addi4spn, c.addiw, c.lui, c.lwsp, c.jr and others. */
const RESERVED = ["0", "0x0008", "0x2001", "0x6501", "0x4002", "0x6002", "0x8002", "0x9c41", "0x8000"];
/** RAM's last bytes: an access may run across the end. */
const LAST = ["0x80ffffff", "0x80fffffc", "0x80fffffe"];

const choose = (random: Random, registers: readonly number[] = []): number =>
  registers.length > 0 && random.chance(0.9) ? random.pick(registers) : 10 + random.below(20);

function operands(random: Random, form: Form): OperandValues {
  const values: Record<string, number | bigint> = {};
  for (const field of form.fields) {
    if (field === "imm" || field === "uimm") {
      const step = form.immStep;
      const [low, high] = form.immSigned
        ? [-(2 ** (form.immBits - 1)), 2 ** (form.immBits - 1)]
        : [0, 2 ** form.immBits];
      values[field] = BigInt(Math.floor(random.between(low, high - 1) / step) * step);
      continue;
    }
    const slice = form.slices.find((s) => s.field === field)!;
    values[field] = slice.offset + random.below(2 ** slice.width);
  }
  for (const [alias, field] of Object.entries(form.aliases)) values[alias] = values[field]!;
  return values;
}

/** Does it leave the kept registers, and use memory through them alone? */
function tame(form: Form, values: OperandValues): boolean {
  const written = Number(values["rd"] ?? 0);
  if (form.fields.includes("rd") && KEPT.includes(written)) return false;
  if (form.insn.name === "c.addi" && values["imm"] === 0n) return false; // a HINT, which Spike logs as a write
  if (!isMemory(form) || form.insn.implies?.rs1 !== undefined) return true;
  return [DATA, POINTER].includes(Number(values["rs1"]));
}

function encoding(random: Random, form: Form): number {
  for (;;) {
    const values = { ...operands(random, form) };
    if (isMemory(form) && form.fields.includes("rs1")) {
      const atomic = form.insn.timing === "atomic" || form.insn.timing === "cbo";
      values["rs1"] = atomic ? POINTER : DATA;
    }
    const excluded = form.except.some((e) => Number(values[e.field]) === e.value);
    if (!excluded && tame(form, values)) return encode(form, values);
  }
}

/** One instruction as a line; a branch goes to a block ahead. */
function single(random: Random, block: number): string {
  const form = random.pick(SINGLE);
  const word = encoding(random, form);
  if (form.bytes === 4 && !isMemory(form) && !isBranch(form) && random.chance(0.02))
    return `.4byte ${hex(BigInt((word ^ (1 << random.between(12, 31))) >>> 0))}`; // opcode and rd stay as they are
  const text = disassemble(decoded(form, word));
  if (!isBranch(form)) return text;
  const ahead = form.bytes === 2 ? 1 : random.between(1, 3);
  return text.replace(/\.(\s*[+-]\s*\S+)?$/, `block${block + ahead}`);
}

const hex = (n: bigint): string => `0x${BigInt.asUintN(64, n).toString(16)}`;

function csrAccess(random: Random): string[] {
  const [name, writable] = random.pick(CSRS);
  const rd = random.pick([0, choose(random)]);
  if (writable === undefined || random.chance(0.3)) return [`csrr x${rd}, ${name}`];
  const value = integer(random) & writable;
  const op = random.pick(["csrrw", "csrrs", "csrrc"]);
  // Bits beyond `writable` stay as they are.
  if (op === "csrrw" && writable !== -1n) return [`li x31, ${hex(writable)}`, `csrrc x${rd}, ${name}, x31`];
  return [`li x31, ${hex(value)}`, `${op} x${rd}, ${name}, x31`];
}

/** Lines that single instructions would seldom form. */
const IDIOMS: readonly ((random: Random, block: number) => string[])[] = [
  csrAccess,
  csrAccess,
  (random) => [`li x${choose(random)}, ${hex(integer(random))}`],
  (random) => [`addi x9, x8, ${16 * random.between(-100, 100)}`],
  // To 8 bytes: of a misaligned LR, SC or AMO the text allows an access fault, Spike's, and a misaligned exception, ours.
  (random) => [`addi x9, x8, ${8 * random.between(-200, 200)}`],
  (random) => [`addi x2, x8, ${16 * random.between(-100, 60)}`],
  (random, block) => {
    const jump = random.pick(["jalr x1, 0(x31)", "c.jr x31", "c.jalr x31", "jalr x0, 1(x31)", "jalr x31, -4(x31)"]);
    return [`la x31, block${block + random.between(1, 3)}${jump.includes("-4") ? " + 4" : ""}`, jump];
  },
  (random) => [`li x31, ${random.pick([...NOWHERE, ...LAST])}`, random.pick(["jr x31", "jalr x1, 2(x31)"])],
  (random) => [
    `li x31, ${random.pick(NOWHERE)}`,
    random.pick(["lb x10, 0(x31)", "ld x10, 1(x31)", "sw x10, 4(x31)", "amoadd.d x10, x11, (x31)", "cbo.zero (x31)"]),
  ],
  // No stores: of one that runs across the end, Spike does the first half.
  (random) => [`li x31, ${random.pick(LAST)}`, random.pick(["lb x10, 0(x31)", "lhu x10, 0(x31)", "ld x10, 0(x31)"])],
  (random) => {
    const width = random.pick(["w", "d"]);
    const between = random.pick([[], ["nop"], ["sd x10, 0(x9)"], ["lw x10, 0(x9)"]]);
    return [`lr.${width} x${choose(random)}, (x9)`, ...between, `sc.${width} x${choose(random)}, x11, (x9)`];
  },
  (random) => [`.2byte ${random.pick(RESERVED)}`],
  () => ["ecall"],
  () => ["ebreak"],
  () => ["c.ebreak"],
  // A descent to U- or S-mode, or back to M where it is run in M; what is not allowed there traps.
  (random, block) => [
    `la x31, block${block + 1}`,
    "csrw mepc, x31",
    "li x31, 0x1800",
    "csrc mstatus, x31",
    `li x31, ${random.pick(["0", "0x800", "0x800", "0x1800"])}`,
    "csrs mstatus, x31",
    random.pick(["mret", "mret", "mret", "nop"]),
  ],
  (_, block) => [`la x31, block${block + 1}`, "csrw sepc, x31", "sret"],
  () => ["li x31, 0x20000", "csrs mstatus, x31", "ld x10, 0(x8)", "csrc mstatus, x31"], // MPRV
  // A software interrupt, enabled in S- or M-mode, or in neither.
  (random) => [
    `csrwi mie, ${random.pick([0, 2])}`,
    "csrsi mip, 2",
    random.pick(["csrsi mstatus, 8", "csrsi mstatus, 2", "nop"]),
    "csrci mip, 2",
    "csrci mstatus, 8",
  ],
];

/** A handler: what it learns goes to the log; then it goes on at the next block, whose address lies at `resume`. */
function handler(mode: "m" | "s", toMachine: readonly string[]): string {
  return [
    `.align 2\n${mode}trap: la x8, data`,
    `csrr x30, ${mode}epc`,
    `csrr x30, ${mode}tval`,
    `csrr x30, ${mode}cause`,
    `bgez x30, 1f`,
    `csrci ${mode}ip, 2`,
    `1:`,
    ...toMachine,
    "la x30, resume",
    "ld x30, 0(x30)",
    `csrw ${mode}epc, x30`,
    `${mode}ret`,
  ].join("\n ");
}

/** From an environment call of U- or S-mode, M-mode goes on as M-mode. */
const PROMOTE = ["addi x30, x30, -8", "sltiu x30, x30, 2", "neg x30, x30", "li x31, 0x1800", "and x30, x30, x31"];

function block(random: Random, number: number): string {
  const lines = [`la x8, data`, `la x31, block${number + 1}`, "la x30, resume", "sd x31, 0(x30)"];
  for (let i = 0; i < BLOCK_INSTRUCTIONS; i += 1)
    if (random.chance(0.18)) lines.push(...random.pick(IDIOMS)(random, number));
    else lines.push(single(random, number));
  return `block${number}:\n ${lines.join("\n ")}\n`;
}

/** The program of a number: the same seed and number give the same text. */
export function spikeProgram(seed: number, number: number, blocks: number): string {
  const random = Random.of(seed, number);
  const registers = Array.from({ length: 31 }, (_, i) => `li x${i + 1}, ${hex(integer(random))}`);
  const body = Array.from({ length: blocks }, (_, i) => block(random, i));
  const data = Array.from({ length: 512 }, () => ` .dword ${hex(random.bits64())}`);
  // Environment calls seldom go to S-mode: only M-mode's handler leads back to M-mode.
  const delegated = random.bits64() & (random.chance(0.3) ? 0xb1fen : 0xb0fen);
  // A branch from the last block may go three ahead.
  const ends = [0, 1, 2, 3].map((i) => `block${blocks + i}:`);
  return [
    ".globl _start, tohost",
    `_start: csrw minstret, zero\n la x31, mtrap\n csrw mtvec, x31\n la x31, strap\n csrw stvec, x31`,
    ` li x31, ${hex(delegated)}\n csrw medeleg, x31\n csrwi mideleg, 2`,
    ` csrw satp, zero\n ${registers.join("\n ")}`,
    ` la x8, data\n addi x9, x8, 64\n addi x2, x8, -512\n j block0`,
    handler("m", [...PROMOTE, "csrs mstatus, x30"]),
    handler("s", []),
    body.join(""),
    `${ends.join("\n")}\n li x31, 1\n la x30, tohost\n sd x31, 0(x30)\n1: j 1b`,
    `.data\n.align 6\ntohost: .dword 0\n.align 6\nfromhost: .dword 0\nresume: .dword 0\n.align 12\n${data.slice(256).join("\n")}`,
    `data:\n${data.slice(0, 256).join("\n")}\n .zero 64`,
  ].join("\n");
}
