// The modules of functions that serve all code of an engine, each made when it is first wanted.
import type { Operations } from "./operations.ts";
import { boundsModule } from "./bounds-module.ts";
import { interpreterModule, type InterpreterLoop } from "./interpreter-loop.ts";
import type { LinearMemory } from "./linear.ts";
import type { Pieces } from "./pieces.ts";
import { timingModule } from "./timing-module.ts";

type Exports = Readonly<Record<string, unknown>>;

export interface SharedModulesOptions {
  readonly linear: LinearMemory;
  /** Are there capabilities, and have they levels? */
  readonly rvy: boolean;
  readonly zylevels1: boolean;
  readonly pieces: Pieces | undefined;
  readonly operations: Pick<Operations, "table">;
}

export class SharedModules {
  readonly #o: SharedModulesOptions;
  #timed: Exports | undefined;

  constructor(options: SharedModulesOptions) {
    this.#o = options;
  }

  /** What regions and operations call, but for `fill`, by their names. */
  get functions(): Exports {
    const { linear, rvy, zylevels1 } = this.#o;
    return { ...(rvy && boundsModule(linear, zylevels1)), ...this.#timing };
  }

  /** The interpreter's loop: where time is modelled it lies with the parts, whose functions it calls. */
  get loop(): InterpreterLoop {
    const { linear, operations } = this.#o;
    const { interpret } = this.#timing ?? interpreterModule(linear, operations.table);
    return interpret as InterpreterLoop;
  }

  get #timing(): Exports | undefined {
    const { linear, pieces, operations } = this.#o;
    return (this.#timed ??= pieces && timingModule(linear, pieces.timing, pieces, operations.table));
  }
}
