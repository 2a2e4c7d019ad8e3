// Drives timing parts in tests: neighbours with a set latency that note what they are asked, and a core fed with records.
import { decoded } from "../../../isa/decode.ts";
import { encode, isImmediate, type Decoded } from "../../../isa/codec.ts";
import { allInstructions } from "../../../isa/table.ts";
import { formatDiagnostic } from "../../../isa/diagnostic.ts";
import { emptyRecord } from "../../../sim/engine/data.ts";
import { resolveMachine, type MachineConfig } from "../../../sim/config/machine.ts";
import type { Retire, Timing, Walk } from "../../../sim/machine/retire.ts";
import { byCause, events, type CpiStack } from "../../../sim/stats/cpi-stack.ts";
import { checkSums, difference, type Counters } from "../../../sim/stats/counters.ts";
import { Core } from "../../../sim/timing/core.ts";
import {
  eventBlock,
  heapStorage,
  type Found,
  type Part,
  type Translator,
  type Walks,
} from "../../../sim/timing/part.ts";

export const RAM = 0x8000_0000;

/** A level of memory that answers everything after `cycles`. */
export class MockPart implements Part {
  readonly events = eventBlock("mock", [], heapStorage);
  readonly reads: { phys: number; bytes: number; at: number }[] = [];
  readonly writes: { phys: number; bytes: number; at: number }[] = [];
  cycles: number;

  constructor(cycles: number) {
    this.cycles = cycles;
  }

  read(phys: number, bytes: number, at: number): number {
    this.reads.push({ phys, bytes, at });
    return at + this.cycles;
  }

  /** What a cache of the tag table is asked beside reads. */
  store(phys: number, at: number): number {
    this.write(phys, 1, at);
    return at + this.cycles;
  }

  write(phys: number, bytes: number, at: number): void {
    this.writes.push({ phys, bytes, at });
  }
}

/** A translator that finds the same kind of page for everything after `cycles`. */
export class MockTranslator implements Translator {
  readonly events = eventBlock("mock", [], heapStorage);
  readonly found: Found = { valid: true, pageBits: 12, global: false };
  readonly asked: number[] = [];
  page: Found = { valid: true, pageBits: 12, global: false };
  cycles: number;

  constructor(cycles: number) {
    this.cycles = cycles;
  }

  translate(virt: number, _asid: number, at: number): number {
    this.asked.push(virt);
    Object.assign(this.found, this.page);
    return at + this.cycles;
  }
}

export const noWalk: Walks = () => undefined;

/** A machine from settings; throws what is wrong with them. */
export function machine(sets: readonly string[], preset = "ideal@1"): MachineConfig {
  const resolved = resolveMachine({ preset, sets });
  if (resolved.kind === "machine") return resolved.config;
  throw new Error(resolved.diagnostics.map(formatDiagnostic).join("\n"));
}

const FORMS = new Map(allInstructions().map((f) => [f.insn.name, f]));

/** A decoded instruction by name and operands; operands not given are 0. */
export function op(name: string, operands: Readonly<Record<string, number | bigint>> = {}): Decoded {
  const form = FORMS.get(name);
  if (form === undefined) throw new Error(`no instruction ${name}`);
  const zeros = Object.fromEntries(form.fields.map((field) => [field, isImmediate(field) ? 0n : 0]));
  return decoded(form, encode(form, { ...zeros, ...operands }));
}

const WALK: Walk = { entries: [RAM + 0x3000, RAM + 0x4000, RAM + 0x5000], pageBits: 12, global: false };

/** A core fed with one record after another, the next where the last went on. */
export class CoreDriver {
  readonly core: Timing & { snapshot(): Counters };
  walk: Walk | undefined = WALK;
  pc = RAM;
  #begin: Counters;
  readonly #record: Retire = { ...emptyRecord(), fetchPhys: 0 };

  constructor(config: MachineConfig, categories = 1, core: CoreDriver["core"] = new Core(config, { categories })) {
    this.core = core;
    this.#begin = this.core.snapshot();
  }

  /** Retires an instruction, by default untranslated and without access; gives the cycles it took. */
  step(insn: Decoded | undefined, fields: Partial<Retire> = {}): number {
    const before = this.core.now;
    this.put(insn, fields);
    return this.core.now - before;
  }

  /** The same, without a look at the clock. */
  put(insn: Decoded | undefined, fields: Partial<Retire> = {}): void {
    const bytes = insn?.bytes ?? 0;
    const defaults = { insn, pc: this.pc, fetchPhys: this.pc, nextPc: this.pc + bytes, trap: false, flush: false };
    const data = { access: "none", dataVirt: 0, dataPhys: 0, dataBytes: 0, capability: false } as const;
    const rest = { translatedFetch: false, translatedData: false, asid: 0, category: 0, fence: undefined };
    Object.assign(this.#record, defaults, data, rest, fields);
    this.core.retire(this.#record, () => this.walk);
    this.pc = this.#record.nextPc;
  }

  /** A load of 8 bytes (or as many as said) into `rd`. */
  load(rd: number, phys: number, bytes = 8, fields: Partial<Retire> = {}): number {
    return this.step(op("ld", { rd, rs1: 2 }), {
      access: "load",
      dataVirt: phys,
      dataPhys: phys,
      dataBytes: bytes,
      ...fields,
    });
  }

  store(phys: number, bytes = 8, fields: Partial<Retire> = {}): number {
    return this.step(op("sd", { rs1: 2, rs2: 3 }), {
      access: "store",
      dataVirt: phys,
      dataPhys: phys,
      dataBytes: bytes,
      ...fields,
    });
  }

  /** An ALU instruction that writes x31 from a register. */
  use(register: number): number {
    return this.step(op("addi", { rd: 31, rs1: register }));
  }

  /** Cycles by cause since the driver was made, or warmed. */
  get causes(): CpiStack {
    const now = this.core.snapshot();
    checkSums(now);
    return byCause(difference(now, this.#begin));
  }

  get events(): Record<string, number> {
    return events(this.core.snapshot());
  }

  /** Fetches the line of the current pc, so that what follows is not about the instruction cache. */
  warm(): this {
    this.step(op("addi"));
    this.#begin = this.core.snapshot();
    return this;
  }
}
