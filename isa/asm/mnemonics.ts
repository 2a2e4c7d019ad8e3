// The assembler's table of mnemonics, derived from instruction records and the pseudo-instruction table.
import { encode, type Form } from "../codec.ts";
import { csrNumber } from "../csr.ts";
import { registerNumber } from "../registers.ts";
import { constant } from "./expr.ts";
import { PSEUDOS, type Pseudo } from "./pseudo.ts";
import { formTemplate, patternTemplate, templateTokens, type Element, type Operand } from "./template.ts";

/** An instruction as the assembler emits it. */
export interface Plan {
  readonly form: Form;
  readonly template: readonly Element[];
  /** The elements that operands stand for, in order. */
  readonly fields: readonly Exclude<Element, { kind: "literal" }>[];
  /** The word where every operand is zero; aq and rl are from the mnemonic's suffix. */
  readonly base: number;
  /** The branch with the opposite condition. */
  inverse?: Plan;
}

/** One instruction of an expansion: each operand is the pattern's n-th, or fixed. */
export interface Step {
  readonly plan: Plan;
  readonly operands: readonly ({ readonly from: number } | Operand)[];
}

/** One way to write a mnemonic's operands. */
export type Alternative = { readonly syntax: string; readonly template: readonly Element[] } & (
  | { readonly kind: "plan"; readonly plan: Plan }
  | { readonly kind: "expansion"; readonly steps: readonly Step[] }
  | { readonly kind: "macro"; readonly expand: Expander; readonly plan: Plan | undefined }
);

/** Expansions that depend on the operands' values or make address pairs; emit.ts has them. */
export type Expander = "li" | "la" | "call" | "tail" | "jump" | "loadFrom" | "storeTo";

export interface Mnemonics {
  readonly alternatives: ReadonlyMap<string, readonly Alternative[]>;
  readonly plans: ReadonlyMap<string, Plan>;
}

const tables = new WeakMap<readonly Form[], Mnemonics>();

/** The table for some instructions; built once for each array. */
export function mnemonicsOf(forms: readonly Form[]): Mnemonics {
  let table = tables.get(forms);
  if (table === undefined) tables.set(forms, (table = build(forms)));
  return table;
}

function build(forms: readonly Form[]): Mnemonics {
  const plans = new Map<string, Plan>();
  const alternatives = new Map<string, Alternative[]>();
  const add = (name: string, alternative: Alternative): void => {
    const list = alternatives.get(name);
    if (list) list.push(alternative);
    else alternatives.set(name, [alternative]);
  };
  for (const form of forms) {
    for (const [suffix, flags] of suffixes(form)) {
      const plan = planOf(form, flags, form.insn.asm);
      const syntax = `${form.insn.name}${suffix} ${form.insn.asm}`.trim();
      for (const name of [form.insn.name, form.insn.was]) {
        if (name === undefined) continue;
        plans.set(name + suffix, plan);
        add(name + suffix, { kind: "plan", plan, syntax, template: plan.template });
      }
    }
    for (const alias of form.insn.aliases ?? []) {
      const [name = "", asm = ""] = alias.split(/ +(.*)/);
      const plan = planOf(form, {}, asm);
      plans.set(name, plan);
      add(name, { kind: "plan", plan, syntax: alias, template: plan.template });
    }
  }
  for (const plan of plans.values()) {
    const inverse = inverseOf(plan, plans);
    if (inverse) plan.inverse = inverse;
    addSymbolForm(plan, add);
  }
  for (const pseudo of PSEUDOS) {
    const steps = stepsOf(pseudo, plans);
    if (!steps || ((pseudo.name.startsWith("zext") || pseudo.name.startsWith("sext")) && alternatives.has(pseudo.name)))
      continue;
    const template = patternTemplate(pseudo.pattern);
    add(pseudo.name, { kind: "expansion", steps, template, syntax: `${pseudo.name} ${pseudo.pattern}`.trim() });
  }
  for (const [name, pattern, expand] of MACROS) {
    const template = patternTemplate(pattern);
    add(name, { kind: "macro", expand, plan: undefined, template, syntax: `${name} ${pattern}` });
  }
  return { alternatives, plans };
}

const MACROS: readonly (readonly [name: string, pattern: string, expand: Expander])[] = [
  ["li", "rd, imm", "li"],
  ["la", "rd, target", "la"],
  ["lla", "rd, target", "la"],
  ["lga", "rd, target", "la"],
  ["call", "target", "call"],
  ["call", "rd, target", "call"],
  ["tail", "target", "tail"],
  ["jump", "target, rt", "jump"],
];

function suffixes(form: Form): [string, Record<string, number>][] {
  if (!form.fields.includes("aq")) return [["", {}]];
  return ["", ".aq", ".rl", ".aqrl"].map((suffix) => [
    suffix,
    { aq: suffix.startsWith(".aq") ? 1 : 0, rl: suffix.endsWith("rl") ? 1 : 0 },
  ]);
}

/** A form with a line to write it in. */
export function planOf(form: Form, suffix: Readonly<Record<string, number>>, asm: string): Plan {
  const template = formTemplate(form, asm);
  const fields = template.filter((e) => e.kind !== "literal");
  const zeroes = Object.fromEntries(fields.map((e) => [e.field, 0]));
  return { form, template, fields, base: encode(form, { ...zeroes, ...suffix }) };
}

const INVERSES: Readonly<Record<string, string>> = {
  ...{ beq: "bne", bne: "beq", blt: "bge", bge: "blt", bltu: "bgeu", bgeu: "bltu" },
};

const inverseOf = (plan: Plan, plans: ReadonlyMap<string, Plan>): Plan | undefined =>
  plans.get(INVERSES[plan.form.insn.name] ?? "");

/** `ld rd, symbol` and `sd rs, symbol, rt` for every load and store with an offset. */
function addSymbolForm(plan: Plan, add: (name: string, alternative: Alternative) => void): void {
  const { name, asm } = plan.form.insn;
  if (plan.form.bytes !== 4) return;
  if (asm === "rd, imm(rs1)" && name !== "jalr") {
    add(name, {
      kind: "macro",
      expand: "loadFrom",
      plan,
      template: patternTemplate("rd, target"),
      syntax: `${name} rd, symbol`,
    });
  } else if (asm === "rs2, imm(rs1)") {
    const template = patternTemplate("rs, target, rt");
    add(name, { kind: "macro", expand: "storeTo", plan, template, syntax: `${name} rs2, symbol, rt` });
  }
}

/** An expansion bound to instructions; undefined where one of them is not in the table. */
function stepsOf(pseudo: Pseudo, plans: ReadonlyMap<string, Plan>): Step[] | undefined {
  const variables = patternTemplate(pseudo.pattern).filter((e) => e.kind !== "literal");
  const index = new Map(variables.map((e, i) => [e.field, i]));
  const steps: Step[] = [];
  for (const line of pseudo.lines) {
    const [, name = "", args = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    const plan = plans.get(name);
    if (plan === undefined) return undefined;
    const tokens = templateTokens(args);
    const operands = plan.template.flatMap((element, i) => {
      if (element.kind === "literal") return [];
      const token = tokens[i]!;
      const from = index.get(token);
      return [from === undefined ? fixedOperand(element, token) : { from }];
    });
    steps.push({ plan, operands });
  }
  return steps;
}

function fixedOperand(element: Element, token: string): Operand {
  if (element.kind === "immediate") return { expression: constant(BigInt(token)), modifier: undefined, at: 0 };
  return registerNumber(token) ?? csrNumber(token) ?? Number(token);
}
