// Runs a program on the turbo engine and on the reference engine in the same portions, and compares them whole after each.
//
// Generated code runs only while an engine runs on, and only where the code was executed before: so the portions are of many
// instructions, and the program runs several times over, each time from its beginning, on machines that go on.
import { csrName } from "../../isa/csr.ts";
import { randomHeat } from "../arbitrary/heat.ts";
import type { MachineConfig } from "../../sim/config/machine.ts";
import { Turbo } from "../../sim/engine/turbo/engine.ts";
import type { Capability } from "../../sim/machine/capability.ts";
import { createMachine, type Machine, type MachineOptions, type RunLimits } from "../../sim/machine/machine.ts";
import type { Memory } from "../../sim/machine/memory.ts";
import { extensionsOf, PROGRAM_RAM_BYTES, type ProgramIsa } from "../arbitrary/program.ts";
import { Random } from "../arbitrary/random.ts";
import { infinite, integer, NULL, type Cap } from "../model/capability.ts";
import { GRANULE, RAM_BASE } from "../model/state.ts";
import { COMPARED_CSRS, DDC, show, type Difference, type Divergence, type Run } from "./lockstep.ts";
import { handOver, noteReset, rewind } from "./restart.ts";

/** What the turbo engine can run as such: with Zyhybrid the reference engine runs in its place. */
export const TURBO_ISAS: readonly ProgramIsa[] = ["rv64y_zylevels1", "rv64y", "rv64y_zylevels1_svyrg"];

export interface Likeness {
  readonly divergence: Divergence | undefined;
  readonly instructions: number;
  /** Of them, those that generated code has executed. */
  readonly translated: number;
}

export interface Way {
  /** Times both runs: the cycles are compared, too, and what each part has counted. */
  readonly core?: MachineConfig | undefined;
  /** Decides how the runs are cut; the same for the same program. */
  readonly seed: number;
}

const PASSES = 4;
const PASS_INSTRUCTIONS = 240;
const LONGEST_PORTION = 80;
/** What an instruction may take in the mean, so that a portion ends though traps never do. */
const CYCLES = 4;
const TIMED_CYCLES = 600;
const STIMECMP = 0x14d;
const NULLS = new Array<Cap>(31).fill(NULL);

/** A divergence says where the portion began that differs, and after how many instructions. */
export function alike(run: Run, { core, seed }: Way): Likeness {
  const random = new Random(seed);
  const { isa, image, misaligned } = run;
  const options: MachineOptions = { isa, image, misaligned, ramBytes: PROGRAM_RAM_BYTES, ...(core && { core }) };
  const reference = createMachine(options);
  const turbo = createMachine({ ...options, engine: "turbo", ...randomHeat(random) });
  noteReset(reference);
  noteReset(turbo);
  let divergence: Divergence | undefined;
  for (let pass = 0; pass < PASSES && divergence === undefined; pass += 1) {
    begin(reference, run, pass > 0);
    begin(turbo, run, pass > 0);
    divergence = onePass(reference, turbo, random, core === undefined ? CYCLES : TIMED_CYCLES);
  }
  const translated = turbo.engine instanceof Turbo ? turbo.engine.translated : 0;
  return { divergence, instructions: turbo.instructions, translated };
}

function onePass(reference: Machine, turbo: Machine, random: Random, cycles: number): Divergence | undefined {
  const end = reference.instructions + PASS_INSTRUCTIONS;
  const longest = random.chance(0.3) ? PASS_INSTRUCTIONS : random.between(1, LONGEST_PORTION);
  while (reference.instructions < end) {
    const [step, pc] = [reference.instructions, reference.engine.pcc.addr];
    const instructions = Math.min(end - step, random.between(1, longest));
    const limits = { maxInstructions: step + instructions, maxCycles: reference.cycles + instructions * cycles };
    const [model, engine] = [ended(reference, limits), ended(turbo, limits)];
    const found = engine === model ? compare(turbo, reference) : { what: "the end of the run", engine, model };
    if (found !== undefined) return { step, pc, word: undefined, ...found };
    if (reference.instructions < step + instructions) return undefined;
  }
  return undefined;
}

/** Runs on; gives why it ended, as text. */
function ended(machine: Machine, limits: RunLimits): string {
  try {
    return JSON.stringify(machine.run(limits));
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** From the handover on, or, without one, from the image's entry. */
function begin(machine: Machine, { isa, image, handover }: Run, again: boolean): void {
  if (again) rewind(machine, image);
  const pc = handover?.pc ?? BigInt(image.entry);
  // Time goes on from pass to pass: a timer is set as far ahead in each.
  const settings = (handover?.settings ?? []).map(({ csr, value }) =>
    csr === STIMECMP ? { csr, value: integer(value.addr + BigInt(machine.cycles)) } : { csr, value },
  );
  handOver(machine, infinite(extensionsOf(isa), pc), { pc, registers: handover?.registers ?? NULLS, settings });
}

function compare(turbo: Machine, reference: Machine): Difference | undefined {
  return (
    compareRegisters(turbo, reference) ??
    comparePlain("mode", turbo.hart.mode, reference.hart.mode) ??
    comparePlain("instructions retired", turbo.instructions, reference.instructions) ??
    comparePlain("cycles", turbo.cycles, reference.cycles) ??
    compareCsrs(turbo, reference) ??
    compareRam(turbo, reference) ??
    comparePlain("counters", text(turbo.core?.snapshot()), text(reference.core?.snapshot()))
  );
}

function compareRegisters(turbo: Machine, reference: Machine): Difference | undefined {
  for (let r = 1; r < 32; r += 1) {
    const found = compareWhole(`x${r}`, turbo.engine.y(r), reference.engine.y(r));
    if (found !== undefined) return found;
  }
  return compareWhole("pcc", turbo.engine.pcc, reference.engine.pcc);
}

function compareCsrs(turbo: Machine, reference: Machine): Difference | undefined {
  for (const n of COMPARED_CSRS) {
    if (n === DDC) continue; // Zyhybrid's
    const found = compareWhole(csrName(n)!, turbo.csrs.read(n), reference.csrs.read(n));
    if (found !== undefined) return found;
  }
  return undefined;
}

function compareRam(turbo: Machine, reference: Machine): Difference | undefined {
  const [ours, theirs] = [turbo.memory, reference.memory];
  if (Buffer.compare(ours.bytes, theirs.bytes) === 0 && Buffer.compare(ours.tags, theirs.tags) === 0) return undefined;
  const byte = ours.bytes.findIndex((value, at) => value !== theirs.bytes[at]);
  const tag = ours.tags.findIndex((value, granule) => value !== theirs.tags[granule]);
  const at = byte < 0 ? tag * GRANULE : byte;
  const value = ({ bytes, tags }: Memory): string =>
    `0x${bytes[at]!.toString(16)}, tag ${tags[Math.floor(at / GRANULE)]}`;
  return { what: `memory at 0x${(RAM_BASE + at).toString(16)}`, engine: value(ours), model: value(theirs) };
}

function compareWhole(what: string, a: Capability, b: Capability): Difference | undefined {
  if (a.addr === b.addr && a.meta === b.meta && a.tag === b.tag) return undefined;
  return { what, engine: show(a.tag !== 0n, a.meta, a.addr), model: show(b.tag !== 0n, b.meta, b.addr) };
}

function comparePlain(what: string, engine: number | string, model: number | string): Difference | undefined {
  return engine === model ? undefined : { what, engine: `${engine}`, model: `${model}` };
}

/** Counters, typed arrays among them. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (ArrayBuffer.isView(v) ? Array.from(v as Float64Array) : v)) ?? "";
