// One run of one image on one machine, from plain data to plain data, so that it can happen in a worker thread.
import type { Image } from "../isa/image.ts";
import type { MachineConfig } from "./config/machine.ts";
import { createMachine, type Machine, type Stop } from "./machine/machine.ts";
import type { Counters } from "./stats/counters.ts";

/** What to run. Everything here survives structured cloning. */
export interface SessionSpec {
  readonly image: Image;
  /** The ISA string the hart implements: integer or capability code. */
  readonly isa: string;
  readonly machine: MachineConfig;
  readonly maxInstructions?: number;
  /** Physical ranges read back when the run has ended. */
  readonly reads: readonly MemoryRead[];
}

export interface MemoryRead {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
}

/** A store to the meter device: the value, and everything counted before it. */
export interface MeterReading {
  readonly value: number;
  readonly counters: Counters;
}

export interface SessionResult {
  readonly stop: Stop;
  readonly counters: Counters;
  readonly readings: readonly MeterReading[];
  readonly memory: ReadonlyMap<string, Uint8Array>;
  /** What the guest wrote to its UART. */
  readonly output: string;
}

/** Reports how far a run is, about once a second: instructions retired, meter stores seen. */
export type OnProgress = (instructions: number, readings: number) => void;

const PROGRESS_INSTRUCTIONS = 500_000;

/** Runs to the end. The same spec gives the same result, byte for byte. */
export function runSession(spec: SessionSpec, onProgress?: OnProgress): SessionResult {
  const readings: MeterReading[] = [];
  let output = "";
  const machine: Machine = createMachine({
    isa: spec.isa,
    ramBytes: spec.machine.ramBytes,
    image: spec.image,
    core: spec.machine,
    onMeter: (event) => readings.push({ value: event.value, counters: machine.core!.snapshot() }),
    onOutput: (text) => {
      output += text;
    },
    onProgress: (instructions) => onProgress?.(instructions, readings.length),
    progressInstructions: PROGRESS_INSTRUCTIONS,
  });
  const stop = machine.run(spec.maxInstructions === undefined ? {} : { maxInstructions: spec.maxInstructions });
  const core = machine.core!;
  core.check();
  const memory = new Map(spec.reads.map((r) => [r.name, machine.readMemory(r.address, r.bytes)]));
  return { stop, counters: core.snapshot(), readings, memory, output };
}
