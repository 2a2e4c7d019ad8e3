// What a preset is: a versioned machine, each of its constants with a source.
import type { MachineConfig } from "../machine.ts";

/** Part of a configuration; what it leaves out has the parameter's default. */
export type Partially<T> = { readonly [K in keyof T]?: T[K] extends object ? Partially<T[K]> : T[K] };

/**
 * A preset is never edited once it is published: results name it. A better one gets the next version, in a file of its own.
 * A test pins the hash of each.
 */
export interface Preset {
  /** `core@version`. */
  readonly name: string;
  readonly title: string;
  readonly values: Partially<MachineConfig>;
}
