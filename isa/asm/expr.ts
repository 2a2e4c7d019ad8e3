// Expressions: parsed with GNU as's precedence (which is not C's), folded where constant, evaluated to symbol ± constant.
import { Fault, quoted } from "./fault.ts";
import type { Cursor } from "./lex.ts";
import { shownName, type AsmSymbol } from "./symbol.ts";

export type Expression =
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly symbol: AsmSymbol }
  | { readonly kind: "unary"; readonly operator: string; readonly a: Expression; readonly depth: number }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly a: Expression;
      readonly b: Expression;
      readonly depth: number;
    };

/** What an expression comes to: a constant, plus and minus at most one symbol each. */
export interface Value {
  readonly constant: bigint;
  readonly plus?: AsmSymbol | undefined;
  readonly minus?: AsmSymbol | undefined;
}

/** What names mean where an expression stands. */
export interface Scope {
  symbol(name: string, cursor: Cursor, at: number): Expression;
  localLabel(label: string, cursor: Cursor, at: number): Expression;
  here(): Expression;
  /** Has the name a value already? */
  known(name: string): boolean;
  /** The value of an expression that must be constant where it stands. */
  constant(expression: Expression, cursor: Cursor, at: number): bigint;
  warn(message: string, cursor: Cursor, at: number): void;
}

export const constant = (value: bigint): Expression => ({ kind: "constant", value: BigInt.asIntN(64, value) });

/** GNU as ranks: `*` above `&` above `+` above comparisons; the second number is C's rank, to warn where they part. */
const RANKS: ReadonlyMap<string, readonly [gnu: number, c: number]> = new Map([
  ["||", [1, 1]],
  ["&&", [2, 2]],
  ["==", [3, 6]],
  ["!=", [3, 6]],
  ["<>", [3, 6]],
  ["<=", [3, 7]],
  [">=", [3, 7]],
  ["<<", [6, 8]],
  [">>", [6, 8]],
  ["<", [3, 7]],
  [">", [3, 7]],
  ["+", [4, 9]],
  ["-", [4, 9]],
  ["|", [5, 3]],
  ["^", [5, 4]],
  ["&", [5, 5]],
  ["!", [5, 3]],
  ["*", [6, 10]],
  ["/", [6, 10]],
  ["%", [6, 10]],
]);

const MAX_DEPTH = 200;
const MAX_STEPS = 20_000;

/** Parses an expression; a fault stands at the first thing that is not one. */
export function parseExpression(cursor: Cursor, scope: Scope): Expression {
  return binary(cursor, scope, 1, 0).expression;
}

/** An operand and the operator outermost in it, unless parentheses hide it. */
interface Operand {
  readonly expression: Expression;
  readonly operator?: string;
}

function binary(cursor: Cursor, scope: Scope, lowest: number, nesting: number): Operand {
  let left = operand(cursor, scope, nesting);
  for (;;) {
    const operator = operatorAt(cursor);
    const [rank = 0] = RANKS.get(operator) ?? [];
    if (rank < lowest) return left;
    const at = cursor.at;
    cursor.at += operator.length;
    const right = binary(cursor, scope, rank + 1, nesting + 1);
    warnAgainstC(operator, left, right, (inner) =>
      scope.warn(`'${inner}' binds tighter than '${operator}' here, unlike in C: write parentheses`, cursor, at),
    );
    left = { expression: combine(operator, left.expression, right.expression, cursor, at), operator };
  }
}

/** The operator at the cursor, or "". */
function operatorAt(cursor: Cursor): string {
  const first = cursor.peek();
  if (first === "" || first === "," || first === ")" || first === "(") return "";
  const two = cursor.text.slice(cursor.at, cursor.at + 2);
  return RANKS.has(two) ? two : RANKS.has(first) ? first : "";
}

/** Says where C would have grouped operators without parentheses otherwise. */
function warnAgainstC(operator: string, left: Operand, right: Operand, warn: (inner: string) => void): void {
  if (left.operator === undefined && right.operator === undefined) return;
  const rank = RANKS.get(operator)![1];
  const inner = (o: Operand): number => (o.operator === undefined ? Infinity : RANKS.get(o.operator)![1]);
  if (inner(left) < rank) warn(left.operator!);
  else if (inner(right) <= rank) warn(right.operator!);
}

function operand(cursor: Cursor, scope: Scope, nesting: number): Operand {
  const prefixes: [string, number][] = [];
  while ("+-~!".includes(cursor.peek()) && cursor.peek() !== "") {
    prefixes.push([cursor.peek(), cursor.at]);
    cursor.at += 1;
  }
  if (nesting + prefixes.length > MAX_DEPTH) cursor.fail(`expression is nested deeper than ${MAX_DEPTH} levels`);
  let { expression } = primary(cursor, scope, nesting);
  for (const [operator] of prefixes.reverse()) expression = unary(operator, expression);
  return { expression };
}

function primary(cursor: Cursor, scope: Scope, nesting: number): Operand {
  const first = cursor.peek();
  const at = cursor.at;
  if (first === "(" || first === "[") {
    cursor.at += 1;
    const { expression } = binary(cursor, scope, 1, nesting + 1);
    cursor.expect(first === "(" ? ")" : "]");
    return { expression };
  }
  if (first === "'") return { expression: constant(cursor.character()) };
  const numeral = cursor.numeral();
  if (typeof numeral === "bigint") return { expression: constant(numeral) };
  if (numeral !== undefined) return { expression: scope.localLabel(numeral, cursor, at) };
  const word = cursor.word();
  if (word === "") cursor.fail(`expected an expression, found ${cursor.found()}`);
  return { expression: word === "." ? scope.here() : scope.symbol(word, cursor, at) };
}

