// Runs a few lines of assembly, timed, on both engines, and expects them to agree.
import { expect } from "vitest";
import { HOT_ISA, HOT_RAM_BYTES } from "../../../arbitrary/hot.ts";
import { configOf } from "../../../arbitrary/machine.ts";
import { program } from "../../../drivers/machine.ts";
import { compareTimed, type Comparison, type TimedRun } from "./timing.ts";

/** What is run where a case says nothing else. */
export interface Case extends Partial<Omit<TimedRun, "image" | "core">> {
  /** The machine that times it; null: none does. */
  readonly preset?: string | null;
  readonly sets?: readonly string[];
}

const WHOLE = [{ instructions: 20_000 }];

/** Runs on both engines, which agree. */
export function agree(source: string, { preset = "cva6@1", sets = [], ...options }: Case = {}): Comparison {
  const isa = options.isa ?? HOT_ISA;
  const core = preset === null ? undefined : configOf(preset, sets);
  if (preset !== null && core === undefined) throw new Error(`no such machine: ${preset} ${sets.join(" ")}`);
  const timed = core === undefined ? {} : { core };
  const run = { isa, ramBytes: HOT_RAM_BYTES, slices: WHOLE, image: program(source, isa), ...timed, ...options };
  const comparison = compareTimed(run);
  expect(comparison.found).toBeUndefined();
  return comparison;
}

/** The same, and generated code had a part in it. */
export function alike(source: string, options: Case = {}): void {
  expect(agree(source, options).translated).toBeGreaterThan(0);
}
