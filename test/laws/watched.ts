// A machine under watch: it executes instructions injected one by one, and shows its whole public state before and after each.
import type { Decoded } from "../../isa/codec.ts";
import { CSRS } from "../../isa/csr.ts";
import { decoderFor } from "../../isa/table.ts";
import { Capability } from "../../sim/machine/capability.ts";
import { createMachine, RAM_BASE, type Machine } from "../../sim/machine/machine.ts";
import type { Retire, Timing } from "../../sim/machine/retire.ts";
import {
  bounded,
  CODE,
  CODE_BYTES,
  DATA,
  hasLevels,
  infinite,
  RAM_BYTES,
  VECTOR,
  type Holdings,
  type HostileIsa,
} from "./hostile.ts";
import { BIT, isSealed, isTagged, type Cap, type TaggedMemory } from "./standard.ts";

/** Registers that tell the time: they change by themselves. */
const CLOCKS = new Set([0xc00, 0xc01, 0xc02, 0xb00, 0xb02]);

export interface State {
  /** x0 to x31. */
  readonly registers: readonly Cap[];
  readonly pcc: Cap;
  readonly mode: number;
  readonly csrs: ReadonlyMap<number, Cap>;
  readonly bytes: Uint8Array;
  readonly tags: Uint8Array;
}

export interface Step {
  readonly word: number;
  /** Undefined where the ISA has no such instruction. */
  readonly insn: Decoded | undefined;
  readonly before: State;
  readonly after: State;
  /** The cause where the instruction trapped. */
  readonly trap: bigint | undefined;
  /** What the retire record says of memory; undefined where nothing was accessed. */
  readonly access: Access | undefined;
}

/** An access to memory that retired. */
export interface Access {
  readonly kind: "load" | "store" | "atomic";
  readonly address: bigint;
  readonly bytes: number;
  /** A whole capability was moved. */
  readonly capability: boolean;
}

const plain = ({ tag, meta, addr }: Cap): Cap => ({ tag, meta, addr });
export const toCapability = (c: Cap): Capability => new Capability(c.tag, c.meta, c.addr, undefined);

/** Numbers of the registers that a machine has. */
export const csrsOf = ({ isa }: Machine): number[] =>
  CSRS.filter((c) => c.ext === undefined || isa.extensions.has(c.ext)).map((c) => c.number);

export class Watched {
  readonly machine: Machine;
  readonly isa: HostileIsa;
  readonly #csrs: readonly number[];
  readonly #decode: (word: number) => Decoded | undefined;
  #access: Access | undefined;

