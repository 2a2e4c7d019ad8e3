// The fixed frame of a random program: it sets the hart up, survives any trap, and hands over to the body.
//
// It is machine code in the same image, so a program is nothing but bytes at addresses: any RISC-V machine with RVY can run
// it. Handlers keep to x29 and x30. They go on behind the instruction that trapped; after a fault of a fetch (xtval is xepc)
// and on empty memory (xtval is 0) at the next landing; after an interrupt with all of them disabled.
import { encode, type Form, type OperandValues } from "../../isa/codec.ts";
import { instructionsOf } from "../../isa/table.ts";
import type { Cap } from "../model/capability.ts";

/** Offsets from the base of RAM. */
export const MACHINE_HANDLER = 0x200;
export const SUPERVISOR_HANDLER = 0x280;
const HANDLER_BYTES = 0x80;
const TABLE = 0x300;
export const BODY = 0xf00;
/** Where to go on after a trap that leaves nowhere to go: further by so many bytes each time. */
export const LANDING_BYTES = 112;
/** Entries of a vector: exceptions, then interrupts 1 to 11. */
const VECTORS = 12;
/** Register that holds Infinite while the frame sets up, and mstatus in the end; another that holds the pcc of the body. */
const ROOT = 31;
export const STATUS_REGISTER = 31;
export const PCC_REGISTER = 30;

const FORMS: ReadonlyMap<string, Form> = new Map(instructionsOf("rv64y_zylevels1").map((f) => [f.insn.name, f]));

/** The word of an instruction by name. */
export function instruction(name: string, operands: OperandValues = {}): number {
  return encode(FORMS.get(name)!, operands);
}

export const YMODESWY = 0x5600_007b;
export const YMODESWI = 0x5610_007b;

/** A control and status register and what the frame writes to it. */
export interface Setting {
  readonly csr: number;
  readonly value: Cap;
}

export const CSR = {
  ...{ mstatus: 0x300, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305, mscratch: 0x340, mepc: 0x341 },
  ...{ mtval: 0x343, stvec: 0x105, sscratch: 0x140, sepc: 0x141, stval: 0x143, sie: 0x104, satp: 0x180 },
  ...{ menvcfg: 0x30a, senvcfg: 0x10a, ddc: 0x416, stimecmp: 0x14d },
} as const;

const csrw = (csr: number, rs1: number): number => instruction("csrrw", { rd: 0, csr, rs1 });
/** The prologue is long, and encoded anew for each program: its words differ in their registers and immediates alone. */
const CSRW = csrw(0, PCC_REGISTER);
const LY = instruction("ly", { rd: 0, rs1: ROOT, imm: 0n });
const YBLD = instruction("ybld", { rd: 0, rs1: ROOT, rs2: 0 });
const loadConstant = (rd: number, imm: number): number => LY | (rd << 7) | (imm << 20);
const buildOn = (r: number): number => YBLD | (r << 7) | (r << 20);
const writeSetting = (csr: number): number => (CSRW | (csr << 20)) >>> 0;
const YADDI_BACK = instruction("yaddi", { rd: ROOT, rs1: ROOT, imm: -4n });
const AUIPC = instruction("auipc", { rd: ROOT, imm: 0n });
const MRET = instruction("mret");
const JALR = instruction("jalr", { rd: 0, rs1: PCC_REGISTER, imm: 0n });
const WRITE_STATUS = csrw(0x300, STATUS_REGISTER);
const csrr = (rd: number, csr: number): number => instruction("csrrs", { rd, csr, rs1: 0 });
const jump = (words: number): number => instruction("jal", { rd: 0, imm: BigInt(4 * words) });

/** In which pointer mode a handler runs, and what it can rely on. */
export interface HandlerMode {
  readonly integral: boolean;
  /** It may switch to Capability Pointer Mode: M-mode with Zyhybrid. */
  readonly switches: boolean;
}

const handlers = new Map<string, readonly number[]>();

function handler(level: "machine" | "supervisor", mode: HandlerMode): readonly number[] {
  const key = `${level} ${mode.integral} ${mode.switches}`;
  const words = handlers.get(key) ?? handlerWords(level, mode);
  handlers.set(key, words);
  return words;
}

