// The assembler: GNU syntax in, an object file or diagnostics out.
import type { Form } from "../codec.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { Conditions, IF_DIRECTIVES } from "./condition.ts";
import { DIRECTIVES } from "./directives.ts";
import { Emitter } from "./emit.ts";
import { constant } from "./expr.ts";
import { diagnosticAt, didYouMean, Fault, quoted } from "./fault.ts";
import { BRANCH_REACH, finish } from "./finish.ts";
import { fileFrame, Input, type Frame } from "./input.ts";
import { Cursor } from "./lex.ts";
import { listingOf } from "./listing.ts";
import { bindArguments, directiveWord, expandBody, type Macro } from "./macro.ts";
import { mnemonicsOf, type Alternative, type Mnemonics } from "./mnemonics.ts";
import type { ObjectFile } from "./object.ts";
import { statementsOf, type Expansion, type SourceFile, type Statement } from "./source.ts";
import { isMismatch, matchTemplate, type Mismatch } from "./template.ts";
import { TooManyFaults, Unit } from "./unit.ts";

export type { SourceFile } from "./source.ts";
export type { ObjectFile } from "./object.ts";

export interface AssembleOptions {
  /** The instructions that may be used: `instructionsOf("rv64ima_zicsr")`. */
  readonly forms: readonly Form[];
  /** Are pointers capabilities? `la` then derives one from pcc. */
  readonly capabilityMode?: boolean;
  /** Constants known before the first line, as struct offsets. */
  readonly symbols?: ReadonlyMap<string, bigint | number>;
  /** Finds the file that `.include "path"` in the file `from` means. */
  readonly include?: (path: string, from: string) => SourceFile | undefined;
  /** The bytes of the file that `.incbin "path"` in the file `from` means. */
  readonly binary?: (path: string, from: string) => Uint8Array | undefined;
}

export type Assembly =
  | {
      readonly kind: "object";
      readonly object: ObjectFile;
      readonly warnings: readonly Diagnostic[];
      /** Addresses (from each section's start), bytes and source lines. */
      readonly listing: () => string;
    }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/**
 * Assembles sources as one translation unit, in order. Never throws on bad text: up to 20 diagnostics say what is wrong.
 *
 * Addresses within a section are known at once, because nothing changes size later. A forward branch is taken to reach; where
 * some do not, the unit is assembled again with those written longer.
 */
export function assemble(sources: readonly SourceFile[], options: AssembleOptions): Assembly {
  const files: Statement[][] = [];
  for (const source of sources) {
    try {
      files.push(statementsOf(source));
    } catch (error) {
      if (!(error instanceof Fault) || !error.place) throw error;
      return { kind: "diagnostics", diagnostics: [diagnosticAt(error.place, error.message, error.hint)] };
    }
  }
  const longBranches = new Set<number>();
  for (let attempt = 1; ; attempt += 1) {
    const assembler = new Assembler(options, longBranches);
    assembler.run(files);
    const { unit } = assembler;
    if (unit.errors.length > 0) return { kind: "diagnostics", diagnostics: unit.errors };
    const finished = finishUnit(unit);
    if (finished === undefined) return { kind: "diagnostics", diagnostics: unit.errors };
    const { object, branchDistances } = finished;
    if (Math.max(0, ...branchDistances.values()) <= BRANCH_REACH) {
      return { kind: "object", object, warnings: unit.warnings, listing: () => listingOf(unit) };
    }
    // Making one branch longer can push another out of reach; text made to need many rounds gets ever more caution.
    const reach = attempt <= 4 ? BRANCH_REACH : BRANCH_REACH >> (attempt - 4);
    for (const [branch, distance] of branchDistances) if (distance > reach) longBranches.add(branch);
  }
}

function finishUnit(unit: Unit): ReturnType<typeof finish> | undefined {
  try {
    const finished = finish(unit);
    return unit.errors.length > 0 ? undefined : finished;
  } catch (error) {
    if (error instanceof TooManyFaults) return undefined;
    throw error;
  }
}

/** Directives of GNU as that are not here, and what to write instead. */
const ABSENT_DIRECTIVES: ReadonlyMap<string, string> = new Map([
  [".altmacro", "write \\name for a parameter, and \\@ in the names of labels that are a macro's own"],
  [".reloc", "write the instruction with %hi, %lo, %pcrel_hi or %pcrel_lo"],
  [".symver", "programs are linked statically, where symbols have no versions"],
  [".linkonce", "define the section once"],
  [".dtprelword", "there are no threads' areas"],
  [".dtpreldword", "there are no threads' areas"],
]);

/** One pass over the text; the directives work on it. */
export class Assembler {
  readonly unit: Unit;
  readonly input: Input;
  readonly conditions = new Conditions();
  readonly macros = new Map<string, Macro>();
  readonly emitter: Emitter;
  readonly options: AssembleOptions;
  /** Expansions so far: `\\@`. */
  expansions = 0;
  private readonly mnemonics: Mnemonics;

  constructor(options: AssembleOptions, longBranches: ReadonlySet<number>) {
    this.options = options;
    this.mnemonics = mnemonicsOf(options.forms);
    this.unit = new Unit(options.capabilityMode ?? false, longBranches);
    this.emitter = new Emitter(this.unit, this.mnemonics);
    this.input = new Input((frame) => this.checkConditions(frame));
    for (const [name, value] of options.symbols ?? []) this.unit.symbols.predefine(name, constant(BigInt(value)));
  }

  run(files: readonly (readonly Statement[])[]): void {
    try {
      for (const statements of files) {
        this.input.push(fileFrame(statements, statements[0]?.file ?? "", this.conditions.depth));
        this.readAll();
      }
    } catch (error) {
      if (!(error instanceof TooManyFaults)) throw error;
    }
  }

