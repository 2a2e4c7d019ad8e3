// Source text as statements: comments blanked, lines split at ';', and each statement knows where it came from.
import { Fault } from "./fault.ts";

/** One file of assembly text; `file` is the name that diagnostics print. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** What one line holds between two ';'. */
export interface Statement {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** Where `text` begins in the source line, from 0. */
  readonly column: number;
  /** The source line as written. */
  readonly source: string;
  /** Comments are spaces; in an expansion, arguments are substituted. */
  readonly text: string;
  readonly origin: Origin | undefined;
}

/** The statement of a body that an expanded statement was made of. */
export interface Origin {
  readonly expansion: Expansion;
  readonly body: Statement;
  /** Where the statement's text begins in the expanded text, which may hold several. */
  readonly from: number;
}

/** One expansion of a macro, or one round of a repetition. */
export interface Expansion {
  /** `macro 'push'`, `.rept`. */
  readonly name: string;
  readonly defined: Statement;
  readonly call: Statement;
  /** How many expansions this one is in, itself included. */
  readonly depth: number;
  readonly bindings: Bindings;
}

/** Parameter values by name; `@` is the number of the expansion. */
export type Bindings = ReadonlyMap<string, string>;

/** A position in a statement: `at` counts from 0 in its text. */
export interface Place {
  readonly statement: Statement;
  readonly at: number;
}

const NEEDS_SCAN = /["'#;/\0]/;
const BLANK = /^\s*$/;

/** Splits a file; throws a Fault where a comment does not end or the text is binary. */
export function statementsOf({ file, text }: SourceFile): Statement[] {
  const found: Statement[] = [];
  let comment: Place | undefined;
  let line = 0;
  for (let from = 0; from <= text.length;) {
    let to = text.indexOf("\n", from);
    if (to < 0) to = text.length;
    const source = text.slice(from, text.charCodeAt(to - 1) === 13 && to > from ? to - 1 : to);
    line += 1;
    from = to + 1;
    const whole: Statement = { file, line, column: 0, source, text: source, origin: undefined };
    if (comment === undefined && !NEEDS_SCAN.test(source)) {
      if (!BLANK.test(source)) found.push(whole);
    } else comment = scanLine(whole, comment, found);
  }
  if (comment) throw new Fault("comment is not closed: expected '*/' before the end of the file", { place: comment });
  return found;
}

/** Adds a line's statements; returns the comment that is still open at its end. */
function scanLine(whole: Statement, open: Place | undefined, found: Statement[]): Place | undefined {
  const { source } = whole;
  let text = "";
  let column = 0;
  let kept = 0;
  let comment = open;
  const finish = (end: number): void => {
    text += source.slice(kept, end);
    if (!BLANK.test(text)) found.push({ ...whole, column, text });
    text = "";
    column = kept = end + 1;
  };
  for (let i = 0; i < source.length;) {
    if (comment) {
      const end = source.indexOf("*/", i);
      const after = end < 0 ? source.length : end + 2;
      text += " ".repeat(after - kept);
      kept = i = after;
      if (end >= 0) comment = undefined;
      continue;
    }
    const c = source[i]!;
    if (c === "#" || (c === "/" && source[i + 1] === "/")) {
      refusePreprocessor(whole, i);
      finish(i);
      return undefined;
    }
    if (c === "/" && source[i + 1] === "*") {
      comment = { statement: whole, at: i };
      text += source.slice(kept, i);
      kept = i;
      i += 2;
    } else if (c === ";") {
      finish(i);
      i += 1;
    } else if (c === "\0") {
      throw new Fault("NUL byte: this is not assembly text", { place: { statement: whole, at: i } });
    } else i = skipQuoted(source, i);
  }
  if (comment) text += " ".repeat(source.length - kept);
  else text += source.slice(kept);
  if (!BLANK.test(text)) found.push({ ...whole, column, text });
  return comment;
}

/** The index after the string or character constant that begins at `i`, or after one plain character. */
export function skipQuoted(text: string, i: number): number {
  if (text[i] === "'") {
    const end = text[i + 1] === "\\" ? i + 3 : i + 2;
    return text[end] === "'" ? end + 1 : Math.min(end, text.length);
  }
  if (text[i] !== '"') return i + 1;
  for (let end = i + 1; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === '"') return end + 1;
  }
  return text.length;
}

/** '#' begins a comment; a preprocessor line that fell silent would be a trap. */
function refusePreprocessor(statement: Statement, at: number): void {
  const rest = statement.source.slice(at);
  if (!/^#(?:define\s+\w|include\s*["<]|ifdef\s+\w+\s*$|ifndef\s+\w+\s*$)/.test(rest)) return;
  if (!BLANK.test(statement.source.slice(0, at))) return;
  throw new Fault("the C preprocessor is not run, and this line would be a comment", {
    place: { statement, at },
    hint: "use .equ, .include, .ifdef and .macro",
  });
}

/** Splits an expanded statement at ';' outside strings. */
export function splitExpanded(statement: Statement): Statement[] {
  const { text, origin } = statement;
  if (!text.includes(";")) return BLANK.test(text) ? [] : [statement];
  const parts: Statement[] = [];
  let from = 0;
  for (let i = 0; i <= text.length;) {
    if (i < text.length && text[i] !== ";") {
      i = skipQuoted(text, i);
      continue;
    }
    const part = text.slice(from, i);
    if (!BLANK.test(part)) parts.push({ ...statement, text: part, ...(origin && { origin: { ...origin, from } }) });
    i += 1;
    from = i;
  }
  return parts;
}
