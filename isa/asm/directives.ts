// The directives that are not data: sections, symbols, macros, conditionals, files, messages.
import type { Assembler } from "./assemble.ts";
import { IF_DIRECTIVES } from "./condition.ts";
import { DATA_DIRECTIVES } from "./data.ts";
import { parseExpression } from "./expr.ts";
import { Fault, quoted } from "./fault.ts";
import { fileFrame } from "./input.ts";
import { insnDirective } from "./insn-directive.ts";
import type { Cursor } from "./lex.ts";
import { argumentList, BodyCollector, expandBody, macroHeader, unended } from "./macro.ts";
import { SECTION_DIRECTIVES } from "./section-directives.ts";
import { statementsOf, type Bindings, type Statement } from "./source.ts";

/** Does what a directive says; the cursor stands behind its name. */
export type Directive = (assembler: Assembler, cursor: Cursor, name: string) => void;

// Symbols

/** A directive over a list of names. */
const names =
  (apply: (assembler: Assembler, name: string) => void): Directive =>
  (assembler, cursor) => {
    do apply(assembler, cursor.name("a symbol"));
    while (cursor.eat(","));
    cursor.expectEnd();
  };

const binding = (kind: "global" | "weak" | "local"): Directive =>
  names(({ unit }, name) => {
    unit.symbols.get(name).binding = kind;
  });

const set: Directive = ({ unit }, cursor, directive) => {
  cursor.peek();
  const at = cursor.at;
  const name = cursor.name("a symbol");
  cursor.expect(",");
  unit.assign(name, cursor, at, { once: directive === ".equiv" || directive === ".eqv" });
};

const symbolType: Directive = ({ unit }, cursor) => {
  const symbol = unit.symbols.get(cursor.name("a symbol"));
  cursor.expect(",");
  if (!cursor.eat("@")) cursor.eat("%");
  const type = cursor.textOrString().replace(/^STT_/, "").toLowerCase();
  if (type === "function" || type === "func") symbol.type = "function";
  else if (type === "object") symbol.type = "object";
  else if (!["notype", "common", "tls_object", "gnu_unique_object", "gnu_indirect_function"].includes(type)) {
    cursor.fail(`expected @function, @object or @notype, found ${quoted(type)}`);
  }
};

const symbolSize: Directive = ({ unit }, cursor) => {
  const symbol = unit.symbols.get(cursor.name("a symbol"));
  cursor.expect(",");
  symbol.size = parseExpression(cursor, unit);
  cursor.expectEnd();
};

// Macros and repetitions

/** Reads a body up to its end in the same file or expansion. */
function collect(assembler: Assembler, cursor: Cursor, kind: "macro" | "repeat", directive: string): Statement[] {
  const collector = new BodyCollector(kind);
  for (;;) {
    const statement = assembler.input.nextHere();
    if (statement === undefined) throw unended(directive, kind === "macro" ? ".endm" : ".endr", cursor.place(0));
    if (collector.take(statement)) return collector.body;
  }
}

const macro: Directive = (assembler, cursor, directive) => {
  const { macros } = assembler;
  const at = cursor.at;
  const body = collect(assembler, cursor, "macro", directive);
  const { name, parameters } = macroHeader(cursor);
  const known = macros.get(name);
  if (known) {
    const { file, line } = known.defined;
    cursor.fail(`macro '${name}' is already defined at ${file}:${line}`, { at, hint: ".purgem removes a definition" });
  }
  macros.set(name, { name, parameters, body, defined: cursor.statement });
};

const purgem: Directive = names((assembler, name) => {
  if (!assembler.macros.delete(name)) throw new Fault(`there is no macro '${name}'`);
});

/** A body to repeat; it is collected before the operands are looked at, so that a fault in them leaves no stray .endr. */
interface Repetition {
  readonly cursor: Cursor;
  readonly directive: string;
  readonly body: readonly Statement[];
}

function repetition(assembler: Assembler, cursor: Cursor, directive: string): Repetition {
  return { cursor, directive, body: collect(assembler, cursor, "repeat", directive) };
}

