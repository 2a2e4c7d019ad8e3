// A whole machine: RAM, devices, one hart and the engine that runs it, from an ISA string and an image.
import { infiniteMeta } from "../../isa/cap/format.ts";
import type { Image } from "../../isa/image.ts";
import { decoderFor, parseIsa, type Isa, type PointerMode } from "../../isa/table.ts";
import { CodeCache } from "../engine/code.ts";
import type { MisalignedAccess } from "../engine/data.ts";
import type { Engine, EngineName, Stop } from "../engine/engine.ts";
import { LoggingReference } from "../engine/commit-log.ts";
import { Reference, type ReferenceOptions } from "../engine/reference.ts";
import { Turbo } from "../engine/turbo/engine.ts";
import { MAX_RAM_BYTES } from "../engine/turbo/layout.ts";
import { LinearMemory } from "../engine/turbo/linear.ts";
import { PIECES_BYTES } from "../engine/turbo/pieces.ts";
import { Bus } from "./bus.ts";
import { Capability, NULL_CAPABILITY } from "./capability.ts";
import { Csrs } from "./csrs.ts";
import { Clint } from "./devices/clint.ts";
import { Finisher } from "./devices/finisher.ts";
import { Htif } from "./devices/htif.ts";
import { Meter, type MeterEvent } from "./devices/meter.ts";
import { Uart } from "./devices/uart.ts";
import { Hart, type Clock } from "./hart.ts";
import { Mark, Memory } from "./memory.ts";
import { Mmu } from "./mmu.ts";
import type { MachineConfig } from "../config/machine.ts";
import { Core } from "../timing/core.ts";
import { MemoCore, type MemoLimits } from "../timing/memo-core.ts";
import { heapStorage, linearStorage, storageBytes, type Storage } from "../timing/part.ts";
import type { TimedCore, Timing } from "./retire.ts";

export type { Stop };
export const RAM_BASE = 0x8000_0000;

export interface MachineOptions {
  /** An ISA string that parseIsa accepts: with Y, pointers are capabilities from reset on. */
  readonly isa: string;
  /** A multiple of 4096. */
  readonly ramBytes: number;
  /** Loaded at its physical addresses; execution begins at its entry. */
  readonly image: Image;
  /** What executes instructions: nothing but speed depends on it. Default: reference. docs/engine.md */
  readonly engine?: EngineName;
  /** How often the turbo engine interprets code before it translates it; a default that suits most. */
  readonly translateAfter?: number;
  /** After how many instructions code that is not hot is interpreted in WebAssembly, not in JavaScript; a default that suits most. */
  readonly interpretAfter?: number;
  /** Times the run by a model of this machine. Without it, each instruction and each trap takes one cycle. */
  readonly core?: MachineConfig;
  /** How much the turbo engine remembers of the model: for tests of what it does when it has to forget. */
  readonly memoLimits?: MemoLimits;
  /** In its place, somebody else who hears of each step; only the reference engine tells. */
  readonly timing?: Timing;
  /** Misaligned integer accesses: done by the hardware (default), or trapped. */
  readonly misaligned?: MisalignedAccess;
  /** Address of the HTIF doubleword; by default that of the image's symbol `tohost`, if it has one. */
  readonly tohost?: number;
  /** Gets the commit log, line by line (sim/engine/commit-log.ts). */
  readonly onCommit?: (line: string) => void;
  /** The guest marked a moment. */
  readonly onMeter?: (event: MeterEvent) => void;
  /** The guest printed; bytes are decoded as UTF-8. */
  readonly onOutput?: (text: string) => void;
  /** Called every `progressInstructions` retired instructions (default 10 million). */
  readonly onProgress?: (instructions: number, cycles: number) => void;
  readonly progressInstructions?: number;
}

export interface RunLimits {
  /** Ends the run once so many instructions have retired since reset. */
  readonly maxInstructions?: number;
  /** Ends the run once the clock has reached this cycle. */
  readonly maxCycles?: number;
}

const DEFAULT_PROGRESS_INSTRUCTIONS = 10_000_000;

