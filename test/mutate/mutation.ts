// A seeded bug: one place in one source, changed as a careless hand might change it.

export interface Mutation {
  /** A sentence about the bug: what the machine or the kernel does with it. */
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files and folders, those that should notice first in front. */
  readonly tests: readonly string[];
}

type Row = readonly [name: string, find: string, replace: string];

/** Bugs of one file, noticed by the same tests. */
export function mutations(file: string, tests: readonly string[], rows: readonly Row[]): readonly Mutation[] {
  return rows.map(([name, find, replace]) => ({ name, file, find, replace, tests }));
}