/** Reads its body again for each binding; `bindings` gives the round's, undefined at the end. */
function repeat(
  assembler: Assembler,
  { cursor, directive, body }: Repetition,
  rounds: number,
  bindings: (round: number) => Bindings,
): void {
  if (body.length === 0) return;
  assembler.input.checkRepetition(rounds, body.length, cursor.place(0));
  const call = cursor.statement;
  const depth = (call.origin?.expansion.depth ?? 0) + 1;
  const expanded = (bound: Bindings): Statement[] =>
    expandBody(body, { name: directive, defined: call, call, depth, bindings: bound });
  let round = 0;
  let fixed: Statement[] | undefined;
  const more = (): Statement[] | undefined => {
    if (round === rounds) return undefined;
    const bound = bindings(round);
    round += 1;
    return bound.size > 0 ? expanded(bound) : (fixed ??= expanded(bound));
  };
  assembler.input.push({ kind: "repeat", more, conditions: assembler.conditions.depth }, cursor.place(0));
}

const NOTHING: Bindings = new Map();

const rept: Directive = (assembler, cursor, directive) => {
  const body = repetition(assembler, cursor, directive);
  const at = cursor.at;
  const count = assembler.unit.constant(parseExpression(cursor, assembler.unit), cursor, at);
  cursor.expectEnd();
  if (count < 0n) cursor.fail(`expected a count from 0, found ${count}`, { at });
  repeat(assembler, body, Number(count), () => NOTHING);
};

const irp: Directive = (assembler, cursor, directive) => {
  const body = repetition(assembler, cursor, directive);
  const name = cursor.name("a parameter's name");
  cursor.eat(",");
  const text = cursor.text.slice(cursor.at).trim();
  const list = directive === ".irpc" ? [...text.replace(/^"(.*)"$/, "$1")] : argumentList(cursor);
  const values = list.length === 0 ? [""] : list;
  repeat(assembler, body, values.length, (round) => new Map([[name, values[round]!]]));
};

const exitm: Directive = ({ input, conditions }, cursor) => {
  const depth = input.exit();
  if (depth === undefined) return cursor.fail(".exitm outside a macro", { at: 0 });
  conditions.unwind(depth);
};

const stray =
  (what: string): Directive =>
  (_, cursor, name) =>
    cursor.fail(`${name} without ${what}`, { at: cursor.text.toLowerCase().indexOf(name) });

// Conditionals

const COMPARISONS: Readonly<Record<string, (value: bigint) => boolean>> = {
  ".if": (v) => v !== 0n,
  ".ifne": (v) => v !== 0n,
  ".ifeq": (v) => v === 0n,
  ".ifgt": (v) => v > 0n,
  ".ifge": (v) => v >= 0n,
  ".iflt": (v) => v < 0n,
  ".ifle": (v) => v <= 0n,
};

function holds({ unit }: Assembler, cursor: Cursor, directive: string): boolean {
  const compare = COMPARISONS[directive];
  if (compare) {
    cursor.peek();
    const at = cursor.at;
    const value = unit.constant(parseExpression(cursor, unit), cursor, at);
    cursor.expectEnd();
    return compare(value);
  }
  switch (directive) {
    case ".ifb":
      return cursor.atEnd();
    case ".ifnb":
      return !cursor.atEnd();
    case ".ifdef":
    case ".ifndef":
    case ".ifnotdef": {
      const name = cursor.name("a symbol");
      cursor.expectEnd();
      return unit.known(name) === (directive === ".ifdef");
    }
    default: {
      const first = cursor.textOrString();
      cursor.expect(",");
      const second = cursor.textOrString("");
      return (first === second) === (directive === ".ifc" || directive === ".ifeqs");
    }
  }
}

const condition: Directive = (assembler, cursor, directive) => {
  const place = cursor.place(cursor.text.toLowerCase().indexOf(directive));
  let met = false;
  try {
    met = holds(assembler, cursor, directive);
  } finally {
    assembler.conditions.begin(met, place); // also after a fault, so that .endif has its .if
  }
};

const otherwise: Directive = (assembler, cursor, directive) => {
  const what = directive === ".else" ? ".else" : ".elseif";
  assembler.conditions.otherwise(what, cursor.place(cursor.text.toLowerCase().indexOf(directive)), () =>
    what === ".else" ? true : holds(assembler, cursor, ".if"),
  );
};

// Files and messages

const include: Directive = ({ options, input, conditions }, cursor) => {
  const at = cursor.at;
  const path = cursor.textOrString("");
  const source = options.include?.(path, cursor.statement.file);
  if (source === undefined) return cursor.fail(`cannot find ${quoted(path)} to include`, { at });
  input.push(fileFrame(statementsOf(source), source.file, conditions.depth), cursor.place(0));
};

