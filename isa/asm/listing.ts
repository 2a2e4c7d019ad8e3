// The listing: what bytes each source line became, with addresses counted from the start of its section.
import type { Mark, Unit } from "./unit.ts";

const BYTES_PER_LINE = 8;
/** Lines of bytes for one statement; a long .zero is cut. */
const MAX_LINES = 8;

/** Addresses, bytes and source, section by section. */
export function listingOf(unit: Unit): string {
  const lines: string[] = [];
  for (const section of unit.laidOut()) {
    const marks = unit.marks.filter((m) => m.section === section);
    if (marks.length === 0) continue;
    const labels = new Map<number, string[]>();
    for (const symbol of unit.symbols.all()) {
      if (symbol.section !== section || symbol.name === "") continue;
      labels.set(symbol.offset, [...(labels.get(symbol.offset) ?? []), symbol.name.replace(/^(\d+):\d+$/, "$1")]);
    }
    if (lines.length > 0) lines.push("");
    lines.push(`section ${section.name}, ${section.size} bytes, aligned to ${section.align}`);
    const bytes = section.bytes;
    for (const mark of marks) {
      for (const label of labels.get(mark.offset) ?? []) lines.push(`${label}:`);
      lines.push(...markLines(mark, bytes));
    }
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

function markLines({ section, offset, end, statement, code }: Mark, bytes: Uint8Array): string[] {
  const source = `${statement.file}:${statement.line}: ${statement.text.trim()}`;
  const lines: string[] = [];
  for (let at = offset; at < end && lines.length < MAX_LINES; at += BYTES_PER_LINE) {
    const shown = section.flags.nobits
      ? `(${end - offset} bytes)`
      : hex(bytes, at, Math.min(at + BYTES_PER_LINE, end), code);
    lines.push(`${at.toString(16).padStart(8)}:  ${shown.padEnd(24)}  ${lines.length === 0 ? source : ""}`);
    if (section.flags.nobits) break;
  }
  if (!section.flags.nobits && end - offset > MAX_LINES * BYTES_PER_LINE)
    lines.push(`${" ".repeat(8)}   … ${end - offset} bytes`);
  return lines;
}

/** Instructions as words, data as bytes. */
function hex(bytes: Uint8Array, from: number, to: number, asWords: boolean): string {
  const all = [...bytes.subarray(from, to)].map((b) => b.toString(16).padStart(2, "0"));
  if (!asWords || (to - from) % 2 !== 0) return all.join(" ");
  const words: string[] = [];
  for (let i = 0; i < all.length;) {
    const size = (bytes[from + i]! & 3) === 3 && all.length - i >= 4 ? 4 : 2;
    words.push(
      all
        .slice(i, i + size)
        .reverse()
        .join(""),
    );
    i += size;
  }
  return words.join(" ");
}
