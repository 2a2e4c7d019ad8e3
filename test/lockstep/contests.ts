// The contests of a campaign: two ways to run a program that have to agree at every step, or at every cut.
import { resolveMachine, type MachineConfig } from "../../sim/config/machine.ts";
import { PROGRAM_RAM_BYTES, randomProgram, type Program } from "../arbitrary/program.ts";
import { alike, TURBO_ISAS } from "./alike.ts";
import { runOf } from "./assembly.ts";
import { CONTESTANTS, lockstep, type Contestant, type Divergence } from "./lockstep.ts";

export interface Contest {
  readonly name: string;
  /** Program number `index` of a campaign. */
  readonly program: (seed: number, index: number) => Program;
  /** `index` decides how the run is cut, where it is; `thorough`: the first difference is found where it arises. */
  readonly hold: (program: Program, index: number, thorough: boolean) => Verdict;
}

export interface Verdict {
  readonly divergence: Divergence | undefined;
  readonly instructions: number;
  readonly traps?: number;
  /** Of the instructions, those that generated code has executed. */
  readonly translated?: number;
}

/** An engine step by step against the second model. */
export function againstModel(contestant: Contestant): Contest {
  const ram = new Uint8Array(PROGRAM_RAM_BYTES);
  return {
    name: contestant.name,
    program: (seed, index) => randomProgram(seed, index),
    hold: (program, _, thorough) => lockstep(contestant, { ...runOf(program), ram }, thorough),
  };
}

/** The turbo engine against the reference engine, untimed or with the timing of a preset. */
function turbo(preset?: string): Contest {
  const core = preset === undefined ? undefined : configOf(preset);
  return {
    name: preset === undefined ? "turbo" : `turbo:${preset}`,
    program: (seed, index) => randomProgram(seed, index, TURBO_ISAS[index % TURBO_ISAS.length]),
    hold: (program, index) => alike(runOf(program), { core, seed: index }),
  };
}

export function configOf(preset: string): MachineConfig {
  const resolved = resolveMachine({ preset });
  if (resolved.kind === "diagnostics") throw new Error(`no preset ${preset}`);
  return resolved.config;
}

export const CONTESTS: readonly Contest[] = [
  ...CONTESTANTS.map(againstModel),
  ...[turbo(), turbo("rocket@1"), turbo("cva6@1"), turbo("server@1")],
];