/** `.incbin "file"[, skip[, count]]` */
const incbin: Directive = ({ options, unit }, cursor) => {
  const at = cursor.at;
  const path = cursor.textOrString(",");
  const bytes = options.binary?.(path, cursor.statement.file);
  if (bytes === undefined) return cursor.fail(`cannot find ${quoted(path)} to include`, { at });
  const count = (): number => {
    cursor.peek();
    const place = cursor.at;
    const value = unit.constant(parseExpression(cursor, unit), cursor, place);
    if (value < 0n || value > bytes.length) {
      cursor.fail(`expected a number from 0 to ${bytes.length}, the size of the file`, { at: place });
    }
    return Number(value);
  };
  const skip = cursor.eat(",") && cursor.peek() !== "," ? count() : 0;
  const part = bytes.subarray(skip, cursor.eat(",") ? skip + count() : undefined);
  cursor.expectEnd();
  unit.reserve(part.length, cursor.place(at), part.length > 0);
  unit.section.append(part);
};

const message: Directive = ({ unit }, cursor, directive) => {
  const at = cursor.text.toLowerCase().indexOf(directive);
  const text = cursor.atEnd() ? `${directive} found in the source` : cursor.textOrString("");
  if (directive === ".warning") unit.warnAt(cursor.place(at), text);
  else cursor.fail(text, { at });
};

const OPTIONS = /^(rvc|norvc|relax|norelax|pic|nopic|csr-check|no-csr-check|arch\s*,.*)$/;

/**
 * Nothing is compressed or relaxed here, so most options only have to be right. `capmode` and `nocapmode`, LLVM's for hybrid
 * code, say in which pointer mode what follows will run.
 */
const option: Directive = ({ unit, options }, cursor) => {
  const at = cursor.at;
  const text = cursor.rest().trim();
  if (text === "push") unit.pushOptions();
  else if (text === "pop") unit.popOptions();
  else if (text === "capmode" || text === "nocapmode") {
    const capabilityMode = text === "capmode";
    const switches = options.forms.some((f) => f.insn.ext === "Zyhybrid");
    if (capabilityMode !== unit.capabilityMode && !switches) cursor.fail(`.option ${text} needs Zyhybrid`, { at });
    unit.capabilityMode = capabilityMode;
  } else if (!OPTIONS.test(text)) cursor.fail(`unknown option ${quoted(text)}`, { at });
};

const ignored: Directive = (_, cursor) => void cursor.rest();

const IGNORED = [
  ...[".attribute", ".file", ".ident", ".loc", ".addrsig", ".addrsig_sym", ".version", ".line", ".variant_cc"],
  ...[
    ".hidden",
    ".protected",
    ".internal",
    ".gnu_attribute",
    ".noaltmacro",
    ".print",
    ".eject",
    ".list",
    ".nolist",
    ".sbttl",
    ".title",
  ],
  ...["startproc", "endproc", "sections", "personality", "lsda", "def_cfa", "def_cfa_register", "def_cfa_offset"].map(
    cfi,
  ),
  ...["adjust_cfa_offset", "offset", "rel_offset", "register", "restore", "undefined", "same_value"].map(cfi),
  ...["remember_state", "restore_state", "return_column", "signal_frame", "window_save", "escape", "val_offset"].map(
    cfi,
  ),
];

function cfi(name: string): string {
  return `.cfi_${name}`;
}

export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...SECTION_DIRECTIVES,
  [".globl", binding("global")],
  [".global", binding("global")],
  [".local", binding("local")],
  [".weak", binding("weak")],
  [".extern", names(() => undefined)],
  ...[".set", ".equ", ".equiv", ".eqv"].map((name): [string, Directive] => [name, set]),
  [".type", symbolType],
  [".size", symbolSize],

  [".macro", macro],
  [".purgem", purgem],
  [".rept", rept],
  [".irp", irp],
  [".irpc", irp],
  [".exitm", exitm],
  [".endm", stray(".macro")],
  [".endmacro", stray(".macro")],
  [".endr", stray(".rept, .irp or .irpc")],

  ...[...IF_DIRECTIVES].map((name): [string, Directive] => [name, condition]),
  [".else", otherwise],
  [".elseif", otherwise],
  [".endif", ({ conditions }, cursor, name) => conditions.end(cursor.place(cursor.text.toLowerCase().indexOf(name)))],

  [".include", include],
  [".incbin", incbin],
  [".end", ({ input }) => input.stop()],
  [".error", message],
  [".err", message],
  [".abort", message],
  [".warning", message],
  [".option", option],
  ...IGNORED.map((name): [string, Directive] => [name, ignored]),
  [".insn", insnDirective],
  ...DATA_DIRECTIVES,
]);
