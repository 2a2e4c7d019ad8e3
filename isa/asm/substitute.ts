// Replaces a macro's parameters in body text, and finds where in the body a column of the result came from.
import type { Bindings } from "./source.ts";

const NAME = /[A-Za-z_$][\w$.]*/y;

/** A stretch of body text and what stands for it. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

/** Plain stretches, and `\name` references with their values. */
function* pieces(text: string, bindings: Bindings): Generator<Piece> {
  let plain = 0;
  for (let i = text.indexOf("\\"); i >= 0; i = text.indexOf("\\", i)) {
    const reference = referenceAt(text, i, bindings);
    if (reference === undefined) {
      i += text[i + 1] === "\\" ? 2 : 1;
      continue;
    }
    if (i > plain) yield { from: plain, to: i, value: text.slice(plain, i) };
    yield reference;
    plain = i = reference.to;
  }
  if (plain < text.length) yield { from: plain, to: text.length, value: text.slice(plain) };
}

/** `\name`, `\@`, or `\()`, which stands for nothing and ends a name. */
function referenceAt(text: string, from: number, bindings: Bindings): Piece | undefined {
  if (text.startsWith("()", from + 1)) return { from, to: from + 3, value: "" };
  const count = bindings.get("@");
  if (text[from + 1] === "@" && count !== undefined) return { from, to: from + 2, value: count };
  NAME.lastIndex = from + 1;
  // `\name.w` refers to parameter `name`: dots may end a parameter's name.
  for (let name = NAME.exec(text)?.[0] ?? ""; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const value = bindings.get(name);
    if (value !== undefined) return { from, to: from + 1 + name.length, value };
  }
  return undefined;
}

/** A body's text with the parameters replaced. */
export function substitute(text: string, bindings: Bindings): string {
  if (!text.includes("\\")) return text;
  let result = "";
  for (const piece of pieces(text, bindings)) result += piece.value;
  return result;
}

/** Where in the body the character at a column of the substituted text stands. */
export function columnBefore(text: string, bindings: Bindings, column: number): number {
  let at = 0;
  for (const { from, to, value } of pieces(text, bindings)) {
    if (column < at + value.length) return text.slice(from, to) === value ? from + (column - at) : from;
    at += value.length;
  }
  return text.length;
}
