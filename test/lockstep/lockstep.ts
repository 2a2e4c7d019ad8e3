// Runs a program on an engine and on the second model side by side and compares them at every step.
import { csrName } from "../../isa/csr.ts";
import type { Image } from "../../isa/image.ts";
import type { Capability } from "../../sim/machine/capability.ts";
import { createMachine, type Machine, type MachineOptions } from "../../sim/machine/machine.ts";
import { extensionsOf, PROGRAM_RAM_BYTES, type Handover, type ProgramIsa } from "../arbitrary/program.ts";
import { metaOf, type Cap } from "../model/capability.ts";
import { exists, readCsr, readXlen, writeCsr } from "../model/csr.ts";
import { Model } from "../model/model.ts";
import { RAM_BASE } from "../model/state.ts";
import { handOver, noteReset, restart } from "./restart.ts";

export interface Run {
  readonly isa: ProgramIsa;
  readonly misaligned: "split" | "trap";
  readonly image: Image;
  /** The run is over when the pc comes into [from, to), or when so many steps are done. */
  readonly end?: { readonly from: number; readonly to: number };
  readonly maxSteps: number;
  /** Begins here, as if the program's own prologue had run; without it, at the image's entry. */
  readonly handover?: Handover;
  /** The model's memory, cleared first; its own where absent. A campaign uses one again and again. */
  readonly ram?: Uint8Array;
}

export interface Divergence {
  /** Steps done before the one that differs. */
  readonly step: number;
  /** Where the instruction stands that differs, and its word; of a run in portions, where the portion began. */
  readonly pc: bigint;
  readonly word: number | undefined;
  /** What differs, the engine's value and the model's. */
  readonly what: string;
  readonly engine: string;
  readonly model: string;
}

export interface Outcome {
  readonly divergence: Divergence | undefined;
  readonly steps: number;
  readonly instructions: number;
  readonly traps: number;
  readonly model: Model;
}

export interface Contestant {
  readonly name: string;
  readonly create: (options: MachineOptions) => Machine;
  /** A machine that ran one program may be put back to its beginning for the next. */
  readonly restarts: boolean;
}

/** The engines that are held against the model; another is one line. */
export const CONTESTANTS: readonly Contestant[] = [{ name: "reference", create: createMachine, restarts: true }];

const CSR_SPACE = 4096;
/** All that the model has: a test holds them against what the engine has. */
export const COMPARED_CSRS = Array.from({ length: CSR_SPACE }, (_, n) => n).filter((n) => exists(n));
export const DDC = 0x416;
/** What a trap leaves. */
const TRAP_CSRS = [0x300, 0x341, 0x342, 0x343, 0x141, 0x142, 0x143];

export type Difference = Pick<Divergence, "what" | "engine" | "model">;

const machines = new Map<string, Machine>();
const keyOf = (contestant: Contestant, run: Run): string => `${contestant.name} ${run.isa} ${run.misaligned}`;

function machineFor(contestant: Contestant, run: Run): Machine {
  const { isa, image, misaligned } = run;
  const key = keyOf(contestant, run);
  const kept = contestant.restarts ? machines.get(key) : undefined;
  if (kept !== undefined) {
    restart(kept, image);
    return kept;
  }
  const machine = contestant.create({ isa, image, misaligned, ramBytes: PROGRAM_RAM_BYTES });
  if (!contestant.restarts) return machine;
  noteReset(machine);
  machines.set(key, machine);
  return machine;
}

/** A machine that failed, or has devices that changed, is not used again. */
function discard(contestant: Contestant, run: Run): void {
  machines.delete(keyOf(contestant, run));
}

function modelFor({ isa, misaligned, image, handover, ram = new Uint8Array(PROGRAM_RAM_BYTES) }: Run): Model {
  ram.fill(0);
  for (const s of image.segments) ram.set(s.bytes, s.address - RAM_BASE);
  const platform = { ...extensionsOf(isa), misalignedTraps: misaligned === "trap" };
  const model = new Model(platform, ram, BigInt(image.entry));
  if (handover !== undefined) {
    handover.registers.forEach((y, i) => model.setY(i + 1, y));
    for (const { csr, value } of handover.settings) writeCsr(model, csr, value, true);
    model.begin(handover.pc);
  }
  return model;
}

/** `thorough`: on a machine of its own everything is compared at every step: the first difference is found where it arises. */
export function lockstep(contestant: Contestant, run: Run, thorough = false): Outcome {
  const machine = machineFor(thorough ? { ...contestant, restarts: false } : contestant, run);
  const model = modelFor(run);
  if (run.handover !== undefined) handOver(machine, model.pcc, run.handover);
  const [from, to] = [BigInt(run.end?.from ?? 0), BigInt(run.end?.to ?? 0)];
  const over = (): boolean => model.pcc.addr >= from && model.pcc.addr < to;
  let traps = 0;
  const outcome = (steps: number, pc: bigint, found: Difference | undefined): Outcome => ({
    divergence: found && { step: steps, pc, word: model.word, ...found },
    ...{ steps, instructions: model.retired, traps, model },
  });
  let steps = 0;
  let pc = model.pcc.addr;
  for (; steps < run.maxSteps && !over(); steps += 1) {
    pc = model.pcc.addr;
    const { stop, thrown } = stepEngine(machine);
    if (thrown !== undefined) {
      discard(contestant, run);
      return outcome(steps, pc, { what: "the engine threw", engine: thrown, model: "" });
    }
    model.step();
    if (model.trapped) traps += 1;
    if (model.end?.kind === "unmodelled") {
      discard(contestant, run);
      return outcome(steps, pc, undefined);
    }
    const ended = model.end?.kind === "exit" ? `exit ${model.end.status}` : model.end?.kind;
    // The model takes the same trap for ever; the engine takes it, and says so.
    if (stop !== ended && stop !== "wedge") {
      return outcome(steps, pc, { what: "the end of the run", engine: stop ?? "none", model: ended ?? "none" });
    }
    const found = compareStep(machine, model) ?? (thorough ? compareAll(machine, model) : undefined);
    if (found !== undefined) return outcome(steps, pc, found);
    if (stop !== undefined) break;
  }
  return outcome(steps, pc, compareAll(machine, model));
}

