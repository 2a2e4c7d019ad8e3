// Reads one statement from left to right: words, numbers, strings and punctuation, with the place of each for faults.
import { Fault, quoted } from "./fault.ts";
import { skipQuoted, type Place, type Statement } from "./source.ts";

const NUMBER = /^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/;
/** Digits that mean what they look like, and fit a JavaScript number. */
const SMALL = /^(?:0|[1-9]\d{0,14})$/;
/** Escapes in strings as GNU as has them: without C's `\a`; any other character stands for itself. */
const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, b: 8, f: 12, v: 11 };
/** Escapes that mean in a character constant what they look like; GNU as reads `'\0'` as the digit 0. */
const CHARACTER_ESCAPES = "ntrbf\\'\"";

const encoder = new TextEncoder();

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Which characters below 128 may stand in a name. */
const IN_NAME = Array.from({ length: 128 }, (_, code) => /[\w.$]/.test(String.fromCharCode(code)));

function wordEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128 && !IN_NAME[code]) break;
  }
  return at;
}

/** A reading position in a statement's text. */
export class Cursor {
  readonly statement: Statement;
  readonly text: string;
  at = 0;

  constructor(statement: Statement) {
    this.statement = statement;
    this.text = statement.text;
  }

  /** The next character that is not a space; "" at the end. */
  peek(): string {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 32 && code !== 9) return Number.isNaN(code) ? "" : this.text[this.at]!;
      this.at += 1;
    }
  }

  atEnd(): boolean {
    return this.peek() === "";
  }

  /** Takes a piece of punctuation if it stands here. */
  eat(punctuation: string): boolean {
    this.peek();
    if (!this.text.startsWith(punctuation, this.at)) return false;
    this.at += punctuation.length;
    return true;
  }

  expect(punctuation: string): void {
    if (!this.eat(punctuation)) this.fail(`expected '${punctuation}', found ${this.found()}`);
  }

  expectEnd(): void {
    if (!this.atEnd()) this.fail(`expected the end of the statement, found ${this.found()}`);
  }

  /** A name (symbol, mnemonic, register), or "". */
  word(): string {
    this.peek();
    const start = this.at;
    if (isDigit(this.text.charCodeAt(start))) return "";
    return this.text.slice(start, (this.at = wordEnd(this.text, start)));
  }

  /** A name that must be here. */
  name(what: string): string {
    const word = this.word();
    if (word === "") this.fail(`expected ${what}, found ${this.found()}`);
    return word;
  }

  /** An unsigned number in any base (octal with a leading 0, as in C), a numbered label `1b` or `1f`, or undefined. */
  numeral(): bigint | string | undefined {
    this.peek();
    const start = this.at;
    if (!isDigit(this.text.charCodeAt(start))) return undefined;
    const end = wordEnd(this.text, start);
    const digits = this.text.slice(start, end);
    this.at = end;
    if (SMALL.test(digits)) return BigInt(Number(digits));
    if (/^\d+[bf]$/.test(digits)) return digits;
    if (!NUMBER.test(digits)) this.fail(`${quoted(digits)} is not a number`, { at: start });
    const value = digits.length > 70 ? 1n << 64n : BigInt(digits.replace(/^0(?=\d)/, "0o"));
    if (value >> 64n) this.fail(`${quoted(digits)} has more than 64 bits`, { at: start });
    return value;
  }

  /** A number, or undefined. */
  number(): bigint | undefined {
    const start = this.at;
    const numeral = this.numeral();
    if (typeof numeral === "string") this.fail(`${quoted(numeral)} is not a number`, { at: start });
    return numeral;
  }

  /** A character constant `'a'` or `'\n'`; the closing quote may be left out. Call where a quote stands. */
  character(): bigint {
    const start = this.at;
    this.at += 1;
    if (this.text[this.at] === undefined) this.fail("expected a character after the quote", { at: start });
    let value: number;
    if (this.text[this.at] === "\\") {
      this.at += 1;
      const escaped = this.text[this.at] ?? "";
      if (!CHARACTER_ESCAPES.includes(escaped)) {
        this.fail(`'\\${escaped}' is no character constant`, { at: start, hint: "write the number" });
      }
      value = this.escape();
    } else {
      value = this.text.codePointAt(this.at)!;
      this.at += value > 0xffff ? 2 : 1;
    }
    if (this.text[this.at] === "'") this.at += 1;
    return BigInt(value);
  }

  /** A string's bytes (UTF-8, escapes as in C); the string must be here. */
  string(): Uint8Array {
    if (this.peek() !== '"') this.fail(`expected a string, found ${this.found()}`);
    const start = this.at;
    const bytes: number[] = [];
    this.at += 1;
    for (;;) {
      const c = this.text[this.at];
      if (c === undefined) this.fail(`string is not closed: expected '"'`, { at: start });
      if (c === '"') break;
      if (c === "\\") {
        this.at += 1;
        bytes.push(this.escape() & 0xff);
        continue;
      }
      let end = this.at + 1;
      while (end < this.text.length && this.text[end] !== '"' && this.text[end] !== "\\") end += 1;
      for (const byte of encoder.encode(this.text.slice(this.at, end))) bytes.push(byte);
      this.at = end;
    }
    this.at += 1;
    return Uint8Array.from(bytes);
  }

  private escape(): number {
    const rest = this.text.slice(this.at, this.at + 16);
    const [octal, hex] = [/^[0-7]{1,3}/.exec(rest), /^x([0-9a-fA-F]+)/.exec(rest)];
    if (octal) {
      this.at += octal[0].length;
      return parseInt(octal[0], 8);
    }
    if (hex) {
      this.at += hex[0].length;
      return parseInt(hex[1]!.slice(-2), 16);
    }
    const c = this.text[this.at];
    if (c === undefined) this.fail("expected a character after '\\'");
    this.at += 1;
    return ESCAPES[c] ?? c.charCodeAt(0);
  }

  /** A string, or the text up to the next comma: a message, a section name, an argument of .ifc. */
  textOrString(stop = ","): string {
    if (this.peek() === '"') return new TextDecoder().decode(this.string());
    const start = this.at;
    while (this.at < this.text.length && !stop.includes(this.text[this.at]!)) this.at = skipQuoted(this.text, this.at);
    return this.text.slice(start, this.at).trim();
  }

  /** Everything left. */
  rest(): string {
    this.peek();
    const text = this.text.slice(this.at);
    this.at = this.text.length;
    return text;
  }

  place(at = this.at): Place {
    return { statement: this.statement, at };
  }

  /** What stands here, for a message. */
  found(at = this.at): string {
    const [token] = /^\s*(?:[\w.$%\\]+|\S)/.exec(this.text.slice(at, at + 60)) ?? [];
    return token === undefined ? "the end of the statement" : `'${token.trim()}'`;
  }

  fail(message: string, { at, hint }: { at?: number; hint?: string | undefined } = {}): never {
    if (at === undefined) this.peek();
    throw new Fault(message, { place: this.place(at), hint });
  }
}
