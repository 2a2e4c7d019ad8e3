// Text for people: numbers with separators, tables and bars that fit 80 columns, colour only where it is wanted.
import { isatty } from "node:tty";
import chalk from "chalk";

export const WIDTH = 80;

export type ColorChoice = "auto" | "always" | "never";

/** Decides colour by stdout, NO_COLOR and --color; chalk looks at none of the last two. */
export function chooseColor(choice: ColorChoice): void {
  const wanted = choice === "always" || (choice === "auto" && isatty(1) && !process.env["NO_COLOR"]);
  chalk.level = wanted ? (chalk.level > 0 ? chalk.level : 1) : 0;
}

/** 1234567 as "1,234,567", the same in every locale. */
export function grouped(value: number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A count with its noun: "1 call", "2 calls". */
export function counted(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A share as "12.3%"; n/a where there is nothing to share. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "n/a" : `${((100 * part) / whole).toFixed(1)}%`;
}

/** Columns separated by two spaces; the first is left-aligned, the others right-aligned. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** Breaks a line at spaces so that it fits; continuation lines are indented. */
export function wrap(line: string, indent: string): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (joined.length > WIDTH && current !== "") {
      lines.push(current);
      current = `${indent}${word}`;
    } else current = joined;
  }
  return [...lines, current];
}

export interface Bar {
  readonly letter: string;
  readonly value: number;
}

/** A bar of `width` cells for `total`, drawn against `largest`; each part gets its letter, rounded so that the ends meet. */
export function bar(parts: readonly Bar[], largest: number, width: number): string {
  let drawn = 0;
  let sum = 0;
  let text = "";
  for (const part of parts) {
    sum += part.value;
    const end = largest === 0 ? 0 : Math.round((sum / largest) * width);
    text += part.letter.repeat(Math.max(0, end - drawn));
    drawn = Math.max(drawn, end);
  }
  return text.padEnd(width);
}

/** Control characters of a name from a trace, made visible, so that no input can drive the terminal. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, "0")}`);
}
