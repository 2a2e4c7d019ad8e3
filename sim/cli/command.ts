// The shape that every command has.
import type { Argv } from "yargs";
import type { Exit } from "./failure.ts";

export interface Command<Options> {
  /** As yargs writes it: `run <trace>`. */
  readonly usage: string;
  readonly summary: string;
  /** Declares the options; ends with examples. */
  readonly options: (y: Argv) => Argv<Options>;
  /** Loads what it needs on its own, so that `--help` stays quick. */
  readonly run: (options: Options) => Promise<Exit>;
}
