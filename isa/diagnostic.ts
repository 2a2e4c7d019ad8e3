// A fault in the user's input: where it is, what was expected, what was found, and a hint.

export interface Diagnostic {
  readonly file: string;
  /** Line and column count from 1; absent where the whole file is meant. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  /** The offending line, for the caret. */
  readonly source?: string;
  /** Where in `source` the caret goes, where a long line was cut; else `column`. */
  readonly sourceColumn?: number;
  readonly hint?: string;
  /** How the place was reached: the macros whose expansion it is, innermost first. */
  readonly notes?: readonly string[];
  /** A warning does not stop the work; absent means error. */
  readonly severity?: "warning";
}

/** A diagnostic as a compiler prints it. */
export function formatDiagnostic(d: Diagnostic): string {
  const place = d.line === undefined ? d.file : `${d.file}:${d.line}:${d.column ?? 1}`;
  const lines = [`${place}: ${d.severity ?? "error"}: ${d.message}`];
  if (d.source !== undefined && d.line !== undefined) {
    const number = String(d.line).padStart(5);
    const caretColumn = [...d.source.slice(0, (d.sourceColumn ?? d.column ?? 1) - 1)]
      .map((c) => (c === "\t" ? "\t" : " "))
      .join("");
    lines.push(`${number} | ${d.source}`, `${" ".repeat(number.length)} | ${caretColumn}^`);
  }
  for (const note of d.notes ?? []) lines.push(`  note: ${note}`);
  if (d.hint !== undefined) lines.push(`  hint: ${d.hint}`);
  return lines.join("\n");
}
