// The translation unit while it is assembled: sections, symbols, fixups, and what was reported.
import type { Diagnostic } from "../diagnostic.ts";
import type { Form } from "../codec.ts";
import { registerNumber } from "../registers.ts";
import { constant, constantOf, evaluate, parseExpression, type Expression, type Scope } from "./expr.ts";
import { diagnosticAt, Fault, located, MAX_DIAGNOSTICS, quoted } from "./fault.ts";
import type { Cursor } from "./lex.ts";
import type { FixupKind } from "./relocate.ts";
import { ABSOLUTE, Section, type SectionFlags } from "./section.ts";
import type { Place, Statement } from "./source.ts";
import { AsmSymbol, SymbolTable, shownName } from "./symbol.ts";

/** A place in the bytes whose value is known only when all symbols are. */
export interface Fixup {
  readonly kind: FixupKind;
  readonly section: Section;
  readonly offset: number;
  readonly expression: Expression;
  readonly bytes: number;
  readonly form: Form | undefined;
  /** For pcrel_lo of a pair made here: the auipc's offset; else the expression names its label. */
  readonly high: number | undefined;
  /** A conditional branch that can be written longer: its number in the unit. */
  readonly branch: number | undefined;
  readonly place: Place;
}

/** Bytes that a statement made. */
export interface Mark {
  readonly section: Section;
  readonly offset: number;
  readonly end: number;
  readonly statement: Statement;
  /** Are the bytes instructions? */
  readonly code: boolean;
}

/** Signals that enough diagnostics were given. */
export class TooManyFaults extends Error {}

const TEXT: SectionFlags = { alloc: true, write: false, exec: true, nobits: false };
const RODATA: SectionFlags = { alloc: true, write: false, exec: false, nobits: false };
const DATA: SectionFlags = { alloc: true, write: true, exec: false, nobits: false };
const BSS: SectionFlags = { alloc: true, write: true, exec: false, nobits: true };
const NOTE: SectionFlags = { alloc: false, write: false, exec: false, nobits: false };

/** Flags that a section's name implies, as in GNU as. */
export function flagsOfName(name: string): SectionFlags {
  if (/^\.(text|init|fini)(\.|$)/.test(name)) return TEXT;
  if (/^\.(rodata|srodata|eh_frame)(\.|$)/.test(name)) return RODATA;
  if (/^\.(bss|sbss|tbss)(\.|$)/.test(name)) return BSS;
  if (/^\.(data|sdata|init_array|fini_array|tdata)(\.|$)/.test(name)) return DATA;
  return NOTE;
}

export class Unit implements Scope {
  readonly symbols = new SymbolTable();
  readonly sections = new Map<string, Section>();
  readonly fixups: Fixup[] = [];
  readonly marks: Mark[] = [];
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** Do pseudo-instructions make capabilities, or integers? */
  capabilityMode: boolean;
  /** Branches to be written as an inverted branch around a jump, by number. */
  readonly longBranches: ReadonlySet<number>;
  /** Is the whole text read? */
  atEnd = false;
  /** Branches so far. */
  branches = 0;
  section: Section;
  previous: Section;
  /** Has no place in memory: its labels are constants. */
  readonly absolute = new Section(ABSOLUTE, { alloc: false, write: false, exec: false, nobits: true });
  private readonly optionStack: boolean[] = [];
  private readonly sectionStack: [Section, Section][] = [];
  private reported = new Set<string>();

  constructor(capabilityMode: boolean, longBranches: ReadonlySet<number>) {
    this.capabilityMode = capabilityMode;
    this.longBranches = longBranches;
    this.section = this.previous = this.sectionNamed(".text");
  }

  // Options

  pushOptions(): void {
    this.optionStack.push(this.capabilityMode);
  }

  popOptions(): void {
    const saved = this.optionStack.pop();
    if (saved === undefined) throw new Fault(".option pop without .option push");
    this.capabilityMode = saved;
  }

  // Sections

  sectionNamed(name: string, flags: SectionFlags = flagsOfName(name)): Section {
    let section = this.sections.get(name);
    if (section === undefined) this.sections.set(name, (section = new Section(name, flags)));
    return section;
  }

  /** Part `number` of a section: parts of one section are laid out in the order of their numbers. */
  subsection(section: Section, number: number): Section {
    const { name, flags } = section;
    if (number === 0) return this.sectionNamed(name, flags);
    const key = `${name} ${number}`;
    let part = this.sections.get(key);
    if (part === undefined) this.sections.set(key, (part = new Section(name, flags, number)));
    return part;
  }

  /** Sections in the order in which an object has them. */
  laidOut(): Section[] {
    const names = [...new Set([...this.sections.values()].map((s) => s.name))];
    const all = [...this.sections.values()].sort((a, b) => a.part - b.part);
    return names.flatMap((name) => all.filter((s) => s.name === name));
  }