/** Why an image cannot run on a machine with so much RAM, as the text of a diagnostic; undefined where it can. */
export function imageMisfit(image: Image, ramBytes: number): string | undefined {
  const hex = (address: number): string => `0x${address.toString(16)}`;
  const inRam = (address: number, bytes: number): boolean =>
    address >= RAM_BASE && address + bytes <= RAM_BASE + ramBytes;
  const range = `[${hex(RAM_BASE)}, ${hex(RAM_BASE + ramBytes)})`;
  const outside = image.segments.find((s) => s.memoryBytes > 0 && !inRam(s.address, s.memoryBytes));
  if (outside) {
    return `${outside.memoryBytes} bytes at ${hex(outside.address)} do not lie in RAM, which is ${range}`;
  }
  return inRam(image.entry, 2) ? undefined : `the entry ${hex(image.entry)} does not lie in RAM, which is ${range}`;
}

/** Builds a machine and loads its image; throws where parseIsa or imageMisfit would object. */
export function createMachine(options: MachineOptions): Machine {
  return new Machine(options);
}

export class Machine {
  readonly isa: Isa;
  readonly memory: Memory;
  readonly hart: Hart;
  readonly csrs: Csrs;
  readonly engine: Engine;
  /** The model of `MachineOptions.core`. */
  readonly core: TimedCore | undefined;
  readonly #onProgress: MachineOptions["onProgress"];
  readonly #progressInstructions: number;

  constructor(o: MachineOptions) {
    this.#onProgress = o.onProgress;
    this.#progressInstructions = o.onProgress ? (o.progressInstructions ?? DEFAULT_PROGRESS_INSTRUCTIONS) : Infinity;
    const isa = parseIsa(o.isa);
    if (typeof isa === "string") throw new Error(isa);
    this.isa = isa;
    const categories = o.image.categories.length;
    const config = o.core && { ...o.core, ramBytes: o.ramBytes };
    const coreIn = config && ((storage: Storage) => new MemoCore(config, { ...o.memoLimits, categories, storage }));
    const timingBytes = (): number => (coreIn === undefined ? 0 : PIECES_BYTES + storageBytes(coreIn));
    const linear = runsTurbo(o, isa) ? new LinearMemory(o.ramBytes, timingBytes()) : undefined;
    const storage = linear === undefined ? heapStorage : linearStorage(linear.memory, linear.layout.timingAt);
    const memoCore = linear && coreIn?.(storage);
    this.core = memoCore ?? (config && new Core(config, { categories }));
    const memory = new Memory({
      base: RAM_BASE,
      sizeBytes: o.ramBytes,
      ...(linear === undefined ? {} : { places: linear.places }),
    });
    this.memory = memory;

    // The devices, the hart and the engine refer to one another: the engine comes last, behind a clock.
    const later: { engine?: Reference } = {};
    const running = (): Reference => later.engine!;
    const clock: Clock = {
      get now() {
        return running().now;
      },
      get retired() {
        return running().retired;
      },
    };
    const exit = (status: number): void => running().finish({ kind: "exit", status });
    const decoder = new TextDecoder();
    const output = (byte: number): void => o.onOutput?.(decoder.decode(new Uint8Array([byte]), { stream: true }));
    const mark = (value: number): void => o.onMeter?.({ value, cycles: clock.now, instructions: clock.retired });
    const clint = new Clint(() => clock.now, linear?.held);
    const bus = new Bus(memory, [new Finisher(exit), new Meter(mark), clint, new Uart(output)]);
    bus.onDeviceAccess = () => running().reconsider();

    const hart = new Hart(clock, clint);
    this.hart = hart;
    const mmu = new Mmu(memory, hart.pmp, isa.extensions.has("Y"));
    const instructionAlignment = isa.extensions.has("Zca") ? 2 : 4;
    const code = codeCaches(o, isa, memory);
    const csrOptions = { hart, extensions: isa.extensions, instructionAlignment } as const;
    const engineOptions: ReferenceOptions = {
      rvy: isa.extensions.has("Y"),
      zylevels1: isa.extensions.has("Zylevels1"),
      zyhybrid: isa.extensions.has("Zyhybrid"),
      instructionAlignment,
      misaligned: o.misaligned ?? "split",
      bus,
      mmu,
      code,
      hart,
      csrs: (m) => new Csrs({ ...csrOptions, m }),
      timing: this.core ?? o.timing,
    };
    const engine = o.onCommit
      ? new LoggingReference(engineOptions, o.onCommit)
      : linear === undefined
        ? new Reference(engineOptions)
        : new Turbo({
            ...engineOptions,
            ...{ linear, storage, generated: memoCore?.generated },
            ...{ hotAfter: o.translateAfter, interpretedAfter: o.interpretAfter },
          });
    later.engine = engine;
    this.engine = engine;
    this.csrs = engine.csrs;

    this.#load(o.image);
    const caches = new Set(Object.values(code));
    const tohost = o.tohost ?? o.image.symbols.get("tohost");
    const htif = tohost === undefined ? undefined : new Htif(memory, tohost, exit, output);
    memory.onMarkedStore = (offset, bytes) => {
      const marks = memory.marksOf(offset, bytes);
      if ((marks & Mark.code) !== 0) for (const cache of caches) cache.invalidate(offset, bytes);
      if ((marks & Mark.table) !== 0) mmu.flush();
      if (htif?.touchedBy(offset, bytes)) engine.afterInstruction(() => htif.poll());
    };
    this.#reset(o.image.entry);
  }

