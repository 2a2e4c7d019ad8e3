// The synchronous traps since an instruction retired: does one come again and again?
import type { TrapReport } from "./engine.ts";

/** A handler that traps at its first instruction so often, with nothing retired, will do so for ever. */
const WEDGE_REPEATS = 2;
const NEVER = -1;

interface SeenTrap {
  readonly cause: number;
  readonly pc: bigint;
  readonly tval: bigint;
}

const NO_TRAP: SeenTrap = { cause: -1, pc: 0n, tval: 0n };

export class TrapHistory {
  #last = NO_TRAP;
  #origin = NO_TRAP;
  /** How many instructions had retired at the last trap. */
  #retired = NEVER;
  #repeats = 0;

  /** A trap is taken when so many instructions have retired. */
  note(trap: SeenTrap, retired: number): void {
    const { cause, pc, tval } = this.#last;
    const again = this.justTrapped(retired);
    const same = again && cause === trap.cause && pc === trap.pc && tval === trap.tval;
    this.#repeats = same ? this.#repeats + 1 : 0;
    this.#retired = retired;
    this.#last = trap;
    if (!again) this.#origin = trap;
  }

  /** Has nothing retired since the last trap? */
  justTrapped(retired: number): boolean {
    return this.#retired === retired;
  }

  /** Has the last trap come so often that only an interrupt could still end it? */
  get wedged(): boolean {
    return this.#repeats >= WEDGE_REPEATS;
  }

  /** The last trap, and the first since an instruction retired. */
  get report(): TrapReport & { readonly origin: TrapReport } {
    return { ...reportOf(this.#last), origin: reportOf(this.#origin) };
  }

  forget(): void {
    this.#retired = NEVER;
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const reportOf = ({ cause, pc, tval }: SeenTrap): TrapReport => ({ cause, pc: hex(pc), tval: hex(tval) });
