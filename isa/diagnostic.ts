// A fault in the user's input: where it is, what was expected, what was found, and a hint.

export interface Diagnostic {
  readonly file: string;
  /** Line and column count from 1; absent where the whole file is meant. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  /** The offending line, for the caret. */
  readonly source?: string;
  readonly hint?: string;
}

/** A diagnostic as a compiler prints it. */
export function formatDiagnostic(d: Diagnostic): string {
  const place = d.line === undefined ? d.file : `${d.file}:${d.line}:${d.column ?? 1}`;
  const lines = [`${place}: error: ${d.message}`];
  if (d.source !== undefined && d.line !== undefined) {
    const number = String(d.line).padStart(5);
    const caretColumn = [...d.source.slice(0, (d.column ?? 1) - 1)].map((c) => (c === "\t" ? "\t" : " ")).join("");
    lines.push(`${number} | ${d.source}`, `${" ".repeat(number.length)} | ${caretColumn}^`);
  }
  if (d.hint !== undefined) lines.push(`  hint: ${d.hint}`);
  return lines.join("\n");
}
