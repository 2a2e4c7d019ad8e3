// What a preset is: a versioned machine, each of its constants with a source.
import type { MachineConfig } from "../machine.ts";

/** Part of a configuration. */
export type Partially<T> = { readonly [K in keyof T]?: T[K] extends object ? Partially<T[K]> : T[K] };

/**
 * A preset is never edited once it is published: results name it. A better one gets the next version, in a file of its own.
 * It states every parameter there is at its time; one that comes later must have a default that changes no older preset.
 * Tests pin both.
 */
export interface Preset {
  /** `core@version`. */
  readonly name: string;
  readonly title: string;
  readonly values: Partially<MachineConfig>;
}
