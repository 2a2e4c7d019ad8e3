// Executes instruction vectors of an outside machine on ours, one by one or as the trace of a program.
import { infiniteMeta, INTEGRAL } from "../../isa/cap/format.ts";
import { permissionWord } from "../../isa/cap/perms.ts";
import { CAUSE } from "../../isa/cause.ts";
import { csrName, csrNumber } from "../../isa/csr.ts";
import type { Image } from "../../isa/image.ts";
import { Capability, CapabilityArithmetic } from "../../sim/machine/capability.ts";
import { Mode } from "../../sim/machine/mmu.ts";
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

/** Something that our machine and the vector have otherwise. */
export interface Difference {
  /** A register, a CSR, `pc`, memory at an address, … */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

const RAM_BYTES = 16 << 20;
const R_TYPE_MASK = 0xfe00_707f;
const RS2_MASK = 0x01f0_0000;
const YPERMC = 0x2600_007b;
const [YBASER, YPERMR, YTOPR, YLENR] = [0xf400_007b, 0xf410_007b, 0xf420_007b, 0xf430_007b];
/** A trap vector to which no vector jumps. */
const NOWHERE = 0x7fff_dead_0000n;
const ACCESS_FAULTS: readonly number[] = [CAUSE.loadAccessFault, CAUSE.storeAccessFault];
const LR_Y = 0x1000_307b;
const OPCODE_SYSTEM = 0x73;
const SC = { opcodes: [0x2f, 0x7b], funct3: 3, funct5: 3 };

const capability = ([tag, meta, addr]: Triple): Capability =>
  new Capability(BigInt(tag), BigInt(meta), BigInt(addr), undefined);
const hex = (value: bigint): Hex => `0x${value.toString(16)}`;
const show = (y: Capability): string => `${y.tag} ${hex(y.meta)} ${hex(y.addr)}`;
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
  runAlone(v: Vector): Difference[] {
    const { engine, memory } = this.machine;
    const word = Number(v.w);
    for (const [addr, ...value] of v.mr ?? []) {
      if (memory.holds(Number(addr), 16)) this.#poke(Number(addr) - RAM_BASE, value);
    }
    memory.store(Number(v.pc) - RAM_BASE, 4, BigInt(word));
    engine.setY((word >>> 15) & 31, capability(v.s1));
    engine.setY((word >>> 20) & 31, capability(v.s2));
    const readsCsr = (word & 0x7f) === OPCODE_SYSTEM && csrName(word >>> 20) !== undefined;
    if (readsCsr && v.d) this.machine.csrs.write(word >>> 20, capability(v.d), true);
    if (isStoreConditional(word) && v.d?.[2] === "0x0") this.#reserve(word, v);
    this.machine.hart.mode = Mode.machine; // whatever the vector before did
    this.machine.hart.mtvec = this.#infinite(NOWHERE);
    engine.resume(this.#infinite(BigInt(v.pc)));
    return this.step(v);
  }

  /** Executes the next instruction, which the vector describes; returns what differs. */
  step(v: Vector): Difference[] {
    const { engine } = this.machine;
    const word = Number(v.w);
    const differences: Difference[] = [];
    const expectEqual = (what: string, ours: Capability, theirs: Capability): void => {
      if (!equal(ours, theirs)) differences.push({ what, expected: show(theirs), found: show(ours) });
    };
    const { pcc } = engine;
    if (pcc.addr !== BigInt(v.pc)) return [{ what: "pc", expected: v.pc, found: hex(pcc.addr) }];
    expectEqual("rs1", engine.y((word >>> 15) & 31), capability(v.s1));
    expectEqual("rs2", engine.y((word >>> 20) & 31), capability(v.s2));
    this.machine.step();
    if (v.exc !== undefined) this.#compareTrap(v, differences);
    else if (this.#trapped())
      differences.push({ what: "trap", expected: "none", found: `cause ${this.machine.hart.mcause}` });
    if (v.rd !== undefined && v.d !== undefined) expectEqual(`x${v.rd}`, engine.y(v.rd), capability(v.d));
    for (const [addr, ...value] of v.mw ?? []) this.#compareMemory(Number(addr), value, differences);
    for (const [name, ...value] of v.csr ?? []) {
      const number = csrNumberOf(name);
      if (number === undefined)
        differences.push({ what: name, expected: show(capability(value)), found: "no such CSR" });
      else expectEqual(name, this.machine.csrs.read(number), capability(value));
    }
    return differences;
  }

  /** Goes on with the recorded result, after a difference that is known. */
  adopt(v: Vector): void {
    if (v.rd !== undefined && v.d !== undefined) this.machine.engine.setY(v.rd, capability(v.d));
  }

  /**
   * Where the vectors' machine and ours choose otherwise, as the text allows (README beside the vectors): it does not check
   * the integrity of an untagged operand. Of such an operand ours reads 0 as bounds and permissions; and YPERMC leaves the
   * reserved bit P as it was, which the vectors' machine clears.
   */
  knownCorner(v: Vector): boolean {
    if (v.exc !== undefined || v.rd === undefined || v.d === undefined || v.s1[0] !== 0) return false;
    if (this.#arithmetic.bounds(capability(v.s1)).integral !== 0n) return false;
    const ours = this.machine.engine.y(v.rd);
    const word = (Number(v.w) & R_TYPE_MASK) >>> 0;
    if (word === YPERMC) return equal(capability(v.d), new Capability(0n, ours.meta & ~INTEGRAL, ours.addr, undefined));
    const getter = (word | (Number(v.w) & RS2_MASK)) >>> 0;
    const none = getter === YPERMR ? permissionWord(this.#arithmetic, 0n, 0n) : 0n;
    return [YBASER, YPERMR, YTOPR, YLENR].includes(getter) && equal(ours, new Capability(0n, 0n, none, undefined));
  }

  /** Did it reach an address at which the vectors' machine has other devices or more RAM than ours? */
  outsideRam(v: Vector): boolean {
    const accessed = v.exc === ACCESS_FAULTS[0] || v.exc === ACCESS_FAULTS[1] ? v.tval! : (v.mr ?? v.mw ?? [])[0]?.[0];
    if (accessed === undefined || this.machine.memory.holds(Number(accessed), 16)) return false;
    return !this.#trapped() || ACCESS_FAULTS.includes(Number(this.machine.hart.mcause));
  }

  #infinite(addr: bigint): Capability {
    return new Capability(1n, infiniteMeta(this.#arithmetic.zylevels1), addr, undefined);
  }

  #trapped(): boolean {
    return this.machine.engine.pcc.addr === this.machine.hart.mtvec.addr;
  }

  #compareTrap(v: Vector, differences: Difference[]): void {
    const { mcause, mtval } = this.machine.hart;
    if (!this.#trapped()) differences.push({ what: "trap", expected: `cause ${v.exc}`, found: "none" });
    else if (mcause !== BigInt(v.exc!)) differences.push({ what: "mcause", expected: `${v.exc}`, found: `${mcause}` });
    else if (mtval !== BigInt(v.tval!)) differences.push({ what: "mtval", expected: v.tval!, found: hex(mtval) });
  }

  #compareMemory(addr: number, value: readonly (number | Hex)[], differences: Difference[]): void {
    const { memory } = this.machine;
    const offset = addr - RAM_BASE;
    const what = `memory at ${hex(BigInt(addr))}`;
    if (value.length === 3) {
      const ours = new Capability(
        BigInt(memory.tag(offset)),
        memory.load(offset + 8, 8),
        memory.load(offset, 8),
        undefined,
      );
      const theirs = capability(value as unknown as Triple);
      if (!equal(ours, theirs)) differences.push({ what, expected: show(theirs), found: show(ours) });
      return;
    }
    const digits = String(value[0]).length - "0x".length;
    const ours = toHex(memory.bytes.subarray(offset, offset + digits / 2));
    if (ours !== value[0]) differences.push({ what, expected: String(value[0]), found: ours });
    if (memory.tag(offset) !== 0) differences.push({ what: `tag of ${what}`, expected: "0", found: "1" });
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
    engine.resume(this.#infinite(BigInt(v.pc) - 4n));
    this.machine.step();
  }
}

/** Little-endian bytes as one number. */
const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).reverse().toString("hex")}`;

/** The outside machine names widened registers as the drafts did: mepcc, mtvecc, mscratchc. */
const csrNumberOf = (name: string): number | undefined => csrNumber(name) ?? csrNumber(name.replace(/c$/, ""));

const isStoreConditional = (word: number): boolean =>
  SC.opcodes.includes(word & 0x7f) && ((word >>> 12) & 7) === SC.funct3 && word >>> 27 === SC.funct5;
