// How a command ends: exit statuses, and the one kind of error that a user is meant to read.
import { formatDiagnostic, type Diagnostic } from "../../isa/diagnostic.ts";

/** Exit statuses of every command; `meshsim help exit-codes` prints this table. */
export const EXIT = {
  ok: { status: 0, meaning: "done" },
  difference: { status: 1, meaning: "a gate failed, a difference was found, or a program reported failure" },
  usage: { status: 2, meaning: "unknown command or option, or a value that does not fit" },
  input: { status: 3, meaning: "an input file is invalid (trace, program, configuration)" },
  guest: { status: 4, meaning: "the simulated program ended in an unexpected fault" },
  limit: { status: 5, meaning: "a limit was reached (--max-instructions, --max-cycles)" },
  bug: { status: 70, meaning: "meshsim failed a check of its own: please report it" },
  interrupted: { status: 130, meaning: "interrupted; nothing was written" },
} as const;

export type Exit = keyof typeof EXIT;

/** An ending that the user is told in plain words; everything else that is thrown is our bug. */
export class Failure extends Error {
  readonly exit: Exit;
  constructor(exit: Exit, message: string) {
    super(message);
    this.exit = exit;
  }
}

const SHOWN = 20;

/** Input diagnostics as a failure: up to 20 with place and hint, then how many more; `total` counts those not listed too. */
export function invalidInput(
  diagnostics: readonly Diagnostic[],
  consequence: string,
  total: number = diagnostics.length,
): Failure {
  return new Failure("input", listDiagnostics(diagnostics, consequence, EXIT.input.status, total));
}

/** The same for values given on the command line. */
export function invalidUsage(diagnostics: readonly Diagnostic[], consequence: string): Failure {
  return new Failure("usage", listDiagnostics(diagnostics, consequence, EXIT.usage.status, diagnostics.length));
}

function listDiagnostics(
  diagnostics: readonly Diagnostic[],
  consequence: string,
  status: number,
  total: number,
): string {
  const lines = diagnostics.slice(0, SHOWN).map(formatDiagnostic);
  if (total > lines.length) lines.push(`… and ${total - lines.length} more`);
  const count = total === 1 ? "1 error" : `${total} errors`;
  lines.push(`meshsim: ${count}, ${consequence} (status ${status})`);
  return lines.join("\n");
}
