// Runs the meaning of one instruction on its own: registers and one datum of memory go in, what it asked the machine for comes out.
import { infiniteMeta, INTEGRAL } from "../../isa/cap/format.ts";
import { decoderFor } from "../../isa/table.ts";
import type { AccessBytes, CacheBlockOperation, Privileged, Semantics } from "../../isa/semantics.ts";
import { Capability, CapabilityArithmetic, NULL_CAPABILITY } from "../../sim/machine/capability.ts";

/** A capability as vectors write it. */
export interface Value {
  readonly tag: bigint;
  readonly meta: bigint;
  readonly addr: bigint;
}

export const integer = (addr: bigint): Value => ({ tag: 0n, meta: 0n, addr: BigInt.asUintN(64, addr) });

export interface Before {
  readonly isa?: string;
  readonly pc?: bigint;
  /** Metadata and tag of the pcc; Infinite where absent. With Zyhybrid its P-bit is the pointer mode. */
  readonly pcc?: Value;
  /** With Zyhybrid; Infinite where absent. */
  readonly ddc?: Value;
  readonly registers?: Readonly<Record<number, Value | bigint>>;
  /** What any load finds, as bytes (little-endian number) or as a capability. */
  readonly memory?: Value | bigint;
  /** What any CSR holds. */
  readonly csr?: Value;
}

export type Effect =
  | { readonly kind: "load"; readonly addr: bigint; readonly bytes: number }
  | { readonly kind: "store"; readonly addr: bigint; readonly bytes: number; readonly value: bigint | Value }
  | { readonly kind: "csr"; readonly csr: number; readonly value: Value; readonly whole: boolean }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly (string | boolean | bigint)[] };

export interface After {
  readonly registers: ReadonlyMap<number, Value>;
  /** Where the instruction jumped; undefined where it goes on. An integer jump gives the address with the pcc's rest. */
  readonly target: Value | undefined;
  readonly trap: { readonly cause: number; readonly tval: bigint } | undefined;
  readonly effects: readonly Effect[];
}

class TrapTaken extends Error {}

const value = (y: Value): Value => ({ tag: y.tag, meta: y.meta, addr: y.addr });

class Meaning extends CapabilityArithmetic implements Semantics<bigint, Capability> {
  readonly capabilityMode: boolean;
  readonly pc: bigint;
  readonly nextPc: bigint;
  readonly pcc: Capability;
  readonly ddc: Capability | undefined;
  readonly written = new Map<number, Value>();
  readonly effects: Effect[] = [];
  target: Value | undefined;
  trap: { cause: number; tval: bigint } | undefined;
  readonly #before: Before;

  constructor(before: Before, isa: string, bytes: number) {
    super(isa.includes("zylevels1"), isa.includes("zyhybrid"));
    this.#before = before;
    this.pc = before.pc ?? 0x8000_0000n;
    this.nextPc = this.pc + BigInt(bytes);
    const infinite = { tag: 1n, meta: infiniteMeta(this.zylevels1, this.zyhybrid), addr: 0n };
    const { tag, meta } = before.pcc ?? infinite;
    this.pcc = new Capability(tag, meta, this.pc, undefined);
    this.ddc = this.zyhybrid ? this.#capability(before.ddc ?? infinite) : undefined;
    this.capabilityMode = isa.includes("y") && !(this.zyhybrid && (meta & INTEGRAL) !== 0n);
  }

  x(r: number): bigint {
    return this.y(r).addr;
  }
  y(r: number): Capability {
    const given = this.#before.registers?.[r];
    if (r === 0 || given === undefined) return NULL_CAPABILITY;
    return this.#capability(given);
  }
  setX(r: number, addr: bigint): void {
    if (r !== 0) this.written.set(r, integer(addr));
  }
  setY(r: number, y: Capability): void {
    if (r !== 0) this.written.set(r, value(y));
  }
  trapIf(cond: bigint, cause: number, tval: bigint): void {
    if (cond === 0n) return;
    this.trap = { cause, tval };
    throw new TrapTaken();
  }
  jump(addr: bigint): void {
    this.target = { tag: this.pcc.tag, meta: this.pcc.meta, addr };
  }
  jumpIf(cond: bigint, addr: bigint): void {
    if (cond !== 0n) this.jump(addr);
  }
  jumpY(y: Capability): void {
    this.target = value(y);
  }

