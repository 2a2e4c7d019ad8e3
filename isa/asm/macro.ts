// Macros and repetitions: definitions, arguments, and the substitution of parameters in body text.
import { didYouMean, Fault, quoted } from "./fault.ts";
import type { Cursor } from "./lex.ts";
import { skipQuoted, splitExpanded, type Expansion, type Place, type Statement } from "./source.ts";
import { substitute } from "./substitute.ts";

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  /** Takes the rest of the line. */
  readonly vararg: boolean;
  readonly fallback: string;
}

export interface Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  readonly defined: Statement;
}

const MAX_EXPANDED_CHARACTERS = 2 ** 20;

/** Reads what stands after `.macro`: a name and parameters `a, b=1, c:req, d:vararg`, by comma or space. */
export function macroHeader(cursor: Cursor): { name: string; parameters: Parameter[] } {
  const name = cursor.name("the macro's name");
  const parameters: Parameter[] = [];
  for (cursor.eat(","); !cursor.atEnd(); cursor.eat(",")) {
    const at = cursor.at;
    const parameter = cursor.name("a parameter's name");
    if (parameters.some((p) => p.name === parameter)) cursor.fail(`parameter '${parameter}' is named twice`, { at });
    if (parameters.at(-1)?.vararg) cursor.fail("no parameter can follow one with :vararg", { at });
    let qualifier = "";
    if (cursor.eat(":")) {
      const place = cursor.at;
      qualifier = cursor.word();
      if (qualifier !== "req" && qualifier !== "vararg") {
        cursor.fail(`expected req or vararg after ':', found ${cursor.found(place)}`, { at: place });
      }
    }
    const fallback = cursor.eat("=") ? oneArgument(cursor) : "";
    parameters.push({ name: parameter, required: qualifier === "req", vararg: qualifier === "vararg", fallback });
  }
  return { name, parameters };
}

/** Binds a call's arguments, by position or as `name=value`. */
export function bindArguments(macro: Macro, cursor: Cursor): Map<string, string> {
  const bound = new Map<string, string>();
  const { parameters } = macro;
  let position = 0;
  while (!cursor.atEnd()) {
    const at = cursor.at;
    const keyword = keywordArgument(cursor, parameters);
    const parameter = keyword ?? parameters[position];
    if (parameter === undefined) {
      const takes = parameters.length === 0 ? "no arguments" : parameters.map((p) => p.name).join(", ");
      cursor.fail(`too many arguments: macro '${macro.name}' takes ${takes}`, { at });
    }
    if (bound.has(parameter.name)) cursor.fail(`argument '${parameter.name}' is given twice`, { at });
    if (!keyword) position += 1;
    bound.set(parameter.name, parameter.vararg ? cursor.rest().trimEnd() : oneArgument(cursor));
    if (!cursor.eat(",") && !cursor.atEnd() && !spaceBefore(cursor)) {
      cursor.fail(`expected ',' between arguments, found ${cursor.found()}`);
    }
  }
  for (const p of parameters) {
    if (bound.get(p.name)) continue;
    if (p.required) {
      cursor.fail(`argument '${p.name}' of macro '${macro.name}' is missing`, { at: cursor.text.trimEnd().length });
    }
    bound.set(p.name, p.fallback);
  }
  return bound;
}

const spaceBefore = (cursor: Cursor): boolean => /\s|"/.test(cursor.text[cursor.at - 1] ?? " ");

function keywordArgument(cursor: Cursor, parameters: readonly Parameter[]): Parameter | undefined {
  const start = cursor.at;
  const word = cursor.word();
  if (word !== "" && cursor.peek() === "=" && cursor.text[cursor.at + 1] !== "=") {
    const parameter = parameters.find((p) => p.name === word);
    if (parameter) {
      cursor.at += 1;
      cursor.peek();
      return parameter;
    }
    const known = parameters.map((p) => p.name);
    cursor.fail(`there is no parameter '${word}'`, { at: start, hint: didYouMean(word, known) });
  }
  cursor.at = start;
  return undefined;
}

