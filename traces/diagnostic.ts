// What is wrong with an input file, said with its place: file, line, column, the line itself and a hint.

/** One thing that is wrong with the user's input. */
export interface Diagnostic {
  readonly file: string;
  /** Counted from 1. Absent where the input has no lines (MessagePack). */
  readonly line?: number;
  /** Counted from 1, in characters (code points). */
  readonly column?: number;
  /** What was expected and what was found. Safe to print: names from the input are quoted and escaped. */
  readonly message: string;
  readonly hint?: string;
  /** The offending line, safe to print; of a very long line only the part around the column. */
  readonly source?: string;
  /** Where in `source` the caret goes, from 1. Equals `column` unless a long line was cut. */
  readonly sourceColumn?: number;
}

/** The answer of a reader that could not use its input. */
export interface Diagnostics {
  readonly kind: "diagnostics";
  /** At most {@link MAX_DIAGNOSTICS}. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many there were in all. */
  readonly total: number;
}

/** How many diagnostics of one file are worth printing. */
export const MAX_DIAGNOSTICS = 20;

/** How a reader deep inside gives up; `readTrace` turns it into a {@link Diagnostic}. It never leaves this folder. */
export class InputError extends Error {
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, offset?: number, hint?: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

// Controls, line separators and the bidi marks, which can forge what a terminal shows; lone surrogates.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A name without characters that could harm a terminal or a file: each becomes a visible `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A piece of the input as a message quotes it: printable, in quotes, not longer than 60 characters. */
export function quote(text: string): string {
  const shown = printable(text);
  return `"${shown.length > 60 ? `${shown.slice(0, 59)}…` : shown}"`;
}

const BLOCK_BYTES = 1 << 20;
const EXCERPT_CHARS = 120;

/** What is known at the begin of a block of the file. */
interface Landmark {
  readonly line: number;
  readonly lineStart: number;
  /** Characters from the begin of the file. */
  readonly characters: number;
}

/** An input file: its bytes, and the place in it that an offset means. */
export class Source {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** One per block, taken at the first question: a file of one line of 300 MB must not be searched for each answer. */
  #landmarks: Landmark[] | undefined;

  constructor(file: string, bytes: Uint8Array) {
    this.file = file;
    this.bytes = bytes;
  }

  /** A diagnostic about the byte at `offset`. */
  diagnostic(message: string, offset?: number, hint?: string): Diagnostic {
    return {
      file: printable(this.file),
      ...(offset === undefined ? {} : this.place(offset)),
      message,
      ...(hint === undefined ? {} : { hint }),
    };
  }

  /** Line and column of an offset, with the line. */
  place(offset: number): Required<Pick<Diagnostic, "line" | "column" | "source" | "sourceColumn">> {
    const at = Math.min(offset, this.bytes.length);
    const { line, lineStart, characters } = this.#landmarkAt(at);
    return { line, column: characters - this.#landmarkAt(lineStart).characters + 1, ...this.#excerpt(lineStart, at) };
  }

  /** The line around `at`, or of a long line the part around it. */
  #excerpt(lineStart: number, at: number): { source: string; sourceColumn: number } {
    const { bytes } = this;
    // A window in bytes, moved outwards to whole characters.
    let from = Math.max(lineStart, at - EXCERPT_CHARS * 2);
    while (from > lineStart && isContinuation(bytes[from])) from -= 1;
    let to = at;
    while (to < bytes.length && to < at + EXCERPT_CHARS * 2 && bytes[to] !== 10 && bytes[to] !== 13) to += 1;
    while (isContinuation(bytes[to])) to += 1;
    const text = [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(from, to))];
    const before = pass(bytes, from, at, { line: 1, lineStart: from, characters: 0 }).characters;
    const long = from > lineStart || text.length > EXCERPT_CHARS;
    const cut = long ? Math.max(0, before - EXCERPT_CHARS / 2) : 0;
    const left = cut > 0 || from > lineStart ? "…" : "";
    const right = cut + EXCERPT_CHARS < text.length ? "…" : "";
    const shown = text
      .slice(cut, cut + EXCERPT_CHARS)
      .map(visible)
      .join("");
    return { source: left + shown + right, sourceColumn: before - cut + left.length + 1 };
  }

  /** What is known at an offset. */
  #landmarkAt(offset: number): Landmark {
    const { bytes } = this;
    if (this.#landmarks === undefined) {
      // A byte order mark is not a part of the first line.
      const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
      this.#landmarks = [{ line: 1, lineStart: start, characters: 0 }];
      for (let block = 0; block + BLOCK_BYTES <= bytes.length; block += BLOCK_BYTES) {
        this.#landmarks.push(pass(bytes, block, block + BLOCK_BYTES, this.#landmarks.at(-1)!));
      }
    }
    const block = Math.floor(offset / BLOCK_BYTES);
    return pass(bytes, block * BLOCK_BYTES, offset, this.#landmarks[block]!);
  }
}

/** What is known at `to`, from what is known at `from`. */
function pass(bytes: Uint8Array, from: number, to: number, known: Landmark): Landmark {
  let { line, lineStart, characters } = known;
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i]!;
    if (!isContinuation(byte)) characters += 1;
    if (byte === 10) {
      line += 1;
      lineStart = i + 1;
    }
  }
  return { line, lineStart, characters };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** One character as one printable character, so that a caret below it stays in its column. */
function visible(c: string): string {
  if (c === "\t") return " ";
  UNPRINTABLE.lastIndex = 0;
  if (!UNPRINTABLE.test(c)) return c;
  const code = c.codePointAt(0)!;
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
}

/** Collects what is wrong, so that one run shows all of it (up to {@link MAX_DIAGNOSTICS}). */
export class Complaints {
  readonly #source: Source;
  readonly #diagnostics: Diagnostic[] = [];
  #total = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  add(message: string, offset?: number, hint?: string): void {
    this.#total += 1;
    if (this.#diagnostics.length < MAX_DIAGNOSTICS) {
      this.#diagnostics.push(this.#source.diagnostic(message, offset, hint));
    }
  }

  get total(): number {
    return this.#total;
  }

  diagnostics(): Diagnostics {
    return { kind: "diagnostics", diagnostics: this.#diagnostics, total: this.#total };
  }
}
