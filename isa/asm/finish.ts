// The end of a translation unit: fixups get their values or become relocations, and the object file is made.
import { evaluate, type Value } from "./expr.ts";
import { Fault, quoted } from "./fault.ts";
import type { ObjectFile, ObjectSymbol, Relocation } from "./object.ts";
import { checkData, relocatedWord } from "./relocate.ts";
import type { Section } from "./section.ts";
import type { Place } from "./source.ts";
import { isHidden, shownName, type AsmSymbol } from "./symbol.ts";
import type { Fixup, Unit } from "./unit.ts";

/** Resolves what it can; returns the object, and how far each short branch has to reach, by its number. */
export function finish(unit: Unit): { object: ObjectFile; branchDistances: ReadonlyMap<number, number> } {
  const finisher = new Finisher(unit);
  return { object: finisher.object(), branchDistances: finisher.branchDistances };
}

/** How far a conditional branch reaches. */
export const BRANCH_REACH = 4094;

class Finisher {
  readonly branchDistances = new Map<number, number>();
  private readonly unit: Unit;
  private readonly sections: readonly Section[];
  private readonly relocations: Map<Section, Relocation[]>;
  private readonly symbols = new Map<AsmSymbol, ObjectSymbol>();
  /** Fixups of kind pcrel_hi by place, for the lower parts that name them. */
  private readonly highs = new Map<Section, Map<number, Fixup>>();

  constructor(unit: Unit) {
    this.unit = unit;
    this.sections = unit.laidOut();
    this.relocations = new Map(this.sections.map((s) => [s, []]));
    for (const f of unit.fixups) {
      if (f.kind !== "pcrel_hi") continue;
      const bySection = this.highs.get(f.section) ?? new Map<number, Fixup>();
      this.highs.set(f.section, bySection.set(f.offset, f));
    }
  }

  object(): ObjectFile {
    this.unit.atEnd = true;
    for (const fixup of this.unit.fixups) this.reporting(fixup.place, () => this.resolve(fixup));
    for (const symbol of this.unit.symbols.all()) {
      if (symbol.defined && !isHidden(symbol.name)) this.reporting(symbol.place, () => this.symbolOf(symbol));
    }
    const sections = this.sections.map((s) => ({
      ...{ name: s.name, flags: s.flags, align: s.align, size: s.size, bytes: s.bytes },
      relocations: this.relocations.get(s)!,
    }));
    return { sections, symbols: [...this.symbols.values()] };
  }

  private reporting(place: Place | undefined, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Fault) || !(error.place ?? place)) throw error;
      this.unit.report(error, (error.place ?? place)!);
    }
  }

  private resolve(fixup: Fixup): void {
    if (fixup.kind === "pcrel_lo") {
      this.resolveLow(fixup);
      return;
    }
    const value = evaluate(fixup.expression);
    const distance = fixup.kind.startsWith("pcrel") ? distanceIn(fixup, value) : undefined;
    if (distance !== undefined) this.patchDistance(fixup, distance);
    else if (!fixup.kind.startsWith("pcrel") && !value.plus && !value.minus) this.patch(fixup, value.constant);
    else this.relocate(fixup, value, 0);
  }

  private patchDistance(fixup: Fixup, distance: bigint): void {
    if (fixup.branch !== undefined) {
      this.branchDistances.set(fixup.branch, Number(distance));
      if (distance > BRANCH_REACH) return;
    }
    this.patch(fixup, distance);
  }

  /** The lower part of a pair has the value of its upper part. */
  private resolveLow(fixup: Fixup): void {
    const { section } = fixup;
    let offset = fixup.high;
    if (offset === undefined) {
      const { plus, constant, minus } = evaluate(fixup.expression);
      if (plus?.section !== section || minus || constant !== 0n) {
        throw new Fault("expected in %pcrel_lo the label of an auipc with %pcrel_hi in this section");
      }
      offset = plus.offset;
    }
    const high = this.highs.get(section)?.get(offset);
    if (high === undefined) {
      throw new Fault("there is no %pcrel_hi at the label that this %pcrel_lo names", {
        hint: "the operand of %pcrel_lo is the label of the auipc, not the symbol itself",
      });
    }
    const value = evaluate(high.expression);
    const distance = distanceIn(high, value);
    if (distance !== undefined) this.patch(fixup, distance);
    else this.relocate(fixup, value, offset);
  }

  private patch(fixup: Fixup, value: bigint): void {
    const { kind, section, offset, form, bytes } = fixup;
    if (form) section.putWord(offset, relocatedWord(kind, form, section.word(offset, form.bytes), value), form.bytes);
    else {
      checkData(value, bytes);
      section.put(offset, value, bytes);
    }
  }

  private relocate(fixup: Fixup, { plus, minus, constant }: Value, high: number): void {
    const { kind, section, offset, bytes, form, place } = fixup;
    if (minus && kind !== "data") throw new Fault(`${quoted(shownName(minus))} cannot be subtracted here`);
    if (kind === "immediate") {
      this.unit.constantAt(fixup.expression, place, "use la, or %lo and %pcrel_lo for the parts of an address");
      return;
    }
    for (const symbol of [plus, minus]) {
      if (!symbol || symbol.section || !isHidden(symbol.name)) continue;
      throw new Fault(`label ${quoted(shownName(symbol))} is not defined`, {
        place: symbol.use,
        hint: /^\d/.test(symbol.name) ? "no such label follows" : this.unit.symbols.suggestion(symbol.name),
      });
    }
    this.relocations.get(section)!.push({
      ...{ kind, offset, addend: constant, bytes, form, high, place },
      ...{ plus: plus && this.symbolOf(plus), minus: minus && this.symbolOf(minus) },
    });
  }

  private symbolOf(symbol: AsmSymbol): ObjectSymbol {
    let made = this.symbols.get(symbol);
    if (made === undefined) this.symbols.set(symbol, (made = this.makeSymbol(symbol)));
    return made;
  }

  private makeSymbol(symbol: AsmSymbol): ObjectSymbol {
    let { section, offset } = symbol;
    let value = BigInt(offset);
    if (symbol.expression) {
      const result = evaluate(symbol.expression);
      if (result.minus || (result.plus && !result.plus.section)) {
        throw new Fault(`${quoted(symbol.name)} is not symbol ± constant`, { place: symbol.place });
      }
      section = result.plus?.section;
      offset = result.plus?.offset ?? 0;
      value = BigInt(offset) + result.constant;
    }
    const size = symbol.size ? Number(evaluate(symbol.size).constant) : 0;
    const { name, defined, type, place = symbol.use } = symbol;
    const binding = defined || symbol.binding === "weak" ? symbol.binding : "global";
    return { name, section: section && this.sections.indexOf(section), defined, value, binding, type, size, place };
  }
}

/** Distance from the fixup to its value, where both are in one section. A weak symbol may be another's in the end. */
function distanceIn({ section, offset }: Fixup, { plus, minus, constant }: Value): bigint | undefined {
  if (minus || plus?.section !== section || plus.binding === "weak") return undefined;
  return BigInt(plus.offset) + constant - BigInt(offset);
}