const RUNNING = {};

function stepEngine(machine: Machine): { readonly stop?: string; readonly thrown?: string } {
  try {
    const stop = machine.step();
    if (stop === undefined) return RUNNING;
    return { stop: stop.kind === "exit" ? `exit ${stop.status}` : stop.kind };
  } catch (error) {
    return { thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** The model's metadata that was last compared, whole: that of the pcc, step after step. */
const last = { high: 0, low: 0, meta: 0n };

function differ(a: Capability, b: Cap): boolean {
  if (a.addr !== b.addr || (a.tag !== 0n) !== b.tag) return true;
  if (b.high !== last.high || b.low !== last.low) {
    last.high = b.high;
    last.low = b.low;
    last.meta = metaOf(b);
  }
  return a.meta !== last.meta;
}

export const show = (tag: boolean, meta: bigint, addr: bigint): string =>
  `${tag ? 1 : 0} 0x${meta.toString(16)} 0x${addr.toString(16)}`;

function difference(what: string, a: Capability, b: Cap): Difference | undefined {
  if (!differ(a, b)) return undefined;
  return { what, engine: show(a.tag !== 0n, a.meta, a.addr), model: show(b.tag, metaOf(b), b.addr) };
}

/** What the step has changed. */
function compareStep(machine: Machine, model: Model): Difference | undefined {
  const { engine, hart } = machine;
  const pcc = difference("pcc", engine.pcc, model.pcc);
  if (pcc !== undefined) return pcc;
  if (hart.mode !== model.mode) return { what: "mode", engine: `${hart.mode}`, model: `${model.mode}` };
  if (engine.retired !== model.retired) {
    return { what: "instructions retired", engine: `${engine.retired}`, model: `${model.retired}` };
  }
  const { wrote } = model;
  if (wrote !== 0) {
    const found = difference(`x${wrote}`, engine.y(wrote), model.y[wrote]!);
    if (found !== undefined) return found;
  }
  for (const { offset, bytes } of model.stores) {
    const found = compareMemory(machine, model, offset, bytes);
    if (found !== undefined) return found;
  }
  if (model.trapped) return compareCsrs(machine, model, TRAP_CSRS);
  return model.wroteCsr ? compareWritten(machine, model) : undefined;
}

/** What a CSR instruction or a trap return has written. */
function compareWritten(machine: Machine, model: Model): Difference | undefined {
  const number = model.word >>> 20;
  const isReturn = (model.word & 0x7000) === 0;
  return compareCsrs(machine, model, isReturn || !exists(number) ? [0x300] : [0x300, number]);
}

/** The whole architectural state. */
function compareAll(machine: Machine, model: Model): Difference | undefined {
  const { engine } = machine;
  for (let r = 1; r < 32; r += 1) {
    const found = difference(`x${r}`, engine.y(r), model.y[r]!);
    if (found !== undefined) return found;
  }
  if (engine.now !== model.now) return { what: "cycles", engine: `${engine.now}`, model: `${model.now}` };
  return compareCsrs(machine, model, COMPARED_CSRS) ?? compareRam(machine, model);
}

function compareCsrs(machine: Machine, model: Model, numbers: readonly number[]): Difference | undefined {
  for (const n of numbers) {
    if (n === DDC && !model.platform.zyhybrid) continue;
    const ours = machine.csrs.read(n);
    const value = readXlen(model, n);
    if (value !== undefined && ours.addr === value && ours.meta === 0n && ours.tag === 0n) continue;
    const found = difference(csrName(n)!, ours, readCsr(model, n));
    if (found !== undefined) return found;
  }
  return undefined;
}

function compareRam(machine: Machine, model: Model): Difference | undefined {
  const { bytes, tags } = machine.memory;
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
  if (same(bytes, model.ram) && same(tags, model.tags)) return undefined;
  return compareMemory(machine, model, 0, PROGRAM_RAM_BYTES);
}

function compareMemory(machine: Machine, model: Model, offset: number, bytes: number): Difference | undefined {
  const { memory } = machine;
  for (let at = offset; at < offset + bytes; at += 1) {
    if (memory.bytes[at] === model.ram[at] && memory.tags[at >> 4] === model.tags[at >> 4]) continue;
    const value = (byte: number, tag: number): string => `0x${byte.toString(16)}, tag ${tag}`;
    return {
      what: `memory at 0x${(RAM_BASE + at).toString(16)}`,
      engine: value(memory.bytes[at]!, memory.tags[at >> 4]!),
      model: value(model.ram[at]!, model.tags[at >> 4]!),
    };
  }
  return undefined;
}
