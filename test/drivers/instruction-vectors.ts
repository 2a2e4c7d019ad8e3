// Reads instruction vectors of an outside machine and executes them on ours, one by one or as the trace of a program.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Image } from "../../isa/image.ts";
import { Capability, CapabilityArithmetic } from "../../sim/machine/capability.ts";
import { createMachine, RAM_BASE, type Machine } from "../../sim/machine/machine.ts";

type Hex = string;
/** Tag, metadata, address. */
type Triple = readonly [number, Hex, Hex];
/** A memory access: address, then a whole capability or an integer. */
type Access = readonly [Hex, number, Hex, Hex] | readonly [Hex, Hex];

/** One executed instruction (shared/vectors/README.md). */
export interface Vector {
  readonly pc: Hex;
  readonly w: Hex;
  readonly s1: Triple;
  readonly s2: Triple;
  readonly rd?: number;
  readonly d?: Triple;
  readonly exc?: number;
  readonly tval?: Hex;
  readonly mr?: readonly Access[];
  readonly mw?: readonly Access[];
  readonly csr?: readonly (readonly [string, number, Hex, Hex])[];
}

export function readVectors(path: string): Vector[] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Vector);
}

const RAM_BYTES = 16 << 20;
/** The outside machine names widened registers as the drafts did. */
const CSR_NAMES = { mepcc: "mepc", mtvecc: "mtvec", mscratchc: "mscratch" } as const;
const LR_Y = 0x1000_307b;
const OPCODE_SYSTEM = 0x73;
const SC = { opcodes: [0x2f, 0x7b], funct3: 3, funct5: 3 };

const capability = ([tag, meta, addr]: Triple): Capability =>
  new Capability(BigInt(tag), BigInt(meta), BigInt(addr), undefined);
const show = (y: Capability): string => `${y.tag} 0x${y.meta.toString(16)} 0x${y.addr.toString(16)}`;
const equal = (a: Capability, b: Capability): boolean => a.tag === b.tag && a.meta === b.meta && a.addr === b.addr;

export function flatImage(bytes: Uint8Array, address = RAM_BASE): Image {
  const segment = { address, bytes, memoryBytes: bytes.length, executable: true, writable: true };
  return { entry: address, segments: [segment], symbols: new Map(), categories: ["other"], ranges: [] };
}

export class VectorMachine {
  readonly machine: Machine;
  readonly #arithmetic: CapabilityArithmetic;

  constructor(isa: string, program: Uint8Array = new Uint8Array()) {
    this.#arithmetic = new CapabilityArithmetic(isa.includes("zylevels1"));
    this.machine = createMachine({ isa, ramBytes: RAM_BYTES, image: flatImage(program) });
  }

  /** Executes one vector out of its context; returns what differs. */
  runAlone(v: Vector): string[] {
    const { engine, memory } = this.machine;
    const word = Number(v.w);
    const pcc = engine.pcc;
    if (!this.outsideRam(v)) for (const [addr, ...value] of v.mr ?? []) this.#poke(Number(addr) - RAM_BASE, value);
    memory.store(Number(v.pc) - RAM_BASE, 4, BigInt(word));
    engine.setY((word >>> 15) & 31, capability(v.s1));
    engine.setY((word >>> 20) & 31, capability(v.s2));
    if ((word & 0x7f) === OPCODE_SYSTEM && v.d) this.machine.hart.mscratch = capability(v.d);
    if (isStoreConditional(word) && v.d?.[2] === "0x0") this.#reserve(word, v);
    engine.resume(new Capability(1n, pcc.meta, BigInt(v.pc), undefined));
    return this.step(v);
  }

  /** Executes the next instruction, which the vector describes; returns what differs. */
  step(v: Vector): string[] {
    const { engine } = this.machine;
    const word = Number(v.w);
    const differences: string[] = [];
    const expectEqual = (what: string, ours: Capability, theirs: Capability): void => {
      if (!equal(ours, theirs)) differences.push(`${what} is ${show(ours)}, expected ${show(theirs)}`);
    };
    const { pcc } = engine;
    if (pcc.addr !== BigInt(v.pc)) return [`pc is 0x${pcc.addr.toString(16)}`];
    expectEqual("rs1", engine.y((word >>> 15) & 31), capability(v.s1));
    expectEqual("rs2", engine.y((word >>> 20) & 31), capability(v.s2));
    this.machine.step();
    if (v.exc !== undefined) this.#compareTrap(v, differences);
    else if (engine.pcc.addr === this.machine.hart.mtvec.addr)
      differences.push(`unexpected trap ${this.machine.hart.mcause}`);
    if (v.rd !== undefined && v.d !== undefined) expectEqual(`x${v.rd}`, engine.y(v.rd), capability(v.d));
    for (const [addr, ...value] of v.mw ?? []) this.#compareMemory(Number(addr), value, differences);
    for (const [name, ...value] of v.csr ?? []) {
      expectEqual(name, this.machine.hart[csrName(name)], capability(value));
    }
    return differences;
  }