  enterSection(section: Section): void {
    this.previous = this.section;
    this.section = section;
  }

  pushSection(): void {
    if (this.sectionStack.length >= 100) throw new Fault(".pushsection is nested deeper than 100 levels");
    this.sectionStack.push([this.section, this.previous]);
  }

  popSection(): void {
    const saved = this.sectionStack.pop();
    if (saved === undefined) throw new Fault(".popsection without .pushsection");
    [this.section, this.previous] = saved;
  }

  /** Refuses to make `count` more bytes in the current section where that is absurd, or cannot be. */
  reserve(count: number, place: Place, initialised: boolean): void {
    if (count > this.section.room) {
      throw new Fault(`section ${this.section.name} would grow by ${count} bytes, beyond its limit`, { place });
    }
    if (initialised && this.section.flags.nobits) {
      throw new Fault(`section ${this.section.name} has no bytes: only zeroes can stand here`, {
        place,
        hint: "use .zero, or put values in .data",
      });
    }
  }

  // Names in expressions

  symbol(name: string, cursor: Cursor, at: number): Expression {
    if (registerNumber(name) !== undefined && !this.known(name)) {
      cursor.fail(`expected an expression, found register ${name}`, { at });
    }
    const symbol = this.symbols.use(name, cursor.place(at));
    if (symbol.expression?.kind === "constant") return symbol.expression;
    return { kind: "symbol", symbol };
  }

  localLabel(label: string, cursor: Cursor, at: number): Expression {
    const number = label.slice(0, -1).replace(/^0+(?=\d)/, "");
    const symbol = this.symbols.local(number, label.endsWith("f"));
    if (symbol === undefined) cursor.fail(`there is no label '${number}:' before this line`, { at });
    symbol.use ??= cursor.place(at);
    return { kind: "symbol", symbol };
  }

  here(): Expression {
    if (this.section.absolute) return constant(BigInt(this.section.size));
    const symbol = new AsmSymbol("");
    symbol.section = this.section;
    symbol.offset = this.section.size;
    return { kind: "symbol", symbol };
  }

  known(name: string): boolean {
    return this.symbols.find(name)?.defined ?? false;
  }

  constant(expression: Expression, cursor: Cursor, at: number): bigint {
    return this.constantAt(expression, cursor.place(at));
  }

  /** The value of an expression; throws a Fault that names what is not constant in it. */
  constantAt(expression: Expression, place: Place, addressHint?: string): bigint {
    const { plus, minus, constant } = located(place, () => evaluate(expression));
    const symbol = [plus, minus].find((s) => s && !s.section) ?? plus ?? minus;
    if (symbol === undefined) return constant;
    const name = symbol.name === "" ? "'.'" : quoted(shownName(symbol));
    if (symbol.section) throw new Fault(`expected a constant, found the address ${name}`, { place, hint: addressHint });
    const hint = this.symbols.suggestion(symbol.name) ?? addressHint;
    throw new Fault(`expected a constant, and ${name} is not defined${this.atEnd ? "" : " before this line"}`, {
      place,
      hint,
    });
  }

  /** Reads the expression of `name = …`; `.` in it is fixed to here. */
  assign(name: string, cursor: Cursor, at: number, { once = false } = {}): void {
    const expression = parseExpression(cursor, this);
    cursor.expectEnd();
    if (name === ".") cursor.fail("the location counter is moved by .org or .zero", { at });
    const value = constantOf(expression);
    this.symbols.assign(name, value === undefined ? expression : constant(value), cursor.place(at), { once });
  }

  warn(message: string, cursor: Cursor, at: number): void {
    this.warnAt(cursor.place(at), message);
  }

  // Reports

  warnAt(place: Place, message: string): void {
    if (this.warnings.length >= MAX_DIAGNOSTICS) return;
    const warning = { ...diagnosticAt(place, message), severity: "warning" as const };
    const key = `${warning.file}:${warning.line}:${warning.column}:${message}`;
    if (this.reported.has(key)) return;
    this.reported.add(key);
    this.warnings.push(warning);
  }

  report(fault: Fault, fallback: Place): void {
    this.errors.push(diagnosticAt(fault.place ?? fallback, fault.message, fault.hint));
    if (this.errors.length >= MAX_DIAGNOSTICS) throw new TooManyFaults();
  }

  /** A value for the end, when all symbols are known; it stands at the end of the current section. */
  fix(kind: FixupKind, expression: Expression, place: Place, { form, bytes = 0, high, branch }: FixupDetails): void {
    const { section } = this;
    this.fixups.push({ kind, section, offset: section.size, expression, bytes, form, high, branch, place });
  }
}

/** What a fixup is in: an instruction, or bytes of data. */
interface FixupDetails {
  readonly form?: Form;
  readonly bytes?: number;
  readonly high?: number;
  readonly branch?: number | undefined;
}