  /** Cycles since reset. */
  get cycles(): number {
    return this.engine.now;
  }
  /** Instructions retired since reset. */
  get instructions(): number {
    return this.engine.retired;
  }

  /** Runs until the guest ends the run, or can do nothing more, or a limit is reached; can be called again after a limit. */
  run(limits: RunLimits = {}): Stop {
    const untilRetired = limits.maxInstructions ?? Infinity;
    const untilCycle = limits.maxCycles ?? Infinity;
    for (;;) {
      const pause = Math.min(untilRetired, this.engine.retired + this.#progressInstructions);
      const stop = this.engine.run(pause, untilCycle);
      const paused = stop.kind === "limit" && stop.limit === "instructions" && pause < untilRetired;
      if (!paused) return stop;
      this.#onProgress?.(this.instructions, this.cycles);
    }
  }

  /** Executes one instruction or takes one trap; returns why the run ended, if it did. */
  step(): Stop | undefined {
    return this.engine.step();
  }

  /** A copy of [address, address + bytes) of RAM. */
  readMemory(address: number, bytes: number): Uint8Array {
    if (!this.memory.holds(address, bytes)) throw new Error(`0x${address.toString(16)} does not lie in RAM`);
    return this.memory.bytes.slice(address - RAM_BASE, address - RAM_BASE + bytes);
  }

  #load(image: Image): void {
    const misfit = imageMisfit(image, this.memory.sizeBytes);
    if (misfit !== undefined) throw new Error(misfit);
    for (const segment of image.segments) {
      this.memory.write(segment.address - RAM_BASE, segment.bytes);
    }
  }

  /** Reset: M-mode at the entry; with RVY pcc, ddc, mtvec, mepc, stvec and sepc are Infinite, and the registers NULL. */
  #reset(entry: number): void {
    const { extensions } = this.isa;
    const meta = infiniteMeta(extensions.has("Zylevels1"), extensions.has("Zyhybrid"));
    const rvy = extensions.has("Y");
    const { hart } = this;
    hart.mtvec =
      hart.stvec =
      hart.mepc =
      hart.sepc =
      hart.ddc =
        rvy ? new Capability(1n, meta, 0n, undefined) : NULL_CAPABILITY;
    const pc = BigInt(entry);
    this.engine.resume(rvy ? new Capability(1n, meta, pc, undefined) : new Capability(0n, 0n, pc, undefined));
  }
}

/** The turbo engine tells nobody of single steps, has no Zyhybrid and not more RAM yet: there the reference engine runs. */
function runsTurbo({ engine, timing, onCommit, ramBytes }: MachineOptions, { extensions }: Isa): boolean {
  if (engine !== "turbo" || timing !== undefined || onCommit !== undefined) return false;
  return !extensions.has("Zyhybrid") && ramBytes <= MAX_RAM_BYTES;
}

/** A cache of decoded code for each pointer mode that the machine has. */
function codeCaches(
  { isa, image }: MachineOptions,
  { extensions }: Isa,
  memory: Memory,
): Record<PointerMode, CodeCache> {
  const cache = (mode: PointerMode): CodeCache => new CodeCache(memory, decoderFor(isa, mode), image.ranges);
  const capability = cache("capability");
  if (!extensions.has("Zyhybrid")) return { capability, integral: capability, disabled: capability };
  return { capability, integral: cache("integral"), disabled: cache("disabled") };
}
