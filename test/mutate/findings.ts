// What runs of the mutation list have found: kept in meshsim-out/mutations.json, printed as Markdown.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./bench.ts";
import type { Mutation } from "./mutation.ts";

export type Verdict = "killed" | "survived" | "no match" | "broken";

export interface Finding {
  readonly verdict: Verdict;
  /** The test file that noticed. */
  readonly file: string;
  /** The first test that failed, or how the run ended. */
  readonly by: string;
  /** What HEAD was. */
  readonly commit: string;
  /** Of the edit: a bug that was rewritten is another bug. */
  readonly digest: string;
}

export class Findings {
  readonly #path: string;
  readonly #known: Record<string, Finding>;

  /** `name` of the file in meshsim-out. */
  constructor(name: string) {
    this.#path = join(ROOT, "meshsim-out", name);
    const kept = existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, "utf8")) : {};
    this.#known = kept as Record<string, Finding>;
  }

  /** What is known of a bug as it now stands, under a further key where one bug is tried in several ways. */
  of(mutation: Mutation, key = ""): Finding | undefined {
    const found = this.#known[key + mutation.name];
    return found?.digest === digest(mutation) ? found : undefined;
  }

  keep(mutation: Mutation, found: Omit<Finding, "digest">, key = ""): void {
    this.#known[key + mutation.name] = { ...found, digest: digest(mutation) };
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, JSON.stringify(this.#known, undefined, 1));
  }
}

function digest({ file, find, replace }: Mutation): string {
  return createHash("sha256")
    .update(JSON.stringify([file, find, replace]))
    .digest("hex")
    .slice(0, 12);
}

/** Rows of Markdown: bugs by place, with the test file that kills each. */
export function bugTable(mutations: readonly Mutation[], findings: Findings): string {
  const rows = mutations.map((m) => {
    const found = findings.of(m);
    const by = found === undefined ? "not run" : found.verdict === "killed" ? found.file : `**${found.verdict}**`;
    return `| ${m.file} | ${m.name} | ${by.replace(/^test\//, "")} |`;
  });
  return ["| place | the bug | killed by |", "|---|---|---|", ...rows].join("\n");
}
