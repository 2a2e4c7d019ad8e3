// The directives that choose where bytes go: sections, their subsections, and the absolute section of structure offsets.
import type { Assembler } from "./assemble.ts";
import type { Directive } from "./directives.ts";
import { parseExpression } from "./expr.ts";
import { quoted } from "./fault.ts";
import type { Cursor } from "./lex.ts";
import type { Section, SectionFlags } from "./section.ts";
import { flagsOfName } from "./unit.ts";

function enter({ unit }: Assembler, cursor: Cursor, section: Section): void {
  cursor.expectEnd();
  unit.enterSection(section);
}

const MAX_SUBSECTION = 8192n; // GNU as has no more

/** The number of a subsection, if one stands here: 0 without. */
function subsectionNumber({ unit }: Assembler, cursor: Cursor): number {
  cursor.peek();
  const at = cursor.at;
  if (cursor.atEnd()) return 0;
  const number = unit.constant(parseExpression(cursor, unit), cursor, at);
  if (number < 0n || number > MAX_SUBSECTION) {
    cursor.fail(`expected a subsection from 0 to ${MAX_SUBSECTION}, found ${number}`, { at });
  }
  return Number(number);
}

/** `.text`, or `.text 1`. */
const standardSection: Directive = (assembler, cursor, name) => {
  const { unit } = assembler;
  enter(assembler, cursor, unit.subsection(unit.sectionNamed(name), subsectionNumber(assembler, cursor)));
};

/** `.subsection 1` */
const subsection: Directive = (assembler, cursor) => {
  const { unit } = assembler;
  enter(assembler, cursor, unit.subsection(unit.section, subsectionNumber(assembler, cursor)));
};

const sectionDirective: Directive = (assembler, cursor) => enter(assembler, cursor, sectionOperands(assembler, cursor));

/** `.pushsection name[, subsection][, "flags"[, @type]]` */
const pushSection: Directive = (assembler, cursor) => {
  const { unit } = assembler;
  unit.pushSection();
  enter(assembler, cursor, sectionOperands(assembler, cursor));
};

/** `name[, "flags"[, @type[, entity size]]]`; a number in the place of the flags is a subsection's. */
function sectionOperands(assembler: Assembler, cursor: Cursor): Section {
  const { unit } = assembler;
  const name = cursor.textOrString();
  if (!/^[\w.$*+/-]+$/.test(name)) cursor.fail(`expected a section name, found ${quoted(name)}`);
  let flags = flagsOfName(name);
  let number = 0;
  const existing = unit.sections.get(name);
  if (cursor.eat(",")) {
    const first = cursor.peek();
    const at = cursor.at;
    if (/\d/.test(first)) {
      number = Number(cursor.number());
      cursor.eat(",");
    }
    if (cursor.peek() === '"') flags = sectionFlags(cursor.textOrString(), cursor, at);
    if (cursor.eat(",")) flags = { ...flags, nobits: sectionType(cursor) };
    while (cursor.eat(",")) parseExpression(cursor, unit); // entity size, link order: of no account here
    const differs = existing && (["write", "exec", "nobits"] as const).some((f) => existing.flags[f] !== flags[f]);
    if (differs && number === 0) unit.warn(`section ${name} exists with other flags, which stay`, cursor, at);
  }
  return unit.subsection(existing ?? unit.sectionNamed(name, flags), number);
}

function sectionFlags(text: string, cursor: Cursor, at: number): SectionFlags {
  const unknown = [...text].find((c) => !"awxMSGTLoRd?0123456789".includes(c));
  if (unknown !== undefined) cursor.fail(`unknown section flag '${unknown}': expected a, w, x, M, S, G or T`, { at });
  return { alloc: text.includes("a"), write: text.includes("w"), exec: text.includes("x"), nobits: false };
}

function sectionType(cursor: Cursor): boolean {
  if (!cursor.eat("@")) cursor.eat("%");
  cursor.peek();
  const at = cursor.at;
  const type = cursor.word();
  if (!["progbits", "nobits", "note", "init_array", "fini_array", "preinit_array", "unwind"].includes(type)) {
    cursor.fail(`expected @progbits or @nobits, found ${cursor.found(at)}`, { at });
  }
  return type === "nobits";
}

/** `.struct 8`: labels that follow are offsets in a structure that begins there, up to the next section. */
const struct: Directive = (assembler, cursor) => {
  const { unit } = assembler;
  cursor.peek();
  const at = cursor.at;
  const start = cursor.atEnd() ? 0n : unit.constant(parseExpression(cursor, unit), cursor, at);
  if (start < 0n || start > BigInt(unit.absolute.room))
    cursor.fail(`expected an offset from 0, found ${start}`, { at });
  unit.absolute.size = Number(start);
  enter(assembler, cursor, unit.absolute);
};

export const SECTION_DIRECTIVES: readonly (readonly [string, Directive])[] = [
  ...[".text", ".data", ".bss", ".rodata"].map((name) => [name, standardSection] as const),
  [".section", sectionDirective],
  [".subsection", subsection],
  [".pushsection", pushSection],
  [
    ".popsection",
    ({ unit }, cursor) => {
      cursor.expectEnd();
      unit.popSection();
    },
  ],
  [".previous", (assembler, cursor) => enter(assembler, cursor, assembler.unit.previous)],
  [".struct", struct],
  [".offset", struct],
];
