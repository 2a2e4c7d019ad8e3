// Random programs: a fixed frame that sets registers up and survives any trap, and a random body of instructions in it.
//
// The frame is machine code in the same image, so a program is nothing but bytes at addresses: any RISC-V machine with RVY
// can run it. Its end is an address; whoever runs it stops there, or after a number of instructions.
import fc from "fast-check";
import { encode, type Form, type OperandValues } from "../../isa/codec.ts";
import type { Image } from "../../isa/image.ts";
import { instructionsOf } from "../../isa/table.ts";
import { randomBody } from "./body.ts";
import { arbOperands } from "./operands.ts";
import { bodyPcc, dataCapability, integer, preset, type Places, type Preset } from "./presets.ts";
import { Random } from "./random.ts";

export const PROGRAM_ISAS = ["rv64y_zylevels1", "rv64y"] as const;
export type ProgramIsa = (typeof PROGRAM_ISAS)[number];

/** A program as a search can shrink it. */
export interface Program {
  readonly isa: ProgramIsa;
  /** Contents of x1 to x31 when the body begins. */
  readonly presets: readonly Preset[];
  readonly pcc: Preset;
  readonly medeleg: bigint;
  /** Instruction words; one of 16 bits has its two lowest bits not both set. */
  readonly body: readonly number[];
  /** First bytes of the data region. */
  readonly data: Uint8Array;
}

const BASE = 0x8000_0000;
export const PROGRAM_RAM_BYTES = 0x4000;
const MACHINE_HANDLER = 0x180;
const SUPERVISOR_HANDLER = 0x200;
const MACHINE_SAVE = 0x280;
const SUPERVISOR_SAVE = 0x2c0;
const PCC_AT = 0x300;
const TABLE = 0x310;
export const BODY = 0x600;
const BODY_BYTES = 0x800;
const DATA = 0x1000;
export const DATA_BYTES = 0x800;
/** Where to go on after a trap that leaves nowhere to go: further by so many bytes each time. */
const LANDING_BYTES = 112;
/** Register that holds Infinite while the frame sets up. */
const ROOT = 31;
const JUMP = 30;

export const places: Places = {
  ram: BigInt(BASE),
  ramBytes: BigInt(PROGRAM_RAM_BYTES),
  body: BigInt(BASE + BODY),
  bodyBytes: BigInt(BODY_BYTES),
  data: BigInt(BASE + DATA),
  dataBytes: BigInt(DATA_BYTES),
};

const FORMS: ReadonlyMap<string, Form> = new Map(instructionsOf("rv64y_zylevels1").map((f) => [f.insn.name, f]));

/** The word of an instruction by name. */
export function instruction(name: string, operands: OperandValues = {}): number {
  return encode(FORMS.get(name)!, operands);
}

const CSR = {
  ...{ medeleg: 0x302, mtvec: 0x305, mscratch: 0x340, mepc: 0x341, mcause: 0x342, mtval: 0x343, mie: 0x304 },
  ...{ stvec: 0x105, sscratch: 0x140, sepc: 0x141, scause: 0x142, stval: 0x143, sie: 0x104 },
} as const;

const csrw = (csr: number, rs1: number): number => instruction("csrrw", { rd: 0, csr, rs1 });

/**
 * A trap handler that keeps every register: goes on past a synchronous trap; at the next landing after one of the fetch
 * (causes 1 and 32) and where xtval is 0, as it is on empty memory; masks interrupts. Save area: x30, pcc of the landing.
 */
