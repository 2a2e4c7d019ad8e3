// Operand templates: the `asm` line of an instruction record, or the pattern of a pseudo-instruction, matched against text.
import { isImmediate, type Form } from "../codec.ts";
import { csrNumber, CSRS } from "../csr.ts";
import { registerNumber } from "../registers.ts";
import { parseExpression, constant, type Expression, type Scope } from "./expr.ts";
import { didYouMean, Fault } from "./fault.ts";
import type { Cursor } from "./lex.ts";

/** One element of a template. */
export type Element =
  | { readonly kind: "register"; readonly field: string; readonly low: number; readonly high: number }
  | { readonly kind: "immediate"; readonly field: string; readonly style: ImmediateStyle; readonly optional: boolean }
  | { readonly kind: "csr" | "set" | "number"; readonly field: string; readonly limit: number }
  | { readonly kind: "literal"; readonly text: string };

/** `plain`: the value; `target`: a place, encoded as its distance; `upper`: bits 31 to 12, written as a 20-bit number. */
export type ImmediateStyle = "plain" | "target" | "upper";

/** An immediate as written: `%hi(table + 8)`. */
export interface Immediate {
  readonly expression: Expression;
  readonly modifier: string | undefined;
  readonly at: number;
}

/** What stands for an element: a number (register, CSR, set) or an immediate. */
export type Operand = number | Immediate;

/** Why a text is not an instance of a template. */
export interface Mismatch {
  readonly at: number;
  readonly message: string;
  readonly hint: string | undefined;
}

