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

const ROWS: readonly Row[] = [
  ["I1", "monotonicity", "PACKY keeps the tag", "YBLD builds beyond its authority"],
  ["I2", "monotonicity", "a jump to an untagged capability gives it a tag"],
  [
    "I3",
    "monotonicity",
    "YBLD builds beyond its authority",
    "YBNDSW does not check that the source holds the new bounds",
  ],
  ["I4", "monotonicity", "YBLD builds under an untagged or sealed authority"],
  ["I5", "memory", "a sealed capability authorises accesses", "a store needs no W"],
  ["I6", "memory", "an integer store leaves the tag"],
  ["I7", "memory", "LY without LG leaves LG", "SC.Y stores past its authority's filter"],
  ["I8", "sealing", "YBNDSW narrows a sealed capability", "a sealed capability authorises accesses"],
  ["I9", "sealing", "YSUNSEAL takes any authority for a superset", "a subset may be corrupt"],
  ["I10", "sealing", "JALR with an offset opens a sealed capability", "a link is not sealed"],
  ["I11", "privilege", "UTIDC can be written without ASR", "MRET is legal in any mode"],
  ["I12", "traps", "a store across two pages asks only whether the second can be loaded"],
  ["I13", "traps", "LY asks for alignment before authority", "a misaligned LY is an address-misaligned exception"],
  ["I14", "format", "the top is not rounded up", "new bounds may begin below the old"],
  ["I15", "format", "C outlives R and W", "ASR outlives X"],
  ["I16", "format", "x0 can be written", "an integer result keeps the register's old metadata and tag"],
  ["I17", "privilege", "mtvec takes a sealed value as it is", "mepc keeps the tag at an odd address"],
  [
    "I18",
    "privilege",
    "a page without Y takes tagged capabilities",
    "a page without Y gives capabilities with their tags",
  ],
  ["I19", "memory", "SY to a device is a load's access fault"],
  ["I20", "memory", "a trap leaves the reservation"],
  ["I21", "engines", "a log makes integers of untagged capabilities"],
  ["I22", "traps", "AMOSWAP.Y clears its destination before it may trap"],
];

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