function handler(csr: Record<"scratch" | "epc" | "cause" | "tval" | "ie", number>, xret: string): number[] {
  const swap = instruction("csrrw", { rd: 31, csr: csr.scratch, rs1: 31 });
  const back = [instruction("ly", { rd: 30, rs1: 31, imm: 0n }), swap, instruction(xret)];
  const branch = (name: string, words: number): number =>
    instruction(name, { rs1: 30, rs2: 0, imm: BigInt(4 * words) });
  const read = (number: number): number => instruction("csrrs", { rd: 30, csr: number, rs1: 0 });
  const add = (imm: bigint): number => instruction("addi", { rd: 30, rs1: 30, imm });
  return [
    ...[swap, instruction("sy", { rs2: 30, rs1: 31, imm: 0n })],
    ...[read(csr.cause), branch("blt", 13)],
    ...[add(-32n), branch("beq", 15), add(31n), branch("beq", 13)],
    ...[read(csr.tval), branch("beq", 11)],
    ...[read(csr.epc), instruction("yaddi", { rd: 30, rs1: 30, imm: 4n }), csrw(csr.epc, 30)],
    ...back,
    ...[csrw(csr.ie, 0), ...back],
    ...[instruction("ly", { rd: 30, rs1: 31, imm: 16n })],
    ...[instruction("yaddi", { rd: 30, rs1: 30, imm: BigInt(LANDING_BYTES) })],
    ...[instruction("sy", { rs2: 30, rs1: 31, imm: 16n }), csrw(csr.epc, 30)],
    ...back,
  ];
}

const MACHINE_WORDS = handler(
  { scratch: CSR.mscratch, epc: CSR.mepc, cause: CSR.mcause, tval: CSR.mtval, ie: CSR.mie },
  "mret",
);
const SUPERVISOR_WORDS = handler(
  { scratch: CSR.sscratch, epc: CSR.sepc, cause: CSR.scause, tval: CSR.stval, ie: CSR.sie },
  "sret",
);

/** Sets up vectors, save areas, delegation, registers, and jumps to the body. */
function prologue(program: Program): number[] {
  const at = (rd: number, offset: number): number => instruction("yaddi", { rd, rs1: ROOT, imm: BigInt(offset) });
  const words = [instruction("auipc", { rd: ROOT, imm: 0n }), at(29, BODY)];
  const levels = [
    { vector: CSR.mtvec, handler: MACHINE_HANDLER, scratch: CSR.mscratch, save: MACHINE_SAVE },
    { vector: CSR.stvec, handler: SUPERVISOR_HANDLER, scratch: CSR.sscratch, save: SUPERVISOR_SAVE },
  ];
  for (const level of levels) {
    words.push(at(30, level.handler), csrw(level.vector, 30), at(30, level.save), csrw(level.scratch, 30));
    words.push(instruction("sy", { rs2: 29, rs1: 30, imm: 16n }));
  }
  if (program.medeleg !== 0n) {
    words.push(instruction("ld", { rd: 30, rs1: ROOT, imm: BigInt(TABLE + 16 * JUMP) }), csrw(CSR.medeleg, 30));
  }
  const build = (r: number, offset: number, tag: boolean): void => {
    words.push(instruction("ly", { rd: r, rs1: ROOT, imm: BigInt(offset) }));
    if (tag) words.push(instruction("ybld", { rd: r, rs1: ROOT, rs2: r }));
  };
  for (let r = 1; r < JUMP; r += 1) {
    const p = program.presets[r - 1]!;
    if (p.tag || p.meta !== 0n || p.addr !== 0n) build(r, TABLE + 16 * r, p.tag);
  }
  build(JUMP, PCC_AT, true);
  words.push(instruction("ymv", { rd: ROOT, rs1: 1 }), instruction("jalr", { rd: 0, rs1: JUMP, imm: 0n }));
  return words;
}

/** A body's bytes: 16-bit words take two. */
export const isShort = (word: number): boolean => (word & 3) !== 3;

export function bodyBytes(body: readonly number[]): number {
  return body.reduce((bytes, word) => bytes + (isShort(word) ? 2 : 4), 0);
}

