// One run of one image on one machine, from plain data to plain data, so that it can happen in a worker thread.
import { buffersOf, type Image } from "../isa/image.ts";
import type { MachineConfig } from "./config/machine.ts";
import type { EngineName } from "./engine/engine.ts";
import { runInterruptibly, type Ending, type Interruption } from "./interruption.ts";
import { createMachine, type Machine } from "./machine/machine.ts";
import { Windows, type WindowCounts } from "./stats/windows.ts";

/** What to run. Everything here survives structured cloning. */
export interface SessionSpec {
  readonly image: Image;
  /** The ISA string the hart implements: integer or capability code. */
  readonly isa: string;
  readonly machine: MachineConfig;
  /** Nothing but speed depends on it. */
  readonly engine: EngineName;
  readonly maxInstructions?: number;
  /** Windows on the meter that are not counted, before those that are. */
  readonly skippedWindows: number;
  /** Physical ranges read back when the run has ended. */
  readonly reads: readonly MemoryRead[];
}

export interface MemoryRead {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
}

export interface SessionResult {
  readonly stop: Ending;
  /** Between marks on the meter. */
  readonly windows: WindowCounts;
  readonly memory: ReadonlyMap<string, Uint8Array>;
  /** What the guest wrote to its UART. */
  readonly output: string;
}

/** Reports how far a run is, several times a second: instructions retired, windows ended. */
export type OnProgress = (instructions: number, windows: number) => void;

/** Takes an image's bytes from whoever refers to it. */
function release(image: Image): void {
  const buffers = buffersOf(image);
  structuredClone(buffers, { transfer: buffers });
}

/**
 * Runs to the end, or to an interrupt. The same spec gives the same result, byte for byte. The image's bytes are gone when it returns:
 * what brought them to this thread refers to the spec as long as it runs.
 */
export function runSession(spec: SessionSpec, interruption: Interruption, onProgress?: OnProgress): SessionResult {
  const windows = new Windows(spec.skippedWindows);
  let output = "";
  const machine: Machine = createMachine({
    isa: spec.isa,
    ramBytes: spec.machine.ramBytes,
    image: spec.image,
    engine: spec.engine,
    core: spec.machine,
    onMeter: (event) => windows.mark(event.value, () => machine.core!.snapshot()),
    onOutput: (text) => {
      output += text;
    },
  });
  release(spec.image);
  const limits = spec.maxInstructions === undefined ? {} : { maxInstructions: spec.maxInstructions };
  const stop = runInterruptibly(machine, limits, interruption, () => onProgress?.(machine.instructions, windows.ended));
  machine.core!.check();
  const memory = new Map(spec.reads.map((r) => [r.name, machine.readMemory(r.address, r.bytes)]));
  return { stop, windows: windows.counts(), memory, output };
}
