// One line of a commit log, Spike's or ours, as fields that can be compared or left out (docs/commit-log.md).

export type CommitFieldKind = "reg" | "csr" | "mem" | "cap";

export interface CommitField {
  readonly kind: CommitFieldKind;
  /** `x5`, `c768_mstatus`, `mem 0x0000000080001000`, `cmem 0x…`: what was written or read. */
  readonly name: string;
  /** What was written; empty for a load, whose value is its register's. */
  readonly value: string;
}

export interface CommitLine {
  readonly mode: string;
  readonly pc: string;
  readonly word: string;
  readonly fields: readonly CommitField[];
}

const HEAD = /^core +\d+: (\d) (0x[\da-f]+) \((0x[\da-f]+)\)/;
const WHOLE = String.raw`(0x[\da-f]+_0x[\da-f]+ [01])`;
/** In this order: what a capability adds, a CSR, memory, an x or f register; anything else is a word of its own. */
const FIELD = new RegExp(
  ` +(?:(c\\d+|c\\d+_\\w+|cmem 0x[\\da-f]+) +${WHOLE}|(c\\d+_\\w+) +(0x[\\da-f]+)|(mem 0x[\\da-f]+)(?: +(0x[\\da-f]+))?|([xf]\\d+) +(0x[\\da-f]+)|(\\S+))`,
  "g",
);
const CAPABILITY = new RegExp(` c(?:\\d+|\\d+_\\w+|mem 0x[\\da-f]+) ${WHOLE}`, "g");

/** The fields of a line; undefined for a line that is no commit (Spike's disassembly, labels, exceptions, other output). */
export function parseCommit(line: string): CommitLine | undefined {
  const [head, mode, pc, word] = HEAD.exec(line) ?? [];
  if (head === undefined || mode === undefined || pc === undefined || word === undefined) return undefined;
  const fields = [...line.slice(head.length).matchAll(FIELD)].map(field);
  return { mode, pc, word, fields };
}

function field(match: RegExpMatchArray): CommitField {
  const [, capName, cap, csrName, csr, memName, mem = "", regName, reg, word = ""] = match;
  if (capName !== undefined) return { kind: "cap", name: capName, value: cap! };
  if (csrName !== undefined) return { kind: "csr", name: csrName, value: csr! };
  if (memName !== undefined) return { kind: "mem", name: memName, value: mem };
  return { kind: "reg", name: regName ?? word, value: reg ?? "" };
}

/** The line as plain Spike writes it: without what capabilities add. */
export function plainCommit(line: string): string {
  return line.replace(CAPABILITY, "");
}
