// A fault in assembly text on its way to a Diagnostic: thrown inside the assembler, caught at each statement.
import type { Diagnostic } from "../diagnostic.ts";
import type { Expansion, Place, Statement } from "./source.ts";
import { columnBefore } from "./substitute.ts";

/** Thrown where a statement cannot be understood; never leaves the assembler. No Error: nobody reads its stack, and taking one is slow. */
export class Fault {
  readonly message: string;
  readonly place: Place | undefined;
  readonly hint: string | undefined;
  constructor(message: string, { place, hint }: { place?: Place | undefined; hint?: string | undefined } = {}) {
    this.message = message;
    this.place = place;
    this.hint = hint;
  }
}

/** Gives the faults of a computation their place. */
export function located<T>(place: Place, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Fault && !error.place) throw new Fault(error.message, { place, hint: error.hint });
    throw error;
  }
}

/** How many diagnostics one run gives. */
export const MAX_DIAGNOSTICS = 20;

const SOURCE_LIMIT_COLUMNS = 400;
const SHOWN_EXPANSIONS = 4;

/** A message at a place: in an expansion, the place is in the macro's body and notes lead to the call. */
export function diagnosticAt(place: Place, message: string, hint?: string): Diagnostic {
  const { statement } = place;
  const notes = statement.origin ? expansionNotes(statement, statement.origin.expansion) : [];
  return {
    file: statement.file,
    line: statement.line,
    column: statement.column + writtenColumn(place) + 1,
    message,
    ...(statement.source.length <= SOURCE_LIMIT_COLUMNS ? { source: statement.source } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** The column in the text as written, before the expansions that it went through. */
function writtenColumn({ statement, at }: Place): number {
  let column = at;
  for (let { origin } = statement; origin; origin = origin.body.origin) {
    column = columnBefore(origin.body.text, origin.expansion.bindings, column + origin.from);
  }
  return column;
}

function expansionNotes(statement: Statement, innermost: Expansion): string[] {
  const notes = [`expanded to '${clip(statement.text.trim())}'`];
  let expansion: Expansion | undefined = innermost;
  for (let shown = 0; expansion; expansion = expansion.call.origin?.expansion, shown += 1) {
    if (shown === SHOWN_EXPANSIONS) {
      notes.push(`… and ${expansion.depth} more`);
      break;
    }
    const { name, defined, call } = expansion;
    const origin = name.startsWith("macro") ? ` (defined at ${defined.file}:${defined.line})` : "";
    notes.push(`in ${name}${origin}, called at ${call.file}:${call.line}: '${clip(call.text.trim())}'`);
  }
  return notes;
}

const clip = (text: string): string => (text.length > 100 ? `${text.slice(0, 97)}...` : text);

/** Puts an article of user text in quotes, shortened. */
export const quoted = (text: string): string => `'${clip(text)}'`;

/** The candidate nearest to a word by edit distance, if it is near enough to be meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word, candidate, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words; stops counting at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
      row.push(d);
    }
    if (Math.min(...row) >= limit) return limit;
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = word.length > 40 ? undefined : nearest(word, candidates);
  return near === undefined ? undefined : `did you mean '${near}'?`;
}