  constructor(isa: HostileIsa, holdings?: Holdings) {
    this.isa = isa;
    this.#decode = decoderFor(isa);
    const image = { entry: RAM_BASE, segments: [], symbols: new Map(), categories: ["other"], ranges: [] };
    this.machine = createMachine({ isa, ramBytes: RAM_BYTES, image, timing: this.#observer() });
    this.#csrs = csrsOf(this.machine).filter((n) => !CLOCKS.has(n));
    this.machine.hart.mtvec = this.machine.hart.stvec = toCapability(infinite(isa, VECTOR));
    if (holdings) this.hold(holdings);
  }

  /** A timing model that takes a cycle for everything and keeps the last access. */
  #observer(): Timing {
    let now = 0;
    const retire = ({ access, dataVirt, dataBytes, capability }: Retire): void => {
      now += 1;
      this.#access =
        access === "none" ? undefined : { kind: access, address: BigInt(dataVirt), bytes: dataBytes, capability };
    };
    return {
      get now() {
        return now;
      },
      retire,
      idle: (until) => void (now = until),
    };
  }

  hold(holdings: Holdings): void {
    holdings.registers.forEach((c, i) => this.machine.engine.setY(i + 1, toCapability(c)));
    for (const [granule, c] of holdings.memory) this.put(DATA + 16n * BigInt(granule), c);
  }
  /** Puts a capability, or bits, into memory. */
  put(address: bigint, c: Cap): void {
    this.machine.memory.storeCapability(Number(address) - RAM_BASE, Number(c.tag), c.meta, c.addr);
  }
  get(address: bigint): Cap {
    const { memory } = this.machine;
    const offset = Number(address) - RAM_BASE;
    return { tag: BigInt(memory.tag(offset)), meta: memory.load(offset + 8, 8), addr: memory.load(offset, 8) };
  }
  set(register: number, c: Cap): void {
    this.machine.engine.setY(register, toCapability(c));
  }
  register(register: number): Cap {
    return plain(this.machine.engine.y(register));
  }
  resume(pcc: Cap): void {
    this.machine.engine.resume(toCapability(pcc));
  }

  state(): State {
    const { engine, hart, csrs, memory } = this.machine;
    return {
      registers: Array.from({ length: 32 }, (_, r) => plain(engine.y(r))),
      pcc: plain(engine.pcc),
      mode: hart.mode,
      csrs: new Map(this.#csrs.map((n) => [n, plain(csrs.read(n))])),
      bytes: memory.bytes.slice(),
      tags: memory.tags.slice(),
    };
  }

  /** Writes the word where the pcc stands, if that is code, and executes it; the cause of the trap, if there was one. */
  execute(word: number): bigint | undefined {
    this.#place(word);
    return this.#step();
  }

  /** As execute, with a look at the state before and after. */
  inject(word: number): Step {
    this.#place(word);
    const before = this.state();
    const trap = this.#step();
    return { word, insn: this.#decode(word), before, after: this.state(), trap, access: this.#access };
  }

  #place(word: number): void {
    const { engine, memory } = this.machine;
    const at = engine.pcc.addr;
    if (at >= CODE && at < DATA - 4n) memory.store(Number(at) - RAM_BASE, (word & 3) === 3 ? 4 : 2, BigInt(word));
  }

  #step(): bigint | undefined {
    const { machine } = this;
    const retired = machine.instructions;
    this.#access = undefined;
    machine.step();
    if (machine.instructions !== retired) return undefined;
    return machine.hart.mode === 1 ? machine.hart.scause : machine.hart.mcause;
  }
}

/** Tagged granules of a state. */
export function taggedMemory(state: State): TaggedMemory {
  const view = new DataView(state.bytes.buffer, state.bytes.byteOffset);
  const found: [bigint, Cap][] = [];
  for (let granule = state.tags.indexOf(1); granule >= 0; granule = state.tags.indexOf(1, granule + 1)) {
    const meta = view.getBigUint64(16 * granule + 8, true);
    found.push([BigInt(RAM_BASE + 16 * granule), { tag: 1n, meta, addr: view.getBigUint64(16 * granule, true) }]);
  }
  return found;
}

/** The granule at an address, as a state holds it. */
export function granuleAt(state: State, address: bigint): Cap | undefined {
  const offset = Number(address) - RAM_BASE;
  if (offset < 0 || offset >= state.bytes.length) return undefined;
  const at = offset & ~15;
  const view = new DataView(state.bytes.buffer, state.bytes.byteOffset);
  return {
    tag: BigInt(state.tags[at >> 4]!),
    meta: view.getBigUint64(at + 8, true),
    addr: view.getBigUint64(at, true),
  };
}

/** Offsets of the granules that differ between two states, in bytes or in tag. */
export function changedGranules(before: State, after: State): number[] {
  const changed: number[] = [];
  for (let at = 0; at < before.bytes.length; at += 16) {
    const same = before.tags[at >> 4] === after.tags[at >> 4];
    if (!same || Buffer.compare(before.bytes.subarray(at, at + 16), after.bytes.subarray(at, at + 16)) !== 0)
      changed.push(at);
  }
  return changed;
}

/** A code capability for the whole page of code, without some permissions. */
export function codeCapability(isa: HostileIsa, without = 0n): Cap {
  const kept = hasLevels(isa) ? without : without & ~BIT.SL;
  return bounded(infinite(isa, 0n, kept), CODE, CODE_BYTES);
}

/** As a monitor would: after a trap, or in a place where nothing can run, execution goes on at `pcc`. */
export function carryOn(watched: Watched, pcc: Cap, step: Step): void {
  const at = watched.machine.engine.pcc;
  const usable = isTagged(at) && !isSealed(at) && at.addr >= CODE && at.addr < CODE + CODE_BYTES - 64n;
  if (step.trap === undefined && usable) return;
  watched.machine.hart.mode = step.before.mode;
  watched.resume(pcc);
}

/** Executes hostile words one by one, and shows each step. */
export function watch(watched: Watched, words: readonly number[], pcc: Cap, look: (step: Step) => void): void {
  watched.resume(pcc);
  for (const word of words) {
    const step = watched.inject(word);
    look(step);
    carryOn(watched, pcc, step);
  }
}
