// Runs a program on both engines in the same way and compares all that it could know of itself.
import { expect } from "vitest";
import type { Image } from "../../../../isa/image.ts";
import { Turbo } from "../../../../sim/engine/turbo/engine.ts";
import { createMachine, type Machine, type MachineOptions } from "../../../../sim/machine/machine.ts";
import { program } from "../../../drivers/machine.ts";

export const INTEGER = "rv64imac_zicsr_zifencei_zba_zbb";
export const RAM_BYTES = 1 << 16;
const MAX_INSTRUCTIONS = 100_000;

export type Drive = (machine: Machine) => unknown;
export interface BothOptions extends Omit<MachineOptions, "image" | "engine"> {
  readonly image: Image;
}

export interface Both {
  readonly reference: unknown;
  readonly turbo: unknown;
  /** Instructions that generated code has executed. */
  readonly translated: number;
}

/** The architectural state, as text where that is easier to read. */
export function stateOf(machine: Machine): Record<string, unknown> {
  const { engine, memory, hart } = machine;
  const registers = Array.from({ length: 32 }, (_, r) => engine.y(r)).concat(engine.pcc);
  const { mode, mstatus, mcause, mtval, scause, stval, satp } = hart;
  const whole = [...registers, hart.mepc, hart.sepc, hart.mtvec, hart.mscratch];
  return {
    ...{ instructions: machine.instructions, cycles: machine.cycles },
    registers: whole.map(({ tag, meta, addr }) => [tag, meta, addr].map((n) => n.toString(16)).join(" ")),
    status: [mode, mstatus, mcause, mtval, scause, stval, satp].map(String),
    tags: memory.tags.reduce<number[]>((set, tag, granule) => (tag === 0 ? set : [...set, granule]), []),
    bytes: Buffer.from(memory.bytes).toString("latin1"),
  };
}

/** Drives a machine with each engine; gives what each ended with: what the drive returned and the state. */
export function onBoth(options: BothOptions, drive: Drive): Both {
  const machine = (engine: "reference" | "turbo"): Machine => createMachine({ translateAfter: 1, ...options, engine });
  const outcome = (m: Machine): unknown => ({ returned: drive(m), ...stateOf(m) });
  const turbo = machine("turbo");
  const reference = outcome(machine("reference"));
  const interpreted = createMachine({ translateAfter: 1000, interpretAfter: 0, ...options, engine: "turbo" });
  expect(outcome(interpreted), "of the interpreter in WebAssembly").toEqual(reference);
  return {
    reference,
    turbo: outcome(turbo),
    translated: turbo.engine instanceof Turbo ? turbo.engine.translated : 0,
  };
}

/** Runs assembly to its end on both engines: they agree, and generated code had a part in it: so many instructions. */
export function bothRun(source: string, isa = INTEGER): number {
  const image = program(source, isa);
  const { reference, turbo, translated } = onBoth({ isa, image, ramBytes: RAM_BYTES }, (machine) =>
    machine.run({ maxInstructions: MAX_INSTRUCTIONS }),
  );
  expect(turbo).toEqual(reference);
  expect(translated).toBeGreaterThan(0);
  return translated;
}