/** Comma-separated arguments up to the end: the values of `.irp`. */
export function argumentList(cursor: Cursor): string[] {
  const list: string[] = [];
  while (!cursor.atEnd()) {
    list.push(oneArgument(cursor));
    if (!cursor.eat(",") && !cursor.atEnd() && !spaceBefore(cursor)) {
      cursor.fail(`expected ',', found ${cursor.found()}`);
    }
  }
  return list;
}

/**
 * One argument: up to a comma outside parentheses and quotes, or to a space between two words (`a b` are two arguments,
 * `a + b` is one, as in GNU as). A quoted argument loses its quotes.
 */
function oneArgument(cursor: Cursor): string {
  const { text } = cursor;
  if (cursor.peek() === '"') {
    const start = cursor.at;
    const end = skipQuoted(text, start);
    if (text[end - 1] !== '"' || end === start + 1) cursor.fail(`string is not closed: expected '"'`, { at: start });
    cursor.at = end;
    return text.slice(start + 1, end - 1).replaceAll('\\"', '"');
  }
  const start = cursor.at;
  let depth = 0;
  while (cursor.at < text.length) {
    const c = text[cursor.at]!;
    if (c === "(" || c === "[") depth += 1;
    else if (c === ")" || c === "]") depth -= 1;
    else if (c === "," && depth <= 0) break;
    else if ((c === " " || c === "\t") && depth <= 0 && endsArgument(text, start, cursor.at)) break;
    cursor.at = skipQuoted(text, cursor.at);
  }
  return text.slice(start, cursor.at).trim();
}

/** Does the space at `at` stand between two words? */
function endsArgument(text: string, start: number, at: number): boolean {
  const before = text.slice(start, at).trimEnd().at(-1) ?? "";
  let next = at;
  while (text[next] === " " || text[next] === "\t") next += 1;
  return /[\w.$)"\]]/.test(before) && /[\w.$%\\"]/.test(text[next] ?? "");
}

/** A body with its parameters replaced, as statements that know where they came from. */
export function expandBody(body: readonly Statement[], expansion: Expansion): Statement[] {
  const expanded: Statement[] = [];
  for (const statement of body) {
    const { file, line, column, source } = statement;
    const text = substitute(statement.text, expansion.bindings);
    if (text.length > MAX_EXPANDED_CHARACTERS) {
      throw new Fault("expansion makes a line longer than a million characters", { place: { statement, at: 0 } });
    }
    const made: Statement = { file, line, column, source, text, origin: { expansion, body: statement, from: 0 } };
    if (text === statement.text) expanded.push(made);
    else for (const part of splitExpanded(made)) expanded.push(part);
  }
  return expanded;
}

/** Collects the statements up to the directive that ends a body, nested bodies included. */
export class BodyCollector {
  readonly body: Statement[] = [];
  private depth = 0;
  private readonly begins: ReadonlySet<string>;
  private readonly end: string;

  constructor(kind: "macro" | "repeat") {
    this.begins = kind === "macro" ? new Set([".macro"]) : new Set([".rept", ".irp", ".irpc"]);
    this.end = kind === "macro" ? ".endm" : ".endr";
  }

  /** Takes a statement; true when it ended the body. */
  take(statement: Statement): boolean {
    const word = directiveWord(statement.text);
    if (this.begins.has(word)) this.depth += 1;
    else if (word === this.end || (this.end === ".endm" && word === ".endmacro")) {
      if (this.depth === 0) return true;
      this.depth -= 1;
    }
    this.body.push(statement);
    return false;
  }
}

/** The directive that a statement begins with, after labels; "" for any other statement. */
export function directiveWord(text: string): string {
  const match = /^\s*(?:[\w.$\\@]+:\s*)*(\.\w+)/.exec(text);
  return match ? match[1]!.toLowerCase() : "";
}

export const unended = (what: string, end: string, place: Place): Fault =>
  new Fault(`${quoted(what)} has no ${end}`, { place });
