// The one kind of error that a user is meant to read.
import { formatDiagnostic, type Diagnostic } from "../../isa/diagnostic.ts";
import { EXIT, type Exit } from "./exit.ts";

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
