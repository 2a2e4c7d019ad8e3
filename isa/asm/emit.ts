// Turns a matched instruction into bytes and fixups: immediates, address pairs, long branches, constants of any size.
import { encode, type Form, type OperandValues } from "../codec.ts";
import { constantOf, type Expression } from "./expr.ts";
import { Fault, located } from "./fault.ts";
import type { Alternative, Expander, Mnemonics, Plan } from "./mnemonics.ts";
import { checkedWord, insertField, lowerPart, relocatedWord, type FixupKind } from "./relocate.ts";
import type { Place, Statement } from "./source.ts";
import type { Immediate, ImmediateStyle, Operand } from "./template.ts";
import type { Unit } from "./unit.ts";

const ZERO = 0;
const RA = 1;
const T1 = 6;

/** Emits instructions into the current section of a unit. */
export class Emitter {
  private readonly unit: Unit;
  private readonly plans: ReadonlyMap<string, Plan>;
  private statement: Statement | undefined;

  constructor(unit: Unit, mnemonics: Mnemonics) {
    this.unit = unit;
    this.plans = mnemonics.plans;
  }

  emit(alternative: Alternative, values: readonly Operand[], statement: Statement): void {
    this.statement = statement;
    switch (alternative.kind) {
      case "plan":
        this.instruction(alternative.plan, values);
        break;
      case "expansion":
        for (const { plan, operands } of alternative.steps) {
          this.instruction(
            plan,
            operands.map((o) => (typeof o === "object" && "from" in o ? values[o.from]! : o)),
          );
        }
        break;
      case "macro":
        this.expand(alternative.expand, alternative.plan, values);
    }
  }

  /** A whole word, as `.insn` gives it. */
  raw(word: number, bytes: 2 | 4, statement: Statement): void {
    this.statement = statement;
    this.put(word, bytes);
  }

  private place(at = 0): Place {
    return { statement: this.statement!, at };
  }

  private plan(name: string): Plan {
    const plan = this.plans.get(name);
    if (plan === undefined) throw new Fault(`this needs ${name}, which the selected instruction set does not have`);
    return plan;
  }

  private put(word: number, bytes: 2 | 4): void {
    const { section } = this.unit;
    if (section.flags.nobits || section.room < bytes) this.unit.reserve(bytes, this.place(), true);
    section.putWord(section.grow(bytes), word, bytes);
  }

  /** One instruction; an immediate that is not known yet becomes a fixup. */
  instruction(plan: Plan, values: readonly Operand[]): void {
    const { fields, form } = plan;
    let word = plan.base;
    let immediate: Immediate | undefined;
    let style: ImmediateStyle = "plain";
    for (let i = 0; i < fields.length; i += 1) {
      const [field, value] = [fields[i]!, values[i]!];
      if (typeof value === "number") word = insertField(word, form.slices, field.field, value);
      else if (field.kind === "immediate") [immediate, style] = [value, field.style];
    }
    if (immediate === undefined) this.put(checkedWord(form, word), form.bytes);
    else this.withImmediate(plan, word, immediate, style);
  }

  private withImmediate(plan: Plan, word: number, immediate: Immediate, style: ImmediateStyle): void {
    const { expression, modifier, at } = immediate;
    const { form } = plan;
    const place = this.place(at);
    if (style === "target" && modifier === undefined) {
      this.toTarget(plan, word, expression, place);
      return;
    }
    const kind = fixupKind(modifier, style, place);
    const value = kind === "pcrel_hi" || kind === "pcrel_lo" ? undefined : constantOf(expression);
    if (value !== undefined) {
      const field = style === "upper" && kind === "immediate" ? shifted(value, place) : value;
      this.putKnown(kind, form, word, field, place);
      return;
    }
    if (style === "upper" && kind === "immediate") {
      throw new Fault("expected a constant, or %hi or %pcrel_hi of an address", { place });
    }
    this.unit.fix(kind, expression, place, { form });
    this.put(word, form.bytes);
  }

  private putKnown(kind: FixupKind, form: Form, word: number, value: bigint, place: Place): void {
    const made = located(place, () => relocatedWord(kind, form, word, value));
    this.put(made, form.bytes);
  }

  /** A jump or branch. A branch that cannot reach becomes an inverted branch around a jump, as GNU as does it. */
  private toTarget(plan: Plan, word: number, expression: Expression, place: Place): void {
    const { unit } = this;
    const { form, inverse } = plan;
    const distance = constantOf({ kind: "binary", operator: "-", a: expression, b: unit.here(), depth: 1 });
    let branch: number | undefined;
    let long = inverse !== undefined && distance !== undefined && (distance < -4096n || distance > 4094n);
    if (inverse && distance === undefined) {
      branch = unit.branches;
      unit.branches += 1;
      long = unit.longBranches.has(branch);
    }
    if (inverse && long) {
      const registers = (word ^ form.match) >>> 0;
      this.put(relocatedWord("pcrel", inverse.form, (registers | inverse.form.match) >>> 0, 8n), 4);
      const jal = this.plan("jal");
      this.toTarget(jal, jal.base, expression, place); // its rd is zero
    } else if (distance === undefined) {
      unit.fix("pcrel", expression, place, { form, branch });
      this.put(word, form.bytes);
    } else this.putKnown("pcrel", form, word, distance, place);
  }