const TOKEN = /[A-Za-z_][\w']*|-?(?:0x[\da-f]+|\d+)|[(),]/g;
export const templateTokens = (text: string): string[] => text.match(TOKEN) ?? [];

/** The elements of a record's `asm` line, or of another that it has. */
export function formTemplate(f: Form, asm = f.insn.asm): Element[] {
  // `(rs1)` alone may be written `0(rs1)`, as gcc does.
  const tokens = templateTokens(asm.replace(/(?<=^|, )\(/g, "0("));
  return tokens.map((token, i) => {
    const optional = tokens[i + 1] === "(";
    if (token === "target" || token === "upper") return { kind: "immediate", field: "imm", style: token, optional };
    if (isImmediate(token)) return { kind: "immediate", field: token, style: "plain", optional };
    const field = f.aliases[token] ?? token;
    const slices = f.slices.filter((s) => s.field === field);
    if (slices.length === 0) return { kind: "literal", text: token };
    if (/^r[ds]\d?$/.test(token)) {
      const low = slices[0]!.offset;
      return { kind: "register", field, low, high: low + 2 ** slices[0]!.width - 1 };
    }
    const limit = 2 ** slices.reduce((sum, s) => sum + s.width, 0) - 1;
    return { kind: token === "csr" ? "csr" : token === "pred" || token === "succ" ? "set" : "number", field, limit };
  });
}

const PATTERN_FIELDS: Readonly<Record<string, Element["kind"]>> = {
  ...{ rd: "register", rs: "register", rt: "register", csr: "csr", set: "set", target: "immediate", imm: "immediate" },
};

/** The elements of a pseudo-instruction's pattern: `rd, rs`, `csr, imm`. */
export function patternTemplate(pattern: string): Element[] {
  const tokens = templateTokens(pattern);
  return tokens.map((token, i) => {
    const optional = tokens[i + 1] === "(";
    switch (PATTERN_FIELDS[token]) {
      case "register":
        return { kind: "register", field: token, low: 0, high: 31 };
      case "immediate":
        return { kind: "immediate", field: token, style: token === "target" ? "target" : "plain", optional };
      case "csr":
        return { kind: "csr", field: token, limit: 4095 };
      case "set":
        return { kind: "set", field: token, limit: 15 };
      default:
        return { kind: "literal", text: token };
    }
  });
}

/** Reads operands; the values stand in the order of the elements that are not literal. */
export function matchTemplate(cursor: Cursor, template: readonly Element[], scope: Scope): Operand[] | Mismatch {
  const values: Operand[] = [];
  try {
    for (let i = 0; i < template.length; i += 1) {
      const element = template[i]!;
      if (element.kind === "literal") matchLiteral(cursor, element.text);
      else values.push(matchElement(cursor, element, scope));
    }
    cursor.expectEnd();
    return values;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { at: error.place?.at ?? cursor.at, message: error.message, hint: error.hint };
  }
}

export const isMismatch = (m: Operand[] | Mismatch): m is Mismatch => !Array.isArray(m);

function matchLiteral(cursor: Cursor, text: string): void {
  if (cursor.eat(text)) return;
  if (text === "0") return; // `0(rs1)` may be written `(rs1)`
  if (text === "(" && cursor.peek() !== "") cursor.fail(`expected '(' and a base register, found ${cursor.found()}`);
  const register = registerNumber(text);
  if (register === undefined) cursor.expect(text);
  const at = cursor.at;
  if (registerNumber(cursor.word()) === register) return;
  cursor.fail(`expected register ${text}, found ${cursor.found(at)}`, { at });
}

function matchElement(cursor: Cursor, element: Exclude<Element, { kind: "literal" }>, scope: Scope): Operand {
  switch (element.kind) {
    case "register":
      return matchRegister(cursor, element.low, element.high);
    case "immediate":
      if (element.optional && parenthesisedRegister(cursor)) {
        return { expression: constant(0n), modifier: undefined, at: cursor.at };
      }
      return element.style === "target" ? matchTarget(cursor, scope) : matchImmediate(cursor, scope);
    case "csr":
      return matchCsr(cursor, scope);
    case "set":
      return matchSet(cursor);
    case "number":
      if (element.field === "opcode") return matchOpcode(cursor, scope, element.limit);
      return smallNumber(cursor, scope, element.field, element.limit);
  }
}

function matchRegister(cursor: Cursor, low: number, high: number): number {
  cursor.peek();
  const at = cursor.at;
  const word = cursor.word();
  const register = registerNumber(word);
  if (register === undefined) {
    const old = /^c(\d+|ra|sp|gp|tp|[ast]\d+|null)$/.exec(word);
    const now = old && (old[1] === "null" ? "zero" : /^\d/.test(old[1]!) ? `x${old[1]}` : old[1]);
    const hint = now ? `capability registers have no names of their own: write ${now}` : undefined;
    cursor.fail(`expected a register, found ${cursor.found(at)}`, { at, hint });
  }
  if (register < low || register > high) {
    cursor.fail(`expected a register from x${low} to x${high} (s0, s1, a0 to a5), found ${word}`, { at });
  }
  return register;
}

/** Does `(register)` stand here, so that the offset before it was left out? */
function parenthesisedRegister(cursor: Cursor): boolean {
  if (cursor.peek() !== "(") return false;
  const inside = /^\(\s*([\w.$]+)\s*\)\s*$/.exec(cursor.text.slice(cursor.at, cursor.at + 200));
  return inside !== null && registerNumber(inside[1]!) !== undefined;
}

/** `%name(` before an address. The thread-local and GOT modifiers have no meaning in images that are linked once. */
const MODIFIERS: ReadonlySet<string> = new Set(["hi", "lo", "pcrel_hi", "pcrel_lo"]);

/** A place; gcc adds `@plt` to a function's name where it may be in a shared library, of which there are none here. */
function matchTarget(cursor: Cursor, scope: Scope): Immediate {
  const target = matchImmediate(cursor, scope);
  cursor.eat("@plt");
  return target;
}

export function matchImmediate(cursor: Cursor, scope: Scope): Immediate {
  const first = cursor.peek();
  const at = cursor.at;
  if (first !== "%") return { expression: parseExpression(cursor, scope), modifier: undefined, at };
  cursor.at += 1;
  const name = cursor.word();
  if (!MODIFIERS.has(name)) {
    const hint = /^(tprel|tls|got|tlsdesc)/.test(name)
      ? "there are no threads' areas and no global offset table here: use %pcrel_hi or la"
      : "known are %hi, %lo, %pcrel_hi and %pcrel_lo";
    cursor.fail(`operand modifier '%${name}' is not supported`, { at, hint });
  }
  cursor.expect("(");
  const expression = parseExpression(cursor, scope);
  cursor.expect(")");
  return { expression, modifier: name, at };
}

function matchCsr(cursor: Cursor, scope: Scope): number {
  cursor.peek();
  const at = cursor.at;
  const word = cursor.word();
  const named = csrNumber(word);
  if (named !== undefined) return named;
  if (word !== "" && !scope.known(word)) {
    cursor.fail(`expected a CSR name or number, found '${word}'`, {
      at,
      hint:
        didYouMean(
          word,
          CSRS.map((c) => c.name),
        ) ?? "a register that this machine does not have is written by its number",
    });
  }
  cursor.at = at;
  return smallNumber(cursor, scope, "CSR number", 4095);
}

/** A fence set: letters of `iorw` in order, or a number. */
function matchSet(cursor: Cursor): number {
  cursor.peek();
  const at = cursor.at;
  const word = cursor.word();
  if (/^i?o?r?w?$/.test(word) && word !== "") {
    return [..."iorw"].reduce((set, letter, i) => set | (word.includes(letter) ? 8 >> i : 0), 0);
  }
  cursor.at = at;
  const value = word === "" ? cursor.number() : undefined;
  if (value !== undefined && value < 16n) return Number(value);
  cursor.fail(`expected a set of i, o, r and w in this order, found ${cursor.found(at)}`, { at });
}

/** Major opcodes by the manual's names, for .insn. */
const OPCODES: ReadonlyMap<string, number> = new Map([
  ...["LOAD", "LOAD_FP", "CUSTOM_0", "MISC_MEM", "OP_IMM", "AUIPC", "OP_IMM_32"].map(opcode(0x03)),
  ...["STORE", "STORE_FP", "CUSTOM_1", "AMO", "OP", "LUI", "OP_32"].map(opcode(0x23)),
  ...["MADD", "MSUB", "NMSUB", "NMADD", "OP_FP", "OP_V", "CUSTOM_2"].map(opcode(0x43)),
  ...["BRANCH", "JALR", "", "JAL", "SYSTEM", "", "CUSTOM_3"].map(opcode(0x63)),
  ...(["C0", "C1", "C2"] as const).map((name, i): [string, number] => [name, i]),
]);

function opcode(first: number): (name: string, i: number) => [string, number] {
  return (name, i) => [name, first + 4 * i];
}

function matchOpcode(cursor: Cursor, scope: Scope, limit: number): number {
  cursor.peek();
  const at = cursor.at;
  const word = cursor.word();
  const named = word === "" ? undefined : OPCODES.get(word);
  if (named !== undefined) return named;
  cursor.at = at;
  return smallNumber(cursor, scope, "opcode", limit);
}

function smallNumber(cursor: Cursor, scope: Scope, what: string, limit: number): number {
  cursor.peek();
  const at = cursor.at;
  const value = scope.constant(parseExpression(cursor, scope), cursor, at);
  if (value < 0n || value > BigInt(limit)) cursor.fail(`expected ${what} from 0 to ${limit}, found ${value}`, { at });
  return Number(value);
}
