// Calls single functions of guest code on the bare machine, with object graphs and arguments placed by the test.
import { encodeBounds } from "../../../isa/cap/bounds.ts";
import { CT, infiniteMeta } from "../../../isa/cap/format.ts";
import type { Image } from "../../../isa/image.ts";
import { alignUp, type PointerBytes } from "../../../kernel/abi.ts";
import { assembleGuest, guestSource, linkGuest, GUEST_ISA } from "../../../kernel/image.ts";
import { Capability, CapabilityArithmetic } from "../../../sim/machine/capability.ts";
import { createMachine, RAM_BASE, type Machine } from "../../../sim/machine/machine.ts";
import type { Retire, Timing } from "../../../sim/machine/retire.ts";
import { DataBlock } from "../../../workloads/data-block.ts";
import type { Message } from "../../../workloads/messages.ts";

const PRELUDE = ["kernel/common/pointer.S", "workloads/services/frame.S", "workloads/services/schema.S"];
const RAM_BYTES = 16 << 20;
const DATA = RAM_BASE + (1 << 20);
const STACK_BYTES = 8192;

/** Where a called function returns to; HOST n hands over to the test, which may change registers and memory. */
const HARNESS = `
.macro HOST number
        li      t0, DEVICE_meter
.if CAPABILITY
        auipc   t1, 0
        yaddrw  t0, t1, t0
.endif
        li      t1, \\number
        sd      t1, 0(t0)
.endm
        .section .text.harness, "ax"
        .globl bench_return
bench_return:
        li      t0, DEVICE_finisher
.if CAPABILITY
        auipc   t1, 0
        yaddrw  t0, t1, t0
.endif
        li      t1, FINISHER_pass
        sw      t1, 0(t0)
`;

/** A place in memory that an argument points at; where pointers are capabilities, exactly these bytes. */
export interface Place {
  readonly base: number;
  readonly bytes: number;
  /** What the pointer points at, if not the base. */
  readonly address?: number;
  /** A sealed entry. */
  readonly sealed?: boolean;
}

export type Argument = number | bigint | Place;

export interface Returned {
  readonly a0: bigint;
  readonly a1: bigint;
  /** Instructions retired by category. */
  readonly instructions: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  readonly pointerBytes: PointerBytes;
  /** Sources of workloads/services by name, or by path. */
  readonly sources: readonly string[];
  /** More code. */
  readonly text?: string;
  /** Called where guest code says HOST n. */
  readonly onHost?: (bench: Bench, number: number) => void;
  /** Replaces the counting of instructions. */
  readonly timing?: (image: Image) => Timing;
}

const arithmetic = new CapabilityArithmetic(true);
const capabilityTo = (p: Place): Capability => {
  const { meta, exact } = encodeBounds(arithmetic, infiniteMeta(true), BigInt(p.base), BigInt(p.bytes));
  if (exact !== 1n) throw new Error(`no capability bounds 0x${p.base.toString(16)}, ${p.bytes} bytes exactly`);
  const seal = p.sealed === true ? 1n << BigInt(CT.at) : 0n;
  return new Capability(1n, meta | seal, BigInt(p.address ?? p.base), undefined);
};

/** Counts instructions by category; each takes a cycle. */
class Count implements Timing {
  now = 0;
  readonly byCategory: number[];
  constructor(categories: number) {
    this.byCategory = new Array<number>(categories).fill(0);
  }
  retire(r: Retire): void {
    this.now += 1;
    if (!r.trap) this.byCategory[r.category]! += 1;
  }
  idle(until: number): void {
    this.now = until;
  }
}

export class Bench {
  readonly pointerBytes: PointerBytes;
  readonly image: Image;
  readonly machine: Machine;
  readonly #count: Count;
  readonly #stack: Place;
  /** Where the next place is reserved. */
  end = DATA;

  constructor(o: BenchOptions) {
    this.pointerBytes = o.pointerBytes;
    const extra = { file: "bench.S", text: `${HARNESS}\n${o.text ?? ""}` };
    const paths = [
      ...PRELUDE,
      ...o.sources.map((s) => (s.includes("/") ? s : `workloads/services/${s}.S`)),
      extra.file,
    ];
    const object = assembleGuest(paths, {
      pointerBytes: o.pointerBytes,
      read: (path) => (path === extra.file ? extra : guestSource(path)),
    });
    this.image = linkGuest([object], { base: RAM_BASE });
    this.#count = new Count(this.image.categories.length);
    this.machine = createMachine({
      isa: GUEST_ISA[o.pointerBytes],
      ramBytes: RAM_BYTES,
      image: this.image,
      misaligned: "trap",
      timing: o.timing?.(this.image) ?? this.#count,
      onMeter: ({ value }) => o.onHost?.(this, value),
    });
    this.#stack = this.reserve(STACK_BYTES, 4096);
  }

