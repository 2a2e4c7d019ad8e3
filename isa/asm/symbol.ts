// Symbols of one translation unit: labels, constants, names defined elsewhere, and the numbered local labels.
import type { Expression } from "./expr.ts";
import { didYouMean, Fault, quoted } from "./fault.ts";
import type { Section } from "./section.ts";
import type { Place } from "./source.ts";

/** A name and what it stands for: nothing yet, a place in a section, or an expression. */
export class AsmSymbol {
  readonly name: string;
  section: Section | undefined;
  offset = 0;
  /** What .set gave. */
  expression: Expression | undefined;
  /** May .set give it another value? */
  redefinable = false;
  binding: "local" | "global" | "weak" = "local";
  type: "none" | "function" | "object" = "none";
  size: Expression | undefined;
  /** Where it was defined, and where it was first used. */
  place: Place | undefined;
  use: Place | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get defined(): boolean {
    return this.section !== undefined || this.expression !== undefined;
  }
}

/** Symbols that programs do not see: `.L…`, `1:`, the location counter. */
export const isHidden = (name: string): boolean => name === "" || name.startsWith(".L") || /^\d/.test(name);

export class SymbolTable {
  private readonly byName = new Map<string, AsmSymbol>();
  /** Instances so far of each numbered label. */
  private readonly counts = new Map<string, number>();

  names(): Iterable<string> {
    return this.byName.keys();
  }

  all(): Iterable<AsmSymbol> {
    return this.byName.values();
  }

  find(name: string): AsmSymbol | undefined {
    return this.byName.get(name);
  }

  /** The symbol of that name, made if it is new. */
  get(name: string): AsmSymbol {
    let symbol = this.byName.get(name);
    if (symbol === undefined) this.byName.set(name, (symbol = new AsmSymbol(name)));
    return symbol;
  }

  /** A use of a name in an expression. */
  use(name: string, place: Place): AsmSymbol {
    const symbol = this.get(name);
    symbol.use ??= place;
    return symbol;
  }

  /** `1b` or `1f`; undefined where no such label came before. */
  local(number: string, forward: boolean): AsmSymbol | undefined {
    const count = this.counts.get(number) ?? 0;
    return forward ? this.get(`${number}:${count + 1}`) : this.find(`${number}:${count}`);
  }

  defineLocal(number: string, section: Section, place: Place): void {
    const count = (this.counts.get(number) ?? 0) + 1;
    this.counts.set(number, count);
    this.defineLabel(`${number}:${count}`, section, place);
  }

  defineLabel(name: string, section: Section, place: Place): void {
    const symbol = this.get(name);
    if (symbol.defined) {
      const first = symbol.place ? ` at ${symbol.place.statement.file}:${symbol.place.statement.line}` : "";
      throw new Fault(`symbol ${quoted(name)} is already defined${first}`, { place });
    }
    if (section.absolute) symbol.expression = { kind: "constant", value: BigInt(section.size) };
    else symbol.section = section;
    symbol.offset = section.size;
    symbol.place = place;
  }

  /** .set: uses made before keep the old value. */
  assign(name: string, expression: Expression, place: Place, { once = false } = {}): void {
    let symbol = this.get(name);
    if (symbol.defined) {
      if (once || !symbol.redefinable) {
        const first = symbol.place ? ` at ${symbol.place.statement.file}:${symbol.place.statement.line}` : "";
        throw new Fault(`symbol ${quoted(name)} is already defined${first}`, { place });
      }
      const { binding, type, size } = symbol;
      symbol = Object.assign(new AsmSymbol(name), { binding, type, size });
      this.byName.set(name, symbol);
    }
    symbol.expression = expression;
    symbol.redefinable = !once;
    symbol.place = place;
  }

  /** A constant that is there before the first line. */
  predefine(name: string, expression: Expression): void {
    const symbol = this.get(name);
    symbol.expression = expression;
    symbol.redefinable = true;
  }

  suggestion(name: string): string | undefined {
    const known = [...this.all()].filter((s) => s.defined && !isHidden(s.name)).map((s) => s.name);
    return didYouMean(name, known);
  }
}

/** How a message names a symbol: numbered labels as written. */
export const shownName = (symbol: AsmSymbol): string => symbol.name.replace(/^(\d+):\d+$/, "$1");