  /** Goes on with the recorded result, after a difference that is known. */
  adopt(v: Vector): void {
    if (v.rd !== undefined && v.d !== undefined) this.machine.engine.setY(v.rd, capability(v.d));
  }

  /**
   * Where the vectors' machine and the text differ, or the text leaves a choice (README beside the vectors): with a corrupt
   * untagged operand only tags are compared.
   */
  knownCorner(v: Vector): boolean {
    const { engine } = this.machine;
    const corrupt = (t: Triple): boolean => t[0] === 0 && this.#arithmetic.bounds(capability(t)).integral === 0n;
    const tagRight = v.rd === undefined || v.d === undefined || engine.y(v.rd).tag === BigInt(v.d[0]);
    return v.exc === undefined && tagRight && (corrupt(v.s1) || corrupt(v.s2));
  }

  /** Did it access an address at which the vectors' machine has other devices than ours, or none? */
  outsideRam(v: Vector): boolean {
    const accessed = v.exc === 5 || v.exc === 7 ? v.tval! : (v.mr ?? v.mw ?? [])[0]?.[0];
    if (accessed === undefined) return false;
    return !this.machine.memory.holds(Number(accessed), 16);
  }

  #compareTrap(v: Vector, differences: string[]): void {
    const { mcause, mtval } = this.machine.hart;
    if (mcause !== BigInt(v.exc!)) differences.push(`mcause is ${mcause}`);
    if (mtval !== BigInt(v.tval!)) differences.push(`mtval is 0x${mtval.toString(16)}`);
  }

  #compareMemory(addr: number, value: readonly (number | Hex)[], differences: string[]): void {
    const { memory } = this.machine;
    const offset = addr - RAM_BASE;
    if (value.length === 3) {
      const ours = new Capability(
        BigInt(memory.tag(offset)),
        memory.load(offset + 8, 8),
        memory.load(offset, 8),
        undefined,
      );
      const theirs = capability(value as unknown as Triple);
      if (!equal(ours, theirs)) differences.push(`memory is ${show(ours)}, expected ${show(theirs)}`);
      return;
    }
    const digits = String(value[0]).length - "0x".length;
    const ours = toHex(memory.bytes.subarray(offset, offset + digits / 2));
    if (ours !== value[0]) differences.push(`memory is ${ours}, expected ${value[0]}`);
    if (memory.tag(offset) !== 0) differences.push("the granule kept its tag");
  }

  #poke(offset: number, value: readonly (number | Hex)[]): void {
    const { memory } = this.machine;
    if (value.length === 3) memory.storeCapability(offset, Number(value[0]), BigInt(value[1]!), BigInt(value[2]!));
    else for (let i = 0; i < 8; i += 1) memory.store(offset + i, 1, BigInt(value[0]!) >> BigInt(8 * i));
  }

  /** Executes LR.Y on the register that a store-conditional names, so that it finds a reservation. */
  #reserve(word: number, v: Vector): void {
    const { engine, memory } = this.machine;
    memory.store(Number(v.pc) - 4 - RAM_BASE, 4, BigInt((LR_Y | (word & 0xf_8000)) >>> 0));
    engine.resume(new Capability(1n, engine.pcc.meta, BigInt(v.pc) - 4n, undefined));
    this.machine.step();
  }
}

/** Little-endian bytes as one number. */
const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).reverse().toString("hex")}`;

const csrName = (name: string): (typeof CSR_NAMES)[keyof typeof CSR_NAMES] => CSR_NAMES[name as keyof typeof CSR_NAMES];

const isStoreConditional = (word: number): boolean =>
  SC.opcodes.includes(word & 0x7f) && ((word >>> 12) & 7) === SC.funct3 && word >>> 27 === SC.funct5;