  addressValid(): bigint {
    return 1n;
  }
  load(addr: bigint, bytes: AccessBytes): bigint {
    this.effects.push({ kind: "load", addr, bytes });
    const memory = this.#before.memory ?? 0n;
    return BigInt.asUintN(8 * bytes, typeof memory === "bigint" ? memory : memory.addr);
  }
  store(addr: bigint, bytes: AccessBytes, stored: bigint): void {
    this.effects.push({ kind: "store", addr, bytes, value: BigInt.asUintN(8 * bytes, stored) });
  }
  loadY(addr: bigint): Capability {
    this.effects.push({ kind: "load", addr, bytes: 16 });
    return this.#capability(this.#before.memory ?? 0n);
  }
  storeY(addr: bigint, y: Capability): void {
    this.effects.push({ kind: "store", addr, bytes: 16, value: value(y) });
  }
  amo(addr: bigint, bytes: 4 | 8, update: (old: bigint) => bigint): bigint {
    const old = this.load(addr, bytes);
    this.store(addr, bytes, update(old));
    return old;
  }
  amoY(addr: bigint, y: Capability): Capability {
    const old = this.loadY(addr);
    this.storeY(addr, y);
    return old;
  }
  loadReserved(addr: bigint, bytes: AccessBytes): bigint {
    return this.load(addr, bytes);
  }
  loadReservedY(addr: bigint): Capability {
    return this.loadY(addr);
  }
  storeConditional(addr: bigint, bytes: AccessBytes, stored: bigint): bigint {
    this.store(addr, bytes, stored);
    return 0n;
  }
  storeConditionalY(addr: bigint, y: Capability): bigint {
    this.storeY(addr, y);
    return 0n;
  }

  csrRead(): Capability {
    return this.#capability(this.#before.csr ?? 0n);
  }
  csrWrite(csr: number, y: Capability, whole: boolean): void {
    this.effects.push({ kind: "csr", csr, value: value(y), whole });
  }
  permitCacheBlock(operation: CacheBlockOperation): void {
    this.#call("permitCacheBlock", operation);
  }
  cacheBlock(addr: bigint, operation: CacheBlockOperation): void {
    this.#call("cacheBlock", addr, operation);
  }
  ecall(): void {
    this.#call("ecall");
  }
  ebreak(): void {
    this.#call("ebreak");
  }
  trapReturn(from: Privileged): void {
    this.#call("trapReturn", from);
  }
  wfi(): void {
    this.#call("wfi");
  }
  fence(): void {
    this.#call("fence");
  }
  fenceI(): void {
    this.#call("fenceI");
  }
  sfenceVma(addr: bigint, asid: bigint, everyAddress: boolean, everyAsid: boolean): void {
    this.#call("sfenceVma", addr, asid, everyAddress, everyAsid);
  }

  #call(name: string, ...args: (string | boolean | bigint)[]): void {
    this.effects.push({ kind: "call", name, args });
  }
  #capability(given: Value | bigint): Capability {
    const y = typeof given === "bigint" ? integer(given) : given;
    return new Capability(y.tag, y.meta, y.addr, undefined);
  }
}

/** Does what the word says; throws where the ISA (rv64y unless told) has no such instruction. */
export function execute(word: number, before: Before = {}): After {
  const isa = before.isa ?? "rv64y";
  const integral = before.pcc === undefined || (before.pcc.meta & INTEGRAL) !== 0n;
  const decoded = decoderFor(isa, integral && isa.includes("zyhybrid") ? "integral" : "capability")(word);
  if (decoded === undefined) throw new Error(`${isa} has no instruction 0x${word.toString(16)}`);
  const m = new Meaning(before, isa, decoded.bytes);
  try {
    decoded.insn.exec(m, decoded.operands as never);
  } catch (e) {
    if (!(e instanceof TrapTaken)) throw e;
    return { registers: new Map(), target: undefined, trap: m.trap, effects: m.effects };
  }
  return { registers: m.written, target: m.target, trap: undefined, effects: m.effects };
}
