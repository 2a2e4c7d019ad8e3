// Small worlds for tests of the kernel: compartments written as assembly text, booted on the machine and looked into.
import { assemble } from "../../../isa/asm/assemble.ts";
import { formatDiagnostic } from "../../../isa/diagnostic.ts";
import { mergeImages, type Image } from "../../../isa/image.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { abiSymbols, alignUp } from "../../../kernel/abi.ts";
import { GUEST_ISA, guestSource, linkGuest, type GuestObject } from "../../../kernel/image.ts";
import { exactRegion, regionEnd, type Region } from "../../../kernel/layout.ts";
import { platformSymbols } from "../../../kernel/platform.ts";
import { sasosFreeBase, sasosImage, type Compartment, type SasosManifest } from "../../../kernel/sasos/manifest.ts";
import { FAULT, objectSymbols } from "../../../kernel/sasos/objects.ts";
import { PointerTable } from "../../../kernel/sasos/pointers.ts";
import { sasosRegions, type SasosRegions } from "../../../kernel/sasos/regions.ts";
import type { Stop } from "../../../sim/engine/engine.ts";
import { CapabilityArithmetic, type Capability } from "../../../sim/machine/capability.ts";
import { createMachine, RAM_BASE, type Machine } from "../../../sim/machine/machine.ts";
import type { MeterEvent } from "../../../sim/machine/devices/meter.ts";

/** Offsets in every compartment's data: import slots, then where the macros below put registers, then free space. */
const SLOT_BYTES = 16;
const SAVE_AT = 0x200;
export const FREE_AT = 0x600;
const DATA_BYTES = 0x1000;
const PAGE_BYTES = 4096;
const INSTRUCTION_LIMIT = 2_000_000;

/** Shorthands of the test programs. gp is the compartment's data; a CALL leaves the result in a0. */
const PRELUDE = `
.equ FREE, ${FREE_AT}
.macro CALL slot
        ly      t0, \\slot * ${SLOT_BYTES}(gp)
        jalr    ra, 0(t0)
.endm
.macro SAVE_REGISTERS                           # every register but gp into its data
.irp r, ra, sp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
        sy      \\r, ${SAVE_AT} + CONTEXT_\\r(gp)
.endr
.endm
.macro FILL_REGISTERS                           # a capability of its own data in every register but ra, sp and gp
.set canary, 0
.irp r, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
.set canary, canary + 16
        yaddi   \\r, gp, canary
.endr
.endm
.macro EXIT status=0
        li      a0, \\status
        li      a7, SYS_exit
        ecall
.endm
`;

/** A compartment under test; without code for calls it is only called to do nothing. */
export interface TestCompartment {
  readonly name: string;
  /** Assembly; `service_entry` is where calls enter, `client_start` where the first compartment starts. */
  readonly code: string;
  /** Compartments by name: slot n of CALL. */
  readonly imports?: readonly string[];
  readonly stackBytes?: number;
  /** Memory left free before it. */
  readonly gapBytes?: number;
  /** Changes what the manifest says of it, knowing where it lies. */
  readonly edit?: (c: Compartment, world: readonly Compartment[]) => Partial<Compartment>;
}

export interface WorldOptions {
  readonly threadStackBytes?: number;
  readonly tickCycles?: number;
  readonly read?: typeof guestSource;
  /** The compartment that starts, by default the first. */
  readonly start?: string;
  readonly isa?: string;
}

function codeObject({ name, code }: TestCompartment): GuestObject {
  const result = assemble([{ file: `${name}.S`, text: `${PRELUDE}\n.section .text.application, "ax"\n${code}` }], {
    forms: instructionsOf(GUEST_ISA[16]),
    capabilityMode: true,
    symbols: new Map([...abiSymbols(16), ...platformSymbols(), ...objectSymbols()]),
  });
  if (result.kind !== "object") throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
  return result.object;
}

/** A booted world: run it, then read what its compartments left in their data. */
export class World {
  machine: Machine;
  meter: MeterEvent[] = [];
  readonly image: Image;
  readonly manifest: SasosManifest;
  readonly regions: SasosRegions;
  readonly #isa: string;
  readonly #codes: readonly Image[];

