// Checks that the headers of guest assembly say who comes to a label and what its code writes.
import { abiName } from "../../isa/registers.ts";
import { decoderFor } from "../../isa/table.ts";
import type { Image } from "../../isa/image.ts";
import { guestSource } from "../../kernel/image.ts";

export const HEADER_KEYS = ["in", "out", "clobbers", "from", "traps"];

const HEADER_LINE = new RegExp(`^# (${HEADER_KEYS.join("|")}): +(.*)$`, "gm");

/** A global label, its header, and its text up to the next global label. */
export interface Block {
  readonly name: string;
  readonly header: ReadonlyMap<string, string>;
  readonly lines: readonly string[];
  /** The block before it in the same section, if that runs into this one. */
  readonly fallsFrom: string | undefined;
}

interface Macro {
  readonly parameters: readonly string[];
  readonly body: readonly string[];
}

const MACRO = /^\.macro +(\w+)([^\n]*)\n([\s\S]*?)^\.endm[^\n]*\n/gm;
const LEAVES = /^\s+(?:j|jr|ret|sret|mret)\b|^\s+\.space/;
const REFERS = /^\s+(?:j|jal|jalr|b\w+|la) .*?(\w+)$/;

/** The blocks of some files of one folder; macros of any of them are expanded, so that what they refer to counts. */
export function blocksOf(folder: string, files: readonly string[]): Block[] {
  const macros = new Map<string, Macro>();
  const texts = files.map((file) =>
    guestSource(`${folder}/${file}`).text.replaceAll(MACRO, (_, name: string, parameters: string, body: string) => {
      macros.set(name, { parameters: parameters.split(/[\s,]+/).filter(Boolean), body: body.split("\n") });
      return "";
    }),
  );
  const blocks: Block[] = [];
  for (const text of texts) {
    let section = "";
    let before: { block: Block; section: string } | undefined;
    for (const part of text.split(/^ +\.globl +/m)) {
      const [, name = "", header = "", body = ""] = /^(\w+)\n((?:#[^\n]*\n)*)\w+:([\s\S]*)$/.exec(part) ?? [];
      if (name !== "") {
        const keys = [...header.matchAll(HEADER_LINE)].map(([, key, value]) => [key!, value!] as const);
        const runsOn = before?.section === section && !LEAVES.test(before.block.lines.at(-1) ?? "");
        const fallsFrom = runsOn ? before?.block.name : undefined;
        const lines = instructions(body.replace(/^ +\.section[\s\S]*/m, ""), macros);
        const block: Block = { name, header: new Map(keys), lines, fallsFrom };
        before = { block, section };
        blocks.push(block);
      }
      section = [...part.matchAll(/^ +\.section +([\w.]+)/gm)].at(-1)?.[1] ?? section;
    }
  }
  return blocks;
}

/** The lines that are instructions, macros expanded; without comments, labels and directives. */
function instructions(text: string, macros: ReadonlyMap<string, Macro>): string[] {
  const lines = text.split("\n").map((line) => line.replace(/^\w+:|#.*/g, "").trimEnd());
  return lines
    .flatMap((line) => {
      const [name = "", ...rest] = line.trim().split(/[\s,]+/);
      const macro = macros.get(name);
      if (macro === undefined) return [line];
      return macro.body.map((l) => macro.parameters.reduce((t, p, i) => t.replaceAll(`\\${p}`, rest[i] ?? ""), l));
    })
    .filter((line) => line.trim() !== "" && !/^\s*(\.(?!space)|#)/.test(line));
}

/** Other blocks that jump to a block, fall into it, or take its address for somebody who jumps. */
export function comeFrom(block: Block, blocks: readonly Block[]): string[] {
  const refers = (b: Block): boolean => b.lines.some((line) => REFERS.exec(line)?.[1] === block.name);
  return blocks.filter((b) => b !== block && (b.name === block.fallsFrom || refers(b))).map((b) => b.name);
}

/** The labels that a header's `from:` names; those in parentheses are no labels. */
export function namedFrom(block: Block): string[] {
  const named = block.header.get("from")!.split(/, (?![^(]*\))/);
  return named.filter((from) => !from.startsWith("("));
}

/** The registers that the instructions from a block's label to the next one write. */
export function written(block: Block, blocks: readonly Block[], image: Image, isa: string): string[] {
  const from = image.symbols.get(block.name)!;
  const section = image.ranges.find((r) => from >= r.start && from < r.end)!;
  const to = Math.min(section.end, ...blocks.map((b) => image.symbols.get(b.name)!).filter((at) => at > from));
  const segment = image.segments.find((s) => from >= s.address && from < s.address + s.bytes.length)!;
  const view = new DataView(segment.bytes.buffer, segment.bytes.byteOffset);
  const decode = decoderFor(isa);
  const registers = new Set<number>();
  for (let at = from; at < to; at += 4) registers.add(decode(view.getUint32(at - segment.address, true))?.rd ?? 0);
  registers.delete(0);
  return [...registers].sort((a, b) => a - b).map(abiName);
}