function unary(operator: string, a: Expression): Expression {
  if (operator === "+") return a;
  if (a.kind === "constant") return constant(unaryValue(operator, a.value));
  return { kind: "unary", operator, a, depth: depthOf(a) + 1 };
}

const unaryValue = (operator: string, a: bigint): bigint =>
  operator === "-" ? -a : operator === "~" ? ~a : a === 0n ? 1n : 0n;

const depthOf = (e: Expression): number => (e.kind === "unary" || e.kind === "binary" ? e.depth : 0);

function combine(operator: string, a: Expression, b: Expression, cursor: Cursor, at: number): Expression {
  const depth = Math.max(depthOf(a), depthOf(b)) + 1;
  if (depth > MAX_DEPTH) cursor.fail(`expression is nested deeper than ${MAX_DEPTH} levels`, { at });
  if (a.kind !== "constant" || b.kind !== "constant") return { kind: "binary", operator, a, b, depth };
  try {
    return constant(binaryValue(operator, a.value, b.value));
  } catch (error) {
    if (error instanceof Fault) cursor.fail(error.message, { at });
    throw error;
  }
}

const truth = (holds: boolean): bigint => (holds ? -1n : 0n);

/** 64-bit arithmetic as GNU as does it: comparisons give -1, && and || give 1, `>>` is logical. */
function binaryValue(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "*":
      return a * b;
    case "/":
    case "%":
      if (b === 0n) throw new Fault("division by zero");
      return operator === "/" ? a / b : a % b;
    case "<<":
      return b < 0n || b > 63n ? 0n : a << b;
    case ">>":
      return b < 0n || b > 63n ? 0n : BigInt.asUintN(64, a) >> b;
    case "|":
      return a | b;
    case "&":
      return a & b;
    case "^":
      return a ^ b;
    case "!":
      return a | ~b;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "&&":
      return a !== 0n && b !== 0n ? 1n : 0n;
    case "||":
      return a !== 0n || b !== 0n ? 1n : 0n;
    default:
      return truth(compare(operator, a, b));
  }
}

function compare(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case "==":
      return a === b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return a !== b;
  }
}

/** Evaluates as far as symbols are known; throws a Fault where the result is not symbol ± constant. */
export function evaluate(expression: Expression): Value {
  if (expression.kind === "constant") return { constant: expression.value };
  return new Evaluation().value(expression, 0);
}

/** The constant an expression is worth already now; undefined where symbols are missing. */
export function constantOf(expression: Expression): bigint | undefined {
  if (expression.kind === "constant") return expression.value;
  try {
    const value = evaluate(expression);
    return value.plus || value.minus ? undefined : value.constant;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** One evaluation, with a budget: definitions may lead to definitions without end. */
class Evaluation {
  private steps = 0;

  value(e: Expression, depth: number): Value {
    this.steps += 1;
    if (this.steps > MAX_STEPS || depth > 5 * MAX_DEPTH) {
      throw new Fault("expression does not come to an end: its symbols are defined by each other, or too deeply");
    }
    switch (e.kind) {
      case "constant":
        return { constant: e.value };
      case "symbol":
        return e.symbol.expression ? this.value(e.symbol.expression, depth + 1) : { constant: 0n, plus: e.symbol };
      case "unary":
        return this.unary(e.operator, this.value(e.a, depth + 1));
      case "binary":
        return this.binary(e.operator, this.value(e.a, depth + 1), this.value(e.b, depth + 1));
    }
  }

  private unary(operator: string, a: Value): Value {
    if (operator === "-") return difference({ constant: 0n }, a);
    return wrapped({ constant: unaryValue(operator, constantValue(a, operator)) });
  }

  private binary(operator: string, a: Value, b: Value): Value {
    if (operator === "+") return sum(a, b);
    if (operator === "-") return difference(a, b);
    const comparison = RANKS.get(operator)![0] === 3;
    if (comparison && (a.plus || b.plus || a.minus || b.minus)) {
      return { constant: truth(compare(operator, constantValue(difference(a, b), operator), 0n)) };
    }
    return wrapped({ constant: binaryValue(operator, constantValue(a, operator), constantValue(b, operator)) });
  }
}

function constantValue(v: Value, operator: string): bigint {
  const symbol = v.plus ?? v.minus;
  if (symbol === undefined) return v.constant;
  const name = symbol.name === "" ? "the location counter" : quoted(shownName(symbol));
  const why = symbol.section ? "is an address, known only when linked" : "is not defined yet";
  throw new Fault(`'${operator}' needs constants, and ${name} ${why}`);
}

const wrapped = (v: Value): Value => ({ ...v, constant: BigInt.asIntN(64, v.constant) });

const negated = (v: Value): Value => ({ constant: -v.constant, plus: v.minus, minus: v.plus });

const difference = (a: Value, b: Value): Value => sum(a, negated(b));

function sum(a: Value, b: Value): Value {
  if (!a.plus && !a.minus && !b.plus && !b.minus) return wrapped({ constant: a.constant + b.constant });
  let constant = a.constant + b.constant;
  const pluses = [a.plus, b.plus].filter((s) => s !== undefined);
  const minuses = [a.minus, b.minus].filter((s) => s !== undefined);
  for (let i = pluses.length - 1; i >= 0; i -= 1) {
    const plus = pluses[i]!;
    const j = minuses.findIndex((m) => m === plus || (m.section !== undefined && m.section === plus.section));
    if (j < 0) continue;
    constant += BigInt(plus.offset - minuses[j]!.offset);
    pluses.splice(i, 1);
    minuses.splice(j, 1);
  }
  if (pluses.length > 1 || minuses.length > 1) throw new Fault("an expression may add one symbol and subtract one");
  return wrapped({ constant, plus: pluses[0], minus: minuses[0] });
}
