// Runs a program on the reference engine with the core and on the turbo engine with the memo, slice by slice, and compares all.
import type { Image } from "../../../../isa/image.ts";
import { Turbo } from "../../../../sim/engine/turbo/engine.ts";
import { createMachine, type Machine, type MachineOptions, type Stop } from "../../../../sim/machine/machine.ts";
import { difference } from "./difference.ts";

/** How a run is cut: each slice ends when so many more instructions, or cycles, are over; or it is a single step. */
export type Slice =
  | { readonly instructions: number }
  | { readonly cycles: number }
  | { readonly steps: number }
  /** Execution goes on where it once began: what was executed is known by now. */
  | { readonly again: true };

export interface TimedRun extends Omit<MachineOptions, "image" | "engine"> {
  readonly image: Image;
  readonly slices: readonly Slice[];
}

export interface Comparison {
  /** What differs, after which slice; undefined where nothing does. */
  readonly found: string | undefined;
  /** How the last slice ended, as JSON. */
  readonly ended: string;
  /** Instructions, and how many of them generated code has executed. */
  readonly instructions: number;
  readonly translated: number;
  /** The same of the interpreter in WebAssembly. */
  readonly interpreted: number;
}

const MOST_CYCLES = 50_000_000;

/** Runs on both engines; stops at the first slice after which anything differs. */
export function compareTimed({ slices, ...options }: TimedRun): Comparison {
  const marks: [string[], string[]] = [[], []];
  const machine = (engine: "reference" | "turbo", seen: string[]): Machine => {
    const made: Machine = createMachine({
      ...{ translateAfter: 1, ...options, engine },
      onMeter: (event) => seen.push(JSON.stringify([event, made.core?.snapshot()])),
    });
    return made;
  };
  const [reference, turbo] = [machine("reference", marks[0]), machine("turbo", marks[1])];
  const start = reference.engine.pcc;
  let ended = "";
  const end = (found: string | undefined): Comparison => ({
    ...{ found, ended },
    instructions: turbo.instructions,
    translated: turbo.engine instanceof Turbo ? turbo.engine.translated : 0,
    interpreted: turbo.engine instanceof Turbo ? turbo.engine.interpreted : 0,
  });
  for (const [index, slice] of slices.entries()) {
    const wanted = outcome(() => drive(reference, slice, start));
    const given = outcome(() => drive(turbo, slice, start));
    const where = (what: string): Comparison => end(`slice ${index} ${JSON.stringify(slice)}: ${what}`);
    ended = given;
    if (given !== wanted) return where(`it ends in ${given} instead of ${wanted}`);
    const found = difference(turbo, reference) ?? (marks[0].join() === marks[1].join() ? undefined : "meter events");
    if (found !== undefined) return where(found);
    if (/"(exit|asleep|wedge)"|rror/.test(wanted) && !slices.slice(index + 1).some((s) => "again" in s)) break;
  }
  return end(undefined);
}

function drive(machine: Machine, slice: Slice, start: Machine["engine"]["pcc"]): Stop | undefined {
  if ("again" in slice) return void machine.engine.resume(start);
  const maxCycles = machine.cycles + ("cycles" in slice ? slice.cycles : MOST_CYCLES);
  if ("instructions" in slice)
    return machine.run({ maxInstructions: machine.instructions + slice.instructions, maxCycles });
  if ("cycles" in slice) return machine.run({ maxInstructions: machine.instructions + 20_000, maxCycles });
  let stop: Stop | undefined;
  for (let n = 0; n < slice.steps && stop === undefined; n += 1) stop = machine.step();
  return stop;
}

function outcome(action: () => Stop | undefined): string {
  try {
    return JSON.stringify(action() ?? null);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
