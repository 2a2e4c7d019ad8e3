// For each law I1 to I22 bugs that its own test kills, no other test helping: `npm run mutate -- --laws`.
import type { Findings } from "./findings.ts";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./table.ts";

export interface Witness {
  readonly law: string;
  /** The file of the law. */
  readonly file: string;
  /** Titles of the law's own tests. */
  readonly titles: string;
  readonly mutation: Mutation;
}

type Row = readonly [law: string, file: string, ...bugs: string[]];

const ROWS: readonly Row[] = [];

export const WITNESSES: readonly Witness[] = ROWS.flatMap(([law, file, ...bugs]) =>
  bugs.map((bug) => {
    const mutation = MUTATIONS.find((m) => m.name === bug);
    if (mutation === undefined) throw new Error(`no such bug: ${bug}`);
    return { law, file: `test/laws/${file}.test.ts`, titles: `\\b${law}\\b`, mutation };
  }),
);

/** Rows of Markdown: laws, with the bugs that their own tests kill. */
export function lawTable(findings: Findings): string {
  const rows = WITNESSES.map(({ law, mutation }) => {
    const verdict = findings.of(mutation, `${law}: `)?.verdict ?? "not run";
    return `| ${law} | ${mutation.file} | ${mutation.name}${verdict === "killed" ? "" : ` (**${verdict}**)`} |`;
  });
  return ["| law | place | a bug that its own test kills |", "|---|---|---|", ...rows].join("\n");
}
