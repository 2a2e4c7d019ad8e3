// The contract that every engine meets: registers, a clock, and running until something stops it.
import type { Capability } from "../machine/capability.ts";
import type { Clock } from "../machine/hart.ts";

/** A synchronous trap as a report shows it: addresses in hexadecimal, so that it survives JSON. */
export interface TrapReport {
  readonly cause: number;
  readonly pc: string;
  readonly tval: string;
}

/** The engines: the slow and obvious one, and the fast one. */
export const ENGINES = ["reference", "turbo"] as const;
export type EngineName = (typeof ENGINES)[number];
/** What a command runs on that is not told: nothing but speed depends on it. */
export const DEFAULT_ENGINE: EngineName = "turbo";

/** Why a run came to its end. */
export type Stop =
  /** The guest wrote to the finisher or to `tohost`. */
  | { readonly kind: "exit"; readonly status: number }
  /**
   * A trap handler traps at its first instruction, for ever; `origin` is the trap that led there. Nothing that could still
   * happen would change that.
   */
  | ({ readonly kind: "wedge"; readonly origin: TrapReport } & TrapReport)
  /** WFI, and no timer will ever end it. */
  | { readonly kind: "asleep"; readonly pc: string }
  | { readonly kind: "limit"; readonly limit: "instructions" | "cycles" };

export interface Engine extends Clock {
  /** Cycle clock: the timing model's, or one cycle for each instruction and trap where there is none. */
  readonly now: number;
  /** Instructions retired; a trapping instruction does not retire. */
  readonly retired: number;
  /** The program-counter capability; without RVY its metadata and tag are 0. */
  readonly pcc: Capability;
  x(register: number): bigint;
  y(register: number): Capability;
  setX(register: number, value: bigint): void;
  setY(register: number, value: Capability): void;
  /** Forgets what has run: time begins anew, and nothing waits or is reserved. Registers and pcc stay. */
  reset(): void;
  /** Goes on at `pcc`, as after a jump. */
  resume(pcc: Capability): void;
  /** Executes one instruction, or takes one trap. */
  step(): Stop | undefined;
  /** Runs until so many instructions have retired, or the clock reaches a cycle, or the program stops. */
  run(untilRetired: number, untilCycle: number): Stop;
}