  symbol(name: string): number {
    const at = this.image.symbols.get(name);
    if (at === undefined) throw new Error(`no symbol ${name}`);
    return at;
  }

  /** A message's type in the guest's tables. */
  type(name: string): Place {
    const base = this.symbol("schema_user");
    const end = this.symbol("schema_reply") + 256;
    return { base, bytes: end - base, address: this.symbol(`schema_${name}`) };
  }

  reserve(bytes: number, align = 64): Place {
    const base = alignUp(this.end, align);
    this.end = base + bytes;
    return { base, bytes };
  }

  put(bytes: Uint8Array, align = 64): Place {
    const place = this.reserve(bytes.length, align);
    this.machine.memory.write(place.base - RAM_BASE, bytes);
    return place;
  }

  /** Writes bytes at a place reserved before. */
  fill(at: number, bytes: Uint8Array): void {
    this.machine.memory.write(at - RAM_BASE, bytes);
  }

  /** What a pointer in memory points at. */
  pointee(at: number, bytes: number): Place | 0 {
    const base = Number(this.read64(at));
    return base === 0 ? 0 : { base, bytes };
  }

  u64(at: number, value: number | bigint): void {
    this.machine.memory.store(at - RAM_BASE, 8, BigInt.asUintN(64, BigInt(value)));
  }

  read64(at: number): bigint {
    return this.machine.memory.load(at - RAM_BASE, 8);
  }

  pointer(at: number, to: Place): void {
    if (this.pointerBytes === 8) return this.u64(at, to.address ?? to.base);
    const c = capabilityTo(to);
    this.machine.memory.storeCapability(at - RAM_BASE, 1, c.meta, c.addr);
  }

  /** Places an object graph; returns its root object. */
  graph(message: Message): Place {
    const block = new DataBlock(this.reserve(0, 1 << 12).base, this.pointerBytes);
    const root = block.payload(message);
    this.put(block.contents(), 1 << 12);
    for (const p of block.pointers) this.pointer(p.at, p);
    return root;
  }

  /** Calls a function; arguments go to a0 and on. Throws where the guest does not return. */
  call(label: string, ...args: readonly Argument[]): Returned {
    return this.callWith(label, args, {});
  }

  /** As `call`, with other registers set too. */
  callWith(label: string, args: readonly Argument[], registers: Readonly<Record<number, Argument>>): Returned {
    const { engine } = this.machine;
    this.#count.byCategory.fill(0);
    const code = (at: number): Capability =>
      new Capability(
        this.pointerBytes === 16 ? 1n : 0n,
        this.pointerBytes === 16 ? infiniteMeta(true) : 0n,
        BigInt(at),
        undefined,
      );
    engine.setY(1, code(this.symbol("bench_return")));
    this.#set(2, { ...this.#stack, address: this.#stack.base + STACK_BYTES });
    for (const [register, value] of Object.entries(registers)) this.#set(Number(register), value);
    args.forEach((value, i) => this.#set(10 + i, value));
    engine.resume(code(this.symbol(label)));
    const before = engine.retired;
    const stop = this.machine.run({ maxInstructions: before + 1_000_000 });
    if (stop.kind !== "exit" || stop.status !== 0) throw new Error(`${label}: ${JSON.stringify(stop)}`);
    const { categories } = this.image;
    const instructions = Object.fromEntries(categories.map((name, i) => [name, this.#count.byCategory[i]!]));
    return { a0: engine.x(10), a1: engine.x(11), instructions };
  }

  /** Fills the stack so that what a call has used of it shows. */
  paintStack(): void {
    this.machine.memory.write(this.#stack.base - RAM_BASE, new Uint8Array(STACK_BYTES).fill(0xa5));
  }

  /** Bytes of the stack that were written since it was painted. */
  stackUsed(): number {
    const bytes = this.machine.readMemory(this.#stack.base, STACK_BYTES);
    const untouched = bytes.findIndex((b) => b !== 0xa5);
    return untouched < 0 ? 0 : STACK_BYTES - untouched;
  }

  #set(register: number, value: Argument): void {
    const { engine } = this.machine;
    if (typeof value === "object" && this.pointerBytes === 16) engine.setY(register, capabilityTo(value));
    else
      engine.setX(
        register,
        typeof value === "object" ? BigInt(value.address ?? value.base) : BigInt.asUintN(64, BigInt(value)),
      );
  }
}