  private readAll(): void {
    for (let statement: Statement | undefined; ;) {
      try {
        statement = this.input.next();
        if (statement === undefined) return;
        this.assembleStatement(statement);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.unit.report(error, { statement: statement!, at: 0 });
      }
    }
  }

  /** A frame that ends inside its own .if. */
  private checkConditions(frame: Frame): void {
    const place = this.conditions.openedSince(frame.conditions);
    if (place === undefined) return;
    this.conditions.unwind(frame.conditions);
    throw new Fault(".if has no .endif", { place });
  }

  private assembleStatement(statement: Statement): void {
    if (!this.conditions.active) {
      this.skip(statement);
      return;
    }
    const { section } = this.unit;
    const offset = section.size;
    const code = this.read(new Cursor(statement));
    if (section.size > offset) this.unit.marks.push({ section, offset, end: section.size, statement, code });
  }

  /** In text that is not assembled only the words of conditionals count. */
  private skip(statement: Statement): void {
    const word = directiveWord(statement.text);
    if (IF_DIRECTIVES.has(word)) this.conditions.begin(false, { statement, at: 0 });
    else if (word === ".else" || word === ".elseif" || word === ".endif") {
      const cursor = new Cursor(statement);
      cursor.at = statement.text.toLowerCase().indexOf(word) + word.length;
      DIRECTIVES.get(word)!(this, cursor, word);
    }
  }

  /** Labels, then an assignment, a directive, a macro call or an instruction: true of the last. */
  private read(cursor: Cursor): boolean {
    const { unit } = this;
    for (;;) {
      const first = cursor.peek();
      const at = cursor.at;
      if (first === "") return false;
      if (first >= "0" && first <= "9") {
        const number = cursor.number()!;
        if (!cursor.eat(":")) cursor.fail(`expected a label, an instruction or a directive, found '${number}'`, { at });
        unit.symbols.defineLocal(String(number), unit.section, cursor.place(at));
        continue;
      }
      const word = cursor.word();
      if (word === "") cursor.fail(`expected a label, an instruction or a directive, found ${cursor.found()}`);
      const next = cursor.peek();
      if (next === ":") {
        cursor.at += 1;
        this.checkLabel(word, cursor, at);
        unit.symbols.defineLabel(word, unit.section, cursor.place(at));
        continue;
      }
      if (next === "=") {
        const once = cursor.text[cursor.at + 1] === "=";
        cursor.at += once ? 2 : 1;
        if (word === ".") DIRECTIVES.get(".org")!(this, cursor, ".org");
        else unit.assign(word, cursor, at, { once });
        return false;
      }
      return this.operation(word, cursor, at);
    }
  }

  private checkLabel(word: string, cursor: Cursor, at: number): void {
    if (word === ".") cursor.fail("'.' is the location counter and cannot be a label", { at });
  }

  private operation(word: string, cursor: Cursor, at: number): boolean {
    const name = word.startsWith(".") ? word.toLowerCase() : word;
    const directive = DIRECTIVES.get(name);
    if (directive) {
      directive(this, cursor, name);
      return name === ".insn";
    }
    const macro = this.macros.get(word);
    if (macro) {
      this.call(macro, cursor);
      return false;
    }
    const alternatives = this.mnemonics.alternatives.get(word);
    if (alternatives) this.instruction(alternatives, cursor);
    else this.unknown(word, cursor, at);
    return true;
  }

  /** Reads operands in the first way that they fit; the fault told is of the way that went furthest. */
  instruction(alternatives: readonly Alternative[], cursor: Cursor): void {
    const start = cursor.at;
    let best: Mismatch | undefined;
    let syntax = "";
    for (const alternative of alternatives) {
      cursor.at = start;
      const values = matchTemplate(cursor, alternative.template, this.unit);
      if (!isMismatch(values)) {
        this.emitter.emit(alternative, values, cursor.statement);
        return;
      }
      if (best === undefined || values.at > best.at) [best, syntax] = [values, alternative.syntax];
    }
    throw new Fault(best!.message, { place: cursor.place(best!.at), hint: best!.hint ?? `the form is: ${syntax}` });
  }

  /** Macro names may be written in either case, where no instruction has the name. */
  private unknown(word: string, cursor: Cursor, at: number): void {
    const lower = word.toLowerCase();
    for (const [name, macro] of this.macros) {
      if (name.toLowerCase() !== lower) continue;
      this.call(macro, cursor);
      return;
    }
    const isDirective = word.startsWith(".");
    const absent = ABSENT_DIRECTIVES.get(lower);
    if (absent !== undefined) cursor.fail(`directive ${quoted(word)} is not supported`, { at, hint: absent });
    const known = isDirective ? [...DIRECTIVES.keys()] : [...this.macros.keys(), ...this.mnemonics.alternatives.keys()];
    cursor.fail(`unknown ${isDirective ? "directive" : "instruction"} ${quoted(word)}`, {
      at,
      hint: didYouMean(word, known) ?? didYouMean(lower, known),
    });
  }

  private call(macro: Macro, cursor: Cursor): void {
    const bindings = bindArguments(macro, cursor);
    bindings.set("@", String(this.expansions));
    this.expansions += 1;
    const call = cursor.statement;
    const depth = (call.origin?.expansion.depth ?? 0) + 1;
    const expansion: Expansion = { name: `macro '${macro.name}'`, defined: macro.defined, call, depth, bindings };
    let body: Statement[] | undefined = expandBody(macro.body, expansion);
    const more = (): Statement[] | undefined => {
      const statements = body;
      body = undefined;
      return statements;
    };
    this.input.push({ kind: "macro", more, conditions: this.conditions.depth }, cursor.place(0));
  }
}
