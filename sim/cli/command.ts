// The shape that every command has.
import type { Argv } from "yargs";
import type { Interruption } from "../interruption.ts";
import type { Exit } from "./exit.ts";

export interface Command<Options> {
  /** As yargs writes it: `run <trace>`. */
  readonly usage: string;
  readonly summary: string;
  /** Declares the options; ends with examples. */
  readonly options: (y: Argv) => Argv<Options>;
  /**
   * Loads what it needs on its own, so that `--help` stays quick. Returns how it ended, or the status that a guest program
   * ended with. An interrupt ends it wherever it is, unless it has said that it will `answer` itself.
   */
  readonly run: (options: Options, interruption: Interruption) => Promise<Exit | number>;
}
