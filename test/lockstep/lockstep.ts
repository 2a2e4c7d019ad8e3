// Runs a program on an engine and on the second model side by side and compares them at every step.
import { csrName } from "../../isa/csr.ts";
import type { Image } from "../../isa/image.ts";
import type { Capability } from "../../sim/machine/capability.ts";
import { createMachine, type Machine } from "../../sim/machine/machine.ts";
import { PROGRAM_RAM_BYTES, type ProgramIsa } from "../arbitrary/program.ts";
import type { Cap } from "../model/capability.ts";
import { exists, readCsr } from "../model/csr.ts";
import { Model } from "../model/model.ts";
import { RAM_BASE } from "../model/state.ts";

export interface Run {
  readonly isa: ProgramIsa;
  readonly image: Image;
  /** The run is over when the pc comes into [from, to), or when so many steps are done. */
  readonly end?: { readonly from: number; readonly to: number };
  readonly maxSteps: number;
}

export interface Divergence {
  /** Steps done before the one that differs. */
  readonly step: number;
  /** Where the instruction stands that differs, and its word. */
  readonly pc: bigint;
  readonly word: number;
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
  readonly create: (isa: string, image: Image) => Machine;
}

/** The engines that are held against the model; another is one line. */
export const CONTESTANTS: readonly Contestant[] = [
  { name: "reference", create: (isa, image) => createMachine({ isa, image, ramBytes: PROGRAM_RAM_BYTES }) },
];

const CSR_SPACE = 4096;
/** All that the model has: a test holds them against what the engine has. */
const COMPARED_CSRS = Array.from({ length: CSR_SPACE }, (_, n) => n).filter((n) => exists(n));
/** Of those, the ones that a program can change, compared whenever it may have. */
const LIVE_CSRS = [
  ...[0x300, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x340, 0x341, 0x342, 0x343, 0x344, 0x105, 0x106, 0x10a],
  ...[0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180, 0x320, 0x3a0, 0x3b0, 0x480, 0x580, 0x780, 0xb00, 0xb02],
];

type Difference = Pick<Divergence, "what" | "engine" | "model">;

const show = (c: Cap): string => `${c.tag ? 1 : 0} 0x${c.meta.toString(16)} 0x${c.addr.toString(16)}`;
const toCap = (c: Capability): Cap => ({ tag: c.tag !== 0n, meta: c.meta, addr: c.addr });
const differ = (a: Capability, b: Cap): boolean => a.addr !== b.addr || a.meta !== b.meta || (a.tag !== 0n) !== b.tag;

/** `thorough`: everything is compared at every step, so that the first difference is found where it arises. */
export function lockstep(contestant: Contestant, run: Run, thorough = false): Outcome {
  const machine = contestant.create(run.isa, run.image);
  const ram = new Uint8Array(PROGRAM_RAM_BYTES);
  for (const s of run.image.segments) ram.set(s.bytes, s.address - Number(RAM_BASE));
  const model = new Model(run.isa === "rv64y_zylevels1", ram, BigInt(run.image.entry));
  const [from, to] = [BigInt(run.end?.from ?? 0), BigInt(run.end?.to ?? 0)];
  const over = (): boolean => model.pcc.addr >= from && model.pcc.addr < to;
  let traps = 0;
  const outcome = (steps: number, pc: bigint, found: Difference | undefined): Outcome => ({
    divergence: found && { step: steps, pc, word: model.word, ...found },
    ...{ steps, instructions: Number(model.retired), traps, model },
  });
  let steps = 0;
  let pc = model.pcc.addr;
  for (; steps < run.maxSteps && !over(); steps += 1) {
    pc = model.pcc.addr;
    const { stop, thrown } = stepEngine(machine);
    if (thrown !== undefined) return outcome(steps, pc, { what: "the engine threw", engine: thrown, model: "" });
    if (stop === "wedge") break; // the engine sees that this trap will come for ever, and does not take it again
    model.step();
    if (model.trapped) traps += 1;
    if (model.end?.kind === "unmodelled") return outcome(steps, pc, undefined);
    const ended = model.end?.kind === "exit" ? `exit ${model.end.status}` : model.end?.kind;
    if (stop !== ended) {
      return outcome(steps, pc, { what: "the end of the run", engine: stop ?? "none", model: ended ?? "none" });
    }
    const found = compareStep(machine, model, thorough);
    if (found !== undefined) return outcome(steps, pc, found);
    if (ended !== undefined) break;
  }
  return outcome(steps, pc, compareAll(machine, model));
}

function stepEngine(machine: Machine): { readonly stop?: string; readonly thrown?: string } {
  try {
    const stop = machine.step();
    if (stop === undefined) return {};
    return { stop: stop.kind === "exit" ? `exit ${stop.status}` : stop.kind };
  } catch (error) {
    return { thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** What the step may have changed. */
function compareStep(machine: Machine, model: Model, thorough: boolean): Difference | undefined {
  const { engine, hart } = machine;
  const pcc = engine.pcc;
  if (differ(pcc, model.pcc)) return { what: "pcc", engine: show(toCap(pcc)), model: show(model.pcc) };
  if (hart.mode !== model.mode) return { what: "mode", engine: `${hart.mode}`, model: `${model.mode}` };
  if (BigInt(engine.retired) !== model.retired) {
    return { what: "instructions retired", engine: `${engine.retired}`, model: `${model.retired}` };
  }
  if (thorough) return compareAll(machine, model);
  const { wrote } = model;
  if (wrote !== 0) {
    const y = engine.y(wrote);
    if (differ(y, model.y[wrote]!)) return { what: `x${wrote}`, engine: show(toCap(y)), model: show(model.y[wrote]!) };
  }
  for (const { offset, bytes } of model.stores) {
    const found = compareMemory(machine, model, offset, bytes);
    if (found !== undefined) return found;
  }
  return model.trapped || model.wroteCsr ? compareCsrs(machine, model, LIVE_CSRS) : undefined;
}

/** The whole architectural state. */
function compareAll(machine: Machine, model: Model): Difference | undefined {
  const { engine } = machine;
  for (let r = 0; r < 32; r += 1) {
    const y = engine.y(r);
    if (differ(y, model.y[r]!)) return { what: `x${r}`, engine: show(toCap(y)), model: show(model.y[r]!) };
  }
  if (BigInt(engine.now) !== model.now) return { what: "cycles", engine: `${engine.now}`, model: `${model.now}` };
  return compareCsrs(machine, model, COMPARED_CSRS) ?? compareMemory(machine, model, 0, PROGRAM_RAM_BYTES);
}

function compareCsrs(machine: Machine, model: Model, numbers: readonly number[]): Difference | undefined {
  for (const n of numbers) {
    const ours = machine.csrs.read(n);
    const theirs = readCsr(model, n);
    if (differ(ours, theirs)) return { what: csrName(n)!, engine: show(toCap(ours)), model: show(theirs) };
  }
  return undefined;
}

function compareMemory(machine: Machine, model: Model, offset: number, bytes: number): Difference | undefined {
  const { memory } = machine;
  for (let at = offset; at < offset + bytes; at += 1) {
    if (memory.bytes[at] === model.ram[at] && memory.tags[at >> 4] === model.tags[at >> 4]) continue;
    const address = (RAM_BASE + BigInt(at)).toString(16);
    const value = (byte: number, tag: number): string => `0x${byte.toString(16)}, tag ${tag}`;
    return {
      what: `memory at 0x${address}`,
      engine: value(memory.bytes[at]!, memory.tags[at >> 4]!),
      model: value(model.ram[at]!, model.tags[at >> 4]!),
    };
  }
  return undefined;
}
