// Exits: why and where generated code gives up, before an instruction that it leaves to the interpreter.
//
// An exit is nothing but a number. State is exactly what it was before the instruction; the interpreter executes it again
// from the start and takes the trap, reads the device or does whatever made generated code give up. So a trap is precise
// because no second implementation of it exists.

export interface Exit {
  /** Address of the instruction. */
  readonly pc: bigint;
  /** Instructions of the block that were executed. */
  readonly executed: number;
  /** Instructions that the block had charged to the budget and did not execute: this one and those after it. */
  unexecuted: number;
  /** The instruction has been fetched already, from two lines: the first is no longer in hand. */
  readonly fetched: boolean;
  /** It is taken where the block was not entered: the budget does not suffice, or an event is near. */
  readonly notEntered: boolean;
}

/** Numbers that are no exit's: execution goes on at the state's pc; the same, and the hart's mode or its addresses may have changed. */
export const GOES_ON = 0;
export const SWITCHES = 1;
const FIRST_EXIT = 2;

export class Exits {
  readonly #exits: (Exit | undefined)[] = new Array<undefined>(FIRST_EXIT).fill(undefined);

  /** A new exit, and its number. */
  add(exit: Exit): number {
    return this.#exits.push(exit) - 1;
  }

  get count(): number {
    return this.#exits.length;
  }

  get(number: number): Exit {
    return this.#exits[number]!;
  }

  /** Forgets all: no code that could take one is left. */
  clear(): void {
    this.#exits.length = FIRST_EXIT;
  }
}