  // Expansions that are more than a line of the table

  private expand(expander: Expander, plan: Plan | undefined, values: readonly Operand[]): void {
    const register = (i: number): number => values[i] as number;
    const immediate = (i: number): Immediate => values[i] as Immediate;
    switch (expander) {
      case "li":
        return this.loadImmediate(register(0), immediate(1));
      case "la": {
        const { expression } = immediate(1);
        if (!this.unit.capabilityMode && constantOf(expression) !== undefined) {
          return this.loadImmediate(register(0), immediate(1)); // as GNU as: a constant is no place in the program
        }
        const add = this.plan(this.unit.capabilityMode ? "yaddi" : "addi");
        return this.pair(add, register(0), immediate(1), { rd: register(0), rs1: register(0) });
      }
      case "call":
        if (values.length === 1) return this.far(RA, RA, immediate(0));
        return this.far(T1, register(0), immediate(1));
      case "tail":
        return this.far(T1, ZERO, immediate(0));
      case "jump":
        return this.far(register(1), ZERO, immediate(0));
      case "loadFrom":
        return this.pair(plan!, register(0), immediate(1), { rd: register(0), rs1: register(0) });
      case "storeTo":
        return this.pair(plan!, register(2), immediate(1), { rs2: register(0), rs1: register(2) });
    }
  }

  private far(scratch: number, link: number, target: Immediate): void {
    this.pair(this.plan("jalr"), scratch, target, { rd: link, rs1: scratch });
  }

  /** `auipc base, %pcrel_hi(target)` and an instruction that adds the lower part. */
  private pair(low: Plan, base: number, target: Immediate, operands: OperandValues): void {
    const { expression, modifier, at } = target;
    const place = this.place(at);
    if (modifier !== undefined) throw new Fault(`expected a symbol, found '%${modifier}'`, { place });
    const { form } = this.plan("auipc");
    const high = this.unit.section.size;
    this.unit.fix("pcrel_hi", expression, place, { form });
    this.put(encode(form, { rd: base }), 4);
    this.unit.fix("pcrel_lo", expression, place, { form: low.form, high });
    this.put(encode(low.form, operands), 4);
  }

  private loadImmediate(rd: number, { expression, modifier, at }: Immediate): void {
    const addi = this.plan("addi");
    if (modifier !== undefined) {
      this.withImmediate(addi, encode(addi.form, { rd, rs1: ZERO }), { expression, modifier, at }, "plain");
      return;
    }
    const value = this.unit.constantAt(expression, this.place(at), "for an address use la");
    if (lowerPart(value) === value) this.compute(addi, { rd, rs1: ZERO }, value);
    else this.loadLarge(rd, value);
  }

  /** The sequence of GNU as: 32 bits by lui and addiw; more by building the upper part, shifting, and adding 12 bits. */
  private loadLarge(rd: number, value: bigint): void {
    const low = lowerPart(value);
    const high = BigInt.asIntN(64, value - low);
    if (BigInt.asIntN(32, value) === value) {
      if (high !== 0n) this.compute(this.plan("lui"), { rd }, BigInt.asIntN(32, high));
      if (low !== 0n || high === 0n) this.compute(this.plan("addiw"), { rd, rs1: high === 0n ? ZERO : rd }, low);
      return;
    }
    let shift = 12n;
    while (((high >> shift) & 1n) === 0n) shift += 1n;
    this.loadLarge(rd, high >> shift);
    this.compute(this.plan("slli"), { rd, rs1: rd }, shift);
    if (low !== 0n) this.compute(this.plan("addi"), { rd, rs1: rd }, low);
  }

  private compute({ form }: Plan, registers: OperandValues, value: bigint): void {
    this.put(relocatedWord("immediate", form, encode(form, registers), value), 4);
  }
}

function fixupKind(modifier: string | undefined, style: ImmediateStyle, place: Place): FixupKind {
  if (modifier === undefined) return "immediate";
  if (modifier.endsWith("hi") !== (style === "upper")) {
    const takes = style === "upper" ? "an upper" : "a lower";
    throw new Fault(`%${modifier} cannot stand here: the instruction takes ${takes} part`, { place });
  }
  return modifier as FixupKind;
}

/** The value of lui's operand: 20 bits, signed or unsigned. */
function shifted(value: bigint, place: Place): bigint {
  if (value < -0x80000n || value > 0xfffffn) {
    throw new Fault(`immediate ${value} does not fit: expected 0 to 1048575, bits 31 to 12 of the value`, { place });
  }
  return BigInt.asIntN(32, value << 12n);
}