  constructor(compartments: readonly TestCompartment[], options: WorldOptions = {}) {
    const threadStackBytes = options.threadStackBytes ?? 0x4000;
    let next = sasosFreeBase({ threadStackBytes });
    const take = (bytes: number): Region => {
      const region = exactRegion(next, bytes);
      next = regionEnd(region);
      return region;
    };
    const placed = compartments.map((c) => {
      const object = codeObject(c);
      next += c.gapBytes ?? 0;
      const text = take(object.sections.reduce((sum, section) => sum + section.size, 0));
      return { c, text, data: take(DATA_BYTES), image: linkGuest([object], { base: text.base }) };
    });
    const start = options.start === undefined ? 0 : compartments.findIndex((c) => c.name === options.start);
    this.#codes = placed.map((p) => p.image);
    const plain = placed.map(({ c, text, data, image }): Compartment => ({
      name: c.name,
      text,
      data,
      entry: image.symbols.get("service_entry") ?? text.base,
      globals: data.base,
      stackBytes: c.stackBytes ?? 256,
      imports: (c.imports ?? []).map((name, slot) => ({
        at: data.base + slot * SLOT_BYTES,
        compartment: compartments.findIndex((other) => other.name === name),
      })),
      pointers: PointerTable.of(),
      devices: [],
    }));
    this.manifest = {
      compartments: plain.map((c, i) => ({ ...c, ...compartments[i]!.edit?.(c, plain) })),
      start: { compartment: start, entry: placed[start]!.image.symbols.get("client_start")! },
      threadStackBytes,
      tickCycles: options.tickCycles ?? 0,
    };
    const kernel = sasosImage(this.manifest, options.read ?? guestSource);
    this.image = { ...mergeImages([kernel, ...this.#codes]), entry: kernel.entry };
    const shape = { compartments: compartments.length, threadStackBytes, tableBytes: 0 };
    this.regions = sasosRegions({ ...shape, userEnd: next });
    this.#isa = options.isa ?? GUEST_ISA[16];
    this.machine = this.#boot();
  }

  #boot(): Machine {
    const onMeter = (event: MeterEvent): void => void this.meter.push(event);
    const end = Math.max(...this.image.segments.map((s) => s.address + s.memoryBytes));
    const ramBytes = alignUp(end - RAM_BASE, PAGE_BYTES);
    return createMachine({ isa: this.#isa, ramBytes, image: this.image, onMeter });
  }

  /** The thread's stack. */
  get stack(): Region {
    return this.regions.stack;
  }

  /** Begins again with the same image. */
  reboot(): this {
    this.meter = [];
    this.machine = this.#boot();
    return this;
  }

  run(): Stop {
    return this.machine.run({ maxInstructions: INSTRUCTION_LIMIT });
  }

  /** Runs, and demands that the client ended the run with status 0. */
  runToEnd(): this {
    const stop = this.run();
    if (stop.kind !== "exit" || stop.status !== 0) throw new Error(`the run ended with ${JSON.stringify(stop, text)}`);
    return this;
  }

  /** Steps until the next instruction is one of U-mode at an address. */
  stepTo(address: number, user = true): void {
    const { engine, hart } = this.machine;
    for (let steps = 0; steps < INSTRUCTION_LIMIT; steps += 1) {
      if (Number(engine.pcc.addr) === address && (hart.mode === 0) === user) return;
      const stop = this.machine.step();
      if (stop !== undefined) throw new Error(`ended before 0x${address.toString(16)}: ${JSON.stringify(stop, text)}`);
    }
    throw new Error(`never came to 0x${address.toString(16)}`);
  }

  compartment(name: string): Compartment {
    return this.manifest.compartments.find((c) => c.name === name)!;
  }

  /** An address of a label in a compartment's code. */
  label(compartment: string, name: string): number {
    const at = this.#codes[this.manifest.compartments.findIndex((c) => c.name === compartment)]!.symbols.get(name);
    if (at === undefined) throw new Error(`no label ${name} in ${compartment}`);
    return at;
  }

  /** An address of the kernel's. */
  symbol(name: string): number {
    return this.image.symbols.get(name)!;
  }

  word(address: number): bigint {
    return this.machine.memory.load(address - RAM_BASE, 8);
  }

  /** The doubleword at an offset in a compartment's free space. */
  free(compartment: string, offset = 0): bigint {
    return this.word(this.compartment(compartment).data.base + FREE_AT + offset);
  }

  /** A register as SAVE_REGISTERS left it. */
  saved(compartment: string, register: string): { tag: number; meta: bigint; addr: bigint } {
    return this.capability(
      this.compartment(compartment).data.base + SAVE_AT + objectSymbols().get(`CONTEXT_${register}`)!,
    );
  }

  capability(address: number): { tag: number; meta: bigint; addr: bigint } {
    const offset = address - RAM_BASE;
    const { memory } = this.machine;
    return { tag: memory.tag(offset), addr: memory.load(offset, 8), meta: memory.load(offset + 8, 8) };
  }

  bytes(region: Region): Uint8Array {
    return this.machine.memory.bytes.slice(region.base - RAM_BASE, regionEnd(region) - RAM_BASE);
  }

  faults(): { compartment: string; cause: number; tval: bigint; pc: bigint }[] {
    const F = FAULT.layout(16);
    const log = this.symbol("fault_log");
    return Array.from({ length: Number(this.word(this.symbol("fault_count"))) }, (_, i) => {
      const at = log + i * F.bytes;
      return {
        compartment: this.manifest.compartments[Number(this.word(at + F.at.compartment))]!.name,
        cause: Number(this.word(at + F.at.cause)),
        tval: this.word(at + F.at.tval),
        pc: this.word(at + F.at.pc),
      };
    });
  }
}

const arithmetic = new CapabilityArithmetic(true);

/** The bytes that a capability reaches. */
export function boundsOf(cap: Pick<Capability, "meta" | "addr">): Region {
  const { base, top, topHigh } = arithmetic.bounds(arithmetic.cap(1n, cap.meta, cap.addr));
  return { base: Number(base), bytes: Number((topHigh << 64n) + top - base) };
}

/** Every capability that the machine holds, with where: registers, CSRs, memory. */
export function everyCapability(machine: Machine): { where: string; cap: Pick<Capability, "meta" | "addr"> }[] {
  const found: { where: string; cap: Pick<Capability, "meta" | "addr"> }[] = [];
  const take = (where: string, cap: Capability): void => {
    if (cap.tag !== 0n) found.push({ where, cap });
  };
  for (let r = 1; r < 32; r += 1) take(`x${r}`, machine.engine.y(r));
  take("pcc", machine.engine.pcc);
  const { hart, memory } = machine;
  for (const csr of CAPABILITY_CSRS) take(csr, hart[csr]);
  for (const [granule, tag] of memory.tags.entries()) {
    if (tag === 0) continue;
    const offset = granule * 16;
    const cap = { addr: memory.load(offset, 8), meta: memory.load(offset + 8, 8) };
    found.push({ where: `0x${(RAM_BASE + offset).toString(16)}`, cap });
  }
  return found;
}

const CAPABILITY_CSRS = [
  ...(["mtvec", "mepc", "mscratch", "mtidc"] as const),
  ...(["stvec", "sepc", "sscratch", "stidc", "utidc"] as const),
];

const text = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `0x${value.toString(16)}` : value);