/** The program as it lies in memory, and the addresses at which it is over: from the end of its body to the data. */
export function programImage(program: Program): {
  readonly image: Image;
  readonly end: { readonly from: number; readonly to: number };
} {
  const bytes = new Uint8Array(DATA + DATA_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, words: readonly number[]): number =>
    words.reduce((at, word) => {
      if (isShort(word)) view.setUint16(at, word, true);
      else view.setUint32(at, word, true);
      return at + (isShort(word) ? 2 : 4);
    }, offset);
  if (put(0, prologue(program)) > MACHINE_HANDLER) throw new Error("the prologue is too long");
  put(MACHINE_HANDLER, MACHINE_WORDS);
  put(SUPERVISOR_HANDLER, SUPERVISOR_WORDS);
  const end = put(BODY, program.body);
  if (end > BODY + BODY_BYTES) throw new Error("the body is too long");
  const pair = (offset: number, p: Preset): void => {
    view.setBigUint64(offset, p.addr, true);
    view.setBigUint64(offset + 8, p.meta, true);
  };
  pair(PCC_AT, program.pcc);
  program.presets.slice(0, JUMP - 1).forEach((p, i) => pair(TABLE + 16 * (i + 1), p));
  view.setBigUint64(TABLE + 16 * JUMP, program.medeleg, true);
  bytes.set(program.data, DATA);
  const segment = { address: BASE, bytes, memoryBytes: bytes.length, executable: true, writable: true };
  const image = { entry: BASE, segments: [segment], symbols: new Map(), categories: ["other"], ranges: [] };
  return { image, end: { from: BASE + end, to: BASE + DATA } };
}

/** Registers that compressed instructions name, and sp: they hold memory to load from and store to. */
const POINTERS = new Set([2, 8, 9, 10, 11, 12, 13]);

function randomFrame(random: Random): Omit<Program, "body"> {
  const isa = PROGRAM_ISAS[random.chance(0.75) ? 0 : 1];
  const zylevels1 = isa === "rv64y_zylevels1";
  const presets = Array.from({ length: 31 }, (_, i) =>
    POINTERS.has(i + 1) ? dataCapability(random, places, zylevels1, true) : preset(random, places, zylevels1),
  );
  const data = new Uint8Array(DATA_BYTES);
  const view = new DataView(data.buffer);
  for (let at = 0; at < DATA_BYTES; at += 16) {
    if (random.chance(0.3)) view.setBigUint64(at, random.chance(0.5) ? random.bits64() : integer(random), true);
  }
  const medeleg = random.chance(0.3) ? random.bits64() & ~(random.chance(0.5) ? 4n : 0n) : 0n;
  return { isa, presets, pcc: bodyPcc(random, places, zylevels1), medeleg, data };
}

/** Program number `index` of a campaign: its body has at least 64 instructions. */
export function randomProgram(seed: number, index: number): Program {
  const random = Random.of(seed, index);
  const frame = randomFrame(random);
  return { ...frame, body: randomBody(random, 64 + random.below(48)) };
}

/** Any instruction of an ISA with any operands, as a word. */
export function arbInstruction(isa: ProgramIsa): fc.Arbitrary<number> {
  const forms = instructionsOf(isa);
  const capability = forms.filter((f) => f.insn.ext === "Y" || f.insn.with === "Y");
  const word = (f: Form): fc.Arbitrary<number> => arbOperands(f).map((operands) => encode(f, operands));
  const any = fc.constantFrom(...forms).chain(word);
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...capability).chain(word) }, { weight: 2, arbitrary: any });
}

/** A program whose body shrinks instruction by instruction; registers come from a seed. */
export const arbProgram: fc.Arbitrary<Program> = fc
  .tuple(fc.integer(), fc.constantFrom(...PROGRAM_ISAS))
  .chain(([seed, isa]) =>
    fc
      .array(arbInstruction(isa), { minLength: 1, maxLength: 96 })
      .map((body) => ({ ...randomFrame(new Random(seed)), isa, body })),
  );