function handlerWords(level: "machine" | "supervisor", mode: HandlerMode): number[] {
  const machine = level === "machine";
  const [epc, tval] = machine ? [CSR.mepc, CSR.mtval] : [CSR.sepc, CSR.stval];
  const [scratch, ie] = machine ? [CSR.mscratch, CSR.mie] : [CSR.sscratch, CSR.sie];
  const xret = instruction(machine ? "mret" : "sret");
  const add = (imm: number): number =>
    instruction(mode.integral ? "addi" : "yaddi", { rd: 30, rs1: 30, imm: BigInt(imm) });
  const branch = (rs2: number, words: number): number => instruction("beq", { rs1: 29, rs2, imm: BigInt(4 * words) });
  const exception = [csrr(30, epc), csrr(29, tval), branch(30, 5), branch(0, 4), add(4), csrw(epc, 30), xret];
  const move = instruction("yaddi", { rd: 30, rs1: 30, imm: BigInt(LANDING_BYTES) });
  const landing = [
    ...(mode.integral && mode.switches ? [YMODESWY] : []),
    ...[csrr(30, scratch), mode.integral && !mode.switches ? add(LANDING_BYTES) : move],
    ...[csrw(scratch, 30), csrw(epc, 30), xret],
  ];
  const interrupt = [csrw(ie, 0), xret];
  const toInterrupt = exception.length + landing.length;
  const vectors = Array.from({ length: VECTORS }, (_, cause) =>
    jump(VECTORS - cause + (cause === 0 ? 0 : toInterrupt)),
  );
  const words = [...vectors, ...exception, ...landing, ...interrupt];
  if (4 * words.length > HANDLER_BYTES) throw new Error("a handler is too long");
  return words;
}

/** What the frame needs to know of a program. */
export interface Frame {
  readonly zyhybrid: boolean;
  readonly machineHandler: HandlerMode;
  readonly supervisorHandler: HandlerMode;
  readonly settings: readonly Setting[];
  /** Contents of x1 to x29. */
  readonly presets: readonly Cap[];
  readonly pcc: Cap;
  /** mstatus as it is written last; MRET then goes to the mode in MPP, or JALR stays in M-mode. */
  readonly status: bigint;
  readonly returns: boolean;
}

/** The code and constants of the frame: words by offset, capabilities by offset. */
export interface FrameImage {
  readonly code: readonly (readonly [offset: number, words: readonly number[]])[];
  readonly constants: readonly (readonly [offset: number, value: Cap])[];
}

/** Lays the frame out. */
export function frameImage(f: Frame): FrameImage {
  const constants: [number, Cap][] = [];
  const words: number[] = [...(f.zyhybrid ? [YMODESWY] : []), AUIPC];
  if (f.zyhybrid) words.push(YADDI_BACK);
  const build = (r: number, value: Cap): void => {
    const at = TABLE + 16 * constants.length;
    constants.push([at, value]);
    words.push(loadConstant(r, at));
    if (value.tag) words.push(buildOn(r));
  };
  for (const { csr, value } of f.settings) {
    build(PCC_REGISTER, value);
    words.push(writeSetting(csr));
  }
  for (const [i, value] of f.presets.entries()) {
    if (value.tag || value.high !== 0 || value.low !== 0 || value.addr !== 0n) build(i + 1, value);
  }
  build(PCC_REGISTER, f.pcc);
  if (f.returns) words.push(writeSetting(CSR.mepc));
  build(STATUS_REGISTER, statusValue(f));
  words.push(WRITE_STATUS);
  words.push(f.returns ? MRET : JALR);
  if (4 * words.length > MACHINE_HANDLER) throw new Error("the prologue is too long");
  const code = [
    [0, words],
    [MACHINE_HANDLER, handler("machine", f.machineHandler)],
    [SUPERVISOR_HANDLER, handler("supervisor", f.supervisorHandler)],
  ] as const;
  return { code, constants };
}

const statusValue = (f: Frame): Cap => ({ ...NOTHING, addr: f.status });
const NOTHING = { tag: false, high: 0, low: 0, bounds: undefined };
